import Numerics
import Optimizers
import Testing

@Suite struct TemporalAverageTests {
  private static let count = 5

  private func iterate(_ t: Int) -> [Float] {
    GradientSequence.random.gradient(t, count: Self.count)
  }

  @Test(arguments: [0, 0.5, 0.9, 0.999, 0.9999])
  func `the exponential average agrees with section 7.2 in Double`(beta: Double) {
    var average = TemporalAverage(.exponential(beta: beta), count: Self.count)
    var reference = [Double](repeating: 0, count: Self.count)
    var power = 1.0
    var uncorrected = FloatVector(count: Self.count)
    for t in 1...1000 {
      average.add(FloatVector(iterate(t)))
      power *= beta
      for (index, x) in iterate(t).enumerated() {
        reference[index] = beta * reference[index] + (1 - beta) * Double(x)
      }
      let found = average.value
      average.write(to: &uncorrected, corrected: false)
      for index in 0..<Self.count {
        #expect(abs(Double(found[index]) - reference[index] / (1 - power)) < 2e-6)
        #expect(abs(Double(uncorrected[index]) - reference[index]) < 2e-6)
      }
    }
  }

  @Test func `the correction makes the average of a constant that constant from the start`() {
    var average = TemporalAverage(.exponential(beta: 0.999), count: 1)
    var uncorrected: FloatVector = [0]
    for t in 1...100 {
      average.add([3])
      #expect(abs(average.value[0] - 3) < 1e-5)
      average.write(to: &uncorrected, corrected: false)
      #expect(uncorrected[0] < 0.31 * Float(t) / 100 + 0.01)
    }
  }

  @Test func `the mean is the mean`() {
    var average = TemporalAverage(.mean, count: Self.count)
    #expect(average.value == FloatVector(count: Self.count))
    var sum = [Double](repeating: 0, count: Self.count)
    for t in 1...1000 {
      average.add(FloatVector(iterate(t)))
      for (index, x) in iterate(t).enumerated() { sum[index] += Double(x) }
      for index in 0..<Self.count {
        #expect(abs(Double(average.value[index]) - sum[index] / Double(t)) < 1e-6)
      }
    }
  }

  @Test(arguments: OptimizerRegistry.all.map(\.name))
  func `wrapped around an optimizer it changes no step, and is restored bit for bit`(
    name: String
  ) throws {
    for kind in [TemporalAverage.Kind.mean, .exponential(beta: 0.9)] {
      func make() throws -> AveragedOptimizer {
        AveragedOptimizer(
          try OptimizerRegistry.make(name, count: Self.count), averaging: kind, count: Self.count)
      }
      var plain = try OptimizerRegistry.make(name, count: Self.count)
      var wrapped = try make()
      wrapped.alpha = 0.125
      plain.alpha = 0.125
      #expect(wrapped.alpha == 0.125)
      var byHand = TemporalAverage(kind, count: Self.count)
      var (a, b) = (FloatVector(count: Self.count), FloatVector(count: Self.count))
      for t in 1...10 {
        plain.step(&a, gradient: FloatVector(iterate(t)))
        wrapped.step(&b, gradient: FloatVector(iterate(t)))
        byHand.add(a)
      }
      #expect(a == b && wrapped.average.value == byHand.value)
      #expect(wrapped.average.value != a)

      var restored = try make()
      restored.alpha = 0.125
      #expect(restored.state.vectors.map(\.name) == wrapped.state.vectors.map(\.name))
      restored.state = wrapped.state
      var c = b
      wrapped.step(&b, gradient: FloatVector(iterate(11)))
      restored.step(&c, gradient: FloatVector(iterate(11)))
      #expect(b == c && wrapped.average.value == restored.average.value)
      #expect(wrapped.state == restored.state)
    }
  }

  @Test func `averages of two kinds stand side by side and are restored`() throws {
    let kinds = [TemporalAverage.Kind.exponential(beta: 0.9), .mean]
    func make() throws -> AveragedOptimizer {
      let base = AveragedOptimizer(
        try OptimizerRegistry.make("adam", count: Self.count), averaging: kinds[0],
        count: Self.count)
      return AveragedOptimizer(base, averaging: kinds[1], count: Self.count)
    }
    var optimizer = try make()
    var theta = FloatVector(count: Self.count)
    var byHand = kinds.map { TemporalAverage($0, count: Self.count) }
    for t in 1...5 {
      optimizer.step(&theta, gradient: FloatVector(iterate(t)))
      for index in byHand.indices { byHand[index].add(theta) }
    }
    var restored = try make()
    restored.state = optimizer.state
    for (kind, expected) in zip(kinds, byHand) {
      #expect(optimizer.average(kind)?.value == expected.value)
      #expect(restored.average(kind)?.value == expected.value)
    }
    #expect(optimizer.average(.exponential(beta: 0.5))?.value == nil)
  }
}
