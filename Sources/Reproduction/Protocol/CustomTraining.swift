import Networks
import Optimizers
import Reporting
import ResultStore
import Storage

// Arms that the command line makes.

extension TrainingSession {
  /// One arm of the result file, with the session that makes its runs.
  struct Part {
    var label: String
    var arm: Arm
    var session: TrainingSession
  }

  private func session(_ request: PlanRequest) -> TrainingSession {
    TrainingSession(experiment: experiment, request: request, records: records)
  }

  /// The arms of the result file of a request.
  var parts: [Part] {
    guard request.isCustom else {
      return arms.map { Part(label: $0.rawValue, arm: $0, session: self) }
    }
    let kept = request.kept.isEmpty ? [request] : request.kept.map { $0.request(like: request) }
    return kept.map { Part(label: $0.armLabel, arm: .custom, session: session($0)) }
  }

  /// The experiment's contenders, and those that the command line adds.
  var allContenders: [Contender] {
    var added: [Contender] = []
    for new in request.kept.flatMap(\.added) + request.added
    where !added.contains(where: { $0.name == new.name }) {
      added.append(new.contender)
    }
    return experiment.contenders + added
  }

  /// The arm that a request makes.
  var customArm: CustomArm {
    var arm = CustomArm(
      request,
      contenders: experiment.contenders.filter { isMade($0) && contradicted(in: $0).isEmpty }
        .map(\.name),
      seeds: seeds, epochs: epochCount)
    // What cannot be had is no difference to an arm that names what is used instead.
    let asked = experiment.training.standardSettings.replacing(with: request.settings)
    arm.settings = request.settings.replacing(with: experiment.substitutes(asked))
    return arm
  }

  /// What was given that a contender does not go with, by the options' names: hyperparameters that it lacks,
  /// other values of what makes it the one that its name says, and what an optimizer decides itself that chooses
  /// what is evaluated.
  private func contradicted(in contender: Contender) -> [String] {
    let hyperparameters = request.hyperparameters.filter { name, value in
      contender.optimizer.hyperparameter(name) == nil
        || contender.fixed[name].map { $0 != value } ?? false
    }.keys
    let settings = request.settings.names.filter { name in
      switch (contender.settings[name], request.settings[name]) {
      // With dropout at another rate is still with dropout.
      case (.number(let own)?, .number(let given)?): (own == 0) != (given == 0)
      case (let own?, let given?): own != given
      default: false
      }
    }
    var own: [String] = []
    if contender.optimizer.takesSums {
      if request.minibatch != nil { own.append("minibatch") }
      if request.schedule != nil { own.append("schedule") }
    }
    return (hyperparameters + settings + own).sorted()
  }

  /// The contenders of a run of one's own that do not go with what was given, and what that is.
  private var leftOut: [(contender: Contender, options: [String])] {
    guard request.isCustom else { return [] }
    return experiment.contenders.filter(isMade).compactMap { contender in
      let options = contradicted(in: contender).map { "--\($0)" }
      return options.isEmpty ? nil : (contender, options)
    }
  }

  /// What the command line makes of a contender; `nil` if that does not go with what was given.
  ///
  /// Hyperparameters and schedule that are not given are those of `fitted`, or those that the text
  /// states, settings those of the contender and the experiment. Where `fitted` has settings of its own its
  /// hyperparameters belong to these: of them only the stepsize and the momentum, which have no usual value for
  /// all problems, and the schedule are taken, and else the method's defaults. An optimizer that the command line
  /// adds has the values that were given for it, then those given for all that it knows, then its
  /// method's defaults.
  func customChoice(_ contender: Contender) throws -> Contender.Choice? {
    if let added = request.added.first(where: { $0.name == contender.name }) {
      let general = request.hyperparameters.filter {
        added.method.hyperparameter($0.key) != nil
      }
      var choice = Contender.Choice(general.merging(added.hyperparameters) { _, own in own })
      choice.schedule = added.schedule ?? request.schedule ?? choice.schedule
      choice.settings = request.settings.replacing(with: added.settings)
      return choice
    }
    guard contradicted(in: contender).isEmpty else { return nil }
    var choice = contender.fitted ?? .init([:])
    if contender.fitted == nil, case .settings(let stated) = contender.literal { choice = stated }
    if let fitted = contender.fitted, !fitted.settings.names.isEmpty {
      choice.hyperparameters = choice.hyperparameters.filter {
        ["alpha", "momentum"].contains($0.key)
      }
    }
    choice.settings = request.settings
    choice.hyperparameters.merge(request.hyperparameters) { _, new in new }
    choice.schedule = request.schedule ?? choice.schedule
    return choice
  }

  /// What a run of one's own leaves out.
  var customRemarks: [String] {
    guard request.contenders == nil, !leftOut.isEmpty else { return [] }
    let names = leftOut.map { "\($0.contender.name) (\($0.options.joined(separator: ", ")))" }
    return ["left out, as these options do not go with them: " + NumberText.list(names)]
  }

  func customRuns() throws -> [RunSpecification] {
    var own = request
    own.kept = []
    let runs = try session(own).allContenders.filter { isMade($0) }.flatMap { contender in
      try customChoice(contender).map {
        finalRuns(contender, $0, arm: .custom)
      } ?? []
    }
    // What was asked for by name is not left out without a word.
    if let (contender, options) = leftOut.first, request.contenders != nil {
      throw UsageError(
        "\(NumberText.list(options)) \(options.count == 1 ? "does" : "do") not go with \"\(contender.name)\", which "
          + "--optimizers names; leave out one of them")
    }
    guard !runs.isEmpty else {
      let options = leftOut.flatMap(\.options).distinct.sorted()
      throw UsageError(
        "no optimizer of \(experiment.name) goes with \(options.joined(separator: " "))")
    }
    return runs
  }

  // MARK: Figure

  /// The experiment's figures, or that of the arms that the command line has made.
  func figures() throws -> [Figure] { request.isCustom ? [customFigure] : experiment.figures }

  /// The cost and the test error of all arms that the command line has made, each axis as long as the
  /// data need. Few lines share the panels; many have a panel of their cost for each arm.
  private var customFigure: Figure {
    let parts = parts
    let contenders = allContenders
    let made = parts.map { part in contenders.filter(part.session.isMade) }
    let names = Set(made.flatMap { $0.map(\.name) })
    let isTogether = made.reduce(0) { $0 + $1.count } <= Self.mostLines
    var drawn: Set<String> = []
    var number = 0
    let lines = zip(parts, made).map { part, made in
      made.map { contender in
        let label =
          !isTogether || parts.count == 1
          ? contender.name
          : names.count == 1 ? part.label : "\(contender.name) \(part.label)"
        let index = contenders.firstIndex { $0.name == contender.name } ?? 0
        let place = isTogether && parts.count > 1 ? number : index
        number += 1
        let isFirst = drawn.insert(contender.name).inserted
        return Figure.Line(
          label, Self.colours[place % Self.colours.count], variable: Measure.runningCost.name,
          along: "epoch", select: ["arm": part.label, "optimizer": contender.name],
          paper: request.drawsPaper && (isFirst || !isTogether) ? contender.name : nil)
      }
    }
    let x = Figure.Axis.linear("iterations over entire dataset")
    let cost = Figure.Axis.logarithmic("training cost")
    let paperFigure = paperFigure
    var panels: [Figure.Panel]
    if isTogether {
      panels = [
        Figure.Panel("", x: x, y: cost, lines: Array(lines.joined()), paperFigure: paperFigure)
      ]
      if budget.recording != .final {
        let errors = lines.joined().map { line in
          var line = line
          line.variable = Measure.testError.name
          line.paper = nil
          return line
        }
        panels.append(
          Figure.Panel("", x: x, y: .logarithmic("test error"), lines: errors))
      }
    } else {
      panels = zip(parts, lines).map { part, lines in
        Figure.Panel(part.label, x: x, y: cost, lines: lines, paperFigure: paperFigure)
      }
    }
    let data = request.otherData.map { " on \($0)" } ?? ""
    return Figure(
      "\(experiment.name)-custom", "\(experiment.name)\(data): settings of one's own",
      caption: "Runs with settings from the command line; the paper makes no statement about them.",
      columns: 2, panels: panels)
  }

  private static var mostLines: Int { 7 }

  private static var colours: [Figure.Colour] {
    Figure.Colour.allCases.filter { $0 != .grey }
  }

  /// The figure of the paper that has curves of these contenders.
  private var paperFigure: String? {
    experiment.figures.map(\.id).first { id in
      experiment.contenders.contains { experiment.paper.curve($0.name, of: id) != nil }
    }
  }

  // MARK: Memory

  /// The bytes that a run needs at least: theta, its gradient and the optimizer's vectors. `nil` where
  /// settings cannot make that large.
  private var leastBytes: Int? {
    guard let parameterCount = experiment.parameterCount, request.isCustom else { return nil }
    let settings = experiment.training.standardSettings.replacing(with: request.settings)
    let vectors = allContenders.filter { isMade($0) }.map(\.optimizer.stateVectors.count)
    return parameterCount(settings) * (2 + (vectors.max() ?? 0)) * MemoryLayout<Float>.size
  }

  func checkMemory() throws {
    guard let bytes = leastBytes, bytes > MachineMemory.bytes else { return }
    throw UsageError(
      "these widths need \(MachineMemory.text(bytes)) of memory a run at least, and this machine has "
        + "\(MachineMemory.text(MachineMemory.bytes)); choose smaller ones")
  }

  /// Says what a large model needs before it is taken.
  var memoryRemarks: [String] {
    guard let bytes = leastBytes, bytes >= 1 << 30 else { return [] }
    return ["these widths need \(MachineMemory.text(bytes)) of memory a run at least"]
  }
}
