import Numerics

/// How weights are drawn before the first step; the paper does not say. Biases are 0.
public enum Initialisation: Sendable, Hashable {
  /// Normal with variance `2 / fanIn` (He et al. 2015).
  case heNormal
  /// Uniform with variance `2 / (fanIn + fanOut)` (Glorot and Bengio 2010).
  case glorotUniform
  /// Normal with the given standard deviation, the same for all layers.
  case normal(deviation: Float)

  /// Fills `weights`, each unit of which reads `fanIn` others and is read by `fanOut`.
  func fill(
    _ weights: UnsafeMutableBufferPointer<Float>, fanIn: Int, fanOut: Int,
    from stream: inout RandomStream
  ) {
    switch self {
    case .heNormal:
      stream.fillNormal(weights)
      scale(weights, by: (2 / Float(fanIn)).squareRoot())
    case .normal(let deviation):
      stream.fillNormal(weights)
      scale(weights, by: deviation)
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
