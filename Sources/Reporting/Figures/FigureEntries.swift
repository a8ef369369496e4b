import ResultStore

extension ReportContent {
  /// The figures of all files: of each panel the longest profile that has data for it.
  ///
  /// Axes of what ends early end with it.
  static func entries(_ parts: [Part], _ claims: [ClaimRow]) -> [FigureEntry] {
    var ids: [String] = []
    var sources: [String: [(part: Part, figure: Figure, paper: PaperCurves)]] = [:]
    for part in parts {
      for (figure, paper) in part.experiment.figures {
        if sources[figure.id] == nil { ids.append(figure.id) }
        sources[figure.id, default: []].append((part, figure, paper))
      }
    }
    return ids.compactMap { id in
      let all = sources[id] ?? []
      guard let first = all.first else { return nil }
      var titles: [String] = []
      var candidates: [String: [(panel: PanelData, part: Part)]] = [:]
      for (part, figure, paper) in all {
        for panel in figure.panels {
          let data = PanelData(panel, of: figure, document: part.experiment.document, paper: paper)
          if candidates[panel.title] == nil { titles.append(panel.title) }
          candidates[panel.title, default: []].append((data, part))
        }
      }
      let chosen = titles.compactMap { title -> (panel: PanelData, part: Part)? in
        let panels = candidates[title] ?? []
        return panels.first { $0.panel.hasData } ?? panels.first
      }
      let shown = PanelData.shown(chosen, \.panel)
      let profiles = Set(shown.map(\.part.profile))
      let panels = shown.map { panel, part in
        panel.marked(
          Gnuplot.warnings(part.experiment.document),
          from: profiles.count > 1 ? part.profile : "")
      }
      var figure = first.figure
      figure.panels = panels.map(\.panel)
      let warnings = panels.flatMap(\.warnings).distinct
      let judged = claims.filter { $0.figure == id }
      let section =
        judged.first?.section ?? PaperSection(place: figure.place)
        ?? PaperSection(place: first.part.experiment.place) ?? PaperSection.writeUps
      // The numbers of a title go with what was judged.
      let told = panels.map(\.told).first { !$0.isEmpty }
      let sentence = ReportSentences.finding(judged)
      let finding = [sentence.isEmpty ? first.figure.title : sentence, told].compactMap(\.self)
      return FigureEntry(
        experiment: first.part.experiment.name, figure: figure, panels: panels, warnings: warnings,
        finding: sentence.isEmpty && told == nil
          ? ReportSentences.finding(panels, readings: all.map(\.part.experiment.readings))
          : finding.joined(separator: "; "),
        section: section, drawn: nil)
    }
  }
}
