import ResultStore

/// The report as one self-contained page: no script, no network.
public enum HTMLReport {
  /// `index.html`.
  ///
  /// The figures are inline SVG, a panel each, so that they wrap on narrow screens; the folder
  /// `figures` beside the page has them as files.
  public static func text(_ content: ReportContent) -> String {
    let title = "Reproduction report: Adam (Kingma &amp; Ba 2015)"
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>\(title)</title>
      <link rel="icon" href="data:,">
      <style>
      \(style)
      </style>
      </head>
      <body>
      <a class="skip" href="#verdicts">Skip to the verdicts</a>
      <header>
      <h1>\(title)</h1>
      <p class="lead">\(escaped(content.summary)) Profile <code>\(escaped(content.results.profile))\
      </code>.</p>
      \(content.agreement.map { "<p>\(escaped($0))</p>" } ?? "")
      \(caveats(content))
      <nav aria-label="Sections"><ul>
      \(sections(content).map { "<li><a href=\"#\($0.id)\">\($0.title)</a></li>" }.joined())
      </ul></nav>
      </header>
      <main>
      \(sections(content).map { section in
        "<section id=\"\(section.id)\" aria-labelledby=\"\(section.id)-title\">\n"
          + "<h2 id=\"\(section.id)-title\">\(section.title)</h2>\n\(section.body)\n</section>"
      }.joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  private struct Section {
    let id: String
    let title: String
    let body: String
  }

  private static func sections(_ content: ReportContent) -> [Section] {
    var sections = [
      Section(id: "verdicts", title: "Verdicts", body: verdicts(content)),
      Section(id: "figures", title: "Figures", body: figures(content)),
      Section(
        id: "protocols", title: "Deviations and open choices", body: protocols(content)),
      Section(
        id: "times", title: "How long each part took",
        body: table(
          "Seconds of computation are those of all runs together.", ReportText.timeHeader,
          ReportText.timeRows(content).map { $0.map(escaped) })),
    ]
    if !content.comparisons.isEmpty {
      sections.append(
        Section(
          id: "reference", title: "Agreement with the reference results",
          body: table(
            "Result files of this run against those committed with the code.",
            ["experiment", "agreement"],
            content.comparisons.map { [escaped($0.experiment), escaped($0.text)] })))
    }
    sections += [
      Section(
        id: "provenance", title: "Provenance",
        body: table(
          "What made each result file.", ReportText.provenanceHeader,
          content.results.experiments.map { ReportText.provenance($0).map(escaped) })),
      Section(
        id: "citation", title: "How to cite",
        body: "<pre tabindex=\"0\">"
          + escaped(ReportText.citation(content).joined(separator: "\n")) + "</pre>"),
    ]
    return sections
  }

  private static func caveats(_ content: ReportContent) -> String {
    if content.caveats.isEmpty { return "" }
    return "<ul class=\"caveats\" aria-label=\"Read this first\">"
      + content.caveats.map { "<li>\(escaped($0))</li>" }.joined() + "</ul>"
  }

  // MARK: Verdicts

  private static func verdicts(_ content: ReportContent) -> String {
    guard !content.claims.isEmpty else { return "<p>No claim has been judged.</p>" }
    let figures = Set(content.figures.map(\.figure.id))
    let protocols = Set(content.results.experiments.map(\.name))
    var out = """
      <p>Every claim has one verdict an arm. <b>literal</b>: what the text states, taken at its \
      word; <b>tuned</b>: the best of a grid for every method, on fresh seeds; <b>fitted</b>: \
      settings inferred so that our curves lie on the paper's own. The headline is that of the first \
      in this order. Intervals are 95 %, Student's t of paired differences over seeds; 3 or 4 seeds \
      decide by the 99.9 % interval, fewer do not.</p>

      """
    let rows = content.claims.flatMap { claim in
      claim.outcomes.enumerated().map { index, outcome in
        var links: [String] = []
        if figures.contains(claim.figure) {
          links.append("<a href=\"#figure-\(claim.figure)\">figure</a>")
        }
        if protocols.contains(claim.experiment) {
          links.append("<a href=\"#protocol-\(claim.experiment)\">protocol</a>")
        }
        let name =
          index == 0
          ? "<b>\(escaped(claim.statement))</b><br><code id=\"claim-\(claim.id)\">\(claim.id)</code>"
            + "<br><small>\(escaped(claim.place))</small>"
          : "<span class=\"again\">\(escaped(claim.statement))</span>"
        let effect = outcome.effectText.isEmpty ? "–" : escaped(outcome.effectText)
        return [
          name, outcome.arm.isEmpty ? "–" : escaped(outcome.arm), badge(outcome.verdict),
          "\(effect)\n\(numbers(outcome))", links.joined(separator: " "),
        ]
      }
    }
    out += table(
      "Each claim with its verdict, its effect and the numbers behind it.",
      ["claim", "arm", "verdict", "effect [95 % interval]", "see"], rows, isCards: true)
    return out
  }

  private static func badge(_ verdict: Verdict) -> String {
    let kind =
      switch verdict {
      case .reproduced: "yes"
      case .notReproduced: "no"
      case .inconclusive: "open"
      case .notRun: "none"
      }
    return "<span class=\"badge \(kind)\">\(ReportText.marked(verdict))</span>"
  }

  /// The sentence, the rule, and the numbers where they are few.
  private static func numbers(_ outcome: ClaimOutcome) -> String {
    var out = "<details><summary>\(outcome.verdict == .notRun ? "why" : "numbers")</summary>"
    out += "<p>\(escaped(outcome.detail)).</p>"
    if !outcome.rule.isEmpty { out += "<p>Rule: \(escaped(outcome.rule)).</p>" }
    return out + "</details>"
  }

  // MARK: Figures

  private static func figures(_ content: ReportContent) -> String {
    if content.figures.isEmpty { return "<p>There are none.</p>" }
    return content.figures.map { entry in
      let id = entry.figure.id
      var out = "<figure id=\"figure-\(id)\">\n<h3>\(escaped(entry.figure.title))</h3>\n"
      for warning in entry.warnings {
        out += "<p class=\"warning\">\(escaped(warning))</p>\n"
      }
      if let drawn = entry.drawn {
        let kind = entry.figure.isGrid ? "panels small" : "panels"
        if entry.figure.isGrid { out += legend(entry.figure) }
        out += "<div class=\"\(kind)\" style=\"--columns: \(entry.figure.columns)\">\n"
        out += drawn.panels.joined(separator: "\n") + "\n</div>\n"
      } else if !content.hasPictures {
        out += "<p>Not drawn: gnuplot is missing. The numbers are below.</p>\n"
      }
      out += "<figcaption>\n"
      if !entry.figure.caption.isEmpty {
        let place =
          entry.figure.place.isEmpty ? "" : "<b>The paper's \(escaped(entry.figure.place)):</b> "
        out += "<p>\(place)\(escaped(entry.figure.caption))</p>\n"
      }
      if entry.drawn != nil {
        let files = ["svg", "png"] + (entry.drawn?.pdf == nil ? [] : ["pdf"])
        let links = files.map { "<a href=\"figures/\(id).\($0)\">\($0.uppercased())</a>" }
        out +=
          "<p>Bold with markers: our median over seeds; band: their range; thin: the paper's own "
        out += "curves. <span class=\"screen\">As a file: \(links.joined(separator: ", "))."
        out += "</span></p>\n"
      }
      out += "</figcaption>\n"
      let rows = ReportContent.distances(entry).map { $0.map(escaped) }
      if !rows.isEmpty {
        out += "<details\(rows.count <= 12 ? " open" : "")>"
        out += "<summary>The numbers, and the distance to the paper's curves</summary>"
        out += table(
          "Each line of \(escaped(entry.figure.title)).", ReportText.distanceHeader, rows)
        out += "</details>\n"
      }
      return out + "</figure>"
    }.joined(separator: "\n")
  }

  /// The legend that the small panels of a grid share.
  private static func legend(_ figure: Figure) -> String {
    let marks = ["●", "■", "▲", "▼", "◆", "○"]
    let entries = figure.legend.enumerated().map { index, line in
      "<li><span class=\"\(line.colour.rawValue)\" aria-hidden=\"true\">"
        + "\(marks[index % marks.count])</span> \(escaped(line.name))</li>"
    }
    return "<ul class=\"legend\" aria-label=\"Legend\">\(entries.joined())</ul>\n"
  }

  // MARK: Protocols

  private static func protocols(_ content: ReportContent) -> String {
    zip(content.results.experiments, content.summaries).map { experiment, summary in
      var out = "<article id=\"protocol-\(experiment.name)\">\n"
      out += "<h3>\(escaped(experiment.title))</h3>\n<p><code>\(experiment.name)</code>"
      if !experiment.place.isEmpty { out += ", \(escaped(experiment.place))" }
      out += ". \(escaped(summary.protocolText)).</p>\n"
      if !summary.notes.isEmpty { out += "<p>\(escaped(summary.notes))</p>\n" }
      if !summary.choices.isEmpty {
        out += table(
          "What the paper leaves open.",
          ["open in the paper", "taken", "alternative", "measured effect"],
          summary.choices.map { ReportText.row($0).map(escaped) }, isCards: true)
      }
      if !summary.settings.isEmpty {
        out += "<details><summary>Settings of each contender</summary>"
        out += table(
          "Settings and last running training cost: median over seeds and range.",
          ReportText.settingHeader, summary.settings.map { ReportText.row($0).map(escaped) })
        out += "</details>\n"
      }
      if !summary.searches.isEmpty {
        out += "<details><summary>The search behind the tuned arm</summary>"
        out += table(
          "Grid points, their cost over the search's seeds, and the point that was selected.",
          ReportText.searchHeader, summary.searches.map { ReportText.row($0).map(escaped) })
        out += "</details>\n"
      }
      return out + "</article>"
    }.joined(separator: "\n")
  }

  // MARK: Elements

  /// A table that scrolls inside its own box, or, with `isCards`, whose rows become cards on narrow
  /// screens. The roles are spelled out, as `display` would take them away.
  private static func table(
    _ caption: String, _ header: [String], _ rows: [[String]], isCards: Bool = false
  ) -> String {
    var out = "<div class=\"scroll\" role=\"region\" aria-label=\"\(caption)\" tabindex=\"0\">\n"
    out += "<table role=\"table\"\(isCards ? " class=\"cards\"" : "")>\n"
    out += "<caption>\(caption)</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">"
    out += header.map { "<th role=\"columnheader\" scope=\"col\">\(escaped($0))</th>" }.joined()
    out += "</tr></thead>\n<tbody role=\"rowgroup\">\n"
    for row in rows {
      out += "<tr role=\"row\">"
      for (index, cell) in row.enumerated() {
        let label = " data-label=\"\(escaped(header[index]))\""
        out +=
          index == 0
          ? "<th role=\"rowheader\" scope=\"row\"\(label)>\(cell)</th>"
          : "<td role=\"cell\"\(label)>\(cell)</td>"
      }
      out += "</tr>\n"
    }
    return out + "</tbody></table></div>\n"
  }

  private static func escaped(_ text: String) -> String {
    Gnuplot.escaped(text).replacing("\"", with: "&quot;")
  }

  private static let style = """
    :root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #f3f5f7;
      --line: #c9d1d9; --link: #0550ae; --quiet: #57606a; --yes: #116329; --yes-bg: #dafbe1;
      --no: #a40e26; --no-bg: #ffebe9; --open: #7d4e00; --open-bg: #fff8c5;
      --c-blue: #0072b2; --c-green: #009e73; --c-red: #d55e00; --c-cyan: #56b4e9;
      --c-magenta: #cc79a7; --c-orange: #e69f00; --c-grey: #888888;
      --f-blue: #5fa5cf; --f-green: #5cbfa2; --f-red: #e6985f; --f-cyan: #93cdef;
      --f-magenta: #dda8c6; --f-orange: #eec25f; --f-grey: #b5b5b5; }
    @media screen and (prefers-color-scheme: dark) {
      :root { --ink: #e6edf3; --paper: #0d1117; --soft: #161b22; --line: #3d444d; --link: #79c0ff;
        --quiet: #9ba5b0; --yes: #7ee787; --yes-bg: #12261e; --no: #ffa198; --no-bg: #2d1518;
        --open: #e3b341; --open-bg: #272115;
        --c-blue: #4a9fe0; --c-green: #2cc39a; --c-red: #f07f35; --c-cyan: #9ad8fb;
        --c-magenta: #dd9cc0; --c-orange: #f0b732; --c-grey: #a0a0a0;
        --f-blue: #326796; --f-green: #227a64; --f-red: #96542b; --f-cyan: #5b8299;
        --f-magenta: #88647b; --f-orange: #93732b; --f-grey: #6a6a6a; } }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
    body { margin: 0 auto; max-width: 76rem; padding: 1rem; color: var(--ink);
      background: var(--paper); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
    h1 { font-size: 1.6rem; line-height: 1.25; }
    h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); font-size: 1.3rem; }
    h3 { margin-bottom: .3rem; font-size: 1.1rem; }
    a { color: var(--link); }
    a:focus-visible, summary:focus-visible, .scroll:focus-visible, pre:focus-visible {
      outline: 3px solid var(--link); outline-offset: 2px; }
    .skip { position: absolute; left: -100vw; }
    .skip:focus { position: static; }
    .lead { font-size: 1.15rem; }
    nav ul, .legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: 0;
      list-style: none; }
    .caveats, .warning { padding: .6rem 1rem .6rem 2rem; border-left: 4px solid var(--open);
      background: var(--open-bg); }
    .warning { padding-left: 1rem; font-weight: 600; }
    code { font-size: .85em; }
    small, .again, caption, figcaption { color: var(--quiet); }
    .again { font-size: .9em; }
    figure, article { margin: 1.5rem 0 2.5rem; }
    .panels { display: grid; gap: .5rem;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
    .panels.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); }
    .panels svg { display: block; width: 100%; height: auto; max-width: 44rem; }
    @media (min-width: 62rem) {
      .panels.small { grid-template-columns: repeat(var(--columns), 1fr); } }
    .scroll { overflow-x: auto; }
    table { width: 100%; border-collapse: collapse; font-size: .9rem; }
    caption { text-align: left; padding: .3rem 0; }
    th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
      vertical-align: top; font-weight: normal; }
    article .cards th, article .cards td { overflow-wrap: anywhere; }
    thead th { font-weight: 600; background: var(--soft); }
    .badge { display: inline-block; padding: 0 .5em; border: 1px solid; border-radius: 1em;
      white-space: nowrap; }
    .yes { color: var(--yes); background: var(--yes-bg); }
    .no { color: var(--no); background: var(--no-bg); }
    .open { color: var(--open); background: var(--open-bg); }
    .none { color: var(--quiet); background: var(--soft); }
    .blue { color: var(--c-blue); } .green { color: var(--c-green); } .red { color: var(--c-red); }
    .cyan { color: var(--c-cyan); } .magenta { color: var(--c-magenta); }
    .orange { color: var(--c-orange); } .black { color: var(--ink); } .grey { color: var(--c-grey); }
    details p { margin: .3rem 0; }
    summary { color: var(--link); cursor: pointer; }
    pre { overflow-x: auto; padding: .8rem; background: var(--soft); font-size: .85rem; }
    @media screen and (max-width: 44rem) {
      .cards thead { position: absolute; left: -100vw; }
      .cards, .cards tbody, .cards tr, .cards th, .cards td, .cards caption { display: block;
        width: 100%; }
      .cards tr { padding: .5rem 0; border-bottom: 2px solid var(--line); }
      .cards th, .cards td { padding: .15rem 0; border: 0; }
      .cards td::before { content: attr(data-label) ": "; color: var(--quiet); } }
    @page { margin: 14mm 12mm; }
    @media print {
      :root { color-scheme: light; --ink: #000; --paper: #fff; --soft: #fff; --line: #999;
        --link: #000; --quiet: #333; --yes: #000; --yes-bg: #fff; --no: #000; --no-bg: #fff;
        --open: #000; --open-bg: #fff; }
      nav, .skip, .screen, details:not([open]), #verdicts th:last-child,
      #verdicts td:last-child { display: none; }
      a { text-decoration: none; }
      body { max-width: none; padding: 0; font-size: 9.5pt; line-height: 1.35; }
      h2, h3, caption, summary, thead { break-after: avoid; }
      h2 { margin-top: 1.2rem; }
      figure, article { margin: .8rem 0 1.4rem; }
      .warning, .legend, .panels { break-after: avoid; }
      .panels, svg, figcaption, h2, h3, tr, li, p, pre { break-inside: avoid; }
      .panels { grid-template-columns: 1fr 1fr; }
      .panels.small { grid-template-columns: 1fr 1fr 1fr; }
      summary { list-style: none; color: var(--ink); }
      .scroll, pre { overflow: visible; }
      pre { white-space: pre-wrap; }
      table { font-size: 8pt; }
      th, td { padding: .2rem .35rem; } }
    """
}
