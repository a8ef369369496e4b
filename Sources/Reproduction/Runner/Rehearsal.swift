import COneDNN
import Foundation
import Storage
import Synchronization

/// Sees whether kept runs are what this program would make.
///
/// Of the runs that another program has made, or one on another kind of machine, one of each kind
/// (objective, settings, optimizer) makes its first steps again.
package struct Rehearsal {
  /// What is known of a kept run, from the best to the worst.
  package enum Check: Int, Comparable, Codable, Sendable {
    case sameProgram, sameBits, sameCosts, unlike

    package static func < (left: Check, right: Check) -> Bool { left.rawValue < right.rawValue }

    var text: String {
      switch self {
      case .sameProgram: "made by this program"
      case .sameBits: "first steps rehearsed: the same bits"
      case .sameCosts: "first steps rehearsed: costs \(Fingerprint.toleranceText)"
      case .unlike: "by --keep-old-runs: its first steps are others now"
      }
    }
  }

  /// A kept run, finished or begun.
  package struct Candidate: Sendable {
    package let run: RunSpecification
    package let maker: RunMaker?
    package let fingerprint: Fingerprint?
    /// The record, of a finished one.
    package let record: RunRecord?

    package init(
      run: RunSpecification, maker: RunMaker?, fingerprint: Fingerprint?, record: RunRecord?
    ) {
      self.run = run
      self.maker = maker
      self.fingerprint = fingerprint
      self.record = record
    }

    package init(_ record: RunRecord) {
      self.init(
        run: record.specification, maker: record.maker, fingerprint: record.fingerprint,
        record: record)
    }

    /// What decides whether another run needs a rehearsal of its own.
    var key: Key {
      Key(program: RunMaker.current.identity, maker: maker?.identity ?? "", kind: run.kind)
    }
  }

  /// One kind of runs of one maker, for one program.
  package struct Key: Hashable, Codable, Sendable {
    /// The identity of the program that rehearses.
    package var program: String
    /// The identity of the maker; empty if that is not known.
    package var maker: String
    /// The kind of the runs.
    package var kind: String

    package init(program: String, maker: String, kind: String) {
      self.program = program
      self.maker = maker
      self.kind = kind
    }
  }

  private let makeProcess: @Sendable (RunSpecification) throws -> any RunProcess
  private let jobs: Int
  private let threads: Int

  /// Rehearsals on so many threads at once, of runs of so many threads each.
  package init(
    jobs: Int, threads: Int,
    makeProcess: @escaping @Sendable (RunSpecification) throws -> any RunProcess
  ) {
    self.jobs = jobs
    self.threads = threads
    self.makeProcess = makeProcess
  }

  /// The candidate of each kind that is rehearsed: one that finished, if there is one, and has a
  /// fingerprint.
  package static func representatives(_ candidates: [Candidate]) -> [Candidate] {
    func rank(_ candidate: Candidate) -> Int {
      (candidate.fingerprint?.digests.isEmpty == false ? 0 : 2)
        + (candidate.record?.outcome == .finished ? 0 : 1)
    }
    var chosen: [Key: Int] = [:]
    var found: [Candidate] = []
    for candidate in candidates {
      if let place = chosen[candidate.key] {
        if rank(candidate) < rank(found[place]) { found[place] = candidate }
      } else {
        chosen[candidate.key] = found.count
        found.append(candidate)
      }
    }
    return found
  }

  /// Rehearses each candidate; the results are in their order, those after an interruption missing.
  ///
  /// - Throws: what making a process throws; `SystemError` if no thread can be had.
  package func check(_ candidates: [Candidate]) throws -> [Check?] {
    let results = Mutex<[Result<Check, any Error>?]>(candidates.map { _ in nil })
    let next = Mutex(0)
    let done = DispatchGroup()
    var workers: [WorkerThread] = []
    for _ in 0..<min(jobs, candidates.count) {
      done.enter()
      do {
        workers.append(
          try WorkerThread {
            // oneDNN's threads are those of the thread that makes its primitives.
            onednn_set_threads(Int32(self.threads))
            while !Interruption.hasBeenRequested {
              let index = next.withLock { next in
                defer { next += 1 }
                return next
              }
              guard index < candidates.count else { break }
              let result = Result { try self.check(candidates[index]) }.flatMapError { error in
                // A run that ended once and fails now is another one.
                error is any UserFacingError ? .failure(error) : .success(.unlike)
              }
              results.withLock { $0[index] = result }
            }
            done.leave()
          })
      } catch {
        done.leave()
        // Those threads that can be had rehearse all.
        if workers.isEmpty { throw error }
        break
      }
    }
    while done.wait(timeout: .now() + 0.05) == .timedOut {
      guard Interruption.hasBeenRequested else { continue }
      // What is being prepared cannot be put aside, and nothing is lost with it.
      CommandLineTool.leaveThreadsBehind()
      workers = []
      break
    }
    for worker in workers { worker.join() }
    return try results.withLock { try $0.map { try $0?.get() } }
  }

  private func check(_ candidate: Candidate) throws -> Check {
    if let kept = candidate.fingerprint, !kept.digests.isEmpty {
      let again = try makeProcess(candidate.run).rehearse()
      if kept.isBeginning(of: again) { return .sameBits }
      let isElsewhere = candidate.maker.map { !$0.hasSameArithmetic(as: .current) } ?? true
      return isElsewhere && kept.isNearlyBeginning(of: again) ? .sameCosts : .unlike
    }
    // Nothing was computed yet that could be compared, in a run of no steps or a state before them.
    guard let record = candidate.record else { return .sameBits }
    return try compareFirstRecorded(record)
  }

  /// For runs without a fingerprint: goes on until the first quantity that the run has recorded is there.
  private func compareFirstRecorded(_ record: RunRecord) throws -> Check {
    let process = try makeProcess(record.specification)
    var isOver = false
    while true {
      for again in process.series {
        guard let kept = record.series(again.name), kept.shape == again.shape else {
          return .unlike
        }
        for (old, new) in zip(kept.values, again.values) where !old.isNaN && !new.isNaN {
          if old.bitPattern == new.bitPattern { return .sameBits }
          return Fingerprint.areClose(old, new) ? .sameCosts : .unlike
        }
      }
      // It has ended, and neither has recorded a number.
      if isOver || Interruption.hasBeenRequested { return .sameBits }
      var lookout = Lookout()
      isOver = try process.advance { lookout.isDue() || Interruption.hasBeenRequested } != nil
    }
  }
}

/// Kept runs whose first steps this program makes otherwise.
struct UnlikeRuns: UserFacingError {
  /// The place of the runs.
  let path: String
  /// One run of each kind that differs, in words.
  let kinds: [String]
  /// Kinds that were rehearsed.
  let count: Int

  /// The first kinds.
  var shown: String {
    kinds.prefix(3).joined(separator: "; ")
      + (kinds.count > 3 ? "; and \(kinds.count - 3) more" : "")
  }

  var description: String {
    "the program changed, or the machine, and \(kinds.count) of \(count) kinds of runs kept in \(path) have other "
      + "numbers now: \(shown); nothing was mixed: --fresh makes all again, another --output "
      + "leaves them alone, --keep-old-runs keeps them beside new ones"
  }

  var exitStatus: ExitStatus { .badData }
}
