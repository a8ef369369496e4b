import ResultStore

extension [ClaimOutcome] {
  /// The outcomes as the group `/claims` of a document: one row a claim and arm along the dimension
  /// `claim`, and the numbers behind them as a table along `number` in the subgroup `numbers`.
  ///
  /// - Parameter document: what they are judged on, which says the experiment and the profile.
  public func encoded(of document: Document = Document()) -> Group {
    var group = Group()
    group.attributes = [
      Attribute("long_name", "verdicts on the paper's claims"),
      Attribute(
        "comment",
        "intervals are 95 %, Student's t of paired values over seeds, where the rule names no others; "
          + "the one that decides, `deciding_low` to `deciding_high`, has the confidence of `confidence`. Of "
          + "several quantities the effect is one that has the verdict, see results/README.md"
      ),
    ]
    group.dimensions = [
      Dimension("claim", .string(map(\.key)), "claim and arm")
    ]
    func text(_ name: String, _ longName: String, _ path: (ClaimOutcome) -> String) -> Variable {
      Variable(name, ["claim"], .string(map(path)), longName)
    }
    func number(_ name: String, _ longName: String, _ path: (ClaimOutcome) -> Double) -> Variable {
      Variable(name, ["claim"], .double(map(path)), longName)
    }
    let (experiment, profile) = (document.root.text("experiment"), document.root.text("profile"))
    group.variables = [
      text("experiment", "experiment that decides it") { _ in experiment ?? "" },
      text("profile", "profile that it was run in") { _ in profile ?? "" },
      text("id", "claim", \.id),
      text("arm", "arm that was judged; empty where there are no arms", \.arm),
      text("place", "where the paper says it", \.place),
      text("part_of", "the claim of which this is a part; else the claim itself", \.claim),
      text(
        "group", "whose claim it is: paper, figure (our curve on the paper's) or write-up",
        \.group.rawValue),
      text("statement", "what is claimed", \.statement),
      text("rule", "how it is decided", \.rule),
      text("rule_sha256", "SHA-256 of id, statement, rule and arms", \.ruleDigest),
      text("rule_date", "day on which the rule was last changed", \.ruleDate),
      text("paper_figure", "whether the paper's own figure satisfies the rule", \.paperFigure),
      text("verdict", "reproduced, not reproduced, inconclusive or not run", \.verdict.rawValue),
      text(
        "finding", "how a claim fails: contrary, no difference (within 5 %) or weaker",
        \.finding.rawValue),
      text(
        "open_reason",
        "why it is inconclusive: \(OpenReason.allCases.map(\.rawValue).joined(separator: ", "))"
      ) { $0.openReason?.rawValue ?? "" },
      number("effect", "effect size, in the unit of `unit`", \.effect),
      number("low", "lower end of the 95 % interval of the effect", \.low),
      number("high", "upper end of the 95 % interval of the effect", \.high),
      number("threshold", "what the effect is compared with", \.threshold),
      number("ratio", "effect as a ratio, where `unit` is the logarithm of one") {
        $0.ratio.effect
      },
      number("ratio_low", "lower end of the 95 % interval of the ratio") { $0.ratio.low },
      number("ratio_high", "upper end of the 95 % interval of the ratio") { $0.ratio.high },
      number("ratio_threshold", "what the ratio is compared with") { $0.ratio.threshold },
      text("unit", "what the effect is", \.unit),
      number("deciding_low", "lower end of the interval that decides, in the unit of `unit`") {
        $0.deciding?.lowerBound ?? .nan
      },
      number("deciding_high", "upper end of the interval that decides, in the unit of `unit`") {
        $0.deciding?.upperBound ?? .nan
      },
      number("confidence", "confidence of the interval that decided", \.confidence),
      Variable("seeds", ["claim"], .int64(map { Int64($0.seeds) }), "seeds behind the effect"),
      text("detail", "the numbers or the reason in one sentence", \.detail),
      text("figure", "figure that shows it", \.figure),
    ]
    group.groups = [Subgroup("counts", ClaimCounts(self).encoded())]
    let rows = flatMap { outcome in outcome.numbers.map { (outcome.key, $0) } }
    if !rows.isEmpty {
      var numbers = Group()
      numbers.attributes = .meaning("the numbers behind the verdicts")
      numbers.dimensions = [
        Dimension("number", .int64(rows.indices.map(Int64.init)), "row")
      ]
      func column(_ name: String, _ longName: String, _ values: Values) -> Variable {
        Variable(name, ["number"], values, longName)
      }
      numbers.variables = [
        column("of_claim", "claim and arm", .string(rows.map(\.0))),
        column("label", "what it is", .string(rows.map(\.1.label))),
        column(
          "value", "the number, in the claim's unit unless its label says another",
          .double(rows.map(\.1.value))),
        column("low", "lower end of its 95 % interval", .double(rows.map(\.1.low))),
        column("high", "upper end of its 95 % interval", .double(rows.map(\.1.high))),
      ]
      group.groups.append(Subgroup("numbers", numbers))
    }
    return group
  }

  /// Reads the group `/claims` back.
  ///
  /// - Throws: `ReportError.malformedClaims` if a column is missing or a verdict is unknown.
  public init(decoding group: Group) throws {
    func text(_ name: String, in group: Group) throws -> [String] {
      guard let values = group.variable(name)?.strings else {
        throw ReportError.malformedClaims("no text column '\(name)'")
      }
      return values
    }
    func number(_ name: String, in group: Group) throws -> [Double] {
      guard let values = group.variable(name)?.values.doubles else {
        throw ReportError.malformedClaims("no numeric column '\(name)'")
      }
      return values
    }
    let ids = try text("id", in: group)
    let texts = try [
      "arm", "place", "statement", "rule", "verdict", "unit", "detail", "figure",
    ].map { try text($0, in: group) }
    let values = try ["effect", "low", "high", "threshold", "seeds"]
      .map { try number($0, in: group) }
    guard texts.allSatisfy({ $0.count == ids.count }), values.allSatisfy({ $0.count == ids.count })
    else { throw ReportError.malformedClaims("columns of different lengths") }
    self = []
    for row in ids.indices {
      guard let verdict = Verdict(rawValue: texts[4][row]) else {
        throw ReportError.malformedClaims("unknown verdict '\(texts[4][row])' of \(ids[row])")
      }
      // Files made before these columns have none.
      let finding = group.variable("finding")?.strings.flatMap { Finding(rawValue: $0[row]) }
      let confidence = group.variable("confidence")?.values.doubles?[row]
      func added(_ name: String) -> String { group.variable(name)?.strings?[row] ?? "" }
      var judgement = Judgement(verdict, finding ?? .none)
      if verdict == .inconclusive, let reason = OpenReason(rawValue: added("open_reason")),
        reason.isOfRule
      {
        judgement = .undecided(reason)
      }
      var outcome = ClaimOutcome(
        judgement, effect: values[0][row], low: values[1][row], high: values[2][row],
        threshold: values[3][row], unit: texts[5][row], seeds: Int(values[4][row]),
        confidence: confidence ?? .nan, texts[6][row])
      let ends = ["deciding_low", "deciding_high"].map {
        group.variable($0)?.values.doubles?[row] ?? .nan
      }
      if ends[0] <= ends[1] { outcome.deciding = ends[0]...ends[1] }
      outcome.arm = texts[0][row]
      outcome.description = ClaimDescription(
        id: ids[row], claim: added("part_of").isEmpty ? ids[row] : added("part_of"),
        group: ClaimGroup(rawValue: added("group")) ?? .paper, place: texts[1][row],
        statement: texts[2][row], rule: texts[3][row], ruleDigest: added("rule_sha256"),
        ruleDate: added("rule_date"), figure: texts[7][row], paperFigure: added("paper_figure"))
      append(outcome)
    }
    guard let table = group.group("numbers") else { return }
    let owners = try text("of_claim", in: table)
    let names = try text("label", in: table)
    let columns = try ["value", "low", "high"].map { try number($0, in: table) }
    guard names.count == owners.count, columns.allSatisfy({ $0.count == owners.count }) else {
      throw ReportError.malformedClaims("columns of 'numbers' of different lengths")
    }
    for row in owners.indices {
      guard let owner = firstIndex(where: { $0.key == owners[row] }) else {
        throw ReportError.malformedClaims("numbers of an unknown claim '\(owners[row])'")
      }
      self[owner].numbers.append(
        ClaimNumber(names[row], columns[0][row], low: columns[1][row], high: columns[2][row]))
    }
  }
}
