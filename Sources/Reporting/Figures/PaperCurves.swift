import Glibc
import Storage

/// The paper's own curves, recovered from the vector paths of its figures.
///
/// They are facts about the paper, kept beside each experiment in a small text format: comment lines
/// that start with `#` and name the source, a header line, then one point a line, in columns
/// separated by tabs: `figure`, `curve`, `x`, `y`, `note`.
public struct PaperCurves: Sendable, Equatable {
  /// What a point of a curve is.
  public enum Note: String, Sendable, CaseIterable {
    /// A point that the paper draws inside its frame.
    case point = "-"
    /// Where the drawing area cuts a line: it lies on the line, but is no point of the curve.
    case clip
    /// A vertex above the frame.
    case aboveFrame = "above-frame"
    /// Above the frame, found by going on along a line that the frame cuts.
    case extrapolated
    /// A number that a text gives, on no drawn line.
    case printed
    /// A run that the paper appears to draw as failed, at 400.
    case failed
  }

  /// One vertex of a drawn line.
  public struct Point: Sendable, Equatable {
    /// The horizontal coordinate in the paper's unit, e.g. passes over the training set.
    public var x: Double
    /// The vertical coordinate in the paper's unit, e.g. training cost.
    public var y: Double
    /// What kind of point it is.
    public var note: Note

    /// A vertex.
    public init(x: Double, y: Double, note: Note = .point) {
      self.x = x
      self.y = y
      self.note = note
    }
  }

  /// One line of a figure.
  public struct Curve: Sendable, Equatable {
    /// The figure, e.g. `fig1a`.
    public var figure: String
    /// The name in the figure's legend.
    public var name: String
    /// Its vertices, as drawn.
    public var points: [Point]

    /// A line of a figure.
    public init(figure: String, name: String, points: [Point]) {
      self.figure = figure
      self.name = name
      self.points = points
    }

    /// The points that are data, without those where a line is only cut or extrapolated.
    public var data: [Point] {
      points.filter { [.point, .aboveFrame, .printed].contains($0.note) }
    }

    /// The median of |log(ours / paper)| over the points that we have, `costs[x]` being ours at `x`;
    /// nil if there are none.
    ///
    /// - Parameters:
    ///   - range: the part of the curve that is compared; nil: all of it.
    ///   - isCompared: whether an epoch is compared, e.g. the odd ones.
    package func distance(
      to costs: [Double], in range: ClosedRange<Double>? = nil,
      where isCompared: (_ epoch: Int) -> Bool = { _ in true }
    ) -> Double? {
      let distances = data.compactMap { point -> Double? in
        let x = Int(point.x.rounded())
        guard range?.contains(point.x) ?? true, isCompared(x), costs.indices.contains(x),
          costs[x].isFinite, costs[x] > 0
        else { return nil }
        return Swift.abs(log(costs[x] / point.y))
      }
      return distances.isEmpty ? nil : Statistics.median(distances)
    }

    /// The curve as a ratio to another one, at the places where both have data.
    package func divided(by other: Curve) -> Curve {
      Curve(
        figure: figure, name: name,
        points: data.compactMap { point in
          guard let base = other.data.first(where: { Swift.abs($0.x - point.x) <= 1e-3 }),
            base.y > 0
          else { return nil }
          return Point(x: point.x, y: point.y / base.y, note: point.note)
        })
    }

    /// Whether a text gives these numbers: there is no line between them.
    package var isPrinted: Bool { points.allSatisfy { $0.note == .printed } }
  }

  /// The lines, in the order of the file.
  public var curves: [Curve]
  /// The comment lines, without their `#`: where the numbers come from.
  public var comments: [String]

  /// Curves from memory.
  public init(_ curves: [Curve] = [], comments: [String] = []) {
    self.curves = curves
    self.comments = comments
  }

  /// Reads the text format, e.g. the bytes that an executable embeds.
  ///
  /// - Throws: `TableError` with the number of the first line that is not understood.
  public init(_ bytes: [UInt8]) throws {
    let table = try SeparatedTable(
      bytes, name: "paper-curves.tsv", columns: ["figure", "curve", "x", "y", "note"],
      hasHeader: true, advice: "restore the file from the repository, then build again")
    self.init(comments: table.remarks)
    for row in table.rows {
      let fields = row.fields
      guard let x = Double(fields[2]), let y = Double(fields[3]), x.isFinite, y.isFinite else {
        throw table.refusal(line: row.line, "x or y is not a finite number")
      }
      guard let note = Note(rawValue: fields[4]) else {
        throw table.refusal(line: row.line, "unknown note '\(fields[4])'")
      }
      let point = Point(x: x, y: y, note: note)
      if let last = curves.last, last.figure == fields[0], last.name == fields[1] {
        curves[curves.count - 1].points.append(point)
      } else if curve(fields[1], of: fields[0]) != nil {
        throw table.refusal(line: row.line, "the points of '\(fields[1])' are not together")
      } else {
        curves.append(Curve(figure: fields[0], name: fields[1], points: [point]))
      }
    }
  }

  /// The horizontal range of a figure's frame, from the comment `frame: <figure> <x> <y>`; nil if
  /// there is none. The paper's lines may go on beyond it.
  public func frame(of figure: String) -> ClosedRange<Double>? {
    for comment in comments {
      let words = comment.split(separator: " ")
      guard words.count == 4, words[0] == "frame:", words[1] == figure else { continue }
      let ends = words[2].split(separator: "..").compactMap { Double($0) }
      return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
    }
    return nil
  }

  /// The line of that name in that figure.
  public func curve(_ name: String, of figure: String) -> Curve? {
    curves.first { $0.figure == figure && $0.name == name }
  }

  /// The lines of one figure, in the order of its legend.
  public func curves(of figure: String) -> [Curve] { curves.filter { $0.figure == figure } }
}
