import COneDNN
import Dispatch
import Foundation
import Networks
import Storage
import Synchronization

/// Makes runs on worker threads, one run a thread, and keeps each as it ends.
public final class Runner: Sendable {
  /// How runs are made.
  public struct Options: Sendable {
    /// Worker threads.
    public var jobs: Int
    /// Threads of one run.
    public var threads: Int
    /// Seconds between two checkpoints of a run.
    public var checkpointInterval: Double

    /// Options.
    public init(jobs: Int, threads: Int, checkpointInterval: Double) {
      self.jobs = jobs
      self.threads = threads
      self.checkpointInterval = checkpointInterval
    }
  }

  /// What became of the runs.
  public struct Summary: Sendable {
    /// Runs that finished now.
    public var finished = 0
    /// Runs that diverged, one line each.
    public var diverged: [String] = []
    /// How many runs ended now, either way.
    public var ended: Int { finished + diverged.count }
    /// Runs that failed, one line each; they are made again next time.
    public var failed: [String] = []
    /// Whether a signal stopped the work.
    public var wasInterrupted = false
    /// The first error that makes going on pointless: the data are bad, or nothing can be written.
    public var error: (any UserFacingError)?
  }

  private struct State {
    var next = 0
    /// Workers that load or prepare something before a run's first step.
    var preparing = 0
    var summary = Summary()
  }

  private let runs: [RunSpecification]
  private let store: RunStore
  private let options: Options
  private let progress: Progress
  private let makeProcess: @Sendable (RunSpecification) throws -> any RunProcess
  private let state = Mutex(State())
  private let isHalted = Atomic<Bool>(false)
  /// Signalled by each worker at its end.
  private let ended = DispatchSemaphore(value: 0)

  /// A runner of the given runs.
  public init(
    runs: [RunSpecification], store: RunStore, options: Options, progress: Progress,
    makeProcess: @escaping @Sendable (RunSpecification) throws -> any RunProcess
  ) {
    self.runs = runs
    self.store = store
    self.options = options
    self.progress = progress
    self.makeProcess = makeProcess
  }

  /// Makes the runs; returns when all have ended or a signal has come. If not all threads can be
  /// had, those that can make the runs.
  public func run() -> Summary {
    var workers: [WorkerThread] = []
    for worker in 0..<min(options.jobs, runs.count) {
      do {
        workers.append(
          try WorkerThread {
            // oneDNN's threads are those of the thread that makes its primitives.
            onednn_set_threads(Int32(self.options.threads))
            self.work(worker)
            self.ended.signal()
          })
      } catch {
        if workers.isEmpty {
          state.withLock { $0.summary.error = error }
        } else {
          progress.notice("\(error); \(workers.count) jobs at a time")
        }
        break
      }
    }
    if waitForAll(workers.count) {
      for worker in workers { worker.join() }
    } else {
      // What is being prepared cannot be put aside, and nothing is lost with it.
      CommandLineTool.leaveThreadsBehind()
    }
    return state.withLock { $0.summary }
  }

  /// Waits until all workers have ended; after an interruption not for those that only prepare
  /// something. Returns whether all have.
  private func waitForAll(_ count: Int) -> Bool {
    var left = count
    while left > 0 {
      if ended.wait(timeout: .now() + 0.05) == .success {
        left -= 1
      } else if Interruption.hasBeenRequested {
        let onlyPrepare = state.withLock { state in
          guard state.preparing == left else { return false }
          state.summary.wasInterrupted = true
          return true
        }
        if onlyPrepare { return false }
      }
    }
    return true
  }

  /// An error that concerns every run.
  private struct EndOfWork: Error {
    let error: any UserFacingError
  }

  private func work(_ worker: Int) {
    while let run = nextRun() {
      progress.begin(run, worker: worker)
      var message: String?
      var isDone = false
      do {
        (isDone, message) = try make(run, worker: worker)
      } catch let end as EndOfWork {
        state.withLock { $0.summary.error = $0.summary.error ?? end.error }
        isHalted.store(true, ordering: .relaxed)
      } catch {
        state.withLock { $0.summary.failed.append("\(run.summary): \(error)") }
      }
      progress.end(run, worker: worker, isDone: isDone, message: message)
    }
  }

  /// Whether the runs under way are to be put aside.
  private var isStopping: Bool {
    Interruption.hasBeenRequested || isHalted.load(ordering: .relaxed)
  }

  private func nextRun() -> RunSpecification? {
    state.withLock { state in
      guard state.next < runs.count, state.summary.error == nil else { return nil }
      if Interruption.hasBeenRequested {
        state.summary.wasInterrupted = true
        return nil
      }
      defer { state.next += 1 }
      return runs[state.next]
    }
  }

  /// Makes one run, from its newest usable checkpoint; returns whether it has ended, and a remark.
  private func make(_ run: RunSpecification, worker: Int) throws -> (isDone: Bool, String?) {
    let identity = run.identity
    state.withLock { $0.preparing += 1 }
    var (process, number) = try {
      defer { state.withLock { $0.preparing -= 1 } }
      return try start(run, identity: identity)
    }()
    if Interruption.hasBeenRequested {
      state.withLock { $0.summary.wasInterrupted = true }
      return (false, nil)
    }
    var lookout = Lookout()
    var lastCheckpoint = lookout.lastLook
    var pause = options.checkpointInterval
    while true {
      let outcome = try process.advance {
        if isStopping { return true }
        guard lookout.isDue() else { return options.checkpointInterval == 0 }
        progress.update(process.progress, worker: worker)
        return (lookout.lastLook - lastCheckpoint).seconds >= pause
      }
      if let outcome {
        if run.stages?.keepsEnd == true, outcome == .finished {
          try keeping { try store.saveEnd(process.save(), of: identity) }
        }
        var specification = run
        specification.stages = nil
        let record = RunRecord(
          specification: specification, outcome: outcome, series: process.series,
          elapsedSeconds: process.elapsedSeconds, trainingSeconds: process.trainingSeconds,
          maker: .current, fingerprint: process.fingerprint,
          endedOn: String(ISO8601DateFormatter().string(from: Date()).prefix(10)))
        try keeping { try store.commit(record) }
        for epochs in run.stages?.shorter ?? [] {
          store.removeEnd(of: run.lasting(epochs).identity)
        }
        note(outcome, run: run)
        return (true, nil)
      }
      let begun = lookout.look()
      try keeping { try store.saveCheckpoint(process.save(), of: identity, number: number) }
      number += 1
      if isStopping {
        guard Interruption.hasBeenRequested else {
          return (false, "stopped in \(process.progress.place), to be continued")
        }
        // That it goes on is told once for all runs.
        state.withLock { $0.summary.wasInterrupted = true }
        return (false, nil)
      }
      lastCheckpoint = lookout.look()
      // A large state (gigabytes, of sum-of-functions) takes a twentieth of the time at most.
      if pause > 0 {
        pause = max(options.checkpointInterval, 20 * (lastCheckpoint - begun).seconds)
      }
    }
  }

  /// What cannot be kept or read of one run cannot be of the others.
  private func keeping<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as any UserFacingError {
      throw EndOfWork(error: error)
    }
  }

  private func note(_ outcome: Outcome, run: RunSpecification) {
    state.withLock { state in
      switch outcome {
      case .finished: state.summary.finished += 1
      case .diverged(let epoch, let step, let reason):
        state.summary.diverged.append(
          "\(run.summary): diverged in epoch \(epoch), step \(step): \(reason)")
      }
    }
  }

  /// The process of a run, in the state of its newest usable checkpoint, and the number of the next.
  private func start(_ run: RunSpecification, identity: String) throws -> (any RunProcess, Int) {
    var process = try prepared(run)
    let found = try keeping { try store.checkpoints(of: identity) }
    var notices = found.notices
    for (number, saved) in found.usable {
      do {
        try process.restore(saved)
        for notice in notices {
          progress.notice("\(notice); \(run.summary) goes on from the checkpoint before")
        }
        return (process, number + 1)
      } catch {
        notices.append("checkpoint \(number) of \(identity) does not fit (\(error))")
        // What has been restored in part is of no use.
        process = try prepared(run)
      }
    }
    for notice in notices { progress.notice("\(notice); \(run.summary) starts again") }
    for epochs in (run.stages?.shorter ?? []).sorted(by: >) {
      let shorter = run.lasting(epochs).identity
      guard let end = try keeping({ try store.end(of: shorter) }) else { continue }
      do {
        try process.restore(end)
        break
      } catch {
        progress.notice(
          "the end of \(shorter) does not fit (\(error)); \(run.summary) starts again")
        process = try prepared(run)
      }
    }
    return (process, 0)
  }

  /// Data that cannot be read and options that make no sense concern every run.
  private func prepared(_ run: RunSpecification) throws -> any RunProcess {
    do {
      return try makeProcess(run)
    } catch let error as any UserFacingError where error.exitStatus != .software {
      throw EndOfWork(error: error)
    }
  }
}

/// Tells, after each step and at the price of a few instructions, when to look at the clock: often
/// enough for progress and checkpoints, however long a step takes.
package struct Lookout {
  private static let period = 0.02

  /// When the clock was looked at last.
  package private(set) var lastLook = ContinuousClock.now
  private var stride = 1
  private var countdown = 1

  package init() {}

  /// Whether it is time, about every 20 milliseconds; then `lastLook` is now.
  package mutating func isDue() -> Bool {
    countdown -= 1
    guard countdown <= 0 else { return false }
    let before = lastLook
    let seconds = (look() - before).seconds
    // Growing slowly, since one step may have been faster than the next will be.
    let fitting = Double(stride) * Self.period / max(seconds, 1e-9)
    stride = max(1, Int(min(fitting, Double(2 * stride))))
    countdown = stride
    return true
  }

  /// Looks at the clock.
  @discardableResult
  package mutating func look() -> ContinuousClock.Instant {
    lastLook = .now
    return lastLook
  }
}
