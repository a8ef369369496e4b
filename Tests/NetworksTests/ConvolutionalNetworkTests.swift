import COneDNN
import Foundation
import Networks
import Numerics
import TestSupport
import Testing

/// The network in Double, by the definitions: one loop for each index.
private struct ReferenceNetwork {
  let image: [Int]
  let classes: Int
  let options: ConvolutionalNetwork.Options

  struct Pass {
    var cost = 0.0
    var wrong = 0
    var gradient: [[Double]]
  }

  /// The mean cost, and its gradient in the order of the parameters.
  func pass(_ parameters: [[Double]], images: [[Double]], labels: [Int]) -> Pass {
    var result = Pass(gradient: parameters.map { [Double](repeating: 0, count: $0.count) })
    for (image, label) in zip(images, labels) {
      add(parameters, image, label, 1 / Double(images.count), to: &result)
    }
    return result
  }

  private struct Stage {
    var input: [Double]
    var shape: (channels: Int, rows: Int, columns: Int)
    var convolved: [Double]
    var convolvedShape: (rows: Int, columns: Int)
    /// Where each maximum was.
    var origins: [Int]
  }

  private func add(
    _ parameters: [[Double]], _ input: [Double], _ label: Int, _ weight: Double,
    to result: inout Pass
  ) {
    var stages: [Stage] = []
    var values = input
    var shape = (channels: image[0], rows: image[1], columns: image[2])
    for (i, filters) in options.filters.enumerated() {
      let stage = forward(parameters[2 * i], parameters[2 * i + 1], values, shape, filters)
      values = stage.origins.map { stage.convolved[$0] }
      let side = { (n: Int) in self.windows(n).count }
      shape = (filters, side(stage.convolvedShape.rows), side(stage.convolvedShape.columns))
      stages.append(stage)
    }
    let first = 2 * options.filters.count
    let hidden = dense(parameters[first], parameters[first + 1], values).map { max(0, $0) }
    let logits = dense(parameters[first + 2], parameters[first + 3], hidden)
    let largest = logits.max() ?? 0
    let exponentials = logits.map { exp($0 - largest) }
    let sum = exponentials.reduce(0, +)
    result.cost += weight * (log(sum) + largest - logits[label])
    result.wrong += logits.firstIndex(of: largest) == label ? 0 : 1

    var delta = exponentials.map { weight * $0 / sum }
    delta[label] -= weight
    var back = denseBackward(parameters[first + 2], hidden, delta, first + 2, &result)
    for k in back.indices where hidden[k] <= 0 { back[k] = 0 }
    back = denseBackward(parameters[first], values, back, first, &result)
    for i in stages.indices.reversed() {
      let stage = stages[i]
      var convolvedGradient = [Double](repeating: 0, count: stage.convolved.count)
      for (k, origin) in stage.origins.enumerated() where stage.convolved[origin] > 0 {
        convolvedGradient[origin] += back[k]
      }
      back = backward(parameters[2 * i], stage, convolvedGradient, 2 * i, &result)
    }
  }

  private func dense(_ weights: [Double], _ bias: [Double], _ input: [Double]) -> [Double] {
    bias.indices.map { o in
      bias[o] + input.indices.reduce(0) { $0 + weights[o * input.count + $1] * input[$1] }
    }
  }

  private func denseBackward(
    _ weights: [Double], _ input: [Double], _ delta: [Double], _ index: Int, _ result: inout Pass
  ) -> [Double] {
    var back = [Double](repeating: 0, count: input.count)
    for o in delta.indices {
      result.gradient[index + 1][o] += delta[o]
      for k in input.indices {
        result.gradient[index][o * input.count + k] += delta[o] * input[k]
        back[k] += delta[o] * weights[o * input.count + k]
      }
    }
    return back
  }

  private var margin: Int { options.convolutionBorder == .same ? options.kernel / 2 : 0 }

  /// Calls `body` with every pair of a convolution's input and weight that meet in an output.
  private func forEachTap(
    _ shape: (channels: Int, rows: Int, columns: Int), _ filters: Int,
    _ body: (_ output: Int, _ weight: Int, _ input: Int) -> Void
  ) -> (rows: Int, columns: Int) {
    let kernel = options.kernel
    let rows = shape.rows + 2 * margin - kernel + 1
    let columns = shape.columns + 2 * margin - kernel + 1
    for f in 0..<filters {
      for y in 0..<rows {
        for x in 0..<columns {
          for c in 0..<shape.channels {
            for i in 0..<kernel where (0..<shape.rows).contains(y + i - margin) {
              for j in 0..<kernel where (0..<shape.columns).contains(x + j - margin) {
                body(
                  (f * rows + y) * columns + x,
                  ((f * shape.channels + c) * kernel + i) * kernel + j,
                  (c * shape.rows + y + i - margin) * shape.columns + x + j - margin)
              }
            }
          }
        }
      }
    }
    return (rows, columns)
  }

  private func forward(
    _ weights: [Double], _ bias: [Double], _ input: [Double],
    _ shape: (channels: Int, rows: Int, columns: Int), _ filters: Int
  ) -> Stage {
    let rows = shape.rows + 2 * margin - options.kernel + 1
    let columns = shape.columns + 2 * margin - options.kernel + 1
    var convolved = (0..<filters * rows * columns).map { bias[$0 / (rows * columns)] }
    _ = forEachTap(shape, filters) { convolved[$0] += weights[$1] * input[$2] }
    for k in convolved.indices { convolved[k] = max(0, convolved[k]) }
    var origins: [Int] = []
    for f in 0..<filters {
      for vertical in windows(rows) {
        for horizontal in windows(columns) {
          var best = -1
          for y in vertical {
            for x in horizontal {
              let k = (f * rows + y) * columns + x
              if best < 0 || convolved[k] > convolved[best] { best = k }
            }
          }
          origins.append(best)
        }
      }
    }
    return Stage(
      input: input, shape: shape, convolved: convolved, convolvedShape: (rows, columns),
      origins: origins)
  }

  /// The rows or columns that each window sees, from the definitions of the borders.
  func windows(_ n: Int) -> [ClosedRange<Int>] {
    let (count, start): (Int, Int)
    switch options.poolingBorder {
    case .valid: (count, start) = ((n - 3) / 2 + 1, 0)
    case .ceiling: (count, start) = (Int((Double(n - 3) / 2).rounded(.up)) + 1, 0)
    case .same:
      count = (n + 1) / 2
      start = -(max(0, 2 * (count - 1) + 3 - n) / 2)
    }
    return (0..<count).map { max(0, start + 2 * $0)...min(n - 1, start + 2 * $0 + 2) }
  }

  private func backward(
    _ weights: [Double], _ stage: Stage, _ delta: [Double], _ index: Int, _ result: inout Pass
  ) -> [Double] {
    var back = [Double](repeating: 0, count: stage.input.count)
    let filters = delta.count / (stage.convolvedShape.rows * stage.convolvedShape.columns)
    var weightsGradient = result.gradient[index]
    _ = forEachTap(stage.shape, filters) {
      weightsGradient[$1] += delta[$0] * stage.input[$2]
      back[$2] += delta[$0] * weights[$1]
    }
    result.gradient[index] = weightsGradient
    for k in delta.indices {
      result.gradient[index + 1][k / (delta.count / filters)] += delta[k]
    }
    return back
  }
}

private func makeColourImages(
  count: Int, shape: [Int], classes: Int = 10, seed: UInt64, floats: Bool = true
) -> DenseExamples {
  var random = TestRandom(seed)
  let size = count * shape.reduce(1, *)
  return DenseExamples(
    shape: shape,
    features: floats
      ? .floats(FloatVector((0..<size).map { _ in Float(random.uniform(-1.5, 1.5)) }))
      : .bytes((0..<size).map { _ in UInt8(random.below(256)) }),
    labels: (0..<count).map { _ in UInt8(random.below(classes)) }, classCount: classes)
}

private let key = NoiseKey(seed: 3, epoch: 1, step: 4)

/// Random parameters, biases too, in logical order.
private func randomParameters(of network: ConvolutionalNetwork, seed: UInt64) -> [[Float]] {
  var random = TestRandom(seed)
  return network.parameters.map { parameter in
    let count = parameter.shape.reduce(1, *)
    let deviation = (3 / Double(count / parameter.shape[0])).squareRoot()
    let scale = parameter.shape.count == 1 ? 0.3 : deviation
    return (0..<count).map { _ in Float(random.uniform(-scale, scale)) }
  }
}

private func gradient(
  of network: ConvolutionalNetwork, at theta: FloatVector, _ minibatch: [Int32],
  noise: NoiseKey = key
) -> (cost: MinibatchCost, gradient: FloatVector) {
  // Whatever was in the vector before must not matter.
  var gradient = FloatVector(repeating: .nan, count: theta.count)
  let cost = minibatch.withUnsafeBufferPointer {
    network.evaluateGradient(at: theta, minibatch: $0, noise: noise, gradient: &gradient)
  }
  return (cost, gradient)
}

@Suite struct ConvolutionalNetworkTests {
  init() { _ = onednn_set_threads(1) }

  struct Case: CustomTestStringConvertible, Sendable {
    var batch: Int
    var image = [3, 12, 12]
    var filters = [16, 16]
    var kernel = 5
    var border = ConvolutionBorder.same
    var pooling = PoolingBorder.same
    var bytes = false

    var testDescription: String { "\(self)" }

    func network(capacity: Int? = nil) throws -> ConvolutionalNetwork {
      let examples = makeColourImages(count: 140, shape: image, seed: 5, floats: !bytes)
      return try ConvolutionalNetwork(
        training: examples, test: examples, minibatchCapacity: capacity ?? batch,
        options: .init(
          filters: filters, kernel: kernel, convolutionBorder: border, poolingBorder: pooling,
          hiddenUnits: 21))
    }

    var examples: DenseExamples {
      makeColourImages(count: 140, shape: image, seed: 5, floats: !bytes)
    }
  }

  static let cases =
    [1, 7, 16, 17, 127, 129].map { Case(batch: $0) }
    + [
      Case(batch: 5, image: [3, 13, 11], filters: [5, 7, 4]),
      Case(batch: 18, image: [1, 10, 15], filters: [19, 33], kernel: 3, bytes: true),
      Case(batch: 3, image: [2, 23, 22], filters: [8, 16], border: .valid, pooling: .valid),
      Case(batch: 3, image: [3, 15, 16], filters: [16, 32], pooling: .ceiling),
      Case(batch: 3, image: [3, 15, 16], filters: [16, 32], pooling: .valid),
      Case(batch: 2, image: [3, 15, 16], filters: [3, 2], kernel: 1),
    ]

  @Test(arguments: cases)
  func `the gradient agrees with the reference`(_ test: Case) throws {
    let network = try test.network()
    let examples = test.examples
    let logical = randomParameters(of: network, seed: 11)
    let minibatch = (0..<test.batch).map { Int32(($0 * 29 + 3) % 140) }
    let reference = ReferenceNetwork(image: test.image, classes: 10, options: network.options)
    let expected = reference.pass(
      logical.map { $0.map(Double.init) },
      images: minibatch.map { features(of: examples, at: Int($0)) },
      labels: minibatch.map { Int(examples.labels[Int($0)]) })
    let theta = network.theta(fromLogical: logical)
    let actual = gradient(of: network, at: theta, minibatch)
    #expect(abs(actual.cost.cost - expected.cost) < 1e-5 * max(1, expected.cost))
    #expect(actual.cost.penalty == 0)
    let parts = network.logicalParameters(of: actual.gradient)
    for (i, parameter) in network.parameters.enumerated() {
      let error = relativeError(parts[i].map(Double.init), expected.gradient[i])
      #expect(error < 2e-5, "\(parameter.name)")
    }
    // What is neither is padding: the gradient of it is 0, so that it never moves.
    #expect(network.theta(fromLogical: parts) == actual.gradient)
  }

  @Test(arguments: [PoolingBorder.same, .ceiling, .valid])
  func `poolings have the documented sizes`(border: PoolingBorder) {
    let sizes: [Int: Int] =
      switch border {
      case .same: [32: 16, 15: 8, 7: 4, 4: 2, 3: 2, 2: 1, 1: 1]
      case .ceiling: [32: 16, 15: 7, 7: 3, 4: 2, 3: 1, 2: 1]
      case .valid: [32: 15, 15: 7, 7: 3, 4: 1, 3: 1]
      }
    for (n, expected) in sizes {
      let padding = border.padding(n)
      #expect((n + padding.before + padding.after - 3) / 2 + 1 == expected, "\(n)")
    }
    #expect(PoolingBorder.same.padding(32) == (0, 1))
    #expect(PoolingBorder.same.padding(15) == (1, 1))
    #expect(PoolingBorder.ceiling.padding(32) == (0, 1))
  }

  @Test func `the default is the paper's network`() throws {
    let examples = makeColourImages(count: 2, shape: [3, 32, 32], seed: 1)
    let network = try ConvolutionalNetwork(training: examples, test: examples, minibatchCapacity: 2)
    #expect(
      network.parameters.map(\.shape) == [
        [64, 3, 5, 5], [64], [64, 64, 5, 5], [64], [128, 64, 5, 5], [128], [1000, 128, 4, 4],
        [1000], [10, 1000], [10],
      ])
    let logical = network.logicalParameters(of: network.initialTheta(seed: 1))
    for (part, parameter) in zip(logical, network.parameters) where parameter.shape.count > 1 {
      let variance = part.reduce(0) { $0 + Double($1) * Double($1) } / Double(part.count)
      let expected = 2 / Double(part.count / parameter.shape[0])
      let deviations = abs(variance / expected - 1) / (2 / Double(part.count)).squareRoot()
      #expect(deviations < 5, "\(parameter.name)")
    }
    #expect(logical[1].allSatisfy { $0 == 0 })
    #expect(network.initialTheta(seed: 1) != network.initialTheta(seed: 2))
  }

  @Test func `each layer has the deviation that is given for it, or a multiple of He's`() throws {
    let examples = makeColourImages(count: 2, shape: [3, 12, 12], seed: 5)
    let deviations: [Float] = [1e-4, -1, -0.5, 0.02]
    let network = try ConvolutionalNetwork(
      training: examples, test: examples, minibatchCapacity: 2,
      options: .init(
        filters: [64, 32], hiddenUnits: 300,
        initialisation: .normalByLayer(deviations: deviations)))
    let he = try ConvolutionalNetwork(
      training: examples, test: examples, minibatchCapacity: 2,
      options: .init(filters: [64, 32], hiddenUnits: 300))
    let parts = network.logicalParameters(of: network.initialTheta(seed: 4))
    let heParts = he.logicalParameters(of: he.initialTheta(seed: 4))
    for (i, (parameter, values)) in zip(network.parameters, parts).enumerated() {
      guard parameter.shape.count > 1 else {
        #expect(values.allSatisfy { $0 == 0 })
        continue
      }
      let count = Double(values.count)
      let given = Double(deviations[i / 2])
      let fanIn = count / Double(parameter.shape[0])
      let wanted = given < 0 ? -given * (2 / fanIn).squareRoot() : given
      let moments = (1...4).map { power in
        values.reduce(0.0) { $0 + pow(Double($1) / wanted, Double(power)) } / count
      }
      // Five deviations of the moments of so many standard normal numbers.
      let standard: [(mean: Double, variance: Double)] = [(0, 1), (1, 2), (0, 15), (3, 96)]
      for (moment, (mean, variance)) in zip(moments, standard) {
        #expect(abs(moment - mean) < 5 * (variance / count).squareRoot(), "\(parameter.name)")
      }
      if given == -1 { #expect(values == heParts[i]) }
    }
  }

  @Test func `initial parameters do not depend on the layout`() throws {
    // Another capacity may make oneDNN prefer other layouts.
    let theta = try [3, 128].map { capacity in
      let network = try Case(batch: 3).network(capacity: capacity)
      return network.logicalParameters(of: network.initialTheta(seed: 9))
    }
    #expect(theta[0] == theta[1])
  }

  @Test(arguments: cases)
  func `stored and logical orders are inverse`(_ test: Case) throws {
    let network = try test.network()
    let logical = randomParameters(of: network, seed: 12)
    let theta = network.theta(fromLogical: logical)
    #expect(theta.count == network.parameterCount)
    #expect(network.logicalParameters(of: theta) == logical)
    for (index, parameter) in network.parameters.enumerated() {
      #expect(parameter.offset % 16 == 0)
      let stored = theta.array[parameter.offset..<parameter.offset + parameter.storedCount]
      let positions = network.storedPositions(ofPart: index)
      #expect(positions.map { stored[parameter.offset + Int($0)] } == logical[index])
      #expect(Set(positions).count == positions.count)
      #expect(stored.filter { $0 != 0 }.count <= parameter.shape.reduce(1, *))
    }
  }

  /// Along a direction in each layer, with dropout and penalty.
  @Test func `the gradient is the derivative of the cost`() throws {
    let examples = makeColourImages(count: 40, shape: [3, 12, 10], seed: 6)
    let network = try ConvolutionalNetwork(
      training: examples, test: examples, minibatchCapacity: 40,
      options: .init(
        filters: [6, 8], hiddenUnits: 30, inputDropout: 0.2, hiddenDropout: 0.5, l2: 0.01))
    let logical = randomParameters(of: network, seed: 13)
    let theta = network.theta(fromLogical: logical)
    let minibatch = (0..<40).map { Int32($0) }
    let analytic = network.logicalParameters(
      of: gradient(of: network, at: theta, minibatch).gradient)
    var random = TestRandom(14)
    for i in network.parameters.indices {
      // Near the gradient, where the slope stands out from rounding and from the kinks.
      let raw = analytic[i].map { Double($0) * random.uniform(0.5, 1.5) }
      let length = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let direction = raw.map { $0 / length }
      let slope = zip(direction, analytic[i]).reduce(0) { $0 + $1.0 * Double($1.1) }
      let h = 1e-3
      let costs = [h, -h].map { h in
        var moved = logical
        for k in direction.indices { moved[i][k] += Float(h * direction[k]) }
        let cost = gradient(of: network, at: network.theta(fromLogical: moved), minibatch).cost
        return cost.cost + cost.penalty
      }
      let measured = (costs[0] - costs[1]) / (2 * h)
      #expect(abs(measured - slope) < 0.02 * slope, "\(network.parameters[i].name)")
    }
  }

  @Test func `the penalty counts weights alone`() throws {
    let examples = makeColourImages(count: 8, shape: [3, 12, 12], seed: 7)
    let make = { (l2: Double) in
      try ConvolutionalNetwork(
        training: examples, test: examples, minibatchCapacity: 8,
        options: .init(filters: [4, 4], hiddenUnits: 12, l2: l2))
    }
    let plain = try make(0)
    let penalised = try make(0.25)
    let logical = randomParameters(of: plain, seed: 15)
    let theta = plain.theta(fromLogical: logical)
    let minibatch = (0..<8).map { Int32($0) }
    let without = gradient(of: plain, at: theta, minibatch)
    let with = gradient(of: penalised, at: theta, minibatch)
    #expect(without.cost.cost == with.cost.cost)
    let difference = zip(
      plain.logicalParameters(of: with.gradient), plain.logicalParameters(of: without.gradient)
    ).map { zip($0, $1).map { Double($0 - $1) } }
    var squares = 0.0
    for (i, parameter) in plain.parameters.enumerated() {
      let isWeights = parameter.shape.count > 1
      let expected = logical[i].map { isWeights ? 0.25 * Double($0) : 0 }
      #expect(zip(difference[i], expected).allSatisfy { abs($0 - $1) < 1e-5 }, "\(parameter.name)")
      if isWeights { squares += logical[i].reduce(0) { $0 + Double($1) * Double($1) } }
    }
    #expect(abs(with.cost.penalty - 0.125 * squares) < 1e-6 * squares)
    #expect(abs(penalised.penalty(at: theta) - 0.125 * squares) < 1e-6 * squares)
    #expect(plain.penalty(at: theta) == 0)
  }

  /// Whatever ran before, and whatever capacity the network was made for.
  @Test func `gradients repeat, whatever ran before and whatever the capacity`() throws {
    let test = Case(batch: 20)
    let options = ConvolutionalNetwork.Options(
      filters: [8, 8], hiddenUnits: 12, inputDropout: 0.2, hiddenDropout: 0.5)
    let make = {
      try ConvolutionalNetwork(
        training: test.examples, test: test.examples, minibatchCapacity: 64, options: options)
    }
    let (one, other) = (try make(), try make())
    let theta = one.initialTheta(seed: 1)
    let minibatch = (0..<20).map { Int32($0) }
    let first = gradient(of: one, at: theta, minibatch)
    _ = gradient(of: one, at: theta, (30..<94).map { Int32($0) })
    _ = one.evaluate(at: theta, on: .test, noise: key)
    let again = gradient(of: one, at: theta, minibatch)
    let fresh = gradient(of: other, at: theta, minibatch)
    #expect(first.gradient == again.gradient && first.cost == again.cost)
    #expect(first.gradient == fresh.gradient && first.cost == fresh.cost)
    for noise in [
      NoiseKey(seed: 4, epoch: 1, step: 4), NoiseKey(seed: 3, epoch: 2, step: 4),
      NoiseKey(seed: 3, epoch: 1, step: 5),
    ] {
      #expect(gradient(of: one, at: theta, minibatch, noise: noise).cost != first.cost)
    }
  }

  /// Dropping inputs leaves their mean, dropping hidden units that of the logits: with one hidden
  /// unit that is always active the output is linear in both.
  @Test func `dropout keeps the means of inputs and of logits`() throws {
    let shape = [3, 8, 8]
    let examples = DenseExamples(
      shape: shape, features: .floats(FloatVector(repeating: 1, count: 192)), labels: [0],
      classCount: 2)
    for (input, hidden) in [(0.25, 0.0), (0.0, 0.5)] {
      let network = try ConvolutionalNetwork(
        training: examples, test: examples, minibatchCapacity: 1,
        options: .init(
          filters: [1], kernel: 1, hiddenUnits: 256, inputDropout: input, hiddenDropout: hidden))
      // The filter adds up the channels, a hidden unit reads one pooled pixel each.
      var logical = network.parameters.map { [Float](repeating: 0, count: $0.shape.reduce(1, *)) }
      logical[0] = [1, 1, 1]
      for unit in 0..<256 { logical[2][unit * 16 + unit % 16] = 1 }
      logical[3] = [Float](repeating: 1, count: 256)
      for unit in 0..<256 { logical[4][unit] = 1.0 / 256 }
      let theta = network.theta(fromLogical: logical)
      var outputs: [Double] = []
      for step in 0..<400 {
        let noise = NoiseKey(seed: 1, epoch: 0, step: step)
        let actual = gradient(of: network, at: theta, [0], noise: noise)
        // From the cost log(1 + exp(-z)) back to the difference z of the logits.
        outputs.append(-log(exp(actual.cost.cost) - 1))
      }
      let mean = outputs.reduce(0, +) / Double(outputs.count)
      let variance = outputs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 399
      if hidden > 0 {
        // 256 units of 4, each kept with probability 1/2 and doubled.
        #expect(abs(mean - 4) < 5 * (variance / 400).squareRoot())
        #expect(abs(variance - 16.0 / 256) < 0.2 * 16 / 256)
      } else {
        // The maximum of windows of dropped pixels: at least what is fed in without dropout, at
        // most three times 1 / 0.75.
        #expect(mean > 4 && mean < 1 + 3 / 0.75 && variance > 0)
      }
      let evaluation = network.evaluate(at: theta, on: .test, noise: key)
      #expect(abs(evaluation.cost - log(1 + exp(-4.0))) < 1e-5)
    }
  }

  @Test func `the evaluation agrees with the reference`() throws {
    let test = Case(batch: 33)
    let training = makeColourImages(count: 50, shape: test.image, seed: 8)
    let held = makeColourImages(count: 97, shape: test.image, seed: 9)
    let network = try ConvolutionalNetwork(
      training: training, test: held, minibatchCapacity: 33,
      options: .init(
        filters: [8, 4], hiddenUnits: 20, inputDropout: 0.5, hiddenDropout: 0.5, l2: 1))
    let logical = randomParameters(of: network, seed: 16)
    let theta = network.theta(fromLogical: logical)
    let reference = ReferenceNetwork(image: test.image, classes: 10, options: network.options)
    for (split, examples) in [(Split.training, training), (.test, held)] {
      let expected = reference.pass(
        logical.map { $0.map(Double.init) },
        images: (0..<examples.count).map { features(of: examples, at: $0) },
        labels: examples.labels.map(Int.init))
      let actual = network.evaluate(at: theta, on: split, noise: key)
      #expect(network.count(of: split) == examples.count)
      #expect(abs(actual.cost - expected.cost) < 1e-5)
      #expect(actual.error == Double(expected.wrong) / Double(examples.count))
    }
  }

  @Test func `a broken theta makes the cost NaN`() throws {
    let network = try Case(batch: 4).network()
    for (i, parameter) in network.parameters.enumerated() {
      var logical = network.logicalParameters(of: network.initialTheta(seed: 1))
      logical[i][1] = .nan
      let theta = network.theta(fromLogical: logical)
      let actual = gradient(of: network, at: theta, [0, 1, 2, 3])
      #expect(actual.cost.cost.isNaN, "\(parameter.name)")
      #expect(network.evaluate(at: theta, on: .test, noise: key).cost.isNaN, "\(parameter.name)")
    }
  }

  @Test func `steps allocate nothing`() throws {
    let network = try Case(batch: 50).network()
    let theta = network.initialTheta(seed: 1)
    var gradient = FloatVector(count: theta.count)
    let minibatch = (0..<50).map { Int32($0) }
    let step = {
      minibatch.withUnsafeBufferPointer {
        _ = network.evaluateGradient(at: theta, minibatch: $0, noise: key, gradient: &gradient)
      }
    }
    step()
    // The library makes a small table of the arguments of each primitive that runs.
    let library = allocations { network.runProducts(at: theta, gradient: &gradient) }
    let all = allocations(in: step)
    #expect(all.count == library.count && all.bytes == library.bytes)
  }
}
