import Numerics
import Optimizers
import Testing

/// One parameter's update in `Double`: the method's box, word for word. It keeps its own state.
typealias ScalarUpdate = (_ theta: Double, _ g: Double, _ alpha: Double) -> Double

/// The gradients that every method has to stand.
enum GradientSequence: UInt32, CaseIterable, Sendable {
  case random, sparse, huge, tiny, constant

  /// The gradient of step `t` (from 1): `count` elements.
  func gradient(_ t: Int, count: Int) -> [Float] {
    var stream = RandomStream(seed: 0, purpose: .test, epoch: Int(rawValue), step: t)
    return (0..<count).map { index in
      switch self {
      case .random: stream.nextNormal()
      case .sparse: stream.nextUniform() < 0.01 ? stream.nextNormal() : 0
      // A sum of 1000 squares of these is just within a float.
      case .huge: (stream.nextUniform() * 2 - 1) * 0.9e18
      case .tiny: stream.nextNormal() * 1e-30
      case .constant: Float(sign: index % 2 == 0 ? .plus : .minus, exponent: -index, significand: 1)
      }
    }
  }
}

/// A method, its reference, and the checks that every method has to pass.
struct MethodUnderTest: Sendable {
  let name: String
  /// A value for every hyperparameter that is not its default.
  let unusual: [String: Double]
  /// The method's box in `Double` with the given hyperparameters.
  let reference: @Sendable ([String: Double]) -> ScalarUpdate

  static let count = 17
  static let theta0 = (0..<count).map { Float($0 - 8) / 8 + 0.06 }

  var description: MethodDescription {
    get throws { try #require(OptimizerRegistry.all.first { $0.name == name }) }
  }

  var defaults: [String: Double] {
    get throws {
      try Dictionary(
        uniqueKeysWithValues: description.hyperparameters.map { ($0.name, $0.default) })
    }
  }

  /// `theta` after each of `steps` steps.
  func trajectory(
    _ hyperparameters: [String: Double], _ sequence: GradientSequence = .random, steps: Int,
    scale: Float = 1, schedule: Schedule = .constant
  ) throws -> [[Float]] {
    var optimizer = try OptimizerRegistry.make(
      name, hyperparameters: hyperparameters, count: Self.count)
    var theta = FloatVector(Self.theta0)
    let base = optimizer.alpha
    return (1...steps).map { t in
      optimizer.alpha = schedule.alpha(base: base, step: t, epoch: 1)
      let gradient = sequence.gradient(t, count: Self.count).map { $0 * scale }
      optimizer.step(&theta, gradient: FloatVector(gradient))
      return theta.array
    }
  }

  /// 1000 steps against the reference: the error of each element stays within 1e-5 of the largest
  /// magnitude that it has had. Equal steps have equal rounding errors, which add up to more than
  /// that in any `Float`; so the reference runs a second time with nothing but `theta` rounded to
  /// `Float` after each step, and either may be met.
  func checkAgreement(_ sequence: GradientSequence) throws {
    let usual = try defaults.merging(["alpha": name == "adadelta" ? 1 : 0x1p-10]) { $1 }
    try checkAgreement(sequence, usual, .constant)
    try checkAgreement(sequence, unusual, .constant)
    if sequence != .constant {
      try checkAgreement(sequence, unusual, .inverseSquareRoot(of: .step))
    }
  }

  private func checkAgreement(
    _ sequence: GradientSequence, _ hyperparameters: [String: Double], _ schedule: Schedule
  ) throws {
    let steps = 1000
    let found = try trajectory(hyperparameters, sequence, steps: steps, schedule: schedule)
    let updates = (0..<Self.count).map { _ in reference(hyperparameters) }
    let updatesOfRounded = (0..<Self.count).map { _ in reference(hyperparameters) }
    var theta = Self.theta0.map(Double.init)
    var rounded = Self.theta0
    var largest = theta.map { abs($0) }
    var worst = (error: 0.0, step: 0, index: 0)
    let base = try #require(hyperparameters["alpha"])
    for t in 1...steps {
      let alpha = schedule.alpha(base: base, step: t, epoch: 1)
      for (index, g) in sequence.gradient(t, count: Self.count).enumerated() {
        theta[index] = updates[index](theta[index], Double(g), alpha)
        largest[index] = max(largest[index], abs(theta[index]))
        rounded[index] = Float(updatesOfRounded[index](Double(rounded[index]), Double(g), alpha))
        let value = found[t - 1][index]
        let distance = min(abs(Double(value) - theta[index]), Double(abs(value - rounded[index])))
        let error = distance / largest[index]
        if !(error <= worst.error) { worst = (error, t, index) }
      }
    }
    #expect(
      worst.error <= 1e-5, "\(name) \(sequence) \(schedule): \(worst) with \(hyperparameters)")
    if sequence != .tiny {
      #expect(found[steps - 1] != Self.theta0, "\(name) does not move")
    }
  }

  /// Every hyperparameter, changed alone, changes the trajectory.
  func checkHyperparameters() throws {
    let usual = try defaults
    #expect(Set(usual.keys) == Set(unusual.keys))
    let before = try trajectory(usual, steps: 20)
    for (hyperparameter, value) in unusual {
      let after = try trajectory(usual.merging([hyperparameter: value]) { $1 }, steps: 20)
      #expect(before != after, "\(hyperparameter) of \(name) changes nothing")
    }
  }

  /// A saved state that is put into a new optimizer continues bit for bit; the state has what the
  /// registry says.
  func checkRestoring() throws {
    func make() throws -> any Optimizer {
      try OptimizerRegistry.make(name, hyperparameters: unusual, count: Self.count)
    }
    var original = try make()
    let empty = original.state
    #expect(empty.step == 0)
    let vectors = try description.stateVectors
    #expect(empty.vectors.map(\.name) == vectors)
    var theta = FloatVector(Self.theta0)
    func gradient(_ t: Int) -> FloatVector {
      FloatVector(GradientSequence.random.gradient(t, count: Self.count))
    }
    for t in 1...10 { original.step(&theta, gradient: gradient(t)) }

    let saved = original.state
    #expect(saved.step == 10 && (vectors.isEmpty || saved != empty))
    #expect(saved.scalars.map(\.name) == empty.scalars.map(\.name))
    #expect(saved.vectors.map(\.name) == empty.vectors.map(\.name))
    #expect(saved.vectors.map(\.values.count) == empty.vectors.map(\.values.count))
    var restored = try make()
    restored.state = saved
    #expect(restored.state == saved)
    var restoredTheta = theta
    for t in 11...20 {
      original.step(&theta, gradient: gradient(t))
      restored.step(&restoredTheta, gradient: gradient(t))
    }
    #expect(theta == restoredTheta && original.state == restored.state)
    // What was saved is a value: the steps since have not touched it.
    #expect(saved.step == 10 && saved != original.state)
  }

  /// A gradient of zero, before any other, moves nothing even with `epsilon` = 0; a NaN reaches
  /// `theta`, but only where it is.
  func checkZeroAndNaN() throws {
    var hyperparameters = try defaults
    if hyperparameters["epsilon"] != nil { hyperparameters["epsilon"] = 0 }
    if hyperparameters["initial-accumulator"] != nil { hyperparameters["initial-accumulator"] = 0 }
    if hyperparameters["weight-decay"] != nil { hyperparameters["weight-decay"] = 0 }
    var optimizer = try OptimizerRegistry.make(
      name, hyperparameters: hyperparameters, count: Self.count)
    var theta = FloatVector(Self.theta0)
    for _ in 0..<3 { optimizer.step(&theta, gradient: FloatVector(count: Self.count)) }
    #expect(theta.array == Self.theta0)

    var gradient = FloatVector(repeating: 1, count: Self.count)
    gradient[3] = .nan
    optimizer.step(&theta, gradient: gradient)
    #expect(theta[3].isNaN)
    #expect(theta.array.filter(\.isNaN).count == 1)
  }

  /// With gradients that no sum of squares can hold there is no NaN, nor infinity where the method
  /// divides by their size.
  func checkOverflow(staysFinite: Bool = true) throws {
    var optimizer = try OptimizerRegistry.make(name, hyperparameters: defaults, count: Self.count)
    var theta = FloatVector(Self.theta0)
    for t in 0..<20 {
      let gradient = FloatVector(repeating: t % 2 == 0 ? 1e25 : 1, count: Self.count)
      optimizer.step(&theta, gradient: gradient)
    }
    #expect(theta.array.allSatisfy { staysFinite ? $0.isFinite : !$0.isNaN })
  }

  /// Nothing is copied: the vectors stay where they are while steps are made.
  func checkMemory() throws {
    var optimizer = try OptimizerRegistry.make(name, count: Self.count)
    var theta = FloatVector(Self.theta0)
    let gradient = FloatVector(repeating: 1, count: Self.count)
    func places() -> [Int] {
      (optimizer.state.vectors.map(\.values) + [theta]).map {
        $0.withUnsafeBufferPointer { Int(bitPattern: $0.baseAddress) }
      }
    }
    let before = places()
    for _ in 0..<3 { optimizer.step(&theta, gradient: gradient) }
    #expect(places() == before)
  }

  func checkAll() throws {
    try checkHyperparameters()
    try checkRestoring()
    try checkZeroAndNaN()
    try checkOverflow()
    try checkMemory()
  }

  /// With `epsilon` = 0, gradients times a power of two give the same bits of `theta`.
  func checkRescaling() throws {
    let zero = try defaults.merging(["epsilon": 0]) { $1 }.filter { key, _ in
      try defaults[key] != nil
    }
    let plain = try trajectory(zero, steps: 100)
    for exponent in [-20, -1, 1, 30] {
      let scaled = try trajectory(
        zero, steps: 100, scale: Float(sign: .plus, exponent: exponent, significand: 1))
      #expect(plain == scaled, "times 2^\(exponent)")
    }
  }
}
