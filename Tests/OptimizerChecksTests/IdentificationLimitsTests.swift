import Glibc
import Numerics
import OptimizerChecks
import Optimizers
import Testing

/// Gradients of any number of parameters, and what somebody's optimizer makes of them.
private struct Somebody {
  let steps: Int
  let count: Int
  let theta0: [Double]
  var gradients: [Double]

  /// Normal gradients, for each parameter times a power of ten between those of `sizes`.
  init(
    steps: Int, count: Int, sizes: ClosedRange<Float> = -9...1, start: Float = 1, seed: Int = 0
  ) {
    (self.steps, self.count) = (steps, count)
    var stream = RandomStream(seed: 1, purpose: .test, epoch: seed, step: count)
    let scales = (0..<count).map { index in
      let place = (Float(index) + stream.nextUniform()) / Float(count)
      return pow(10, sizes.lowerBound + place * (sizes.upperBound - sizes.lowerBound))
    }
    theta0 = (0..<count).map { _ in Double(start * stream.nextNormal()) }
    gradients = (0..<steps).flatMap { step in
      scales.map { Double(stream.nextNormal() * $0 * (2 * step >= steps ? 0.1 : 1)) }
    }
  }

  /// The trajectory of an update that changes `theta` and up to three numbers that it keeps.
  func trajectory<Number: BinaryFloatingPoint>(
    in: Number.Type, scales: [Double]? = nil,
    _ update: (_ step: Int, _ g: Number, _ theta: inout Number, _ kept: inout [Number]) -> Void
  ) throws -> Trajectory {
    var theta = theta0.map { Number($0) }
    var kept = theta.map { _ in [Number](repeating: 0, count: 3) }
    var path: [Double] = []
    for step in 0..<steps {
      for index in theta.indices {
        update(step + 1, Number(gradients[step * count + index]), &theta[index], &kept[index])
      }
      path += theta.map { Double($0) }
    }
    return try Trajectory(
      place: "mine.h5", theta0: theta0, gradients: gradients, gradientsShape: [steps, count],
      theta: path, thetaShape: [steps, count], scales: scales)
  }

  func adaBelief(epsilon: Double = 1e-8) throws -> Trajectory {
    try trajectory(in: Double.self) { step, g, theta, kept in
      kept[0] = 0.9 * kept[0] + 0.1 * g
      kept[1] = 0.999 * kept[1] + 0.001 * (g - kept[0]) * (g - kept[0]) + epsilon
      let (first, second) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
      theta -= 0.003 * kept[0] / first / ((kept[1] / second).squareRoot() + epsilon)
    }
  }

  func lion<Number: BinaryFloatingPoint>(
    in: Number.Type, beta1: Double = 0.9, beta2: Double = 0.99, decay: Double = 0.01
  ) throws -> Trajectory {
    try trajectory(in: Number.self) { _, g, theta, kept in
      let direction = Number(beta1) * kept[0] + Number(1 - beta1) * g
      theta -= 0.003 * ((direction > 0 ? 1 : direction < 0 ? -1 : 0) + Number(decay) * theta)
      kept[0] = Number(beta2) * kept[0] + Number(1 - beta2) * g
    }
  }

  /// Yogi (Zaheer et al. 2018), which is not known.
  func yogi() throws -> Trajectory {
    try trajectory(in: Double.self) { _, g, theta, kept in
      kept[0] = 0.9 * kept[0] + 0.1 * g
      let square = g * g
      let sign: Double = kept[1] > square ? 1 : kept[1] < square ? -1 : 0
      kept[1] -= 0.001 * sign * square
      theta -= 0.003 * kept[0] / (kept[1].squareRoot() + 1e-3)
    }
  }

  func adam<Number: BinaryFloatingPoint>(
    in: Number.Type, alpha: Double = 0.002, decay: Double = 0
  ) throws -> Trajectory {
    try trajectory(in: Number.self) { step, g, theta, kept in
      let g = g + Number(decay) * theta
      kept[0] = 0.9 * kept[0] + 0.1 * g
      kept[1] = 0.999 * kept[1] + 0.001 * g * g
      let first = Number(1 - pow(0.9, Double(step)))
      let second = Number(1 - pow(0.999, Double(step)))
      theta -= Number(alpha) * (kept[0] / first) / ((kept[1] / second).squareRoot() + 1e-8)
    }
  }
}

/// What the data do not tell, and what only seems to fit.
@Suite struct IdentificationLimitsTests {
  @Test func `beside a decay in the gradient no larger theta is advised for epsilon`() throws {
    let somebody = Somebody(steps: 30, count: 8, sizes: -1...1)
    let found = try Identification(somebody.adam(in: Float.self, decay: 0.05))
    #expect(found.match?.title.contains("decay coupled") == true, "\(found.text)")
    #expect(found.text.contains("epsilon not visible"), "\(found.text)")
    #expect(!found.text.contains("a larger theta"), "\(found.text)")
    #expect(found.text.contains("gradients of about epsilon's size, with theta near 0 there"))
  }

  @Test(arguments: 0..<6)
  func `a weight decay without end is no answer`(seed: Int) throws {
    // Momentum with a decay of its own, which is not known.
    let somebody = Somebody(steps: 10, count: 4, sizes: -9...(-5), start: 0.1, seed: seed)
    let found = try Identification(
      somebody.trajectory(in: Double.self) { _, g, theta, kept in
        kept[0] = 0.9 * kept[0] + g
        theta -= 0.1 * kept[0] + 0.01 * theta
      })
    for match in [found.match].compactMap(\.self) + found.equals {
      let decay = match.hyperparameters.first { $0.name == "weight-decay" }?.value ?? 0
      #expect(decay < 1000, "\(found.text)")
    }
  }

  @Test(arguments: 0..<4)
  func `four parameters and ten steps do not make a known method of another`(seed: Int) throws {
    let small = Somebody(steps: 10, count: 4, sizes: -9...(-4), start: 0.1, seed: seed)
    for trajectory in [try small.adaBelief(), try small.yogi()] {
      let found = try Identification(trajectory)
      #expect(!found.isIdentified, "\(found.text)")
      if found.match != nil {
        #expect(found.text.contains("from a method that is not known here"), "\(found.text)")
        #expect(found.text.contains("what would tell: 50 steps of 20 parameters"))
      }
    }
    // Known methods with round hyperparameters are told from as few.
    let adam = try Identification(
      Somebody(steps: 10, count: 4, start: 0.1, seed: seed).adam(in: Float.self))
    #expect(adam.isIdentified && adam.match?.name == "adam", "\(adam.text)")
  }

  @Test func `methods that are not known are none of these with enough data`() throws {
    let somebody = Somebody(steps: 50, count: 20)
    for trajectory in [try somebody.adaBelief(), try somebody.yogi()] {
      let found = try Identification(trajectory)
      #expect(found.match == nil && found.departures.count > 3, "\(found.text)")
      #expect(found.text.contains("no known method makes these steps"))
    }
  }

  @Test func `Lion and signSGD are told, and not from each other where gradients keep their sign`()
    throws
  {
    let somebody = Somebody(steps: 50, count: 20)
    for (trajectory, name, rates) in [
      (try somebody.lion(in: Double.self), "lion with weight decay", [0.9, 0.99]),
      (try somebody.lion(in: Float.self, decay: 0), "lion", [0.9, 0.99]),
      (
        try somebody.lion(in: Double.self, beta1: 0.95, beta2: 0.98, decay: 0), "lion",
        [0.95, 0.98]
      ),
      (try somebody.lion(in: Float.self, beta1: 0, decay: 0), "signsgd", []),
    ] {
      let found = try Identification(trajectory)
      #expect(found.isIdentified && found.match?.name == name, "\(found.text)")
      let values = found.match?.hyperparameters.filter { $0.name.hasPrefix("beta") }.map(\.value)
      #expect(values == rates, "\(found.text)")
      let alpha = try #require(found.match?.hyperparameters.first?.value)
      #expect(abs(alpha / 0.003 - 1) < 1e-3)
    }
    for decay in [0, 0.01] {
      var kept = somebody
      kept.gradients = kept.gradients.map(abs)
      let found = try Identification(kept.lion(in: Double.self, decay: decay))
      #expect(!found.isIdentified, "\(found.text)")
      #expect(found.text.contains("signsgd") && found.text.contains("lion"), "\(found.text)")
      #expect(found.text.contains("gradients that change their sign"), "\(found.text)")
    }
  }

  @Test func `a method that is nearer by far is told before one with fewer hyperparameters`()
    throws
  {
    // An epsilon of 1e-4 beside a start of 0.1 is nearly nothing.
    let somebody = Somebody(steps: 50, count: 8)
    let found = try Identification(
      somebody.trajectory(in: Double.self) { step, g, theta, kept in
        if step == 1 { kept[0] = 0.1 }
        kept[0] += g * g
        theta -= 0.01 * g / (kept[0].squareRoot() + 1e-7)
      })
    #expect(found.match?.name == "adagrad", "\(found.text)")
    let values = found.match?.hyperparameters.reduce(into: [:]) { $0[$1.name] = $1.value }
    #expect(values?["initial-accumulator"] == 0.1 && values?["epsilon"] == 1e-7, "\(found.text)")
  }

  @Test func `a given hyperparameter that excludes the match is named`() throws {
    let adam = try Somebody(steps: 30, count: 8).adam(in: Double.self)
    let found = try Identification(adam, given: ["beta2": 0.99])
    #expect(found.match == nil && found.excludedMatch?.name == "adam")
    #expect(found.text.contains("given beta2 = 0.99, which excludes what fits: adam: Adam, "))
  }

  @Test func `a decay or momentum of 0 that is given means the form without`() throws {
    let somebody = Somebody(steps: 30, count: 8)
    let adam = try somebody.adam(in: Double.self)
    let found = try Identification(adam, given: ["weight-decay": 0])
    #expect(found.match?.name == "adam", "\(found.text)")
    #expect(try Identification(adam, given: ["weight-decay": 0.1]).match == nil)
    let sgd = try somebody.trajectory(in: Double.self) { _, g, theta, _ in theta -= 0.1 * g }
    for given in ["momentum", "weight-decay"] {
      let found = try Identification(sgd, given: [given: 0])
      #expect(found.match?.name == "sgd", "\(found.text)")
    }
  }

  @Test(arguments: 0..<4)
  func `a single name is not told from itself`(seed: Int) throws {
    let somebody = Somebody(steps: 10, count: 4, sizes: 0...0, seed: seed)
    for alpha in [1.2e-7, 2.4e-7, 6e-7] {
      let found = try Identification(
        somebody.trajectory(in: Float.self) { _, g, theta, _ in theta -= Float(alpha) * g })
      let headline = found.text.prefix { $0 != "\n" }
      #expect(!headline.contains("between") || headline.contains(", "), "\(found.text)")
    }
  }

  @Test func `numbers near one and powers of ten are printed as they are`() throws {
    let somebody = Somebody(steps: 30, count: 8, start: 0.01)
    let slow = try somebody.trajectory(in: Double.self) { step, g, theta, kept in
      kept[0] = 0.9 * kept[0] + 0.1 * g
      kept[1] = 0.999_999_9 * kept[1] + 1e-7 * g * g
      let (first, second) = (1 - pow(0.9, Double(step)), 1 - pow(0.999_999_9, Double(step)))
      theta -= 0.003 * kept[0] / first / ((kept[1] / second).squareRoot() + 1e-18)
    }
    for trajectory in [slow] {
      let found = try Identification(trajectory, given: ["beta2": 0.999_999_9, "epsilon": 1e-18])
      #expect(found.text.contains("beta2 = 0.9999999, epsilon = 1e-18"), "\(found.text)")
    }
  }

  @Test func `a stepsize of 0 is told as 0`() throws {
    let somebody = Somebody(steps: 30, count: 8, start: 0.1)
    let found = try Identification(
      somebody.trajectory(in: Double.self) { step, g, theta, _ in
        theta -= 0.01 * Double(step % 7) * g
      })
    #expect(found.hasFittedStepsizes && found.text.contains("from 0 to 0.06"), "\(found.text)")
  }

  @Test func `what is ruled out is told with the hyperparameters that it has there`() throws {
    let keras = try Identification(Problem().trajectory("adam-epsilon-hat"))
    let lines = keras.text.split(separator: "\n").filter { $0.contains("is ruled out from") }
    #expect(lines.count == 3, "\(keras.text)")
    #expect(
      lines[0].contains("adam is ruled out from step 1 (")
        && lines[0].hasSuffix(", with these hyperparameters"))
    #expect(
      lines.dropFirst().allSatisfy { $0.hasSuffix(", with the hyperparameters that suit it best") })
    // What fits as well is not ruled out beside.
    let open = try Identification(Somebody(steps: 30, count: 8, sizes: 0...1).adam(in: Float.self))
    for equal in open.equals {
      #expect(!open.text.contains("\(equal.name) is ruled out"), "\(open.text)")
    }
  }

  @Test func `a schedule beside stepsizes is refused`() throws {
    let schedule = try Schedule.parse("alpha/sqrt(step)")
    #expect {
      try Trajectory.stepsizes(place: "mine.h5", given: [1, 1], schedule: schedule, steps: 2)
    } throws: { error in
      "\(error)"
        == "mine.h5 holds alpha, the stepsize of each step, and --schedule alpha/sqrt(step) gives it too; "
        + "leave one of them out" && (error as? TrajectoryError)?.exitStatus == .usage
    }
    #expect(throws: TrajectoryError.self) {
      try Trajectory.stepsizes(place: "mine.h5", given: [3, 1], schedule: .constant, steps: 2)
    }
    let given = try Trajectory.stepsizes(
      place: "mine.h5", given: [3, 3], schedule: .constant, steps: 2)
    #expect(given == [3, 3])
    let made = try Trajectory.stepsizes(
      place: "mine.h5", given: nil, schedule: schedule, steps: 4)
    #expect(made?.last == 0.5)
    // Without alpha it says that there is one stepsize.
    let constant = try Trajectory.stepsizes(
      place: "mine.h5", given: nil, schedule: .constant, steps: 2)
    #expect(constant == [1, 1])
    #expect(
      try Trajectory.stepsizes(place: "mine.h5", given: nil, schedule: nil, steps: 2) == nil)
  }

  /// Adam with its bias corrections, and its stepsize, as functions of the step.
  private func adam<Number: BinaryFloatingPoint>(
    in type: Number.Type, sizes: ClosedRange<Float> = -9...1,
    alpha: @escaping (Double) -> Double = { _ in 0.001 }, scales: [Double]? = nil,
    _ first: @escaping (Double) -> Double, _ second: @escaping (Double) -> Double
  ) throws -> Trajectory {
    try Somebody(steps: 60, count: 10, sizes: sizes, start: 0.01).trajectory(
      in: type, scales: scales
    ) { step, g, theta, kept in
      kept[0] = 0.9 * kept[0] + 0.1 * g
      kept[1] = 0.999 * kept[1] + 0.001 * g * g
      let t = Double(step)
      let root = (kept[1] / Number(second(t))).squareRoot() + 1e-8
      theta -= Number(alpha(t)) * kept[0] / Number(first(t)) / root
    }
  }

  @Test func `a correction that is left out, or exchanged, is told`() throws {
    func first(_ t: Double) -> Double { 1 - pow(0.9, t) }
    func second(_ t: Double) -> Double { 1 - pow(0.999, t) }
    func one(_ t: Double) -> Double { 1 }
    let faults: [(title: String, (Double) -> Double, (Double) -> Double)] = [
      ("the second moment is not corrected", first, one),
      ("the first moment is not corrected", one, second),
      ("each bias correction has the rate of the other moment", second, first),
    ]
    for (title, m, v) in faults {
      for found in [
        try Identification(adam(in: Double.self, m, v)),
        try Identification(adam(in: Float.self, m, v)),
        try Identification(adam(in: Float.self, sizes: 0...1, m, v)),
      ] {
        #expect(found.isIdentified && found.match?.name == "adam", "\(found.text)")
        #expect(found.match?.title == title && found.match?.isFault == true, "\(found.text)")
        #expect(!found.isAsExpected("adam"))
      }
    }
    let stuck = try Identification(
      adam(in: Double.self, { _ in first(1) }, { _ in second(1) }))
    #expect(stuck.match?.name == "adam-uncorrected", "\(stuck.text)")
    #expect(stuck.text.contains("stand still at step 1, with alpha = 0.001, do"), "\(stuck.text)")
    let plain = try Identification(adam(in: Float.self, first, second))
    #expect(plain.isAsExpected("adam") && !plain.isAsExpected("adam-uncorrected"), "\(plain.text)")
    #expect(!plain.text.contains("stand still"))
  }

  @Test func `a counter that begins at 0 is asked for`() throws {
    #expect {
      try adam(in: Double.self, { 1 - pow(0.9, $0 - 1) }, { 1 - pow(0.999, $0 - 1) })
    } throws: { "\($0)".hasSuffix("look for 0 / 0: do your bias corrections begin at t = 0?") }
  }

  @Test func `a correction is not told from a stepsize that changes`() throws {
    func decay(_ t: Double) -> Double { 1 - (t - 1) / 100 }
    func one(_ t: Double) -> Double { 1 }
    func made(_ scales: [Double]? = nil) throws -> Trajectory {
      try adam(in: Float.self, sizes: 0...1, alpha: { 0.001 * decay($0) }, scales: scales, one, one)
    }
    let open = try Identification(made())
    #expect(!open.isIdentified && open.hasFittedStepsizes, "\(open.text)")
    let names = [open.match?.name].compactMap(\.self) + open.withOtherStepsizes
    #expect(names.sorted() == ["adam", "adam-epsilon-hat", "adam-uncorrected"])
    #expect(
      open.text.contains("60 steps cannot tell which") && open.text.contains("--schedule constant"))
    // The first stepsize is that of the method that it belongs to.
    let known = try Identification(made(), given: ["alpha": 0.001])
    #expect(known.isAsExpected("adam-uncorrected"), "\(known.text)")
    // An epsilon that is given is no more visible.
    let fixed = try Identification(made(), given: ["epsilon": 1e-8])
    #expect(!fixed.isIdentified && fixed.withOtherStepsizes.count == 2, "\(fixed.text)")
    #expect(!fixed.text.contains("adam is ruled out"), "\(fixed.text)")
    let amsgrad = try Identification(
      Somebody(steps: 60, count: 10, sizes: 0...1, start: 0.01).trajectory(in: Float.self) {
        step, g, theta, kept in
        kept[0] = 0.9 * kept[0] + 0.1 * g
        kept[1] = 0.999 * kept[1] + 0.001 * g * g
        kept[2] = max(kept[2], kept[1])
        let t = Double(step)
        let root = (kept[2] / Float(1 - pow(0.999, t))).squareRoot() + 1e-8
        theta -= Float(0.001 * decay(t) / (1 - pow(0.9, t))) * kept[0] / root
      })
    #expect(!amsgrad.isIdentified && amsgrad.withOtherStepsizes.count == 2, "\(amsgrad.text)")
    let given = try Identification(made((1...60).map { decay(Double($0)) }))
    #expect(given.isAsExpected("adam-uncorrected"), "\(given.text)")
  }

  @Test func `a file in double whose numbers are of single precision is told as such`() throws {
    let single = try Somebody(steps: 30, count: 8, start: 0.1).adam(in: Float.self)
    for isStoredInDouble in [true, false] {
      let found = try Identification(
        Trajectory(
          place: "mine.h5", theta0: single.theta0, gradients: single.gradients,
          gradientsShape: [30, 8], theta: single.theta, thetaShape: [30, 8],
          isStoredInDouble: isStoredInDouble))
      #expect(found.match?.name == "adam" && !found.isDouble, "\(found.text)")
      #expect(
        found.text.contains("the file holds double, but all of theta are numbers of single")
          == isStoredInDouble, "\(found.text)")
    }
  }

  @Test func `what an empty file lacks is said`() throws {
    func message(steps: Int, count: Int) -> String {
      do {
        _ = try Trajectory(
          place: "mine.h5", theta0: Array(repeating: 0, count: count), gradients: [],
          gradientsShape: [steps, count], theta: [], thetaShape: [steps, count])
        return ""
      } catch { return "\(error)" }
    }
    #expect(message(steps: 0, count: 2) == "mine.h5 holds no steps; give at least 10")
    #expect(message(steps: 3, count: 0).hasPrefix("mine.h5 holds no parameters; "))
  }

  @Test(arguments: [true, false])
  func `AdaMax's epsilon is placed`(isInTheDenominator: Bool) throws {
    let somebody = Somebody(steps: 30, count: 10, start: 0.1)
    let found = try Identification(
      somebody.trajectory(in: Double.self) { step, g, theta, kept in
        kept[0] = 0.9 * kept[0] + 0.1 * g
        kept[1] = max(0.999 * kept[1], abs(g) + (isInTheDenominator ? 0 : 1e-7))
        theta -=
          0.002 / (1 - pow(0.9, Double(step))) * kept[0]
          / (kept[1] + (isInTheDenominator ? 1e-7 : 0))
      })
    let name = isInTheDenominator ? "adamax with epsilon in the denominator" : "adamax with epsilon"
    #expect(found.isIdentified && found.match?.name == name, "\(found.text)")
    #expect(found.text.contains("epsilon = 1e-7"), "\(found.text)")
  }

  @Test(arguments: [
    (Loss.powers, 33, 0.00012008, 0.972808, 0.982262, 1.06492e-7),
    (.everything, 18, 0.000761745, 0.723308, 0.999435, 1.5478e-7),
    (.everything, 32, 0.000113977, 0.971949, 0.998857, 1.78268e-7),
    (.moments, 37, 0.00333664, 0.703523, 0.984067, 4.45293e-7),
  ])
  func `a loss on resume is found with hyperparameters of many digits in single precision`(
    loss: Loss, step lost: Int, alpha: Double, beta1: Double, beta2: Double, epsilon: Double
  ) throws {
    for seed in 0..<2 {
      let somebody = Somebody(steps: 50, count: 20, seed: seed)
      let found = try Identification(
        somebody.trajectory(in: Float.self) { step, g, theta, kept in
          if step == lost && loss != .powers { kept = [0, 0, 0] }
          let t = Double(step >= lost && loss != .moments ? step - lost + 1 : step)
          kept[0] = Float(beta1) * kept[0] + Float(1 - beta1) * g
          kept[1] = Float(beta2) * kept[1] + Float(1 - beta2) * g * g
          let (first, second) = (Float(1 - pow(beta1, t)), Float(1 - pow(beta2, t)))
          theta -=
            Float(alpha) * (kept[0] / first) / ((kept[1] / second).squareRoot() + Float(epsilon))
        })
      #expect(found.match?.title.contains("lost on resume") == true, "\(found.text)")
      #expect(found.match?.title.contains("at step \(lost)") == true, "\(found.text)")
    }
  }

  enum Loss: Sendable { case powers, moments, everything }

  @Test(arguments: 0..<3)
  func `SGD in single precision near the last place of theta is SGD`(seed: Int) throws {
    let somebody = Somebody(steps: 50, count: 8, sizes: -1...0, seed: seed)
    for alpha: Float in [1e-6, 4e-6] {
      let found = try Identification(
        somebody.trajectory(in: Float.self) { _, g, theta, _ in theta -= alpha * g })
      #expect(found.isIdentified && found.match?.name == "sgd", "\(found.text)")
    }
  }

  @Test(arguments: [true, false])
  func `a stepsize that changes in the velocity is found without being given`(isNesterov: Bool)
    throws
  {
    let somebody = Somebody(steps: 40, count: 8, start: 0.1)
    func check<Number: BinaryFloatingPoint>(_: Number.Type) throws {
      let found = try Identification(
        somebody.trajectory(in: Number.self) { step, g, theta, kept in
          let alpha = Number(0.1 * (1.1 + cos(Double(step) / 8)))
          kept[0] = 0.9 * kept[0] - alpha * g
          theta += isNesterov ? 0.9 * kept[0] - alpha * g : kept[0]
        })
      let name = isNesterov ? "nesterov-sutskever" : "heavy-ball"
      #expect(found.isIdentified && found.match?.name == name, "\(found.text)")
      #expect(found.hasFittedStepsizes && found.text.contains("momentum = 0.9"), "\(found.text)")
    }
    try check(Double.self)
    try check(Float.self)
  }

  @Test
  func `SGD with dampening is heavy-ball with another first stepsize, and is named beside it`()
    throws
  {
    let found = try Identification(
      Somebody(steps: 20, count: 8, start: 0.1).trajectory(in: Double.self) {
        step, g, theta, kept in
        kept[0] = step == 1 ? g : 0.9 * kept[0] + 0.5 * g
        theta -= 0.1 * kept[0]
      })
    #expect(found.match?.name == "heavy-ball" && found.hasFittedStepsizes, "\(found.text)")
    #expect(found.text.contains("SGD with dampening, with one stepsize, does the same"))
  }

  @Test(arguments: [true, false])
  func `AdaGrad whose start outweighs epsilon may have it on either side of the root`(
    isInside: Bool
  ) throws {
    let found = try Identification(
      Somebody(steps: 40, count: 10).trajectory(in: Float.self) { step, g, theta, kept in
        kept[0] = (step == 1 ? 0.1 : kept[0]) + g * g
        theta -=
          0.01 * g / (isInside ? (kept[0] + 1e-8).squareRoot() : kept[0].squareRoot() + 1e-8)
      })
    #expect(found.match?.name == "adagrad-epsilon-inside", "\(found.text)")
    #expect(found.text.contains("\n  adagrad fits as well; what would tell: "), "\(found.text)")
  }
}
