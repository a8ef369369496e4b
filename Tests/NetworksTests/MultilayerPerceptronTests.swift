import COneDNN
import Foundation
import Networks
import Numerics
import TestSupport
import Testing

/// A perceptron by the definition, in double precision.
private struct Reference {
  var sizes: [Int]
  var l2 = 0.0
  /// Kept units' factors and zeros for the input and each hidden layer of each example; empty: none.
  var masks: [[[Double]]] = []

  struct Result {
    var cost = 0.0
    var penalty = 0.0
    var gradient: [[Double]] = []
    var wrong = 0
  }

  /// `theta` has weights and bias of each layer, row-major.
  func evaluate(
    _ examples: DenseExamples, _ minibatch: [Int32], theta: [[Double]]
  ) -> Result {
    var result = Result()
    result.gradient = theta.map { [Double](repeating: 0, count: $0.count) }
    let layers = sizes.count - 1
    for (position, index) in minibatch.enumerated() {
      var activations = [masked(features(of: examples, at: Int(index)), 0, position)]
      for layer in 0..<layers {
        let (weights, bias) = (theta[2 * layer], theta[2 * layer + 1])
        let x = activations[layer]
        let width = sizes[layer]
        var y = bias
        for o in y.indices {
          for i in 0..<width { y[o] += weights[o * width + i] * x[i] }
        }
        if layer < layers - 1 { y = masked(y.map { max(0, $0) }, layer + 1, position) }
        activations.append(y)
      }
      let logits = activations[layers]
      let label = Int(examples.labels[Int(index)])
      let top = logits.max() ?? 0
      var delta: [Double] = logits.map { exp($0 - top) }
      let sum: Double = delta.reduce(0, +)
      let share = 1 / Double(minibatch.count)
      result.cost += (log(sum) + top - logits[label]) * share
      if logits.firstIndex(of: top) != label { result.wrong += 1 }
      delta = delta.map { $0 / sum * share }
      delta[label] -= share
      for layer in (0..<layers).reversed() {
        let x = activations[layer]
        for o in 0..<sizes[layer + 1] {
          for i in 0..<sizes[layer] {
            result.gradient[2 * layer][o * sizes[layer] + i] += delta[o] * x[i]
          }
          result.gradient[2 * layer + 1][o] += delta[o]
        }
        if layer > 0 {
          let width = sizes[layer]
          // Active units pass the gradient on, times the mask's factor.
          var below = masked([Double](repeating: 1, count: width), layer, position)
          for i in 0..<width {
            var sum = 0.0
            for o in delta.indices { sum += theta[2 * layer][o * width + i] * delta[o] }
            below[i] = x[i] > 0 ? below[i] * sum : 0
          }
          delta = below
        }
      }
    }
    for layer in 0..<layers {
      for (k, weight) in theta[2 * layer].enumerated() {
        result.gradient[2 * layer][k] += l2 * weight
        result.penalty += 0.5 * l2 * weight * weight
      }
    }
    return result
  }

  private func masked(_ x: [Double], _ layer: Int, _ position: Int) -> [Double] {
    masks.isEmpty ? x : zip(x, masks[layer][position]).map { $0 * $1 }
  }
}

/// The dropout masks as documented, drawn word by word.
private func dropoutMask(
  _ noise: NoiseKey, lane: Int, rate: Double, batch: Int, width: Int
) -> [[Double]] {
  let threshold = UInt32((rate * 65536).rounded())
  let groups = (batch * width + 127) / 128
  var stream = RandomStream(
    seed: noise.seed, purpose: .dropout, epoch: noise.epoch, step: noise.step, lane: lane)
  let words = (0..<groups * 64).map { _ in stream.nextUInt32() }
  return (0..<batch).map { row in
    (0..<width).map { column in
      let (group, element) = (row * width + column).quotientAndRemainder(dividingBy: 128)
      let word = words[4 * (16 * group + element % 16) + element / 32]
      let number = element / 16 % 2 == 0 ? word & 0xffff : word >> 16
      return number < threshold ? 0 : 65536 / Double(65536 - threshold)
    }
  }
}

private func evaluate(
  _ objective: some Objective, _ theta: FloatVector, _ minibatch: [Int32], _ noise: NoiseKey
) -> (cost: MinibatchCost, gradient: FloatVector) {
  // Every element must be written.
  var gradient = FloatVector(repeating: .nan, count: objective.parameterCount)
  let cost = minibatch.withUnsafeBufferPointer {
    objective.evaluateGradient(at: theta, minibatch: $0, noise: noise, gradient: &gradient)
  }
  return (cost, gradient)
}

private let noise = NoiseKey(seed: 11, epoch: 2, step: 5)

/// Parameters in logical order, biases too, so that their gradients and their place matter.
private func randomParameters(
  of objective: MultilayerPerceptron, _ random: inout TestRandom
) -> [[Float]] {
  objective.parameters.map { parameter in
    let count = parameter.shape.reduce(1, *)
    let limit = 1 / Double(parameter.shape.last ?? 1).squareRoot()
    return (0..<count).map { _ in Float(random.uniform(-limit, limit)) }
  }
}

/// The largest difference of two gradients in parts, relative to the largest element of the part; a
/// part whose sums nearly cancel is measured by a hundredth of the largest element of all.
private func relativeError(_ actual: [[Float]], _ expected: [[Double]]) -> Double {
  #expect(actual.map(\.count) == expected.map(\.count))
  let largest = expected.joined().map(abs).max() ?? 0
  let errors = zip(actual, expected).map { actual, expected in
    let scale = max(expected.map(abs).max() ?? 0, largest / 100)
    let difference = zip(actual, expected).map { abs(Double($0) - $1) }.max() ?? 0
    return scale == 0 ? difference : difference / scale
  }
  return errors.max() ?? 0
}

@Suite struct MultilayerPerceptronTests {
  init() { _ = onednn_set_threads(1) }

  struct Shape: CustomTestStringConvertible {
    var sizes: [Int]
    var batches: [Int]
    var input = 0.0
    var hidden = 0.0
    var floats = false
    /// The share of blank pixels: above three fifths the first layer skips them.
    var blanks = 0.5
    var products = Products.sparse
    var testDescription: String {
      "\(sizes) x \(batches), dropout \(input) \(hidden), \(products), blank \(blanks)"
    }
  }

  @Test(arguments: [
    Shape(sizes: [784, 129, 127, 10], batches: [128, 96, 1]),
    Shape(sizes: [1, 1, 2], batches: [1, 7]), Shape(sizes: [7, 7, 7, 7], batches: [7, 1]),
    Shape(sizes: [129, 127, 3], batches: [129, 7, 127, 128], floats: true),
    Shape(sizes: [20, 30], batches: [16]),
    Shape(sizes: [100, 64, 48, 10], batches: [33, 32], input: 0.2, hidden: 0.5),
    Shape(sizes: [127, 7, 129, 4], batches: [129, 7, 1], input: 0.01, hidden: 0.9),
    Shape(sizes: [784, 129, 127, 10], batches: [128, 96, 1], blanks: 0.8),
    Shape(sizes: [784, 129, 127, 10], batches: [128, 96, 1], products: .dense),
    Shape(sizes: [100, 64, 48, 10], batches: [33, 32], input: 0.2, hidden: 0.5, blanks: 0.8),
    Shape(sizes: [200, 500, 50, 10], batches: [160, 3], input: 0.2, hidden: 0.5, blanks: 0.8),
    Shape(sizes: [127, 7, 129, 4], batches: [129, 7, 1], hidden: 0.5, products: .dense),
  ])
  func `cost and gradient agree with double precision`(shape: Shape) throws {
    let examples = makeExamples(
      count: 160, features: shape.sizes[0], classes: shape.sizes[shape.sizes.count - 1], seed: 3,
      floats: shape.floats, blanks: shape.blanks)
    let hiddenSizes = Array(shape.sizes.dropFirst().dropLast())
    let objective = try MultilayerPerceptron(
      training: examples, test: examples,
      options: .init(
        hiddenSizes: hiddenSizes, inputDropout: shape.input,
        hiddenDropout: hiddenSizes.map { _ in shape.hidden }, l2: 0.01, products: shape.products),
      minibatchCapacity: shape.batches.max() ?? 1)
    var random = TestRandom(8)
    let values = randomParameters(of: objective, &random)
    let theta = objective.theta(fromLogical: values)
    #expect(objective.logicalParameters(of: theta) == values)
    var reference = Reference(sizes: shape.sizes, l2: 0.01)
    for batch in shape.batches {
      let minibatch = (0..<batch).map { _ in Int32(random.below(160)) }
      if shape.hidden > 0 {
        reference.masks = shape.sizes.dropLast().enumerated().map { lane, width in
          dropoutMask(
            noise, lane: lane, rate: lane == 0 ? shape.input : shape.hidden, batch: batch,
            width: width)
        }
      }
      let expected = reference.evaluate(
        examples, minibatch, theta: values.map { $0.map(Double.init) })
      let (cost, gradient) = evaluate(objective, theta, minibatch, noise)
      #expect(abs(cost.cost / expected.cost - 1) < 1e-5)
      #expect(abs(cost.penalty / expected.penalty - 1) < 1e-6)
      let parts = objective.logicalParameters(of: gradient)
      let areFinite = parts.joined().allSatisfy { $0.isFinite }
      #expect(areFinite)
      #expect(relativeError(parts, expected.gradient) < 1e-5)
      // The padding's gradient is 0: what does not count must not move.
      let counted = objective.logicalParameters(of: gradient).joined().filter { $0 != 0 }.count
      #expect(gradient.array.filter { $0 != 0 }.count == counted)
    }
    reference.masks = []
    let all = (0..<160).map(Int32.init)
    let expected = reference.evaluate(examples, all, theta: values.map { $0.map(Double.init) })
    let evaluation = objective.evaluate(at: theta, on: .training, noise: noise)
    #expect(abs(evaluation.cost / expected.cost - 1) < 1e-5)
    #expect(evaluation.error == Double(expected.wrong) / 160)
  }

  /// One and odd, and just below and above what vectors, blocks of primitives and groups of masks
  /// hold.
  static let widths = [1, 7, 127, 129]

  @Test(arguments: widths, widths)
  func `gradients of all widths agree with double precision`(inputs: Int, hidden: Int) throws {
    let examples = makeExamples(
      count: 140, features: inputs, classes: 10, seed: 17, blanks: 0.75)
    var random = TestRandom(18)
    for (inputDropout, hiddenDropout) in [(0.0, 0.0), (0.2, 0.5)] {
      let objective = try MultilayerPerceptron(
        training: examples, test: examples,
        options: .init(
          hiddenSizes: [hidden], inputDropout: inputDropout, hiddenDropout: [hiddenDropout]),
        minibatchCapacity: 129)
      let values = randomParameters(of: objective, &random)
      let theta = objective.theta(fromLogical: values)
      var reference = Reference(sizes: [inputs, hidden, 10])
      for batch in Self.widths {
        let key = NoiseKey(seed: 19, epoch: 3, step: batch)
        let minibatch = (0..<batch).map { _ in Int32(random.below(140)) }
        if hiddenDropout > 0 {
          reference.masks = [
            dropoutMask(key, lane: 0, rate: inputDropout, batch: batch, width: inputs),
            dropoutMask(key, lane: 1, rate: hiddenDropout, batch: batch, width: hidden),
          ]
        }
        let expected = reference.evaluate(
          examples, minibatch, theta: values.map { $0.map(Double.init) })
        let (cost, gradient) = evaluate(objective, theta, minibatch, key)
        let place: Comment = "minibatch of \(batch), dropout \(inputDropout) \(hiddenDropout)"
        #expect(abs(cost.cost / expected.cost - 1) < 1e-5, place)
        #expect(gradient.array.allSatisfy { $0.isFinite }, place)
        let parts = objective.logicalParameters(of: gradient)
        #expect(relativeError(parts, expected.gradient) < 1e-4, place)
      }
    }
  }

  /// In chunks of a thousand, and what is left over; without dropout and penalty.
  @Test func `whole sets are evaluated as double precision does`() throws {
    let training = makeExamples(count: 2007, features: 30, classes: 10, seed: 21)
    let test = makeExamples(count: 1003, features: 30, classes: 10, seed: 22)
    let objective = try MultilayerPerceptron(
      training: training, test: test,
      options: .init(
        hiddenSizes: [24, 16], inputDropout: 0.2, hiddenDropout: [0.5, 0.5], l2: 0.1),
      minibatchCapacity: 7)
    var random = TestRandom(23)
    let values = randomParameters(of: objective, &random)
    let theta = objective.theta(fromLogical: values)
    let reference = Reference(sizes: [30, 24, 16, 10])
    // Once more at the end, since what a chunk needs is kept.
    for split in [Split.training, .test, .training] {
      let examples = split == .training ? training : test
      let expected = reference.evaluate(
        examples, (0..<examples.count).map { Int32($0) }, theta: values.map { $0.map(Double.init) })
      let actual = objective.evaluate(at: theta, on: split, noise: noise)
      #expect(objective.count(of: split) == examples.count)
      #expect(abs(actual.cost / expected.cost - 1) < 1e-5)
      #expect(actual.error == Double(expected.wrong) / Double(examples.count))
    }
  }

  @Test func `the reference's gradient is the slope of its cost`() {
    let examples = makeExamples(count: 6, features: 5, classes: 3, seed: 1)
    let sizes = [5, 6, 4, 3]
    var reference = Reference(sizes: sizes, l2: 0.1)
    reference.masks = [5, 6, 4].enumerated().map { lane, width in
      dropoutMask(noise, lane: lane, rate: 0.3, batch: 6, width: width)
    }
    var random = TestRandom(2)
    var theta: [[Double]] = []
    for layer in 0..<3 {
      for count in [sizes[layer] * sizes[layer + 1], sizes[layer + 1]] {
        theta.append((0..<count).map { _ in random.uniform(-1, 1) })
      }
    }
    let minibatch = (0..<6).map(Int32.init)
    let gradient = reference.evaluate(examples, minibatch, theta: theta).gradient
    for part in theta.indices {
      let slopes = theta[part].indices.map { k in
        let saved = theta[part][k]
        let costs = [1e-6, -1e-6].map { step in
          theta[part][k] = saved + step
          let result = reference.evaluate(examples, minibatch, theta: theta)
          return result.cost + result.penalty
        }
        theta[part][k] = saved
        return (costs[0] - costs[1]) / 2e-6
      }
      #expect(relativeError(gradient[part], slopes) < 1e-7)
    }
  }

  @Test func `an epoch with dropout descends as double precision does`() throws {
    // An epoch of plain gradient descent with dropout, remainder included.
    let examples = makeExamples(count: 300, features: 60, classes: 4, seed: 12)
    let objective = try MultilayerPerceptron(
      training: examples, test: examples,
      options: .init(
        hiddenSizes: [50, 40], inputDropout: 0.2, hiddenDropout: [0.5, 0.5], l2: 1e-3),
      minibatchCapacity: 16)
    var theta = objective.initialTheta(seed: 5)
    var exact = objective.logicalParameters(of: theta).map { $0.map(Double.init) }
    var reference = Reference(sizes: [60, 50, 40, 4], l2: 1e-3)
    let alpha = 0.2
    for step in 0..<19 {
      let key = NoiseKey(seed: 1, epoch: 0, step: step)
      let minibatch = (16 * step..<min(16 * step + 16, 300)).map(Int32.init)
      reference.masks = [(60, 0.2), (50, 0.5), (40, 0.5)].enumerated().map { lane, layer in
        dropoutMask(key, lane: lane, rate: layer.1, batch: minibatch.count, width: layer.0)
      }
      let (cost, gradient) = evaluate(objective, theta, minibatch, key)
      let expected = reference.evaluate(examples, minibatch, theta: exact)
      #expect(abs(cost.cost / expected.cost - 1) < 1e-4)
      for k in 0..<theta.count { theta[k] -= Float(alpha) * gradient[k] }
      for part in exact.indices {
        for k in exact[part].indices { exact[part][k] -= alpha * expected.gradient[part][k] }
      }
    }
    #expect(objective.evaluate(at: theta, on: .training, noise: noise).cost < log(4.0) * 0.99)
  }

  @Test func `masks drop as often as asked`() throws {
    let (batch, width) = (200, 1000)
    for (rate, lane) in [(0.5, 1), (0.2, 0), (0.75, 3)] {
      let mask = dropoutMask(
        NoiseKey(seed: 4, epoch: 1, step: 9), lane: lane, rate: rate, batch: batch, width: width)
      let dropped = mask.joined().filter { $0 == 0 }.count
      let deviation = (Double(batch * width) * rate * (1 - rate)).squareRoot()
      #expect(abs(Double(dropped) - rate * Double(batch * width)) < 4 * deviation)
      // Neighbours in a row and in a column drop independently.
      var (pairs, down) = (0, 0)
      for row in 0..<batch - 1 {
        for column in 0..<width - 1 where mask[row][column] == 0 {
          if mask[row][column + 1] == 0 { pairs += 1 }
          if mask[row + 1][column] == 0 { down += 1 }
        }
      }
      let expected = Double((batch - 1) * (width - 1)) * rate * rate
      #expect(abs(Double(pairs) / expected - 1) < 0.02)
      #expect(abs(Double(down) / expected - 1) < 0.02)
    }
  }

  @Test func `masks are keyed by seed, epoch and step`() throws {
    let examples = makeExamples(count: 64, features: 50, classes: 5, seed: 3)
    let objective = try MultilayerPerceptron(
      training: examples, test: examples,
      options: .init(hiddenSizes: [40], inputDropout: 0.1, hiddenDropout: [0.5]),
      minibatchCapacity: 64)
    let theta = objective.initialTheta(seed: 1)
    let minibatch = (0..<64).map(Int32.init)
    let keys = [
      NoiseKey(seed: 0, epoch: 0, step: 0), NoiseKey(seed: 1, epoch: 0, step: 0),
      NoiseKey(seed: 0, epoch: 1, step: 0), NoiseKey(seed: 0, epoch: 0, step: 1),
    ]
    let gradients = keys.map { evaluate(objective, theta, minibatch, $0).gradient }
    for (number, gradient) in gradients.enumerated() {
      for other in gradients[(number + 1)...] { #expect(gradient != other) }
      #expect(evaluate(objective, theta, minibatch, keys[number]).gradient == gradient)
    }
    // Another instance, as another worker makes it, gives the same bits.
    let second = try MultilayerPerceptron(
      training: examples, test: examples, options: objective.options, minibatchCapacity: 64)
    #expect(second.initialTheta(seed: 1) == theta)
    #expect(evaluate(second, theta, minibatch, keys[2]).gradient == gradients[2])
    #expect(
      second.evaluate(at: theta, on: .test, noise: keys[0])
        == objective.evaluate(at: theta, on: .test, noise: keys[1]))
  }

  @Test func `initialisations have their variances`() throws {
    let examples = makeExamples(count: 4, features: 400, classes: 10, seed: 3)
    let expected: [(Initialisation, (Double, Double) -> Double)] = [
      (.heNormal, { inputs, _ in 2 / inputs }),
      (.glorotUniform, { inputs, outputs in 2 / (inputs + outputs) }),
      (.normal(deviation: 0.01), { _, _ in 1e-4 }),
    ]
    for (initialisation, variance) in expected {
      let objective = try MultilayerPerceptron(
        training: examples, test: examples,
        options: .init(hiddenSizes: [300, 200], initialisation: initialisation),
        minibatchCapacity: 4)
      let parts = objective.logicalParameters(of: objective.initialTheta(seed: 0))
      for (parameter, values) in zip(objective.parameters, parts) {
        guard parameter.shape.count == 2 else {
          #expect(values.allSatisfy { $0 == 0 })
          continue
        }
        let squares: Double = values.reduce(0) { $0 + Double($1) * Double($1) }
        let square = squares / Double(values.count)
        let wanted = variance(Double(parameter.shape[1]), Double(parameter.shape[0]))
        #expect(abs(square / wanted - 1) < 5 * (2 / Double(values.count)).squareRoot())
      }
      #expect(objective.initialTheta(seed: 0) == objective.initialTheta(seed: 0))
      #expect(objective.initialTheta(seed: 0) != objective.initialTheta(seed: 1))
    }
  }

  @Test(arguments: [0, 0.5])
  func `a broken theta breaks the cost`(rate: Double) throws {
    let examples = makeExamples(count: 40, features: 30, classes: 3, seed: 3)
    let objective = try MultilayerPerceptron(
      training: examples, test: examples,
      options: .init(hiddenSizes: [20, 10], hiddenDropout: [rate, rate]), minibatchCapacity: 40)
    let minibatch = (0..<40).map(Int32.init)
    for part in objective.parameters.indices {
      var values = objective.logicalParameters(of: objective.initialTheta(seed: 0))
      values[part][0] = .nan
      let theta = objective.theta(fromLogical: values)
      #expect(evaluate(objective, theta, minibatch, noise).cost.cost.isNaN)
      #expect(objective.evaluate(at: theta, on: .test, noise: noise).cost.isNaN)
    }
  }

  /// Weights of a pixel that no image has, and of a unit that never is above 0: their products are
  /// left out.
  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func `a broken weight behind a zero is found within sixteen steps`(value: Float) throws {
    var bytes = [UInt8](repeating: 0, count: 40 * 150)
    var random = TestRandom(5)
    for i in bytes.indices where i % 150 > 10 && i % 4 == 0 { bytes[i] = UInt8(random.below(256)) }
    let examples = DenseExamples(
      shape: [150], features: .bytes(bytes), labels: (0..<40).map { UInt8($0 % 3) }, classCount: 3)
    let objective = try MultilayerPerceptron(
      training: examples, test: examples, options: .init(hiddenSizes: [70, 90]),
      minibatchCapacity: 40)
    let minibatch = (0..<40).map(Int32.init)
    // Where inputs are 0: pixel 3 of hidden1, and unit 5 of hidden1, whose bias keeps it off.
    for (part, width, input) in [(0, 150, 3), (2, 70, 5)] {
      for output in [0, 69] {
        var values = objective.logicalParameters(of: objective.initialTheta(seed: 0))
        values[1][5] = -1e6
        #expect(
          objective.evaluate(
            at: objective.theta(fromLogical: values), on: .test, noise: noise
          ).cost.isFinite)
        values[part][output * width + input] = value
        let theta = objective.theta(fromLogical: values)
        let found = (0..<16).filter { step in
          evaluate(objective, theta, minibatch, NoiseKey(seed: 0, epoch: 0, step: step))
            .cost.cost.isNaN
        }
        #expect(found.count == 1)
        #expect(objective.evaluate(at: theta, on: .test, noise: noise).cost.isNaN)
      }
    }
  }

  @Test(arguments: [0, 0.5], [0.5, 0.8])
  func `sparse and dense products agree`(rate: Double, blanks: Double) throws {
    let examples = makeExamples(
      count: 300, features: 784, classes: 10, seed: 31, blanks: blanks)
    let pair = try Products.allCases.map { products in
      try MultilayerPerceptron(
        training: examples, test: examples,
        options: .init(
          hiddenSizes: [200, 130], inputDropout: rate / 2, hiddenDropout: [rate, rate],
          products: products))
    }
    let logical = pair[0].logicalParameters(of: pair[0].initialTheta(seed: 3))
    #expect(logical == pair[1].logicalParameters(of: pair[1].initialTheta(seed: 3)))
    for batch in [128, 44] {
      let minibatch = (100..<100 + Int32(batch)).map { $0 }
      let found = pair.map { objective in
        let (cost, gradient) = evaluate(
          objective, objective.theta(fromLogical: logical), minibatch, noise)
        return (cost: cost.cost, gradient: objective.logicalParameters(of: gradient))
      }
      #expect(abs(found[0].cost / found[1].cost - 1) < 1e-6)
      #expect(
        relativeError(found[0].gradient, found[1].gradient.map { $0.map(Double.init) }) < 1e-5)
    }
    let costs = pair.map {
      $0.evaluate(at: $0.theta(fromLogical: logical), on: .test, noise: noise)
    }
    #expect(abs(costs[0].cost / costs[1].cost - 1) < 1e-6 && costs[0].error == costs[1].error)
  }

  @Test func `stored positions are those of the logical elements`() throws {
    let examples = makeExamples(count: 20, features: 75, classes: 3, seed: 3, blanks: 0.8)
    let objective = try MultilayerPerceptron(
      training: examples, test: examples, options: .init(hiddenSizes: [130, 9]),
      minibatchCapacity: 20)
    let theta = objective.initialTheta(seed: 6)
    let logical = objective.logicalParameters(of: theta)
    var places: Set<Int> = []
    for (part, parameter) in objective.parameters.enumerated() {
      let positions = objective.storedPositions(ofPart: part).map { parameter.offset + Int($0) }
      #expect(positions.map { theta[$0] } == logical[part])
      places.formUnion(positions)
    }
    #expect(places.count == logical.map(\.count).reduce(0, +))
  }

  @Test func `the paper's network has its parameters`() throws {
    let examples = makeExamples(count: 4, features: 784, classes: 10, seed: 3)
    let objective = try MultilayerPerceptron(training: examples, test: examples)
    #expect(objective.parameters.map { $0.shape.reduce(1, *) }.reduce(0, +) == 1_796_010)
    #expect(
      objective.parameters.map(\.name) == [
        "hidden1.weights", "hidden1.bias", "hidden2.weights", "hidden2.bias", "output.weights",
        "output.bias",
      ])
    // Parts follow each other without a gap, so that per-layer views cover all of theta.
    for (part, next) in zip(objective.parameters, objective.parameters.dropFirst()) {
      #expect(part.offset + part.storedCount == next.offset)
    }
  }

  @Test func `a step allocates nothing but what the library does`() throws {
    let examples = makeExamples(count: 224, features: 784, classes: 10, seed: 8, blanks: 0.8)
    let objective = try MultilayerPerceptron(
      training: examples, test: examples,
      options: .init(
        hiddenSizes: [100, 100], inputDropout: 0.2, hiddenDropout: [0.5, 0.5], l2: 1e-4))
    let theta = objective.initialTheta(seed: 0)
    var gradient = FloatVector(count: theta.count)
    let indices = (0..<224).map(Int32.init)
    indices.withUnsafeBufferPointer { indices in
      let step = { (size: Int) in
        _ = objective.evaluateGradient(
          at: theta, minibatch: UnsafeBufferPointer(rebasing: indices.prefix(size)), noise: noise,
          gradient: &gradient)
      }
      step(128)
      step(96)
      let ours = allocations { step(128) }
      // oneDNN puts arguments into hash tables and packs matrices: all that is allocated.
      let products = allocations { objective.runProducts(at: theta, gradient: &gradient) }
      #expect(ours.count == products.count && ours.bytes == products.bytes)
      step(96)
      let again = allocations { step(128) }
      #expect(again.count == ours.count && again.bytes == ours.bytes)
    }
  }
}
