import Foundation
import Optimizers

/// The values tried of one hyperparameter.
public struct GridAxis: Sendable {
  /// The hyperparameter.
  public let name: String
  /// The values, ascending.
  public let values: [Double]
  /// Whether the axis is continued where the best value lies at its end.
  public let isExtended: Bool

  /// The listed values, which stay as they are.
  public init(_ name: String, _ values: [Double]) {
    self.name = name
    self.values = values.sorted()
    isExtended = false
  }

  /// Round values evenly spread over decades, both ends included: with two a decade 1, 3, 10, ...;
  /// with three 1, 2, 5, 10, ...; with one 1, 10, ... A best value at an end extends the axis.
  public init(_ name: String, from first: Double, to last: Double, perDecade: Int) {
    self.name = name
    values = RoundValues(perDecade: perDecade).values(from: first, to: last)
    isExtended = true
    density = perDecade
  }

  /// Decay rates that approach one: with 1...3 the values 0.9, 0.99, 0.999. A best value at an end
  /// extends the axis, at the lower end down to 0.
  public init(_ name: String, nines: ClosedRange<Int>) {
    self.name = name
    values = nines.map(Self.rate)
    isExtended = true
  }

  /// The values a decade; 0: decay rates, or listed values.
  private(set) var density = 0

  /// The rate 0.9...9 with so many nines, as its decimal literal reads.
  private static func rate(nines: Int) -> Double {
    Double("0." + String(repeating: "9", count: nines)) ?? 0
  }

  /// The value beyond the last or before the first of `values`, one more step of the same spacing;
  /// `nil` where there is none.
  func extended(_ values: [Double], upwards: Bool) -> Double? {
    let end = upwards ? values[values.count - 1] : values[0]
    if density > 0 { return RoundValues(perDecade: density).neighbour(of: end, upwards: upwards) }
    let nines = Int((-log10(1 - end)).rounded()) + (upwards ? 1 : -1)
    return nines >= 0 ? Self.rate(nines: nines) : nil
  }
}

/// The values 1, 3, 10, 30, ... and the like.
struct RoundValues {
  private let mantissas: [Double]

  init(perDecade: Int) {
    mantissas =
      switch perDecade {
      case 1: [1]
      case 2: [1, 3]
      case 3: [1, 2, 5]
      case 4: [1, 1.8, 3, 5.6]
      default: [1, 1.5, 2, 3, 5, 7]
      }
  }

  func values(from first: Double, to last: Double) -> [Double] {
    var all = [rounded(first)]
    while all[all.count - 1] < last * 0.999 {
      all.append(neighbour(of: all[all.count - 1], upwards: true))
    }
    return all
  }

  func neighbour(of value: Double, upwards: Bool) -> Double {
    let (position, exponent) = nearest(value)
    let index = position + (upwards ? 1 : -1)
    if index < 0 { return decimal(mantissas[mantissas.count - 1], exponent - 1) }
    if index == mantissas.count { return decimal(mantissas[0], exponent + 1) }
    return decimal(mantissas[index], exponent)
  }

  private func rounded(_ value: Double) -> Double {
    let (position, exponent) = nearest(value)
    return decimal(mantissas[position], exponent)
  }

  private func nearest(_ value: Double) -> (position: Int, exponent: Int) {
    var best = (position: 0, exponent: 0, distance: Double.infinity)
    for exponent in -30...30 {
      for position in mantissas.indices {
        let candidate = decimal(mantissas[position], exponent)
        let distance = abs(candidate / value - 1)
        if distance < best.distance { best = (position, exponent, distance) }
      }
    }
    return (best.position, best.exponent)
  }

  /// The number that the decimal literal means, so that 3e-4 is 3e-4 and not its neighbour.
  private func decimal(_ mantissa: Double, _ exponent: Int) -> Double {
    Double("\(mantissa)e\(exponent)") ?? .nan
  }
}

extension Double {
  /// To so many significant digits, as the decimal literal has them: the number is what its text says.
  func rounded(toDigits digits: Int) -> Double {
    Double(String(format: "%.\(digits - 1)e", self)) ?? self
  }
}

/// The settings tried for one contender: every combination of the axes with every schedule.
public struct Grid: Sendable {
  /// The axes, `alpha` first.
  public let axes: [GridAxis]
  /// The schedules.
  public private(set) var schedules: [Schedule]

  /// A grid.
  public init(_ axes: [GridAxis], schedules: [Schedule] = [.constant]) {
    self.axes = axes
    self.schedules = schedules
  }

  /// The grid with one of its schedules alone.
  func only(_ schedule: Schedule) -> Grid {
    var part = self
    part.schedules = [schedule]
    return part
  }

  /// The only point there can be, which needs no search.
  var onlyPoint: GridPoint? {
    let points = points
    return points.count == 1 && !axes.contains(where: \.isExtended) ? points[0] : nil
  }

  var points: [GridPoint] {
    var combinations: [[String: Double]] = [[:]]
    for axis in axes {
      combinations = combinations.flatMap { partial in
        axis.values.map { value in partial.merging([axis.name: value]) { _, new in new } }
      }
    }
    return schedules.flatMap { schedule in
      combinations.map { GridPoint(hyperparameters: $0, schedule: schedule) }
    }
  }
}

/// One combination of hyperparameters and schedule.
public struct GridPoint: Sendable, Hashable {
  /// The hyperparameters that the grid varies.
  public var hyperparameters: [String: Double]
  /// The schedule.
  public var schedule: Schedule

  /// A grid point.
  public init(hyperparameters: [String: Double], schedule: Schedule) {
    self.hyperparameters = hyperparameters
    self.schedule = schedule
  }
}

/// The outcome of trying one grid point.
public struct SearchedPoint: Sendable {
  /// The point.
  public var point: GridPoint
  /// The final training cost for each search seed; NaN where the run diverged.
  public var costs: [Double]

  package init(point: GridPoint, costs: [Double]) {
    self.point = point
    self.costs = costs
  }

  /// The mean over the seeds; infinite if any diverged.
  public var score: Double {
    let isFinite = costs.allSatisfy(\.isFinite)
    return isFinite && !costs.isEmpty ? costs.reduce(0, +) / Double(costs.count) : .infinity
  }
}

/// The search of one contender's grid: which points have been tried, which are missing, which is
/// best. For each schedule, the optimum at the end of an extended axis moves the end outwards.
package struct GridSearch {
  package private(set) var searched: [SearchedPoint] = []
  package private(set) var missing: [GridPoint] = []
  package private(set) var best: SearchedPoint?
  /// The best point of each schedule.
  package private(set) var bestOfSchedule: [Schedule: SearchedPoint] = [:]

  /// At most so many steps beyond the grid in each direction.
  package static let extensionLimit = 8

  package init(_ grid: Grid, costs: (GridPoint) -> [Double]?) {
    var points = grid.points
    for _ in 0...(2 * Self.extensionLimit) {
      searched = []
      bestOfSchedule = [:]
      missing = []
      for point in points {
        if let costs = costs(point) {
          searched.append(SearchedPoint(point: point, costs: costs))
        } else {
          missing.append(point)
        }
      }
      guard missing.isEmpty else { return }
      select()
      let beyond = grid.schedules.flatMap { schedule -> [GridPoint] in
        guard let best = bestOfSchedule[schedule], best.score.isFinite else { return [] }
        return Self.beyond(best.point, among: points, grid: grid)
      }
      if beyond.isEmpty { return }
      points += beyond
    }
    select()
  }

  /// Takes the best points of what has been tried: the first of equals, so that the order of the grid
  /// decides and nothing else.
  private mutating func select() {
    best = searched.first
    for candidate in searched {
      if candidate.score < best?.score ?? .infinity { best = candidate }
      let schedule = candidate.point.schedule
      guard let leader = bestOfSchedule[schedule], leader.score <= candidate.score else {
        bestOfSchedule[schedule] = candidate
        continue
      }
    }
  }

  /// The points one step further where `best` is at the end of an extended axis.
  static func beyond(_ best: GridPoint, among points: [GridPoint], grid: Grid)
    -> [GridPoint]
  {
    var found: [GridPoint] = []
    for axis in grid.axes where axis.isExtended {
      let ladder = points.filter { point in
        point.schedule == best.schedule
          && grid.axes.allSatisfy { other in
            other.name == axis.name
              || point.hyperparameters[other.name] == best.hyperparameters[other.name]
          }
      }.compactMap { $0.hyperparameters[axis.name] }.sorted()
      guard let value = best.hyperparameters[axis.name],
        ladder.count < axis.values.count + extensionLimit
      else { continue }
      for upwards in [false, true] where value == (upwards ? ladder.last : ladder.first) {
        guard let next = axis.extended(ladder, upwards: upwards) else { continue }
        var point = best
        point.hyperparameters[axis.name] = next
        found.append(point)
      }
    }
    return found
  }
}
