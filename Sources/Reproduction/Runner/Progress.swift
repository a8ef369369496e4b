import Foundation
import Storage
import Synchronization

/// Tells on standard error how the runs go: on a terminal a line a worker and one for all of them,
/// rewritten in place; otherwise the same lines every ten seconds.
public final class Progress: Sendable {
  private struct Lane {
    var run: RunSpecification?
    var progress: RunProgress?
    /// When the first step was seen, and which it was: what came before is preparation.
    var startedAt = ContinuousClock.now
    var startedStep: Int?

    /// Steps a second since the first that was seen; nil as long as that says little.
    var rate: Double? {
      guard let progress, let startedStep, progress.step > startedStep else { return nil }
      let seconds = (ContinuousClock.now - startedAt).seconds
      return seconds >= Progress.leastSeconds ? Double(progress.step - startedStep) / seconds : nil
    }

    /// The run's seconds from its first step to its last, at this rate.
    var seconds: Double? {
      guard let rate, let progress else { return nil }
      return Double(progress.steps) / rate
    }

    /// The share of the run that is made.
    var share: Double {
      guard let progress, progress.steps > 0 else { return 0 }
      return Double(progress.step) / Double(progress.steps)
    }
  }

  /// Narrower terminals have no room for the program's name.
  private static let columnsForPrefix = 60
  /// A rate is told once it has been watched for so many seconds.
  private static let leastSeconds = 2.0

  private struct State {
    var lanes: [Lane]
    var total: Int
    var ended = 0
    /// Seconds of the runs that have ended, from the first step that was seen.
    var endedSeconds = 0.0
    var linesDrawn = 0
    var lastReport = ContinuousClock.now
  }

  private let state: Mutex<State>
  private let isQuiet: Bool
  private let terminal: (columns: Int, rows: Int)?
  private let prefix: String

  /// Progress of `total` runs on `workers` workers.
  public init(prefix: String, total: Int, workers: Int, isQuiet: Bool) {
    self.prefix = prefix
    self.isQuiet = isQuiet
    terminal = Console.size
    state = Mutex(State(lanes: Array(repeating: Lane(), count: max(1, workers)), total: total))
  }

  func begin(_ run: RunSpecification, worker: Int) {
    state.withLock { state in
      state.lanes[worker] = Lane(run: run)
    }
  }

  func update(_ progress: RunProgress, worker: Int) {
    guard !isQuiet else { return }
    state.withLock { state in
      if state.lanes[worker].startedStep == nil {
        state.lanes[worker].startedStep = progress.step
        state.lanes[worker].startedAt = .now
      }
      state.lanes[worker].progress = progress
      let interval = terminal != nil ? 0.25 : 10.0
      guard (ContinuousClock.now - state.lastReport).seconds >= interval else { return }
      state.lastReport = .now
      draw(&state)
    }
  }

  func end(_ run: RunSpecification, worker: Int, message: String?) {
    state.withLock { state in
      state.ended += 1
      state.endedSeconds += (ContinuousClock.now - state.lanes[worker].startedAt).seconds
      state.lanes[worker] = Lane()
      guard !isQuiet, let message else { return }
      erase(&state)
      write("\(prefix): \(run.summary): \(message)\n")
    }
  }

  func notice(_ text: String) {
    state.withLock { state in
      erase(&state)
      write("\(prefix): \(text)\n")
    }
  }

  /// Removes what has been drawn on a terminal.
  public func finish() { state.withLock { erase(&$0) } }

  private func draw(_ state: inout State) {
    erase(&state)
    let lanes = state.lanes.compactMap(describe)
    guard let terminal else {
      for line in lanes + [total(state)] { write("\(prefix): \(line)\n") }
      return
    }
    // A line that wraps would be two when it is erased, and what has scrolled away cannot be.
    let lines = lanes.prefix(max(0, terminal.rows - 2)) + [total(state)]
    let start = terminal.columns < Self.columnsForPrefix ? "" : "\(prefix): "
    write(lines.map { (start + $0).prefix(max(1, terminal.columns - 1)) + "\n" }.joined())
    state.linesDrawn = lines.count
  }

  private func erase(_ state: inout State) {
    guard state.linesDrawn > 0 else { return }
    write("\u{1B}[\(state.linesDrawn)F\u{1B}[J")
    state.linesDrawn = 0
  }

  private func describe(_ lane: Lane) -> String? {
    guard let run = lane.run, let progress = lane.progress else { return nil }
    let cost =
      progress.epoch != nil && progress.cost.isFinite
      ? String(format: ", cost %.4g", progress.cost) : ""
    let speed =
      lane.rate.map { rate in
        ", \(String(format: "%.0f", rate)) steps/s, "
          + "\(clockText(Double(progress.steps - progress.step) / rate)) left"
      } ?? ""
    return "\(run.summary): \(progress.place)\(cost)\(speed)"
  }

  private func total(_ state: State) -> String {
    let left = Self.secondsLeft(state).map { ", \(clockText($0)) left" } ?? ""
    return "\(state.ended) of \(state.total) runs done\(left)"
  }

  /// The runs under way by their own rates, those to come as long as the runs so far; nil as long as
  /// nothing is known.
  private static func secondsLeft(_ state: State) -> Double? {
    let underWay = state.lanes.compactMap { lane in lane.seconds.map { ($0, lane.share) } }
    guard !underWay.isEmpty || state.ended > 0 else { return nil }
    let known = state.endedSeconds + underWay.reduce(0) { $0 + $1.0 }
    let mean = known / Double(state.ended + underWay.count)
    let busy = state.lanes.count { $0.run != nil }
    let begun = underWay.reduce(0) { $0 + $1.0 * (1 - $1.1) } + Double(busy - underWay.count) * mean
    let toCome = Double(state.total - state.ended - busy) * mean
    return (begun + max(0, toCome)) / Double(max(1, state.lanes.count))
  }

  private func write(_ text: String) { Console.tell(text) }
}

/// A duration as people write it: `42 s`, `3 min 20 s`, `2 h 5 min`.
package func clockText(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e12 else { return "?" }
  let whole = Int(seconds.rounded())
  if whole < 60 { return "\(whole) s" }
  if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
  return "\(whole / 3600) h \(whole % 3600 / 60) min"
}
