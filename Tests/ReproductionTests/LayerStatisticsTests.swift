import Networks
import Numerics
import Optimizers
import Reproduction
import Testing

@Suite struct LayerStatisticsTests {
  /// One part whose rows are padded to `stride`; the gradient is constant.
  private final class PaddedObjective: Objective {
    let parameters: [Parameter]
    private let stride: Int
    private let element: (_ row: Int, _ column: Int) -> Float

    init(
      rows: Int, columns: Int, stride: Int,
      gradient element: @escaping (_ row: Int, _ column: Int) -> Float
    ) {
      self.stride = stride
      self.element = element
      parameters = [
        Parameter(name: "first", shape: [16], offset: 0, storedCount: 16),
        Parameter(
          name: "padded", shape: [rows, columns], offset: 16, storedCount: rows * stride),
      ]
    }

    func storedPositions(ofPart index: Int) -> [Int32] {
      let shape = parameters[index].shape
      guard shape.count == 2 else { return Array(0..<Int32(shape[0])) }
      return (0..<shape[0] * shape[1]).map { Int32($0 / shape[1] * stride + $0 % shape[1]) }
    }

    func count(of split: Split) -> Int { 1 }
    func initialTheta(seed: UInt64) -> FloatVector { FloatVector(count: parameterCount) }
    func evaluateGradient(
      at theta: FloatVector, minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey,
      gradient: inout FloatVector
    ) -> MinibatchCost {
      let shape = parameters[1].shape
      for row in 0..<shape[0] {
        for column in 0..<shape[1] { gradient[16 + row * stride + column] = element(row, column) }
      }
      return MinibatchCost(cost: 0, penalty: 0)
    }
    func penalty(at theta: FloatVector) -> Double { 0 }
    func evaluate(at theta: FloatVector, on split: Split, noise: NoiseKey) -> Evaluation {
      Evaluation(cost: 0, error: nil)
    }
  }

  /// What the probes say after one step of Adam along the gradient whose element in row and column
  /// of `padded` is given.
  private func measure(
    rows: Int, columns: Int, stride: Int, epsilon: Double = 1e-8,
    gradient element: @escaping (_ row: Int, _ column: Int) -> Float
  ) throws -> [String: [Double]] {
    let objective = PaddedObjective(
      rows: rows, columns: columns, stride: stride, gradient: element)
    let process = TrainingProcess(
      RunSpecification(
        experiment: "padded", method: "adam", seed: 0, epochs: 1, minibatch: 1, data: "none"),
      objective: objective,
      optimizer: Adam(count: objective.parameterCount, alpha: 0.01, epsilon: epsilon),
      schedule: try Schedule.parse("constant"),
      probes: LayerStatistics.probes(layers: ["padded"]))
    #expect(try process.advance { false } == .finished)
    return Dictionary(
      uniqueKeysWithValues: process.series.map { series in
        // Before the first step there is nothing to see.
        let half = series.values.count / 2
        return (series.name, Array(series.values.dropFirst(half)))
      })
  }

  @Test func `padding is left out`() throws {
    // Three of four stored elements are padding, which never has a gradient.
    let found = try measure(rows: 5, columns: 4, stride: 16) { row, _ in Float(row + 1) }
    #expect(found["root_v_below_epsilon"] == [0])
    let roots = try #require(found["root_v"])
    #expect(roots.count == LayerStatistics.quantiles.count)
    #expect(abs(roots[0] - 1) < 1e-4 && abs(roots[2] - 3) < 1e-4 && abs(roots[4] - 5) < 1e-4)
    let step = try #require(found["median_step"]?.first)
    #expect(abs(step - 0.01) < 1e-6)
  }

  @Test func `vanished moments are counted`() throws {
    let found = try measure(rows: 10, columns: 10, stride: 16) { row, _ in row < 3 ? 1e-12 : 1 }
    #expect(found["root_v_below_epsilon"] == [0.3])
  }

  @Test func `epsilon is that of the optimizer`() throws {
    let found = try measure(rows: 10, columns: 10, stride: 16, epsilon: 0.5) { row, _ in
      row < 3 ? 0.1 : 1
    }
    #expect(found["root_v_below_epsilon"] == [0.3])
    // The median step, 0.01 * 1 / (1 + 0.5).
    let step = try #require(found["median_step"]?.first)
    #expect(abs(step - 0.01 / 1.5) < 1e-6)
  }

  /// Every fifth unit is dead; a step of 5 through the 100 x 1000 weights would see none else.
  @Test func `the sample is spread over units and inputs`() throws {
    let found = try measure(rows: 100, columns: 1000, stride: 1008) { _, column in
      column % 5 == 0 ? 0 : 1
    }
    let share = try #require(found["root_v_below_epsilon"]?.first)
    #expect(abs(share - 0.2) < 0.001)
  }
}
