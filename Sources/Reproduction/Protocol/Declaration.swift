import Optimizers
import Reporting
import ResultStore
import Storage

/// Looks for names in an experiment's declaration that stand for nothing: every figure line, claim and
/// question has to name a contender, setting, curve, figure or recorded variable that is declared.
///
/// A program refuses to start with one that does not, for its claim would read `not run` and its line
/// would be missing, in the results of hours.
struct Declaration {
  /// What is wrong, a line each.
  private(set) var problems: [String] = []

  private let figures: [Figure]
  private let paper: PaperCurves
  private let settings: [DeclaredSetting]

  init(figures: [Figure], paper: PaperCurves, settings: [DeclaredSetting] = []) {
    self.figures = figures
    self.paper = paper
    self.settings = settings
    var seen: Set<String> = []
    for figure in figures where !seen.insert(figure.id).inserted {
      report("there are two figures \(figure.id)")
    }
    for figure in figures {
      for panel in figure.panels {
        for name in (panel.largest ?? []).map(\.line) {
          require(
            name, among: panel.lines.map(\.name), "line", by: "the title of figure \(figure.id)")
        }
      }
    }
  }

  private mutating func report(_ problem: String) {
    if !problems.contains(problem) { problems.append(problem) }
  }

  private mutating func require(
    _ name: String, among known: [String], _ kind: String, by owner: String
  ) {
    guard !known.contains(name) else { return }
    let near = known.min { editDistance($0, name) < editDistance($1, name) }
    report(
      "\(owner) names the \(kind) \"\(name)\", which is not declared"
        + (near.map { "; the nearest is \"\($0)\"" } ?? ""))
  }

  private mutating func requireCurve(_ name: String, of figure: String, by owner: String) {
    require(
      name, among: paper.curves.filter { $0.figure == figure }.map(\.name),
      "curve of the paper's \(figure)", by: owner)
  }

  // MARK: Parts of a declaration

  /// A method, with hyperparameters and a schedule.
  mutating func check(
    method: MethodDescription, _ hyperparameters: some Sequence<String>, schedule: Schedule? = nil,
    by owner: String
  ) {
    for name in hyperparameters.sorted() {
      require(
        name, among: method.hyperparameters.map(\.name), "hyperparameter of \(method.name)",
        by: owner)
    }
    if let schedule { check(schedule, by: owner) }
  }

  private mutating func check(_ schedule: Schedule, by owner: String) {
    do {
      _ = try Schedule.parse(schedule.description)
    } catch {
      report("\(owner): \(error)")
    }
  }

  /// The settings that the data and other settings look at.
  mutating func checkSettings(of data: [String]) {
    for name in data { require(name, among: settings.map(\.name), "setting", by: "the data") }
    for setting in settings {
      for name in setting.switchedOff {
        require(name, among: settings.map(\.name), "setting", by: "the setting \(setting.name)")
      }
    }
  }

  /// The budget of contenders with a grid: the arm `tuned` has to have its settings from a search.
  mutating func check(_ budget: Budget, of profile: Profile) {
    if case .inline = budget.search.source, budget.search.seedCount == 0,
      budget.arms.contains(.tuned)
    {
      report("the profile \(profile.rawValue) has the arm tuned, but no search")
    }
  }

  /// The axes of a sweep of which a profile keeps some values.
  mutating func checkKept(_ names: [String], among axes: [String], of profile: Profile) {
    for name in names.sorted() {
      require(name, among: axes, "axis", by: "the profile \(profile.rawValue)")
    }
  }

  /// Values of settings.
  mutating func check(_ values: Settings, by owner: String) {
    for name in values.names {
      guard let setting = settings.first(where: { $0.name == name }), let value = values[name]
      else {
        require(name, among: settings.map(\.name), "setting", by: owner)
        continue
      }
      do {
        _ = try setting.value(from: value.description)
      } catch {
        report("\(owner): \(error)")
      }
    }
  }

  /// Everything that a contender takes.
  mutating func check(_ contender: Contender) {
    let owner = "the contender \(contender.name)"
    check(method: contender.optimizer, contender.fixed.keys, by: owner)
    check(contender.settings, by: owner)
    var choices: [Contender.Choice] = contender.fitted.map { [$0] } ?? []
    switch contender.literal {
    case .settings(let stated): choices.append(stated)
    case .schedule(let schedule): check(schedule, by: owner)
    case nil: break
    }
    for choice in choices {
      check(
        method: contender.optimizer, choice.hyperparameters.keys, schedule: choice.schedule,
        by: owner)
      check(choice.settings, by: owner)
    }
    if let grid = contender.grid {
      check(method: contender.optimizer, grid.axes.map(\.name), by: owner)
      for schedule in grid.schedules { check(schedule, by: owner) }
    }
  }

  /// The dimensions of a variable, with the labels along each; nil where they depend on what is asked for.
  typealias KnownDimensions = [String: [String]?]

  /// The lines of the figures: their variables, dimensions and labels, and the paper's curves.
  ///
  /// - Parameters:
  ///   - variables: those that results have, by path.
  ///   - hasAllCurves: whether the paper draws every line that names a curve of it.
  mutating func checkLines(_ variables: [String: KnownDimensions], hasAllCurves: Bool = true) {
    for figure in figures {
      for panel in figure.panels {
        for line in panel.lines {
          let owner = "figure \(figure.id), line \"\(line.name)\","
          check(line, in: panel, variables, by: owner)
          let drawn = panel.paperFigure ?? figure.id
          // The curve of a contender's own name need not be in the paper.
          if hasAllCurves, let curve = line.paper, curve != line.select["optimizer"],
            paper.curves.contains(where: { $0.figure == drawn })
          {
            requireCurve(curve, of: drawn, by: owner)
          }
        }
      }
    }
  }

  private mutating func check(
    _ line: Figure.Line, in panel: Figure.Panel, _ variables: [String: KnownDimensions],
    by owner: String
  ) {
    var names = [line.variable, line.xVariable]
    var axes = [line.along] + line.select.keys.sorted()
    var places = [panel.select.merging(line.select) { _, own in own }]
    places += [line.relativeTo, line.xUnit].compactMap(\.self)
    switch line.band {
    case .seeds, .none: break
    case .standardErrors(_, let deviation): names.append(deviation)
    case .quantiles(let dimension, let middle, let low, let high):
      axes.append(dimension)
      places += [middle, low, high].map { [dimension: $0] }
    }
    for name in names.compactMap(\.self) {
      require(name, among: variables.keys.sorted(), "variable", by: owner)
    }
    guard let dimensions = variables[line.variable] else { return }
    for axis in axes {
      require(
        axis, among: dimensions.keys.sorted(), "dimension of \(line.variable)", by: owner)
    }
    for place in places {
      for (axis, label) in place.sorted(by: { $0.key < $1.key }) {
        // A number may be written in several ways.
        guard let known = dimensions[axis] ?? nil,
          Double(label) == nil || !known.contains(where: { Double($0) == Double(label) })
        else { continue }
        require(label, among: known, axis == "optimizer" ? "contender" : axis, by: owner)
      }
    }
  }

  /// Claims: their figures, and what they compare.
  ///
  /// - Parameters:
  ///   - contenders: the contenders; nil where there are none.
  ///   - variables: what results have, by path.
  mutating func check(
    _ claims: [Claim], contenders: [String]? = nil, variables: some Sequence<String>,
    siblings: [String] = []
  ) {
    var seen: Set<String> = []
    for claim in claims {
      let owner = "the claim \(claim.id)"
      if !seen.insert(claim.id).inserted { report("there are two claims \(claim.id)") }
      if claim.source.isEmpty { report("\(owner) has neither a place in the paper nor a write-up") }
      if !claim.figure.isEmpty {
        require(claim.figure, among: figures.map(\.id), "figure", by: owner)
      }
      for name in contenders == nil ? [] : claim.contenders {
        require(name, among: contenders ?? [], "contender", by: owner)
      }
      for name in claim.variables {
        require(name, among: variables.sorted(), "variable", by: owner)
      }
      if let matched = claim.matched {
        requireCurve(matched.curve, of: matched.figure, by: owner)
      }
    }
    for name in siblings {
      require(name, among: ResultSet.experimentNames, "experiment", by: "siblings")
    }
  }

  /// A question: whose run is varied, by what, and the paper's curve.
  ///
  /// - Parameters:
  ///   - methods: the method of each contender, or of the cells of a sweep under any name.
  ///   - axes: the axes of a sweep, one of whose cells is varied.
  mutating func check(
    _ question: OpenQuestion, methods: [String: MethodDescription], axes: [SweepAxis] = []
  ) {
    let owner = "the question \"\(question.question)\""
    if axes.isEmpty {
      for name in [question.subject] + question.rivals {
        require(name, among: methods.keys.sorted(), "contender", by: owner)
      }
    } else {
      let named = question.cell.map(\.hyperparameter)
      if named.sorted() != axes.map(\.hyperparameter).sorted() {
        report(
          "\(owner) has values of \(named.isEmpty ? "nothing" : named.joined(separator: ", ")) for its cell, "
            + "not one of each axis: \(axes.map(\.hyperparameter).joined(separator: ", "))")
      }
      for (name, value) in question.cell {
        if let axis = axes.first(where: { $0.hyperparameter == name }), !axis.values.contains(value)
        {
          report("\(owner): \(name) \(compact(value)) is not on its axis")
        }
      }
    }
    if case .curve(let curve, let figure) = question.reference {
      requireCurve(curve, of: figure, by: owner)
    }
    let varied =
      axes.isEmpty
      ? ([question.subject] + question.rivals).compactMap { methods[$0] }
      : Array(methods.values.prefix(1))
    for alternative in question.alternatives {
      let part = "\(owner), alternative \"\(alternative.name)\","
      check(alternative.settings, by: part)
      for method in varied {
        check(
          method: method, alternative.hyperparameters.keys, schedule: alternative.schedule, by: part
        )
      }
    }
  }
}

extension TrainingExperiment {
  /// What the declaration names and does not have, a line each.
  public var problems: [String] {
    var declaration = Declaration(figures: figures, paper: paper, settings: training.settings)
    declaration.checkSettings(of: training.data.settingNames)
    let names = contenders.map(\.name)
    for contender in contenders { declaration.check(contender) }
    var variables = training.variables(
      of: ["arm": Arm.allCases.map(\.rawValue), "optimizer": names, "seed": nil],
      probeAxes: probeAxes)
    if contenders.contains(where: \.optimizer.takesSums) {
      for (name, _) in SumTrainingProcess.meanings {
        variables[name] = variables[Measure.penalty.variable]
      }
    }
    for reading in Readings().encoded().variables {
      variables["readings/\(reading.name)"] = ["claim": claims.map(\.id), "rank": nil]
    }
    declaration.checkLines(variables)
    declaration.check(
      claims, contenders: names, variables: variables.keys, siblings: siblings)
    let methods = Dictionary(contenders.map { ($0.name, $0.optimizer) }) { first, _ in first }
    for question in questions { declaration.check(question, methods: methods) }
    for profile in Profile.allCases where contenders.contains(where: { $0.grid != nil }) {
      declaration.check(profiles[profile], of: profile)
    }
    return declaration.problems
  }
}

extension MinibatchTraining {
  /// What runs record, with its dimensions.
  ///
  /// - Parameters:
  ///   - runs: the dimensions along which runs stand.
  ///   - probeAxes: the labels of the axes of one measurement of a probe.
  fileprivate func variables(
    of runs: Declaration.KnownDimensions, probeAxes: [Dimension]
  ) -> [String: Declaration.KnownDimensions] {
    let inTime = runs.merging(["epoch": nil]) { old, _ in old }
    var variables = Dictionary(
      uniqueKeysWithValues: (Measure.allCases.map(\.variable) + RunTime.allCases.map(\.variable))
        .map {
          ($0, inTime)
        })
    for setting in settings {
      variables[DeclaredSetting.variable(setting.name)] = runs.filter { $0.key != "seed" }
    }
    for probe in probes {
      var dimensions = runs
      dimensions.updateValue(nil, forKey: probe.leadingAxis)
      for axis in probe.axes {
        let labels = probeAxes.first { $0.name == axis.name }?.labels.texts
        dimensions.updateValue(labels, forKey: axis.name)
      }
      variables[probe.name] = dimensions
    }
    return variables
  }
}

extension SweepExperiment {
  /// What the declaration names and does not have, a line each.
  public var problems: [String] {
    let request = PlanRequest(profile: .paper, data: "")
    let figures = (try? session(request) { _ in nil }.figures()) ?? []
    var declaration = Declaration(figures: figures, paper: paper, settings: training.settings)
    declaration.checkSettings(of: training.data.settingNames)
    for variant in variants.all {
      declaration.check(
        method: variant.optimizer, Array(variant.fixed.keys) + axes.map(\.hyperparameter),
        by: "the variant \(variant.name)")
    }
    var dimensions: Declaration.KnownDimensions = [
      variants.axis: variants.all.map(\.name), "seed": nil,
    ]
    for axis in axes { dimensions.updateValue(nil, forKey: axis.name) }
    var variables = training.variables(of: dimensions, probeAxes: probeAxes)
    if Profile.allCases.contains(where: { profiles[$0].saving?.edges != nil }) {
      // The last axis is the one along which the edge lies.
      let cells = dimensions.filter { $0.key != axes.last?.name }
      for end in SweepEdges.End.allCases {
        variables[end.variable] = cells.merging([SweepEdges.horizon: nil]) { own, _ in own }
      }
    }
    // A chart of the paper lacks the curves of variants that fail everywhere.
    declaration.checkLines(variables, hasAllCurves: false)
    declaration.check(claims, variables: variables.keys, siblings: siblings)
    let methods = Dictionary(variants.all.prefix(1).map { ($0.name, $0.optimizer) }) { $1 }
    for question in questions {
      declaration.check(question, methods: methods, axes: axes)
    }
    for profile in Profile.allCases {
      declaration.checkKept(
        Array(profiles[profile].kept.keys), among: axes.map(\.hyperparameter), of: profile)
    }
    return declaration.problems
  }
}

extension ComputationExperiment {
  /// What the declaration names and does not have, a line each.
  public var problems: [String] {
    var declaration = Declaration(figures: figures, paper: PaperCurves())
    var variables: [String: Declaration.KnownDimensions] = [:]
    for computation in (try? computations(PlanRequest(profile: .paper, data: ""))) ?? [] {
      for quantity in computation.quantities {
        let axes =
          computation.axes
          + computation.ownAxes.filter { quantity.axes.map(\.name).contains($0.name) }
        variables["\(computation.name)/\(quantity.name)"] = Dictionary(
          uniqueKeysWithValues: axes.map { ($0.name, $0.labels.texts) })
      }
    }
    declaration.checkLines(variables)
    declaration.check(claims, variables: variables.keys)
    return declaration.problems
  }
}

/// A declaration that names what is not there: a fault of the program.
package struct DeclarationError: UserFacingError {
  let problems: [String]

  package init(problems: [String]) { self.problems = problems }

  package var description: String {
    let more = problems.count > 1 ? ", and \(problems.count - 1) more of the kind" : ""
    return "the declaration of this experiment is wrong: \(problems.first ?? "")\(more)"
  }

  package var exitStatus: ExitStatus { .software }
}
