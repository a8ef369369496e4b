import Foundation
import Networks
import Numerics
import TestSupport
import Testing

/// Random sparse examples; every fifth row is empty, the others have 1 to `longest` entries.
private func sparseExamples(count: Int, featureCount: Int, longest: Int, seed: UInt64)
  -> SparseExamples
{
  var random = TestRandom(seed)
  var offsets: [Int32] = [0]
  var columns: [Int32] = []
  var values: [Float] = []
  var labels: [UInt8] = []
  for row in 0..<count {
    let wanted = row % 5 == 3 ? 0 : 1 + random.below(longest)
    let chosen = Set((0..<wanted).map { _ in Int32(random.below(featureCount)) }).sorted()
    columns += chosen
    values += chosen.map { _ in Float(random.uniform() * 2 - 0.5) }
    offsets.append(Int32(columns.count))
    labels.append(UInt8(random.below(2)))
  }
  return SparseExamples(
    featureCount: featureCount, rowOffsets: offsets, columns: columns, values: values,
    labels: labels)
}

private func randomTheta(count: Int, seed: UInt64) -> FloatVector {
  var random = TestRandom(seed)
  return FloatVector((0..<count).map { _ in Float(random.uniform() - 0.5) })
}

/// The mean cost and the gradient without the penalty, in Double.
private func reference(_ examples: SparseExamples, rows: [Int32], theta: FloatVector)
  -> (cost: Double, gradient: [Double], errors: Int)
{
  var gradient = [Double](repeating: 0, count: theta.count)
  var cost = 0.0
  var errors = 0
  for row in rows.map(Int.init) {
    let entries = Int(examples.rowOffsets[row])..<Int(examples.rowOffsets[row + 1])
    var z = Double(theta[examples.featureCount])
    for k in entries {
      z += Double(examples.values[k]) * Double(theta[Int(examples.columns[k])])
    }
    let label = Double(examples.labels[row])
    let sigmoid = 1 / (1 + exp(-z))
    cost -= label * log(sigmoid) + (1 - label) * log(1 - sigmoid)
    errors += (z > 0) == (label == 1) ? 0 : 1
    let residual = (sigmoid - label) / Double(rows.count)
    for k in entries {
      gradient[Int(examples.columns[k])] += residual * Double(examples.values[k])
    }
    gradient[examples.featureCount] += residual
  }
  return (cost / Double(rows.count), gradient, errors)
}

private let key = NoiseKey(seed: 7, epoch: 2, step: 5)

private func gradient(
  of objective: SparseLogisticRegression, at theta: FloatVector, rows: [Int32],
  noise: NoiseKey = key
) -> (cost: MinibatchCost, gradient: [Float]) {
  // Whatever was in the vector before must not matter.
  var gradient = FloatVector(repeating: .nan, count: theta.count)
  let cost = rows.withUnsafeBufferPointer {
    objective.evaluateGradient(at: theta, minibatch: $0, noise: noise, gradient: &gradient)
  }
  return (cost, gradient.array)
}

@Suite struct SparseLogisticRegressionTests {
  let training = sparseExamples(count: 200, featureCount: 97, longest: 60, seed: 1)
  let test = sparseExamples(count: 1500, featureCount: 97, longest: 40, seed: 2)

  @Test(arguments: [1, 7, 80, 127, 128])
  func `the gradient agrees with the reference`(size: Int) {
    let l2 = 0.03
    let objective = SparseLogisticRegression(
      training: training, test: test, minibatchCapacity: 128,
      options: .init(inputDropout: 0, l2: l2))
    let theta = randomTheta(count: 98, seed: 3)
    let rows = (0..<size).map { Int32(($0 * 37 + 3) % 200) }
    let expected = reference(training, rows: rows, theta: theta)
    let actual = gradient(of: objective, at: theta, rows: rows)
    #expect(abs(actual.cost.cost - expected.cost) < 1e-6)
    var squares = 0.0
    for j in 0..<97 {
      let value = expected.gradient[j] + l2 * Double(theta[j])
      #expect(abs(Double(actual.gradient[j]) - value) < 1e-6)
      squares += Double(theta[j]) * Double(theta[j])
    }
    #expect(abs(Double(actual.gradient[97]) - expected.gradient[97]) < 1e-6)
    #expect(abs(actual.cost.penalty - l2 / 2 * squares) < 1e-9)
    #expect(abs(objective.penalty(at: theta) - l2 / 2 * squares) < 1e-9)
  }

  @Test(arguments: DropoutScaling.allCases)
  func `the gradient is the derivative of the cost, with dropout too`(scaling: DropoutScaling) {
    let objective = SparseLogisticRegression(
      training: training, test: test, minibatchCapacity: 64,
      options: .init(inputDropout: 0.3, dropoutScaling: scaling, l2: 0.1))
    let theta = randomTheta(count: 98, seed: 4)
    let rows = (0..<50).map { Int32($0 * 3) }
    let analytic = gradient(of: objective, at: theta, rows: rows).gradient
    let h: Float = 1.0 / 64
    for j in stride(from: 0, through: 97, by: 1) {
      var total = 0.0
      for sign: Float in [1, -1] {
        var moved = theta
        moved[j] += sign * h
        let cost = gradient(of: objective, at: moved, rows: rows).cost
        total += Double(sign) * (cost.cost + cost.penalty)
      }
      #expect(abs(total / Double(2 * h) - Double(analytic[j])) < 1e-4)
    }
  }

  @Test func `empty rows see the bias alone`() {
    let objective = SparseLogisticRegression(
      training: training, test: test, minibatchCapacity: 2, options: .init(inputDropout: 0.5))
    let actual = gradient(of: objective, at: randomTheta(count: 98, seed: 5), rows: [3, 8])
    #expect(actual.gradient[..<97].allSatisfy { $0 == 0 })
    #expect(actual.gradient[97] != 0)
    #expect(objective.initialTheta(seed: 3).array == [Float](repeating: 0, count: 98))
  }

  @Test func `masks depend on the key alone`() {
    let objective = SparseLogisticRegression(training: training, test: test, minibatchCapacity: 64)
    let another = SparseLogisticRegression(training: training, test: test, minibatchCapacity: 128)
    let theta = randomTheta(count: 98, seed: 6)
    let rows = (0..<64).map { Int32($0) }
    let first = gradient(of: objective, at: theta, rows: rows)
    for other in [
      NoiseKey(seed: 8, epoch: 2, step: 5), NoiseKey(seed: 7, epoch: 3, step: 5),
      NoiseKey(seed: 7, epoch: 2, step: 6),
    ] {
      #expect(gradient(of: objective, at: theta, rows: rows, noise: other) != first)
    }
    #expect(gradient(of: objective, at: theta, rows: rows) == first)
    #expect(gradient(of: another, at: theta, rows: rows) == first)
  }

  /// At theta = 0 every residual is +-1/2, so an entry's share of the gradient tells its mask.
  @Test(arguments: [0.2, 0.5], DropoutScaling.allCases)
  func `masks keep their share of entries`(rate: Double, scaling: DropoutScaling) {
    let columns = 500
    let examples = SparseExamples(
      featureCount: columns, rowOffsets: [0, Int32(columns), Int32(2 * columns)],
      columns: (0..<2 * columns).map { Int32($0 % columns) },
      values: [Float](repeating: 1, count: columns) + [Float](repeating: 3, count: columns),
      labels: [1, 0])
    let objective = SparseLogisticRegression(
      training: examples, test: examples, minibatchCapacity: 2,
      options: .init(inputDropout: rate, dropoutScaling: scaling))
    let keep = (65536 - (rate * 65536).rounded()) / 65536
    let factor = scaling == .inverted ? 1 / keep : 1
    let theta = FloatVector(count: columns + 1)
    var counts = [[Double]](repeating: [0, 0], count: columns)
    var both = 0.0
    let steps = 400
    for step in 0..<steps {
      let noise = NoiseKey(seed: 1, epoch: 0, step: step)
      let actual = gradient(of: objective, at: theta, rows: [0, 1], noise: noise).gradient
      for j in 0..<columns {
        // -1/4 of the first row's entry, +3/4 of the second's: four sums, one for each pair.
        let sum = Double(actual[j]) * 4 / factor
        let second = sum > 1.5
        let first = abs(sum - (second ? 2 : -1)) < 1e-4
        #expect(first || abs(sum - (second ? 3 : 0)) < 1e-4)
        counts[j][0] += first ? 1 : 0
        counts[j][1] += second ? 1 : 0
        both += first && second ? 1 : 0
      }
    }
    let draws = Double(steps * columns)
    let total = counts.reduce([0, 0]) { [$0[0] + $1[0], $0[1] + $1[1]] }
    let deviation = (keep * (1 - keep) / draws).squareRoot()
    #expect(abs(total[0] / draws - keep) < 5 * deviation)
    #expect(abs(total[1] / draws - keep) < 5 * deviation)
    #expect(abs(both / draws - keep * keep) < 5 * deviation)
    // No column is favoured.
    let columnDeviation = (keep * (1 - keep) / Double(steps)).squareRoot()
    #expect(counts.allSatisfy { abs($0[0] / Double(steps) - keep) < 6 * columnDeviation })
  }

  @Test(arguments: [Split.training, .test])
  func `the evaluation takes every example without dropout`(split: Split) throws {
    let objective = SparseLogisticRegression(
      training: training, test: test, minibatchCapacity: 16, options: .init(l2: 1))
    let theta = randomTheta(count: 98, seed: 9)
    let examples = split == .training ? training : test
    let expected = reference(examples, rows: (0..<Int32(examples.count)).map { $0 }, theta: theta)
    let actual = objective.evaluate(at: theta, on: split, noise: key)
    #expect(objective.count(of: split) == examples.count)
    #expect(abs(actual.cost - expected.cost) < 1e-6)
    #expect(try #require(actual.error) == Double(expected.errors) / Double(examples.count))
  }

  @Test func `the evaluation multiplies by the keep probability if training did not divide`() {
    let theta = randomTheta(count: 98, seed: 10)
    var halved = FloatVector(theta.array.map { $0 / 2 })
    halved[97] = theta[97]
    let options = SparseLogisticRegression.Options(dropoutScaling: .atEvaluation)
    let objective = SparseLogisticRegression(
      training: training, test: test, minibatchCapacity: 16, options: options)
    let plain = SparseLogisticRegression(training: training, test: test, minibatchCapacity: 16)
    let actual = objective.evaluate(at: theta, on: .test, noise: key)
    let expected = plain.evaluate(at: halved, on: .test, noise: key)
    #expect(abs(actual.cost - expected.cost) < 1e-7)
    #expect(actual.error == expected.error)
  }

  @Test func `huge logits stay finite`() {
    let objective = SparseLogisticRegression(
      training: training, test: test, minibatchCapacity: 16, options: .init(inputDropout: 0))
    let theta = FloatVector(repeating: 1e4, count: 98)
    let actual = gradient(of: objective, at: theta, rows: [0, 1, 2, 3])
    #expect(actual.cost.cost.isFinite)
    #expect(actual.gradient.allSatisfy { $0.isFinite })
  }

  @Test func `steps allocate nothing`() {
    let objective = SparseLogisticRegression(training: training, test: test, minibatchCapacity: 64)
    let theta = randomTheta(count: 98, seed: 11)
    var gradient = FloatVector(count: 98)
    let rows = (0..<64).map { Int32($0) }
    let step = {
      rows.withUnsafeBufferPointer {
        _ = objective.evaluateGradient(at: theta, minibatch: $0, noise: key, gradient: &gradient)
      }
    }
    step()
    #expect(allocations(in: step).count == 0)
  }
}
