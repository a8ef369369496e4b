import Glibc
import Optimizers
import Storage

/// Which method, with which variant and hyperparameters, made a trajectory.
public struct Identification: Sendable {
  /// Where a method departs from the trajectory.
  public struct Departure: Sendable, Equatable {
    /// The method.
    public let name: String
    /// The variant, in words; empty for a method of the registry.
    public let variant: String
    /// The first step, from 1, at which an update is off by more than rounding.
    public let step: Int
    /// By how much, relative to the update.
    public let size: Double
    /// Whether the method has the hyperparameters of the match there, rather than those that suit it best.
    public internal(set) var hasHyperparametersOfMatch = false
  }

  /// A method that makes the trajectory.
  public struct Match: Sendable, Equatable {
    /// The method, by its name in the registry where it has one.
    public let name: String
    /// What it is, in words.
    public let title: String
    /// Whether something is wrong with it: no form of the method that a known framework has.
    public let isFault: Bool
    /// Its hyperparameters, alpha first.
    public let hyperparameters: [(name: String, value: Double)]
    /// The standard deviations that the trajectory's rounding leaves to them, by name; none of those that are given
    /// or not determined.
    public let deviations: [String: Double]
    /// The largest epsilon that fits as well as none; nil if epsilon is determined.
    public let epsilonBelow: Double?
    /// Data that would tell it from its neighbours.
    public let telling: String
    /// How many other rates of the grid make the same steps, of a method that was searched on one alone.
    let equalRates: Int

    /// Compares names, titles and values.
    public static func == (a: Self, b: Self) -> Bool {
      a.name == b.name && a.title == b.title
        && a.hyperparameters.map(\.name) == b.hyperparameters.map(\.name)
        && a.hyperparameters.map(\.value) == b.hyperparameters.map(\.value)
    }
  }

  /// The simplest method that makes the trajectory; nil if none does.
  public private(set) var match: Match?
  /// Others with no more hyperparameters that make it too.
  public private(set) var equals: [Match] = []
  /// Whether methods of different kinds make it.
  public private(set) var isAmbiguous = false
  /// Whether there are so few numbers that a method that is not known could pass for the match.
  public private(set) var hasFewNumbers = false
  /// Whether only one kind of method that is known makes it.
  public private(set) var hasOneKind = false
  /// The largest distance of the match's own run from the trajectory, over the largest `theta` of the
  /// parameter.
  public private(set) var agreement = 0.0
  /// Whether updates were compared to double precision.
  public private(set) var isDouble = false
  /// Whether it was found with gradients of the other sign.
  public private(set) var hasWrongSign = false
  /// The methods that differ from the match in a factor of the stepsize alone, where that was not given: with other
  /// stepsizes they make the same steps.
  public private(set) var withOtherStepsizes: [String] = []
  /// Whether each step was given the stepsize that suits it.
  public private(set) var hasFittedStepsizes = false
  /// The nearest of the other methods, the nearest first. Without a match it is the one that fits the most
  /// steps from the first on.
  public private(set) var departures: [Departure] = []

  /// What makes the trajectory though the given hyperparameters exclude it; nil with a match, or if nothing
  /// does.
  public var excludedMatch: Match? { excluded.first?.match }
  /// What identifies it without what was given; none or one.
  private(set) var excluded: [Identification] = []

  /// The names that a match may have, each once: methods of the registry, then variants.
  public static let names = Candidate.all.filter { $0.rank != .fault }.map(\.name)
    .reduce(into: [String]()) { names, name in
      if !names.contains(name) { names.append(name) }
    }

  /// The number of steps.
  public var stepCount: Int { trajectory.steps }
  /// The number of parameters.
  public var parameterCount: Int { trajectory.count }
  /// Whether the first step moves nothing though neither its gradient nor its stepsize is 0.
  var startsLate: Bool {
    trajectory.scales[0] > 0
      && (0..<trajectory.count).allSatisfy { trajectory.theta[$0] == trajectory.theta0[$0] }
      && trajectory.gradients.prefix(trajectory.count).contains { $0 != 0 }
  }
  /// Whether 64-bit numbers were found to come from 32-bit arithmetic.
  public var isRoundedInput: Bool { !trajectory.isSingle && !isDouble }

  private(set) var trajectory: Trajectory
  private let fixed: [RuleParameter: Double]

  /// Identifies a trajectory. `given` are hyperparameters that are known, by their names in the
  /// registry; methods without them are left out. Throws `IdentificationError`.
  public init(_ trajectory: Trajectory, given: [String: Double] = [:]) throws {
    try self.init(trajectory, given: given, triesGivenStepsizes: true)
    guard match == nil, !given.isEmpty || trajectory.hasGivenScales else { return }
    var free = trajectory
    if given.isEmpty { free.forgetScales() }
    // One stepsize for all has been tried where that was given.
    let wasConstant = given.isEmpty && trajectory.scales.allSatisfy { $0 == 1 }
    if let other = try? Identification(free, given: [:], triesGivenStepsizes: !wasConstant),
      other.match != nil
    {
      excluded = [other]
    }
  }

  /// - Parameter triesGivenStepsizes: whether the stepsizes of the trajectory are tried at all, before those that suit each
  ///   step.
  private init(
    _ trajectory: Trajectory, given: [String: Double], triesGivenStepsizes: Bool
  ) throws {
    self.trajectory = trajectory
    fixed = given.reduce(into: [:]) { values, pair in
      if let parameter = RuleParameter(rawValue: pair.key) { values[parameter] = pair.value }
    }
    let known = fixed
    let candidates = Candidate.all.filter { $0.goes(with: known) }
    guard !candidates.isEmpty else { throw IdentificationError.noMethodHas(given.keys.sorted()) }

    var plain = Searched()
    if triesGivenStepsizes {
      plain = Self.searched(trajectory, candidates, fixed)
      if plain.hasMatch {
        settle(plain)
        return
      }
      let negated = trajectory.negated
      let ascending = Self.searched(negated, candidates, fixed)
      if ascending.hasMatch {
        self.trajectory = negated
        hasWrongSign = true
        settle(ascending)
        return
      }
      let wide = Self.searched(trajectory, candidates, fixed, isWide: true)
      if wide.hasMatch {
        settle(wide)
        return
      }
    }
    if !trajectory.hasGivenScales {
      for precision in trajectory.precisions {
        let search = Search(trajectory, precision: precision, fixed: fixed)
        defer { search.deallocate() }
        let made = search.changingScales(candidates) { scales -> (Trajectory, Searched)? in
          var scaled = trajectory
          scaled.scales = scales
          let found = Self.searched(scaled, candidates, known)
          return found.hasMatch ? (scaled, found) : nil
        }
        if let (scaled, found) = made {
          self.trajectory = scaled
          hasFittedStepsizes = true
          settle(found)
          return
        }
      }
    }
    settle(plain)
  }

  /// The names of the hyperparameters that were given, e.g. `beta2 = 0.99`.
  var givenHyperparameters: String {
    fixed.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { "\($0.key.rawValue) = \(Self.number($0.value))" }.joined(separator: ", ")
  }

  /// What all candidates come to, in the highest precision in which one makes the trajectory.
  private struct Searched {
    var outcomes: [Outcome] = []
    var precision = Precision.single
    var hasMatch = false
  }

  private static func searched(
    _ trajectory: Trajectory, _ candidates: [Candidate], _ fixed: [RuleParameter: Double],
    isWide: Bool = false
  ) -> Searched {
    var found = Searched()
    for precision in trajectory.precisions {
      let search = Search(trajectory, precision: precision, fixed: fixed)
      defer { search.deallocate() }
      func isMatch(_ outcome: Outcome) -> Bool {
        outcome.isMatch && !search.runsAway(outcome)
      }
      func searchingEach<Item: Sendable>(
        _ items: [Item], _ body: @Sendable (Search, Item) -> [Outcome]
      ) -> [Outcome] {
        Self.searchingEach(items, trajectory, precision, fixed, body)
      }
      var outcomes = searchingEach(candidates) { [$0.outcome($1, isWide: isWide)] }
      // What one method is found with may be what another was not.
      let matching = outcomes.filter(isMatch).prefix(4).map(\.fit.parameters)
      if !matching.isEmpty {
        outcomes = searchingEach(outcomes) { [$0.outcome($1, from: matching)] }
      }
      found = Searched(outcomes: outcomes, precision: precision)
      if !isWide, !outcomes.contains(where: isMatch) {
        found.outcomes += searchingEach(outcomes) { $0.resumed($1) }
      }
      found.outcomes.removeAll { $0.isMatch && search.runsAway($0) }
      found.hasMatch = found.outcomes.contains(where: \.isMatch)
      if found.hasMatch { break }
    }
    // What single precision finds may suit double too, in which a search has more ways to miss it.
    if found.hasMatch, found.precision == .single, trajectory.precisions.contains(.double) {
      let search = Search(trajectory, precision: .double, fixed: fixed)
      defer { search.deallocate() }
      let matching = Array(found.outcomes.filter(\.isMatch).map(\.fit.parameters).prefix(4))
      let exact = searchingEach(found.outcomes, trajectory, .double, fixed) {
        [$0.outcome($0.outcome(like: $1), from: matching)]
      }.filter { !($0.isMatch && search.runsAway($0)) }
      if exact.contains(where: \.isMatch) {
        return Searched(outcomes: exact, precision: .double, hasMatch: true)
      }
    }
    return found
  }

  /// What `body` finds for each, on all processors, each with a search of its own, which has room for one candidate at
  /// a time.
  private static func searchingEach<Item: Sendable>(
    _ items: [Item], _ trajectory: Trajectory, _ precision: Precision,
    _ fixed: [RuleParameter: Double], _ body: @Sendable (Search, Item) -> [Outcome]
  ) -> [Outcome] {
    inParallel(items.indices) { index in
      let search = Search(trajectory, precision: precision, fixed: fixed)
      defer { search.deallocate() }
      return body(search, items[index])
    }.flatMap(\.self)
  }

  private mutating func settle(_ searched: Searched) {
    isDouble = searched.precision == .double
    var outcomes = searched.outcomes
    let matches = outcomes.filter(\.isMatch).sorted {
      $0.candidate.isSimpler(than: $1.candidate)
    }
    let search = Search(
      trajectory, precision: isDouble ? .double : .single, fixed: fixed,
      hasFittedStepsizes: hasFittedStepsizes)
    defer { search.deallocate() }
    let simple = matches.filter {
      !$0.isLimit(of: trajectory, besides: matches, given: fixed) && !search.isAtAnEnd($0)
    }
    // Where each is a limit of another method, none is told for sure.
    let told = simple.isEmpty ? matches : simple
    let answer = Self.nearest(told, given: fixed)
    if let answer {
      match = described(answer, search)
      agreement = search.agreement(answer.fit)
      let others = told.filter { $0.candidate.rule != answer.candidate.rule }
      equals = others.filter {
        $0.candidate.freeCount <= answer.candidate.freeCount
          || $0.candidate.isWithEpsilonElsewhere(than: answer.candidate)
      }
      .map { described($0, search, from: answer) }
      hasFewNumbers = !search.isSupported(answer)
      hasOneKind = !others.contains {
        $0.candidate.isWellKnown && $0.candidate.kind != answer.candidate.kind
      }
      isAmbiguous =
        answer.isUnderdetermined || hasFewNumbers || !hasOneKind
        || simple.isEmpty && !others.isEmpty
      // The first stepsize, which is that of a method, tells them apart.
      if hasFittedStepsizes, !isAmbiguous, fixed[.alpha] == nil,
        answer.candidate.free.contains(.epsilon), search.epsilonBound(answer.fit) != nil
      {
        withOtherStepsizes = answer.candidate.ofAnotherCorrection
        equals.removeAll { withOtherStepsizes.contains($0.name) && !$0.isFault }
      }
      if isAmbiguous {
        equals = others.filter(\.candidate.isWellKnown).map {
          described($0, search, from: answer)
        }
      }
    }
    // What makes the trajectory with hyperparameters of its own is not ruled out.
    var named = Set(matches.map(\.candidate.label)).union(withOtherStepsizes)
    if answer == nil { outcomes = outcomes.map(search.lasting) }
    // Without an answer: the most steps, then the simplest. A loss at the step at which it departs, or
    // before the first three, explains nothing.
    func isNearer(_ a: Outcome, _ b: Outcome) -> Bool {
      let steps = [a, b].map { $0.departure?.step ?? 0 }
      if answer == nil, steps[0] != steps[1] { return steps[0] > steps[1] }
      if answer == nil, steps[0] > 2 {
        return (a.candidate.freeCount, a.candidate.rank.rawValue)
          < (b.candidate.freeCount, b.candidate.rank.rawValue)
      }
      return a.fit.rms < b.fit.rms
    }
    departures = outcomes.filter { outcome in
      let restart = outcome.candidate.rule.restart
      return !outcome.isMatch && outcome.fit.rms.isFinite
        && (answer != nil || restart == 0 || outcome.departure?.step ?? 0 > max(restart, 3))
    }
    .sorted(by: isNearer)
    .filter { named.insert($0.candidate.label).inserted }
    .compactMap(\.departure)
    if let answer, answer.candidate.rule.family == .adam,
      !withOtherStepsizes.contains("adam"),
      !matches.contains(where: { $0.candidate.label == "adam" }),
      let algorithm1 = Candidate.all.first(where: { $0.label == "adam" }),
      var departure = search.departure(
        Fit(rule: algorithm1.rule, parameters: answer.fit.parameters), of: algorithm1)
    {
      departures.removeAll { $0.name == "adam" && $0.variant.isEmpty }
      departure.hasHyperparametersOfMatch = true
      departures.insert(departure, at: 0)
    }
  }

  /// The simplest, unless another is nearer by far: what is left of numbers to explain then speaks for it. So do
  /// hyperparameters that are all round ones where those of the simplest are not.
  private static func nearest(
    _ simple: [Outcome], given: [RuleParameter: Double]
  ) -> Outcome? {
    let best = simple.dropFirst().reduce(simple.first) { best, other in
      // Hyperparameters are rounded where it costs no more than a thousandth of a tolerance.
      guard let best, 20 * (other.fit.rms + 1e-3) < best.fit.rms else { return best }
      return other
    }
    guard let best, !best.isRound(besides: given), best.candidate.rank != .fault else {
      return best
    }
    return simple.first {
      $0.isRound(besides: given) && $0.candidate.rank != .fault
        && $0.candidate.kind == best.candidate.kind && $0.fit.rms < 2 * best.fit.rms + 1e-3
    } ?? best
  }

  private func described(
    _ outcome: Outcome, _ search: Search, from answer: Outcome? = nil
  ) -> Match {
    let candidate = outcome.candidate
    var values = [("alpha", outcome.fit.parameters.alpha)]
    for parameter in candidate.free {
      values.append((parameter.rawValue, outcome.fit.parameters[parameter]))
    }
    if candidate.rule.decay == .decoupled {
      values.append(("weight-decay", outcome.fit.parameters.weightDecay))
    }
    return Match(
      name: candidate.name, title: candidate.title, isFault: candidate.rank == .fault,
      hyperparameters: values.map { (name: $0.0, value: $0.1) },
      deviations: Dictionary(
        uniqueKeysWithValues: search.deviations(outcome).map { ($0.key.rawValue, $0.value) }),
      epsilonBelow: candidate.free.contains(.epsilon) && fixed[.epsilon] == nil
        ? search.epsilonBound(outcome.fit) : nil,
      telling: answer.map { candidate.telling(from: $0.candidate) } ?? candidate.telling,
      equalRates: outcome.equalRates)
  }
}

/// What a candidate came to.
struct Outcome: Sendable {
  let candidate: Candidate
  let fit: Fit
  /// Nil for a match.
  let departure: Identification.Departure?
  /// Whether there are no more numbers than hyperparameters.
  let isUnderdetermined: Bool
  /// How many other rates of the grid make the same steps, where there is nothing but a grid.
  var equalRates = 0

  /// Whether all hyperparameters that were searched are decimals of four digits or less.
  func isRound(besides given: [RuleParameter: Double]) -> Bool {
    var searched = candidate.free + [.alpha]
    if candidate.rule.decay == .decoupled { searched.append(.weightDecay) }
    return searched.filter { given[$0] == nil }.map { fit.parameters[$0] }.allSatisfy { value in
      (1...4).contains { digits in
        [Fitter.round(value, digits), 1 - Fitter.round(1 - value, digits)].contains {
          abs($0 - value) <= 1e-12 * abs(value)
        }
      }
    }
  }

  var isMatch: Bool { departure == nil && fit.rms.isFinite }

  /// The hyperparameters that have gone where an adaptive method adapts no more.
  ///
  /// - Parameter given: those that somebody gave, which go nowhere.
  func farParameters(
    in trajectory: Trajectory, given: [RuleParameter: Double]
  ) -> [RuleParameter] {
    let p = fit.parameters
    let largest = trajectory.gradients.reduce(0) { max($0, abs($1)) }
    return candidate.free.filter { given[$0] == nil }.filter { parameter in
      switch parameter {
      case .beta2, .rho: p[parameter] > 1 - 1e-5
      case .epsilon:
        (candidate.rule.epsilonInside ? p.epsilon.squareRoot() : p.epsilon) > 30 * largest
      case .initialAccumulator: p.initialAccumulator > 1e3 * largest * largest
      default: false
      }
    }
  }

  /// Whether a hyperparameter has gone where the method is another, simpler one. A small momentum is none if
  /// SGD is not among the `matches`.
  func isLimit(
    of trajectory: Trajectory, besides matches: [Outcome], given: [RuleParameter: Double]
  ) -> Bool {
    let p = fit.parameters
    return !farParameters(in: trajectory, given: given).isEmpty
      || candidate.free.contains { parameter in
        if given[parameter] != nil { return false }
        return switch parameter {
        case .momentum:
          p.momentum < 1e-4
            && (candidate.isAdaptive || p.momentum == 0
              || matches.contains { $0.candidate.rule.family == .sgd })
        // Adam without a first moment is Adam; forms that differ in what they do with it are not told then.
        case .beta1:
          p.beta1 < 1e-4
            && (candidate.rule.lookahead != .none || candidate.rank == .fault
              || matches.contains { !$0.candidate.free.contains(.beta1) })
        case .rho where p.rho < 1e-4: true
        case .lambda: p.lambda > 1 - 1e-7
        case .momentumDecay: p.momentumDecay > 50
        case .weightDecay: p.weightDecay < 1e-10
        default: false
        }
      }
      || candidate.rule.decay == .decoupled && given[.weightDecay] == nil && p.weightDecay < 1e-10
  }
}

extension Candidate {
  /// What is named where methods are listed.
  var label: String { rank == .fault ? "\(name), \(title)" : name }

  /// Methods of one kind differ in a detail of the update.
  var kind: UpdateRule.Family {
    switch rule.family {
    case .heavyBall: .momentum
    case .nesterovSutskever: .nesterov
    case let family: family
    }
  }
}

/// Why nothing can be identified.
public enum IdentificationError: UserFacingError, Equatable {
  /// No method has all of these hyperparameters.
  case noMethodHas([String])

  /// What is wrong and what to do; one line.
  public var description: String {
    switch self {
    case .noMethodHas(let names):
      "no method has the hyperparameters \(names.joined(separator: ", ")) together; give fewer"
    }
  }

  /// A wrong option.
  public var exitStatus: ExitStatus { .usage }
}
