import Datasets
import Networks
import Optimizers
import Reporting
import Reproduction

// Section 6.3, Figure 3: a convolutional network c64-c64-c128-1000 on whitened CIFAR-10 images,
// minibatches of 128, with and without dropout.

let paper = PaperCurves.embedded(PackageResources.paper_curves_tsv)
/// What the search of the profile `paper` has found.
let found = Search.committed(.embedded(PackageResources.search_tsv))

TrainingExperiment(
  name: "cifar-cnn",
  title: "Convolutional network on CIFAR-10",
  place: place,
  data: .preprocessedImages(.cifar10),
  standInSizes: ByProfile(
    smoke: StandInSizes(training: 128, test: 32), quick: StandInSizes(training: 2560, test: 512),
    paper: StandInSizes(training: 50000, test: 10000)),
  settings: [
    whitening, zcaEpsilon, noise, inputDropout, dropout, initialisation, deviation, pooling, l2,
    convolution,
  ],
  minibatch: 128,
  profiles: ByProfile(
    smoke: Budget(epochs: 1, seeds: 1, arms: [.fitted, .tuned], search: found, evaluations: []),
    quick: Budget(
      epochs: 4, seeds: 1, arms: [.tuned], search: found, recording: .final, evaluations: []),
    paper: Budget(
      epochs: 49, seeds: 3, fittedSeeds: 1, neighbourPasses: 12, arms: [.fitted, .tuned],
      search: .raced(seeds: 1, by: .convolutional), evaluations: [])),
  contenders: contenders(
    "AdaGrad", optimizer: AdaGrad.method, fitted: inferred(["alpha": 1.5e-3, "epsilon": 1.25e-2]),
    grid: Grid([GridAxis("alpha", from: 1e-3, to: 1e-2, perDecade: 2)]))
    + contenders(
      "SGDNesterov", optimizer: Nesterov.method,
      fitted: inferred(["alpha": 0.003, "momentum": 0.9]),
      grid: Grid([
        GridAxis("alpha", from: 3e-3, to: 3e-2, perDecade: 2), GridAxis("momentum", [0.9]),
      ]))
    + contenders(
      "Adam", optimizer: Adam.method, fitted: inferred(["alpha": 1e-3, "epsilon": 1.25e-2]),
      grid: Grid([GridAxis("alpha", from: 1e-4, to: 1e-3, perDecade: 2)]))
    + [
      // For what the first moment contributes up to the eleventh pass (section 6.3).
      Contender(
        "Adam beta1=0", optimizer: Adam.method, fixed: ["beta1": 0], settings: [noise.at(.none)],
        grid: Grid([GridAxis("alpha", from: 1e-4, to: 1e-3, perDecade: 2)]), profiles: [.paper],
        passes: 12),
      // For what a search gains, at its horizon.
      Contender(
        DefaultsClaim.contender, optimizer: Adam.method, settings: [noise.at(.none)],
        grid: Grid([GridAxis("alpha", [1e-3])]), profiles: [.paper], passes: 12),
    ],
  probes: LayerStatistics.probes(layers: layers) + LayerStatistics.stepProbes(layers: layers),
  probeAxes: LayerStatistics.axes(layers: layers),
  paper: paper,
  figures: figures,
  claims: claims,
  siblings: ["mnist-mlp"],
  questions: openQuestions,
  notes: [
    "Dropout rates are not in the paper: 0.2 on the input and 0.5 on the fully connected layer, as "
      + "in Srivastava et al. 2014, chosen before any result.",
    "The arm fitted has weights of deviation 1e-4 in the first convolution and in the output layer, "
      + "images of equal contrast and an epsilon of 0.0125 in Adam and AdaGrad, where the paper states "
      + "1e-8 for Adam: inferred from the start of the paper's curves without dropout, after about 20 trials.",
    "The search of the profile paper is a race to 12 passes, that of quick looks at 4; the full horizon is "
      + "49. One seed of the arm fitted.",
  ],
  // 2: poolings add the gradients of windows that share an element row by row.
  numericsVersion: { _ in 2 },
  substitutes: { settings in
    let algorithm = ConvolutionalNetwork.algorithm(image: [3, 32, 32], options: options(settings))
    return [convolution.at(algorithm)]
  }
) { images, settings, minibatch in
  try ConvolutionalNetwork(
    training: images.training, test: images.test, minibatchCapacity: minibatch,
    options: options(settings))
}.main()
