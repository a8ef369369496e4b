import Reporting
import Reproduction
import ResultStore

let place = "section 7.1"

/// What is trained.
enum Model: String, CaseIterable {
  case logistic, perceptron, vae

  var title: String {
    switch self {
    case .logistic: "logistic regression"
    case .perceptron: "perceptron"
    case .vae: "variational auto-encoder"
    }
  }
}

/// The largest step of any parameter in units of alpha, over each pass.
let largestStep = Probe(
  "largest_step", .largestOfEpoch,
  meaning: "largest absolute step of any parameter in units of alpha, over the pass that starts "
    + "after so many epochs"
) { context in
  guard let before = context.previousTheta else { return [.nan] }
  let largest = before.withUnsafeBufferPointer { before in
    context.theta.withUnsafeBufferPointer { after in
      var largest: Float = 0
      for index in after.indices { largest = max(largest, abs(after[index] - before[index])) }
      return largest
    }
  }
  return [Double(largest) / context.optimizer.alpha]
}

/// What rounding of parameters below about 2 in magnitude may add to a step of 0.002.
private let rounding = 1e-4

/// Whether real training led AdaMax to steps beyond alpha.
let stepClaim = Claim.custom(
  "adamax.bound-in-training", "no step of AdaMax is larger than alpha, in training", place: place,
  threshold: .init("largest step / alpha", .atMost(1 + rounding)),
  rule: "largest step of any parameter over whole runs on three models <= 1 + 1e-4 in units of "
    + "alpha (what rounding may add); the worst case is alg.adamax-bound", figure: "adamax-step",
  arms: [.literal]
) { context in
  func largest(_ contender: String) throws -> Double {
    let runs = ["arm": Arm.literal.rawValue, "optimizer": contender]
    let steps = try context.document.view.array(largestStep, runs)
    guard try context.document.view.allFinished(runs),
      let value = steps.values.filter({ !$0.isNaN }).max()
    else { throw NotRun("\(contender) has not come to its end") }
    return value
  }
  func text(_ number: Double) -> String { NumberText.significant(number, digits: 6) }
  let steps = try Model.allCases.map { model in
    (
      title: model.title, adaMax: try largest("AdaMax, \(model.title)"),
      adam: try largest("Adam, \(model.title)")
    )
  }
  let worst = steps.map(\.adaMax).max() ?? .nan
  return try ClaimOutcome(
    exactly: worst, in: .atMost(1 + rounding),
    unit: "largest step / alpha", seeds: try context.document.view.labels("seed").count,
    numbers: steps.flatMap {
      [ClaimNumber("AdaMax, \($0.title)", $0.adaMax), ClaimNumber("Adam, \($0.title)", $0.adam)]
    },
    steps.map { "\($0.title): AdaMax \(text($0.adaMax)), Adam \(text($0.adam))" }
      .joined(separator: "; "))
}.reading(largestStep).part(of: "alg.adamax-bound")
