import Optimizers

/// A method, a variant or a fault that a trajectory may come from.
struct Candidate: Sendable {
  /// How likely it is before anything is known, from the most.
  enum Rank: Int, Comparable {
    case registered, variant, fault
    static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  /// What is named in answers.
  let name: String
  /// What it is, in words.
  let title: String
  let rank: Rank
  var rule: UpdateRule
  /// The hyperparameters that are searched, apart from alpha and a decoupled decay.
  let free: [RuleParameter]
  /// Data that would tell it from its neighbours.
  let telling: String

  /// Whether hyperparameters that are given may be its own. A decay or momentum of 0 means the form without.
  func goes(with given: [RuleParameter: Double]) -> Bool {
    given.allSatisfy { parameter, value in
      let decays = parameter == .weightDecay && rule.decay != .none
      let has = free.contains(parameter) || parameter == .alpha || decays
      switch parameter {
      case .weightDecay where value == 0: return !decays
      case .momentum where value == 0: return !has || rule.family == .rmsPropMomentum
      default: return has || defaults[parameter] == value
      }
    }
  }

  /// Data that would tell it from another that makes the same steps. Where both have the decay in the
  /// gradient, a large theta hides epsilon and is no help.
  func telling(from other: Candidate) -> String {
    let (a, b) = (rule, other.rule)
    if a.decay == .coupled, b.decay == .coupled, a.family == b.family, a.maximum == b.maximum {
      return (a.correction, a.epsilonInside) != (b.correction, b.epsilonInside)
        ? Self.placeOfEpsilon + ", with theta near 0 there" : Self.earlySteps
    }
    return telling
  }

  /// The defaults of the method that bears the name, or of Adam.
  var defaults: [RuleParameter: Double] {
    if rule.family == .lion { return [.beta1: 0.9, .beta2: 0.99] }
    let method = OptimizerRegistry.all.first { $0.name == name } ?? Adam.method
    return method.hyperparameters.reduce(into: [:]) { values, hyperparameter in
      if let parameter = RuleParameter(rawValue: hyperparameter.name), parameter != .weightDecay {
        values[parameter] = hyperparameter.default
      }
    }
  }

  /// Whether it is the same method with epsilon on the other side of the root.
  func isWithEpsilonElsewhere(than other: Candidate) -> Bool {
    var rule = rule
    rule.epsilonInside.toggle()
    return rule == other.rule
  }

  /// Whether it divides by something that depends on the gradients.
  var isAdaptive: Bool {
    switch rule.family {
    case .sgd, .momentum, .heavyBall, .nesterov, .nesterovSutskever: false
    default: true
    }
  }

  /// The methods that differ from it in a factor of the stepsize alone, where epsilon is not visible; empty for
  /// those that have none.
  var ofAnotherCorrection: [String] {
    guard rule.family == .adam, rule.lookahead == .none, rule.decay == .none, !rule.epsilonInside,
      !rule.isLazy, rule.restart == 0
    else { return [] }
    let names =
      switch rule.maximum {
      case .none: ["adam", "adam-uncorrected", "adam-epsilon-hat"]
      case .uncorrected: ["amsgrad", "amsgrad-corrected", "amsgrad with epsilon-hat"]
      // The largest of corrected moments is another one.
      case .corrected: [String]()
      }
    return names.contains(name) ? names.filter { $0 != name } : []
  }

  /// Whether its steps have one size, whatever the gradients' sizes.
  var isSign: Bool { rule.family == .sign || rule.family == .lion }

  /// Whether it is so well known that no other is told while it makes the same trajectory.
  var isWellKnown: Bool { rank == .registered || isSign }

  /// All that are searched, decays of `theta` among them.
  var freeCount: Int { free.count + (rule.decay == .decoupled ? 1 : 0) }

  /// How complicated it is: hyperparameters first, then how usual it is. AMSGrad with an L2 penalty is
  /// told after Adam with one.
  func isSimpler(than other: Candidate) -> Bool {
    func order(_ c: Candidate) -> (Int, Int) {
      (c.freeCount, c.rule.maximum != .none && c.rule.decay == .coupled ? 3 : c.rank.rawValue)
    }
    return order(self) < order(other)
  }

  private init(
    _ name: String, _ title: String, _ rank: Rank, _ rule: UpdateRule, _ free: [RuleParameter],
    _ telling: String
  ) {
    self.name = name
    self.title = title
    self.rank = rank
    self.rule = rule
    self.free = free
    self.telling = telling
  }

  /// Every method of the registry, then the variants of other frameworks, then the faults.
  static let all = registered + variants + faults

  private static let placeOfEpsilon = "gradients of about epsilon's size"
  private static let earlySteps = "the first steps of a run"
  private static let changingStepsize = "a stepsize that changes (--schedule, or alpha in the file)"
  private static let changingSign = "gradients that change their sign"
  private static let fallingGradient = "a large gradient before small ones"

  private static let registered: [Candidate] = OptimizerRegistry.all.flatMap { method in
    guard let rule = UpdateRule.registered(method.name) else { return [] as [Candidate] }
    var plain: [RuleParameter] = method.hyperparameters.compactMap {
      switch $0.name {
      case "alpha", "lambda", "initial-accumulator", "weight-decay": nil
      default: RuleParameter(rawValue: $0.name)
      }
    }
    // Its start and epsilon are one number under the root.
    if method.name == "adagrad-epsilon-inside" { plain = [.initialAccumulator] }
    func candidate(_ free: [RuleParameter], _ telling: String) -> Candidate {
      Candidate(method.name, method.title, .registered, rule, free, telling)
    }
    let telling =
      switch rule.family {
      case .sgd: "gradients that change"
      case .momentum, .heavyBall, .nesterov, .nesterovSutskever: changingStepsize
      case .adam where rule.maximum != .none: fallingGradient
      case .adam where rule.decay != .none: "a larger theta"
      case .adam where rule.correction == .none: earlySteps
      default: placeOfEpsilon
      }
    var candidates = [candidate(plain, telling)]
    if method.hyperparameter("lambda") != nil {
      candidates.append(candidate(plain + [.lambda], "more steps"))
    }
    if method.name == "adagrad" {
      candidates.append(candidate(plain + [.initialAccumulator], placeOfEpsilon))
    }
    return candidates
  }

  private static let adam: [RuleParameter] = [.beta1, .beta2, .epsilon]

  private static let variants: [Candidate] = [
    .init(
      "adamw with epsilon-hat", "AdamW with epsilon added to the uncorrected root, Keras' form",
      .variant,
      .init(.adam) {
        $0.correction = .stepsize
        $0.decay = .decoupled
      }, adam, placeOfEpsilon),
    .init(
      "nadam with constant momentum", "NAdam without a schedule of its momentum, optax's form",
      .variant, .init(.adam) { $0.lookahead = .constant }, adam, "more steps"),
    .init(
      "sgd with weight decay", "SGD with an L2 penalty in the gradient", .variant,
      .init(.sgd) { $0.decay = .coupled }, [.weightDecay], "a larger theta"),
    .init(
      "momentum with weight decay", "SGD with momentum and an L2 penalty in the gradient", .variant,
      .init(.momentum) { $0.decay = .coupled }, [.momentum, .weightDecay], "a larger theta"),
    .init(
      "nesterov with weight decay", "Nesterov momentum with an L2 penalty in the gradient",
      .variant,
      .init(.nesterov) { $0.decay = .coupled }, [.momentum, .weightDecay], "a larger theta"),
    .init(
      "amsgrad-corrected with decoupled weight decay", "PyTorch's AdamW with amsgrad", .variant,
      .init(.adam) {
        $0.maximum = .uncorrected
        $0.decay = .decoupled
      }, adam, fallingGradient),
    .init(
      "amsgrad-corrected with weight decay",
      "AMSGrad with an L2 penalty in the gradient, PyTorch's Adam with amsgrad and weight decay",
      .variant,
      .init(.adam) {
        $0.maximum = .uncorrected
        $0.decay = .coupled
      }, adam + [.weightDecay], fallingGradient),
    .init(
      "amsgrad with epsilon-hat", "AMSGrad with a corrected stepsize, Keras' form", .variant,
      .init(.adam) {
        $0.correction = .stepsize
        $0.maximum = .uncorrected
      }, adam, placeOfEpsilon),
    .init(
      "amsgrad of corrected moments", "AMSGrad with the maximum of corrected moments, optax's form",
      .variant, .init(.adam) { $0.maximum = .corrected }, adam, fallingGradient),
    .init(
      "adamax with epsilon", "AdaMax with an epsilon, PyTorch's form", .variant,
      .init(.adaMax) { $0.maxHasEpsilon = true }, adam, placeOfEpsilon),
    .init(
      "adamax with epsilon in the denominator",
      "AdaMax with an epsilon added to the maximum that divides, Keras' form", .variant,
      .init(.adaMax) { $0.denominatorHasEpsilon = true }, adam, placeOfEpsilon),
    .init(
      "signsgd", "the sign of the gradient, signSGD", .variant, .init(.sign), [], changingSign),
    .init(
      "signsgd with decoupled weight decay", "signSGD with a weight decay beside the step",
      .variant, .init(.sign) { $0.decay = .decoupled }, [], changingSign),
    .init(
      "lion", "Lion, the sign of a mean of gradient and first moment", .variant, .init(.lion),
      [.beta1, .beta2], changingSign),
    .init(
      "lion with weight decay", "Lion with its weight decay", .variant,
      .init(.lion) { $0.decay = .decoupled }, [.beta1, .beta2], changingSign),
  ]

  private static let faults: [Candidate] = {
    func adamFault(
      _ title: String, _ telling: String, of name: String = "adam", free: [RuleParameter] = adam,
      _ change: (inout UpdateRule) -> Void
    ) -> Candidate {
      .init(name, title, .fault, .init(.adam, change), free, telling)
    }
    /// A fault of Adam and of its form with epsilon-hat.
    func both(
      _ title: String, _ telling: String, free: [RuleParameter] = adam,
      _ change: (inout UpdateRule) -> Void
    ) -> [Candidate] {
      [
        adamFault(title, telling, free: free, change),
        adamFault(title, telling, of: "adam-epsilon-hat", free: free) {
          change(&$0)
          $0.correction = .stepsize
        },
      ]
    }
    return [
      adamFault("epsilon inside the root of the corrected moment", placeOfEpsilon) {
        $0.epsilonInside = true
      },
      adamFault("epsilon inside the root of the uncorrected moment", placeOfEpsilon) {
        $0.epsilonInside = true
        $0.correction = .stepsize
      },
      adamFault("the second moment is not corrected", earlySteps) { $0.correction = .firstMoment },
      adamFault("the first moment is not corrected", earlySteps) { $0.correction = .secondMoment },
      adamFault("each bias correction has the rate of the other moment", earlySteps) {
        $0.correction = .exchanged
      },
    ]
      + both(
        "decay coupled: weight decay goes through the moments, as an L2 penalty",
        "a larger theta", free: adam + [.weightDecay]
      ) { $0.decay = .coupled }
      + both("step counter off by one: bias corrections of step t + 1", earlySteps) {
        $0.counterOffset = 1
      }
      + both("step counter off by one: bias corrections of step t - 1", earlySteps) {
        $0.counterOffset = -1
      }
      + both(
        "lazy sparse updates: a gradient of zero leaves a parameter and its moments alone",
        "parameters whose gradients are sometimes zero"
      ) { $0.isLazy = true }
  }()

  /// The same method, resumed before step `step` with a loss; nil where there is nothing to lose.
  func resumed(before step: Int, loss: UpdateRule.Loss) -> Candidate? {
    guard rule.family != .sgd, rank != .fault else { return nil }
    let hasPowers =
      (rule.family == .adam || rule.family == .adaMax) && rule.correction != .none
    guard hasPowers || loss == .moments else { return nil }
    var changed = rule
    changed.restart = step
    changed.loss = loss
    let lost =
      switch loss {
      case .powers: "beta powers lost on resume: bias correction starts anew"
      case .moments: "moments lost on resume"
      case .everything: "moments and beta powers lost on resume"
      }
    return Candidate(
      name, "\(lost) at step \(step)", .fault, changed, free, "the steps after a resume")
  }
}
