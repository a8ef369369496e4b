import Foundation
import Optimizers
import Storage

/// How the `tuned` arm gets its settings.
public struct Search: Sendable {
  /// Where the outcome comes from.
  public enum Source: Sendable {
    /// The grid is searched as part of the experiment, at its own horizon.
    case inline
    /// The outcome of an earlier search is taken from a file of the project.
    case committed(CommittedSearch)
  }

  /// Where the outcome comes from.
  public let source: Source
  /// Seeds for each grid point; other seeds than those of the final runs.
  public let seedCount: Int
  /// The horizon in epochs; `nil`: the horizon of the final runs.
  public let epochs: Int?
  /// How the grid is raced; `nil`: every point is run to the horizon.
  public let racing: RacingRule?
  /// Rules of races that are replayed on the curves of the search, to tell what they would have chosen.
  public let replayed: [RacingRule]

  private init(
    _ source: Source, seeds: Int, epochs: Int? = nil, racing: RacingRule? = nil,
    replayed: [RacingRule] = []
  ) {
    self.source = source
    seedCount = seeds
    self.epochs = epochs
    self.racing = racing
    self.replayed = replayed
  }

  /// The grid is searched with `seeds` seeds a point, at the horizon of the final runs unless
  /// `epochs` says otherwise.
  public static func inline(
    seeds: Int, epochs: Int? = nil, replaying replayed: [RacingRule] = []
  ) -> Search {
    Search(.inline, seeds: seeds, epochs: epochs, replayed: replayed)
  }

  /// The grid is raced with `seeds` seeds a point.
  public static func raced(seeds: Int, by rule: RacingRule) -> Search {
    Search(.inline, seeds: seeds, epochs: rule.horizons.last, racing: rule)
  }

  /// The outcome in `table` is used; nothing is searched.
  public static func committed(_ table: CommittedSearch) -> Search {
    Search(.committed(table), seeds: 0)
  }

  /// No search, for experiments whose contenders have no grids.
  public static var none: Search { .inline(seeds: 0) }

  /// Search seeds start here, far from those of final runs.
  public static let firstSeed: UInt64 = 1_000_000

  var seeds: [UInt64] { (0..<UInt64(seedCount)).map { Search.firstSeed + $0 } }
}

/// The outcome of a search as a table: what `--search` writes and the project keeps.
///
/// Tab-separated columns `contender`, `hyperparameters` (`name=value`, comma-separated), `schedule`,
/// `epochs`, `seed`, `cost`; lines that begin with `#` are remarks, the last of them the SHA-256 of
/// all lines before.
public struct CommittedSearch: Sendable {
  /// One line of the table.
  public struct Row: Sendable, Hashable {
    /// The contender.
    public var contender: String
    /// The point.
    public var point: GridPoint
    /// The horizon.
    public var epochs: Int
    /// The seed.
    public var seed: UInt64
    /// The final training cost; NaN if the run diverged.
    public var cost: Double

    /// A line.
    public init(contender: String, point: GridPoint, epochs: Int, seed: UInt64, cost: Double) {
      self.contender = contender
      self.point = point
      self.epochs = epochs
      self.seed = seed
      self.cost = cost
    }
  }

  /// The lines, in order.
  public private(set) var rows: [Row] = []
  /// The remarks, without `#`.
  public private(set) var remarks: [String] = []

  /// An outcome with the given lines.
  public init(rows: [Row], remarks: [String]) {
    self.rows = rows
    self.remarks = remarks
  }

  private static let columns = [
    "contender", "hyperparameters", "schedule", "epochs", "seed", "cost",
  ]
  private static let seal = "sha256 "

  /// Reads a table.
  ///
  /// - Throws: `TableError` for the first line that is not of its form, and if the lines are not those
  ///   that were written.
  public init(_ bytes: [UInt8]) throws {
    let table = try SeparatedTable(
      bytes, name: "search.tsv", columns: Self.columns, hasHeader: true,
      advice: "restore the file from the repository, or write it again with --search")
    for row in table.rows {
      rows.append(try Self.row(row, of: table))
    }
    remarks = table.remarks.filter { !$0.hasPrefix(Self.seal) }
    guard table.remarks.last == Self.seal + SHA256.hexDigest(of: body) else {
      throw table.refusal(
        line: (table.rows.last?.line ?? 1) + 1, "it has not the SHA-256 of the lines before")
    }
  }

  private static func row(_ row: SeparatedTable.Row, of table: SeparatedTable) throws -> Row {
    let fields = row.fields
    guard let epochs = Int(fields[3]), epochs >= 0, let seed = UInt64(fields[4]) else {
      throw table.refusal(line: row.line, "epochs or seed is not a whole number")
    }
    guard let cost = Double(fields[5]), !cost.isInfinite else {
      throw table.refusal(line: row.line, "the cost is not a number")
    }
    guard let schedule = try? Schedule.parse(fields[2]) else {
      throw table.refusal(line: row.line, "'\(fields[2])' is no schedule")
    }
    var hyperparameters: [String: Double] = [:]
    for pair in fields[1].split(separator: ",", omittingEmptySubsequences: false) {
      let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let value = Double(parts[1]), value.isFinite,
        hyperparameters.updateValue(value, forKey: String(parts[0])) == nil
      else { throw table.refusal(line: row.line, "'\(pair)' is not name=value, or there twice") }
    }
    return Row(
      contender: fields[0],
      point: GridPoint(hyperparameters: hyperparameters, schedule: schedule), epochs: epochs,
      seed: seed, cost: cost)
  }

  /// The remarks of a table whose rows may be damaged.
  static func remarks(of bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("#") }
      .map { $0.dropFirst().trimmingCharacters(in: .whitespaces) }
  }

  /// The table's text.
  public var text: String { body + "# \(Self.seal)\(SHA256.hexDigest(of: body))\n" }

  private var body: String {
    let header = remarks.map { "# \($0)" } + [Self.columns.joined(separator: "\t")]
    let lines = rows.map { row in
      let values = row.point.hyperparameters.sorted { $0.key < $1.key }
        .map { "\($0.key)=\(compact($0.value))" }.joined(separator: ",")
      return "\(row.contender)\t\(values)\t\(row.point.schedule)\t\(row.epochs)\t\(row.seed)\t"
        + (row.cost.isNaN ? "nan" : "\(row.cost)")
    }
    return (header + lines).joined(separator: "\n") + "\n"
  }

  /// The horizon to judge runs of `epochs` by: the same if it was searched, else the longest.
  func horizon(_ contender: String, for epochs: Int) -> Int? {
    let horizons = rows.filter { $0.contender == contender }.map(\.epochs)
    return horizons.contains(epochs) ? epochs : horizons.max()
  }

  /// The points tried for a contender at the horizon for `epochs`, in order, with their costs.
  func searched(_ contender: String, for epochs: Int) -> [SearchedPoint] {
    let horizon = horizon(contender, for: epochs)
    var points: [SearchedPoint] = []
    for row in rows where row.contender == contender && row.epochs == horizon {
      if let index = points.firstIndex(where: { $0.point == row.point }) {
        points[index].costs.append(row.cost)
      } else {
        points.append(SearchedPoint(point: row.point, costs: [row.cost]))
      }
    }
    return points
  }

  /// The best point of a contender for runs of `epochs`, with any schedule or one; `nil` if none was
  /// tried or all diverged.
  package func best(_ contender: String, for epochs: Int, schedule: Schedule? = nil)
    -> SearchedPoint?
  {
    var best: SearchedPoint?
    for candidate in searched(contender, for: epochs)
    where candidate.score < best?.score ?? .infinity
      && candidate.point.schedule == schedule ?? candidate.point.schedule
    {
      best = candidate
    }
    return best
  }
}
