import Foundation
import Synchronization

/// Tells on standard error how the runs go: on a terminal a line a worker and one for all of them,
/// rewritten in place; otherwise the same lines every ten seconds.
public final class Progress: Sendable {
  private struct Lane {
    var run: RunSpecification?
    var progress: RunProgress?
    var startedAt = ContinuousClock.now
    var startedStep: Int?
  }

  private struct State {
    var lanes: [Lane]
    var total: Int
    var ended = 0
    var linesDrawn = 0
    var lastReport = ContinuousClock.now
    let startedAt = ContinuousClock.now
  }

  private let state: Mutex<State>
  private let isQuiet: Bool
  private let terminalWidth: Int?
  private let prefix: String

  /// Progress of `total` runs on `workers` workers.
  public init(prefix: String, total: Int, workers: Int, isQuiet: Bool) {
    self.prefix = prefix
    self.isQuiet = isQuiet
    terminalWidth = Console.width
    state = Mutex(State(lanes: Array(repeating: Lane(), count: max(1, workers)), total: total))
  }

  func begin(_ run: RunSpecification, worker: Int) {
    state.withLock { state in
      state.lanes[worker] = Lane(run: run, startedAt: .now)
    }
  }

  func update(_ progress: RunProgress, worker: Int) {
    guard !isQuiet else { return }
    state.withLock { state in
      if state.lanes[worker].startedStep == nil {
        state.lanes[worker].startedStep = progress.step
      }
      state.lanes[worker].progress = progress
      let interval = terminalWidth != nil ? 0.25 : 10.0
      guard (ContinuousClock.now - state.lastReport).seconds >= interval else { return }
      state.lastReport = .now
      draw(&state)
    }
  }

  func end(_ run: RunSpecification, worker: Int, message: String?) {
    state.withLock { state in
      state.ended += 1
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
    let lines = state.lanes.compactMap(describe) + [total(state)]
    guard let terminalWidth else {
      for line in lines { write(line + "\n") }
      return
    }
    // A line that wraps would be two when it is erased.
    write(lines.map { $0.prefix(terminalWidth - 1) + "\n" }.joined())
    state.linesDrawn = lines.count
  }

  private func erase(_ state: inout State) {
    guard state.linesDrawn > 0 else { return }
    write("\u{1B}[\(state.linesDrawn)F\u{1B}[J")
    state.linesDrawn = 0
  }

  private func describe(_ lane: Lane) -> String? {
    guard let run = lane.run, let progress = lane.progress, let first = lane.startedStep else {
      return nil
    }
    let seconds = (ContinuousClock.now - lane.startedAt).seconds
    let rate = Double(progress.step - first) / max(seconds, 1e-9)
    let left = rate > 0 ? Double(progress.steps - progress.step) / rate : .nan
    let cost = progress.epoch.map { _ in String(format: ", cost %.4g", progress.cost) } ?? ""
    return "\(prefix): \(run.summary): \(progress.place)\(cost), "
      + "\(String(format: "%.0f", rate)) steps/s, \(clockText(left)) left"
  }

  private func total(_ state: State) -> String {
    let elapsed = (ContinuousClock.now - state.startedAt).seconds
    let partial = state.lanes.reduce(0.0) { sum, lane in
      guard let progress = lane.progress, progress.steps > 0 else { return sum }
      return sum + Double(progress.step) / Double(progress.steps)
    }
    let done = Double(state.ended) + partial
    let left = done > 0 ? elapsed * (Double(state.total) - done) / done : .nan
    return "\(prefix): \(state.ended) of \(state.total) runs done, \(clockText(left)) left"
  }

  private func write(_ text: String) { Console.tell(text) }
}

/// A duration as people write it: `42 s`, `3 min 20 s`, `2 h 5 min`.
package func clockText(_ seconds: Double) -> String {
  guard seconds.isFinite else { return "?" }
  let whole = Int(seconds.rounded())
  if whole < 60 { return "\(whole) s" }
  if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
  return "\(whole / 3600) h \(whole % 3600 / 60) min"
}
