import Glibc
import ResultStore

/// A curve of the paper that one of ours is laid on.
package struct MatchedCurve: Sendable {
  /// The figure.
  package let figure: String
  /// The curve's name in the paper's legend.
  package let curve: String
  /// The part of it that is compared; nil: its points inside the figure's frame.
  let epochs: ClosedRange<Int>?
  /// What we lay on it.
  package let measure: Measure

  /// The epochs that are compared; nil: all that the curve has.
  package func range(in paper: PaperCurves) -> ClosedRange<Double>? {
    epochs.map { Double($0.lowerBound)...Double($0.upperBound) } ?? paper.frame(of: figure)
  }
}

/// The distance between one of our curves and one of the paper's.
struct FigureMatch {
  let contender: String
  /// One row a seed: |our epochs|.
  let costs: [[Double]]
  let epochs: [Int]
  let paper: [Double]
  var diverged = false
  /// What to say of the next smaller and larger stepsize; nil: nothing.
  let neighbours: String?

  init(_ context: ClaimContext, _ contender: String, on matched: MatchedCurve) throws {
    let (figure, name) = (matched.figure, matched.curve)
    self.contender = contender
    neighbours =
      context.arm == Arm.fitted.rawValue
      ? FittedDistances(context.document).sentence(contender, figure: figure) : nil
    guard let curve = context.paper.curve(name, of: figure) else {
      throw NotRun("the paper's \(figure) has no curve '\(name)'")
    }
    let compared = matched.range(in: context.paper)
    let points = curve.data.filter { point in
      (compared?.contains(point.x) ?? true) && !Int(point.x.rounded()).isMultiple(of: 2)
    }
    guard !points.isEmpty else { throw NotRun("the paper's curve has no points there") }
    epochs = points.map { Int($0.x.rounded()) }
    paper = points.map(\.y)
    let array = try context.array(matched.measure)
    var rows: [[Double]] = []
    var reasons: [String] = []
    for seed in context.seeds(of: array) {
      var row: [Double] = []
      var reason: String?
      for epoch in epochs {
        switch try context.cell(array, contender, seed: seed, epoch: epoch) {
        case .value(let value): row.append(value)
        case .diverged: row.append(.infinity)
        case .missing(let why): reason = reason ?? why
        }
      }
      if let reason { reasons.append(reason) } else { rows.append(row) }
    }
    guard !rows.isEmpty else { throw NotRun(reasons.first ?? "there are no seeds") }
    costs = rows
    diverged = rows.contains { $0.contains(.infinity) }
  }

  /// |log(ours / paper)| of each epoch, with one seed.
  private func distances(_ seed: Int) -> [Double] {
    zip(costs[seed], paper).map { Swift.abs(log($0 / $1)) }
  }

  func outcome(_ thresholds: (reproduced: Double, inconclusive: Double)) -> ClaimOutcome {
    let distances = costs.indices.map(distances)
    let estimate = Statistics.studentMean(distances.map(Statistics.median))
    let means = epochs.indices.map { column in Statistics.mean(distances.map { $0[column] }) }
    let worst = means.indices.max { means[$0] < means[$1] } ?? 0
    var sentence =
      "the median distance of \(contender) to the paper's curve is "
      + "\(NumberText.significant(estimate.value)) in log cost over \(epochs.count) odd epochs; the "
      + "largest is \(NumberText.significant(means[worst])) at epoch \(epochs[worst])"
    if diverged { sentence += "; some runs diverged" }
    if costs.count == 1 { sentence += "; one seed has no interval" }
    if costs.count == 2 { sentence += "; two seeds do not decide" }
    if let neighbours { sentence += "; \(neighbours)" }
    return ClaimOutcome(
      Judgement(ofDistance: estimate.value, seeds: costs.count, thresholds), effect: estimate.value,
      low: estimate.low, high: estimate.high,
      threshold: thresholds.reproduced, unit: "median |log(ours / paper)|", seeds: costs.count,
      numbers: zip(epochs, means).map { ClaimNumber("epoch \($0)", $1) }, sentence)
  }
}

extension Judgement {
  /// What a distance between curves, mean over so many seeds, says: at most the first threshold they match,
  /// above the second they do not.
  package init(
    ofDistance distance: Double, seeds: Int,
    _ thresholds: (reproduced: Double, inconclusive: Double)
  ) {
    guard Statistics.confidence(seeds: seeds) != nil else {
      self = .inconclusive
      return
    }
    self =
      distance <= thresholds.reproduced
      ? .reproduced
      : distance <= thresholds.inconclusive ? .undecided(.betweenLimits) : .notReproduced
  }
}
