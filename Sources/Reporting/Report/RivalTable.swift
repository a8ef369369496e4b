import Glibc
import ResultStore

/// Adam's training cost over that of each rival, problem by problem: whether Adam is better, apart from what
/// the paper says of it.
package enum RivalTable {
  /// One problem: two or more contenders of an experiment.
  private struct Problem {
    let title: String
    let experiment: String
    /// What follows the method in the contenders' names.
    var suffix = ""
    /// The cost that the paper's figure shows.
    var measure = Measure.runningCost
  }

  private static let problems = [
    Problem(title: "logistic regression, MNIST", experiment: "mnist-logistic"),
    Problem(
      title: "logistic regression, reviews, dropout", experiment: "imdb-logistic",
      suffix: "+dropout"),
    Problem(title: "perceptron, MNIST, dropout", experiment: "mnist-mlp"),
    Problem(
      title: "perceptron, MNIST", experiment: "mnist-mlp-deterministic", measure: .trainingCost),
    Problem(title: "convolutional network, CIFAR-10", experiment: "cifar-cnn"),
    Problem(
      title: "convolutional network, CIFAR-10, dropout", experiment: "cifar-cnn",
      suffix: "+dropout"),
  ]

  /// The rivals, by the names that contenders have.
  private static let rivals: [(title: String, names: [String])] = [
    ("AdaGrad", names: ["AdaGrad", "Adagrad"]), ("RMSProp", ["RMSProp"]),
    ("SGD with Nesterov momentum", ["SGDNesterov"]), ("AdaDelta", ["AdaDelta"]), ("SFO", ["SFO"]),
  ]

  /// The arm in which every method has its best settings.
  private static let arm = Arm.tuned.rawValue

  private static let resolution = SearchResolution.halfDecades

  /// The table with what its numbers are, as Markdown; empty if nothing has been compared.
  package static func markdown(_ content: ReportContent) -> String {
    let rows = problems.compactMap { row($0, content) }
    guard !rows.isEmpty else { return "" }
    let sides = rows.flatMap(\.sides)
    func count(_ side: SearchResolution.Side) -> Int { sides.count { $0 == side } }
    let percent = NumberText.significant(100 * (resolution.ratio - 1))
    return
      "**Is Adam better?** By the paper's introduction it \"consistently outperforms other methods\". Of \(sides.count) "
      + "comparisons it is ahead in \(count(.below)) and behind in\n\(count(.above)); \(count(.within)) are within "
      + "\(percent) %, which counts as close, since the perceptron's search, with stepsizes half a decade apart, cannot tell less; seeds leave "
      + "\(count(.open)) open.\nTold is Adam's training cost over the rival's, the mean of the last tenth of the passes "
      + "that the paper's figure shows, or of those made (the perceptron's without dropout as its figure has it, of the whole training set after a pass), each method\nwith the best settings of its search (arm `\(arm)`), with the 95 % "
      + "interval over seeds, of which three or four decide by a wider one. **Bold**: Adam is ahead by more than\n\(percent) %, *slanted*: behind by more, ≈: within, "
      + "plain: open, with the number of passes at which the rival's median is lower.\n\n"
      + MarkdownReport.table(["trained on"] + rivals.map(\.title) + ["from"], rows.map(\.cells))
  }

  private static func row(_ problem: Problem, _ content: ReportContent)
    -> (cells: [String], sides: [SearchResolution.Side])?
  {
    // The longest profile comes first.
    guard
      let part = content.parts.first(where: {
        $0.experiment.name == problem.experiment && $0.experiment.document.hasRealData
      })
    else { return nil }
    let document = part.experiment.document
    let variable = problem.measure.variable
    let context = ClaimContext(document: document, arm: arm, reading: [variable])
    guard let count = Cells(variable, in: document)?.labels(of: "epoch").count, count > 1 else {
      return nil
    }
    let passes = min(count - 1, shown(problem, content))
    // What is known before any pass is the same for all.
    let labels = problem.measure.labels(ofPasses: passes)
      .filter { problem.measure.passes(atLabel: $0) > 0 }
    let places = Array(labels.suffix(max(1, passes / 10)))
    var seeds: [Int] = []
    var sides: [SearchResolution.Side] = []
    let cells = rivals.map { rival -> String in
      for name in rival.names {
        guard
          let found = try? context.compare(
            "Adam" + problem.suffix, with: name + problem.suffix, measure: problem.measure,
            at: places)
        else { continue }
        seeds.append(found.pairs)
        let side = found.vanishes ? .open : resolution.side(of: found.estimate)
        sides.append(side)
        if found.vanishes { return "costs below 1e-6" }
        let told = text(found.estimate, side)
        guard side == .open, found.pairs > 1,
          let lower = passesBelow(
            name + problem.suffix, "Adam" + problem.suffix, context, problem.measure, at: labels)
        else { return told }
        return "\(told), rival lower at \(lower) of \(passes)"
      }
      return "–"
    }
    guard let least = seeds.min(), let most = seeds.max() else { return nil }
    let number = least == most ? "\(most)" : "\(least) or \(most)"
    // The shortest of the searches that chose for what is compared.
    let names = ["Adam"] + rivals.flatMap(\.names)
    let searched =
      (try? SearchTable(document))?.deciding.filter { row in
        names.contains { row.contender == $0 + problem.suffix }
      }.map(\.epochs).min() ?? passes
    let extent =
      ", \(passes) passes" + (searched < passes ? ", settings searched to \(searched)" : "")
    let origin = "\(part.profile), \(number) seed\(most == 1 ? "" : "s")\(extent)"
    return ([problem.title] + cells + [origin], sides)
  }

  /// At how many passes the median cost of one contender is below that of another, over the seeds that both have.
  private static func passesBelow(
    _ a: String, _ b: String, _ context: ClaimContext, _ measure: Measure, at labels: [Int]
  ) -> Int? {
    let medians = labels.compactMap { epoch -> (Double, Double)? in
      guard let pair = try? context.compare(a, with: b, measure: measure, at: [epoch]) else {
        return nil
      }
      return (Statistics.median(pair.a), Statistics.median(pair.b))
    }
    return medians.count == labels.count ? medians.count { $0.0 < $0.1 } : nil
  }

  /// The passes inside the experiment's widest figure over passes.
  private static func shown(_ problem: Problem, _ content: ReportContent) -> Int {
    content.figures.filter { $0.experiment == problem.experiment }.flatMap(\.figure.panels)
      .filter { $0.x.label == "iterations over entire dataset" }.compactMap(\.x.high)
      .max().map { problem.measure.passes(atLabel: Int($0)) } ?? .max
  }

  /// A ratio with its interval, marked by its side.
  private static func text(_ estimate: Estimate, _ side: SearchResolution.Side) -> String {
    let ratio =
      estimate.value.isInfinite
      ? estimate.value < 0 ? "it diverged" : "Adam diverged"
      : ClaimOutcome.interval(
        exp(estimate.value), exp(estimate.low), exp(estimate.high), threshold: 1)
    return switch side {
    case .below: "**\(ratio)**"
    case .above: "*\(ratio)*"
    case .within: "≈ \(ratio)"
    case .open: ratio
    }
  }
}
