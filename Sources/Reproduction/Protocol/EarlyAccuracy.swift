import Reporting

/// A claim of a review of optimizers: on MNIST, after 100 iterations, Adam is at an accuracy of 98 %
/// and SGD at 95 %. It names no model, so every experiment on MNIST that classifies judges it.
public enum EarlyAccuracy {
  /// The iterations.
  public static let steps = 100
  private static let variable = "early_test_error"
  private static let axis = "early_iteration"
  private static let published = (adam: 0.98, sgd: 0.95)
  private static let tolerance = 0.005

  /// The error rate on the test set after 100 steps.
  public static let probe = Probe(
    variable, .afterSteps([steps], axis: axis),
    meaning: "share of the test set that is classified wrongly after so many steps"
  ) { context in
    let noise = context.noise
    return [context.objective.evaluate(at: context.theta, on: .test, noise: noise).error ?? .nan]
  }

  /// The claim for one model, `review.mnist-100-iterations.<model>`.
  ///
  /// - Parameters:
  ///   - adam: Adam's name among the contenders.
  ///   - sgd: the name of the contender that stands for SGD.
  ///   - arm: the arm that is judged.
  public static func claim(
    model: String, adam: String = "Adam", sgd: String, arm: String = "tuned"
  ) -> Claim {
    .custom(
      "review.mnist-100-iterations.\(model)",
      "on MNIST Adam is at 98 % accuracy after 100 iterations and SGD at 95 %",
      place: "a review of optimizers, not the paper",
      rule: "mean test accuracy over seeds within 0.5 points of both numbers", arms: [arm]
    ) { context in
      let accuracies = try [adam, sgd].map { contender in
        let errors = try context.document.view.array(
          variable, ["arm": arm, "optimizer": contender]
        ).values
        guard !errors.isEmpty, errors.allSatisfy(\.isFinite) else {
          throw NotRun("\(contender) has not made \(steps) steps with every seed")
        }
        return errors.map { 1 - $0 }
      }
      let means = accuracies.map(Statistics.mean)
      let distances = [means[0] - published.adam, means[1] - published.sgd].map { abs($0) }
      let distance = max(distances[0], distances[1])
      let seeds = accuracies[0].count
      let verdict: Verdict =
        seeds == 1 ? .inconclusive : distance <= tolerance ? .reproduced : .notReproduced
      func percent(_ share: Double) -> String {
        NumberText.significant(100 * share, digits: 4) + " %"
      }
      return ClaimOutcome(
        verdict, effect: distance, threshold: tolerance,
        unit: "larger distance to the published accuracies", seeds: seeds,
        numbers: [ClaimNumber(adam, means[0]), ClaimNumber(sgd, means[1])],
        "test accuracy after \(steps) steps: \(adam) \(percent(means[0])), "
          + "\(sgd) \(percent(means[1])), \(seeds == 1 ? "1 seed" : "\(seeds) seeds")"
          + (seeds == 1 ? "; one seed has no interval" : ""))
    }
  }
}
