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
  }

  private static let problems = [
    Problem(title: "logistic regression, MNIST", experiment: "mnist-logistic"),
    Problem(
      title: "logistic regression, reviews, dropout", experiment: "imdb-logistic",
      suffix: "+dropout"),
    Problem(title: "perceptron, MNIST, dropout", experiment: "mnist-mlp"),
    Problem(title: "perceptron, MNIST", experiment: "mnist-mlp-deterministic"),
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

  /// The table with what its numbers are, as Markdown; empty if nothing has been compared.
  package static func markdown(_ content: ReportContent) -> String {
    let rows = problems.compactMap { row($0, content) }
    guard !rows.isEmpty else { return "" }
    return
      "**Is Adam better?** Its training cost over the rival's, the mean of the last tenth of the passes, each "
      + "method with the best\nsettings of its search (arm `\(arm)`), with the 95 % interval over seeds. Below 1 Adam is "
      + "ahead; **bold**: it is, *slanted*: it is behind, plain:\nnot decided.\n\n"
      + MarkdownReport.table(["trained on"] + rivals.map(\.title) + ["from"], rows)
  }

  private static func row(_ problem: Problem, _ content: ReportContent) -> [String]? {
    // The longest profile comes first.
    guard
      let part = content.parts.first(where: {
        $0.experiment.name == problem.experiment && $0.experiment.document.hasRealData
      })
    else { return nil }
    let document = part.experiment.document
    let variable = Measure.runningCost.variable
    let context = ClaimContext(document: document, arm: arm, reading: [variable])
    guard let count = Cells(variable, in: document)?.labels(of: "epoch").count, count > 1 else {
      return nil
    }
    // A cost is that of the pass that begins; after the last epoch none does.
    let passes = count - 1
    let places = Array(passes - max(1, passes / 10)..<passes)
    var seeds: [Int] = []
    let cells = rivals.map { rival -> String in
      for name in rival.names {
        guard
          let found = try? context.compare(
            "Adam" + problem.suffix, with: name + problem.suffix, at: places)
        else { continue }
        seeds.append(found.pairs)
        return found.vanishes ? "near 0" : text(found.estimate)
      }
      return "–"
    }
    guard let least = seeds.min(), let most = seeds.max() else { return nil }
    let number = least == most ? "\(most)" : "\(least) or \(most)"
    let extent = document.shortened.isEmpty ? "" : ", \(passes) passes"
    return [problem.title] + cells
      + ["\(part.profile), \(number) seed\(most == 1 ? "" : "s")\(extent)"]
  }

  /// A ratio with its interval, marked by the side of 1 on which the one that decides lies.
  private static func text(_ estimate: Estimate) -> String {
    if estimate.value.isInfinite {
      return estimate.value < 0 ? "it diverged" : "Adam diverged"
    }
    let ratio = ClaimOutcome.interval(
      exp(estimate.value), exp(estimate.low), exp(estimate.high), threshold: 1)
    guard let deciding = estimate.deciding else { return ratio }
    if deciding.upperBound < 0 { return "**\(ratio)**" }
    return deciding.lowerBound > 0 ? "*\(ratio)*" : ratio
  }
}
