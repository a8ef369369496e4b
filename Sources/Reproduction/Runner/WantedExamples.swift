import Optimizers

/// The training examples that the first steps of runs take, for rehearsals.
struct WantedExamples: Equatable, Sendable {
  private let runs: [RunSpecification]

  /// Nil if some run needs more than a few: one without a fingerprint, or of a method that takes sums.
  init?(_ candidates: [Rehearsal.Candidate]) {
    let areFew = candidates.allSatisfy { candidate in
      candidate.fingerprint?.digests.isEmpty == false
        && (try? OptimizerRegistry.method(candidate.run.method).takesSums) == false
    }
    guard areFew else { return nil }
    runs = candidates.map(\.run)
  }

  /// Their indices, ascending.
  ///
  /// - Parameter count: the training examples that there are.
  func examples(of count: Int) -> [Int] {
    Set(runs.flatMap { TrainingProcess.firstExamples(of: $0, count: count) }).sorted()
  }
}
