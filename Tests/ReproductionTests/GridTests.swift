import Foundation
import Optimizers
import Reproduction
import Testing

@Suite struct GridTests {
  @Test func `a logarithmic axis has round values in every decade`() {
    #expect(
      GridAxis("alpha", from: 1e-3, to: 1, perDecade: 2).values == [
        1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1,
      ])
    #expect(
      GridAxis("alpha", from: 1e-4, to: 1e-3, perDecade: 3).values == [
        1e-4, 2e-4, 5e-4, 1e-3,
      ])
    #expect(GridAxis("alpha", from: 0.1, to: 10, perDecade: 1).values == [0.1, 1, 10])
  }

  @Test func `an axis of rates approaches one, and is extended there`() {
    let axis = GridAxis("momentum", nines: 1...2)
    #expect(axis.values == [0.9, 0.99])
    let found = GridSearch(Grid([axis])) { point in
      [abs((point.hyperparameters["momentum"] ?? .nan) - 0.999)]
    }
    #expect(
      found.searched.map { $0.point.hyperparameters["momentum"] } == [0.9, 0.99, 0.999, 0.9999])
    #expect(found.best?.point.hyperparameters == ["momentum": 0.999])
    let lower = GridSearch(Grid([axis])) { [$0.hyperparameters["momentum"] ?? .nan] }
    #expect(lower.searched.map { $0.point.hyperparameters["momentum"] } == [0.9, 0.99, 0])
  }

  /// A cost that is lowest at alpha = `best`, on a logarithmic scale.
  private func search(_ grid: Grid, best: Double) -> GridSearch {
    GridSearch(grid) { point in
      let alpha = point.hyperparameters["alpha"] ?? .nan
      return [abs(log(alpha / best)), abs(log(alpha / best)) + 0.5]
    }
  }

  @Test func `an optimum inside is found without extension`() {
    let grid = Grid([GridAxis("alpha", from: 1e-3, to: 1, perDecade: 2)])
    let found = search(grid, best: 0.1)
    #expect(found.best?.point.hyperparameters == ["alpha": 0.1])
    #expect(found.searched.count == 7)
    #expect(found.missing.isEmpty)
  }

  @Test func `where every point diverges there is no best, and nothing is extended`() {
    let grid = Grid(
      [GridAxis("alpha", from: 1e-3, to: 1, perDecade: 2)],
      schedules: [.constant, .inverseSquareRoot(of: .step)])
    for cost in [Double.nan, .infinity] {
      let found = GridSearch(grid) { _ in [cost, cost] }
      #expect(found.searched.count == 14 && found.missing.isEmpty)
      #expect(found.searched.allSatisfy { !$0.score.isFinite })
      #expect(found.best.map(\.score.isFinite) != true)
    }
  }

  @Test(arguments: [(30.0, [3, 10, 30, 100]), (1e-5, [3e-4, 1e-4, 3e-5, 1e-5, 3e-6])])
  func `the end where the optimum lies is extended`(best: Double, added: [Double]) {
    let grid = Grid([GridAxis("alpha", from: 1e-3, to: 1, perDecade: 2)])
    let found = search(grid, best: best)
    #expect(found.best?.point.hyperparameters == ["alpha": best])
    #expect(found.searched.dropFirst(7).map { $0.point.hyperparameters["alpha"] } == added)
  }

  @Test func `the ladder of each schedule's best point is extended`() {
    let grid = Grid(
      [GridAxis("alpha", from: 0.1, to: 1, perDecade: 1), GridAxis("momentum", [0.5, 0.9])],
      schedules: [.constant, .inverseSquareRoot(of: .step)])
    let found = GridSearch(grid) { point in
      let alpha = point.hyperparameters["alpha"] ?? .nan
      let isFavoured =
        point.schedule == .inverseSquareRoot(of: .step) && point.hyperparameters["momentum"] == 0.9
      return [abs(log(alpha / 10)) + (isFavoured ? 0 : 100)]
    }
    #expect(found.best?.point.hyperparameters == ["alpha": 10, "momentum": 0.9])
    // With the other schedule too 10 is best, at the first of the momenta.
    let other = found.bestOfSchedule[.constant]?.point.hyperparameters
    #expect(other == ["alpha": 10, "momentum": 0.5])
    #expect(found.searched.count == 8 + 2 + 2)
  }

  @Test func `extending stops at its limit`() {
    let grid = Grid([GridAxis("alpha", from: 0.1, to: 1, perDecade: 1)])
    let found = GridSearch(grid) { [-($0.hyperparameters["alpha"] ?? 0)] }
    #expect(found.searched.count == 2 + GridSearch.extensionLimit)
    #expect(found.best != nil)
  }

  @Test func `diverged points are passed over`() {
    let grid = Grid([GridAxis("alpha", [0.1, 0.2, 0.3])])
    let found = GridSearch(grid) { point in
      point.hyperparameters["alpha"] == 0.2 ? [0.0, .nan] : [1.0, 1.0]
    }
    #expect(found.best?.point.hyperparameters == ["alpha": 0.1])
  }

  @Test func `points without a cost are named as missing`() {
    let grid = Grid([GridAxis("alpha", [0.1, 0.2])])
    let found = GridSearch(grid) { $0.hyperparameters["alpha"] == 0.1 ? [1] : nil }
    #expect(found.best == nil)
    #expect(found.missing.map(\.hyperparameters) == [["alpha": 0.2]])
  }

  @Test func `a committed search is judged at the same horizon`() {
    func row(_ alpha: Double, _ epochs: Int, _ cost: Double) -> CommittedSearch.Row {
      .init(
        contender: "Adam", point: .init(hyperparameters: ["alpha": alpha], schedule: .constant),
        epochs: epochs, seed: 1_000_000, cost: cost)
    }
    let search = CommittedSearch(
      rows: [row(0.1, 10, 1), row(0.2, 10, 2), row(0.1, 200, 0.5), row(0.2, 200, 0.4)],
      remarks: [])
    #expect(search.best("Adam", for: 10)?.point.hyperparameters == ["alpha": 0.1])
    #expect(search.best("Adam", for: 200)?.point.hyperparameters == ["alpha": 0.2])
    #expect(search.best("Adam", for: 50)?.point.hyperparameters == ["alpha": 0.2])
  }
}
