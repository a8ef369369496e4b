import COneDNN
import Networks
import Numerics
import TestSupport
import Testing

/// Networks whose second and third stage have images that Fourier transforms serve.
@Suite struct ConvolutionAlgorithmTests {
  private let examples: DenseExamples

  init() {
    _ = onednn_set_threads(1)
    var random = TestRandom(21)
    let count = 140
    let pixels = FloatVector((0..<count * 3072).map { _ in Float(random.uniform(-1.5, 1.5)) })
    examples = DenseExamples(
      shape: [3, 32, 32], features: .floats(pixels),
      labels: (0..<count).map { _ in UInt8(random.below(10)) }, classCount: 10)
  }

  private func network(
    _ algorithm: ConvolutionAlgorithm, capacity: Int = 130, hiddenDropout: Double = 0
  ) throws -> ConvolutionalNetwork {
    try ConvolutionalNetwork(
      training: examples, test: examples, minibatchCapacity: capacity,
      options: .init(
        filters: [16, 32, 16], hiddenUnits: 40, hiddenDropout: hiddenDropout,
        convolution: algorithm))
  }

  private func step(
    _ network: ConvolutionalNetwork, _ theta: FloatVector, count: Int
  ) -> (cost: Double, gradient: FloatVector) {
    var gradient = FloatVector(repeating: .nan, count: theta.count)
    let minibatch = (0..<count).map { Int32(($0 * 29 + 3) % 140) }
    let cost = minibatch.withUnsafeBufferPointer {
      network.evaluateGradient(
        at: theta, minibatch: $0, noise: NoiseKey(seed: 1, epoch: 2, step: 3), gradient: &gradient)
    }
    return (cost.cost, gradient)
  }

  @Test func `Fourier transforms are used where they serve`() {
    let algorithm = { (image: [Int], options: ConvolutionalNetwork.Options) in
      ConvolutionalNetwork.algorithm(image: image, options: options)
    }
    #expect(algorithm([3, 32, 32], .init(convolution: .direct)) == .direct)
    #expect(algorithm([3, 32, 32], .init(kernel: 3)) == .direct)
    #expect(algorithm([3, 32, 32], .init(poolingBorder: .valid)) == .direct)
    #expect(algorithm([3, 32, 32], .init(filters: [20, 20])) == .direct)
    #expect(algorithm([3, 16, 16], .init(filters: [16])) == .direct)
    guard algorithm([3, 32, 32], .init()) == .fft else { return }
    #expect(algorithm([3, 32, 32], .init(poolingBorder: .ceiling)) == .fft)
    #expect(algorithm([3, 32, 32], .init(filters: [16, 16])) == .fft)
  }

  @Test(arguments: [1, 7, 16, 127, 128, 129])
  func `cost and gradient are those of direct convolution`(count: Int) throws {
    let fft = try network(.fft)
    let direct = try network(.direct)
    // Random biases too.
    var random = TestRandom(22)
    let logical = direct.parameters.map { parameter in
      let count = parameter.shape.reduce(1, *)
      let scale =
        parameter.shape.count == 1 ? 0.1 : (6 / Double(count / parameter.shape[0])).squareRoot()
      return (0..<count).map { _ in Float(random.uniform(-scale, scale)) }
    }
    let found = step(fft, fft.theta(fromLogical: logical), count: count)
    let expected = step(direct, direct.theta(fromLogical: logical), count: count)
    #expect(abs(found.cost - expected.cost) < 1e-5 * expected.cost)
    let parts = fft.logicalParameters(of: found.gradient)
    for (i, part) in direct.logicalParameters(of: expected.gradient).enumerated() {
      let error = relativeError(parts[i].map(Double.init), part.map(Double.init))
      #expect(error < 1e-5, "\(fft.parameters[i].name)")
    }
    // What is neither is padding, and stays 0.
    #expect(fft.theta(fromLogical: parts) == found.gradient)
    let noise = NoiseKey(seed: 0, epoch: 0, step: 0)
    let evaluated = fft.evaluate(at: fft.theta(fromLogical: logical), on: .test, noise: noise)
    let other = direct.evaluate(at: direct.theta(fromLogical: logical), on: .test, noise: noise)
    #expect(abs(evaluated.cost - other.cost) < 1e-5 * other.cost)
  }

  /// A run that goes on from a checkpoint has a new network, a minibatch or an evaluation before it.
  @Test func `steps repeat, whatever was before`() throws {
    let used = try network(.fft, hiddenDropout: 0.5)
    let theta = used.initialTheta(seed: 3)
    _ = step(used, used.initialTheta(seed: 4), count: 130)
    let first = step(used, theta, count: 50)
    _ = used.evaluate(at: theta, on: .training, noise: NoiseKey(seed: 0, epoch: 0, step: 0))
    let again = step(used, theta, count: 50)
    let fresh = step(try network(.fft, capacity: 50, hiddenDropout: 0.5), theta, count: 50)
    #expect(first.cost == again.cost && first.gradient == again.gradient)
    #expect(first.cost == fresh.cost && first.gradient == fresh.gradient)
  }

  @Test func `a broken theta makes the cost NaN`() throws {
    let network = try network(.fft, capacity: 20)
    for i in network.parameters.indices {
      for value in [Float.nan, .infinity] {
        var logical = network.logicalParameters(of: network.initialTheta(seed: 1))
        logical[i][1] = value
        let theta = network.theta(fromLogical: logical)
        #expect(step(network, theta, count: 20).cost.isNaN, "\(network.parameters[i].name)")
        let noise = NoiseKey(seed: 0, epoch: 0, step: 0)
        #expect(network.evaluate(at: theta, on: .test, noise: noise).cost.isNaN)
      }
    }
  }

  /// Finite weights whose activations overflow: rectification would turn what is not a number to 0.
  @Test func `activations that overflow make the cost NaN`() throws {
    let network = try network(.fft, capacity: 20)
    guard ConvolutionalNetwork.algorithm(image: [3, 32, 32], options: network.options) == .fft
    else { return }
    var logical = network.logicalParameters(of: network.initialTheta(seed: 1))
    logical[0] = logical[0].map { $0 * 1e18 }
    logical[2] = logical[2].map { -abs($0) * 1e22 }
    // Nothing but the second convolution sees it.
    for i in 4..<logical.count { logical[i] = logical[i].map { _ in 0 } }
    let theta = network.theta(fromLogical: logical)
    #expect(step(network, theta, count: 20).cost.isNaN)
    let noise = NoiseKey(seed: 0, epoch: 0, step: 0)
    #expect(network.evaluate(at: theta, on: .test, noise: noise).cost.isNaN)
  }

  @Test func `steps allocate nothing`() throws {
    let network = try network(.fft, capacity: 50)
    let theta = network.initialTheta(seed: 1)
    var gradient = FloatVector(count: theta.count)
    let minibatch = (0..<50).map { Int32($0) }
    let noise = NoiseKey(seed: 0, epoch: 0, step: 0)
    let step = {
      minibatch.withUnsafeBufferPointer {
        _ = network.evaluateGradient(at: theta, minibatch: $0, noise: noise, gradient: &gradient)
      }
    }
    step()
    // The library makes a small table of the arguments of each primitive that runs.
    let library = allocations { network.runProducts(at: theta, gradient: &gradient) }
    let all = allocations(in: step)
    #expect(all.count == library.count && all.bytes == library.bytes)
  }
}
