import Glibc
import Numerics
import Optimizers
import Testing

@Suite struct SumOfFunctionsOptimizerTests {
  private typealias Optimizer = SumOfFunctionsOptimizer

  private func make(
    _ theta: FloatVector, _ count: Int, _ mode: SumOfFunctionsOptimizer.Mode = .reference,
    seed: UInt64 = 0, _ change: (inout SumOfFunctionsOptimizer.Options) -> Void = { _ in }
  ) throws -> SumOfFunctionsOptimizer {
    var options = SumOfFunctionsOptimizer.Options()
    options.mode = mode
    change(&options)
    return try SumOfFunctionsOptimizer(theta: theta, count: count, options: options, seed: seed)
  }

  // MARK: Convergence

  @Test(arguments: SumOfFunctionsOptimizer.Mode.allCases)
  func `a sum of 30 quadratics in 500 dimensions is minimised in 12 passes`(
    _ mode: SumOfFunctionsOptimizer.Mode
  ) throws {
    let sum = Quadratics(count: 30, dimension: 500, seed: 1)
    var optimizer = try make(Quadratics.start(500), 30, mode, seed: 1)
    var excess: [Double] = []
    for _ in 1...12 {
      for _ in 0..<30 { try optimizer.step(sum) }
      excess.append(sum.excess(at: optimizer.theta))
    }
    #expect(excess[5] < 1)
    #expect(excess[11] < 1e-6)
    #expect(optimizer.active.count == 30 && optimizer.collapses > 1)
  }

  @Test func `the auto-encoder of the authors' demonstration is ahead of tuned SGD`() throws {
    let sum = ExampleSum.autoencoder(count: 31, examples: 3100, seed: 0)
    let start = FloatVector(
      Quadratics.start(ExampleSum.autoencoderParameters).array.map { 0.1 * $0 })
    var optimizer = try make(start, 31)
    while optimizer.evaluations < 21 * 31 { try optimizer.step(sum) }
    let best = try (-5 ... -1).map { exponent in
      let alpha = pow(10, Double(exponent))
      return try sgd(sum, start, alpha: alpha, evaluations: 21 * 31)
    }.min()
    #expect(sum.mean(at: optimizer.theta) < (best ?? .nan))
  }

  @Test func `on logistic regression SFO is ahead of tuned SGD after each of ten passes`() throws {
    let sum = ExampleSum.logistic(count: 25, examples: 2000, dimension: 100, seed: 3)
    let start = FloatVector(count: 100)
    var optimizer = try make(start, 25)
    var minimiser = try make(start, 25)
    while minimiser.evaluations < 80 * 25 { try minimiser.step(sum) }
    let least = sum.mean(at: minimiser.theta)
    for pass in [3, 5, 10] {
      while optimizer.evaluations < pass * 25 { try optimizer.step(sum) }
      let best = try [1e-3, 3e-3, 1e-2, 3e-2, 0.1].map {
        try sgd(sum, start, alpha: $0, evaluations: pass * 25)
      }.min()
      #expect(sum.mean(at: optimizer.theta) - least < (best ?? .nan) - least)
    }
  }

  /// The mean cost that SGD reaches with the subfunctions in turn, in a new order for each pass.
  private func sgd(
    _ sum: ExampleSum, _ start: FloatVector, alpha: Double, evaluations: Int
  ) throws -> Double {
    var optimizer = try OptimizerRegistry.make(
      "sgd", hyperparameters: ["alpha": alpha], count: start.count)
    var theta = start
    var gradient = FloatVector(count: start.count)
    for pass in 0..<evaluations / sum.count {
      var stream = RandomStream(seed: 0, purpose: .minibatchOrder, epoch: pass)
      for index in stream.permutation(count: sum.count) {
        _ = sum.evaluate(Int(index), at: theta, gradient: &gradient)
        optimizer.step(&theta, gradient: gradient)
      }
    }
    let mean = sum.mean(at: theta)
    return mean.isNaN ? .infinity : mean
  }

  // MARK: Subspace

  /// `basis * coordinates`.
  private func full(_ coordinates: [Double], _ optimizer: inout SumOfFunctionsOptimizer) -> [Double]
  {
    var vector = [Double](repeating: 0, count: optimizer.theta.count)
    for index in 0..<optimizer.subspace.used {
      for (place, value) in optimizer.subspace.vector(index).enumerated() {
        vector[place] += coordinates[index] * Double(value)
      }
    }
    return vector
  }

  private func distance(_ a: [Double], _ b: FloatVector) -> Double {
    let difference = zip(a, b.array).reduce(0.0) {
      $0 + ($1.0 - Double($1.1)) * ($1.0 - Double($1.1))
    }
    let length = b.array.reduce(0.0) { $0 + Double($1) * Double($1) }
    return (difference / max(length, 1e-30)).squareRoot()
  }

  @Test(arguments: SumOfFunctionsOptimizer.Mode.allCases)
  func `growth and collapse keep the last gradients and positions, and an orthonormal basis`(
    _ mode: SumOfFunctionsOptimizer.Mode
  ) throws {
    let sum = Quadratics(count: 8, dimension: 700, seed: 5)
    var optimizer = try make(Quadratics.start(700), 8, mode)
    var sizes: Set<Int> = []
    // Those whose last evaluation is the one that was kept.
    var known: Set<Int> = []
    while optimizer.collapses < 4 {
      let (failures, collapses) = (optimizer.failures, optimizer.collapses)
      try optimizer.step(sum)
      sizes.insert(optimizer.subspaceDimension)
      let chosen = try #require(optimizer.report?.subfunction)
      if optimizer.failures == failures { known.insert(chosen) } else { known.remove(chosen) }
      for index in optimizer.collapses > collapses ? known.sorted() : [chosen]
      where known.contains(index) {
        let position = full(optimizer.models[index].position, &optimizer)
        let gradient = full(optimizer.models[index].gradient, &optimizer)
        #expect(distance(position, sum.lastTheta[index]) < 1e-5)
        #expect(distance(gradient, sum.lastGradient[index]) < 1e-5)
      }
      #expect(distance(full(optimizer.position, &optimizer), optimizer.theta) < 1e-5)
    }
    #expect(known.count > 5)
    #expect(sizes.max() == optimizer.subspace.capacity - 1)
    let used = optimizer.subspace.used
    let vectors = (0..<used).map { optimizer.subspace.vector($0).map(Double.init) }
    for first in 0..<used {
      for second in 0...first {
        let product = zip(vectors[first], vectors[second]).reduce(0.0) { $0 + $1.0 * $1.1 }
        #expect(abs(product - (first == second ? 1 : 0)) < 3e-5)
      }
    }
  }

  @Test func `fewer parameters than the subspace could have are their own coordinates`() throws {
    let sum = Quadratics(count: 12, dimension: 10, seed: 4)
    var optimizer = try make(Quadratics.start(10), 12)
    for _ in 0..<400 { try optimizer.step(sum) }
    #expect(optimizer.subspaceDimension == 10 && optimizer.collapses == 0)
    #expect(sum.excess(at: optimizer.theta) < 1e-6)
  }

  @Test func `it starts from zero in a random direction`() throws {
    let sum = Quadratics(count: 6, dimension: 200, seed: 4)
    var optimizer = try make(FloatVector(count: 200), 6)
    let before = sum.excess(at: optimizer.theta)
    for _ in 0..<120 { try optimizer.step(sum) }
    #expect(sum.excess(at: optimizer.theta) < 1e-2 * before)
  }

  // MARK: Curvature

  @Test func `the newest difference fulfils the secant condition`() throws {
    let sum = Quadratics(count: 5, dimension: 60, seed: 6)
    var optimizer = try make(Quadratics.start(60), 5)
    var checked = 0
    for _ in 0..<25 {
      try optimizer.step(sum)
      let model = optimizer.models[try #require(optimizer.report?.subfunction)]
      guard let newest = model.differences.first else { continue }
      let product = model.hessian.product(newest.position)
      let error = DenseAlgebra.norm(zip(product, newest.gradient).map { $0 - $1 })
      #expect(error < 1e-6 * DenseAlgebra.norm(newest.gradient))
      checked += 1
    }
    #expect(checked > 10)
  }

  @Test func `every model is positive definite where the costs are not convex`() throws {
    let sum = ExampleSum.autoencoder(count: 10, examples: 300, seed: 7)
    var optimizer = try make(Quadratics.start(ExampleSum.autoencoderParameters), 10)
    var negative = 0
    for _ in 0..<120 {
      try optimizer.step(sum)
      for model in optimizer.models where !model.differences.isEmpty {
        negative += model.differences.count {
          DenseAlgebra.dot($0.position, $0.gradient) < 0
        }
        var matrix = optimizer.hessian
        for index in matrix.elements.indices { matrix.elements[index] = 0 }
        for column in 0..<matrix.columns {
          var unit = [Double](repeating: 0, count: matrix.rows)
          unit[column] = 1
          for (row, value) in model.hessian.product(unit).enumerated() {
            matrix[row, column] = value
          }
        }
        let values = try #require(DenseAlgebra.eigen(matrix, vectors: false)).values
        #expect(values[0] > 0)
      }
    }
    #expect(negative > 0)
  }

  // MARK: Failed steps

  @Test(arguments: SumOfFunctionsOptimizer.Mode.allCases)
  func `a step over a cliff is taken back and the damping recovers`(
    _ mode: SumOfFunctionsOptimizer.Mode
  ) throws {
    let quadratics = Quadratics(count: 6, dimension: 40, seed: 8)
    let cliff = Cliff(quadratics)
    var optimizer = try make(Quadratics.start(40), 6, mode)
    var lowest = 1.0
    for step in 0..<300 {
      cliff.isOpen = step % 40 == 30
      try optimizer.step(cliff)
      lowest = min(lowest, optimizer.damping)
      // Later steps fail by rounding too, at the minimum.
      if step == 69 { #expect(optimizer.damping > 0.9) }
      #expect(try #require(optimizer.report).value.isFinite)
      #expect(!optimizer.theta.array.contains { !$0.isFinite })
    }
    #expect(optimizer.failures >= 5 && optimizer.evaluations > 300)
    #expect(lowest <= 0.75)
    #expect(quadratics.excess(at: optimizer.theta) < 1e-3)
  }

  @Test(arguments: SumOfFunctionsOptimizer.Mode.allCases)
  func `cost and gradient that are never finite end with the subfunction's number`(
    _ mode: SumOfFunctionsOptimizer.Mode
  ) throws {
    let sum = ExampleSum(count: 3, examples: 3, bend: { $0 == 1 ? .nan : $1 }) {
      _, theta, gradient in
      gradient[0] += Double(theta[0])
      return 0.5 * Double(theta[0]) * Double(theta[0])
    }
    var optimizer = try make([1, 2], 3, mode)
    let error = #expect(throws: SumOptimizerError.self) {
      for _ in 0..<50 { try optimizer.step(sum) }
    }
    guard case .notFinite(subfunction: 1, value: let value) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(value.isNaN)
  }

  // MARK: Choice

  @Test(arguments: SumOfFunctionsOptimizer.Mode.allCases)
  func `where no distance is a number one of the active is chosen`(
    _ mode: SumOfFunctionsOptimizer.Mode
  ) throws {
    let sum = Quadratics(count: 4, dimension: 30, seed: 1)
    var optimizer = try make(Quadratics.start(30), 4, mode)
    for _ in 0..<20 { try optimizer.step(sum) }
    for index in optimizer.models.indices {
      optimizer.models[index].position = optimizer.models[index].position.map { _ in .nan }
    }
    #expect(optimizer.active.contains(optimizer.select()))
  }

  @Test(arguments: SumOfFunctionsOptimizer.Mode.allCases)
  func `one subfunction, and a start with one, converge, and stay there`(
    _ mode: SumOfFunctionsOptimizer.Mode
  ) throws {
    for (count, dimension) in [(1, 5), (7, 12)] {
      let sum = Quadratics(count: count, dimension: dimension, seed: 3)
      var optimizer = try make(Quadratics.start(dimension), count, mode) { $0.initialActive = 1 }
      for _ in 0..<120 * count { try optimizer.step(sum) }
      #expect(optimizer.active.count == count)
      #expect(sum.excess(at: optimizer.theta) < 1e-5)
    }
  }

  @Test func `every subfunction gets a second evaluation before the next joins`() throws {
    let sum = Quadratics(count: 20, dimension: 100, seed: 3)
    var optimizer = try make(Quadratics.start(100), 20)
    var before = 2
    for _ in 0..<100 {
      try optimizer.step(sum)
      let active = optimizer.active
      if active.count > before {
        #expect(active.count == before + 1)
        #expect(active.count { optimizer.models[$0].evaluations < 2 } == 1)
      }
      before = active.count
    }
    #expect(before == 20)
  }

  // MARK: State

  @Test(arguments: SumOfFunctionsOptimizer.Mode.allCases, [3, 41, 77])
  func `a saved state goes on bit for bit`(
    _ mode: SumOfFunctionsOptimizer.Mode, _ steps: Int
  ) throws {
    let sum = ExampleSum.autoencoder(count: 9, examples: 90, seed: 2)
    let start = Quadratics.start(ExampleSum.autoencoderParameters)
    var whole = try make(start, 9, mode)
    for _ in 0..<steps { try whole.step(sum) }
    var resumed = try make(start, 9, mode)
    try resumed.restore(whole.state)
    #expect(resumed.state == whole.state)
    for _ in 0..<60 {
      try whole.step(sum)
      try resumed.step(sum)
    }
    #expect(resumed.theta.array.map(\.bitPattern) == whole.theta.array.map(\.bitPattern))
    #expect(resumed.report == whole.report && resumed.evaluations == whole.evaluations)
  }

  @Test func `the seed decides every choice`() throws {
    let sum = Quadratics(count: 9, dimension: 80, seed: 2)
    func run(seed: UInt64) throws -> [UInt32] {
      var optimizer = try make(Quadratics.start(80), 9, seed: seed)
      for _ in 0..<50 { try optimizer.step(sum) }
      return optimizer.theta.array.map(\.bitPattern)
    }
    #expect(try run(seed: 0) == run(seed: 0))
    #expect(try run(seed: 0) != run(seed: 1))
  }

  @Test func `what makes no sense is refused`() throws {
    #expect(throws: SumOptimizerError.noSubfunctions) { try make([1, 2], 0) }
    #expect(throws: SumOptimizerError.self) { try make([], 3) }
    #expect(throws: SumOptimizerError.self) { try make([.nan], 3) }
    #expect(throws: SumOptimizerError.self) { try make([1], 3) { $0.initialActive = 0 } }
    var reference = try make(Quadratics.start(50), 4)
    for (other, word) in [
      (try make(Quadratics.start(50), 4, .repaired), "mode"),
      (try make(Quadratics.start(50), 5), "number of subfunctions"),
      (try make(Quadratics.start(51), 4), "numbers"),
    ] {
      let before = reference.state
      let error = #expect(throws: SumOptimizerError.self) {
        try reference.restore(other.state)
      }
      #expect(error?.description.contains(word) == true)
      #expect(reference.state == before)
    }
  }

  @Test func `the registry makes it, and tells it from those that take gradients`() throws {
    let made = try OptimizerRegistry.makeSum(
      "sfo", hyperparameters: ["subfunctions": 7], theta: [1, 2, 3], seed: 0)
    #expect((made as? SumOfFunctionsOptimizer)?.count == 7)
    #expect(throws: OptimizerError.needsSum("sfo")) { try OptimizerRegistry.make("sfo", count: 3) }
    #expect(throws: OptimizerError.takesGradients("adam")) {
      try OptimizerRegistry.makeSum("adam", theta: [1], seed: 0)
    }
  }
}

/// Costs that are infinite while it is open, but for the evaluations after the first.
private final class Cliff: SumOfSubfunctions {
  let inner: Quadratics
  var isOpen = false {
    didSet { fell = false }
  }
  private var fell = false
  var count: Int { inner.count }

  init(_ inner: Quadratics) { self.inner = inner }

  func evaluate(_ index: Int, at theta: FloatVector, gradient: inout FloatVector) -> Double {
    let value = inner.evaluate(index, at: theta, gradient: &gradient)
    guard isOpen, !fell else { return value }
    fell = true
    return .infinity
  }
}
