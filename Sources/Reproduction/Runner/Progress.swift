import Dispatch
import Foundation
import Reporting
import Storage
import Synchronization

/// Tells on standard error how the runs go: on a terminal a line a worker and one for all of them,
/// rewritten in place and never longer or more than it has room for; otherwise a line a minute, and one
/// for each run that took more than a second.
///
/// A thread of its own draws, so that preparations of a minute and an interruption are told too.
public final class Progress: Sendable {
  private struct Lane {
    var run: RunSpecification?
    var number = 0
    var progress: RunProgress?
    var begunAt = ContinuousClock.now
    /// When the first step was seen, and which it was: what came before is preparation.
    var startedAt = ContinuousClock.now
    var startedStep: Int?
    /// The sum of the costs that were seen in the pass under way, and how many.
    var costs = (sum: 0.0, count: 0)
    /// The mean of those of the pass before; NaN in the first.
    var costBefore = Double.nan

    /// The mean cost of what was seen of the pass under way, as the run records it; of the pass before as long as
    /// little was.
    var cost: Double {
      costs.count > 0 && (costs.count >= Progress.leastCosts || costBefore.isNaN)
        ? costs.sum / Double(costs.count) : costBefore
    }

    mutating func see(_ next: RunProgress) {
      if let progress, progress.epoch != next.epoch, costs.count > 0 {
        costBefore = costs.sum / Double(costs.count)
        costs = (0, 0)
      }
      progress = next
      costs = (costs.sum + next.cost, costs.count + 1)
    }

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

  /// A rate is told once it has been watched for so many seconds, a preparation once it has lasted so
  /// many, and off a terminal the end of a run that took so many.
  private static let leastSeconds = 2.0
  /// So many costs of a pass are seen before their mean is told.
  private static let leastCosts = 5

  private struct State {
    var lanes: [Lane]
    var total: Int
    /// Runs that were done before these.
    var before: Int
    var begun = 0
    var ended = 0
    /// The passes of the runs that are to be made and have not begun.
    var passesToCome = 0
    /// The passes of the runs that have ended, and their seconds from the first step that was seen.
    var endedPasses = 0
    var endedSeconds = 0.0
    /// The lengths of the lines on the terminal.
    var drawn: [Int] = []
    var lastReport = ContinuousClock.now
    var hasToldInterruption = false
  }

  private let state: Mutex<State>
  private let isQuiet: Bool
  private let prefix: String
  /// What is done if there are no runs to tell of.
  private let activity: String?
  private let startedAt = ContinuousClock.now
  private let stop = DispatchSemaphore(value: 0)
  private let ticker = Mutex<WorkerThread?>(nil)

  /// Progress of runs on `workers` workers.
  ///
  /// - Parameters:
  ///   - runs: the runs that are to be made, as far as they are known.
  ///   - done: how many runs of the experiment are done beside them.
  public convenience init(
    prefix: String, runs: [RunSpecification], done: Int = 0, workers: Int, isQuiet: Bool
  ) {
    self.init(
      prefix,
      State(
        lanes: Array(repeating: Lane(), count: max(1, workers)), total: done + runs.count,
        before: done, passesToCome: runs.reduce(0) { $0 + $1.passes }),
      activity: nil, isQuiet: isQuiet)
  }

  /// Progress of something that has no steps to count, e.g. a rehearsal.
  convenience init(prefix: String, activity: String, isQuiet: Bool) {
    self.init(prefix, State(lanes: [], total: 0, before: 0), activity: activity, isQuiet: isQuiet)
  }

  private init(_ prefix: String, _ state: State, activity: String?, isQuiet: Bool) {
    self.prefix = prefix
    self.isQuiet = isQuiet
    self.activity = activity
    self.state = Mutex(state)
    guard !isQuiet else { return }
    // Without a thread for it nothing is drawn; the runs do not need it.
    let thread = try? WorkerThread { [self] in tick() }
    ticker.withLock { $0 = thread }
  }

  /// The estimated seconds until all runs are made; nil as long as nothing is known.
  package var secondsLeft: Double? { state.withLock { Self.secondsLeft($0) } }

  package func begin(_ run: RunSpecification, worker: Int) {
    state.withLock { state in
      state.begun += 1
      state.passesToCome -= run.passes
      state.lanes[worker] = Lane(run: run, number: state.before + state.begun)
    }
  }

  func update(_ progress: RunProgress, worker: Int) {
    guard !isQuiet else { return }
    state.withLock { state in
      if state.lanes[worker].startedStep == nil {
        state.lanes[worker].startedStep = progress.step
        state.lanes[worker].startedAt = .now
      }
      state.lanes[worker].see(progress)
    }
  }

  /// - Parameter isDone: whether the run has ended, rather than been put aside or failed.
  package func end(_ run: RunSpecification, worker: Int, isDone: Bool, message: String?) {
    state.withLock { state in
      let lane = state.lanes[worker]
      guard isDone else {
        state.lanes[worker] = Lane()
        guard !isQuiet, let message else { return }
        erase(&state)
        write("\(prefix): \(run.summary): \(message)\n")
        return
      }
      state.ended += 1
      state.endedPasses += run.passes
      state.endedSeconds += (ContinuousClock.now - lane.startedAt).seconds
      state.lanes[worker] = Lane()
      guard !isQuiet else { return }
      let seconds = (ContinuousClock.now - lane.begunAt).seconds
      if Console.size == nil, seconds >= Self.leastSeconds {
        let cost = lane.cost.isFinite ? ", cost \(Self.short(lane.cost, digits: 4))" : ""
        write(
          "\(prefix): \(Self.count(lane.number, of: state)) \(run.shortSummary)\(cost), "
            + "\(clockText(seconds))\n")
      }
    }
  }

  func notice(_ text: String) {
    state.withLock { state in
      erase(&state)
      write("\(prefix): \(text)\n")
    }
  }

  /// Ends the telling, and removes what has been drawn on a terminal.
  public func finish() {
    let thread = ticker.withLock { thread in
      defer { thread = nil }
      return thread
    }
    guard let thread else { return }
    stop.signal()
    thread.join()
    state.withLock { erase(&$0) }
  }

  // MARK: Drawing

  private func tick() {
    while stop.wait(timeout: .now() + 0.1) == .timedOut {
      state.withLock { state in
        if Interruption.hasBeenRequested, !state.hasToldInterruption {
          state.hasToldInterruption = true
          erase(&state)
          write("\(prefix): \(waiting(state)); a second Ctrl-C ends at once\n")
        }
        let size = Console.size
        let interval = size == nil ? 60 : 0.25
        guard (ContinuousClock.now - state.lastReport).seconds >= interval else { return }
        state.lastReport = .now
        if let size { draw(&state, size) } else { write("\(prefix): \(total(state))\n") }
      }
    }
  }

  /// What an interruption waits for.
  private func waiting(_ state: State) -> String {
    let busy = state.lanes.filter { $0.run != nil }
    let underWay = busy.count { $0.progress != nil }
    if underWay > 0 {
      return
        "interrupted; \(NumberText.count(underWay, "run")) under way save\(underWay == 1 ? "s" : "") "
        + "where they are"
    }
    return "interrupted; nothing is lost by it"
  }

  private func draw(_ state: inout State, _ size: (columns: Int, rows: Int)) {
    erase(&state)
    let columns = max(1, size.columns - 1)
    // What has scrolled away cannot be erased: a row stays for the total, one for the cursor.
    let room = max(0, size.rows - 2)
    let busy = state.lanes.filter { $0.run != nil || activity != nil }
    var lines = busy.prefix(busy.count <= room ? room : max(0, room - 1)).compactMap {
      line($0, state, columns: columns)
    }
    if busy.count > room, room > 0 {
      lines.append("... and \(busy.count - lines.count) more at a time")
    }
    lines.append("\(total(state))  (\(prefix))")
    lines = lines.map { String($0.prefix(columns)) }
    write(lines.map { $0 + "\n" }.joined())
    state.drawn = lines.map(\.count)
  }

  /// Removes the lines on the terminal, which may be narrower than it was when they were drawn: then
  /// each takes several rows.
  private func erase(_ state: inout State) {
    guard !state.drawn.isEmpty else { return }
    if let size = Console.size {
      let rows = state.drawn.reduce(0) { $0 + max(1, ($1 + size.columns - 1) / size.columns) }
      write("\u{1B}[\(min(rows, max(1, size.rows - 1)))F\u{1B}[J")
    }
    state.drawn = []
  }

  /// A worker's line: the fields that fit, the first ones first.
  private func line(_ lane: Lane, _ state: State, columns: Int) -> String? {
    guard let run = lane.run else { return nil }
    let count = Self.count(lane.number, of: state)
    let name = run.shortSummary
    guard let progress = lane.progress else {
      let seconds = (ContinuousClock.now - lane.begunAt).seconds
      return "\(count)  prepares, \(Self.clock(seconds))  \(name)"
    }
    let percent = Int(100 * lane.share)
    var head = "\(count) \(percent < 10 ? " " : "")\(percent) %"
    if let rate = lane.rate {
      head += "  \(Self.clock(Double(progress.steps - progress.step) / rate)) left"
    }
    var tail: [String] = []
    if let epoch = progress.epoch {
      tail.append("pass \(min(epoch + 1, run.epochs))/\(run.epochs)")
      if lane.cost.isFinite { tail.append("cost \(Self.short(lane.cost, digits: 3))") }
    }
    let end = tail.map { "  " + $0 }.joined()
    // Of the name, which many lines share, as much as leaves room for the rest.
    let room = columns - head.count - end.count - 2
    return head + (room >= 8 ? "  " + name.prefix(room) : "") + end
  }

  private func total(_ state: State) -> String {
    if let activity {
      return "\(activity), \(Self.clock((ContinuousClock.now - startedAt).seconds))"
    }
    let left = Self.secondsLeft(state).map { ", \(Self.clock($0)) left" } ?? ""
    return "\(state.before + state.ended) of \(state.total) runs done\(left)"
  }

  private static func count(_ number: Int, of state: State) -> String {
    let total = "\(state.total)"
    let text = "\(number)"
    return "[" + String(repeating: " ", count: max(0, total.count - text.count)) + text
      + "/\(total)]"
  }

  /// A number without the zero before its point, e.g. `.257`, with more digits where fewer make it 1.
  static func short(_ number: Double, digits: Int) -> String {
    let text = String(format: "%.\(digits)g", number)
    if text == "1", number != 1, digits < 17 { return short(number, digits: digits + 1) }
    return text.hasPrefix("0.") ? String(text.dropFirst()) : text
  }

  /// A duration as clocks show it: `0:17`, `12:40`, `2:05:10`.
  static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
    let whole = Int(seconds.rounded())
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return whole < 3600
      ? "\(whole / 60):\(two(whole % 60))"
      : "\(whole / 3600):\(two(whole % 3600 / 60)):\(two(whole % 60))"
  }

  /// The runs under way by their own rates, those to come by the seconds of a pass so far; nil as long as
  /// nothing is known.
  private static func secondsLeft(_ state: State) -> Double? {
    var (seconds, passes) = (state.endedSeconds, state.endedPasses)
    var (left, passesLeft) = (0.0, max(0, state.passesToCome))
    for lane in state.lanes {
      guard let run = lane.run else { continue }
      if let whole = lane.seconds {
        seconds += whole
        passes += run.passes
        left += whole * (1 - lane.share)
      } else {
        passesLeft += run.passes
      }
    }
    guard passes > 0 else { return nil }
    left += Double(passesLeft) * seconds / Double(passes)
    return left / Double(max(1, state.lanes.count))
  }

  private func write(_ text: String) { Console.tell(text) }
}

extension RunSpecification {
  /// What its length is measured by: its epochs, 1 for a run that is no training.
  fileprivate var passes: Int { max(1, epochs) }

  /// What tells a run from its neighbours, as short as it can be said: `Adam alpha=.001 seed 0`.
  var shortSummary: String {
    let names = labels.filter { !["arm", "seed"].contains($0.axis) }.map(\.label)
    // Alphabetical order has alpha first.
    let values = hyperparameters.sorted { $0.key < $1.key }
      .map { "\($0.key)=\(Progress.short($0.value, digits: 3))" }
    let search = label("arm") == "search" ? ["search"] : []
    return (search + (names.isEmpty ? [method] : names) + values + ["seed \(seed)"])
      .joined(separator: " ")
  }
}

/// A duration as people write it: `42 s`, `3 min 20 s`, `2 h 5 min`.
package func clockText(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds < 1e12 else { return "?" }
  let whole = Int(seconds.rounded())
  if whole < 60 { return "\(whole) s" }
  if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
  return "\(whole / 3600) h \(whole % 3600 / 60) min"
}
