import Foundation
import Reporting
import ResultStore
import Storage
import TestSupport
import Testing

@Suite struct ResultTableTests {
  @Test func `a row for each arm and optimizer with runs, over the seeds that finished`() throws {
    var results = SyntheticResults()
    results.seeds = 3
    results.epochs = 4
    results.notRun = [[2, 0], [2, 1], [2, 2]]
    results.diverged = [[1, 0]: 2]
    let table = try #require(ResultTable(results.document))
    #expect(
      table.rows.map { "\($0.arm) \($0.optimizer)" } == [
        "fitted Adam", "fitted SGDNesterov", "tuned Adam", "tuned SGDNesterov",
      ])
    let adam = table.rows[0]
    #expect(adam.finished == 3 && adam.diverged == 0 && adam.cost.count == 3)
    // The last pass is the one that starts after epoch 3.
    let costs = (0..<3).map { results.cost(0, 0, $0, 3) }
    let mean = costs.reduce(0, +) / 3
    #expect(abs(adam.cost.value - mean) < 1e-12 && adam.cost.low < mean && adam.cost.high > mean)
    #expect(table.rows[1].finished == 2 && table.rows[1].diverged == 1)
    let lines = table.text { _ in [:] }.split(separator: "\n")
    #expect(lines.contains("[fitted]") && lines.contains("[tuned]") && lines.count == 7)
    #expect(lines.contains { $0.hasPrefix("SGDNesterov") && $0.contains("2, 1 diverged") })
  }

  @Test func `intervals leave as many digits as they carry`() {
    #expect(
      ResultTable.text(Estimate(0.26123, low: 0.2609, high: 0.2615, count: 3)) == "0.26123 ±0.00030"
    )
    #expect(ResultTable.text(Estimate(0.0742, count: 1), scale: 100) == "7.42")
    #expect(ResultTable.text(Estimate(.nan, count: 0)) == "-")
  }

  @Test func `a document without optimizers has no table`() {
    #expect(ResultTable(Document(root: Group())) == nil)
  }
}

@Suite struct RunComparisonTests {
  private func file(
    _ name: String, in folder: TemporaryFolder,
    _ change: (inout SyntheticResults) -> Void = { _ in }
  ) throws -> String {
    var results = SyntheticResults()
    results.arms = ["mine"]
    results.contenders = ["Adam"]
    results.seeds = 4
    results.epochs = 3
    change(&results)
    let path = folder.path + "/" + name
    try ResultFile.write(results.document, to: path)
    return path
  }

  /// Noise that a seed's two runs share is no noise of their difference.
  @Test func `differences are paired by seed`() throws {
    let folder = try TemporaryFolder()
    func cost(_ shift: Double) -> (Int, Int, Int, Int) -> Double {
      { _, _, seed, _ in 1 + 10 * Double(seed) + shift + 0.001 * Double(seed % 2) * shift }
    }
    let first = try file("a.h5", in: folder) { $0.cost = cost(0) }
    let second = try file("b.h5", in: folder) {
      $0.cost = cost(0.5)
      $0.seeds = 3
      $0.epochs = 2
    }
    let comparison = try RunComparison([first, second], variable: "train_cost")
    #expect(comparison.rows.count == 2)
    let difference = try #require(comparison.rows[1].difference)
    #expect(difference.count == 3 && comparison.rows[1].epoch == 2)
    #expect(abs(difference.value - (0.5 + 0.0005 / 3)) < 1e-9)
    // Student's t with two degrees of freedom: 4.302653 standard errors.
    let deviation = 0.0005 / 3.0.squareRoot()
    #expect(
      abs(difference.high - difference.value - 4.302653 * deviation / 3.0.squareRoot()) < 1e-8)
    #expect(comparison.text.contains("over 3 seeds, higher"))
    let (figure, document) = comparison.figure
    #expect(figure.panels[0].lines.count == 2)
    #expect(document.root.labels(of: "seed") == ["0", "1", "2", "3"])
  }

  /// The last values of two curves that were evaluated at different epochs are not compared, nor runs that
  /// diverged.
  @Test func `the last epoch that both have is compared, over the runs that did not diverge`()
    throws
  {
    let folder = try TemporaryFolder()
    func cost(_ missing: Int) -> (Int, Int, Int, Int) -> Double {
      { _, _, seed, epoch in epoch == missing ? .nan : Double(10 * seed + epoch) }
    }
    let first = try file("a.h5", in: folder) { $0.cost = cost(2) }
    let second = try file("b.h5", in: folder) {
      $0.cost = cost(3)
      $0.diverged = [[0, 0]: 1]
    }
    let comparison = try RunComparison([first, second], variable: "train_cost")
    let row = comparison.rows[1]
    #expect(row.epoch == 1 && row.diverged == 1 && row.difference?.count == 3)
    #expect(row.baseline?.count == 3 && comparison.rows[0].value.count == 4)
    #expect(comparison.text.contains("(3 seeds, 1 diverged)\n"))
    let third = try file("c.h5", in: folder) { results in
      for seed in 0..<4 { results.diverged[[0, seed]] = 1 }
    }
    let text = try RunComparison([first, third], variable: "train_cost").text
    #expect(text.contains("Adam: no value of a run that ended, 4 diverged\n"))
    #expect(text.contains("no common seed whose runs did not diverge"))
  }

  @Test func `one file with one arm compares its optimizers`() throws {
    let folder = try TemporaryFolder()
    let path = try file("a.h5", in: folder) { $0.contenders = ["Adam", "SGD"] }
    let comparison = try RunComparison([path], variable: "train_cost")
    #expect(comparison.rows.map(\.optimizer) == ["Adam", "SGD"])
    #expect(comparison.rows[0].difference == nil && comparison.rows[1].against == "Adam")
  }

  @Test func `one seed has no interval, which is said`() throws {
    let folder = try TemporaryFolder()
    let paths = try ["a.h5", "b.h5"].map { try file($0, in: folder) { $0.seeds = 1 } }
    let comparison = try RunComparison(paths, variable: "train_cost")
    #expect(comparison.rows[1].difference?.hasInterval == false)
    #expect(comparison.remarks.contains { $0.contains("one common seed has no interval") })
  }
}
