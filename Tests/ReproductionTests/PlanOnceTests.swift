import Optimizers
import Reporting
import Reproduction
import ResultStore
import Storage
import Synchronization
import TestSupport
import Testing

/// A command makes its plan again as long as runs of it are missing, and once where all are known.
@Suite struct PlanOnceTests {
  private final class Count: Sendable {
    let plans = Mutex(0)
  }

  /// An experiment whose plans are counted.
  private struct Counted: Experiment {
    let base: TrainingExperiment<NoData>
    let count: Count

    var about: About { base.about }
    var options: ExperimentOptions { base.options }
    var problems: [String] { base.problems }

    func session(
      _ request: PlanRequest, _ records: @escaping RecordLookup
    ) -> any ExperimentSession {
      Session(base: base.session(request, records), count: count)
    }

    func process(for run: RunSpecification, _ resources: RunResources) throws -> any RunProcess {
      try base.process(for: run, resources)
    }

    struct Session: ExperimentSession {
      let base: any ExperimentSession
      let count: Count

      func plan() throws -> Plan {
        count.plans.withLock { $0 += 1 }
        return try base.plan()
      }

      func arrays() throws -> Group { try base.arrays() }
      func figures() throws -> [Figure] { try base.figures() }
    }
  }

  private let experiment = TrainingExperiment(
    name: "quadratic", title: "Quadratic", place: "nowhere", data: .noData, minibatch: 2,
    profiles: ByProfile(
      smoke: Budget(epochs: 1, seeds: 1, search: .inline(seeds: 1)),
      quick: Budget(epochs: 1, seeds: 1, search: .inline(seeds: 1)),
      paper: Budget(epochs: 2, seeds: 2, search: .inline(seeds: 1, epochs: 1))),
    contenders: [
      Contender(
        "Adam", optimizer: Adam.method, fitted: .init(["alpha": 0.1]),
        grid: Grid([GridAxis("alpha", [0.1, 0.2])]))
    ],
    figures: [], claims: []
  ) { _, _, _ in QuadraticObjective(count: 5) }

  @Test func `what a search chooses joins the plan, which is made once when all is known`() throws {
    try withTemporaryFolder { folder in
      func run(_ options: String...) throws -> (status: Storage.ExitStatus, plans: Int) {
        let count = Count()
        let command = ExperimentCommand(Counted(base: experiment, count: count))
        let status = try command.run(
          ["quadratic", "--profile", "paper", "--quiet", "--output", "\(folder)/quadratic.h5"]
            + options)
        return (status, count.plans.withLock { $0 })
      }
      #expect(try run("--question").status == .failure)
      let first = try run()
      #expect(first.status == .success && first.plans > 1)
      #expect(try run() == (.success, 1))
      #expect(try run("--question") == (.success, 1))
    }
  }
}
