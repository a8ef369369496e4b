import Glibc
import ResultStore

extension Readings {
  /// The readings as the group `/readings` of a document: along `claim` and `rank`, the place of a
  /// reading among those of its claim by effect.
  public func encoded() -> Group {
    let claims = claims
    let length = claims.map { of($0).count }.max() ?? 0
    var group = Group()
    group.attributes = [
      Attribute(
        "long_name",
        "verdicts on claims under every reading of what the paper leaves open that was run"),
      Attribute(
        "comment",
        "settings from a search are judged on the search's own runs; a map of readings, not a vote"),
    ]
    group.dimensions = [
      Dimension("claim", .string(claims), "claim"),
      Dimension(
        "rank", .int64((0..<length).map(Int64.init)),
        "place of a reading among its claim's, by effect"),
    ]
    func cells<Element>(_ missing: Element, _ value: (Reading) -> Element) -> [Element] {
      claims.flatMap { claim -> [Element] in
        let values = of(claim).map(value)
        return values + [Element](repeating: missing, count: length - values.count)
      }
    }
    func text(_ name: String, _ longName: String, _ value: (Reading) -> String) -> Variable {
      Variable(name, ["claim", "rank"], .string(cells("", value)), longName)
    }
    func number(_ name: String, _ longName: String, _ value: (Reading) -> Double) -> Variable {
      Variable(name, ["claim", "rank"], .double(cells(.nan, value)), longName)
    }
    group.variables = [
      text(
        "settings", "where the settings come from: an arm, or the search with a schedule",
        \.settings),
      text("selection", "by what the search chose them; empty for an arm", \.selection),
      text("cost", "which cost is compared", \.cost),
      text("regularisation", "as stated, without dropout, or with it", \.regularisation),
      text("choice", "what is taken otherwise than in the arm; empty: nothing", \.choice),
      number("passes", "passes within which costs are compared; NaN: as the claim says") {
        $0.passes.map(Double.init) ?? .nan
      },
      text("verdict", "verdict; empty: no reading", \.outcome.verdict.rawValue),
      text("unit", "what the effect is", \.outcome.unit),
      number("effect", "effect size, in the unit of `unit`", \.outcome.effect),
      number("low", "lower end of its 95 % interval", \.outcome.low),
      number("high", "upper end of its 95 % interval", \.outcome.high),
      number("threshold", "what the effect is compared with", \.outcome.threshold),
      number("seeds", "seeds behind it; NaN: no reading") { Double($0.outcome.seeds) },
    ]
    return group
  }

  /// Reads the group `/readings` back; empty if a column is missing.
  public init(decoding group: Group) {
    self.init()
    func texts(_ name: String) -> [String]? { group.variable(name)?.strings }
    func numbers(_ name: String) -> [Double]? { group.variable(name)?.values.doubles }
    let claims = group.labels(of: "claim")
    guard !claims.isEmpty, let settings = texts("settings"), let selections = texts("selection"),
      let costs = texts("cost"), let regularisations = texts("regularisation"),
      let verdicts = texts("verdict"), let units = texts("unit"), let effects = numbers("effect"),
      let lows = numbers("low"), let highs = numbers("high"),
      let thresholds = numbers("threshold"), let seeds = numbers("seeds")
    else { return }
    let length = settings.count / claims.count
    // Files from before alternatives were read have none.
    let (choices, passes) = (texts("choice"), numbers("passes"))
    all = settings.indices.compactMap { index in
      guard let verdict = Verdict(rawValue: verdicts[index]) else { return nil }
      let outcome = ClaimOutcome(
        Judgement(verdict), effect: effects[index], low: lows[index], high: highs[index],
        threshold: thresholds[index], unit: units[index], seeds: Int(seeds[index]), "")
      return Reading(
        claim: claims[index / length], settings: settings[index], selection: selections[index],
        cost: costs[index], regularisation: regularisations[index], choice: choices?[index] ?? "",
        passes: passes.flatMap { $0[index].isFinite ? Int($0[index]) : nil }, outcome: outcome)
    }
  }

  /// The specification curves: a panel a claim, with the effect of each reading from the lowest to the
  /// highest, its interval, and the threshold.
  ///
  /// - Parameter id: e.g. `fig1a-readings`.
  public static func figure(_ id: String, _ claims: [Claim], title: String) -> Figure {
    Figure(
      id, title,
      caption:
        "Each point is a reading of what the paper leaves open, from the lowest effect to the "
        + "highest; the thin lines are the ends of its 95 % interval, the grey marks are the threshold, of "
        + "two the nearer one.",
      panels: claims.filter { $0.group == .paper && !$0.comparisons.isEmpty }.map { claim in
        func line(_ name: String, _ colour: Figure.Colour, _ variable: String, _ isPoints: Bool)
          -> Figure.Line
        {
          Figure.Line(
            name, colour, variable: "readings/\(variable)", along: "rank",
            select: ["claim": claim.id], band: .none, isPoints: isPoints)
        }
        return Figure.Panel(
          claim.id, x: .linear("reading"), y: .linear("log ratio of costs"),
          lines: [
            line("", .cyan, "low", false), line("", .cyan, "high", false),
            line("threshold", .grey, "threshold", true), line("", .blue, "effect", true),
          ])
      })
  }
}
