import ResultStore

/// How one experiment's results agree with the reference results.
public struct ReferenceComparison: Sendable, Equatable {
  /// How far two files agree.
  public enum Agreement: Sendable, Equatable {
    /// The same content outside `/volatile`, the commit and the hashes.
    case identical
    /// The same numbers and verdicts, made by other versions or on another kind of machine.
    case sameNumbers
    /// Other numbers, the same verdicts.
    case sameVerdicts
    /// Other verdicts.
    case otherVerdicts
    /// There is no result here.
    case notRun
    /// There is no reference.
    case noReference
  }

  /// The experiment.
  public let experiment: String
  /// How far they agree.
  public let agreement: Agreement
  /// Verdicts that differ, e.g. `fig1a.x@tuned: reproduced, reference inconclusive`.
  public let differences: [String]
  /// The largest relative difference of a number, and where; empty if there is none.
  public let largest: String

  /// Compares two sets of results, in the paper's order.
  public static func compare(_ results: ResultSet, with reference: ResultSet)
    -> [ReferenceComparison]
  {
    let made = (results.experiments + reference.experiments).map(\.name)
    return (ResultSet.experimentNames + made).distinct.compactMap { name in
      let mine = results.experiments.first { $0.name == name }
      let theirs = reference.experiments.first { $0.name == name }
      switch (mine, theirs) {
      case (nil, nil): return nil
      case (nil, _?):
        return ReferenceComparison(
          experiment: name, agreement: .notRun, differences: [], largest: "")
      case (_?, nil):
        return ReferenceComparison(
          experiment: name, agreement: .noReference, differences: [], largest: "")
      case (let mine?, let theirs?):
        return compare(mine, theirs)
      }
    }
  }

  private static func compare(
    _ mine: ResultSet.Experiment, _ theirs: ResultSet.Experiment
  ) -> ReferenceComparison {
    if mine.document.repeatable.isIdentical(to: theirs.document.repeatable) {
      return ReferenceComparison(
        experiment: mine.name, agreement: .identical, differences: [], largest: "")
    }
    var differences: [String] = []
    for outcome in mine.outcomes {
      guard let other = theirs.outcomes.first(where: { $0.key == outcome.key }) else {
        differences.append("\(outcome.key): \(outcome.verdict.rawValue), not in the reference")
        continue
      }
      if other.verdict != outcome.verdict {
        differences.append(
          "\(outcome.key): \(outcome.verdict.rawValue), reference \(other.verdict.rawValue)")
      }
    }
    for other in theirs.outcomes where !mine.outcomes.contains(where: { $0.key == other.key }) {
      differences.append("\(other.key): missing, reference \(other.verdict.rawValue)")
    }
    if differences.isEmpty, mine.document.numbersDigest == theirs.document.numbersDigest {
      return ReferenceComparison(
        experiment: mine.name, agreement: .sameNumbers, differences: [], largest: "")
    }
    return ReferenceComparison(
      experiment: mine.name, agreement: differences.isEmpty ? .sameVerdicts : .otherVerdicts,
      differences: differences, largest: largestDifference(mine.document, theirs.document))
  }

  /// The largest relative difference among the numeric variables that have the same axes.
  static func largestDifference(_ mine: Document, _ theirs: Document) -> String {
    var found = Differences()
    found.compare(mine.root, mine.view, theirs.view, path: "")
    return found.text
  }

  private struct Differences {
    private var worst = 0.0
    private var place = ""
    private var shapes: [String] = []

    /// Compares the arrays of a group and of the groups in it that hold numbers of runs.
    mutating func compare(
      _ group: Group, _ mine: DocumentView, _ theirs: DocumentView, path: String
    ) {
      for variable in group.variables {
        compare(variable.name, mine, theirs, path)
      }
      for subgroup in group.groups
      where subgroup.holdsNumbersOfRuns {
        guard let inner = try? mine.subgroup(subgroup.name) else { continue }
        guard let other = try? theirs.subgroup(subgroup.name) else {
          shapes.append(path + subgroup.name)
          continue
        }
        compare(subgroup.group, inner, other, path: "\(path)\(subgroup.name)/")
      }
    }

    private mutating func compare(
      _ name: String, _ mine: DocumentView, _ theirs: DocumentView, _ path: String
    ) {
      guard let a = try? mine.array(name) else { return }
      guard let b = try? theirs.array(name), a.dimensions == b.dimensions else {
        shapes.append(path + name)
        return
      }
      for (index, (x, y)) in zip(a.values, b.values).enumerated() {
        if x == y || (x.isNaN && y.isNaN) { continue }
        let size = Swift.max(Swift.abs(x), Swift.abs(y))
        let difference = x.isNaN || y.isNaN ? .infinity : Swift.abs(x - y) / size
        if difference > worst {
          worst = difference
          place = "\(path)\(name) at \(ReferenceComparison.labels(a.dimensions, index))"
        }
      }
    }

    var text: String {
      var parts: [String] = []
      if worst > 0 {
        let size =
          worst.isInfinite
          ? "a value on one side only" : "\(NumberText.significant(100 * worst, digits: 2)) %"
        parts.append("largest difference: \(size), \(place)")
      }
      if !shapes.isEmpty { parts.append("other axes: \(NumberText.list(shapes))") }
      return parts.isEmpty ? "the numbers are the same" : parts.joined(separator: "; ")
    }
  }

  private static func labels(_ dimensions: [Dimension], _ index: Int) -> String {
    var rest = index
    var words: [String] = []
    for dimension in dimensions.reversed() where dimension.length > 0 {
      words.append("\(dimension.name) \(dimension.labels.texts[rest % dimension.length])")
      rest /= dimension.length
    }
    return words.reversed().joined(separator: ", ")
  }

  /// The agreement in words.
  public var text: String {
    switch agreement {
    case .identical: "same numbers as the reference: the same bytes outside /volatile"
    case .sameNumbers: "same numbers as the reference"
    case .sameVerdicts: "the same verdicts; \(largest)"
    case .otherVerdicts:
      "other verdicts (\(differences.joined(separator: "; "))); \(largest)"
    case .notRun: "not run here"
    case .noReference: "no reference"
    }
  }
}
