import Foundation
import ResultStore

/// Where a sweep looks for the edge of stability along its last axis: the largest value at which a run
/// does not fail.
public struct SweepEdges: Sendable {
  /// The ends of the brackets, as the group `/edges` has them.
  public enum End: String, CaseIterable, Recorded {
    /// The largest value below the edge that did not fail.
    case stable
    /// The smallest value above the edge that failed.
    case failed

    static let group = "edges"

    /// Its variable's path in a result file.
    public var variable: String { "\(Self.group)/\(rawValue)" }
  }

  /// The name of the axis of `horizons`.
  public static let horizon = "horizon"

  /// The numbers of epochs after which a run has failed or not, ascending.
  let horizons: [Int]
  /// A loss from here on is that of a run that failed.
  let failure: Double
  /// How far apart the ends of a bracket are at most, in decades.
  let tolerance: Double
  let isWanted: @Sendable ([String: Double]) -> Bool

  /// Edges after so many epochs, each horizon's search starting from the bracket of the one before.
  ///
  /// - Parameters:
  ///   - failure: a loss from here on is that of a run that failed, as is one that is not finite.
  ///   - tolerance: how far apart the ends of a bracket are at most, in decades.
  ///   - isWanted: whether the edge is wanted at these values of the other axes.
  public init(
    after horizons: [Int], failure: Double, within tolerance: Double,
    where isWanted: @escaping @Sendable ([String: Double]) -> Bool = { _ in true }
  ) {
    self.horizons = horizons.sorted()
    self.failure = failure
    self.tolerance = tolerance
    self.isWanted = isWanted
  }
}

/// Which cells of a sweep get the seeds after the first: those that decide.
///
/// They are, after each of `horizons` epochs and by the first seed's losses, the cells within `margin`
/// of the best one along the last axis, and the cell at which the first variant is behind the second by
/// most, if that is more than `gap`.
public struct SweepSeeds: Sendable {
  let horizons: [Int]
  let margin: Double
  let gap: Double

  /// See the type; `margin` and `gap` have the unit of the loss.
  public init(after horizons: [Int], margin: Double, gap: Double) {
    self.horizons = horizons
    self.margin = margin
    self.gap = gap
  }

  /// How many epochs the further seeds of each cell need; cells that decide nothing have no entry.
  ///
  /// - Parameters:
  ///   - positions: of the cells: variant first, then along each axis.
  ///   - loss: that of a cell after so many epochs, infinite if it failed, `nil` if it was not run.
  package func epochs(
    positions: [[Int]], loss: (_ cell: Int, _ horizon: Int) -> Double?
  ) -> [Int: Int] {
    var needed: [Int: Int] = [:]
    for horizon in horizons.sorted() {
      let losses = positions.indices.map { loss($0, horizon) ?? .infinity }
      var panels: [[Int]: [Int]] = [:]
      for cell in positions.indices {
        panels[Array(positions[cell].dropLast()), default: []].append(cell)
      }
      for cells in panels.values {
        guard let best = cells.map({ losses[$0] }).min(), best.isFinite else { continue }
        for cell in cells where losses[cell] <= best + margin { needed[cell] = horizon }
      }
      let first = positions.indices.filter { positions[$0][0] == 0 }
      let gaps = first.compactMap { cell -> (cells: [Int], gap: Double)? in
        let place = positions[cell].dropFirst()
        guard
          let other = positions.indices.first(where: {
            positions[$0][0] == 1 && positions[$0].dropFirst() == place
          }), losses[cell].isFinite, losses[other].isFinite
        else { return nil }
        return ([cell, other], losses[cell] - losses[other])
      }
      if let largest = gaps.max(by: { $0.gap < $1.gap }), largest.gap > gap {
        for cell in largest.cells { needed[cell] = horizon }
      }
    }
    return needed
  }
}

/// The search for the edge of stability: values are tried, up or down a ladder, until one that does not
/// fail lies next to one that does; then their bracket is halved on a logarithmic scale.
package struct EdgeSearch {
  /// The largest value below the edge that did not fail; `nil` while none is known.
  package private(set) var stable: Double?
  /// The smallest value above the edge that failed; `nil` while none is known.
  package private(set) var failed: Double?
  /// What has to be tried next; `nil` if the search is over.
  package private(set) var next: Double?
  /// Every value that was asked for, in order.
  package private(set) var tried: [Double] = []

  /// At most so many half decades beyond the ladder.
  private static let extensionLimit = 2

  /// - Parameters:
  ///   - ladder: values to start with.
  ///   - start: one of them: where the edge is expected.
  ///   - tolerance: how far apart the ends of the bracket are at most, in decades.
  ///   - isStable: whether a value does not fail; `nil` if that is not known yet.
  package init(
    ladder: [Double], from start: Double, tolerance: Double, isStable: (Double) -> Bool?
  ) {
    var rungs = ladder.sorted()
    guard var rung = rungs.firstIndex(of: start) else {
      preconditionFailure("\(start) is not on the ladder")
    }
    guard let isFirstStable = ask(start, isStable) else { return }
    let (upwards, end) = (isFirstStable, rungs.count + Self.extensionLimit)
    while stable == nil || failed == nil {
      rung += upwards ? 1 : -1
      guard rung >= 0 && rung < end else { return }
      if rung == rungs.count {
        rungs.append((rungs[rung - 1] * 10.0.squareRoot()).rounded(toDigits: 3))
      }
      guard ask(rungs[rung], isStable) != nil else { return }
    }
    while let low = stable, let high = failed, log10(high / low) > tolerance {
      let middle = (low * high).squareRoot().rounded(toDigits: 3)
      guard middle > low && middle < high, ask(middle, isStable) != nil else { return }
    }
  }

  private mutating func ask(_ value: Double, _ isStable: (Double) -> Bool?) -> Bool? {
    tried.append(value)
    let answer = isStable(value)
    switch answer {
    case true?: stable = value
    case false?: failed = value
    case nil: next = value
    }
    return answer
  }
}
