import Reporting
import ResultStore

/// A claim of a review of the paper: on MNIST, after 100 iterations, Adam is at an accuracy of 98 %
/// and SGD at 95 %. It names no model, so every experiment on MNIST that classifies judges it for its
/// own, and the last of them for all.
public enum EarlyAccuracy {
  /// A model that is judged.
  public struct Model: Sendable, Equatable {
    /// The end of its claim's identifier.
    public let name: String
    /// The experiment that trains it.
    public let experiment: String
    /// The contender that stands for SGD.
    public let sgd: String
    /// The arm that is judged.
    public let arm: Arm

    /// Logistic regression (section 6.1).
    public static let logistic = Model(
      name: "logistic", experiment: "mnist-logistic", sgd: "SGDNesterov", arm: .tuned)
    /// The perceptron of section 6.2.
    public static let perceptron = Model(
      name: "mlp", experiment: "mnist-mlp", sgd: "SGDNesterov", arm: .tuned)
    /// The perceptron of a write-up, which gives the step sizes.
    public static let fourHidden = Model(
      name: "four-hidden", experiment: "mnist-four-hidden", sgd: "SGD", arm: .literal)
    /// All of them.
    public static let all = [logistic, perceptron, fourHidden]
  }

  /// The iterations.
  public static let steps = 100
  private static let published = (adam: 0.98, sgd: 0.95)
  private static let tolerance = 0.005

  /// The error rate on the test set after 100 steps.
  public static let probe = Probe(
    "early_test_error", .afterSteps([steps], axis: "early_iteration"),
    meaning: "share of the test set that is classified wrongly after so many steps"
  ) { context in
    let noise = context.noise
    return [context.objective.evaluate(at: context.theta, on: .test, noise: noise).error ?? .nan]
  }

  private static let id = "review.mnist-100-iterations"
  private static let statement =
    "on MNIST Adam is at 98 % accuracy after 100 iterations and SGD at 95 %"
  private static let unit = "larger distance to the published accuracies"

  /// The claim for one model, `review.mnist-100-iterations.<model>`.
  public static func claim(_ model: Model) -> Claim {
    .custom(
      "\(id).\(model.name)", statement,
      threshold: .init(unit, .atMost(tolerance)),
      rule: "mean test accuracy over seeds within 0.5 points of both numbers", arms: [model.arm]
    ) { context in
      let found = try Accuracies(of: model, context)
      return ClaimOutcome(
        found.judgement, effect: found.distance, threshold: tolerance, unit: unit,
        seeds: found.seeds,
        numbers: [ClaimNumber("Adam", found.adam), ClaimNumber(model.sgd, found.sgd)],
        "test accuracy after \(steps) steps: \(found.text(sgd: model.sgd))"
          + (found.seeds == 1 ? "; one seed has no interval" : ""))
    }.of(.review).reading(probe).asPart
  }

  /// The claim for all models, `review.mnist-100-iterations`: whether any of them shows it.
  ///
  /// It is `not reproduced` only if every model has been judged; with some missing and none of the
  /// others showing it, it is `inconclusive`, and names them.
  ///
  /// - Parameter own: the model of the experiment that judges; the others' results are its siblings.
  public static func anyModelClaim(in own: Model) -> Claim {
    .custom(
      id, "\(statement), with some model",
      threshold: .init("least of the models' \(unit)", .atMost(tolerance)),
      rule: "mean test accuracy over seeds within 0.5 points of both numbers, for any model of "
        + Model.all.map(\.experiment).joined(separator: ", ")
        + "; not reproduced only if all have been judged", arms: [own.arm]
    ) { context in
      var found: [(model: Model, accuracies: Accuracies)] = []
      var missing: [String] = []
      for model in Model.all {
        do {
          let results =
            model == own ? context : try context.sibling(model.experiment, arm: model.arm.rawValue)
          found.append((model, try Accuracies(of: model, results)))
        } catch let reason as NotRun {
          missing.append("\(model.experiment) not run: \(reason.reason)")
        } catch {
          missing.append("\(model.experiment) not run: \(error)")
        }
      }
      guard let nearest = found.min(by: { $0.accuracies.distance < $1.accuracies.distance }) else {
        throw NotRun(missing.joined(separator: "; "))
      }
      let verdicts = found.map(\.accuracies.judgement)
      let judgement: Judgement =
        verdicts.contains(.reproduced)
        ? .reproduced
        : missing.isEmpty && verdicts.allSatisfy { $0 == .notReproduced }
          ? .notReproduced : .inconclusive
      let texts = found.map { "\($0.model.experiment) \($0.accuracies.text(sgd: $0.model.sgd))" }
      return ClaimOutcome(
        judgement, effect: nearest.accuracies.distance, threshold: tolerance,
        unit: "\(unit), of the nearest model", seeds: nearest.accuracies.seeds,
        numbers: found.flatMap { model, accuracies in
          [
            ClaimNumber("Adam, \(model.name)", accuracies.adam),
            ClaimNumber("\(model.sgd), \(model.name)", accuracies.sgd),
          ]
        },
        "test accuracy after \(steps) steps: " + (texts + missing).joined(separator: "; "))
    }.of(.review).reading(probe)
  }

  /// The experiments whose results the claim for all models needs beside those of `own`.
  public static func siblings(of own: Model) -> [String] {
    Model.all.filter { $0 != own }.map(\.experiment)
  }

  /// Mean test accuracies of one model after 100 steps.
  private struct Accuracies {
    let adam: Double
    let sgd: Double
    let seeds: Int

    /// Of the seeds with which both have made the steps.
    ///
    /// - Throws: `NotRun` if there is none.
    init(of model: Model, _ context: ClaimContext) throws {
      let contenders = ["Adam", model.sgd]
      let errors = try contenders.map { contender in
        try context.document.view.array(
          probe, ["arm": model.arm.rawValue, "optimizer": contender]
        ).values
      }
      let pairs = zip(errors[0], errors[1]).filter { $0.isFinite && $1.isFinite }
      guard !pairs.isEmpty else {
        let lacking = zip(contenders, errors).filter { !$1.contains(where: \.isFinite) }.map(\.0)
        throw NotRun(
          lacking.isEmpty
            ? "\(NumberText.list(contenders)) have not made \(steps) steps with the same seed"
            : "\(NumberText.list(lacking)) \(lacking.count == 1 ? "has" : "have") not made \(steps) "
              + "steps with any seed")
      }
      adam = Statistics.mean(pairs.map { 1 - $0.0 })
      sgd = Statistics.mean(pairs.map { 1 - $0.1 })
      seeds = pairs.count
    }

    var distance: Double { max(abs(adam - published.adam), abs(sgd - published.sgd)) }

    var judgement: Judgement {
      guard Statistics.confidence(seeds: seeds) != nil else { return .inconclusive }
      return distance <= tolerance ? .reproduced : .notReproduced
    }

    func text(sgd name: String) -> String {
      func percent(_ share: Double) -> String {
        NumberText.significant(100 * share, digits: 4) + " %"
      }
      return "Adam \(percent(adam)), \(name) \(percent(sgd)), "
        + (seeds == 1 ? "1 seed" : "\(seeds) seeds")
    }
  }
}
