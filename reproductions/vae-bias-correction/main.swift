import Networks
import Reporting
import Reproduction

// Section 6.4, Figure 4: a variational auto-encoder of MNIST (784-500-50-500-784, softplus,
// Gaussian latent variable, Bernoulli pixels), trained by Adam with and without bias correction at
// every point of a grid of beta1, beta2 and alpha.

let paper = PaperCurves.embedded(PackageResources.paper_curves_tsv)

SweepExperiment(
  name: "vae-bias-correction",
  title: "Bias correction on the variational auto-encoder",
  place: "section 6.4, Figure 4",
  data: .images(.mnist),
  standInSizes: ByProfile(
    smoke: StandInSizes(training: 500, test: 100),
    quick: StandInSizes(training: 60000, test: 10000),
    paper: StandInSizes(training: 60000, test: 10000)),
  settings: [
    Setting("init-deviation", 0.01, in: 0...10, "standard deviation of the initial weights"),
    Setting(
      "log-variance-head", "zero", oneOf: ["zero", "random"],
      "initial weights of the logarithms of the latent variances"),
    Setting("training-count", 50_000, in: 1...60_000, "training images, from the first on"),
    .pixels(),
    Setting("l2", 0, in: 0...1, "coefficient of the L2 penalty on the weights"),
    .products,
  ],
  minibatch: 100,
  epochs: ByProfile(smoke: 1, quick: 10, paper: 100),
  seeds: ByProfile(smoke: 1, quick: 1, paper: 3),
  variants: SweepVariants(
    "bias_correction", "whether the moments are corrected for their start at 0",
    [
      .init("corrected", optimizer: "adam"), .init("uncorrected", optimizer: "adam-uncorrected"),
    ]),
  axes: [
    SweepAxis("beta1", [0, 0.9]),
    SweepAxis("beta2", [0.99, 0.999, 0.9999]),
    SweepAxis(
      "alpha", [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1], labels: .logarithms,
      listOption: "alphas"),
  ],
  kept: ByProfile(
    smoke: ["beta2": [0.99, 0.9999], "alpha": [1e-3, 1e-2]],
    quick: ["beta1": [0.9], "alpha": [3e-4, 1e-3, 3e-3, 1e-2]], paper: [:]),
  loss: "negative lower bound: before the first epoch, mean over the training set at theta; after "
    + "e epochs, mean of the minibatch costs over the pass that ends there",
  probes: [smallGradients], probeAxes: [LayerStatistics.layerAxis(weights)],
  picture: digits,
  paper: paper,
  figures: biasCorrectionFigures,
  claims: biasCorrectionClaims + [sparserClaim] + defaultsClaims,
  siblings: DefaultsClaim.siblings,
  questions: openQuestions,
  notes: [
    "The paper does not say how its model is initialised, which images it trains on and what its "
      + "Bernoulli pixels are; weights N(0, 0.01^2), no initial dependence of the latent variances "
      + "on the image, the first 50,000 images and grey levels as they are put our losses near the "
      + "paper's.",
    "The paper's text has alpha from 1e-5 to 1e-1; its figure shows half decades from 3e-5 to 3e-2.",
    "A run whose loss is 200 or more counts as diverged in the verdicts, as does one that left the "
      + "finite numbers; the paper draws failed runs at 400.",
  ],
  numericsVersion: 2
) { data, settings, minibatch in
  try VariationalAutoencoder(
    training: data.training, test: data.test,
    options: .init(
      initialisation: .normal(deviation: Float(settings.number("init-deviation"))),
      startsWithUnitVariance: settings.text("log-variance-head") == "zero",
      pixels: settings.choice("pixels"),
      trainingCount: Int(settings.number("training-count")), l2: settings.number("l2"),
      products: settings.choice("products")),
    minibatchCapacity: minibatch)
}.main()
