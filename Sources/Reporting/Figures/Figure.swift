import Foundation
import ResultStore

/// What a figure shows and how: declared beside an experiment, stored with its results, drawn from
/// the result file alone.
public struct Figure: Sendable, Equatable, Codable {
  /// The id, e.g. `fig1a`; also the name of its files.
  public var id: String
  /// The title above the panels.
  public var title: String
  /// Where the paper shows it, e.g. `Figure 1 (left)`; empty if it has no such figure.
  public var place: String
  /// What the paper's figure shows, and what to look for, for readers who cannot see it.
  public var caption: String
  /// The panels, row by row.
  public var panels: [Panel]
  /// How many panels stand in a row.
  public var columns: Int

  /// A figure of any panels.
  public init(
    _ id: String, _ title: String, place: String = "", caption: String = "", columns: Int = 2,
    panels: [Panel]
  ) {
    self.id = id
    self.title = title
    self.place = place
    self.caption = caption
    self.columns = columns
    self.panels = panels
  }

  /// A figure of the paper, drawn once an arm, side by side.
  ///
  /// - Parameters:
  ///   - arms: the arms with the titles of their panels; empty: one panel, for documents without
  ///     arms.
  ///   - lines: the contenders; their curves in the paper have the same names unless said.
  ///   - costLevels: as in `Panel`.
  public init(
    _ id: String, _ title: String, place: String = "", caption: String = "", x: Axis, y: Axis,
    arms: [Arm] = [.fitted, .tuned], lines: [Line], costLevels: [Double]? = nil
  ) {
    let panels =
      arms.isEmpty
      ? [Panel("", x: x, y: y, lines: lines, costLevels: costLevels)]
      : arms.map {
        Panel(
          Self.title(of: $0), x: x, y: y, select: ["arm": $0.rawValue], lines: lines,
          costLevels: costLevels)
      }
    self.init(
      id, title, place: place, caption: caption, columns: Swift.max(1, panels.count),
      panels: panels)
  }

  /// Whether the panels are so many that they are small and share one legend.
  public var isGrid: Bool { panels.count >= 6 }

  /// The lines of all panels, each name once.
  package var legend: [Line] {
    var entries: [Line] = []
    for line in panels.flatMap(\.lines)
    where !line.name.isEmpty && !entries.contains(where: { $0.name == line.name }) {
      entries.append(line)
    }
    return entries
  }

  /// The title of an arm's panel.
  public static func title(of arm: Arm) -> String { "\(arm.rawValue): \(arm.meaning)" }

  /// One pair of axes with its lines.
  public struct Panel: Sendable, Equatable, Codable {
    /// The title; may be empty.
    public var title: String
    /// The horizontal axis.
    public var x: Axis
    /// The vertical axis.
    public var y: Axis
    /// Labels that hold for all lines, e.g. `["arm": "tuned"]`. Where a variable lacks the
    /// dimension, the label is ignored.
    public var select: [String: String]
    /// The lines, in the legend's order.
    public var lines: [Line]
    /// The paper's figure whose curves are drawn; nil: the figure's own id.
    public var paperFigure: String?
    /// Costs, from the highest on: under the panel stands after how many passes each line is there. Nil:
    /// nothing of this kind.
    public var costLevels: [Double]?
    /// What the title tells of the lines, in order; nil: nothing.
    public var largest: [Largest]?

    /// One pair of axes with its lines.
    public init(
      _ title: String, x: Axis, y: Axis, select: [String: String] = [:], lines: [Line],
      paperFigure: String? = nil, costLevels: [Double]? = nil, largest: [Largest]? = nil
    ) {
      self.title = title
      self.x = x
      self.y = y
      self.select = select
      self.lines = lines
      self.paperFigure = paperFigure
      self.costLevels = costLevels
      self.largest = largest
    }
  }

  /// The largest value of a line, to be told in the panel's title.
  public struct Largest: Sendable, Equatable, Codable {
    /// What stands before the number, e.g. `stated`.
    public var label: String
    /// The line's name.
    public var line: String

    /// The largest value of the line of that name.
    public init(_ label: String, of line: String) {
      self.label = label
      self.line = line
    }
  }

  /// An axis: label, range, scale.
  public struct Axis: Sendable, Equatable, Codable {
    /// The label.
    public var label: String
    /// The range; nil: that of the data.
    public var low: Double?
    /// The upper end of the range; nil: that of the data.
    public var high: Double?
    /// Whether the scale is logarithmic.
    public var isLogarithmic: Bool
    /// Where ticks stand; nil: wherever suits.
    public var ticks: [Double]?

    /// A linear axis.
    public static func linear(
      _ label: String, _ range: ClosedRange<Double>? = nil, ticks: [Double]? = nil
    ) -> Axis {
      Axis(
        label: label, low: range?.lowerBound, high: range?.upperBound, isLogarithmic: false,
        ticks: ticks)
    }

    /// A logarithmic axis.
    public static func logarithmic(
      _ label: String, _ range: ClosedRange<Double>? = nil, ticks: [Double]? = nil
    ) -> Axis {
      Axis(
        label: label, low: range?.lowerBound, high: range?.upperBound, isLogarithmic: true,
        ticks: ticks)
    }
  }

  /// The colours, safe for colour-blind readers (Okabe & Ito 2008), by the names that the paper's
  /// legends suggest.
  public enum Colour: String, Sendable, Codable, CaseIterable {
    /// Blue.
    case blue
    /// Bluish green.
    case green
    /// Vermilion.
    case red
    /// Sky blue.
    case cyan
    /// Reddish purple.
    case magenta
    /// Orange.
    case orange
    /// Near black.
    case black
    /// Grey, for references.
    case grey
  }

  /// What the band around a line shows.
  public enum Band: Sendable, Equatable, Codable {
    /// The range over the dimension `seed`, the line being the median.
    case seeds
    /// Two standard errors on either side of the line, which shows how far the variable is from a value.
    /// `deviation` is the variable that has its distance from there in standard errors.
    case standardErrors(from: Double, deviation: String)
    /// The variable's own quantiles along a dimension: the line, and the ends of the band.
    case quantiles(dimension: String, middle: String, low: String, high: String)
    /// No band; the variable has one value at each place.
    case none
  }

  /// One line: a variable along a dimension, at fixed labels of the others.
  public struct Line: Sendable, Equatable, Codable {
    /// The label at the line's end; empty: none.
    public var name: String
    /// The colour.
    public var colour: Colour
    /// The variable, e.g. `train_cost_running`.
    public var variable: String
    /// The dimension that runs along the horizontal axis.
    public var along: String
    /// The variable's labels along its other dimensions.
    public var select: [String: String]
    /// What the band shows.
    public var band: Band
    /// The curve's name in the paper; nil: there is none.
    public var paper: String?
    /// Whether the values are drawn as unconnected points.
    public var isPoints: Bool
    /// A variable to take the horizontal coordinates from instead of the labels of `along`, e.g.
    /// `seconds`; its median over seeds is used.
    public var xVariable: String?
    /// Labels of the line whose last value of `xVariable`, divided by its label along `along`, is the
    /// unit of the horizontal coordinates, e.g. the seconds of a pass of another contender; nil: the
    /// variable's own unit.
    public var xUnit: [String: String]?
    /// Labels of the line that this one is divided by, seed by seed, e.g. `["optimizer": "Adam"]`; the
    /// paper's curve is divided by its curve of that optimizer. Nil: the values themselves.
    public var relativeTo: [String: String]?
    /// Over how many places along the horizontal axis each seed's values and the ends of the band are
    /// averaged; nil: not at all.
    public var smoothing: Int?

    /// A line of any variable.
    public init(
      _ name: String, _ colour: Colour, variable: String, along: String,
      select: [String: String] = [:], band: Band = .seeds, paper: String? = nil,
      isPoints: Bool = false, xVariable: String? = nil, xUnit: [String: String]? = nil,
      relativeTo: [String: String]? = nil, smoothing: Int? = nil
    ) {
      self.name = name
      self.colour = colour
      self.variable = variable
      self.along = along
      self.select = select
      self.band = band
      self.paper = paper
      self.isPoints = isPoints
      self.xVariable = xVariable
      self.xUnit = xUnit
      self.relativeTo = relativeTo
      self.smoothing = smoothing
    }

    /// The cost of a contender along the epochs: the median over seeds with their range, and the
    /// paper's curve of the same name.
    ///
    /// - Parameters:
    ///   - label: the label at the line's end; nil: the contender's name.
    ///   - paper: the curve's name in the paper; nil: the contender's name.
    public static func contender(
      _ contender: String, _ colour: Colour, label: String? = nil, paper: String? = nil,
      measure: Measure = .runningCost
    ) -> Line {
      Line(
        label ?? contender, colour, variable: measure.name, along: "epoch",
        select: ["optimizer": contender], paper: paper ?? contender)
    }
  }
}

extension Figure {
  /// The figure as a group `/figures/<id>`: its description as JSON, and the paper's curves that
  /// it shows as arrays along `point`.
  public func encoded(paper: PaperCurves) throws -> Group {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let description = String(decoding: try encoder.encode(self), as: UTF8.self)
    var group = Group()
    group.attributes = [
      Attribute("long_name", title), Attribute("description", description),
    ]
    var shown: [PaperCurves.Curve] = []
    for panel in panels {
      for line in panel.lines {
        guard let name = line.paper else { continue }
        for name in [name, line.relativeTo?["optimizer"]].compactMap(\.self) {
          if let curve = paper.curve(name, of: panel.paperFigure ?? id), !shown.contains(curve) {
            shown.append(curve)
          }
        }
      }
    }
    if shown.isEmpty { return group }
    group.attributes.append(
      Attribute(
        "references",
        paper.comments.filter { $0.hasPrefix("source:") }
          .map { String($0.dropFirst(8)) }.joined(separator: "; ")))
    let rows = shown.flatMap { curve in curve.points.map { (curve, $0) } }
    group.dimensions = [
      Dimension(
        "point", .int64(rows.indices.map(Int64.init)),
        attributes: [Attribute("long_name", "point of the paper's curves")])
    ]
    func column(_ name: String, _ longName: String, _ values: Values) -> Variable {
      Variable(name, ["point"], values, attributes: [Attribute("long_name", longName)])
    }
    group.variables = [
      column("figure", "the paper's figure", .string(rows.map(\.0.figure))),
      column("curve", "name in the paper's legend", .string(rows.map(\.0.name))),
      column("x", "horizontal coordinate", .double(rows.map(\.1.x))),
      column("y", "vertical coordinate", .double(rows.map(\.1.y))),
      column("note", "kind of point; - is a plain one", .string(rows.map(\.1.note.rawValue))),
    ]
    return group
  }

  /// Reads a group `/figures/<id>` back: the figure and the paper's curves that it shows.
  ///
  /// - Throws: `ReportError.malformedFigure`.
  public static func decode(_ id: String, _ group: Group) throws -> (Figure, PaperCurves) {
    guard let description = group.text("description") else {
      throw ReportError.malformedFigure(id: id, "there is no attribute 'description'")
    }
    let figure: Figure
    do {
      figure = try JSONDecoder().decode(Figure.self, from: Data(description.utf8))
    } catch {
      throw ReportError.malformedFigure(id: id, "the attribute 'description' is not understood")
    }
    guard group.variable("curve") != nil else { return (figure, PaperCurves()) }
    guard let figures = group.variable("figure")?.strings,
      let names = group.variable("curve")?.strings,
      let notes = group.variable("note")?.strings,
      let x = group.variable("x")?.values.doubles, let y = group.variable("y")?.values.doubles,
      Set([figures.count, names.count, notes.count, x.count, y.count]).count == 1
    else {
      throw ReportError.malformedFigure(id: id, "the paper's curves are incomplete")
    }
    var curves: [PaperCurves.Curve] = []
    for row in names.indices {
      guard let note = PaperCurves.Note(rawValue: notes[row]) else {
        throw ReportError.malformedFigure(id: id, "unknown note '\(notes[row])'")
      }
      let point = PaperCurves.Point(x: x[row], y: y[row], note: note)
      if let last = curves.last, last.figure == figures[row], last.name == names[row] {
        curves[curves.count - 1].points.append(point)
      } else {
        curves.append(.init(figure: figures[row], name: names[row], points: [point]))
      }
    }
    let source = group.text("references").map { ["source: \($0)"] } ?? []
    return (figure, PaperCurves(curves, comments: source))
  }
}

extension [Figure] {
  /// All figures as the group `/figures` of a document.
  public func encoded(paper: PaperCurves) throws -> Group {
    var group = Group()
    group.attributes = [
      Attribute("long_name", "descriptions of the figures, and the paper's curves")
    ]
    group.groups = try map { Subgroup($0.id, try $0.encoded(paper: paper)) }
    return group
  }
}
