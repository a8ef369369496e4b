import Glibc

/// The hyperparameters of a rule that are nearest to samples, and how near they are.
struct Fit: Sendable {
  let rule: UpdateRule
  var parameters: RuleParameters
  /// The root mean square and the largest of the residuals, in tolerances.
  var rms = Double.infinity
  var largest = Double.infinity

  /// Whether no change is off by more than its tolerance.
  var isWithinTolerance: Bool { largest <= 1 }
}

/// Searches hyperparameters by variable projection: alpha, and alpha times a decoupled decay, are the
/// solution of a linear least squares problem for any value of the others, which Levenberg and
/// Marquardt's method finds from the best points of a grid.
struct Fitter {
  let samples: Samples
  /// Values that are given rather than searched.
  let fixed: [RuleParameter: Double]
  /// Whether each step has a stepsize of its own, the one that suits it best.
  private let hasFreeScales: Bool

  private let buffer: UnsafeMutableBufferPointer<Double>
  private let decayBuffer: UnsafeMutableBufferPointer<Double>

  init(_ samples: Samples, fixed: [RuleParameter: Double], hasFreeScales: Bool = false) {
    self.samples = samples
    self.fixed = fixed
    self.hasFreeScales = hasFreeScales
    buffer = .allocate(capacity: samples.changes.count)
    decayBuffer = .allocate(capacity: samples.changes.count)
  }

  func deallocate() {
    buffer.deallocate()
    decayBuffer.deallocate()
  }

  /// The nearest hyperparameters of a candidate, as short as the samples allow.
  func fit(_ candidate: Candidate) -> Fit { rounded(nearest(candidate), candidate) }

  /// The nearest hyperparameters of a candidate.
  ///
  /// - Parameter isWide: whether more starts are tried, from a finer grid.
  func nearest(_ candidate: Candidate, isWide: Bool = false) -> Fit {
    let free = searched(candidate)
    let starts = starts(candidate, isWide: isWide)
    var best = starts[0]
    guard !free.isEmpty else { return best }
    var tried = Array(starts.prefix(4))
    if candidate.rule.maximum != .none || isWide {
      // There may be many local minima: where the maximum passes from one step to another, and where rates
      // trade for each other.
      for parameter in [RuleParameter.beta2, .beta1, .rho] where free.contains(parameter) {
        if parameter != .beta2, !isWide { continue }
        var rates = Set(tried.map(\.parameters[parameter]))
        tried += starts.filter { rates.insert($0.parameters[parameter]).inserted }
      }
    }
    for start in tried where !(best.rms < 1e-6) {
      let found = improve(start, free)
      if found.rms < best.rms { best = found }
    }
    return best
  }

  /// The points of a candidate's grid, the nearest first.
  func starts(_ candidate: Candidate, isWide: Bool = false) -> [Fit] {
    let free = searched(candidate)
    return Self.grid(free, isSign: candidate.isSign, isWide: isWide).map { values in
      evaluate(candidate.rule, parameters(zip(free, values)))
    }.sorted { $0.rms < $1.rms }
  }

  /// The nearest hyperparameters that are found from those of others.
  func nearest(_ candidate: Candidate, from others: [RuleParameters]) -> Fit? {
    let free = searched(candidate)
    return others.map { other in
      improve(
        evaluate(candidate.rule, parameters(free.map { ($0, other[$0]) })), free)
    }.min { $0.rms < $1.rms }
  }

  /// Those that are given, and others.
  private func parameters(_ values: some Sequence<(RuleParameter, Double)>) -> RuleParameters {
    var parameters = RuleParameters()
    for (parameter, value) in fixed { parameters[parameter] = value }
    for (parameter, value) in values { parameters[parameter] = value }
    return parameters
  }

  /// The hyperparameters that are not solved for. With a stepsize for each step a decoupled decay is one.
  private func searched(_ candidate: Candidate) -> [RuleParameter] {
    let decay: [RuleParameter] =
      hasFreeScales && candidate.rule.decay == .decoupled ? [.weightDecay] : []
    return (candidate.free + decay).filter { fixed[$0] == nil }
  }

  /// The same rule with other hyperparameters improved from a start.
  func improve(_ start: Fit, _ free: [RuleParameter]) -> Fit {
    var best = start
    guard best.rms.isFinite, !free.isEmpty else { return best }
    var damping = 1e-2
    let count = samples.changes.count
    var residuals = self.residuals(best)
    for _ in 0..<40 {
      let x = free.map { Self.coordinate($0, best.parameters[$0]) }
      var columns: [[Double]] = []
      for (index, parameter) in free.enumerated() {
        let h = x[index] > Self.bounds(parameter).upperBound - 1e-5 ? -1e-6 : 1e-6
        var moved = best.parameters
        moved[parameter] = Self.value(parameter, x[index] + h)
        let other = self.residuals(evaluate(best.rule, moved))
        columns.append((0..<count).map { (other[$0] - residuals[$0]) / h })
      }
      let products = columns.map { a in columns.map { b in Self.dot(a, b) } }
      let gradient = columns.map { Self.dot($0, residuals) }
      var hasImproved = false
      let before = best.rms
      for _ in 0..<8 {
        var matrix = products
        for index in free.indices {
          matrix[index][index] += damping * products[index][index] + 1e-30
        }
        guard let step = Self.solve(matrix, gradient.map { -$0 }) else { break }
        var moved = best.parameters
        for (index, parameter) in free.enumerated() {
          let bounds = Self.bounds(parameter)
          let next = x[index] + max(-3, min(3, step[index]))
          moved[parameter] = Self.value(
            parameter, max(bounds.lowerBound, min(bounds.upperBound, next)))
        }
        let found = evaluate(best.rule, moved)
        if found.rms < best.rms {
          best = found
          residuals = self.residuals(best)
          damping = max(damping / 10, 1e-12)
          hasImproved = true
          break
        }
        damping *= 10
      }
      if !hasImproved || best.rms > before * (1 - 1e-7) { break }
    }
    return best
  }

  /// The most digits that a hyperparameter is rounded to.
  static let mostDigits = 5

  /// Takes the shortest decimal for each hyperparameter that the samples do not speak against, of
  /// `fewest` digits or more. A default that they do not speak against counts as the shortest.
  func rounded(_ fit: Fit, _ candidate: Candidate, fewest: Int = 1) -> Fit {
    let free = searched(candidate)
    var best = fit
    var rest = free
    // Fewer digits are a better explanation: they may cost a little.
    func allows(_ found: Fit, digits: Int) -> Bool {
      let factor = digits == 1 ? 1.3 : digits == 2 ? 1.15 : 1.02
      return found.rms <= max(fit.rms * factor, fit.rms + 1e-3)
        && (found.largest <= 1 || found.largest <= fit.largest)
    }
    // Those first that the samples determine best.
    for parameter in [.momentum, .beta1, .rho, .beta2, .epsilon, .initialAccumulator, .lambda]
      + [RuleParameter.weightDecay, .momentumDecay] where free.contains(parameter)
    {
      rest.removeAll { $0 == parameter }
      let usual = candidate.defaults[parameter].map { [(value: $0, digits: fewest)] } ?? []
      for (value, digits) in usual
        + Self.shortDecimals(parameter, best.parameters[parameter], fewest: fewest)
      {
        var moved = best.parameters
        moved[parameter] = value
        let found = improve(evaluate(fit.rule, moved), rest)
        if allows(found, digits: digits) {
          best = found
          break
        }
      }
    }
    guard fixed[.alpha] == nil, !hasFreeScales else { return best }
    let exact = best.parameters
    for digits in fewest...Self.mostDigits {
      var moved = exact
      moved.alpha = Self.round(exact.alpha, digits)
      if best.rule.decay == .decoupled {
        moved.weightDecay = Self.round(exact.weightDecay, digits)
      }
      let found = evaluate(fit.rule, moved, solving: false)
      if allows(found, digits: digits) { return found }
    }
    return best
  }

  /// The standard deviations that residuals of this size leave to the hyperparameters that were not given; of what
  /// they do not determine there is none.
  func deviations(_ fit: Fit, _ candidate: Candidate) -> [RuleParameter: Double] {
    var free = searched(candidate)
    if fixed[.alpha] == nil, !hasFreeScales {
      free.append(.alpha)
      if candidate.rule.decay == .decoupled, fixed[.weightDecay] == nil {
        free.append(.weightDecay)
      }
    }
    free.removeAll { !(abs(fit.parameters[$0]) > 0) }
    let residuals = self.residuals(fit)
    let columns = free.map { parameter -> [Double] in
      let h = 1e-6
      var moved = fit
      moved.parameters[parameter] = Self.value(
        parameter, Self.coordinate(parameter, fit.parameters[parameter]) - h)
      return zip(self.residuals(moved), residuals).map { ($0 - $1) / h }
    }
    let products = columns.map { a in columns.map { b in Self.dot(a, b) } }
    var found: [RuleParameter: Double] = [:]
    for (index, parameter) in free.enumerated() {
      let unit = free.indices.map { $0 == index ? 1.0 : 0 }
      guard let variance = Self.solve(products, unit)?[index], variance > 0 else { continue }
      let slope =
        Self.bounds(parameter).upperBound == 0
        ? 1 - fit.parameters[parameter] : fit.parameters[parameter]
      found[parameter] = variance.squareRoot() * fit.rms * abs(slope)
    }
    return found
  }

  /// How near a rule is with given hyperparameters; alpha and a decoupled decay are solved for
  /// unless they are given.
  func evaluate(_ rule: UpdateRule, _ parameters: RuleParameters, solving: Bool = true) -> Fit {
    let fit = Fit(rule: rule, parameters: parameters)
    predict(fit)
    return solving ? solved(fit) : measured(fit)
  }

  /// Fills the buffers with the changes over alpha.
  private func predict(_ fit: Fit) {
    let (rule, p, steps) = (fit.rule, fit.parameters, samples.steps)
    if hasFreeScales,
      var velocities = ScaledVelocities(rule, p, count: samples.parameters.count)
    {
      for step in 0..<steps {
        let at = samples.parameters.indices.map { $0 * steps + step }
        _ = velocities.advance(
          gradients: at.map { samples.gradients[$0] }[...], changes: at.map { samples.changes[$0] },
          tolerances: at.map { samples.tolerances[$0] })
        for (index, change) in velocities.changes.enumerated() {
          buffer[at[index]] = change
          decayBuffer[at[index]] = 0
        }
      }
      return
    }
    let coefficients = rule.coefficients(p, scales: samples.scales)
    samples.gradients.withUnsafeBufferPointer { gradients in
      samples.before.withUnsafeBufferPointer { before in
        coefficients.withUnsafeBufferPointer { coefficients in
          for index in samples.parameters.indices {
            var state = rule.start(p)
            for step in 0..<steps {
              let at = index * steps + step
              buffer[at] = rule.step(
                &state, gradient: gradients[at], theta: before[at], coefficients[step], p)
              decayBuffer[at] =
                rule.decay == .decoupled ? rule.decayed(before[at], coefficients[step]) : 0
            }
          }
        }
      }
    }
    if hasFreeScales { scaleSteps(p) }
  }

  /// Gives each step the stepsize that suits it best.
  private func scaleSteps(_ p: RuleParameters) {
    for step in 0..<samples.steps {
      var (uu, ud) = (0.0, 0.0)
      for index in samples.parameters.indices {
        let at = index * samples.steps + step
        buffer[at] += p.weightDecay * decayBuffer[at]
        decayBuffer[at] = 0
        let weight = 1 / samples.tolerances[at]
        uu += buffer[at] * buffer[at] * weight * weight
        ud += buffer[at] * samples.changes[at] * weight * weight
      }
      let scale = uu > 0 ? max(0, ud / uu) : 0
      for index in samples.parameters.indices { buffer[index * samples.steps + step] *= scale }
    }
  }

  private func solved(_ fit: Fit) -> Fit {
    var fit = fit
    if hasFreeScales {
      fit.parameters.alpha = 1
      return measured(fit)
    }
    let isDecoupled = fit.rule.decay == .decoupled
    var (uu, uw, ww, ud, wd) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for at in samples.changes.indices {
      let weight = 1 / samples.tolerances[at]
      let (u, w, d) = (
        buffer[at] * weight, decayBuffer[at] * weight, samples.changes[at] * weight
      )
      uu += u * u
      uw += u * w
      ww += w * w
      ud += u * d
      wd += w * d
    }
    let (givenAlpha, givenDecay) = (fixed[.alpha], fixed[.weightDecay])
    switch (givenAlpha, isDecoupled ? givenDecay : 0) {
    case (let alpha?, let decay?):
      fit.parameters.alpha = alpha
      if isDecoupled { fit.parameters.weightDecay = decay }
    case (let alpha?, nil):
      fit.parameters.alpha = alpha
      fit.parameters.weightDecay = max(0, (wd - alpha * uw) / ww) / alpha
    case (nil, let decay?):
      let square = uu + 2 * decay * uw + decay * decay * ww
      fit.parameters.alpha = (ud + decay * wd) / square
      if isDecoupled { fit.parameters.weightDecay = decay }
    case (nil, nil):
      let determinant = uu * ww - uw * uw
      guard determinant > 1e-12 * uu * ww else { return fit }
      let alpha = (ud * ww - wd * uw) / determinant
      fit.parameters.alpha = alpha
      fit.parameters.weightDecay = (wd * uu - ud * uw) / determinant / alpha
      if !(fit.parameters.weightDecay >= 0) {
        fit.parameters.weightDecay = 0
        fit.parameters.alpha = ud / uu
      }
    }
    guard fit.parameters.alpha.isFinite else { return fit }
    return measured(fit)
  }

  private func measured(_ fit: Fit) -> Fit {
    guard fit.parameters.alpha > 0 else { return fit }
    var (fit, sum, largest) = (fit, 0.0, 0.0)
    for at in samples.changes.indices {
      let r = residual(fit, at)
      sum += r * r
      largest = max(largest, abs(r))
    }
    guard sum.isFinite else { return fit }
    fit.rms = (sum / Double(samples.changes.count)).squareRoot()
    fit.largest = largest
    return fit
  }

  /// The residual of the rule that the buffers hold.
  @inline(__always)
  private func residual(_ fit: Fit, _ at: Int) -> Double {
    let change =
      fit.parameters.alpha * (buffer[at] + fit.parameters.weightDecay * decayBuffer[at])
    return (samples.changes[at] - change) / samples.tolerances[at]
  }

  /// The residuals of a fit, by parameter and step.
  func residuals(_ fit: Fit) -> [Double] {
    predict(fit)
    return samples.changes.indices.map { residual(fit, $0) }
  }

  // MARK: Coordinates

  private static func bounds(_ parameter: RuleParameter) -> ClosedRange<Double> {
    switch parameter {
    case .beta1, .beta2, .rho, .momentum, .lambda: log(1e-9)...0
    default: log(1e-40)...log(1e6)
    }
  }

  private static func coordinate(_ parameter: RuleParameter, _ value: Double) -> Double {
    let bounds = bounds(parameter)
    let x = bounds.upperBound == 0 ? log1p(-value) : log(value)
    return max(bounds.lowerBound, min(bounds.upperBound, x))
  }

  private static func value(_ parameter: RuleParameter, _ x: Double) -> Double {
    bounds(parameter).upperBound == 0 ? -expm1(min(x, 0)) : exp(x)
  }

  /// Steps of one size do not change with the rates of a sign but where they turn it: there is no slope to go
  /// down, and the grid has all that are found.
  private static func grid(
    _ free: [RuleParameter], isSign: Bool, isWide: Bool
  ) -> [[Double]] {
    free.reduce([[]]) { points, parameter in
      let values: [Double] =
        switch parameter {
        case .beta1 where isSign: [0.5, 0.8, 0.9, 0.95, 0.98, 0.99]
        case .beta2 where isSign: [0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999]
        case .beta1 where isWide: [0, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999]
        case .beta2 where isWide: [0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999]
        case .beta1: [0, 0.5, 0.9, 0.99]
        case .beta2, .rho: [0.5, 0.9, 0.99, 0.999, 0.9999]
        case .momentum: [0, 0.5, 0.9, 0.99]
        case .epsilon: [1e-16, 1e-12, 1e-10, 1e-8, 1e-7, 1e-6, 1e-4, 1e-2, 1]
        case .lambda: [0.999, 0.99, 0.9]
        case .momentumDecay: [0.004, 0.1, 1]
        default: [1e-12, 1e-8, 1e-4, 1e-2, 1]
        }
      return points.flatMap { point in values.map { point + [$0] } }
    }
  }

  /// Decimals near `value`, the shortest first. Rates near 1 are rounded by their distance from it.
  private static func shortDecimals(
    _ parameter: RuleParameter, _ value: Double, fewest: Int
  ) -> [(value: Double, digits: Int)] {
    let isRate = bounds(parameter).upperBound == 0
    var found = [(value: parameter == .lambda ? 1.0 : 0, digits: fewest)]
    for digits in fewest..<mostDigits {
      // A difference of 1 and a decimal is not always the double nearest to its decimal.
      if isRate { found.append((round(1 - round(1 - value, digits), 15), digits)) }
      found.append((round(value, digits), digits))
    }
    return found.filter { !isRate || $0.value < 1 || parameter == .lambda }
  }

  static func round(_ value: Double, _ digits: Int) -> Double {
    guard value != 0, value.isFinite else { return value }
    let exponent = Int(floor(log10(abs(value)))) + 1 - digits
    // Dividing by an exact power of ten gives the double nearest to the decimal. Beyond 10^22 none is exact.
    if exponent < -22 {
      let mantissa = (value * pow(10, Double(-exponent))).rounded()
      return Double("\(mantissa)e\(exponent)") ?? value
    }
    return exponent >= 0
      ? (value / pow(10, Double(exponent))).rounded() * pow(10, Double(exponent))
      : (value * pow(10, Double(-exponent))).rounded() / pow(10, Double(-exponent))
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// Gauss's elimination of a few equations; nil if they are singular.
  private static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double]? {
    var (a, b) = (matrix, right)
    for column in b.indices {
      let pivot = (column..<b.count).max { abs(a[$0][column]) < abs(a[$1][column]) } ?? column
      guard abs(a[pivot][column]) > 0, a[pivot][column].isFinite else { return nil }
      a.swapAt(column, pivot)
      b.swapAt(column, pivot)
      for row in b.indices where row > column {
        let factor = a[row][column] / a[column][column]
        for index in column..<b.count { a[row][index] -= factor * a[column][index] }
        b[row] -= factor * b[column]
      }
    }
    for row in b.indices.reversed() {
      for column in b.indices where column > row { b[row] -= a[row][column] * b[column] }
      b[row] /= a[row][row]
    }
    return b
  }
}
