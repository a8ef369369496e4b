import Datasets
import Networks
import Reporting
import Reproduction

// Section 6.3, Figure 3: a convolutional network c64-c64-c128-1000 on whitened CIFAR-10 images,
// minibatches of 128, with and without dropout.

let paper = PaperCurves.embedded(PackageResources.paper_curves_tsv)
let layers = convolutions + connected

TrainingExperiment(
  name: "cifar-cnn",
  title: "Convolutional network on CIFAR-10",
  place: place,
  data: .preprocessedImages(.cifar10),
  standInSizes: ByProfile(
    smoke: StandInSizes(training: 128, test: 32), quick: StandInSizes(training: 2560, test: 512),
    paper: StandInSizes(training: 50000, test: 10000)),
  settings: ImagePreprocessing.settings(epsilon: 0.01) + [
    Setting("noise", "dropout", oneOf: ["dropout", "none"], "of the contenders with dropout"),
    Setting("input-dropout", 0.2, in: 0..<1, "dropout rate of the input"),
    Setting("dropout", 0.5, in: 0..<1, "dropout rate of the fully connected layer"),
    Setting(
      "initialisation", "he", oneOf: ["he", "glorot", "normal"], "distribution of the weights"),
    Setting("deviation", 0.01, in: 1e-6...1, "standard deviation of the initialisation normal"),
    Setting("pooling", PoolingBorder.same, "pooling's border"),
    Setting("l2", 0, in: 0...1, "coefficient of the L2 penalty on the weights"),
    Setting("convolution", ConvolutionAlgorithm.fft, "how convolutions are computed"),
  ],
  minibatch: 128,
  epochs: ByProfile(smoke: 1, quick: 4, paper: 49),
  seeds: ByProfile(smoke: 1, quick: 1, paper: 3),
  search: ByProfile(
    smoke: .committed(.embedded(PackageResources.search_tsv)),
    quick: .committed(.embedded(PackageResources.search_tsv)),
    paper: .inline(seeds: 1, epochs: 4)),
  recording: ByProfile(smoke: .full, quick: .final, paper: .full),
  arms: ByProfile(smoke: [.fitted, .tuned], quick: [.tuned], paper: [.fitted, .tuned]),
  contenders: contenders(
    "AdaGrad", optimizer: "adagrad", fitted: inferred(["alpha": 1e-3]),
    grid: Grid([GridAxis("alpha", from: 1e-3, to: 1e-2, perDecade: 2)]))
    + contenders(
      "SGDNesterov", optimizer: "nesterov", fitted: inferred(["alpha": 0.01, "momentum": 0.9]),
      grid: Grid([
        GridAxis("alpha", from: 3e-3, to: 3e-2, perDecade: 2), GridAxis("momentum", [0.9]),
      ]))
    + contenders(
      "Adam", optimizer: "adam", fitted: inferred(["alpha": 1.5e-4]),
      grid: Grid([GridAxis("alpha", from: 1e-4, to: 1e-3, perDecade: 2)]),
      withDropoutIn: [.smoke, .paper])
    + [
      // For what the first moment contributes (section 6.3).
      Contender(
        "Adam beta1=0", optimizer: "adam", fixed: ["beta1": 0], settings: ["noise": "none"],
        grid: Grid([GridAxis("alpha", from: 1e-4, to: 1e-3, perDecade: 2)]), profiles: [.paper])
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
    "The arm fitted starts from weights N(0, 0.01^2), whose slow start is that of the paper's "
      + "curve of SGDNesterov; its step sizes of Adam and AdaGrad have not been run.",
    "The search has a horizon of 4 passes, as in the profile quick; the full horizon is 49.",
  ],
  substitutes: { settings in
    let algorithm = ConvolutionalNetwork.algorithm(image: [3, 32, 32], options: options(settings))
    return ["convolution": .text(algorithm.rawValue)]
  }
) { images, settings, minibatch in
  try ConvolutionalNetwork(
    training: images.training, test: images.test, minibatchCapacity: minibatch,
    options: options(settings))
}.main()
