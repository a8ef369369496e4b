import Glibc
import Reporting
import Reproduction
import ResultStore

let frozenMasks = "SFO frozen masks"
let freshMasks = "SFO fresh masks"
let alignedFigure = "fig2b-aligned"
let alignedTimeFigure = "fig2b-aligned-walltime"
let memorySizes = [12, 24, 50, 100]

/// The contender that has so many minibatches.
func sfoName(_ subfunctions: Int) -> String {
  subfunctions == 24 ? "SFO" : "SFO N = \(subfunctions)"
}

/// The paper's curves with two figures more, in which Adam stands after the passes that its costs took,
/// like SFO: the paper draws the mean over its first pass at 0.
func alignedCurves(_ paper: PaperCurves) -> PaperCurves {
  var all = paper
  for (figure, aligned) in [("fig2b", alignedFigure), ("fig2b-walltime", alignedTimeFigure)] {
    for var curve in paper.curves(of: figure) {
      curve.figure = aligned
      if curve.name == "Adam" {
        for index in curve.points.indices { curve.points[index].x += 1 }
      }
      all.curves.append(curve)
    }
  }
  return all
}

/// The bytes that a first-order method keeps, under the name that SFO's runs record them by.
let memoryProbe = Probe(
  "optimizer_bytes", .everyEpoch,
  meaning: "bytes of parameters, gradient and everything that the optimizer keeps"
) { context in
  [Double(4 * context.theta.count * (2 + context.optimizer.state.vectors.count))]
}

/// Processor seconds of training until the cost of the training set is at most `target`, one a seed;
/// infinite where it never is.
private func secondsUntil(
  _ target: Double, _ contender: String, _ context: ClaimContext
) throws -> [Double] {
  let costs = try context.array(.trainingCost)
  let seconds = try context.array(RunTime.training)
  return try context.seeds(of: costs).compactMap { seed in
    var found = false
    for label in costs.labels(of: "epoch") {
      guard let epoch = Int(label),
        case .value(let cost) = try context.cell(costs, contender, seed: seed, epoch: epoch)
      else { continue }
      found = true
      if cost <= target,
        case .value(let time) = try context.cell(seconds, contender, seed: seed, epoch: epoch)
      {
        return time
      }
    }
    return found ? .infinity : nil
  }
}

/// Adam reaches a cost in less time; where SFO never does, there is no ratio.
private func timeClaim(_ target: Double) -> Claim {
  .custom(
    "fig2b.adam-faster-per-second.cost-\(NumberText.significant(target))",
    "Adam makes faster progress than SFO in terms of wall-clock time: to a cost of "
      + NumberText.significant(target), place: place,
    threshold: .ratio("seconds of Adam / of SFO", .below(0)),
    rule: "processor seconds of training until the cost of the training set is at most "
      + "\(NumberText.significant(target)): the interval of log(Adam / SFO) lies below 0; if SFO never "
      + "gets there in the passes made and Adam does in every seed, reproduced; if neither does, not run",
    figure: "fig2b", arms: [.tuned],
    inPaper: { paper in
      let times = ["Adam", "SFO"].map { name in
        paper.curve(name, of: timeFigure)?.data.first { $0.y <= target }?.x
      }
      guard let adam = times[0], let sfo = times[1] else { return .notInFigure("it ends above") }
      return adam < sfo
        ? .satisfies : .fails("Adam is there at \(text(adam)), SFO at \(text(sfo))")
    }
  ) { context in
    let (adam, sfo) = (
      try secondsUntil(target, "Adam", context), try secondsUntil(target, "SFO", context)
    )
    guard !adam.isEmpty, adam.count == sfo.count else {
      throw NotRun("Adam and SFO have not been run with the same seeds")
    }
    func told(_ name: String, _ times: [Double]) -> String {
      let median = Statistics.median(times)
      return median.isFinite ? "\(name) \(NumberText.significant(median)) s" : "\(name) never"
    }
    let text = "\(told("Adam", adam)), \(told("SFO", sfo)) (medians of processor seconds)"
    if adam.allSatisfy(\.isFinite), sfo.allSatisfy(\.isFinite) {
      let estimate = Statistics.studentMean(zip(adam, sfo).map { log($0 / $1) })
      return ClaimOutcome(
        estimate.judgement(ofLogRatioIn: .below(0)), estimate, threshold: 0,
        unit: "log(Adam / SFO)", text)
    }
    if adam.allSatisfy(\.isFinite), !sfo.contains(where: \.isFinite) {
      return ClaimOutcome(
        Statistics.confidence(seeds: adam.count) == nil ? .inconclusive : .reproduced,
        seeds: adam.count,
        "\(text): SFO does not get there in the passes made")
    }
    if sfo.allSatisfy(\.isFinite), !adam.contains(where: \.isFinite) {
      return ClaimOutcome(
        Statistics.confidence(seeds: sfo.count) == nil ? .inconclusive : .notReproduced,
        seeds: sfo.count,
        "\(text): Adam does not get there in the passes made")
    }
    throw NotRun(
      "\(text): not with every seed do they get there in the passes made, so there is no ratio")
  }.timed.reading(RunTime.training)
}

/// What the text says of the time of a pass, SFO / Adam.
private let overheads = 5.0...10.0

/// The paper's lower panel, against what it calls normalised wall-clock time.
private let timeFigure = "fig2b-walltime"

private func text(_ number: Double) -> String { NumberText.significant(number) }

private let overheadClaim = Claim.custom(
  "fig2b.sfo-slower-per-pass", "SFO is 5 to 10 times slower per iteration than Adam", place: place,
  threshold: .init("SFO / Adam", .inside(overheads)),
  rule:
    "processor seconds of a pass of training, SFO / Adam, mean over all passes: the interval of the "
    + "ratio lies inside 5 to 10; undecided where another number of minibatches (12, 50, 100, first seed) "
    + "lies on the other side, as the paper gives none", figure: "fig2b", arms: [.tuned],
  inPaper: { paper in
    // The distance between two points of a curve is the time of a pass.
    let steps = ["SFO", "Adam"].compactMap { name -> Double? in
      guard let points = paper.curve(name, of: timeFigure)?.data.map(\.x), points.count > 1 else {
        return nil
      }
      return Statistics.median(zip(points, points.dropFirst()).map { $1 - $0 })
    }
    guard steps.count == 2 else { return .notInFigure("it has no such curves") }
    let ratio = steps[0] / steps[1]
    let words = "a pass of SFO is drawn \(text(ratio)) times as long as one of Adam"
    return (5 - 1e-3...10 + 1e-3).contains(ratio) ? .satisfiesBy(words) : .fails(words)
  }
) { context in
  let seconds = try context.array(RunTime.training)
  guard let last = seconds.labels(of: "epoch").last.flatMap({ Int($0) }), last > 0 else {
    throw NotRun("no pass has been made")
  }
  let (adam, sfo) = (
    try context.values(RunTime.training, "Adam", at: last),
    try context.values(RunTime.training, "SFO", at: last)
  )
  guard !adam.isEmpty, adam.count == sfo.count else {
    throw NotRun("Adam and SFO have not been run with the same seeds")
  }
  let ratios = zip(adam, sfo).map { $1 / $0 }
  let estimate = Statistics.studentMean(ratios)
  // The paper does not say how many minibatches there were, and the time depends on it.
  let others = [12, 50, 100].compactMap { count -> ClaimNumber? in
    let passes = 15
    guard let sfo = try? context.values(RunTime.training, sfoName(count), at: passes).first,
      let adam = try? context.values(RunTime.training, "Adam", at: passes).first
    else { return nil }
    return ClaimNumber("\(sfoName(count)), first seed, \(passes) passes", sfo / adam)
  }
  let told = others.map { "\(text($0.value)) (\($0.label))" }
  let judgement = estimate.judgement(in: .inside(overheads))
  let isOpen = others.contains { other in
    overheads.contains(other.value) != (judgement.verdict == .reproduced)
  }
  let outcome = ClaimOutcome(
    judgement, estimate, unit: "SFO / Adam", numbers: others,
    "a pass takes SFO \(text(estimate.value)) times as long, from \(text(ratios.min() ?? .nan)) to "
      + "\(text(ratios.max() ?? .nan)) over seeds, with 24 minibatches"
      + (told.isEmpty ? "" : "; with other numbers of them \(NumberText.list(told))"))
  return isOpen ? outcome.undecided(.otherReading) : outcome
}.timed.reading(RunTime.training)

private let memoryClaim = Claim.custom(
  "fig2b.sfo-memory", "SFO's memory is linear in the number of minibatches", place: place,
  threshold: .init("slope", .inside(0.9...1.1)),
  rule:
    "slope of log(bytes after the last pass that all have made) over log(N), N = 12, 24, 50, 100: "
    + "within 0.1 of 1",
  figure: "fig2b", arms: [.tuned]
) { context in
  let bytes = try context.array(memoryProbe)
  func values(of contender: String, after pass: Int) throws -> [Double] {
    try context.values(memoryProbe, contender, at: pass)
  }
  let contenders = memorySizes.map { sfoName($0) } + ["Adam"]
  for contender in contenders where try values(of: contender, after: 1).isEmpty {
    throw NotRun("\(contender) has not been run")
  }
  let passes = bytes.labels(of: "epoch").compactMap { Int($0) }
  guard
    let last = try passes.last(where: { pass in
      try contenders.allSatisfy { try !values(of: $0, after: pass).isEmpty }
    })
  else { throw NotRun("no pass has been made") }
  func median(_ contender: String) throws -> Double {
    Statistics.median(try values(of: contender, after: last))
  }
  let sizes = try memorySizes.map { try median(sfoName($0)) }
  let adam = try median("Adam")
  let slope = Statistics.slope(memorySizes.map { log(Double($0)) }, sizes.map { log($0) }).value
  return try ClaimOutcome(
    exactly: slope, in: .inside(0.9...1.1),
    unit: "slope of log(bytes) over log(N)",
    numbers: zip(memorySizes, sizes).map { ClaimNumber("N = \($0), MB", $1 / 1e6) }
      + [ClaimNumber("Adam, MB", adam / 1e6)],
    zip(memorySizes, sizes).map { "N = \($0): \(NumberText.significant($1 / 1e6)) MB" }
      .joined(separator: ", ") + "; Adam: \(NumberText.significant(adam / 1e6)) MB")
}.reading(memoryProbe)

private let perPass = Claim.whole(
  "fig2b.adam-faster-per-pass", "Adam makes faster progress than SFO in terms of iterations",
  place: place,
  of: [
    .lower(
      "fig2b.adam-faster-per-pass.to-10",
      "Adam makes faster progress than SFO in terms of iterations: the first 10 passes",
      place: place,
      "Adam", than: "SFO", at: [5, 10], measure: .trainingCost, figure: "fig2b"),
    .lower(
      "fig2b.adam-faster-per-pass.to-25",
      "Adam makes faster progress than SFO in terms of iterations: to the end of the figure",
      place: place, "Adam", than: "SFO", at: [15, 20, 25], measure: .trainingCost, figure: "fig2b"),
  ])

private let perSecond = Claim.whole(
  "fig2b.adam-faster-per-second",
  "Adam makes faster progress than SFO in terms of wall-clock time",
  place: place, of: [timeClaim(0.1), timeClaim(0.01)])

let claims: [Claim] =
  perPass + perSecond
  + [
    overheadClaim, memoryClaim,
    .lowerByFraction(
      0.5, "fig2b.sfo-stochastic",
      "SFO fails to converge with stochastic regularisation: with masks drawn anew its cost is twice that "
        + "with masks that stay, or more", place: place, frozenMasks, than: freshMasks,
      at: [5, 10],
      measure: .trainingCost, figure: "fig2b-dropout"),
    .figureMatch(
      figure: "fig2b", contender: "Adam", thresholds: (0.15, 0.5), epochs: 0...25, place: place,
      arms: [.tuned]),
    .figureMatch(
      figure: "fig2b", contender: "SFO", thresholds: (0.15, 0.5), epochs: 0...25, place: place,
      measure: .trainingCost, arms: [.tuned]),
  ]
