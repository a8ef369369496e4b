import ResultStore

/// How far our curve is from the paper's with a stepsize of the arm `fitted` and with the next smaller and larger
/// one: the group `/neighbours` of a result file.
public struct FittedDistances: Sendable, Equatable {
  /// The name of the group.
  public static let group = "neighbours"

  /// Which stepsize it is.
  public enum Side: String, Sendable, CaseIterable {
    case smaller, fitted, larger
  }

  /// One stepsize of one contender, against one curve of the paper.
  public struct Row: Sendable, Equatable {
    /// The contender.
    public var contender: String
    /// The paper's figure.
    public var figure: String
    /// Which stepsize it is.
    public var side: Side
    /// The stepsize.
    public var alpha: Double
    /// The passes that are compared.
    public var passes: Int
    /// The median of |log(ours / paper)| over the odd epochs, by which a match is judged.
    public var odd: Double
    /// The same over the even epochs.
    public var even: Double

    /// A stepsize with its distances; infinite where it diverges.
    public init(
      contender: String, figure: String, side: Side, alpha: Double, passes: Int, odd: Double,
      even: Double
    ) {
      self.contender = contender
      self.figure = figure
      self.side = side
      self.alpha = alpha
      self.passes = passes
      self.odd = odd
      self.even = even
    }
  }

  /// The stepsizes: three of each contender and figure, from the smallest to the largest.
  public let rows: [Row]

  /// Stepsizes with their distances.
  public init(_ rows: [Row]) { self.rows = rows }

  /// The group, with our curves along `epoch`.
  ///
  /// - Parameter curves: of each row the running costs; shorter ones end in NaN.
  public func encoded(curves: [[Double]]) -> Group {
    var group = Group()
    group.attributes = .meaning(
      "distances to the paper's curves with the stepsizes of the arm fitted, and with those one notch of the "
        + "search's grid smaller and larger, first seed")
    let length = curves.map(\.count).max() ?? 0
    group.dimensions = [
      Dimension("neighbour", .int64(rows.indices.map(Int64.init)), "row"),
      Dimension("epoch", .int64((0..<length).map(Int64.init)), "the paper's x"),
    ]
    func text(_ name: String, _ longName: String, _ value: (Row) -> String) -> Variable {
      Variable(name, ["neighbour"], .string(rows.map(value)), longName)
    }
    func number(_ name: String, _ longName: String, _ value: (Row) -> Double) -> Variable {
      Variable(name, ["neighbour"], .double(rows.map(value)), longName, units: "1")
    }
    group.variables = [
      text("optimizer", "contender", \.contender),
      text("figure", "the paper's figure", \.figure),
      text("side", "fitted, or the next smaller or larger stepsize", \.side.rawValue),
      number("alpha", "stepsize", \.alpha),
      Variable(
        "passes", ["neighbour"], .int64(rows.map { Int64($0.passes) }), "passes that are compared"),
      number("odd_distance", "median |log(ours / paper)| over the odd epochs, which judge", \.odd),
      number("even_distance", "median |log(ours / paper)| over the even epochs", \.even),
      Variable(
        Measure.runningCost.variable, ["neighbour", "epoch"],
        .double(
          curves.flatMap { $0 + [Double](repeating: .nan, count: length - $0.count) }),
        "running cost, first seed", units: "1"),
    ]
    return group
  }

  /// Reads the group back; no rows where the document has none, or not all columns.
  package init(_ document: Document) {
    let group = document.root.group(Self.group)
    func texts(_ name: String) -> [String] { group?.variable(name)?.strings ?? [] }
    func numbers(_ name: String) -> [Double] { group?.variable(name)?.values.doubles ?? [] }
    let contenders = texts("optimizer")
    let (figures, sides) = (texts("figure"), texts("side").compactMap(Side.init))
    let (alphas, passes) = (numbers("alpha"), numbers("passes"))
    let (odd, even) = (numbers("odd_distance"), numbers("even_distance"))
    guard
      [figures.count, sides.count, alphas.count, passes.count, odd.count, even.count]
        .allSatisfy({ $0 == contenders.count })
    else {
      rows = []
      return
    }
    rows = contenders.indices.map { row in
      Row(
        contender: contenders[row], figure: figures[row], side: sides[row], alpha: alphas[row],
        passes: Int(passes[row]), odd: odd[row], even: even[row])
    }
  }

  /// What to say beside a match: the distances one notch away, and whether the even epochs would have
  /// chosen the same; nil where they have not been run.
  func sentence(_ contender: String, figure: String) -> String? {
    let own = rows.filter { $0.contender == contender && $0.figure == figure }
    guard own.count == Side.allCases.count, let fitted = own.first(where: { $0.side == .fitted }),
      !own.contains(where: { $0.odd.isNaN || $0.even.isNaN }),
      let best = own.min(by: { $0.even < $1.even }), best.even.isFinite
    else { return nil }
    func number(_ value: Double) -> String {
      value.isFinite ? NumberText.significant(value, digits: 2) : "infinite"
    }
    let others = own.filter { $0.side != .fitted }
      .map { "\(number($0.odd)) with alpha = \(NumberText.significant($0.alpha))" }
    let chosen =
      best.side == .fitted
      ? "the even epochs alone would choose the same of the three"
      : "the even epochs alone would choose \(NumberText.significant(best.alpha)) of the three"
    return
      "in the first \(fitted.passes) passes of the first seed it is \(number(fitted.odd)) with alpha = "
      + "\(NumberText.significant(fitted.alpha)), \(others.joined(separator: " and ")); \(chosen)"
  }
}
