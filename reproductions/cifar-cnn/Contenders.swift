import Networks
import Reproduction

/// A method without and with dropout.
func contenders(
  _ name: String, optimizer: String, fitted: Contender.Choice, grid: Grid
) -> [Contender] {
  [
    Contender(
      name, optimizer: optimizer, settings: ["noise": "none"], fitted: fitted, grid: grid),
    Contender(name + "+dropout", optimizer: optimizer, fitted: fitted, grid: grid),
  ]
}

/// Settings that put our curve on the paper's, which starts slowly: tiny weights in the first
/// convolution and in the output layer, He's in the others, images of equal contrast (NOTES.md).
func inferred(_ hyperparameters: [String: Double]) -> Contender.Choice {
  .init(
    hyperparameters,
    settings: [
      "initialisation": "1e-4,-1,-1,-1,1e-4", "whitening": "contrast-zca", "zca-epsilon": 0.1,
    ])
}

/// The distribution of the initial weights that the settings say.
private func initialisation(_ settings: Settings) -> Initialisation {
  if let deviations = settings.numbers("initialisation") {
    return .normalByLayer(deviations: deviations.map(Float.init))
  }
  return switch settings.text("initialisation") {
  case "glorot": .glorotUniform
  case "normal": .normal(deviation: Float(settings.number("deviation")))
  default: .heNormal
  }
}

/// The network that the settings say.
func options(_ settings: Settings) -> ConvolutionalNetwork.Options {
  let drops = settings.text("noise") == "dropout"
  return .init(
    poolingBorder: settings.choice("pooling"),
    inputDropout: drops ? settings.number("input-dropout") : 0,
    hiddenDropout: drops ? settings.number("dropout") : 0, l2: settings.number("l2"),
    initialisation: initialisation(settings), convolution: settings.choice("convolution"))
}
