import Glibc
import Numerics
import OptimizerChecks
import Optimizers
import Testing

/// Gradients of many sizes, some of them zero, that fall after half of the steps.
struct Problem {
  static let count = 20
  let steps: Int
  let theta0: [Float]
  private(set) var gradients: [Float] = []

  init(steps: Int = 50, sizes: ClosedRange<Float> = -9...1, zeros: Float = 0.2, seed: Int = 0) {
    self.steps = steps
    var stream = RandomStream(seed: 0, purpose: .test, epoch: seed, step: 0)
    let scales = (0..<Self.count).map { _ in
      pow(10, sizes.lowerBound + stream.nextUniform() * (sizes.upperBound - sizes.lowerBound))
    }
    theta0 = (0..<Self.count).map { _ in stream.nextNormal() }
    for step in 0..<steps {
      for scale in scales {
        let g = stream.nextNormal() * scale * (2 * step >= steps ? 0.1 : 1)
        gradients.append(stream.nextUniform() < zeros ? 0 : g)
      }
    }
  }

  /// A trajectory of the method by its kernel.
  func trajectory(
    _ name: String, _ hyperparameters: [String: Double] = [:], schedule: Schedule = .constant
  ) throws -> Trajectory {
    var optimizer = try OptimizerRegistry.make(
      name, hyperparameters: hyperparameters, count: Self.count)
    let alpha = optimizer.alpha
    var (theta, path) = (FloatVector(theta0), [Double]())
    for step in 0..<steps {
      optimizer.alpha = schedule.alpha(base: alpha, step: step + 1, epoch: 1)
      optimizer.step(&theta, gradient: FloatVector(gradient(step)))
      path += theta.array.map(Double.init)
    }
    return try trajectory(
      path, scales: (1...steps).map { schedule.alpha(base: 1, step: $0, epoch: 1) })
  }

  func gradient(_ step: Int) -> [Float] {
    Array(gradients[step * Self.count..<(step + 1) * Self.count])
  }

  func trajectory(_ theta: [Double], scales: [Double]? = nil) throws -> Trajectory {
    try Trajectory(
      place: "mine.h5", theta0: theta0.map(Double.init), gradients: gradients.map(Double.init),
      gradientsShape: [steps, Self.count], theta: theta, thetaShape: [steps, Self.count],
      scales: scales)
  }

  /// Somebody's Adam with a fault, in the arithmetic of `Number`.
  func faulty<Number: BinaryFloatingPoint>(_ fault: Fault, in: Number.Type) throws -> Trajectory {
    let (alpha, beta1, beta2, epsilon) = (Number(0.002), Number(0.8), Number(0.98), Number(1e-7))
    var theta = theta0.map { Number($0) }
    var m = [Number](repeating: 0, count: Self.count)
    var v = m
    var path: [Double] = []
    var t = 0
    for step in 0..<steps {
      if fault == .lostPowers && step == 25 { t = 0 }
      t += 1
      let clock = Double(fault == .counter ? t + 1 : t)
      let first = fault == .noCorrection ? 1 : Number(1 - pow(0.8, clock))
      let second = fault == .noCorrection ? 1 : Number(1 - pow(0.98, clock))
      for (index, plain) in gradient(step).enumerated() {
        if fault == .lazy && plain == 0 { continue }
        let g = Number(plain) + (fault == .coupledDecay ? Number(0.02) * theta[index] : 0)
        m[index] = beta1 * m[index] + (1 - beta1) * g
        v[index] = beta2 * v[index] + (1 - beta2) * g * g
        let vhat = v[index] / second
        let root =
          fault == .epsilonInside ? (vhat + epsilon).squareRoot() : vhat.squareRoot() + epsilon
        theta[index] -= alpha * (m[index] / first) / root
      }
      path += theta.map { Double($0) }
    }
    return try trajectory(path)
  }

  enum Fault: String, CaseIterable, Sendable {
    case noCorrection, epsilonInside, coupledDecay, counter, lostPowers, lazy

    var name: String { self == .noCorrection ? "adam-uncorrected" : "adam" }

    var title: String {
      switch self {
      case .noCorrection: "without bias correction"
      case .epsilonInside: "epsilon inside the root"
      case .coupledDecay: "decay coupled"
      case .counter: "step counter off by one"
      case .lostPowers: "beta powers lost on resume: bias correction starts anew at step 26"
      case .lazy: "lazy sparse updates"
      }
    }
  }
}

@Suite struct IdentificationTests {
  @Test(arguments: OptimizerRegistry.all.map(\.name))
  func `names every method of the registry from 50 steps`(name: String) throws {
    let method = try OptimizerRegistry.method(name)
    let trajectory = try Problem().trajectory(name, schedule: .inverseSquareRoot(of: .step))
    let found = try Identification(trajectory)
    #expect(found.isIdentified && found.match?.name == name, "\(found.text)")
    #expect(found.agreement < 2e-6 && found.text.contains("50 steps of 20 parameters"))
    let values = try #require(found.match).hyperparameters
    for (hyperparameter, value) in values {
      let expected = try #require(method.hyperparameter(hyperparameter)).default
      #expect(abs(value - expected) <= 2e-6 * expected, "\(hyperparameter): \(found.text)")
    }
  }

  @Test(arguments: Problem.Fault.allCases)
  func `names each fault from 50 steps, in either precision`(fault: Problem.Fault) throws {
    func check(_ trajectory: Trajectory, isDouble: Bool) throws {
      let found = try Identification(trajectory)
      #expect(found.isIdentified && found.match?.name == fault.name, "\(found.text)")
      #expect(found.text.contains(fault.title), "\(found.text)")
      #expect(found.isDouble == isDouble)
      let values = try #require(found.match).hyperparameters
      for (name, expected) in [("alpha", 0.002), ("beta1", 0.8), ("beta2", 0.98)] {
        let value = try #require(values.first { $0.name == name }).value
        #expect(abs(value - expected) < 1e-6 * expected, "\(found.text)")
      }
    }
    try check(Problem().faulty(fault, in: Float.self), isDouble: false)
    try check(Problem().faulty(fault, in: Double.self), isDouble: true)
  }

  @Test func `hyperparameters that are no defaults come out, to their last digit`() throws {
    let problem = Problem(seed: 1)
    for (name, values) in [
      ("adam", ["alpha": 0.0123, "beta1": 0.85, "beta2": 0.9975, "epsilon": 3e-6]),
      ("adamw", ["alpha": 0.0123, "beta1": 0.5, "beta2": 0.9, "weight-decay": 0.15]),
      ("rmsprop-momentum", ["alpha": 0.02, "rho": 0.8, "momentum": 0.6, "epsilon": 0.002]),
      ("nadam", ["alpha": 0.0071, "momentum-decay": 0.02]),
      ("adam", ["lambda": 0.99]),
    ] {
      let found = try Identification(problem.trajectory(name, values))
      #expect(found.match?.name == name, "\(found.text)")
      for (hyperparameter, expected) in values {
        let value = try #require(
          found.match?.hyperparameters.first { $0.name == hyperparameter }, "\(found.text)"
        ).value
        #expect(abs(value - expected) < 1e-3 * expected, "\(hyperparameter): \(found.text)")
      }
    }
  }

  @Test func `digits that rounding does not determine are not told`() throws {
    let hyperparameters = ["alpha": 0.00123456789, "beta1": 0.87654321, "beta2": 0.98765432]
    let single = try Identification(Problem().trajectory("adam", hyperparameters))
    let match = try #require(single.match)
    for (name, value) in match.hyperparameters where name != "epsilon" {
      let expected = try #require(hyperparameters[name])
      let deviation = try #require(match.deviations[name])
      #expect(deviation > 0 && abs(value - expected) <= 4 * deviation, "\(single.text)")
      // What is told is right to its last digit.
      let told = try #require(
        single.text.firstMatch(of: try Regex("\(name) = ([-0-9.e]+)(?: ± ([-0-9.e]+))?")))
      let shown = try #require(told.output[1].substring.flatMap { Double($0) })
      #expect(abs(shown - expected) <= 5 * deviation, "\(single.text)")
      if let spread = told.output[2].substring.flatMap({ Double($0) }) {
        #expect(spread <= 2 * deviation && deviation <= 2 * spread, "\(single.text)")
      }
    }
    #expect(
      single.text.contains("alpha = 0.00123456") && single.text.contains(" ± "), "\(single.text)")
    // Round numbers are told as they are.
    let usual = try Identification(Problem().trajectory("adam"))
    #expect(!usual.text.contains("±") && usual.text.contains("alpha = 0.001, "), "\(usual.text)")
  }

  @Test func `algorithm 1 is ruled out for Keras' form, with the step and the size`() throws {
    let trajectory = try Problem().trajectory("adam-epsilon-hat", ["epsilon": 1e-7])
    let found = try Identification(trajectory)
    let first = try #require(found.departures.first)
    #expect(first.name == "adam" && first.step == 1 && first.size > 1e-3)
    #expect(found.text.contains("adam is ruled out from step 1"))
  }

  @Test func `forms that are one with a constant stepsize are named together`() throws {
    let found = try Identification(Problem().trajectory("heavy-ball"))
    #expect(found.isIdentified && found.match?.name == "momentum")
    #expect(found.equals.map(\.name) == ["heavy-ball"])
    #expect(found.text.contains("a stepsize that changes"))
  }

  @Test func `where epsilon stands is left open if the gradients do not show it`() throws {
    let problem = Problem(sizes: 0...0.5, zeros: 0)
    let found = try Identification(problem.trajectory("adam"))
    #expect(found.isIdentified && found.match?.name == "adam", "\(found.text)")
    #expect(found.equals.contains { $0.name == "adam-epsilon-hat" })
    let bound = try #require(found.match?.epsilonBelow)
    #expect(bound >= 1e-8 && bound < 1e-3)
    #expect(found.text.contains("gradients of about epsilon's size"))
  }

  @Test func `one step and gradients of one size tell no method from another`() throws {
    let one = try Identification(Problem(steps: 1, zeros: 0).trajectory("adam"))
    #expect(!one.isIdentified && one.text.hasPrefix("1 step cannot tell"), "\(one.text)")
    #expect(one.text.contains("what would tell: at least 10 steps"))

    let constant = [Double](repeating: 1, count: 50)
    var (optimizer, theta, path) = (Adam(count: 1), [0.5] as FloatVector, [Double]())
    for _ in 0..<50 {
      optimizer.step(&theta, gradient: [1])
      path.append(Double(theta[0]))
    }
    let trajectory = try Trajectory(
      place: "mine.h5", theta0: [0.5], gradients: constant, gradientsShape: [50, 1], theta: path,
      thetaShape: [50, 1])
    let found = try Identification(trajectory)
    #expect(!found.isIdentified && found.text.contains("cannot tell between"), "\(found.text)")
    #expect(found.text.contains("adam") && found.text.contains("sgd"))
  }

  @Test func `what no method makes is told with the nearest and where they depart`() throws {
    let problem = Problem()
    var stream = RandomStream(seed: 0, purpose: .test, epoch: 77, step: 0)
    let found = try Identification(
      problem.trajectory(problem.gradients.map { _ in Double(stream.nextNormal()) }))
    #expect(found.match == nil && !found.isIdentified)
    #expect(found.text.contains("no known method makes these steps"))
    #expect(found.text.contains("departs at step 1"))
    #expect(found.text.contains("after clipping and averaging"))
  }

  @Test func `a first row that is the start, and gradients of the wrong sign, are told`() throws {
    let problem = Problem()
    let adam = try problem.trajectory("adam")
    let late = adam.theta0 + adam.theta.dropLast(Problem.count)
    let shifted = try Identification(problem.trajectory(late))
    #expect(shifted.match == nil && shifted.text.contains("leave out its first row"))

    let negated = try Identification(
      Trajectory(
        place: "mine.h5", theta0: adam.theta0, gradients: adam.gradients.map { -$0 },
        gradientsShape: [problem.steps, Problem.count], theta: adam.theta,
        thetaShape: [problem.steps, Problem.count]))
    #expect(negated.match?.name == "adam" && negated.hasWrongSign)
    #expect(negated.text.contains("with the negative gradients: they have the wrong sign"))
  }

  @Test(arguments: ["sgd", "adam", "adamw", "rmsprop"])
  func `theta that ascends is told, whatever the hyperparameters`(name: String) throws {
    let problem = Problem(seed: 2)
    let values: [String: Double] =
      switch name {
      case "adam", "adamw": ["beta1": 0.95, "beta2": 0.97, "epsilon": 2e-7]
      case "rmsprop": ["rho": 0.7]
      default: [:]
      }
    let down = try problem.trajectory(name, values)
    let up = try Trajectory(
      place: "mine.h5", theta0: down.theta0, gradients: down.gradients.map { -$0 },
      gradientsShape: [problem.steps, Problem.count], theta: down.theta,
      thetaShape: [problem.steps, Problem.count])
    let found = try Identification(up)
    #expect(found.match?.name == name && found.hasWrongSign, "\(found.text)")
  }

  @Test func `weight decay of SGD is no AdamW without adaptation`() throws {
    let problem = Problem()
    for (momentum, name) in [(0.0, "sgd"), (0.9, "momentum")] {
      var (theta, velocity) = (problem.theta0, [Float](repeating: 0, count: Problem.count))
      var path: [Double] = []
      for step in 0..<problem.steps {
        for (index, g) in problem.gradient(step).enumerated() {
          velocity[index] = Float(momentum) * velocity[index] + g + 0.1 * theta[index]
          theta[index] -= 0.05 * velocity[index]
        }
        path += theta.map(Double.init)
      }
      let found = try Identification(problem.trajectory(path))
      #expect(found.match?.name == "\(name) with weight decay", "\(found.text)")
      let values = try #require(found.match).hyperparameters
      #expect(values.contains { $0.name == "weight-decay" && abs($0.value - 0.1) < 1e-4 })
    }
  }

  @Test func `what only an epsilon without end would fit is no answer`() throws {
    // theta holds changes instead of parameters.
    let problem = Problem()
    let adam = try problem.trajectory("adam")
    let changes = adam.theta.indices.map { at in
      adam.theta[at] - (at < Problem.count ? adam.theta0[at] : adam.theta[at - Problem.count])
    }
    let found = try Identification(problem.trajectory(changes))
    #expect(found.match == nil, "\(found.text)")
  }

  @Test func `an epsilon above the gradients and a rate near one are settings all the same`() throws
  {
    // TensorFlow's advice of epsilon 1, with gradients that are not too small to show it.
    let problem = Problem(sizes: -3...(-1.7), zeros: 0)
    let found = try Identification(problem.trajectory("adam", ["alpha": 0.1, "epsilon": 1]))
    #expect(found.match?.name == "adam", "\(found.text)")
    let slow = try Problem().trajectory("adam", ["beta2": 0.999999])
    #expect(try Identification(slow, given: ["beta2": 0.999999]).match?.name == "adam")
    let given = try Identification(
      Problem(sizes: -8...(-5)).trajectory("adam", ["alpha": 1000, "epsilon": 1]),
      given: ["epsilon": 1])
    #expect(given.match?.name == "adam", "\(given.text)")
  }

  @Test(arguments: [
    ("amsgrad-corrected with decoupled weight decay", true),
    ("amsgrad-corrected with weight decay", false),
  ])
  func `names AMSGrad with weight decay, either way`(name: String, isDecoupled: Bool) throws {
    let problem = Problem()
    var theta = problem.theta0.map(Double.init)
    var (m, v, largest) = (theta.map { _ in 0.0 }, theta.map { _ in 0.0 }, theta.map { _ in 0.0 })
    var path: [Double] = []
    for step in 0..<problem.steps {
      for (index, plain) in problem.gradient(step).enumerated() {
        let g = Double(plain) + (isDecoupled ? 0 : 0.1 * theta[index])
        if isDecoupled { theta[index] *= 1 - 0.01 * 0.1 }
        m[index] = 0.9 * m[index] + 0.1 * g
        v[index] = 0.999 * v[index] + 0.001 * g * g
        largest[index] = max(largest[index], v[index])
        let t = Double(step + 1)
        let root = (largest[index] / (1 - pow(0.999, t))).squareRoot() + 1e-8
        theta[index] -= 0.01 * m[index] / (1 - pow(0.9, t)) / root
      }
      path += theta
    }
    let found = try Identification(problem.trajectory(path))
    #expect(found.match?.name == name && found.isDouble, "\(found.text)")
  }

  @Test(arguments: 0..<6)
  func `rates of many digits are not cut to fewer than the steps allow`(seed: Int) throws {
    let problem = Problem(seed: seed)
    for beta2 in [0.997784, 0.999405, 0.99979] {
      let found = try Identification(
        problem.trajectory("amsgrad-corrected", ["alpha": 0.0046, "beta1": 0.47, "beta2": beta2]))
      #expect(found.match?.name == "amsgrad-corrected", "\(found.text)")
      #expect(!found.hasFittedStepsizes, "\(found.text)")
    }
  }

  @Test func `a stepsize of 0 at first, given or not, is no missing row`() throws {
    let problem = Problem()
    var (optimizer, theta) = (Adam(count: Problem.count), FloatVector(problem.theta0))
    var path: [Double] = []
    let warmUp = (0..<problem.steps).map { min(1, Double($0) / 10) }
    for step in 0..<problem.steps {
      optimizer.alpha = 0.001 * warmUp[step]
      optimizer.step(&theta, gradient: FloatVector(problem.gradient(step)))
      path += theta.array.map(Double.init)
    }
    for scales in [warmUp, nil] {
      let found = try Identification(problem.trajectory(path, scales: scales))
      #expect(found.match?.name == "adam", "\(found.text)")
      #expect(found.hasFittedStepsizes == (scales == nil))
    }
  }

  @Test func `a stepsize that changes is found without being given`() throws {
    let problem = Problem()
    for name in ["adam", "adamw", "momentum"] {
      let made = try problem.trajectory(name, schedule: .inverseSquareRoot(of: .step))
      let found = try Identification(problem.trajectory(made.theta))
      #expect(found.match?.name == name && found.hasFittedStepsizes, "\(found.text)")
      #expect(found.text.contains("the stepsize changes, from "))
    }
    // Here the correction is a part of the stepsize.
    let made = try problem.trajectory("adam-epsilon-hat", schedule: .inverseSquareRoot(of: .step))
    let found = try Identification(problem.trajectory(made.theta))
    #expect(found.match?.name == "adam-uncorrected")
    #expect(found.text.contains("adam-epsilon-hat, whose bias correction is a factor"))
  }

  @Test func `without an answer the method that fits the most steps comes first`() throws {
    // Gradients are clipped from step 31 on, and the file does not say so.
    let problem = Problem()
    let whole = try problem.trajectory("adam")
    var gradients = whole.gradients
    for at in gradients.indices where at >= 30 * Problem.count {
      gradients[at] *= Double(1 + at % 3)
    }
    let found = try Identification(
      Trajectory(
        place: "mine.h5", theta0: whole.theta0, gradients: gradients,
        gradientsShape: [problem.steps, Problem.count], theta: whole.theta,
        thetaShape: [problem.steps, Problem.count]))
    #expect(found.match == nil)
    let first = try #require(found.departures.first)
    #expect(first.name == "adam" && first.step == 31, "\(found.text)")
    #expect(found.text.contains("adam fits up to step 30, departs at step 31"))
  }

  @Test func `given hyperparameters are taken as known`() throws {
    let trajectory = try Problem().trajectory("adam")
    let right = try Identification(trajectory, given: ["beta1": 0.9, "alpha": 0.001])
    #expect(right.match?.name == "adam" && right.isIdentified)
    let wrong = try Identification(trajectory, given: ["beta1": 0.8])
    #expect(wrong.match == nil, "\(wrong.text)")
    #expect(throws: IdentificationError.self) {
      try Identification(trajectory, given: ["rho": 0.7, "weight-decay": 0.1])
    }
  }

  @Test func `double numbers from single arithmetic are told as such`() throws {
    let problem = Problem()
    let single = try problem.trajectory("adam")
    // theta in double, its updates in single.
    var (theta, path) = (problem.theta0.map { Double($0) + 1e-9 }, [Double]())
    let start = theta
    for step in 0..<problem.steps {
      for index in theta.indices {
        let at = step * Problem.count + index
        let old = step == 0 ? single.theta0[index] : single.theta[at - Problem.count]
        theta[index] += Double(Float(single.theta[at] - old))
      }
      path += theta
    }
    let trajectory = try Trajectory(
      place: "mine.h5", theta0: start, gradients: single.gradients,
      gradientsShape: [problem.steps, Problem.count], theta: path,
      thetaShape: [problem.steps, Problem.count])
    let found = try Identification(trajectory)
    #expect(found.match?.name == "adam" && !found.isDouble, "\(found.text)")
    #expect(
      found.text.contains("the file holds double, in which it does not fit: computed in single"))
  }

  @Test func `wrong shapes and numbers are one line each`() throws {
    func expect(
      _ text: String, theta0: [Double] = [1, 2], gradients: [Double] = [1, 2, 3, 4],
      gradientsShape: [Int] = [2, 2], theta: [Double] = [1, 2, 3, 4], thetaShape: [Int] = [2, 2],
      scales: [Double]? = nil
    ) {
      #expect {
        try Trajectory(
          place: "mine.h5", theta0: theta0, gradients: gradients, gradientsShape: gradientsShape,
          theta: theta, thetaShape: thetaShape, scales: scales)
      } throws: { error in
        let description = "\(error)"
        return description.hasPrefix("mine.h5") && description.contains(text)
          && !description.contains("\n") && (error as? TrajectoryError)?.exitStatus == .badData
      }
    }
    expect(
      "gradients has 4 columns, theta0 2 elements; they must be equal", gradientsShape: [1, 4])
    expect(
      "gradients has 3 columns, theta0 2 elements; transpose it, a row is a step",
      gradients: [1, 2, 3, 4, 5, 6], gradientsShape: [2, 3])
    expect("theta has 1 columns", thetaShape: [4, 1])
    expect(
      "leave out its first row", theta: [1, 2, 3, 4, 5, 6], thetaShape: [3, 2])
    expect("theta has 1 rows", theta: [1, 2], thetaShape: [1, 2])
    expect(
      "theta of step 2 has nan at parameter 1; give the steps before it", theta: [1, 2, 3, .nan])
    expect(
      "gradients of step 1 has inf at parameter 0; begin where all numbers are finite",
      gradients: [.infinity, 1, 1, 1])
    expect("theta0 has nan at parameter 1; begin where all", theta0: [1, .nan])
    expect("all gradients are 0", gradients: [0, 0, 0, 0])
    expect("never leaves theta0", theta: [1, 2, 1, 2])
    expect("holds no step", gradients: [], gradientsShape: [0, 2], theta: [], thetaShape: [0, 2])
    expect("alpha has 1 elements", scales: [1])
    expect("numbers from 0 on", scales: [1, -1])
    expect("not all of them 0", scales: [0, 0])
  }
}
