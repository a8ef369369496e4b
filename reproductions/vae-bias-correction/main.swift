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
  settings: [deviation, logVarianceHead, trainingCount, pixels, l2, products],
  minibatch: 100,
  profiles: ByProfile(
    smoke: SweepBudget(
      epochs: 1, seeds: 1, keeping: [beta2Axis: [0.99, 0.9999], alphaAxis: [1e-3, 1e-2]]),
    quick: SweepBudget(
      epochs: 10, seeds: 1, keeping: [beta1Axis: [0.9], alphaAxis: [3e-4, 1e-3, 3e-3, 1e-2]]),
    paper: SweepBudget(
      epochs: 100, seeds: 3,
      saving: SweepProtocol(
        remark:
          "10 epochs where alpha is 1e-5 or above 1e-2; seeds after the first in cells within "
          + "0.5 nats of the best alpha, and where corrected is behind by most",
        seeds: SweepSeeds(after: horizons, margin: 0.5, gap: 0.2),
        edges: SweepEdges(after: horizons, failure: SweepLosses.failure, within: 1.0 / 32) {
          $0[beta2Axis] >= 0.999
        },
        epochs: { longAlphas.contains($0[alphaAxis]) ? nil : horizons[0] }))),
  variants: sweptVariants, axes: [beta1Axis, beta2Axis, alphaAxis],
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
    "The profile paper runs 100 epochs where the paper's chart has points after 100, which is where its "
      + "minima are, 10 elsewhere; the edge of stability is found by bisection; the first seed has "
      + "every cell, the others have those that decide.",
    "The paper does not say how its model is initialised, which images it trains on and what its "
      + "Bernoulli pixels are; weights N(0, 0.01^2), no initial dependence of the latent variances "
      + "on the image, the first 50,000 images and grey levels as they are put our losses near the "
      + "paper's.",
    "The paper's text has alpha from 1e-5 to 1e-1; its figure shows half decades from 3e-5 to 3e-2.",
    "A run whose loss is 200 or more is not stable in fig4.instability; the paper draws failed runs at "
      + "400. A run ends with the first pass, after its first one, whose mean cost is above 1000, and "
      + "counts as diverged, as does one that left the finite numbers.",
  ],
  failureCost: 1000,
  numericsVersion: 2
) { data, settings, minibatch in
  try VariationalAutoencoder(
    training: data.training, test: data.test,
    options: .init(
      initialisation: .normal(deviation: Float(settings[deviation])),
      startsWithUnitVariance: settings[logVarianceHead] == .zero, pixels: settings[pixels],
      trainingCount: Int(settings[trainingCount]), l2: settings[l2], products: settings[products]),
    minibatchCapacity: minibatch)
}.main()
