import Foundation
import ResultStore
import Storage

/// A figure as drawn: the same bytes for the same numbers.
public struct DrawnFigure: Sendable {
  /// The figure.
  public let figure: Figure
  /// The whole figure as SVG, with a white ground.
  public let svg: [UInt8]
  /// The whole figure as PNG, one and a half times the size of the SVG: 144 points an inch.
  public let png: [UInt8]
  /// The whole figure as PDF; nil if this gnuplot cannot write it.
  public let pdf: [UInt8]?
  /// The whole figure in one column, for narrow screens, as SVG.
  public let narrow: [UInt8]
  /// Each panel as an `<svg>` element for a page: no ground, text in the page's colour.
  public let panels: [String]
}

/// gnuplot, run as a program.
public struct Gnuplot: Sendable {
  private let executable: String

  /// Finds gnuplot.
  ///
  /// - Parameter name: a name that is looked up in `PATH`, or a path.
  /// - Throws: `ReportError.gnuplotMissing`, which says what to install.
  public init(_ name: String = "gnuplot") throws {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    let candidates =
      name.contains("/") ? [name] : path.split(separator: ":").map { "\($0)/\(name)" }
    guard let found = candidates.first(where: { access($0, X_OK) == 0 }) else {
      throw ReportError.gnuplotMissing(
        name.contains("/") ? "is not at \(name)" : "is not installed")
    }
    executable = FilePaths.absolute(found)
  }

  /// Draws one figure from a document.
  ///
  /// Every file is checked to be complete: what gnuplot's status says is not enough.
  ///
  /// - Parameter paper: the paper's curves that the figure refers to.
  /// - Throws: `ReportError.gnuplotFailed` with what gnuplot said; `FileError` if `TMPDIR` is missing
  ///   or full; `SystemError` if no process can be started.
  public func draw(_ figure: Figure, of document: Document, paper: PaperCurves) throws
    -> DrawnFigure
  {
    try draw(figure, panels: Self.panels(figure, document, paper))
  }

  /// Draws one figure from panels with their data.
  ///
  /// - Parameter finding: what it shows, in a sentence.
  /// - Throws: as `draw(_:of:paper:)`.
  package func draw(_ figure: Figure, panels: [PanelData], finding: String = "") throws
    -> DrawnFigure
  {
    let script = Self.script(figure, panels, finding).text
    let folder = try ScratchFolder()
    defer { folder.remove() }
    let outcome = try run(script, in: folder)
    func failure(_ problem: String) -> any Error {
      if folder.isFull { return folder.writeError(ENOSPC) }
      if outcome.signal == SIGXFSZ { return folder.writeError(EFBIG) }
      let lines = outcome.messages.split(whereSeparator: \.isNewline)
      let said = lines.last { !$0.allSatisfy { " ^".contains($0) } }
      return ReportError.gnuplotFailed(
        figure: figure.id, message: said.map { "\(problem): \($0)" } ?? problem)
    }
    guard outcome.status == 0 else { throw failure(outcome.ending) }
    func file(_ name: String, _ format: PictureFormat) throws -> [UInt8] {
      let path = FilePaths.join(folder.path, "\(name).\(format.rawValue)")
      guard FilePaths.exists(path) else { throw failure("it wrote no \(name).\(format.rawValue)") }
      let bytes = try FileContents.read(path)
      guard format.isComplete(bytes) else {
        throw failure("what it wrote as \(name).\(format.rawValue) is not complete")
      }
      return bytes
    }
    let inline = try panels.indices.map { index in
      Self.inlined(
        try file("panel-\(index)", .svg), id: "\(figure.id)-\(index)", figure: figure,
        panel: panels[index])
    }
    func whole(_ svg: [UInt8]) -> [UInt8] {
      GnuplotSVG(svg).file(title: figure.title, description: figure.caption)
    }
    let hasPDF = FilePaths.exists(FilePaths.join(folder.path, "figure.pdf"))
    return DrawnFigure(
      figure: figure, svg: whole(try file("figure", .svg)),
      png: try file("figure", .png),
      pdf: hasPDF ? Self.withoutDate(try file("figure", .pdf)) : nil,
      narrow: whole(try file("figure-narrow", .svg)), panels: inline)
  }

  /// The SHA-256 of all that a figure is drawn from: figures of the same are the same.
  public static func inputs(of figure: Figure, _ document: Document, paper: PaperCurves) -> String {
    let script = script(figure, panels(figure, document, paper), "").text
    return SHA256.hexDigest(of: [script, figure.title, figure.caption].joined(separator: "\0"))
  }

  private static func panels(
    _ figure: Figure, _ document: Document, _ paper: PaperCurves
  ) -> [PanelData] {
    let warnings = warnings(document)
    let panels = figure.panels.map {
      PanelData($0, of: figure, document: document, paper: paper).marked(warnings, from: "")
    }
    return PanelData.shown(panels, \.self)
  }

  private static func script(_ figure: Figure, _ panels: [PanelData], _ finding: String)
    -> GnuplotScript
  {
    let words = notes(panels)
    return GnuplotScript(
      figure: figure, panels: panels, finding: finding, notes: words.isEmpty ? [] : [words])
  }

  /// What a figure must say about its data and its protocol; nothing if they are the paper's.
  package static func warnings(_ document: Document) -> [String] {
    var lines: [String] = []
    if document.dataOrigin == "stand-in" { lines.append("stand-in data, not the paper's") }
    if !document.otherData.isEmpty { lines.append("data: \(document.otherData)") }
    if !document.shortened.isEmpty { lines.append("shortened: \(document.shortened)") }
    return lines
  }

  /// How to read the figure.
  static func notes(_ panels: [PanelData]) -> String {
    let lines = panels.flatMap(\.lines)
    var parts: [String] = []
    let counts = lines.filter { $0.seeds > 0 && $0.line.band == .seeds }.map(\.seedCounts)
      .reduce(into: Set<Int>()) { $0.formUnion($1) }
    if let most = counts.max(), let least = counts.min(), most > 1 {
      let seeds = most == least ? "\(most) seeds" : "\(least) to \(most) seeds"
      parts.append("With markers: ours, median over \(seeds); band: their range.")
    } else if counts == [1] {
      parts.append("With markers: ours, one seed.")
    }
    if lines.contains(where: {
      if case .quantiles = $0.line.band { true } else { false }
    }) {
      parts.append("Bands: quantiles.")
    }
    if lines.contains(where: {
      if case .standardErrors = $0.line.band { true } else { false }
    }) {
      parts.append("Bands: 2 standard errors.")
    }
    if let width = lines.compactMap(\.line.smoothing).first {
      parts.append("Each seed's values are averaged over \(width) places.")
    }
    if lines.contains(where: { $0.line.name.isEmpty && $0.line.colour == .grey && $0.seeds > 0 }) {
      parts.append("Grey: the other lines of the figure.")
    }
    if lines.contains(where: { $0.paper?.isPrinted == true }) {
      parts.append("Black dots: the published numbers.")
    }
    if lines.contains(where: { $0.paper?.isPrinted == false }) {
      parts.append("Dashed: the paper's own curves (Kingma & Ba 2015, vector paths).")
    }
    if lines.contains(where: \.isDiverged) { parts.append("Crosses at the top: diverged.") }
    return parts.joined(separator: " ")
  }

  private func run(_ script: String, in folder: ScratchFolder) throws -> ChildProcess.Outcome {
    let path = FilePaths.join(folder.path, "figure.gp")
    do {
      try AtomicFile.commit(script, to: path)
    } catch let error as FileError {
      throw folder.writeError(error.code)
    }
    var environment = ProcessInfo.processInfo.environment
    environment["LC_ALL"] = "C.UTF-8"
    environment["TZ"] = "UTC"
    environment["GNUTERM"] = nil
    // -d: without the user's own start-up files.
    let place = folder.path.replacing("'", with: "''")
    return try ChildProcess.run(
      executable, ["-d", "-e", "cd '\(place)'", path], environment: environment)
  }

  // MARK: What gnuplot writes, made fit

  /// A panel as an element of a page.
  private static func inlined(
    _ svg: [UInt8], id: String, figure: Figure, panel: PanelData
  ) -> String {
    let title = panel.panel.title.isEmpty ? figure.title : "\(figure.title), \(panel.panel.title)"
    return GnuplotSVG(svg).inline(id: id, title: title, description: summary(panel))
  }

  /// A panel in words: where each line ends, and how far it is from the paper's.
  package static func summary(_ panel: PanelData) -> String {
    guard panel.hasData else { return "Not run." }
    let parts = panel.lines.filter { !$0.line.name.isEmpty }.map { line -> String in
      guard let last = line.finite.last(where: { panel.xRange.contains($0.x) }) else {
        return "\(line.line.name): \(line.isDiverged ? "diverged" : "no values")"
      }
      var text = "\(line.line.name): \(NumberText.significant(last.middle)) at "
      text += NumberText.significant(last.x)
      if let paper = line.paper?.data.first(where: { Swift.abs($0.x - last.x) <= 1e-5 }) {
        text += " (paper \(NumberText.significant(paper.y)))"
      }
      return text
    }
    let levels = CostLevels(panel).map { " \($0.text)." } ?? ""
    return "\(panel.panel.y.label) against \(panel.panel.x.label). "
      + parts.joined(separator: "; ") + "." + levels
  }

  /// A string of a script.
  static func quoted(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("\n", with: " ")
    return "\"\(escaped)\""
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  /// The PDF without the time at which it was made, so that the same figure has the same bytes.
  private static func withoutDate(_ pdf: [UInt8]) -> [UInt8] {
    let marker = Array("/CreationDate (D:".utf8)
    var bytes = pdf
    var index = 0
    while index + marker.count < bytes.count {
      if bytes[index] == marker[0], bytes[index..<index + marker.count].elementsEqual(marker) {
        var digit = index + marker.count
        for replacement in "20150101000000".utf8 where bytes[digit] != UInt8(ascii: ")") {
          bytes[digit] = replacement
          digit += 1
        }
      }
      index += 1
    }
    return bytes
  }
}
