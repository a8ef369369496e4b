import ResultStore

/// The report as one self-contained page: nothing from a network; everything can be read without its
/// script, which filters, searches and opens what a link points at.
public enum HTMLReport {
  /// `index.html`.
  ///
  /// The figures are inline SVG, a panel each, so that they wrap on narrow screens; the folder
  /// `figures` beside the page has them as files.
  public static func text(_ content: ReportContent) -> String {
    let title = "Does “Adam” (Kingma &amp; Ba 2015) hold? A reproduction"
    let sections = sections(content)
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
      \(PageStyle.text)
      </style>
      </head>
      <body>
      <a class="skip" href="#verdicts">Skip to the verdicts</a>
      <header>
      <h1>\(title)</h1>
      \(answer(content))
      <nav aria-label="Sections"><ul>
      \(navigation(content, sections))
      </ul></nav>
      <div id="tools" class="screen"></div>
      </header>
      <main>
      \(sections.map { section in
        "<section id=\"\(section.id)\" aria-labelledby=\"\(section.id)-title\">\n"
          + "<h2 id=\"\(section.id)-title\">\(section.title)</h2>\n\(section.body)\n</section>"
      }.joined(separator: "\n"))
      </main>
      <script>
      \(PageScript.text)
      </script>
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
      Section(id: "verdicts", title: "The claims at a glance", body: forest(content)),
      Section(
        id: "figures", title: "Section by section",
        body: PageCards.all(content)),
      Section(id: "protocols", title: "Choices and deviations", body: protocols(content)),
      Section(
        id: "changes", title: "Changes of rules and protocol",
        body: "<p>\(HTML.escaped(ReportText.aboutChanges))</p>\n"
          + RuleChanges.html(RuleChanges.text)),
      Section(id: "errata", title: "Errata of the paper", body: errata(content)),
      Section(id: "summary", title: "Summary", body: summary(content)),
    ]
    if !content.comparisons.isEmpty {
      sections.append(
        Section(
          id: "reference", title: "Agreement with the reference results",
          body: HTML.details(
            HTML.escaped(content.agreement ?? ""),
            HTML.table(
              "Result files of this run against those committed with the code.",
              ["experiment", "agreement"],
              content.comparisons.map { [HTML.escaped($0.experiment), HTML.escaped($0.text)] }))))
    }
    sections += [
      Section(
        id: "times", title: "How long each part took",
        body: HTML.details(
          "Runs and their times, by experiment",
          HTML.table(
            ReportText.timeCaption, ReportText.timeHeader,
            ReportText.timeRows(content).map { $0.map(HTML.escaped) }))),
      Section(
        id: "provenance", title: "Provenance",
        body: HTML.details(
          "What made each result file",
          HTML.table(
            "What made each result file.", ReportText.provenanceHeader,
            content.parts.map { ReportText.provenance($0, content).map(HTML.escaped) }))),
      Section(
        id: "citation", title: "How to cite",
        body: "<pre tabindex=\"0\">"
          + HTML.escaped(ReportText.citation(content).joined(separator: "\n")) + "</pre>"),
    ]
    return sections
  }

  private static func navigation(_ content: ReportContent, _ sections: [Section]) -> String {
    sections.map { section -> String in
      let link = "<li><a href=\"#\(section.id)\">\(section.title)</a></li>"
      guard section.id == "figures" else { return link }
      return PageCards.sections(content).map {
        "<li><a href=\"#\($0.anchor)\">\($0.number.isEmpty ? "write-ups" : "§ \($0.number)")</a></li>"
      }.joined(separator: "\n")
    }.joined(separator: "\n")
  }

  // MARK: The answer

  private static func answer(_ content: ReportContent) -> String {
    var out =
      "<p class=\"lead\"><strong>\(HTML.escaped(ReportSentences.answer(content.claims)))</strong>"
    out += "</p>\n<ul class=\"counts\" aria-label=\"The paper's own claims by verdict\">"
    for (verdict, count) in ReportSentences.counts(content.claims) {
      out += "<li class=\"\(HTML.kind(verdict))\" data-filter=\"\(HTML.kind(verdict))\">"
      out += "<b>\(count)</b> \(ReportText.marked(verdict))</li>"
    }
    out += "</ul>\n"
    if let gravest = ReportSentences.gravest(content.claims) {
      out += "<p class=\"gravest\">\(HTML.escaped(gravest))</p>\n"
    }
    func words(_ row: ReportContent.ClaimRow) -> String {
      let section = row.section.number.isEmpty ? "" : "§ \(row.section.number)"
      return [section, row.headline.effectText].filter { !$0.isEmpty }.joined(separator: ": ")
    }
    let failures = ReportSentences.failures(content.claims)
    if !failures.isEmpty {
      let items = failures.map { row in
        "<li><a href=\"#claim-\(row.id)\">\(HTML.escaped(row.statement))</a>"
          + " <small>\(HTML.escaped(words(row)))</small></li>"
      }
      out += "<details class=\"failures\" open><summary>What does not hold</summary>"
      out += "<ol>\(items.joined())</ol></details>\n"
    }
    out += "<p><small>\(HTML.escaped(ReportText.otherGroups(content)))</small></p>\n"
    if !content.caveats.isEmpty {
      let items = content.caveats.map { "<li>\(HTML.escaped($0))</li>" }.joined()
      out += HTML.details(
        "Read this before any number: \(content.caveats.count) "
          + (content.caveats.count == 1 ? "caveat" : "caveats"),
        "<ul class=\"caveats\">\(items)</ul>\n", kind: "caveats-box")
    }
    return out
  }

  private static func forest(_ content: ReportContent) -> String {
    guard content.claims.contains(where: { $0.headline.group == .paper }) else {
      return "<p>No claim of the paper has been judged.</p>"
    }
    let plots = [false, true].map { ForestPlot(content, isNarrow: $0, for: .page).svg }
    return "<p>\(HTML.escaped(ReportText.howToRead))</p>\n<figure id=\"forest\">\n"
      + plots.joined(separator: "\n")
      + "\n<figcaption>Every claim of the paper, by section. A row links to the rule, the numbers and "
      + "what would change the verdict.</figcaption></figure>"
  }

  // MARK: Below the cards

  private static func protocols(_ content: ReportContent) -> String {
    content.parts.map { part in
      let experiment = part.experiment
      let summary = part.summary
      var body = "<p>\(HTML.escaped(summary.protocolText)).</p>\n"
      if !summary.notes.isEmpty { body += "<p>\(HTML.escaped(summary.notes))</p>\n" }
      if !summary.choices.isEmpty {
        body += HTML.table(
          "What the paper leaves open.",
          ["open in the paper", "taken", "alternative", "measured effect"],
          summary.choices.map { ReportText.row($0).map(HTML.escaped) })
      }
      if !summary.settings.isEmpty {
        body += HTML.table(
          "Settings and last running training cost: median over seeds and range.",
          ReportText.settingHeader, summary.settings.map { ReportText.row($0).map(HTML.escaped) })
      }
      if !summary.searches.isEmpty {
        body += HTML.table(
          "Grid points of the search behind the tuned arm, their cost over its seeds, and the point "
            + "that was selected.",
          ReportText.searchHeader, summary.searches.map { ReportText.row($0).map(HTML.escaped) })
      }
      let place = experiment.place.isEmpty ? "" : ", \(HTML.escaped(experiment.place))"
      return HTML.details(
        "<b>\(HTML.escaped(experiment.title))</b> <code>\(HTML.escaped(content.name(part)))</code>\(place)",
        body, id: ReportText.protocolAnchor(part))
    }.joined(separator: "\n")
  }

  private static func errata(_ content: ReportContent) -> String {
    let items = Errata.all.map { erratum -> String in
      let links = erratum.claims.filter { id in content.claims.contains { $0.id == id } }
        .map { "<a href=\"#claim-\($0)\"><code>\($0)</code></a>" }
      return
        "<li><b>\(HTML.escaped(erratum.title))</b> <small>\(HTML.escaped(erratum.place))</small>"
        + (links.isEmpty ? "" : "<br>\(links.joined(separator: ", "))") + "</li>"
    }
    return "<p>With evidence and corrections: <code>docs/errata.md</code> of the project.</p>\n"
      + HTML.details(
        "\(items.count) places where the paper is contradicted or unclear",
        "<ol>\(items.joined())</ol>\n")
  }

  private static func summary(_ content: ReportContent) -> String {
    "<dl class=\"summary\">"
      + ReportText.summary(content).map {
        "<dt>\($0.title)</dt><dd>\(HTML.escaped($0.text))</dd>"
      }.joined(separator: "\n") + "</dl>"
  }
}
