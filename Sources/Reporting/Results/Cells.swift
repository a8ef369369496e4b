import ResultStore

/// One numeric variable of a document, for many look-ups by label.
package struct Cells: Sendable {
  /// The variable's name.
  package let name: String
  /// The dimensions, slowest first.
  package let dimensions: [Dimension]
  /// The labels along each dimension, as text; whole numbers without a fraction.
  package let labels: [[String]]
  private let positions: [[String: Int]]
  private let values: [Double]

  /// A measure of training runs; nil if the document does not have it.
  package init?(_ measure: Measure, in document: Document) {
    self.init(measure.name, in: document)
  }

  /// The variable at `name`, which may be a path such as `search/outcome`; nil if it is not there,
  /// is not numeric, or does not fit its dimensions.
  package init?(_ name: String, in document: Document) {
    let parts = name.split(separator: "/").map(String.init)
    guard let leaf = parts.last,
      let view = try? document.view.subgroup(parts.dropLast().joined(separator: "/")),
      let array = try? view.array(leaf)
    else { return nil }
    self.name = name
    dimensions = array.dimensions
    values = array.values
    labels = array.dimensions.map(\.labels.texts)
    positions = labels.map { texts in
      Dictionary(zip(texts, texts.indices), uniquingKeysWith: { first, _ in first })
    }
  }

  /// The labels along a dimension; none if the variable has no such dimension.
  package func labels(of dimension: String) -> [String] {
    dimensions.firstIndex { $0.name == dimension }.map { labels[$0] } ?? []
  }

  /// Whether the variable extends along the dimension.
  package func has(_ dimension: String) -> Bool { dimensions.contains { $0.name == dimension } }

  /// Whether the label is there along that dimension: the same text, or the same number.
  package func has(_ dimension: String, _ label: String) -> Bool {
    dimensions.firstIndex { $0.name == dimension }.map { position(of: label, $0) != nil } ?? false
  }

  /// The value at one label a dimension. Dimensions that the variable lacks are ignored; one of
  /// length 1 needs no label. Nil if a label is missing or not there.
  package func value(at selection: [String: String]) -> Double? {
    var offset = 0
    for (axis, dimension) in dimensions.enumerated() {
      offset *= dimension.length
      if let label = selection[dimension.name] {
        guard let position = position(of: label, axis) else { return nil }
        offset += position
      } else if dimension.length != 1 {
        return nil
      }
    }
    return values[offset]
  }

  private func position(of label: String, _ axis: Int) -> Int? {
    positions[axis][label] ?? dimensions[axis].position(of: label)
  }
}

/// The variable `status` of a document: what became of each run, by the words of its own flags.
package struct RunStatus: Sendable {
  private let cells: Cells
  private let states: [Double: RunState?]

  /// The variable `status`; nil if the document has none.
  package init?(_ document: Document) {
    guard let cells = Cells(RunState.variable, in: document) else { return nil }
    self.cells = cells
    let attributes = document.root.variable(RunState.variable)?.attributes ?? []
    let words =
      attributes.text("flag_meanings")?.split(separator: " ").map(String.init)
      ?? RunState.allCases.map(\.word)
    let codes =
      attributes.first { $0.name == "flag_values" }?.values.doubles
      ?? words.indices.map(Double.init)
    states = Dictionary(zip(codes, words.map { RunState(word: $0) })) { first, _ in first }
  }

  /// What became of the run; nil if there is no such run, or nothing known.
  package func state(at selection: [String: String]) -> RunState? {
    cells.value(at: selection).flatMap { states[$0] ?? nil }
  }
}

extension Group {
  /// The labels along a dimension defined here, as text.
  package func labels(of dimension: String) -> [String] {
    dimensions.first { $0.name == dimension }?.labels.texts ?? []
  }
}

extension Variable {
  /// The values, if they are text.
  package var strings: [String]? { if case .string(let texts) = values { texts } else { nil } }
}

extension Document {
  /// `official`, `debian` or `stand-in`, or `none` for experiments that need no data set; empty if
  /// the document does not say.
  package var dataOrigin: String { root.text("data_origin") ?? "" }

  /// Whether claims may be judged on this data.
  package var hasRealData: Bool {
    ["official", "debian", "none"].contains(dataOrigin) && otherData.isEmpty
  }

  /// What was used in place of the experiment's data, e.g. `Fashion-MNIST in place of MNIST`; empty if
  /// nothing was.
  package var otherData: String { root.text("other_data") ?? "" }

  /// How the protocol was shortened, e.g. `20 of 200 epochs`; empty when it is the paper's in full.
  package var shortened: String { root.text("shortened") ?? "" }

  /// What is missing of the runs that the protocol has, e.g. `23 runs missing`; empty when all are there.
  package var unfinished: String { root.text("unfinished") ?? "" }

  /// Why the settings of an arm do not belong to these runs, if a search chose them; nil if they do.
  package func searchedElsewhere(_ arm: String) -> String? {
    guard arm == Arm.tuned.rawValue || arm == Arm.literal.rawValue else { return nil }
    return root.group("search")?.text("other_horizon")
  }
}
