import Foundation
import Reporting
import ResultStore
import Storage

/// The figures beside a result file. Which are complete is told by a seal among the runs: what each
/// was drawn from, and what is in its files.
struct FigureFolder {
  private let session: Session
  private let paper: PaperCurves
  private var seal: OutputSeal

  /// The figures of a session.
  init(_ session: Session) {
    self.session = session
    paper = session.experiment.paper
    seal = OutputSeal(at: FilePaths.join(session.store.folder, "figures.sealed"))
  }

  private func paths(_ figure: Figure) -> (svg: String, png: String) {
    let path = FilePaths.join(session.figureFolder, figure.id)
    return ("\(path).svg", "\(path).png")
  }

  /// Those of the figures that are missing, damaged, or drawn from something else than the document.
  func undrawn(_ figures: [Figure], of document: Document) -> [Figure] {
    figures.filter { figure in
      let inputs = Gnuplot.inputs(of: figure, document, paper: paper)
      let (svg, png) = paths(figure)
      return [svg, png].contains {
        !seal.isComplete(FilePaths.name(of: $0), at: $0, from: inputs)
      }
    }
  }

  /// Draws figures; returns whether it could. Files of those that cannot be drawn are removed, for
  /// they would pass for figures of the new content.
  ///
  /// - Throws: `FiguresError` unless gnuplot is just not installed, which is told.
  mutating func draw(_ figures: [Figure], of document: Document) throws -> Bool {
    guard !figures.isEmpty else { return true }
    var rest = figures[...]
    do {
      defer { removeFiles(rest) }
      let gnuplot = try Gnuplot()
      while let figure = rest.first {
        if Interruption.hasBeenRequested { throw FiguresError.interrupted }
        let drawn = try gnuplot.draw(figure, of: document, paper: paper)
        try keep(drawn, of: document)
        rest.removeFirst()
      }
      return true
    } catch ReportError.gnuplotMissing(let reason) {
      let error = ReportError.gnuplotMissing(reason)
      CommandLineTool.complain(session.experiment.name, "no figures: \(error)")
      return false
    } catch {
      throw Interruption.hasBeenRequested ? .interrupted : FiguresError(error)
    }
  }

  private mutating func keep(_ drawn: DrawnFigure, of document: Document) throws {
    let (svg, png) = paths(drawn.figure)
    let inputs = Gnuplot.inputs(of: drawn.figure, document, paper: paper)
    try session.layer.createFolders(session.figureFolder)
    for (path, bytes) in [(svg, drawn.svg), (png, drawn.png)] {
      try AtomicFile.commit(bytes, to: path, layer: session.layer)
      seal.record(FilePaths.name(of: path), bytes, from: inputs)
    }
    try seal.write(layer: session.layer)
    if !session.options.saysNothing {
      Console.show("\(session.experiment.name): drew \(svg) and \(png)\n")
    }
  }

  private func removeFiles(_ figures: ArraySlice<Figure>) {
    for figure in figures {
      let (svg, png) = paths(figure)
      // What cannot be removed is not complete by the seal, and is drawn again next time.
      for path in [svg, png] where FilePaths.exists(path) { try? session.layer.remove(path) }
    }
  }
}

/// Why figures could not be drawn, after the results have been written.
enum FiguresError: UserFacingError {
  case failed(reason: String, status: ExitStatus)
  case interrupted

  init(_ error: any Error) {
    self = .failed(
      reason: "\(error)", status: (error as? any UserFacingError)?.exitStatus ?? .software)
  }

  var description: String {
    switch self {
    case .failed(let reason, _):
      "no figures: \(reason); the results are written, the same command draws the figures"
    case .interrupted:
      "interrupted before all figures were drawn; the results are written, the same command goes on"
    }
  }

  var exitStatus: ExitStatus {
    switch self {
    case .failed(_, let status): status
    case .interrupted: .temporary
    }
  }
}
