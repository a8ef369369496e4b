import Networks
import Reproduction

// What the paper leaves open about the network and its images.

enum Noise: String, CaseIterable { case dropout, none }
enum Weights: String, CaseIterable { case he, glorot, normal }

let layers = convolutions + connected

let whitening = Setting.whitening
let zcaEpsilon = Setting.zcaEpsilon(0.01).counting(with: whitening, at: .zca, .contrastZCA)
let noise = Setting("noise", Noise.dropout, "of the contenders with dropout")
let inputDropout = Setting("input-dropout", 0.2, in: 0..<1, "dropout rate of the input")
let dropout = Setting("dropout", 0.5, in: 0..<1, "dropout rate of the fully connected layer")
let initialisation = Setting(
  "initialisation", Weights.he, orNumbersFor: layers, in: -100...1,
  "distribution of the weights: its name or deviations, negative: times He's")
let deviation = Setting(
  "deviation", 0.01, in: 1e-6...1, "standard deviation of the initialisation normal"
).counting(with: initialisation, at: .word(.normal))
let pooling = Setting("pooling", PoolingBorder.same, "pooling's border")
let l2 = Setting("l2", 0, in: 0...1, "coefficient of the L2 penalty on the weights")
let convolution = Setting(
  "convolution", ConvolutionAlgorithm.fft, "how convolutions are computed")

/// The network that the settings say.
func options(_ settings: Settings) -> ConvolutionalNetwork.Options {
  let drops = settings[noise] == .dropout
  return .init(
    poolingBorder: settings[pooling], inputDropout: drops ? settings[inputDropout] : 0,
    hiddenDropout: drops ? settings[dropout] : 0, l2: settings[l2],
    initialisation: distribution(settings), convolution: settings[convolution])
}

/// The distribution of the initial weights that the settings say.
private func distribution(_ settings: Settings) -> Initialisation {
  switch settings[initialisation] {
  case .numbers(let deviations): .normalByLayer(deviations: deviations.map(Float.init))
  case .word(.he): .heNormal
  case .word(.glorot): .glorotUniform
  case .word(.normal): .normal(deviation: Float(settings[deviation]))
  }
}
