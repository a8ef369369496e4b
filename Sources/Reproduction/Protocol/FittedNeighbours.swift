import Glibc
import Reporting
import ResultStore

/// A setting of the arm `fitted` with the next smaller and larger stepsize, one notch of the search's grid away:
/// whether another one would lie nearer to the paper's curve, on the epochs that judge and on the others.
struct FittedNeighbours {
  /// The paper's curve that the contender is matched with.
  let matched: MatchedCurve
  /// The run of the protocol, with the first seed.
  let fitted: RunSpecification
  /// How many passes its neighbours make.
  let passes: Int
  /// The factor between two stepsizes.
  let notch: Double

  var smaller: RunSpecification { neighbour("smaller", times: 1 / notch) }
  var larger: RunSpecification { neighbour("larger", times: notch) }

  private func neighbour(_ side: String, times factor: Double) -> RunSpecification {
    var run = fitted
    run.hyperparameters["alpha"] = (alpha(of: fitted) * factor).rounded(toDigits: 2)
    run.epochs = passes
    run.recording = .final
    run.evaluations = nil
    run.labels =
      [.init("neighbour", "\(side) alpha")] + run.labels.filter { $0.axis == "optimizer" }
    return run
  }

  private func alpha(of run: RunSpecification) -> Double { run.hyperparameters["alpha"] ?? .nan }

  /// Our curve of a run at the paper's x, as far as it is compared.
  fileprivate func costs(_ record: RunRecord, _ paper: PaperCurves) -> [Double] {
    let end = matched.range(in: paper).map { Int($0.upperBound.rounded(.down)) + 1 } ?? passes
    let costs = Array(record.afterPasses(.runningCost).prefix(min(passes, end)))
    // Far from the paper's curve, and not a value that is missing.
    return record.outcome == .finished ? costs : costs.map { $0.isFinite ? $0 : .infinity }
  }

  fileprivate var runs: [(side: FittedDistances.Side, run: RunSpecification)] {
    [(.smaller, smaller), (.fitted, fitted), (.larger, larger)]
  }
}

extension TrainingSession {
  /// The neighbours of all settings of the arm `fitted` whose curve is matched with the paper's, if the
  /// profile runs them; none where settings, seeds or epochs are the user's own.
  var fittedNeighbours: [FittedNeighbours] {
    guard !request.isCustom, !request.isSearch, let most = budget.neighbourPasses,
      arms.contains(.fitted)
    else { return [] }
    return experiment.contenders.filter(isMade).flatMap { contender -> [FittedNeighbours] in
      guard let choice = contender.fitted, choice.hyperparameters["alpha"] != nil,
        let run = finalRuns(contender, choice, arm: .fitted).first
      else { return [] }
      let axis = contender.grid?.axes.first { $0.name == "alpha" }
      let density = axis.map { $0.density > 0 ? $0.density : 2 } ?? 2
      return experiment.about.claims.compactMap { claim -> FittedNeighbours? in
        guard let matched = claim.matched, matched.measure == .runningCost,
          claim.contenders == [contender.name],
          claim.arms?.contains(.fitted) ?? true
        else { return nil }
        return FittedNeighbours(
          matched: matched, fitted: run, passes: min(most, run.epochs),
          notch: pow(10, 1 / Double(density)))
      }
    }
  }
}

extension [FittedNeighbours] {
  /// The group `/neighbours`: a row a curve and stepsize, with its distances and our curve; nil where no
  /// neighbour has been made.
  func group(records: RecordLookup, paper: PaperCurves) -> Group? {
    var rows: [FittedDistances.Row] = []
    var curves: [[Double]] = []
    for neighbours in self {
      let made = neighbours.runs.compactMap { side, run in records(run).map { (side, $0) } }
      let figure = neighbours.matched.figure
      guard made.count == 3, let curve = paper.curve(neighbours.matched.curve, of: figure)
      else { continue }
      for (side, record) in made {
        let costs = neighbours.costs(record, paper)
        func distance(odd: Bool) -> Double {
          let epochs = { (epoch: Int) in epoch.isMultiple(of: 2) != odd }
          if costs.contains(.infinity) { return .infinity }
          return curve.distance(
            to: costs, in: neighbours.matched.range(in: paper), where: epochs) ?? .nan
        }
        rows.append(
          FittedDistances.Row(
            contender: record.specification.label("optimizer") ?? "", figure: figure, side: side,
            alpha: record.specification.hyperparameters["alpha"] ?? .nan, passes: costs.count,
            odd: distance(odd: true), even: distance(odd: false)))
        curves.append(costs)
      }
    }
    return rows.isEmpty ? nil : FittedDistances(rows).encoded(curves: curves)
  }
}
