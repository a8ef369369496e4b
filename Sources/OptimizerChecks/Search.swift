import Glibc

/// Fits candidates to a part of a trajectory and follows the good ones to its end.
struct Search {
  private let trajectory: Trajectory
  private let precision: Precision
  private let fixed: [RuleParameter: Double]
  private let fitter: Fitter
  private let hasFittedStepsizes: Bool

  /// As many steps and parameters are fitted as leave a search in seconds.
  private static let fittedSteps = 128
  private static let fittedParameters = 16

  init(
    _ trajectory: Trajectory, precision: Precision, fixed: [RuleParameter: Double],
    hasFittedStepsizes: Bool = false
  ) {
    self.trajectory = trajectory
    self.hasFittedStepsizes = hasFittedStepsizes
    self.precision = precision
    self.fixed = fixed
    fitter = Self.fitter(trajectory, precision, fixed)
  }

  private static func fitter(
    _ trajectory: Trajectory, _ precision: Precision, _ fixed: [RuleParameter: Double]
  ) -> Fitter {
    Fitter(
      Samples(
        trajectory, parameters: Samples.spread(trajectory, limit: fittedParameters),
        steps: min(trajectory.steps, fittedSteps), precision: precision), fixed: fixed)
  }

  func deallocate() { fitter.deallocate() }

  /// The nearest hyperparameters of a candidate, and where it departs.
  ///
  /// - Parameter isWide: whether more starts are tried.
  func outcome(_ candidate: Candidate, isWide: Bool = false) -> Outcome {
    if candidate.isSign { return outcomeOfSign(candidate) }
    guard precision == .double else {
      return outcome(candidate, nearest: fitter.nearest(candidate, isWide: isWide))
    }
    // Changes that are by chance near 0 weigh most in double precision, and make many local minima: those of single
    // come first.
    let coarse = Self.fitter(trajectory, .single, fixed)
    defer { coarse.deallocate() }
    let start = coarse.nearest(candidate, isWide: isWide).parameters
    let near = fitter.nearest(candidate, from: [start])
    if let near, near.isWithinTolerance || isWide { return outcome(candidate, nearest: near) }
    let own = fitter.nearest(candidate)
    return outcome(candidate, nearest: near.map { $0.rms < own.rms ? $0 : own } ?? own)
  }

  /// The outcome with hyperparameters that are found from those of others, where it is better.
  func outcome(_ old: Outcome, from others: [RuleParameters]) -> Outcome {
    guard !old.isMatch, !old.candidate.isSign,
      let fit = fitter.nearest(old.candidate, from: others), fit.rms < old.fit.rms
    else { return old }
    let found = outcome(old.candidate, nearest: fit)
    return found.isMatch || found.fit.rms < old.fit.rms ? found : old
  }

  /// Chen et al. 2023: for images, then for language; then Adam's.
  private static let ratesOfLion = [(0.9, 0.99), (0.95, 0.98), (0.9, 0.999)]

  /// An outcome of another precision in this one, with the same hyperparameters.
  func outcome(like other: Outcome) -> Outcome {
    outcome(
      other.candidate, nearest: fitter.evaluate(other.candidate.rule, other.fit.parameters))
  }

  /// There is no slope to go down: of the rates of the grid that suit the samples, the usual ones first, those that
  /// suit the whole trajectory.
  private func outcomeOfSign(_ candidate: Candidate) -> Outcome {
    let starts = fitter.starts(candidate)
    let suited = starts.filter(\.isWithinTolerance)
    /// The published ones first.
    func rank(_ fit: Fit) -> Int {
      Self.ratesOfLion.firstIndex { $0 == (fit.parameters.beta1, fit.parameters.beta2) }
        ?? Self.ratesOfLion.count
    }
    let found = suited.enumerated()
      .sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }
      .map { outcome(candidate, $0.element) }
    let matches = found.filter(\.isMatch)
    guard var best = matches.first else {
      return found.max { ($0.departure?.step ?? 0) < ($1.departure?.step ?? 0) }
        ?? outcome(candidate, nearest: starts[0])
    }
    best = outcome(candidate, nearest: best.fit)
    best.equalRates = matches.count - 1
    return best
  }

  /// The outcome of a candidate with hyperparameters as short as the trajectory allows.
  private func outcome(_ candidate: Candidate, nearest: Fit) -> Outcome {
    let short = outcome(candidate, fitter.rounded(nearest, candidate))
    guard !short.isMatch else { return short }
    // Decimals that suit the samples may be too short for the rest of the trajectory.
    let exact = outcome(candidate, nearest)
    guard exact.isMatch else { return short }
    for fewest in 2..<Fitter.mostDigits {
      let longer = outcome(candidate, fitter.rounded(nearest, candidate, fewest: fewest))
      if longer.isMatch { return longer }
    }
    return exact
  }

  private func outcome(_ candidate: Candidate, _ fit: Fit) -> Outcome {
    // A change that is near its tolerance says less than one that is far above.
    let moved = zip(fitter.samples.changes, fitter.samples.tolerances).reduce(0) {
      let size = min(1, abs($1.0) / (10 * $1.1))
      return $0 + size * size
    }
    return Outcome(
      candidate: candidate, fit: fit, departure: departure(fit, of: candidate),
      isUnderdetermined: moved <= Double(candidate.freeCount + 1))
  }

  /// The first step at which some update of the whole trajectory is off; nil if there is none.
  func departure(_ fit: Fit, of candidate: Candidate) -> Identification.Departure? {
    let (rule, p) = (fit.rule, fit.parameters)
    let coefficients = rule.coefficients(p, scales: trajectory.scales)
    var states = Array(repeating: rule.start(p), count: trajectory.count)
    var tolerances = Array(repeating: Tolerance(precision), count: trajectory.count)
    let floor = 1e-10 * (fitter.samples.changes.map { abs($0) }.max() ?? 0)
    for step in 0..<trajectory.steps {
      var (isOff, size) = (false, 0.0)
      for index in 0..<trajectory.count {
        let at = step * trajectory.count + index
        let old = trajectory.before(step, index)
        let change = rule.change(
          &states[index], gradient: trajectory.gradients[at], theta: old, coefficients[step], p)
        let found = trajectory.theta[at] - old
        let distance = abs(change - found)
        let tolerance = max(
          tolerances[index].next(from: old, to: trajectory.theta[at]), floor,
          .leastNormalMagnitude)
        guard !(distance <= tolerance) else { continue }
        isOff = true
        let relative = distance / max(abs(found), abs(change))
        size = relative.isFinite ? max(size, relative) : 1
      }
      if isOff {
        return Identification.Departure(
          name: candidate.name, variant: candidate.rank == .fault ? candidate.title : "",
          step: step + 1, size: size)
      }
    }
    return nil
  }

  /// The largest distance of the rule's own run from the trajectory, relative to the parameter.
  func agreement(_ fit: Fit) -> Double {
    let (rule, p) = (fit.rule, fit.parameters)
    let coefficients = rule.coefficients(p, scales: trajectory.scales)
    var worst = 0.0
    for index in 0..<trajectory.count {
      var (state, theta) = (rule.start(p), trajectory.theta0[index])
      var (largest, distance) = (abs(theta), 0.0)
      for step in 0..<trajectory.steps {
        let at = step * trajectory.count + index
        theta += rule.change(
          &state, gradient: trajectory.gradients[at], theta: theta, coefficients[step], p)
        largest = max(largest, abs(trajectory.theta[at]))
        distance = max(distance, abs(theta - trajectory.theta[at]))
      }
      if largest > 0 { worst = max(worst, distance / largest) }
    }
    return worst
  }

  /// How far each hyperparameter is determined, by the part that was fitted.
  func deviations(_ outcome: Outcome) -> [RuleParameter: Double] {
    fitter.deviations(outcome.fit, outcome.candidate)
  }

  /// The largest power of ten that epsilon may be, if it may be 0; nil if it may not.
  func epsilonBound(_ fit: Fit) -> Double? {
    func fits(_ epsilon: Double) -> Bool {
      var parameters = fit.parameters
      parameters.epsilon = epsilon
      return fitter.evaluate(fit.rule, parameters).isWithinTolerance
    }
    guard fits(0) else { return nil }
    var exponent = -40
    while exponent < 6 && fits(pow(10, Double(exponent + 1))) { exponent += 1 }
    return pow(10, Double(exponent))
  }

  /// Whether a match may be told. Few numbers are made by many methods, also by ones that are not known:
  /// then hyperparameters have to be round ones, and the stepsize one that is determined. SGD and momenta
  /// need neither, unless gradients are so small that they are all that is seen of a method with an epsilon.
  func isSupported(_ outcome: Outcome) -> Bool {
    let (samples, p) = (fitter.samples, outcome.fit.parameters)
    var parameters = 0
    var steps: Set<Int> = []
    for index in samples.parameters.indices {
      let moving = (0..<samples.steps).filter {
        let at = index * samples.steps + $0
        return abs(samples.changes[at]) > 10 * samples.tolerances[at]
      }
      parameters += moving.count > 1 ? 1 : 0
      steps.formUnion(moving)
    }
    guard parameters < 6 || steps.count < 11 else { return true }
    let largest = samples.gradients.reduce(0) { max($0, abs($1)) }
    // A stepsize for each step leaves less to be told by.
    if !outcome.candidate.isAdaptive && largest > 1e-3 {
      return !hasFittedStepsizes || parameters > 2
    }
    if hasFittedStepsizes { return false }
    // Rounding shifts a stepsize in single precision.
    func isRound(_ value: Double) -> Bool {
      abs(value - Fitter.round(value, 2)) <= 1e-4 * abs(value)
    }
    var values = outcome.candidate.free
    if outcome.fit.rule.decay == .decoupled { values.append(.weightDecay) }
    let areRound = values.allSatisfy { parameter in
      fixed[parameter] != nil || outcome.candidate.defaults[parameter] == p[parameter]
        || isRound(p[parameter]) || isRound(1 - p[parameter])
    }
    guard areRound else { return false }
    guard fixed[.alpha] == nil else { return true }
    return isRound(p.alpha)
      && [0.999, 1.001].allSatisfy { factor in
        var moved = p
        moved.alpha *= factor
        return !fitter.evaluate(outcome.fit.rule, moved, solving: false).isWithinTolerance
      }
  }

  /// Whether a match is no answer: a hyperparameter that nobody gave goes on without end where the method
  /// adapts no more, so that another one is meant; a weight decay outweighs the gradients; a momentum of 1
  /// forgets nothing; or a step leaves nothing of theta.
  func runsAway(_ outcome: Outcome) -> Bool {
    let (rule, p) = (outcome.fit.rule, outcome.fit.parameters)
    if rule.decay != .none, fixed[.weightDecay] == nil {
      let isShrinking = rule.decay == .decoupled || !outcome.candidate.isAdaptive
      if p.weightDecay > 1e3 || isShrinking && p.alpha * p.weightDecay > 0.5 { return true }
      var further = p
      further.weightDecay *= 100
      if rule.decay == .coupled, outcome.candidate.isAdaptive,
        fitter.evaluate(rule, further).isWithinTolerance
      {
        return true
      }
    }
    if outcome.candidate.free.contains(where: { parameter in
      (parameter == .momentum || parameter == .beta1) && fixed[parameter] == nil
        && p[parameter] > 1 - 1e-7
    }) {
      return true
    }
    // With corrected moments a rate near 1 is an average, which still adapts.
    let isAverage = rule.family == .adam && rule.correction != .none
    return outcome.farParameters(in: trajectory, given: fixed).contains { parameter in
      var further = p
      if parameter == .beta2 || parameter == .rho {
        if isAverage { return false }
        further[parameter] = 1 - (1 - p[parameter]) / 10
      } else {
        further[parameter] = 10 * p[parameter]
      }
      return fitter.evaluate(rule, further).isWithinTolerance
    }
  }

  /// Whether a match fits only where its epsilon or start outweighs the gradients, however large it is: it
  /// then is the method that adapts nothing.
  func isAtAnEnd(_ outcome: Outcome) -> Bool {
    let (rule, p) = (outcome.fit.rule, outcome.fit.parameters)
    func fits(_ parameter: RuleParameter, _ factor: Double) -> Bool {
      var moved = p
      moved[parameter] *= factor
      return fitter.evaluate(rule, moved).isWithinTolerance
    }
    return outcome.candidate.free.contains { parameter in
      (parameter == .epsilon || parameter == .initialAccumulator) && fixed[parameter] == nil
        && p[parameter] > 0 && fits(parameter, 1e6) && !fits(parameter, 1e-6)
    }
  }

  /// The candidate with the hyperparameters that suit it longest from the first step on, if it suits the
  /// first steps at all.
  func lasting(_ outcome: Outcome) -> Outcome {
    guard !outcome.isMatch, let longest = breaks(outcome).first,
      longest.step > outcome.departure?.step ?? 0
    else { return outcome }
    return self.outcome(outcome.candidate, longest.fit)
  }

  /// What `accept` makes of the stepsizes over that of the first step with which a method makes the steps that are
  /// fitted, were each step to have its own: of the simplest with which it makes something; nil if there is none, or
  /// steps are too few to tell.
  func changingScales<Result>(
    _ candidates: [Candidate], _ accept: ([Double]) -> Result?
  ) -> Result? {
    let samples = fitter.samples
    // As many numbers a step as tell a stepsize from the update.
    guard samples.parameters.count >= 4, samples.steps >= 10 else { return nil }
    let free = Fitter(samples, fixed: fixed, hasFreeScales: true)
    defer { free.deallocate() }
    for candidate in candidates.sorted(by: { $0.freeCount < $1.freeCount })
    where candidate.rank != .fault && candidate.rule.hasFindableScales {
      let fit = free.fit(candidate)
      let outcome = self.outcome(candidate, fit)
      guard fit.isWithinTolerance, !outcome.isLimit(of: trajectory, besides: [], given: fixed)
      else { continue }
      if let scales = scales(fit), let result = accept(scales) { return result }
    }
    return nil
  }

  /// The stepsize of each step of the whole trajectory that suits a rule best, over that of the first.
  private func scales(_ fit: Fit) -> [Double]? {
    let (rule, p) = (fit.rule, fit.parameters)
    var tolerances = Array(repeating: Tolerance(precision), count: trajectory.count)
    var scales: [Double] = []
    if var velocities = ScaledVelocities(rule, p, count: trajectory.count) {
      for step in 0..<trajectory.steps {
        let rows = step * trajectory.count
        let olds = (0..<trajectory.count).map { trajectory.before(step, $0) }
        scales.append(
          velocities.advance(
            gradients: trajectory.gradients[rows..<rows + trajectory.count],
            changes: olds.enumerated().map { trajectory.theta[rows + $0] - $1 },
            tolerances: olds.enumerated().map {
              max(
                tolerances[$0].next(from: $1, to: trajectory.theta[rows + $0]),
                .leastNormalMagnitude)
            }))
      }
      return Trajectory.relative(scales)
    }
    let coefficients = rule.coefficients(p, scales: trajectory.scales)
    var states = Array(repeating: rule.start(p), count: trajectory.count)
    for step in 0..<trajectory.steps {
      var (uu, ud) = (0.0, 0.0)
      for index in 0..<trajectory.count {
        let at = step * trajectory.count + index
        let old = trajectory.before(step, index)
        let change = rule.change(
          &states[index], gradient: trajectory.gradients[at], theta: old, coefficients[step], p)
        let tolerance = tolerances[index].next(from: old, to: trajectory.theta[at])
        let weight = 1 / max(tolerance, .leastNormalMagnitude)
        uu += change * change * weight * weight
        ud += change * (trajectory.theta[at] - old) * weight * weight
      }
      // A step in which nothing moves has the stepsize 0.
      scales.append(ud == 0 ? 0 : ud / uu)
    }
    return Trajectory.relative(scales)
  }

  /// Looks for a step at which a method that fits the steps before it lost something.
  func resumed(_ base: Outcome) -> [Outcome] {
    guard base.candidate.rank != .fault, base.candidate.rule.family != .sgd,
      !base.candidate.free.contains(.lambda)
    else { return [] }
    return breaks(base).flatMap { step, fit -> [Outcome] in
      // Nothing was lost: what suits the first steps suits all.
      if step > trajectory.steps { return [outcome(base.candidate, nearest: fit)] }
      return [UpdateRule.Loss.powers, .everything, .moments].compactMap { loss in
        base.candidate.resumed(before: step, loss: loss).map { candidate in
          let same = fitter.evaluate(candidate.rule, fit.parameters, solving: false)
          let first = outcome(candidate, same)
          if first.isMatch || step >= fitter.samples.steps { return first }
          // What suits the steps before the loss need not be exact enough for those after it.
          let free = candidate.free.filter { fixed[$0] == nil }
          let near = outcome(
            candidate,
            nearest: fitter.improve(fitter.evaluate(candidate.rule, fit.parameters), free))
          return near.isMatch ? near : outcome(candidate)
        }
      }
    }
  }

  /// Steps before which something may have been lost, each with the fit of the steps before it.
  private func breaks(_ base: Outcome) -> [(step: Int, fit: Fit)] {
    var length = fitter.samples.steps
    if base.fit.isWithinTolerance, let departure = base.departure {
      return [(departure.step, base.fit)]
    }
    while length >= 6 {
      length /= 2
      guard var found = lastStep(base.candidate, fitted: length) else { continue }
      // What fits up to there fits better, and further, when all of it counts; or all of it and one more.
      var breaks = [found]
      for _ in 0..<6 where found.step <= fitter.samples.steps {
        let further = [found.step - 1, found.step].lazy.filter { $0 > length }.compactMap {
          lastStep(base.candidate, fitted: $0)
        }.first { $0.step > found.step }
        guard let further else { break }
        found = further
        breaks.append(found)
      }
      return breaks.suffix(2).reversed()
    }
    return []
  }

  /// The step at which a candidate departs that is fitted to the first steps; past the end if it does not.
  /// Decimals that suit those steps may be too short for further ones: the fit that lasts longer counts. Nil
  /// if none suits them.
  private func lastStep(_ candidate: Candidate, fitted steps: Int) -> (step: Int, fit: Fit)? {
    let prefix = Fitter(fitter.samples.prefix(steps), fixed: fixed)
    defer { prefix.deallocate() }
    let nearest = prefix.nearest(candidate)
    return [prefix.rounded(nearest, candidate), nearest].filter(\.isWithinTolerance).map {
      (departure($0, of: candidate)?.step ?? trajectory.steps + 1, $0)
    }.max { $0.0 < $1.0 }
  }
}
