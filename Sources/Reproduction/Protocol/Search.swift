import Foundation
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

  /// The grid is searched with `seeds` seeds a point, at the horizon of the final runs unless
  /// `epochs` says otherwise.
  public static func inline(seeds: Int, epochs: Int? = nil) -> Search {
    Search(source: .inline, seedCount: seeds, epochs: epochs)
  }

  /// The outcome in `table` is used; nothing is searched.
  public static func committed(_ table: [UInt8]) -> Search {
    Search(source: .committed(CommittedSearch(table)), seedCount: 0, epochs: nil)
  }

  /// Search seeds start here, far from those of final runs.
  public static let firstSeed: UInt64 = 1_000_000

  var seeds: [UInt64] { (0..<UInt64(seedCount)).map { Search.firstSeed + $0 } }
}

/// The outcome of a search as a table: what `--search` writes and the project keeps.
///
/// Tab-separated columns `contender`, `hyperparameters` (`name=value`, comma-separated), `schedule`,
/// `epochs`, `seed`, `cost`; lines that begin with `#` are remarks.
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

  /// Reads a table; lines that are not of its form are left out.
  public init(_ table: [UInt8]) {
    for line in String(decoding: table, as: UTF8.self).split(separator: "\n") {
      if line.hasPrefix("#") {
        remarks.append(line.dropFirst().trimmingCharacters(in: .whitespaces))
        continue
      }
      let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard columns.count == 6, let epochs = Int(columns[3]), let seed = UInt64(columns[4]),
        let cost = Double(columns[5])
      else { continue }
      var hyperparameters: [String: Double] = [:]
      for pair in columns[1].split(separator: ",") {
        let parts = pair.split(separator: "=")
        if parts.count == 2, let value = Double(parts[1]) {
          hyperparameters[String(parts[0])] = value
        }
      }
      rows.append(
        Row(
          contender: columns[0],
          point: GridPoint(hyperparameters: hyperparameters, schedule: columns[2]),
          epochs: epochs, seed: seed, cost: cost))
    }
  }

  /// The table's text.
  public var text: String {
    let header =
      remarks.map { "# \($0)" } + [
        "contender\thyperparameters\tschedule\tepochs\tseed\tcost"
      ]
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
  package func best(_ contender: String, for epochs: Int, schedule: String? = nil)
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
