import COneDNN
import Foundation
import Networks
import Numerics
import Optimizers
import Reproduction
import Testing

/// The protocol of the perceptron's experiments told once more, example by example in double
/// precision: shuffled minibatches of which the last is smaller, dropout, back-propagation, Adam.
/// Only the first theta and the random words are the library's.
private struct ExactProtocol {
  /// From the input to the output.
  let sizes: [Int]
  /// Of the input and of each hidden layer.
  let dropout: [Double]
  let inputs: [[Double]]
  let labels: [Int]
  let minibatch: Int
  let seed: UInt64
  let hyperparameters: (alpha: Double, beta1: Double, beta2: Double, epsilon: Double)
  /// The weights of each layer, a row for each of its units, and then its bias.
  private var theta: [[Double]]
  private var m: [[Double]]
  private var v: [[Double]]
  private var t = 0

  init(
    sizes: [Int], dropout: [Double], inputs: [[Double]], labels: [Int], minibatch: Int,
    seed: UInt64, theta: [[Double]],
    hyperparameters: (alpha: Double, beta1: Double, beta2: Double, epsilon: Double)
  ) {
    self.sizes = sizes
    self.dropout = dropout
    self.inputs = inputs
    self.labels = labels
    self.minibatch = minibatch
    self.seed = seed
    self.theta = theta
    self.hyperparameters = hyperparameters
    m = theta.map { [Double](repeating: 0, count: $0.count) }
    v = m
  }

  /// The mean cost of all examples, without dropout.
  var cost: Double { evaluate(Array(inputs.indices), masks: nil).cost }

  /// Passes over all examples: the costs of the minibatches, and the mean cost of an example.
  mutating func pass(_ epoch: Int) -> (costs: [Double], mean: Double) {
    var shuffling = RandomStream(seed: seed, purpose: .minibatchOrder, epoch: epoch)
    let order = shuffling.permutation(count: inputs.count).map { Int($0) }
    var costs: [Double] = []
    var sum = 0.0
    for first in stride(from: 0, to: order.count, by: minibatch) {
      let examples = Array(order[first..<min(first + minibatch, order.count)])
      let masks = dropout.indices.map { lane in
        mask(lane, epoch: epoch, step: costs.count, count: examples.count)
      }
      let (cost, gradient) = evaluate(examples, masks: masks)
      costs.append(cost)
      sum += cost * Double(examples.count)
      update(gradient)
    }
    return (costs, sum / Double(order.count))
  }

  /// What the inputs (lane 0) or the units of a hidden layer are multiplied by, a row for each
  /// example: 16 bits decide, in the order in which eight vectors of 16 take them.
  private func mask(_ lane: Int, epoch: Int, step: Int, count: Int) -> [[Double]] {
    let width = sizes[lane]
    let threshold = UInt32((dropout[lane] * 65536).rounded())
    var stream = RandomStream(seed: seed, purpose: .dropout, epoch: epoch, step: step, lane: lane)
    let groups = (count * width + 127) / 128
    let words = (0..<64 * groups).map { _ in stream.nextUInt32() }
    return (0..<count).map { row in
      (0..<width).map { column in
        let (group, element) = (row * width + column).quotientAndRemainder(dividingBy: 128)
        let word = words[64 * group + 4 * (element % 16) + element / 32]
        let bits = element / 16 % 2 == 0 ? word & 0xffff : word >> 16
        return bits < threshold ? 0 : 65536 / Double(65536 - threshold)
      }
    }
  }

  /// The mean cost of some examples, and its gradient.
  private func evaluate(
    _ examples: [Int], masks: [[[Double]]]?
  ) -> (cost: Double, gradient: [[Double]]) {
    let last = sizes.count - 1
    let share = 1 / Double(examples.count)
    var cost = 0.0
    var gradient = theta.map { [Double](repeating: 0, count: $0.count) }
    for (row, example) in examples.enumerated() {
      func factor(_ lane: Int, _ unit: Int) -> Double { masks?[lane][row][unit] ?? 1 }
      // x[l] is the output of layer l, and x[0] the input.
      var x = [inputs[example]]
      for i in x[0].indices { x[0][i] *= factor(0, i) }
      for layer in 1...last {
        let below = x[layer - 1]
        let weights = theta[2 * layer - 2]
        var above = theta[2 * layer - 1]
        for o in above.indices {
          for i in below.indices { above[o] += weights[o * below.count + i] * below[i] }
          if layer < last { above[o] = max(0, above[o]) * factor(layer, o) }
        }
        x.append(above)
      }
      let exponentials = x[last].map { exp($0) }
      let sum: Double = exponentials.reduce(0, +)
      let label = labels[example]
      cost += share * (log(sum) - x[last][label])

      var delta = exponentials.map { share * $0 / sum }
      delta[label] -= share
      for layer in (1...last).reversed() {
        let below = x[layer - 1]
        let weights = theta[2 * layer - 2]
        var back = [Double](repeating: 0, count: below.count)
        for o in delta.indices {
          gradient[2 * layer - 1][o] += delta[o]
          for i in below.indices {
            gradient[2 * layer - 2][o * below.count + i] += delta[o] * below[i]
            back[i] += delta[o] * weights[o * below.count + i]
          }
        }
        // What is 0 was dropped or not active.
        for i in below.indices { back[i] = below[i] > 0 ? back[i] * factor(layer - 1, i) : 0 }
        delta = back
      }
    }
    return (cost, gradient)
  }

  /// Algorithm 1 of the paper: epsilon is added to the root of the corrected second moment.
  private mutating func update(_ gradient: [[Double]]) {
    let (alpha, beta1, beta2, epsilon) = hyperparameters
    t += 1
    let mCorrection = 1 - pow(beta1, Double(t))
    let vCorrection = 1 - pow(beta2, Double(t))
    for part in theta.indices {
      for k in theta[part].indices {
        let g = gradient[part][k]
        m[part][k] = beta1 * m[part][k] + (1 - beta1) * g
        v[part][k] = beta2 * v[part][k] + (1 - beta2) * g * g
        let mHat = m[part][k] / mCorrection
        let vHat = v[part][k] / vCorrection
        theta[part][k] -= alpha * mHat / (vHat.squareRoot() + epsilon)
      }
    }
  }
}

/// Objective, optimizer and training together: each of them may be right by itself, and the curve
/// still be another one.
@Suite struct PerceptronProtocolTests {
  init() { _ = onednn_set_threads(1) }

  struct Setup: CustomTestStringConvertible {
    var inputDropout = 0.0
    var hiddenDropout = 0.0
    /// 1e-3 is as large as the gradient's elements, so that its place matters.
    var epsilon = 1e-8
    var testDescription: String {
      "dropout \(inputDropout) \(hiddenDropout), epsilon \(epsilon)"
    }
  }

  /// Images of which every tenth pixel tells the class.
  private static func makeImages(
    count: Int, pixels: Int
  ) -> (bytes: [UInt8], labels: [UInt8]) {
    var stream = RandomStream(seed: 3, purpose: .test)
    var bytes: [UInt8] = []
    var labels: [UInt8] = []
    for _ in 0..<count {
      let label = stream.next(below: 10)
      labels.append(UInt8(label))
      for pixel in 0..<pixels {
        bytes.append(UInt8(stream.next(below: pixel % 10 == label ? 256 : 100)))
      }
    }
    return (bytes, labels)
  }

  /// Two passes of eleven steps, the last of which has 5 examples. 1 % is promised; but epsilon in
  /// another place, or a plain mean over the minibatches, may move the curve by less than that.
  @Test(arguments: [
    Setup(), Setup(epsilon: 1e-3), Setup(inputDropout: 0.2, hiddenDropout: 0.5),
    Setup(inputDropout: 0.2, hiddenDropout: 0.5, epsilon: 1e-3),
  ])
  func `the curve is that of double precision`(setup: Setup) throws {
    let sizes = [40, 32, 24, 10]
    let (bytes, labels) = Self.makeImages(count: 325, pixels: 40)
    let examples = DenseExamples(
      shape: [40], features: .bytes(bytes), labels: labels, classCount: 10)
    let objective = try MultilayerPerceptron(
      training: examples, test: examples,
      options: .init(
        hiddenSizes: [32, 24], inputDropout: setup.inputDropout,
        hiddenDropout: [setup.hiddenDropout, setup.hiddenDropout]),
      minibatchCapacity: 32)
    let hyperparameters = ["alpha": 0.01, "beta1": 0.9, "beta2": 0.99, "epsilon": setup.epsilon]
    let process = TrainingProcess(
      RunSpecification(
        experiment: "mnist-mlp", method: "adam", hyperparameters: hyperparameters, seed: 7,
        epochs: 2, minibatch: 32, data: "none"),
      objective: objective,
      optimizer: try OptimizerRegistry.make(
        "adam", hyperparameters: hyperparameters, count: objective.parameterCount),
      schedule: .constant)
    // The costs of the minibatches by the number of steps made.
    var costs: [Int: Double] = [:]
    let outcome = try process.advance {
      costs[process.progress.step] = process.progress.cost
      return false
    }
    #expect(outcome == .finished && costs.count == 22)
    let series = Dictionary(uniqueKeysWithValues: process.series.map { ($0.name, $0.values) })
    let running = try #require(series["train_cost_running"])
    let whole = try #require(series["train_cost"])

    let theta = objective.logicalParameters(of: objective.initialTheta(seed: 7))
    var exact = ExactProtocol(
      sizes: sizes, dropout: [setup.inputDropout, setup.hiddenDropout, setup.hiddenDropout],
      inputs: (0..<325).map { row in (0..<40).map { Double(bytes[40 * row + $0]) / 255 } },
      labels: labels.map { Int($0) }, minibatch: 32, seed: 7,
      theta: theta.map { $0.map { Double($0) } },
      hyperparameters: (alpha: 0.01, beta1: 0.9, beta2: 0.99, epsilon: setup.epsilon))
    #expect(abs(whole[0] / exact.cost - 1) < 1e-5)
    for epoch in 0..<2 {
      let pass = exact.pass(epoch)
      #expect(pass.costs.count == 11)
      for (step, expected) in pass.costs.enumerated() {
        let actual = try #require(costs[11 * epoch + step + 1])
        #expect(abs(actual / expected - 1) < 1e-4, "epoch \(epoch), step \(step)")
      }
      #expect(abs(running[epoch] / pass.mean - 1) < 1e-4, "epoch \(epoch)")
      #expect(abs(whole[epoch + 1] / exact.cost - 1) < 1e-4, "epoch \(epoch)")
    }
    // Something was learned: the costs are not all alike.
    #expect(running[1] < 0.99 * running[0])
  }
}
