import Optimizers
import Reporting
import ResultStore
import Storage

/// Looks for names in an experiment's declaration that stand for nothing: every figure line, claim and
/// question has to name a contender, setting, curve or figure that is declared.
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
    method: String, _ hyperparameters: some Sequence<String>, schedule: String? = nil,
    by owner: String
  ) {
    guard let known = (try? OptimizerRegistry.method(method))?.hyperparameters else {
      report("\(owner) names the method \"\(method)\", which is not registered")
      return
    }
    for name in hyperparameters.sorted() {
      require(name, among: known.map(\.name), "hyperparameter of \(method)", by: owner)
    }
    if let schedule { check(schedule: schedule, by: owner) }
  }

  private mutating func check(schedule: String, by owner: String) {
    do {
      _ = try Schedule.parse(schedule)
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
    case .schedule(let schedule): check(schedule: schedule.description, by: owner)
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
      for schedule in grid.schedules { check(schedule: schedule, by: owner) }
    }
  }

  /// The lines of the figures: the labels along the axes that are known beforehand, and the paper's curves.
  ///
  /// - Parameters:
  ///   - labels: what is known of the labels, by axis.
  ///   - hasAllCurves: whether the paper draws every line that names a curve of it.
  mutating func checkLines(labels: [String: [String]], hasAllCurves: Bool = true) {
    for figure in figures {
      for panel in figure.panels {
        for line in panel.lines {
          let owner = "figure \(figure.id), line \"\(line.name)\","
          let selected = panel.select.merging(line.select) { _, own in own }
          for places in [selected, line.relativeTo ?? [:], line.xUnit ?? [:]] {
            for (axis, label) in places.sorted(by: { $0.key < $1.key }) {
              guard let known = labels[axis] else { continue }
              require(label, among: known, axis == "optimizer" ? "contender" : axis, by: owner)
            }
          }
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

  /// Claims: their figures, and what they compare.
  ///
  /// - Parameter contenders: the contenders; nil where there are none.
  mutating func check(_ claims: [Claim], contenders: [String]? = nil, siblings: [String] = []) {
    var seen: Set<String> = []
    for claim in claims {
      let owner = "the claim \(claim.id)"
      if !seen.insert(claim.id).inserted { report("there are two claims \(claim.id)") }
      if !claim.figure.isEmpty {
        require(claim.figure, among: figures.map(\.id), "figure", by: owner)
      }
      for name in contenders == nil ? [] : claim.contenders {
        require(name, among: contenders ?? [], "contender", by: owner)
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
  /// - Parameter methods: the method of each contender, or of the cells of a sweep under any name.
  mutating func check(_ question: OpenQuestion, methods: [String: String]) {
    let owner = "the question \"\(question.question)\""
    if question.cell.isEmpty {
      require(question.subject, among: methods.keys.sorted(), "contender", by: owner)
    }
    if case .curve(let curve, let figure) = question.reference {
      requireCurve(curve, of: figure, by: owner)
    }
    let method = methods[question.subject] ?? (question.cell.isEmpty ? nil : methods.values.first)
    for alternative in question.alternatives {
      let part = "\(owner), alternative \"\(alternative.name)\","
      check(alternative.settings, by: part)
      if let method {
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
    declaration.checkLines(labels: [
      "optimizer": names, "arm": Arm.allCases.map(\.rawValue),
    ])
    declaration.check(claims, contenders: names, siblings: siblings)
    let methods = Dictionary(contenders.map { ($0.name, $0.optimizer) }) { first, _ in first }
    for question in questions { declaration.check(question, methods: methods) }
    for profile in Profile.allCases where contenders.contains(where: { $0.grid != nil }) {
      declaration.check(profiles[profile], of: profile)
    }
    return declaration.problems
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
    // A chart of the paper lacks the curves of variants that fail everywhere.
    declaration.checkLines(
      labels: [variants.axis: variants.all.map(\.name)], hasAllCurves: false)
    declaration.check(claims, siblings: siblings)
    let methods = Dictionary(variants.all.prefix(1).map { ($0.name, $0.optimizer) }) { $1 }
    for question in questions { declaration.check(question, methods: methods) }
    return declaration.problems
  }
}

extension ComputationExperiment {
  /// What the declaration names and does not have, a line each.
  public var problems: [String] {
    var declaration = Declaration(figures: figures, paper: PaperCurves())
    declaration.check(claims)
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
