import Glibc
import Storage

/// Whose claim it is.
public enum ClaimGroup: String, Sendable, Encodable, CaseIterable {
  /// The paper's text says it. Only these count in a headline.
  case paper
  /// Our curve lies on one of the paper's: whether it is the same experiment.
  case figure
  /// Somebody else says it of the paper's methods.
  case writeUp = "write-up"

  /// A heading, e.g. `The paper's claims`.
  package var title: String {
    switch self {
    case .paper: "The paper's claims"
    case .figure: "The paper's curves"
    case .writeUp: "Claims of write-ups"
    }
  }

  /// What is counted, e.g. `41 claims of the paper`.
  func noun(_ count: Int) -> String {
    switch self {
    case .paper: count == 1 ? "claim of the paper" : "claims of the paper"
    case .figure: count == 1 ? "curve of its figures" : "curves of its figures"
    case .writeUp: count == 1 ? "claim of write-ups" : "claims of write-ups"
    }
  }
}

/// A text by somebody else that claims come from.
public struct WriteUp: Sendable, CustomStringConvertible {
  /// Its title.
  public let title: String
  /// What it is, e.g. `post`.
  public let kind: String
  /// The language that it is written in.
  public let language: String
  /// The day on which it appeared, e.g. `2024-11-17`; nil if it does not say.
  public let date: String?

  /// Title, kind, language and date, as tables and results name it.
  public var description: String {
    "\"\(title)\", a \(kind) in \(language), \(date ?? "undated")"
  }

  /// Accuracies on Fashion-MNIST.
  public static let fashion = WriteUp(
    title: "Adam with momentum and adaptive learning rates", kind: "post", language: "Korean",
    date: "2024-11-17")
  /// Losses of a perceptron with four hidden layers on MNIST.
  public static let fourHidden = WriteUp(
    title: "[Optimizer] Adam", kind: "post", language: "Korean", date: nil)
  /// Numbers of iterations and epochs.
  public static let review = WriteUp(
    title: "Adam paper review", kind: "review of the paper", language: "Korean", date: nil)
}

/// Whether the paper's own figure satisfies the rule of a claim.
public enum PaperFigure: Sendable, Equatable {
  /// It does.
  case satisfies
  /// It does, in a way that is worth telling.
  case satisfiesBy(String)
  /// It does not, for the reason given.
  case fails(String)
  /// The rule cannot be applied to a figure of the paper, for the reason given.
  case notInFigure(String)

  /// In words: `yes`, `yes: WORDS`, `no: REASON` or `not in a figure: REASON`.
  public var text: String {
    switch self {
    case .satisfies: "yes"
    case .satisfiesBy(let words): "yes: \(words)"
    case .fails(let reason): "no: \(reason)"
    case .notInFigure(let reason): "not in a figure: \(reason)"
    }
  }

  /// Reads the words back.
  package init?(text: String) {
    func rest(_ prefix: String) -> String? {
      text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }
    if text == "yes" {
      self = .satisfies
    } else if let words = rest("yes: ") {
      self = .satisfiesBy(words)
    } else if let reason = rest("no: ") {
      self = .fails(reason)
    } else if let reason = rest("not in a figure: ") {
      self = .notInFigure(reason)
    } else {
      return nil
    }
  }

  /// Whether it does.
  var isSatisfied: Bool {
    switch self {
    case .satisfies, .satisfiesBy: true
    case .fails, .notInFigure: false
    }
  }

  /// For rules about what no figure of the paper draws.
  public static let notDrawn = PaperFigure.notInFigure("no figure draws what is measured")

  /// Whether log(a / b) of the paper's curves lies in a region at every epoch.
  ///
  /// - Parameter excess: log(a / b) at each epoch, or why there is none.
  static func ratios(
    _ a: String, _ b: String, of figure: String, at epochs: [Int], in region: Region,
    _ paper: PaperCurves
  ) -> PaperFigure {
    guard let first = paper.curve(a, of: figure), let second = paper.curve(b, of: figure) else {
      let missing = paper.curve(a, of: figure) == nil ? a : b
      return .notInFigure("it has no curve of \(missing)")
    }
    var failed: [String] = []
    for epoch in epochs {
      guard let x = first.value(at: epoch) else {
        return .notInFigure("its curve of \(a) has no point at epoch \(epoch)")
      }
      // A curve that has not come into the frame yet is above its highest point.
      guard let y = second.value(at: epoch) ?? second.floor(before: epoch) else {
        return .notInFigure("its curve of \(b) has no point at epoch \(epoch)")
      }
      let isBound = second.value(at: epoch) == nil
      let ratio = log(x / y)
      if isBound, !region.isBelow || !region.contains(ratio...ratio) {
        return .notInFigure("its curve of \(b) is above the frame at epoch \(epoch)")
      }
      if !region.contains(ratio...ratio) {
        failed.append("\(NumberText.significant(x / y)) at epoch \(epoch)")
      }
    }
    if failed.isEmpty { return .satisfies }
    return .fails("\(a) / \(b) is \(NumberText.list(failed))")
  }

  /// Whether the log ratio of the means of the paper's curves over some epochs lies in a region.
  static func means(
    _ a: String, _ b: String, of figure: String, over epochs: [Int], in region: Region,
    _ paper: PaperCurves
  ) -> PaperFigure {
    let means = [a, b].map { name -> Double? in
      let values = epochs.compactMap { paper.curve(name, of: figure)?.value(at: $0) }
      return values.isEmpty ? nil : Statistics.mean(values)
    }
    guard let first = means[0], let second = means[1] else {
      return .notInFigure("its curves of \(a) and \(b) have no points there")
    }
    let ratio = log(first / second)
    return region.contains(ratio...ratio)
      ? .satisfies : .fails("\(a) / \(b) is \(NumberText.significant(first / second))")
  }

  /// The same of those that a figure draws.
  static func drawn(_ parts: [PaperFigure]) -> PaperFigure {
    let drawn = parts.filter { if case .notInFigure = $0 { false } else { true } }
    let found = all(drawn)
    return found.isSatisfied && drawn.count < parts.count
      ? .satisfiesBy("as far as it is drawn") : found
  }

  /// What a rule that asks for all of several things finds: one that fails decides.
  public static func all(_ parts: [PaperFigure]) -> PaperFigure {
    let failures = parts.compactMap { part -> String? in
      if case .fails(let reason) = part { reason } else { nil }
    }
    if !failures.isEmpty { return .fails(failures.joined(separator: "; ")) }
    // What is worth telling of one of them is told of all.
    return parts.first { !$0.isSatisfied } ?? parts.first { $0 != .satisfies }
      ?? (parts.isEmpty ? .notDrawn : .satisfies)
  }
}

extension Claim {
  /// The SHA-256 of what a rule is: id, statement, rule and arms, a line each.
  public var ruleDigest: String {
    let arms = arms.map { $0.map(\.rawValue).joined(separator: " ") } ?? "all"
    return SHA256.hexDigest(of: [id, statement, rule, arms].joined(separator: "\n"))
  }

  /// The day on which the rule was last changed; empty if that of this rule is not declared.
  public var ruleDate: String { RuleDates.declared.date(of: id, digest: ruleDigest) }
}

extension PaperCurves.Curve {
  /// The curve's value at an epoch, also where it goes on above the frame; nil if it has none there.
  func value(at epoch: Int) -> Double? {
    points.first { $0.note != .clip && Swift.abs($0.x - Double(epoch)) < 1e-3 }?.y
  }

  /// What a curve that comes into the frame from above after an epoch is above then; nil if it does
  /// not.
  func floor(before epoch: Int) -> Double? {
    guard let first = points.first, first.note == .clip, first.x > Double(epoch),
      points.allSatisfy({ $0.y <= first.y })
    else { return nil }
    return first.y
  }
}
