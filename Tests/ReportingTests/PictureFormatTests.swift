import Foundation
import Reporting
import ResultStore
import Storage
import TestSupport
import Testing

/// A picture counts only if it is whole; what the program that drew it says is not enough.
@Suite struct PictureFormatTests {
  private static let drawn = Result {
    try Gnuplot().draw(
      FigureTests.figure, of: SyntheticResults().document, paper: FigureTests.paper)
  }

  private func files() throws -> [(PictureFormat, [UInt8])] {
    let drawn = try Self.drawn.get()
    return [(.svg, drawn.svg), (.png, drawn.png)] + (drawn.pdf.map { [(.pdf, $0)] } ?? [])
  }

  @Test func `what gnuplot draws is whole`() throws {
    for (format, bytes) in try files() { #expect(format.isComplete(bytes), "\(format)") }
  }

  @Test func `every shorter picture is not whole`() throws {
    for (format, bytes) in try files() {
      // All that is cut off of an SVG or PDF at first are line feeds.
      let last = (bytes.lastIndex { $0 != 10 } ?? 0)
      for count in [0, 1, 8, 20, bytes.count / 2, last - 10, last - 1, last] {
        #expect(!format.isComplete(Array(bytes[..<count])), "\(format), \(count) bytes")
      }
    }
  }

  @Test func `a flipped bit in a PNG is noticed`() throws {
    let png = try Self.drawn.get().png
    for place in stride(from: 0, to: png.count, by: 997) {
      var damaged = png
      damaged[place] ^= 4
      #expect(!PictureFormat.png.isComplete(damaged), "byte \(place)")
    }
    #expect(!PictureFormat.png.isComplete(png + [0]))
  }

  /// Programs in place of gnuplot that fail in silence.
  @Test(arguments: [
    ("true", "it wrote no panel-0.svg"),
    ("cd \"$4\"; for f in figure panel-0 panel-1; do : > $f.svg; : > $f.png; done", "not complete"),
    ("kill -KILL $$", "ended by signal 9"), ("echo no font >&2; exit 3", "status 3: no font"),
  ])
  func `a drawing program is not believed, what it wrote is looked at`(
    script: String, words: String
  ) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("gnuplot")
    // Arguments: -d -e "cd 'folder'" script
    let text = "#!/bin/sh\nset -- \"$1\" \"$2\" \"$3\" \"$(dirname \"$4\")\"\n\(script)\n"
    try AtomicFile.commit(text, to: path)
    chmod(path, 0o755)
    let error = #expect(throws: ReportError.self) {
      try Gnuplot(path).draw(
        FigureTests.figure, of: SyntheticResults().document, paper: FigureTests.paper)
    }
    #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
  }

  @Test func `figures of other numbers have other inputs`() throws {
    let document = SyntheticResults().document
    var others = SyntheticResults()
    others.cost = { _, _, _, _ in 0.3 }
    var renamed = FigureTests.figure
    renamed.title += "!"
    func inputs(_ figure: Figure, _ document: Document) -> String {
      Gnuplot.inputs(of: figure, document, paper: FigureTests.paper)
    }
    let own = inputs(FigureTests.figure, document)
    #expect(own == inputs(FigureTests.figure, SyntheticResults().document))
    #expect(own != inputs(FigureTests.figure, others.document))
    #expect(own != inputs(renamed, document))
    #expect(own != Gnuplot.inputs(of: FigureTests.figure, document, paper: PaperCurves()))
  }

  @Test func `a report is complete by its content`() throws {
    let folder = try TemporaryFolder()
    try SyntheticResults().write(to: folder.file("mnist-logistic.h5"))
    let content = try ReportContent(
      try ResultSet(readingFolder: folder.path), gnuplot: try Gnuplot())
    let output = folder.file("report")
    try Report.write(content, to: output, inputs: "a")
    #expect(Report.isComplete(in: output, inputs: "a"))
    #expect(!Report.isComplete(in: output, inputs: "b"))
    for name in FilePaths.names(in: output)
      + FilePaths.names(in: output + "/figures").map({
        "figures/\($0)"
      }) where !FilePaths.isFolder("\(output)/\(name)")
    {
      let path = "\(output)/\(name)"
      let whole = try FileContents.read(path)
      try AtomicFile.commit(Array(whole.dropLast()), to: path)
      #expect(!Report.isComplete(in: output, inputs: "a"), "\(name)")
      try AtomicFile.commit(whole, to: path)
      #expect(Report.isComplete(in: output, inputs: "a"), "\(name)")
    }
    // Without figures it is made again next time, and has none of the old ones.
    let without = try ReportContent(
      try ResultSet(readingFolder: folder.path), figureProblem: "there is no space")
    try Report.write(without, to: output, inputs: "a")
    #expect(!Report.isComplete(in: output, inputs: "a"))
    #expect(FilePaths.names(in: output + "/figures").isEmpty)
  }
}
