import COneDNN
import Datasets
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
    /// Runs that failed, one line each; they are made again next time.
    public var failed: [String] = []
    /// Whether a signal stopped the work.
    public var wasInterrupted = false
    /// The first error that makes going on pointless: results cannot be written, the data cannot be
    /// read, or the request does not fit them.
    public var blocker: (any UserFacingError)?
  }

  private struct State {
    var next = 0
    var summary = Summary()
  }

  private let runs: [RunSpecification]
  private let store: RunStore
  private let options: Options
  private let progress: Progress
  private let makeProcess: @Sendable (RunSpecification) throws -> any RunProcess
  private let state = Mutex(State())

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

  /// Makes the runs; returns when all have ended or a signal has come.
  public func run() -> Summary {
    let workers = min(options.jobs, runs.count)
    let done = DispatchGroup()
    for worker in 0..<workers {
      done.enter()
      let thread = Thread {
        // oneDNN's threads are those of the thread that makes its primitives.
        onednn_set_threads(Int32(self.options.threads))
        self.work(worker)
        done.leave()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    done.wait()
    return state.withLock { $0.summary }
  }

  private func work(_ worker: Int) {
    while let run = nextRun() {
      progress.begin(run, worker: worker)
      let message: String?
      do {
        message = try make(run, worker: worker)
      } catch let error as any UserFacingError
        where error is FileError || error is DatasetError || error is UsageError
      {
        state.withLock { $0.summary.blocker = $0.summary.blocker ?? error }
        message = "\(error)"
      } catch {
        state.withLock { $0.summary.failed.append("\(run.summary): \(error)") }
        message = "failed: \(error)"
      }
      progress.end(run, worker: worker, message: message)
    }
  }

  private func nextRun() -> RunSpecification? {
    state.withLock { state in
      if Interruption.hasBeenRequested {
        state.summary.wasInterrupted = true
        return nil
      }
      guard state.next < runs.count, state.summary.blocker == nil else { return nil }
      defer { state.next += 1 }
      return runs[state.next]
    }
  }

  /// Makes one run, from its newest usable checkpoint; returns a remark.
  private func make(_ run: RunSpecification, worker: Int) throws -> String? {
    let identity = run.identity
    let process = try makeProcess(run)
    var number = restoreNewest(into: process, identity: identity)
    let clock = ContinuousClock()
    var lastCheckpoint = clock.now
    while true {
      let outcome = try process.advance {
        progress.update(process.progress, worker: worker)
        return Interruption.hasBeenRequested
          || (clock.now - lastCheckpoint).seconds >= options.checkpointInterval
      }
      if let outcome {
        let record = RunRecord(
          specification: run, outcome: outcome, series: process.series,
          elapsedSeconds: process.elapsedSeconds)
        try store.commit(record)
        return note(outcome, run: run)
      }
      try store.saveCheckpoint(process.save(), of: identity, number: number)
      number += 1
      lastCheckpoint = clock.now
      if Interruption.hasBeenRequested {
        state.withLock { $0.summary.wasInterrupted = true }
        return "stopped in epoch \(process.progress.epoch), to be continued"
      }
    }
  }

  private func note(_ outcome: Outcome, run: RunSpecification) -> String? {
    switch outcome {
    case .finished:
      state.withLock { $0.summary.finished += 1 }
      return nil
    case .diverged(let epoch, let step, let reason):
      let text = "diverged in epoch \(epoch), step \(step): \(reason)"
      state.withLock { $0.summary.diverged.append("\(run.summary): \(text)") }
      return text
    }
  }

  private func restoreNewest(into process: any RunProcess, identity: String) -> Int {
    let found = store.checkpoints(of: identity)
    for notice in found.notices { progress.notice(notice) }
    for (number, saved) in found.usable {
      do {
        try process.restore(saved)
        return number + 1
      } catch {
        progress.notice("checkpoint \(number) not used: \(error)")
      }
    }
    if !found.notices.isEmpty { progress.notice("the run starts again from its beginning") }
    return 0
  }
}
