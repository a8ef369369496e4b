import ResultStore

/// How a run ended.
public enum Outcome: Sendable, Codable, Hashable {
  /// All epochs were made.
  case finished
  /// A cost or a parameter stopped being finite.
  case diverged(epoch: Int, step: Int, reason: String)
}

/// A quantity that a run recorded.
public struct Series: Sendable, Equatable {
  /// The variable's name, e.g. `train_cost`.
  public var name: String
  /// The axes beyond those that tell where the run stands, e.g. `["epoch"]`.
  public var axes: [String]
  /// The lengths along the axes.
  public var shape: [Int]
  /// The values, row-major.
  public var values: [Double]

  /// A recorded quantity.
  public init(_ name: String, axes: [String], shape: [Int], values: [Double]) {
    precondition(values.count == shape.reduce(1, *), "\(name): values do not fill the shape")
    self.name = name
    self.axes = axes
    self.shape = shape
    self.values = values
  }
}

/// Everything that is kept of a run that has ended.
public struct RunRecord: Sendable {
  /// The run.
  public var specification: RunSpecification
  /// How it ended.
  public var outcome: Outcome
  /// What it recorded; NaN after a divergence.
  public var series: [Series]
  /// Seconds of computation up to the end of each epoch; not repeatable, unlike the rest.
  public var elapsedSeconds: [Double]
  /// Seconds of processor time of the training alone, up to the end of each epoch; empty where that
  /// is not told apart.
  public var trainingSeconds: [Double]
  /// What made it; `nil` for records from before that was kept.
  public var maker: RunMaker?
  /// The fingerprint of its first steps; `nil` for records from before there was one.
  public var fingerprint: Fingerprint?
  /// The day on which it ended, UTC, e.g. `2026-11-27`; `nil` for records from before that was kept.
  public var endedOn: String?

  /// A record.
  public init(
    specification: RunSpecification, outcome: Outcome, series: [Series], elapsedSeconds: [Double],
    trainingSeconds: [Double] = [], maker: RunMaker? = nil, fingerprint: Fingerprint? = nil,
    endedOn: String? = nil
  ) {
    self.specification = specification
    self.outcome = outcome
    self.series = series
    self.elapsedSeconds = elapsedSeconds
    self.trainingSeconds = trainingSeconds
    self.maker = maker
    self.fingerprint = fingerprint
    self.endedOn = endedOn
  }

  /// Whether both say the same of the run, bit for bit, but for the time that it took and for what only
  /// one of them has recorded.
  public func hasSameNumbers(as other: RunRecord) -> Bool {
    let pairs = series.compactMap { left in other.series(left.name).map { (left, $0) } }
    let haveNone = series.isEmpty && other.series.isEmpty
    return outcome == other.outcome && pairs.isEmpty == haveNone
      && pairs.allSatisfy { left, right in
        left.axes == right.axes && left.shape == right.shape
          && left.values.elementsEqual(right.values) {
            $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN)
          }
      }
  }

  /// The series by name.
  public func series(_ name: String) -> Series? { series.first { $0.name == name } }

  /// A measure; `nil` if the run did not record it.
  public func series(_ measure: Measure) -> Series? { series(measure.name) }

  /// What a measure is after each pass, the first pass first; empty if the run did not record it.
  func afterPasses(_ measure: Measure) -> [Double] {
    let values = series(measure)?.values ?? []
    return values.indices.dropFirst().map { values[measure.label(afterPasses: $0)] }
  }

  /// What a measure is after so many passes; NaN if the run did not record it or makes fewer.
  func value(of measure: Measure, afterPasses count: Int) -> Double {
    let values = afterPasses(measure)
    return values.indices.contains(count - 1) ? values[count - 1] : .nan
  }
}
