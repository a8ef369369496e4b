import Glibc

extension Identification {
  /// Whether a method is found, and only one kind.
  public var isIdentified: Bool { match != nil && !isAmbiguous && withOtherStepsizes.isEmpty }

  /// Whether that is the method of this name without a fault, or one that the trajectory does not tell from it.
  public func isAsExpected(_ name: String) -> Bool {
    guard isIdentified, let match, !match.isFault, !hasWrongSign else { return false }
    return ([match] + equals).contains { $0.name == name && !$0.isFault }
  }

  /// The answer for people: a line, and further ones that are indented.
  public var text: String {
    ([headline] + details.map { "  " + $0 }).joined(separator: "\n")
  }

  private var headline: String {
    guard let match else { return "no known method makes these steps" }
    if isAmbiguous {
      let names = ([match] + equals).map(\.name).reduce(into: [String]()) { names, name in
        if !names.contains(name) { names.append(name) }
      }
      let list = names.joined(separator: ", ")
      return (stepCount == 1 ? "" : "these ") + "\(steps) cannot tell "
        + (hasOneKind
          ? "\(list) from a method that is not known here"
          : "between \(list)" + (hasFewNumbers ? " or a method that is not known here" : ""))
    }
    if !withOtherStepsizes.isEmpty {
      let names = [match.name] + withOtherStepsizes
      return
        "\(names.dropLast().joined(separator: ", ")) or \(names[names.count - 1]), with a stepsize that "
        + "changes: \(steps) cannot tell which"
    }
    return "\(match.isFault ? match.name + ", " : match.name + ": ")\(match.title)"
  }

  /// What was given: hyperparameters or stepsizes.
  private var fixedWords: String {
    givenHyperparameters.isEmpty ? "these stepsizes" : givenHyperparameters
  }

  private var steps: String { "\(stepCount) step\(stepCount == 1 ? "" : "s")" }

  private var details: [String] {
    guard let match else {
      let excluded = excluded.first.map { other in
        [
          "given \(fixedWords), which excludes what fits: \(other.headline)"
            + (other.hasFittedStepsizes ? ", with a stepsize that changes" : "")
            + (other.match.map { ", \(hyperparameters($0))" } ?? "")
        ]
      }
      return (excluded ?? [])
        + [
          departures.isEmpty
            ? "none comes near it, whatever its hyperparameters"
            : "the nearest, with hyperparameters that suit them best:"
        ]
        + departures.prefix(4).map {
          "  \(Self.label($0)) "
            + ($0.step > 2 ? "fits up to step \($0.step - 1), departs at " : "departs at ")
            + Self.place($0)
        }
        + ((departures.first?.step ?? 0) > 2
          ? [
            "look at that step: a stepsize that changes (give alpha, one number a step), a reset, clipping, or "
              + "a number that leaves its range"
          ] : [])
        + (departures.prefix(4).contains { $0.name.hasPrefix("lion") }
          ? ["Lion's rates were tried on a grid: give yours by --beta1 and --beta2"] : [])
        + [
          startsLate
            ? "theta after step 1 is theta0, though its gradient is not 0: leave out its first row"
            : "row t of gradients must be what the optimizer gets, after clipping and averaging, for "
              + "the step to row t of theta",
          "see docs/check-your-optimizer.md for what is compared",
        ]
    }
    if hasFewNumbers {
      return [
        "\(match.name) fits with \(hyperparameters(match)); by chance so may others",
        "what would tell: 50 steps of 20 parameters whose gradients are of many sizes, far above the last place of "
          + "theta; see docs/check-your-optimizer.md",
      ]
    }
    if isAmbiguous {
      return [
        "what would tell: at least 10 steps of gradients that change in size and sign; "
          + Self.wishes([match] + equals).joined(separator: "; ")
      ]
    }
    var lines = [hyperparameters(match), precision]
    if match.equalRates > 0 {
      lines.append(
        "\(match.equalRates) other pair\(match.equalRates == 1 ? "" : "s") of rates on the grid that is searched make the same steps: give "
          + "yours by --beta1 and --beta2"
      )
    }
    if !withOtherStepsizes.isEmpty {
      lines.append(
        "the hyperparameters above are those of \(match.name); bias correction is a factor of the stepsize: if yours "
          + "is constant, say --schedule constant")
    }
    if match.name == "adam-uncorrected", let alpha = stepsizeOfFirstCorrections {
      lines.append(
        "bias corrections that stand still at step 1, with alpha = \(Self.number(alpha)), do the same"
      )
    }
    if match.name == "rmsprop-momentum",
      match.hyperparameters.contains(where: { $0.name == "momentum" && $0.value == 0 })
    {
      lines.append("without momentum: centered RMSProp, which divides by the root of a variance")
    }
    if hasWrongSign {
      lines.append("with the negative gradients: they have the wrong sign, or theta is to ascend")
    }
    if hasFittedStepsizes {
      let alpha = match.hyperparameters.first { $0.name == "alpha" }?.value ?? .nan
      let (low, high) = (trajectory.scales.min() ?? .nan, trajectory.scales.max() ?? .nan)
      lines.append(
        "the stepsize changes, from \(Self.stepsize(alpha * low)) to \(Self.stepsize(alpha * high)), here one for each step "
          + "that suits it; give yours as alpha, one number a step, to have their ratios checked")
      if match.name == "adam-uncorrected", withOtherStepsizes.isEmpty {
        lines.append(
          "adam-epsilon-hat, whose bias correction is a factor of the stepsize, fits as well with others"
        )
      }
      if match.name == "heavy-ball", isConstantAfterTheFirst {
        lines.append(
          "SGD with dampening, with one stepsize, does the same: its first step is not damped")
      }
      if match.name.hasPrefix("sgd") || match.name == "heavy-ball" {
        lines.append("gradients that are clipped by their norm, with one stepsize, do the same")
      }
    }
    for wish in Self.wishes(equals) {
      let names = equals.filter { $0.telling == wish }.map {
        $0.isFault ? "\($0.name) (\($0.title))" : $0.name
      }
      lines.append(
        "\(names.joined(separator: ", ")) fit\(names.count == 1 ? "s" : "") as well; what would "
          + "tell: \(wish)")
    }
    if !departures.isEmpty {
      lines += departures.prefix(3).map {
        "\(Self.label($0)) is ruled out from \(Self.place($0)), with "
          + ($0.hasHyperparametersOfMatch
            ? "these hyperparameters" : "the hyperparameters that suit it best")
      }
    }
    return lines
  }

  /// The stepsize with which the bias corrections of step 1 make the match's steps, where it is a round one and the
  /// match's is not.
  private var stepsizeOfFirstCorrections: Double? {
    let values = Dictionary(
      (match?.hyperparameters ?? []).map { ($0.name, $0.value) }, uniquingKeysWith: { a, _ in a })
    guard let alpha = values["alpha"], let beta1 = values["beta1"], let beta2 = values["beta2"]
    else { return nil }
    func isRound(_ value: Double) -> Bool {
      abs(value - Fitter.round(value, 2)) <= 1e-4 * abs(value)
    }
    let corrected = alpha * (1 - beta1) / (1 - beta2).squareRoot()
    return !isRound(alpha) && isRound(corrected) ? Fitter.round(corrected, 2) : nil
  }

  /// Whether all stepsizes but the first are one.
  private var isConstantAfterTheFirst: Bool {
    let rest = trajectory.scales.dropFirst()
    guard let low = rest.min(), let high = rest.max() else { return false }
    return high - low <= 1e-2 * high
  }

  private func hyperparameters(_ match: Match) -> String {
    match.hyperparameters.map { name, value in
      if name == "epsilon", let bound = match.epsilonBelow {
        return "epsilon not visible (\(Self.number(bound)) or less fits)"
      }
      let isSum = match.name == "adagrad-epsilon-inside" && name == "initial-accumulator"
      return "\(name) = \(Self.number(value, within: match.deviations[name] ?? 0))"
        + (isSum ? " (its sum with epsilon)" : "")
    }.joined(separator: ", ")
  }

  private var precision: String {
    "agrees to \(Self.size(agreement)) over \(steps) of \(parameterCount) "
      + "parameter\(parameterCount == 1 ? "" : "s"), compared in "
      + (isDouble ? "double precision" : "single precision")
      + (trajectory.isStoredInDouble && trajectory.isSingle
        ? "; the file holds double, but all of theta are numbers of single precision" : "")
      + (isRoundedInput
        ? "; the file holds double, in which it does not fit: computed in single, or by another method that comes so near"
        : "")
  }

  /// What would tell methods apart, each once.
  private static func wishes(_ matches: [Match]) -> [String] {
    matches.map(\.telling).reduce(into: []) { wishes, wish in
      if !wishes.contains(wish) { wishes.append(wish) }
    }
  }

  private static func label(_ departure: Departure) -> String {
    departure.variant.isEmpty ? departure.name : "\(departure.name), \(departure.variant),"
  }

  private static func place(_ departure: Departure) -> String {
    "step \(departure.step) (\(size(departure.size)) of the update)"
  }

  /// A number of four digits or less as it is; another as far as it is determined, with its standard deviation.
  static func number(_ value: Double, within deviation: Double) -> String {
    let short = (1...4).flatMap { [Fitter.round(value, $0), 1 - Fitter.round(1 - value, $0)] }
    let isShort = short.contains { abs($0 - value) <= 1e-12 * abs(value) }
    guard !isShort, deviation > 0, deviation < abs(value) else { return number(value) }
    let digits = Int(floor(log10(abs(value)))) - Int(floor(log10(deviation))) + 1
    let rounded = Fitter.round(value, max(1, min(15, digits)))
    return "\(rounded)".replacing("e-0", with: "e-") + " ± \(size(deviation))"
  }

  /// Six digits, without those that say nothing; as many more as tell a rate near 1 from it.
  static func number(_ value: Double) -> String {
    var rounded = Fitter.round(value, 6)
    if value < 1, abs(rounded - value) > 0.01 * (1 - value) {
      rounded = Fitter.round(1 - Fitter.round(1 - value, 2), 16)
    }
    return rounded == rounded.rounded() && abs(rounded) < 1e6
      ? "\(Int(rounded))" : "\(rounded)".replacing("e-0", with: "e-")
  }

  /// A stepsize in three digits.
  private static func stepsize(_ value: Double) -> String {
    value == 0 ? "0" : number(Fitter.round(value, 3))
  }

  /// A difference in one digit.
  static func size(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return value == 0 ? "the last bit" : "\(value)" }
    return number(Fitter.round(value, 1))
  }
}
