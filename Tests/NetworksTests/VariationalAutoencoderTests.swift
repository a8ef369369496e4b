import CVectorKernels
import Foundation
import Networks
import Numerics
import TestSupport
import Testing

/// The auto-encoder by the definition, in double precision, for given pixels and noise.
private struct Reference {
  var pixels: Int
  var hidden: Int
  var latent: Int
  var l2 = 0.0

  struct Result {
    var cost = 0.0
    var divergence = 0.0
    var penalty = 0.0
    var gradient: [[Double]] = []
  }

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
  private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  private func dense(_ x: [Double], _ weights: [Double], _ bias: [Double]) -> [Double] {
    var y = bias
    for o in y.indices {
      for i in x.indices { y[o] += weights[o * x.count + i] * x[i] }
    }
    return y
  }

  /// Adds a layer's gradients; returns the gradient of its input.
  private func back(
    _ x: [Double], _ delta: [Double], _ weights: [Double], _ gradient: inout [[Double]], _ at: Int
  ) -> [Double] {
    var below = [Double](repeating: 0, count: x.count)
    for o in delta.indices {
      for i in x.indices {
        gradient[at][o * x.count + i] += delta[o] * x[i]
        below[i] += weights[o * x.count + i] * delta[o]
      }
      gradient[at + 1][o] += delta[o]
    }
    return below
  }

  func evaluate(_ examples: [[Double]], noise: [[Double]], theta: [[Double]]) -> Result {
    var result = Result()
    result.gradient = theta.map { [Double](repeating: 0, count: $0.count) }
    let share = 1 / Double(examples.count)
    for (x, epsilon) in zip(examples, noise) {
      let a = dense(x, theta[0], theta[1])
      let h = a.map(Self.softplus)
      let statistics = dense(h, theta[2], theta[3])
      let mean = Array(statistics.prefix(latent))
      let logVariance = Array(statistics.suffix(latent))
      let z = (0..<latent).map { mean[$0] + exp(logVariance[$0] / 2) * epsilon[$0] }
      let b = dense(z, theta[4], theta[5])
      let g = b.map(Self.softplus)
      let logits = dense(g, theta[6], theta[7])
      for (logit, pixel) in zip(logits, x) {
        result.cost += (Self.softplus(logit) - pixel * logit) * share
      }
      for k in 0..<latent {
        let divergence =
          -0.5 * (1 + logVariance[k] - mean[k] * mean[k] - exp(logVariance[k]))
        result.divergence += divergence * share
        result.cost += divergence * share
      }
      var delta = zip(logits, x).map { (Self.sigmoid($0) - $1) * share }
      delta = back(g, delta, theta[6], &result.gradient, 6)
      delta = zip(delta, b).map { $0 * Self.sigmoid($1) }
      delta = back(z, delta, theta[4], &result.gradient, 4)
      var both = [Double](repeating: 0, count: 2 * latent)
      for k in 0..<latent {
        let deviation = exp(logVariance[k] / 2)
        both[k] = delta[k] + mean[k] * share
        both[latent + k] =
          0.5 * (delta[k] * deviation * epsilon[k] + (exp(logVariance[k]) - 1) * share)
      }
      delta = back(h, both, theta[2], &result.gradient, 2)
      delta = zip(delta, a).map { $0 * Self.sigmoid($1) }
      _ = back(x, delta, theta[0], &result.gradient, 0)
    }
    for part in stride(from: 0, to: 8, by: 2) {
      for (k, weight) in theta[part].enumerated() {
        result.gradient[part][k] += l2 * weight
        result.penalty += 0.5 * l2 * weight * weight
      }
    }
    return result
  }
}

/// Standard normal rows as documented, from the given place of the stream.
private func normals(
  _ key: NoiseKey, lane: Int, rows: Int, width: Int, skippingBlocks: Int = 0
) -> [[Double]] {
  var stream = RandomStream(
    seed: key.seed, purpose: .latentNoise, epoch: key.epoch, step: key.step, lane: lane)
  for _ in 0..<4 * skippingBlocks { _ = stream.nextUInt32() }
  return (0..<rows).map { _ in (0..<width).map { _ in Double(stream.nextNormal()) } }
}

/// Pixels drawn as documented.
private func binarised(
  _ rows: [[Double]], _ key: NoiseKey, lane: Int, skippingBlocks: Int = 0
) -> [[Double]] {
  let width = rows[0].count
  let groups = (rows.count * width + 127) / 128
  var stream = RandomStream(
    seed: key.seed, purpose: .latentNoise, epoch: key.epoch, step: key.step, lane: lane)
  for _ in 0..<4 * skippingBlocks { _ = stream.nextUInt32() }
  let words = (0..<groups * 64).map { _ in stream.nextUInt32() }
  return rows.enumerated().map { row, values in
    values.enumerated().map { column, level in
      let (group, element) = (row * width + column).quotientAndRemainder(dividingBy: 128)
      let word = words[4 * (16 * group + element % 16) + element / 32]
      let number = element / 16 % 2 == 0 ? word & 0xffff : word >> 16
      return Double(number) < Double(Float(level) * 65536) ? 1 : 0
    }
  }
}

private let noise = NoiseKey(seed: 3, epoch: 1, step: 4)

private func randomValues(
  _ objective: VariationalAutoencoder, seed: UInt64, scale: Double = 1
) -> [[Float]] {
  var random = TestRandom(seed)
  return objective.parameters.map { parameter in
    let count = parameter.shape.reduce(1, *)
    let limit = scale / Double(parameter.shape.last ?? 1).squareRoot()
    return (0..<count).map { _ in Float(random.uniform(-limit, limit)) }
  }
}

@Suite struct VariationalAutoencoderTests {
  struct Shape: CustomTestStringConvertible {
    var pixels: Int
    var hidden: Int
    var latent: Int
    var batches: [Int]
    var kind = VariationalAutoencoder.Pixels.resampled
    /// The share of blank pixels: above three fifths the encoder skips them.
    var blanks = 0.5
    var testDescription: String {
      "\(pixels)-\(hidden)-\(latent) x \(batches) \(kind), blank \(blanks)"
    }
  }

  @Test(arguments: [
    Shape(pixels: 784, hidden: 60, latent: 50, batches: [100, 28]),
    Shape(pixels: 784, hidden: 60, latent: 50, batches: [100, 28], kind: .grey),
    Shape(pixels: 1, hidden: 1, latent: 1, batches: [1, 7]),
    Shape(pixels: 7, hidden: 7, latent: 7, batches: [7, 1], kind: .grey),
    Shape(pixels: 129, hidden: 127, latent: 17, batches: [129, 127, 128, 1]),
    Shape(pixels: 784, hidden: 60, latent: 50, batches: [100, 28], kind: .grey, blanks: 0.8),
    Shape(pixels: 129, hidden: 127, latent: 17, batches: [129, 127, 128, 1], blanks: 0.8),
  ])
  func `cost and gradient agree with double precision`(shape: Shape) throws {
    let examples = makeExamples(
      count: 140, features: shape.pixels, classes: 2, seed: 3, blanks: shape.blanks)
    let objective = try VariationalAutoencoder(
      training: examples, test: examples,
      options: .init(
        hiddenSize: shape.hidden, latentSize: shape.latent, pixels: shape.kind, trainingCount: nil,
        l2: 0.02), minibatchCapacity: shape.batches.max() ?? 1)
    let values = randomValues(objective, seed: 5)
    let theta = objective.theta(fromLogical: values)
    #expect(objective.logicalParameters(of: theta) == values)
    let exact = values.map { $0.map(Double.init) }
    let reference = Reference(
      pixels: shape.pixels, hidden: shape.hidden, latent: shape.latent, l2: 0.02)
    var random = TestRandom(8)
    for batch in shape.batches {
      let minibatch = (0..<batch).map { _ in Int32(random.below(140)) }
      var rows = minibatch.map { features(of: examples, at: Int($0)) }
      if shape.kind == .resampled { rows = binarised(rows, noise, lane: 1) }
      let epsilon = normals(noise, lane: 0, rows: batch, width: shape.latent)
      let expected = reference.evaluate(rows, noise: epsilon, theta: exact)
      var gradient = FloatVector(repeating: .nan, count: objective.parameterCount)
      let cost = minibatch.withUnsafeBufferPointer {
        objective.evaluateGradient(at: theta, minibatch: $0, noise: noise, gradient: &gradient)
      }
      #expect(abs(cost.cost / expected.cost - 1) < 2e-6)
      #expect(abs(cost.penalty / expected.penalty - 1) < 1e-6)
      #expect(abs(objective.penalty(at: theta) / expected.penalty - 1) < 1e-6)
      let parts = objective.logicalParameters(of: gradient)
      for (actual, wanted) in zip(parts, expected.gradient) {
        #expect(relativeError(actual.map(Double.init), wanted) < 3e-5)
      }
      #expect(
        gradient.array.filter { $0 != 0 }.count == parts.joined().filter { $0 != 0 }.count)
    }
  }

  @Test func `the reference's gradient is the slope of its cost`() {
    let sizes = [5 * 4, 4, 6 * 4, 6, 4 * 3, 4, 5 * 4, 5]
    var random = TestRandom(7)
    var theta = sizes.map { count in (0..<count).map { _ in random.uniform(-1, 1) } }
    let reference = Reference(pixels: 5, hidden: 4, latent: 3, l2: 0.1)
    let examples = (0..<6).map { _ in (0..<5).map { _ in Double(random.below(2)) } }
    let epsilon = normals(noise, lane: 0, rows: 6, width: 3)
    let gradient = reference.evaluate(examples, noise: epsilon, theta: theta).gradient
    for part in theta.indices {
      let slopes: [Double] = theta[part].indices.map { k in
        let saved = theta[part][k]
        theta[part][k] = saved + 1e-6
        let high = reference.evaluate(examples, noise: epsilon, theta: theta)
        theta[part][k] = saved - 1e-6
        let low = reference.evaluate(examples, noise: epsilon, theta: theta)
        theta[part][k] = saved
        return (high.cost + high.penalty - low.cost - low.penalty) / 2e-6
      }
      #expect(relativeError(gradient[part], slopes) < 1e-7)
    }
  }

  @Test func `the divergence agrees with Monte Carlo`() {
    // KL(q || p) is the mean of log q - log p over samples of q.
    let (size, rows) = (17, 20_000)
    var random = TestRandom(1)
    let means = (0..<size).map { _ in Float(random.uniform(-1, 1)) }
    let logVariances = (0..<size).map { _ in Float(random.uniform(-2, 1)) }
    var stream = RandomStream(seed: 1, purpose: .test)
    var epsilon = [Float](repeating: 0, count: rows * size)
    epsilon.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
    var latent: [Float] = []
    for _ in 0..<rows { latent += means + logVariances }
    var deviation = [Float](repeating: .nan, count: rows * size)
    var sample = deviation
    let closed =
      vk_latent_sample(latent, epsilon, rows, size, &deviation, &sample) / Double(rows)
    var sum = 0.0
    for row in 0..<rows {
      for k in 0..<size {
        let (z, e) = (Double(sample[row * size + k]), Double(epsilon[row * size + k]))
        sum += 0.5 * (z * z - e * e - Double(logVariances[k]))
      }
    }
    #expect(abs(sum / Double(rows) / closed - 1) < 0.01)
    let exact = (0..<size).reduce(0.0) { total, k in
      let (m, l) = (Double(means[k]), Double(logVariances[k]))
      return total - 0.5 * (1 + l - m * m - exp(l))
    }
    #expect(abs(closed / exact - 1) < 1e-6)
    // The standard normal has no divergence from itself.
    let zeros = [Float](repeating: 0, count: 2 * size)
    #expect(vk_latent_sample(zeros, epsilon, 1, size, &deviation, &sample) == 0)
    #expect(deviation.prefix(size).allSatisfy { $0 == 1 })
    #expect(Array(sample.prefix(size)) == Array(epsilon.prefix(size)))
  }

  @Test(arguments: VariationalAutoencoder.Pixels.allCases)
  func `the evaluation uses its own noise throughout`(kind: VariationalAutoencoder.Pixels) throws {
    // More than one pass of an evaluation, and a training split that is cut.
    let examples = makeExamples(count: 620, features: 30, classes: 2, seed: 3, blanks: 0.8)
    let objective = try VariationalAutoencoder(
      training: examples, test: examples,
      options: .init(hiddenSize: 9, latentSize: 5, pixels: kind, trainingCount: 510),
      minibatchCapacity: 100)
    #expect(objective.count(of: .training) == 510)
    #expect(objective.count(of: .test) == 620)
    let values = randomValues(objective, seed: 5)
    let theta = objective.theta(fromLogical: values)
    let exact = values.map { $0.map(Double.init) }
    let reference = Reference(pixels: 30, hidden: 9, latent: 5)
    for (split, count) in [(Split.training, 510), (.test, 620)] {
      let rows = (0..<count).map { features(of: examples, at: $0) }
      // The second pass continues after as many groups of 32 blocks as 500 examples can need.
      let latentBlocks = (500 * 5 + 127) / 128 * 32
      let pixelBlocks = (500 * 30 + 127) / 128 * 32
      let epsilon =
        normals(noise, lane: 2, rows: 500, width: 5)
        + normals(noise, lane: 2, rows: count - 500, width: 5, skippingBlocks: latentBlocks)
      let pixels =
        kind == .grey
        ? rows
        : binarised(Array(rows.prefix(500)), noise, lane: 3)
          + binarised(Array(rows.dropFirst(500)), noise, lane: 3, skippingBlocks: pixelBlocks)
      let expected = reference.evaluate(pixels, noise: epsilon, theta: exact)
      let evaluation = objective.evaluate(at: theta, on: split, noise: noise)
      #expect(abs(evaluation.cost / expected.cost - 1) < 2e-6)
      #expect(evaluation.error == nil)
      #expect(objective.evaluate(at: theta, on: split, noise: noise) == evaluation)
      let other = NoiseKey(seed: 3, epoch: 2, step: 4)
      #expect(objective.evaluate(at: theta, on: split, noise: other) != evaluation)
    }
  }

  @Test func `the default network has small random weights and costs a coin a pixel`() throws {
    let examples = makeExamples(count: 200, features: 784, classes: 10, seed: 3)
    let objective = try VariationalAutoencoder(training: examples, test: examples)
    #expect(objective.options.pixels == .grey)
    let theta = objective.initialTheta(seed: 0)
    let parts = objective.logicalParameters(of: theta)
    #expect(
      objective.parameters.map(\.shape) == [
        [500, 784], [500], [100, 500], [100], [500, 50], [500], [784, 500], [784],
      ])
    // Means are drawn, logarithms of variances are not.
    #expect(parts[2].prefix(50 * 500).allSatisfy { $0 != 0 })
    #expect(parts[2].suffix(50 * 500).allSatisfy { $0 == 0 })
    let squares: Double = parts[0].reduce(0) { $0 + Double($1) * Double($1) }
    #expect(abs(squares / Double(parts[0].count) / 1e-4 - 1) < 0.02)
    // Before any step a pixel is as likely as not.
    let cost = objective.evaluate(at: theta, on: .training, noise: noise).cost
    #expect(abs(cost - 784 * log(2)) < 3)
  }

  @Test func `latent variables are decoded to probabilities`() throws {
    let examples = makeExamples(count: 20, features: 33, classes: 2, seed: 3)
    let objective = try VariationalAutoencoder(
      training: examples, test: examples, options: .init(hiddenSize: 8, latentSize: 3),
      minibatchCapacity: 10)
    let values = randomValues(objective, seed: 6)
    var random = TestRandom(3)
    let latents = (0..<7 * 3).map { _ in Float(random.uniform(-2, 2)) }
    let decoded = objective.decode(
      FloatVector(latents), at: objective.theta(fromLogical: values))
    #expect(decoded.count == 7 * 33)
    for image in 0..<7 {
      var hidden = values[5].map(Double.init)
      for o in 0..<8 {
        for i in 0..<3 {
          hidden[o] += Double(values[4][o * 3 + i]) * Double(latents[3 * image + i])
        }
        hidden[o] = log1p(exp(hidden[o]))
      }
      for pixel in 0..<33 {
        var logit = Double(values[7][pixel])
        for o in 0..<8 { logit += Double(values[6][pixel * 8 + o]) * hidden[o] }
        #expect(abs(Double(decoded[image * 33 + pixel]) - 1 / (1 + exp(-logit))) < 1e-6)
      }
    }
  }

  @Test func `gradients repeat bit for bit, and steps allocate only what the library does`() throws
  {
    let examples = makeExamples(count: 128, features: 784, classes: 10, seed: 3, blanks: 0.8)
    let make = {
      try VariationalAutoencoder(
        training: examples, test: examples, options: .init(hiddenSize: 64, latentSize: 20))
    }
    let (objective, second) = (try make(), try make())
    let theta = objective.initialTheta(seed: 2)
    #expect(second.initialTheta(seed: 2) == theta)
    let indices = (0..<100).map(Int32.init)
    var gradients = [FloatVector](repeating: FloatVector(count: theta.count), count: 3)
    let keys = [noise, NoiseKey(seed: 3, epoch: 1, step: 5), noise]
    for (number, model) in [objective, objective, second].enumerated() {
      _ = indices.withUnsafeBufferPointer {
        model.evaluateGradient(
          at: theta, minibatch: $0, noise: keys[number], gradient: &gradients[number])
      }
    }
    #expect(gradients[0] == gradients[2])
    #expect(gradients[0] != gradients[1])
    var gradient = gradients[0]
    gradients = []
    indices.withUnsafeBufferPointer { minibatch in
      let step = {
        _ = objective.evaluateGradient(
          at: theta, minibatch: minibatch, noise: noise, gradient: &gradient)
      }
      step()
      let ours = allocations(in: step)
      // oneDNN puts arguments into hash tables and packs matrices: all that is allocated.
      let products = allocations { objective.runProducts(at: theta, gradient: &gradient) }
      #expect(ours.count == products.count && ours.bytes == products.bytes)
    }
  }
}
