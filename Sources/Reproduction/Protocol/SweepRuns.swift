import Reporting
import ResultStore

/// How a sweep saves runs: how long a cell is run, which cells get more than one seed, where the edge of
/// stability is looked for.
public struct SweepProtocol: Sendable {
  /// How many epochs a cell is run at most; `nil`: as many as the profile has.
  let epochs: @Sendable ([String: Double]) -> Int?
  /// What `epochs` says, in words.
  let remark: String
  let seeds: SweepSeeds?
  let edges: SweepEdges?

  /// Cells of `epochs` at most, by their hyperparameters; `remark` says the same in words. Without
  /// `seeds` every cell has all of them.
  public init(
    remark: String, seeds: SweepSeeds? = nil, edges: SweepEdges? = nil,
    epochs: @escaping @Sendable ([String: Double]) -> Int? = { _ in nil }
  ) {
    self.remark = remark
    self.seeds = seeds
    self.edges = edges
    self.epochs = epochs
  }
}

/// A run of one cell of a sweep.
struct SweepCellRun {
  var cell: SweepGrid.Cell
  /// Its place on the axis of seeds.
  var seed: Int
  var run: RunSpecification
}

/// A search for one edge.
struct SweepEdgeRuns {
  /// Where it stands: seed, variant, the axes but the last, horizon.
  var position: [Int]
  var search: EdgeSearch
  /// The runs that tell of the values that were tried.
  var runs: [RunSpecification]
}

extension SweepEdges {
  /// The edges of all seeds, variants and values of the other axes, as far as they can be told.
  ///
  /// - Parameters:
  ///   - cells: of the first seed, all of them run.
  ///   - lengths: the numbers of epochs that runs may have.
  ///   - run: the run of a cell with another last value, of so many epochs.
  func searches(
    _ cells: [SweepGrid.Cell], axes: [String], seeds: [UInt64], lengths: [Int],
    records: RecordLookup,
    run: (_ cell: SweepGrid.Cell, _ value: Double, _ seed: UInt64, _ epochs: Int) ->
      RunSpecification
  ) -> [SweepEdgeRuns] {
    let longest = lengths.max() ?? 0
    let horizons = horizons.filter { $0 <= longest }
    let lengths = Set(lengths + horizons).sorted()
    var panels: [[Int]: [SweepGrid.Cell]] = [:]
    for cell in cells {
      let values = Dictionary(uniqueKeysWithValues: zip(axes, cell.values))
      if isWanted(values) { panels[Array(cell.position.dropLast()), default: []].append(cell) }
    }
    var found: [SweepEdgeRuns] = []
    for (panel, cells) in panels.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      let grid = cells.compactMap(\.values.last).sorted()
      var starts: [Int: EdgeSearch] = [:]
      for (seedIndex, seed) in seeds.enumerated() {
        var before: EdgeSearch?
        for (index, horizon) in horizons.enumerated() {
          var runs: [RunSpecification] = []
          func isStable(_ value: Double) -> Bool? {
            let candidates = lengths.map { run(cells[0], value, seed, $0) }
            for candidate in candidates {
              guard let record = records(candidate) else { continue }
              if candidate.epochs >= horizon || record.outcome != .finished {
                runs.append(candidate)
                return record.loss(after: horizon) < failure
              }
            }
            candidates.first { $0.epochs >= horizon }.map { runs.append($0) }
            return nil
          }
          let known = [before, starts[index]].compactMap(\.self)
          let ends = known.flatMap { [$0.stable, $0.failed] }.compactMap(\.self)
          let largest = grid.last { isStable($0) == true }
          runs = []
          let start = before?.stable ?? starts[index]?.stable ?? largest ?? grid[0]
          let search = EdgeSearch(
            ladder: Set(grid + ends).sorted(), from: start, tolerance: tolerance,
            isStable: isStable)
          found.append(
            SweepEdgeRuns(position: [seedIndex] + panel + [index], search: search, runs: runs))
          // What follows starts from this bracket.
          guard search.next == nil else { break }
          before = search
          if seedIndex == 0 { starts[index] = search }
        }
        if starts.count < horizons.count { break }
      }
    }
    return found
  }

  /// The group `/edges`: the brackets.
  ///
  /// - Parameter axes: seeds, variants and the swept axes but the last.
  func group(_ searches: [SweepEdgeRuns], axes: [Dimension], of hyperparameter: String) -> Group {
    let last = Dimension(
      Self.horizon, .int64(horizons.map(Int64.init)), "epochs after which a run has failed or not")
    let dimensions = axes + [last]
    let count = dimensions.reduce(1) { $0 * $1.length }
    var stable = [Double](repeating: .nan, count: count)
    var failed = stable
    for edge in searches where edge.search.next == nil {
      let place = zip(dimensions, edge.position).reduce(0) { $0 * $1.0.length + $1.1 }
      stable[place] = edge.search.stable ?? .nan
      failed[place] = edge.search.failed ?? .nan
    }
    var group = Group()
    group.attributes = [
      Attribute(
        "comment",
        "bisection of log \(hyperparameter) to \(compact(tolerance)) decades; a loss of \(compact(failure)) or "
          + "more is that of a run that failed")
    ]
    group.dimensions = dimensions
    let names = dimensions.map(\.name)
    group.variables = [
      (End.stable, stable, "largest \(hyperparameter) below the edge that did not fail"),
      (.failed, failed, "smallest \(hyperparameter) above the edge that failed"),
    ].map { end, values, meaning in
      Variable(end.rawValue, names, .double(values), meaning, units: "1")
    }
    return group
  }
}

extension RunRecord {
  /// The mean of the costs of the minibatches of the pass that ends after so many epochs; infinite if the
  /// run failed before, or its loss is not finite.
  func loss(after epochs: Int) -> Double {
    if case .diverged(let epoch, _, _) = outcome, epochs > epoch { return .infinity }
    let loss = value(of: .runningCost, afterPasses: epochs)
    return loss.isFinite ? loss : .infinity
  }
}
