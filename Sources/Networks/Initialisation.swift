import Numerics

/// How weights are drawn before the first step; the paper does not say. Biases are 0.
public enum Initialisation: Sendable, Hashable {
  /// Normal with variance `2 / fanIn` (He et al. 2015).
  case heNormal
  /// Uniform with variance `2 / (fanIn + fanOut)` (Glorot and Bengio 2010).
  case glorotUniform
  /// Normal with the given standard deviation, the same for all layers.
  case normal(deviation: Float)
  /// Normal with a standard deviation of its own for each layer, from the input on; a negative one
  /// is that multiple of `heNormal`'s: -1 is `heNormal` itself.
  case normalByLayer(deviations: [Float])

  /// Fills `weights` of a layer, counted from 0, each unit of which reads `fanIn` others and is read by
  /// `fanOut`.
  func fill(
    _ weights: UnsafeMutableBufferPointer<Float>, layer: Int, fanIn: Int, fanOut: Int,
    from stream: inout RandomStream
  ) {
    let heDeviation = (2 / Float(fanIn)).squareRoot()
    switch self {
    case .heNormal:
      stream.fillNormal(weights)
      scale(weights, by: heDeviation)
    case .normal(let deviation):
      stream.fillNormal(weights)
      scale(weights, by: deviation)
    case .normalByLayer(let deviations):
      precondition(layer < deviations.count, "no deviation for layer \(layer)")
      let deviation = deviations[layer]
      stream.fillNormal(weights)
      scale(weights, by: deviation < 0 ? -deviation * heDeviation : deviation)
    case .glorotUniform:
      stream.fillUniform(weights)
      let limit = (6 / Float(fanIn + fanOut)).squareRoot()
      for i in weights.indices { weights[i] = (2 * weights[i] - 1) * limit }
    }
  }

  private func scale(_ weights: UnsafeMutableBufferPointer<Float>, by factor: Float) {
    for i in weights.indices { weights[i] *= factor }
  }
}
