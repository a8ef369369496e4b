import ResultStore

/// Puts the records of runs where they belong in the result arrays.
///
/// Every quantity becomes one array over the axes of the runs and then its own; a cell without a
/// run, or after a divergence, is NaN, and `status` tells which.
struct Assembly {
  private let axes: [Dimension]
  private let recordsDivergence: Bool
  private let givesReasons: Bool
  private var ownAxes: [Dimension] = []
  private var names: [String] = []
  private var arrays: [String: Array] = [:]
  private var descriptions: [String: (longName: String, units: String)] = Assembly.standardNames
  private var status: [UInt8]
  private var divergedEpoch: [Int32]
  private var divergedStep: [Int32]
  private var reasons: [String]
  private var lengths: [Int32]
  private var elapsed: [Double] = []
  private var trained: [Double] = []
  private var makers: [String]
  private var hyperparameters: [[Int]: Hyperparameters] = [:]

  private struct Array {
    var axes: [String]
    var shape: [Int]
    var values: [Double]
  }

  private struct Hyperparameters {
    var values: [String: Double]
    var schedule: String
    var settings: Settings
  }

  private static let standardNames = Dictionary(
    uniqueKeysWithValues: Measure.allCases.map { measure in
      (measure.name, (longName: measure.longName, units: measure.units))
    })

  /// Arrays over the axes of the runs; `recordsDivergence` tells whether they can diverge, and
  /// `givesReasons` whether it is told why they did.
  init(axes: [Dimension], recordsDivergence: Bool = true, givesReasons: Bool = false) {
    self.axes = axes
    self.recordsDivergence = recordsDivergence
    self.givesReasons = givesReasons
    let cells = axes.reduce(1) { $0 * $1.length }
    status = [UInt8](repeating: RunState.notRun.rawValue, count: cells)
    makers = [String](repeating: "", count: cells)
    divergedEpoch = [Int32](repeating: -1, count: cells)
    divergedStep = divergedEpoch
    reasons = makers
    lengths = [Int32](repeating: -1, count: cells)
  }

  /// Defines an axis that series have beyond those of the runs.
  mutating func define(_ axis: Dimension) {
    if !ownAxes.contains(where: { $0.name == axis.name }) { ownAxes.append(axis) }
  }

  mutating func describe(_ variable: String, longName: String, units: String) {
    descriptions[variable] = (longName, units)
  }

  private func cell(_ position: [Int]) -> Int {
    zip(axes, position).reduce(0) { $0 * $1.0.length + $1.1 }
  }

  private var cellCount: Int { status.count }

  /// Adds a record, if there is one, at its position along the axes of the runs.
  mutating func add(_ record: RunRecord?, at position: [Int]) {
    guard let record else { return }
    let cell = cell(position)
    makers[cell] = record.maker?.identifier ?? RunMaker.unknownIdentifier
    lengths[cell] = Int32(clamping: record.specification.epochs)
    switch record.outcome {
    case .finished:
      status[cell] = RunState.finished.rawValue
    case .diverged(let epoch, let step, let reason):
      status[cell] = RunState.diverged.rawValue
      reasons[cell] = reason
      divergedEpoch[cell] = Int32(clamping: epoch)
      divergedStep[cell] = Int32(clamping: step)
    }
    for series in record.series.map(lengthened) {
      let length = series.values.count
      if arrays[series.name] == nil {
        names.append(series.name)
        arrays[series.name] = Array(
          axes: series.axes, shape: series.shape,
          values: [Double](repeating: .nan, count: cellCount * length))
      }
      guard arrays[series.name]?.shape == series.shape else { continue }
      arrays[series.name]?.values.replaceSubrange(
        cell * length..<(cell + 1) * length, with: series.values)
    }
    if let length = ownAxes.first(where: { $0.name == "epoch" })?.length {
      for (seconds, all) in [
        (record.elapsedSeconds, \Assembly.elapsed), (record.trainingSeconds, \Assembly.trained),
      ] where !seconds.isEmpty {
        if self[keyPath: all].isEmpty {
          self[keyPath: all] = [Double](repeating: .nan, count: cellCount * length)
        }
        for (index, value) in seconds.prefix(length).enumerated() {
          self[keyPath: all][cell * length + index] = value
        }
      }
    }
  }

  private var epochCount: Int? { ownAxes.first { $0.name == "epoch" }?.length }

  /// A series along epochs that has fewer of them than the axis, filled up: arms that the command line
  /// makes may be of different lengths.
  private func lengthened(_ series: Series) -> Series {
    guard series.axes.first == "epoch", let count = series.shape.first, count > 0,
      let length = epochCount, count < length
    else { return series }
    let missing = (length - count) * (series.values.count / count)
    return Series(
      series.name, axes: series.axes, shape: [length] + series.shape.dropFirst(),
      values: series.values + [Double](repeating: .nan, count: missing))
  }

  /// Notes what the runs at a position along the axes of hyperparameters used.
  mutating func setHyperparameters(
    _ values: [String: Double], schedule: String, settings: Settings, at position: [Int]
  ) {
    hyperparameters[position] = Hyperparameters(
      values: values, schedule: schedule, settings: settings)
  }

  /// The root group: axes, arrays, status, hyperparameters over `hyperparameterAxes`, and the makers
  /// and times in `/volatile`.
  func group(hyperparameterAxes: [String]) -> Group {
    var group = Group()
    let axisNames = axes.map(\.name)
    group.dimensions = axes + ownAxes
    // A sweep puts its loss first itself.
    let order = Measure.allCases.filter { $0 != .loss }.map(\.name)
    let sorted = order.filter(names.contains) + names.filter { !order.contains($0) }
    for name in sorted {
      guard let array = arrays[name] else { continue }
      var variable = Variable(name, axisNames + array.axes, .double(array.values))
      if let (longName, units) = descriptions[name] {
        variable.attributes = .meaning(longName, units: units)
      }
      group.variables.append(variable)
    }
    group.variables.append(
      Variable(
        RunState.variable, axisNames, .uint8(status),
        attributes: [
          Attribute("long_name", "what became of the run"),
          Attribute(
            "flag_values", values: .uint8(RunState.allCases.map(\.rawValue))),
          Attribute("flag_meanings", RunState.allCases.map(\.word).joined(separator: " ")),
        ]))
    for (name, values, meaning) in [
      ("diverged_epoch", divergedEpoch, "epoch in which the run diverged, -1: it did not"),
      ("diverged_step", divergedStep, "step of that epoch, -1: it did not diverge"),
    ] where recordsDivergence {
      group.variables.append(
        Variable(name, axisNames, .int32(values), meaning, units: "1"))
    }
    if givesReasons && recordsDivergence {
      group.variables.append(
        Variable("diverged_reason", axisNames, .string(reasons), "why the run counts as diverged"))
    }
    if let count = epochCount, lengths.contains(where: { $0 >= 0 && $0 < count - 1 }) {
      group.variables.append(
        Variable(
          "run_epochs", axisNames, .int32(lengths),
          "epochs that the run is to make, -1: it was not run", units: "1"))
    }
    addHyperparameters(to: &group, axes: hyperparameterAxes)
    group.groups.append(Subgroup(RunTime.group, volatile(axisNames)))
    return group
  }

  /// What differs from one time and machine to the next: the makers of the runs, and their times.
  private func volatile(_ axisNames: [String]) -> Group {
    var group = Group()
    group.variables = [
      Variable(
        "made_by", axisNames, .string(makers), "what made the run: a label of /volatile/makers")
    ]
    if !elapsed.isEmpty {
      group.variables.append(
        Variable(
          RunTime.computation.rawValue, axisNames + ["epoch"], .double(elapsed),
          "seconds of computation up to the end of the epoch", units: "s"))
    }
    if !trained.isEmpty {
      group.variables.append(
        Variable(
          RunTime.training.rawValue, axisNames + ["epoch"], .double(trained),
          "processor seconds of training up to the end of the epoch, without evaluations",
          units: "s"))
    }
    return group
  }

  private func addHyperparameters(to group: inout Group, axes axisNames: [String]) {
    guard !hyperparameters.isEmpty else { return }
    let lengths = axisNames.map { name in axes.first { $0.name == name }?.length ?? 1 }
    let count = lengths.reduce(1, *)
    func position(_ index: Int) -> [Int] {
      var rest = index
      return lengths.reversed().map { length in
        defer { rest /= length }
        return rest % length
      }.reversed()
    }
    let cells = (0..<count).map { hyperparameters[position($0)] }
    let names = cells.compactMap { $0?.values.keys }.flatMap { $0 }
    // One that is an axis is told by the labels already.
    for name in Set(names).sorted() where !axes.contains(where: { $0.name == name }) {
      group.variables.append(
        Variable(
          name.replacing("-", with: "_"), axisNames,
          .double(cells.map { $0?.values[name] ?? .nan }),
          HyperparameterMeaning.of(name), units: "1"))
    }
    group.variables.append(
      Variable(
        "schedule", axisNames,
        .string(cells.map { $0?.schedule ?? "" }),
        "stepsize schedule; t counts from 1"))
    let settingNames = Set(cells.compactMap { $0?.settings.names }.flatMap { $0 }).sorted()
    for name in settingNames {
      let values = cells.map { $0?.settings[name] }
      let isNumber = values.contains { if case .number? = $0 { true } else { false } }
      let array: Values =
        isNumber
        ? .double(values.map { if case .number(let number)? = $0 { number } else { .nan } })
        : .string(values.map { if case .text(let text)? = $0 { text } else { "" } })
      group.variables.append(
        Variable(
          DeclaredSetting.variable(name), axisNames, array,
          "chosen where the paper says nothing: \(name)"))
    }
  }
}

extension Dimension {
  /// Epochs made, from 0 to `count`; of so many steps each if minibatches are drawn with
  /// replacement.
  static func epochs(_ count: Int, steps: Int? = nil) -> Dimension {
    Dimension(
      "epoch", .int64((0...Int64(count)).map { $0 }),
      steps.map { "epochs of \($0) steps" } ?? "iterations over entire dataset", units: "1")
  }
}

extension CommittedSearch {
  /// The group `/search`: one entry a grid point and seed, which points were chosen, and, where the
  /// search was made with the runs, every curve.
  ///
  /// - Parameters:
  ///   - selected: for each arm that takes its settings from the search, the point of each contender.
  ///   - curves: the running cost of each pass, a row an entry; empty if it is not known.
  func group(contenders: [String], selected: [Arm: [GridPoint?]], curves: [[Double]]) -> Group {
    var group = Group()
    let names = Set(rows.flatMap { $0.point.hyperparameters.keys }).sorted()
    func isSelected(_ row: Row, _ points: [GridPoint?]) -> UInt8 {
      guard let index = contenders.firstIndex(of: row.contender) else { return 0 }
      return points[index] == row.point ? 1 : 0
    }
    group.attributes =
      remarks.isEmpty ? [] : [Attribute("comment", remarks.joined(separator: "; "))]
    group.dimensions = [
      Dimension("trial", .int64(rows.indices.map(Int64.init)), "one run of the search")
    ]
    group.variables =
      [
        Variable("contender", ["trial"], .string(rows.map(\.contender)), "optimizer")
      ]
      + names.map { name in
        Variable(
          name.replacing("-", with: "_"), ["trial"],
          .double(rows.map { $0.point.hyperparameters[name] ?? .nan }),
          HyperparameterMeaning.of(name))
      } + [
        Variable(
          "schedule", ["trial"], .string(rows.map(\.point.schedule.description)),
          "stepsize schedule"),
        Variable(
          "search_epochs", ["trial"], .int64(rows.map { Int64($0.epochs) }),
          "horizon of the search in epochs"),
        Variable("search_seed", ["trial"], .int64(rows.map { Int64(bitPattern: $0.seed) }), "seed"),
        Variable(
          "final_cost", ["trial"], .double(rows.map(\.cost)),
          "running training cost of the last pass; NaN: diverged"),
      ]
      + Arm.allCases.compactMap { arm in
        selected[arm].map { points in
          Variable(
            arm == .tuned ? "selected" : "selected_\(arm.rawValue)", ["trial"],
            .uint8(rows.map { isSelected($0, points) }),
            "1: the point that the \(arm.rawValue) arm uses")
        }
      }
    let length = curves.map(\.count).max() ?? 0
    if length > 0 {
      group.dimensions.append(
        Dimension(
          "pass", .int64((0..<Int64(length)).map { $0 }),
          "the pass that starts after so many epochs"))
      let rest = [[Double]](repeating: [], count: rows.count - curves.count)
      group.variables.append(
        Variable(
          Measure.runningCost.name, ["trial", "pass"],
          .double(
            (curves + rest).flatMap { $0 + [Double](repeating: .nan, count: length - $0.count) }),
          "running training cost of each pass; NaN: diverged, or not kept"))
    }
    return group
  }
}
