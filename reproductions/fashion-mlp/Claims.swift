import Optimizers
import Reporting
import Reproduction
import ResultStore

let writeUp = WriteUp.fashion
let last = 50
let methods:
  [(name: String, optimizer: MethodDescription, colour: Figure.Colour, published: Double)] = [
    ("SGD", SGD.method, .red, 0.8742), ("Adagrad", AdaGradEpsilonInside.method, .blue, 0.8528),
    ("RMSprop", RMSPropEpsilonInside.method, .green, 0.8839),
    ("Adam", AdamEpsilonHat.method, .magenta, 0.8904),
  ]
private func percent(_ share: Double) -> String {
  NumberText.significant(100 * share, digits: 4) + " %"
}

/// Accuracies that are near a published one.
private func nearby(_ published: Double) -> Region {
  .inside(published - 0.005...published + 0.005)
}

/// Whether the published accuracy is near what our seeds give.
func accuracyClaim(_ method: String, published: Double) -> Claim {
  .custom(
    "fashion.accuracy.\(method.lowercased())",
    "\(method) reaches a test accuracy of \(percent(published)) in \(last) epochs",
    threshold: .init("test accuracy", nearby(published)),
    rule: "mean test accuracy over seeds within 0.5 points of it: the interval decides",
    figure: "fashion", arms: [.literal]
  ) { (context: ClaimContext) throws -> ClaimOutcome in
    let accuracies = try context.values(.testError, method, at: last).map { 1 - $0 }
    guard !accuracies.isEmpty else {
      throw NotRun("no seed of \(method) has finished \(last) epochs")
    }
    let estimate = Statistics.studentMean(accuracies)
    let cost = Statistics.median(try context.values(.testCost, method, at: last))
    return ClaimOutcome(
      estimate, in: nearby(published), unit: "test accuracy",
      numbers: [ClaimNumber("published", published), ClaimNumber("median test cost", cost)],
      "mean accuracy \(percent(estimate.value)), published \(percent(published)); "
        + "median test cost \(NumberText.significant(cost))"
        + (method == "Adam" ? ", published 0.63" : ""))
  }
}

/// Whether the methods finish in the published order.
let orderClaim = Claim.custom(
  "fashion.order", "RMSprop and Adam end above SGD, and SGD above Adagrad",
  threshold: .ratio("better / worse test error", .below(0)),
  rule: "test error after \(last) epochs of each better method lower than of each worse one: "
    + "paired intervals over seeds", figure: "fashion", arms: [.literal]
) { (context: ClaimContext) throws -> ClaimOutcome in
  let pairs = [("RMSprop", "SGD"), ("Adam", "SGD"), ("SGD", "Adagrad")]
  let estimates = try pairs.map {
    try context.compare($0, with: $1, measure: .testError, at: [last]).estimate
  }
  return try ClaimOutcome(
    each: estimates, in: .below(0), unit: "log(better / worse test error)",
    numbers: zip(pairs, estimates).map {
      ClaimNumber("log(\($0.0) / \($0.1))", $1.value, low: $1.low, high: $1.high)
    },
    try methods.map {
      let errors = try context.values(.testError, $0.name, at: last)
      return "\($0.name) \(percent(1 - Statistics.mean(errors)))"
    }.joined(separator: ", "))
}
