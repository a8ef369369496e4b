import Foundation
import Networks
import Numerics
import TestSupport
import Testing

/// Cost and gradient by the definition, in double precision; `theta` is weights and bias.
private func reference(
  _ examples: DenseExamples, _ minibatch: [Int32], theta: [Double], l2: Double
) -> (cost: Double, penalty: Double, gradient: [Double], wrong: Int) {
  let width = examples.featureCount
  let classes = examples.classCount
  var gradient = [Double](repeating: 0, count: classes * (width + 1))
  var cost = 0.0
  var wrong = 0
  for index in minibatch {
    let x = features(of: examples, at: Int(index))
    let label = Int(examples.labels[Int(index)])
    let logits = (0..<classes).map { c in
      theta[classes * width + c] + (0..<width).reduce(0) { $0 + theta[c * width + $1] * x[$1] }
    }
    let top = logits.max() ?? 0
    let sum = logits.reduce(0) { $0 + exp($1 - top) }
    cost += log(sum) + top - logits[label]
    if logits.firstIndex(of: top) != label { wrong += 1 }
    for c in 0..<classes {
      let delta = (exp(logits[c] - top) / sum - (c == label ? 1 : 0)) / Double(minibatch.count)
      for i in 0..<width { gradient[c * width + i] += delta * x[i] }
      gradient[classes * width + c] += delta
    }
  }
  var squares = 0.0
  for k in 0..<classes * width {
    gradient[k] += l2 * theta[k]
    squares += theta[k] * theta[k]
  }
  return (cost / Double(minibatch.count), 0.5 * l2 * squares, gradient, wrong)
}

/// The elements of a stored vector in logical order: weight rows without padding, then the bias.
private func logical(_ vector: FloatVector, _ objective: LogisticRegression) -> [Double] {
  let weights = objective.parameters[0]
  let bias = objective.parameters[1]
  let stride = weights.storedCount / weights.shape[0]
  var result: [Double] = []
  for c in 0..<weights.shape[0] {
    for i in 0..<weights.shape[1] { result.append(Double(vector[c * stride + i])) }
  }
  return result + (0..<bias.shape[0]).map { Double(vector[bias.offset + $0]) }
}

private func stored(_ values: [Double], _ objective: LogisticRegression) -> FloatVector {
  let weights = objective.parameters[0]
  let bias = objective.parameters[1]
  let (classes, width) = (weights.shape[0], weights.shape[1])
  let stride = weights.storedCount / classes
  var theta = FloatVector(count: objective.parameterCount)
  for c in 0..<classes {
    for i in 0..<width { theta[c * stride + i] = Float(values[c * width + i]) }
    theta[bias.offset + c] = Float(values[classes * width + c])
  }
  return theta
}

private let noise = NoiseKey(seed: 0, epoch: 0, step: 0)

@Suite struct LogisticRegressionTests {
  struct Shape: CustomTestStringConvertible {
    var features: Int
    var classes: Int
    var batch: Int
    var floats = false
    var testDescription: String { "\(batch) x \(features) -> \(classes)\(floats ? " floats" : "")" }
  }

  @Test(arguments: [
    Shape(features: 784, classes: 10, batch: 128), Shape(features: 784, classes: 10, batch: 96),
    Shape(features: 1, classes: 2, batch: 1), Shape(features: 7, classes: 3, batch: 7),
    Shape(features: 127, classes: 11, batch: 127), Shape(features: 129, classes: 16, batch: 129),
    Shape(features: 1100, classes: 37, batch: 65),
    Shape(features: 784, classes: 10, batch: 128, floats: true),
    Shape(features: 129, classes: 26, batch: 7, floats: true),
  ])
  func `cost and gradient agree with double precision`(shape: Shape) {
    let count = 300
    let examples = makeExamples(
      count: count, features: shape.features, classes: shape.classes, seed: 5, floats: shape.floats)
    let objective = LogisticRegression(
      training: examples, test: examples, l2: 0.01, minibatchCapacity: 129)
    var random = TestRandom(9)
    let values = (0..<shape.classes * (shape.features + 1)).map { _ in
      Double(Float(random.uniform(-0.3, 0.3)))
    }
    let theta = stored(values, objective)
    let minibatch = (0..<shape.batch).map { _ in Int32(random.below(count)) }
    let expected = reference(examples, minibatch, theta: values, l2: 0.01)
    // Every element must be written.
    var gradient = FloatVector(repeating: .nan, count: objective.parameterCount)
    let cost = minibatch.withUnsafeBufferPointer {
      objective.evaluateGradient(at: theta, minibatch: $0, noise: noise, gradient: &gradient)
    }
    #expect(abs(cost.cost / expected.cost - 1) < 1e-6)
    #expect(abs(cost.penalty / expected.penalty - 1) < 1e-6)
    #expect(relativeError(logical(gradient, objective), expected.gradient) < 2e-6)
    #expect(gradient.array.allSatisfy { $0.isFinite })

    let all = (0..<count).map(Int32.init)
    let whole = reference(examples, all, theta: values, l2: 0)
    let evaluation = objective.evaluate(at: theta, on: .test, noise: noise)
    #expect(abs(evaluation.cost / whole.cost - 1) < 1e-6)
    #expect(evaluation.error == Double(whole.wrong) / Double(count))
  }

  @Test func `the gradient is the slope of the cost`() {
    let examples = makeExamples(count: 40, features: 9, classes: 4, seed: 2)
    let objective = LogisticRegression(training: examples, test: examples, l2: 0.3)
    var random = TestRandom(4)
    let values = (0..<40).map { _ in random.uniform(-1, 1) }
    let minibatch = (0..<40).map(Int32.init)
    var gradient = FloatVector(count: objective.parameterCount)
    _ = minibatch.withUnsafeBufferPointer {
      objective.evaluateGradient(
        at: stored(values, objective), minibatch: $0, noise: noise, gradient: &gradient)
    }
    let slopes = values.indices.map { k in
      var (up, down) = (values, values)
      up[k] += 1e-5
      down[k] -= 1e-5
      let high = reference(examples, minibatch, theta: up, l2: 0.3)
      let low = reference(examples, minibatch, theta: down, l2: 0.3)
      return (high.cost + high.penalty - low.cost - low.penalty) / 2e-5
    }
    #expect(relativeError(logical(gradient, objective), slopes) < 1e-5)
  }

  @Test func `theta starts at zero with the cost of a guess`() {
    let examples = makeExamples(count: 100, features: 784, classes: 10, seed: 1)
    let objective = LogisticRegression(training: examples, test: examples, l2: 1e-4)
    let theta = objective.initialTheta(seed: 3)
    #expect(theta.count == 7850)
    #expect(objective.parameters.map(\.name) == ["weights", "bias"])
    let evaluation = objective.evaluate(at: theta, on: .training, noise: noise)
    #expect(abs(evaluation.cost - log(10)) < 1e-6)
  }

  @Test func `gradients repeat bit for bit, whatever the minibatch before`() {
    let examples = makeExamples(count: 200, features: 784, classes: 10, seed: 8)
    let objective = LogisticRegression(training: examples, test: examples, l2: 1e-4)
    var random = TestRandom(4)
    let theta = FloatVector((0..<7850).map { _ in Float(random.uniform(-1, 1)) })
    let minibatch = (0..<128).map(Int32.init)
    var gradients: [FloatVector] = []
    for size in [128, 96, 128] {
      var gradient = FloatVector(repeating: .nan, count: 7850)
      _ = minibatch.prefix(size).withUnsafeBufferPointer {
        objective.evaluateGradient(at: theta, minibatch: $0, noise: noise, gradient: &gradient)
      }
      gradients.append(gradient)
    }
    #expect(gradients[0] == gradients[2])
    #expect(
      objective.evaluate(at: theta, on: .test, noise: noise)
        == objective.evaluate(at: theta, on: .test, noise: noise))
  }

  @Test func `divergence is seen and not hidden`() {
    let examples = makeExamples(count: 50, features: 20, classes: 3, seed: 8)
    let objective = LogisticRegression(training: examples, test: examples, l2: 0)
    for value in [Float.nan, .infinity] {
      var theta = FloatVector(count: objective.parameterCount)
      theta[objective.parameters[1].offset] = value
      #expect(objective.evaluate(at: theta, on: .test, noise: noise).cost.isNaN)
    }
    // A weight that no example uses.
    let blank = DenseExamples(
      shape: [32], features: .bytes([UInt8](repeating: 0, count: 320)),
      labels: [UInt8](repeating: 1, count: 10), classCount: 3)
    let unused = LogisticRegression(training: blank, test: blank, l2: 0)
    var broken = FloatVector(count: unused.parameterCount)
    broken[5] = .nan
    var gradient = FloatVector(count: unused.parameterCount)
    let cost = [Int32(0), 1].withUnsafeBufferPointer {
      unused.evaluateGradient(at: broken, minibatch: $0, noise: noise, gradient: &gradient)
    }
    #expect(cost.cost.isNaN)
    #expect(unused.evaluate(at: broken, on: .test, noise: noise).cost.isNaN)
    // Logits far beyond the range of exp.
    var theta = FloatVector(count: objective.parameterCount)
    theta[objective.parameters[1].offset] = 1e30
    let evaluation = objective.evaluate(at: theta, on: .test, noise: noise)
    #expect(evaluation.cost.isFinite && evaluation.cost > 1e29)
  }

  @Test func `rows are padded at their ends`() {
    let examples = makeExamples(count: 3, features: 5, classes: 4, seed: 9)
    let objective = LogisticRegression(training: examples, test: examples, l2: 0)
    let values = (0..<24).map { Double($0 + 1) }
    let theta = stored(values, objective)
    let found = objective.parameters.enumerated().flatMap { index, parameter in
      objective.storedPositions(ofPart: index).map {
        Double(theta[parameter.offset + Int($0)])
      }
    }
    #expect(found == values)
  }

  @Test func `a step allocates nothing`() {
    let examples = makeExamples(count: 300, features: 784, classes: 10, seed: 8)
    let objective = LogisticRegression(training: examples, test: examples, l2: 1e-4)
    let theta = objective.initialTheta(seed: 0)
    var gradient = FloatVector(count: 7850)
    let minibatch = (0..<128).map(Int32.init)
    minibatch.withUnsafeBufferPointer { minibatch in
      let step = {
        _ = objective.evaluateGradient(
          at: theta, minibatch: minibatch, noise: noise, gradient: &gradient)
      }
      step()
      #expect(allocations { for _ in 0..<10 { step() } }.count == 0)
    }
    // The counter does count.
    #expect(allocations { _ = FloatVector(count: 1000) }.count > 0)
  }
}
