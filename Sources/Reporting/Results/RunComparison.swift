import Glibc
import ResultStore
import Storage

/// Result files, or arms of them, side by side: differences of one quantity between runs of the same
/// seed, with Student's 95 % intervals.
public struct RunComparison: Sendable {
  /// One arm of one file.
  public struct Side: Sendable {
    /// What it is called here: the arm, the file, or both, as far as they tell sides apart.
    public let name: String
    let arm: String?
    let document: Document
  }

  /// One optimizer of one side, against the first that it can be set against.
  public struct Row: Sendable {
    /// The side.
    public let side: String
    /// The optimizer.
    public let optimizer: String
    /// The epoch whose value is compared: the last that both have; nil where there is none.
    public let epoch: Int?
    /// The quantity: mean over the seeds whose runs did not diverge.
    public let value: Estimate
    /// How many runs diverged.
    public let diverged: Int
    /// This less the other one, paired by seed; nil for those that others are set against.
    public fileprivate(set) var difference: Estimate?
    /// What it is set against; empty for those that others are set against.
    public fileprivate(set) var against = ""
    /// The other one's mean where it is not the one of its own row, which is of another epoch or of more seeds.
    public fileprivate(set) var baseline: Estimate?
    /// Why there is no difference.
    fileprivate var reason = ""
  }

  /// The experiment that all files are of.
  public let experiment: String
  /// The quantity.
  public let variable: String
  /// The sides, in the order in which they were named.
  public let sides: [Side]
  /// The comparisons.
  public let rows: [Row]
  /// The first file.
  public let firstPath: String
  /// What a reader has to know, a line each, e.g. that the data differ.
  public let remarks: [String]

  /// Compares the arms of files.
  ///
  /// With several arms each optimizer is set against the same one in the first arm, or against its
  /// first optimizer if that has no such one; with a single arm its optimizers against the first.
  ///
  /// - Parameters:
  ///   - operands: paths of result files; `FILE#ARM` takes one arm alone.
  ///   - variable: a quantity along optimizers and epochs.
  /// - Throws: `ComparisonError`; `FileError` and `ResultFileError` for files that cannot be read.
  public init(_ operands: [String], variable: String) throws {
    var found: [(path: String, arm: String?, document: Document)] = []
    for operand in operands {
      let parts = operand.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
      let isFile = FilePaths.exists(operand)
      let path = isFile ? operand : String(parts[0])
      let document = try ResultFile.read(path)
      let arms = document.root.labels(of: "arm")
      if !isFile, parts.count == 2 {
        let arm = String(parts[1])
        guard arms.contains(arm) else { throw ComparisonError.noArm(path, arm, known: arms) }
        found.append((path, arm, document))
      } else {
        found += arms.isEmpty ? [(path, nil, document)] : arms.map { (path, $0, document) }
      }
    }
    guard let first = found.first else { throw ComparisonError.nothing }
    firstPath = first.path
    experiment = first.document.root.text("experiment") ?? ""
    self.variable = variable
    for side in found {
      let other = side.document.root.text("experiment") ?? ""
      guard other == experiment else {
        throw ComparisonError.experiments(first.path, experiment, side.path, other)
      }
      guard let cells = Cells(variable, in: side.document), cells.has("optimizer"),
        cells.has("epoch")
      else {
        throw ComparisonError.noVariable(side.path, variable, known: Self.variables(side.document))
      }
    }
    let hasSeveralFiles = Set(found.map(\.path)).count > 1
    let sides = found.map { path, arm, document in
      let isArmAlone = !hasSeveralFiles || (arm != nil && found.count { $0.arm == arm } == 1)
      let name = isArmAlone ? arm ?? path : [path, arm].compactMap(\.self).joined(separator: " ")
      return Side(name: name, arm: arm, document: document)
    }
    self.sides = sides
    rows = Self.rows(sides, variable)
    guard !rows.isEmpty else { throw ComparisonError.noRuns(operands, variable) }
    var remarks: [String] = []
    let data = Set(found.map { $0.document.root.text("data_sha256") ?? "" })
    if data.count > 1 { remarks.append("the runs are on different data") }
    if found.contains(where: { $0.document.dataOrigin == "stand-in" }) {
      remarks.append("the data are generated")
    }
    let seeds = rows.compactMap(\.difference?.count)
    if seeds.contains(1) {
      remarks.append("one common seed has no interval; give more by --seeds")
    }
    self.remarks = remarks
  }

  /// The variables that can be compared.
  private static func variables(_ document: Document) -> [String] {
    document.root.variables.filter {
      $0.dimensions.contains("optimizer") && $0.dimensions.contains("epoch")
    }.map(\.name)
  }

  /// The values of one optimizer of one side: by seed, then by epoch.
  private struct Curves {
    var bySeed: [String: [Int: Double]] = [:]
    /// The seeds whose runs diverged.
    var diverged: Set<String> = []

    init(_ side: Side, _ optimizer: String, _ variable: String) {
      guard let cells = Cells(variable, in: side.document) else { return }
      var place = ["optimizer": optimizer]
      place["arm"] = side.arm
      let status = RunStatus(side.document)
      for seed in cells.has("seed") ? cells.labels(of: "seed") : ["0"] {
        var values: [Int: Double] = [:]
        for label in cells.labels(of: "epoch") {
          let here = place.merging(["seed": seed, "epoch": label]) { _, new in new }
          if let epoch = Int(label), let value = cells.value(at: here), value.isFinite {
            values[epoch] = value
          }
        }
        if !values.isEmpty { bySeed[seed] = values }
        if status?.state(at: place.merging(["seed": seed]) { _, new in new }) == .diverged {
          diverged.insert(seed)
        }
      }
    }

    /// Whether there is no run.
    var isEmpty: Bool { bySeed.isEmpty && diverged.isEmpty }

    /// Those that did not diverge.
    var finished: [String: [Int: Double]] { bySeed.filter { !diverged.contains($0.key) } }

    /// The last epoch that all seeds have which did not diverge.
    var last: Int? { epochs.max() }

    /// The last epoch that all seeds of both have; nil: none.
    func last(with other: Curves) -> Int? { epochs.intersection(other.epochs).max() }

    private var epochs: Set<Int> {
      let all = finished.values.map { Set($0.keys) }
      return all.dropFirst().reduce(all.first ?? []) { $0.intersection($1) }
    }

    func values(at epoch: Int) -> [Double] { values(at: epoch, of: Set(finished.keys)) }

    func values(at epoch: Int, of seeds: Set<String>) -> [Double] {
      finished.filter { seeds.contains($0.key) }.sorted { $0.key < $1.key }
        .compactMap { $0.value[epoch] }
    }

    func differences(from other: Curves, at epoch: Int) -> [Double] {
      finished.sorted { $0.key < $1.key }.compactMap { seed, values in
        guard let mine = values[epoch], let theirs = other.finished[seed]?[epoch] else {
          return nil
        }
        return mine - theirs
      }
    }
  }

  private static func optimizers(_ side: Side, _ variable: String) -> [String] {
    side.document.root.labels(of: "optimizer").filter {
      !Curves(side, $0, variable).isEmpty
    }
  }

  private static func rows(_ sides: [Side], _ variable: String) -> [Row] {
    let sides = sides.filter { !optimizers($0, variable).isEmpty }
    guard let base = sides.first, let firstOptimizer = optimizers(base, variable).first else {
      return []
    }
    let baseOptimizers = optimizers(base, variable)
    var rows: [Row] = []
    for (index, side) in sides.enumerated() {
      for optimizer in optimizers(side, variable) {
        let mine = Curves(side, optimizer, variable)
        let isBase = index == 0 && (sides.count > 1 || optimizer == firstOptimizer)
        let other =
          sides.count > 1 && baseOptimizers.contains(optimizer) ? optimizer : firstOptimizer
        let theirs = Curves(base, other, variable)
        let epoch = isBase ? mine.last : mine.last(with: theirs) ?? mine.last
        var row = Row(
          side: side.name, optimizer: optimizer, epoch: epoch,
          value: Statistics.studentMean(epoch.map(mine.values) ?? []),
          diverged: mine.diverged.count)
        if !isBase {
          row.difference = Statistics.studentMean(
            epoch.map { mine.differences(from: theirs, at: $0) } ?? [])
          row.against = [sides.count > 1 ? base.name : "", other].filter { !$0.isEmpty }
            .joined(separator: ", ")
          let common = Set(mine.finished.keys).intersection(theirs.finished.keys)
          row.baseline =
            epoch == theirs.last && common.count == theirs.finished.count
            ? nil : epoch.map { Statistics.studentMean(theirs.values(at: $0, of: common)) }
          row.reason =
            common.isEmpty
            ? mine.diverged.isEmpty && theirs.diverged.isEmpty
              ? "no common seed" : "no common seed whose runs did not diverge"
            : "no epoch that both have"
        }
        rows.append(row)
      }
    }
    return rows
  }

  /// The table for a terminal.
  public var text: String {
    let unit = sides.first?.document.root.variable(variable)?.attributes.text("long_name")
    var out = ["\(experiment): \(variable)" + (unit.map { ", \($0)" } ?? "")]
    let hasSides = Set(rows.map(\.side)).count > 1
    for row in rows {
      let name = (hasSides ? "[\(row.side)] " : "") + row.optimizer
      let diverged = row.diverged == 0 ? "" : ", \(row.diverged) diverged"
      out.append(
        row.epoch.map {
          "\(name), epoch \($0): \(ResultTable.text(row.value)) "
            + "(\(NumberText.count(row.value.count, "seed"))\(diverged))"
        } ?? "\(name): no value of a run that ended\(diverged)")
      guard let difference = row.difference else { continue }
      var line = "  less [\(row.against)]"
      if let baseline = row.baseline, baseline.count > 0 {
        line +=
          ", there \(ResultTable.text(baseline)) (\(NumberText.count(baseline.count, "seed")))"
      }
      line += ": "
      if difference.count == 0 {
        line += row.reason
      } else {
        line += NumberText.significant(difference.value, digits: 3)
        if difference.hasInterval {
          line +=
            " [\(NumberText.significant(difference.low, digits: 3)), "
            + "\(NumberText.significant(difference.high, digits: 3))]"
            + " over \(difference.count) seeds, "
            + (difference.low > 0 ? "higher" : difference.high < 0 ? "lower" : "not decided")
        }
      }
      out.append(line)
    }
    return (out + remarks).joined(separator: "\n") + "\n"
  }

  // MARK: Figure

  /// The quantity along the epochs as one document of all sides, and the figure that shows it.
  public var figure: (Figure, Document) {
    let optimizers = rows.map(\.optimizer).distinct
    let values = sides.map { side in optimizers.map { Curves(side, $0, variable) } }
    let all = values.joined()
    let seeds = Set(all.flatMap(\.bySeed.keys)).sorted {
      (Int64($0) ?? .max, $0) < (Int64($1) ?? .max, $1)
    }
    let epochs = Array(0...(all.flatMap { $0.bySeed.values.flatMap(\.keys) }.max() ?? 0))
    var numbers: [Double] = []
    for side in values {
      for optimizer in side {
        for seed in seeds {
          numbers += epochs.map { optimizer.bySeed[seed]?[$0] ?? .nan }
        }
      }
    }
    var root = Group()
    func dimension(_ name: String, _ labels: Values) -> Dimension {
      Dimension(name, labels, name)
    }
    root.dimensions = [
      dimension("arm", .string(sides.map(\.name))), dimension("optimizer", .string(optimizers)),
      dimension("seed", .string(seeds)), dimension("epoch", .int64(epochs.map(Int64.init))),
    ]
    root.variables = [Variable(variable, ["arm", "optimizer", "seed", "epoch"], .double(numbers))]
    let origins = Set(sides.map(\.document.dataOrigin))
    root.attributes = [
      Attribute("experiment", experiment),
      Attribute("data_origin", origins.contains("stand-in") ? "stand-in" : origins.first ?? ""),
    ]
    let others = Set(sides.map(\.document.otherData)).filter { !$0.isEmpty }.sorted()
    if !others.isEmpty {
      root.attributes.append(Attribute("other_data", others.joined(separator: "; ")))
    }
    let colours = Figure.Colour.allCases.filter { $0 != .grey }
    let isOneOptimizer = optimizers.count == 1
    var lines: [Figure.Line] = []
    for (side, values) in zip(sides, values) {
      for (optimizer, values) in zip(optimizers, values) where !values.bySeed.isEmpty {
        let name =
          sides.count == 1
          ? optimizer : isOneOptimizer ? side.name : "\(optimizer), \(side.name)"
        lines.append(
          Figure.Line(
            name, colours[lines.count % colours.count], variable: variable, along: "epoch",
            select: ["arm": side.name, "optimizer": optimizer]))
      }
    }
    let isPositive = numbers.allSatisfy { $0.isNaN || $0 > 0 }
    let label = variable.replacing("_", with: " ")
    let panel = Figure.Panel(
      "", x: .linear("iterations over entire dataset"),
      y: isPositive ? .logarithmic(label) : .linear(label), lines: lines)
    let figure = Figure(
      "\(experiment)-\(variable)", "\(experiment): \(label)",
      caption: "Runs of the same seeds side by side.", columns: 1, panels: [panel])
    return (figure, Document(root: root))
  }
}

/// What cannot be compared.
public enum ComparisonError: UserFacingError, Equatable {
  /// No file was named.
  case nothing
  /// The files are of different experiments.
  case experiments(String, String, String, String)
  /// The file has no such arm.
  case noArm(String, String, known: [String])
  /// The file has no such variable along optimizers and epochs.
  case noVariable(String, String, known: [String])
  /// None of the files has a finished run.
  case noRuns([String], String)

  /// What is wrong, where, and what to do; one line.
  public var description: String {
    switch self {
    case .nothing: "--compare needs result files (*.h5), or FILE#ARM"
    case .experiments(let path, let name, let otherPath, let other):
      "\(path) is of \(name), \(otherPath) of \(other.isEmpty ? "no experiment" : other); name files "
        + "of one experiment"
    case .noArm(let path, let arm, let known):
      "\(path) has no arm \"\(arm)\"\(Self.hint(arm, known)); it has "
        + (known.isEmpty ? "none" : known.joined(separator: ", "))
    case .noVariable(let path, let name, let known):
      "\(path) has no \"\(name)\" along optimizers and epochs\(Self.hint(name, known)); "
        + (known.isEmpty
          ? "it has nothing of that kind" : "it has \(known.joined(separator: ", "))")
    case .noRuns(let paths, let name):
      "no run in \(paths.joined(separator: ", ")) has a value of \(name)"
    }
  }

  /// 64 for what is asked for wrongly, 65 for files that do not fit.
  public var exitStatus: ExitStatus {
    switch self {
    case .experiments, .noRuns: .badData
    default: .usage
    }
  }

  private static func hint(_ text: String, _ known: [String]) -> String {
    let near = known.min { editDistance(text, $0) < editDistance(text, $1) }
    guard let near, editDistance(text, near) <= 3 else { return "" }
    return " (did you mean \(near)?)"
  }
}
