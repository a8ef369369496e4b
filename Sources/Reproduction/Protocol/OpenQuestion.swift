import Optimizers
import Reporting
import ResultStore

/// Something that the paper leaves open: what the experiment takes, and what else could be taken.
///
/// The effect of an alternative is measured: a run that differs in nothing else is set against the
/// run of the protocol with the same seed, or another quantity of that same run is looked at. Where
/// rivals are varied too, the alternative is a reading of the claims that compare them (`Readings`).
public struct OpenQuestion: Sendable {
  /// The quantity whose curve could be the one that the paper plots.
  public enum Quantity: Sendable {
    /// Mean of the minibatch costs of each pass, with dropout: what all verdicts use.
    case runningCost
    /// The same with the penalty on theta after the pass.
    case runningCostAndPenalty
    /// The cost of the whole training set after each pass, without dropout.
    case costAfterPass
  }

  /// What could be taken instead.
  public struct Alternative: Sendable {
    let name: String
    let hyperparameters: [String: Double]
    let schedule: Schedule?
    let settings: Settings
    let minibatch: Int?
    let quantity: Quantity

    /// An alternative, with what it changes of the protocol.
    ///
    /// - Parameters:
    ///   - name: what it is, in a few words.
    ///   - minibatch: examples a minibatch.
    ///   - quantity: what is looked at instead of the running cost.
    public init(
      _ name: String, hyperparameters: [String: Double] = [:], schedule: Schedule? = nil,
      settings: Settings = [:], minibatch: Int? = nil, quantity: Quantity = .runningCost
    ) {
      self.name = name
      self.hyperparameters = hyperparameters
      self.schedule = schedule
      self.settings = settings
      self.minibatch = minibatch
      self.quantity = quantity
    }

    /// Whether the run of the protocol shows it, so that none of its own is needed.
    var isSameRun: Bool { quantity != .runningCost }

    /// The run of the protocol with what this changes, through `passes` at most.
    func run(from protocolRun: RunSpecification, passes: Int?) -> RunSpecification {
      guard !isSameRun else { return protocolRun }
      var run = protocolRun
      run.epochs = min(run.epochs, passes ?? run.epochs)
      run.hyperparameters.merge(hyperparameters) { _, new in new }
      if let schedule { run.schedule = schedule.description }
      run.settings = run.settings.replacing(with: settings)
      run.minibatch = minibatch ?? run.minibatch
      if run.recording != .ends { run.recording = .final }
      run.evaluations = nil
      run.labels = [.init("choice", name)] + run.labels.filter { $0.axis == "optimizer" }
      return run
    }
  }

  /// What the paper has for the run that is varied.
  enum Reference: Sendable {
    /// A curve against the epochs.
    case curve(String, figure: String)
    /// A point of a curve against something else, for runs of so many epochs.
    case point(@Sendable (_ epochs: Int) -> (curve: String, x: Double), figure: String)
  }

  let question: String
  let subject: String
  let taken: String
  let alternatives: [Alternative]
  let reference: Reference?
  /// Of a sweep, the cell whose run is varied: values of hyperparameters, of the first variant.
  let cell: [(hyperparameter: String, value: Double)]
  let arm: Arm?
  let profiles: Set<Profile>
  let passes: Int?
  /// Contenders that are varied in the same way, in the profile `paper`.
  let rivals: [String]
  /// The seeds of each contender, subject and rivals, where rivals are varied.
  let seeds: Int

  /// A question that the paper leaves open.
  ///
  /// - Parameters:
  ///   - question: what is open, e.g. `coefficient of the L2 penalty`.
  ///   - subject: the contender whose run is varied.
  ///   - arm: the arm of that run; `nil`: the first of `fitted`, `literal` and `tuned` that is run.
  ///   - taken: what the protocol takes.
  ///   - figure: the paper's figure with the curve to compare with.
  ///   - curve: that curve, if its name is not the contender's.
  ///   - profiles: the profiles that measure the alternatives; the others only name them.
  ///   - passes: how many passes alternatives make if these are fewer than the protocol's.
  ///   - rivals: contenders that the profile `paper` varies in the same way, for a verdict on the claims
  ///     that compare them with the subject.
  ///   - seeds: how many seeds each of them, and the subject, has then.
  public init(
    _ question: String, of subject: String, arm: Arm? = nil, taken: String,
    figure: String? = nil, curve: String? = nil, profiles: Set<Profile> = Set(Profile.allCases),
    passes: Int? = nil, against rivals: [String] = [], seeds: Int = 3, alternatives: [Alternative]
  ) {
    self.question = question
    self.subject = subject
    self.taken = taken
    self.alternatives = alternatives
    reference = figure.map { .curve(curve ?? subject, figure: $0) }
    cell = []
    self.arm = arm
    self.profiles = profiles
    self.passes = passes
    self.rivals = rivals
    self.seeds = seeds
  }

  /// A question about a sweep: one of its cells is varied, in the first variant.
  ///
  /// - Parameters:
  ///   - cell: that cell: a value of each axis.
  ///   - subject: the cell, for people.
  ///   - figure: the paper's figure with the point to compare with.
  ///   - point: the curve and the place on it, for runs of so many epochs.
  public init(
    _ question: String, ofCell cell: KeyValuePairs<SweepAxis, Double>, called subject: String,
    taken: String,
    figure: String,
    point: @escaping @Sendable (_ epochs: Int) -> (curve: String, x: Double),
    profiles: Set<Profile> = Set(Profile.allCases), alternatives: [Alternative]
  ) {
    self.question = question
    self.subject = subject
    self.taken = taken
    self.alternatives = alternatives
    reference = .point(point, figure: figure)
    self.cell = cell.map { ($0.hyperparameter, $1) }
    arm = nil
    self.profiles = profiles
    passes = nil
    rivals = []
    seeds = 1
  }

  /// The runs that the alternatives need beside the protocol's.
  ///
  /// - Parameter protocolRuns: the runs that are varied, first that of the subject with the first seed.
  func runs(from protocolRuns: [RunSpecification], in profile: Profile) -> [RunSpecification] {
    guard profiles.contains(profile) else { return [] }
    return alternatives.filter { !$0.isSameRun }.flatMap { alternative in
      protocolRuns.map { alternative.run(from: $0, passes: passes) }
    }
  }

  /// One row an alternative, without effects.
  var unmeasuredChoices: [OpenChoice] {
    alternatives.map { OpenChoice(question, taken: taken, alternative: $0.name) }
  }

  /// One row an alternative; its effect is empty as long as it was not measured.
  func choices(
    from protocolRuns: [RunSpecification], records: RecordLookup, paper: PaperCurves
  ) -> [OpenChoice] {
    guard let first = protocolRuns.first else { return unmeasuredChoices }
    let here = records(first)
    return alternatives.map { alternative in
      let there = records(alternative.run(from: first, passes: passes))
      var effect = ""
      if let here, let there {
        effect = self.effect(here, there, quantity: alternative.quantity, paper: paper)
      }
      return OpenChoice(question, taken: taken, alternative: alternative.name, effect: effect)
    }
  }

  private func effect(
    _ here: RunRecord, _ there: RunRecord, quantity: Quantity, paper: PaperCurves
  ) -> String {
    let seed = "(seed \(here.specification.seed))"
    if case .diverged(let epoch, _, _) = there.outcome {
      return "\(subject) diverges in epoch \(epoch) \(seed)"
    }
    let after = Self.costs(there, quantity)
    let before = Self.costs(here, .runningCost).prefix(after.count).map { $0 }
    guard let old = before.last, let new = after.last, old.isFinite, new.isFinite else { return "" }
    let passes = before.count == 1 ? "1 pass" : "\(before.count) passes"
    var text = "\(subject): cost \(number(new)) instead of \(number(old)) after \(passes)"
    switch reference {
    case .curve(let name, let figure):
      let curve = paper.curve(name, of: figure)
      let frame = paper.frame(of: figure)
      // Points that only one of the two has would be compared with nothing.
      let common = zip(before, after).map { $1.isFinite ? $0 : .nan }
      if let far = curve?.distance(to: after, in: frame),
        let near = curve?.distance(to: common, in: frame)
      {
        text += "; distance to the paper's curve \(number(far)) instead of \(number(near))"
      }
    case .point(let place, let figure):
      let (name, x) = place(before.count)
      let point = paper.curve(name, of: figure)?.data.first { abs($0.x - x) < 1e-3 }
      if let point { text += "; the paper's is \(number(point.y))" }
    case nil: break
    }
    return "\(text) \(seed)"
  }

  /// The curve of a quantity: entry `x` belongs to the paper's `x`.
  private static func costs(_ record: RunRecord, _ quantity: Quantity) -> [Double] {
    let running = record.afterPasses(.runningCost)
    return switch quantity {
    case .runningCost: running
    case .runningCostAndPenalty: zip(running, record.afterPasses(.penalty)).map(+)
    case .costAfterPass: record.afterPasses(.trainingCost)
    }
  }

  private func number(_ value: Double) -> String { NumberText.significant(value, digits: 4) }
}

extension [OpenQuestion] {
  /// The runs that all alternatives need beside the protocol's.
  ///
  /// - Parameter protocolRuns: the runs that a question varies; none where the profile has none.
  func runs(
    in profile: Profile, from protocolRuns: (OpenQuestion) throws -> [RunSpecification]
  ) rethrows -> [RunSpecification] {
    try flatMap { question in question.runs(from: try protocolRuns(question), in: profile) }
  }

  /// The group `/choices`, one row an alternative.
  func group(
    records: RecordLookup, paper: PaperCurves,
    from protocolRuns: (OpenQuestion) throws -> [RunSpecification]
  ) rethrows -> Group {
    let varied = try map { (question: $0, runs: try protocolRuns($0)) }
    var group = varied.flatMap {
      $0.question.choices(from: $0.runs, records: records, paper: paper)
    }
    .encoded()
    group.add(runs: varied, records: records)
    return group
  }
}

extension Group {
  /// Adds the curves of alternatives that rivals have too, along `choice`, `optimizer`, `seed` and `epoch`.
  fileprivate mutating func add(
    runs varied: [(question: OpenQuestion, runs: [RunSpecification])], records: RecordLookup
  ) {
    var rows: [(arm: String, runs: [RunSpecification])] = []
    for (question, runs) in varied {
      let isCompared = Set(runs.map { $0.label("optimizer") }).count > 1
      for alternative in question.alternatives {
        let own =
          isCompared && !alternative.isSameRun
          ? runs.map { alternative.run(from: $0, passes: question.passes) } : []
        rows.append((own.isEmpty ? "" : runs[0].label("arm") ?? "", own))
      }
    }
    let all = rows.flatMap(\.runs)
    guard let epochs = all.map(\.epochs).max() else { return }
    let contenders = all.compactMap { $0.label("optimizer") }.distinct
    let seeds = all.map(\.seed).distinct
    var assembly = Assembly(axes: [
      Dimension("choice", .int64(rows.indices.map(Int64.init)), "row"),
      Dimension("optimizer", .string(contenders), "optimizer"), Axis.seed(seeds),
    ])
    assembly.define(.epochs(epochs))
    for (row, entry) in rows.enumerated() {
      for run in entry.runs {
        guard let contender = contenders.firstIndex(of: run.label("optimizer") ?? ""),
          let seed = seeds.firstIndex(of: run.seed), var record = records(run)
        else { continue }
        record.series.removeAll { Measure(rawValue: $0.name) == nil }
        assembly.add(record, at: [row, contender, seed])
      }
    }
    let curves = assembly.group(hyperparameterAxes: [])
    dimensions += curves.dimensions.dropFirst()
    variables.append(
      Variable(
        "arm", ["choice"], .string(rows.map(\.arm)),
        "the arm whose runs are varied; empty: without runs of rivals"))
    variables += curves.variables
  }
}
