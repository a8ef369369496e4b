import Storage

/// A group of a document, read by names and labels instead of positions.
///
/// The dimensions of enclosing groups are visible, as they are on disk.
public struct DocumentView: Sendable {
  /// The group that is looked at.
  public let group: Group
  /// Its path: `/` for the root, else e.g. `/search/adam`.
  public let path: String
  /// The visible dimensions, innermost group first.
  private let scope: [Dimension]

  /// The root group of a document.
  public init(_ document: Document) {
    group = document.root
    path = "/"
    scope = document.root.dimensions
  }

  private init(group: Group, path: String, scope: [Dimension]) {
    self.group = group
    self.path = path
    self.scope = scope
  }

  /// The subgroup at a path relative to this group, e.g. `search/adam`.
  ///
  /// Throws `DocumentError.missing`.
  public func subgroup(_ path: String) throws -> DocumentView {
    var view = self
    for name in path.split(separator: "/") {
      guard let next = view.group.groups.first(where: { $0.name == name })?.group else {
        throw DocumentError.missing(
          "group", String(name), in: view.path, known: view.group.groups.map(\.name))
      }
      view = DocumentView(
        group: next, path: view.path == "/" ? "/\(name)" : "\(view.path)/\(name)",
        scope: next.dimensions + view.scope)
    }
    return view
  }

  /// Whether there is a subgroup at a path relative to this group.
  public func hasSubgroup(_ path: String) -> Bool { (try? subgroup(path)) != nil }

  /// Whether there is a variable of this name in this group.
  public func hasVariable(_ name: String) -> Bool { group.variable(name) != nil }

  /// The visible dimension of this name. Throws `DocumentError.missing`.
  public func dimension(_ name: String) throws -> Dimension {
    guard let dimension = scope.first(where: { $0.name == name }) else {
      throw DocumentError.missing("dimension", name, in: path, known: scope.map(\.name))
    }
    return dimension
  }

  /// The labels of a dimension as text; whole numbers without a fraction.
  public func labels(_ dimension: String) throws -> [String] {
    try self.dimension(dimension).labels.texts
  }

  /// The labels of a dimension as numbers. Throws `DocumentError.notNumeric` if they are names.
  public func coordinates(_ dimension: String) throws -> [Double] {
    guard let numbers = try self.dimension(dimension).labels.doubles else {
      throw DocumentError.notNumeric(dimension, in: path)
    }
    return numbers
  }

  /// The variable of this name. Throws `DocumentError.missing`.
  public func variable(_ name: String) throws -> Variable {
    guard let variable = group.variable(name) else {
      throw DocumentError.missing("variable", name, in: path, known: group.variables.map(\.name))
    }
    return variable
  }

  /// A variable, or the part of it where the given dimensions have the given labels, as numbers.
  ///
  /// A label is text as in `labels(_:)`; numbers are compared as numbers, so `1e-3` finds 0.001.
  public func array(
    _ name: String, _ selection: [String: String] = [:]
  ) throws -> LabelledArray<Double> {
    let part = try slice(name, selection)
    guard let numbers = part.values.doubles else {
      throw DocumentError.notNumeric(name, in: path)
    }
    return LabelledArray(dimensions: part.dimensions, values: numbers)
  }

  /// A variable, or the part of it where the given dimensions have the given labels, as text.
  public func texts(
    _ name: String, _ selection: [String: String] = [:]
  ) throws -> LabelledArray<String> {
    let part = try slice(name, selection)
    return LabelledArray(dimensions: part.dimensions, values: part.values.texts)
  }

  /// One number of a variable: the selection must name all its dimensions.
  public func number(_ name: String, _ selection: [String: String] = [:]) throws -> Double {
    try single(array(name, selection), name)
  }

  /// One text of a variable: the selection must name all its dimensions.
  public func text(_ name: String, _ selection: [String: String] = [:]) throws -> String {
    try single(texts(name, selection), name)
  }

  /// A curve: the labels of one dimension and the values of a variable along it.
  ///
  /// The selection must name all other dimensions of the variable.
  public func series(
    _ name: String, _ selection: [String: String], along dimension: String
  ) throws -> (x: [Double], y: [Double]) {
    let part = try array(name, selection)
    guard part.dimensions.map(\.name) == [dimension] else {
      throw DocumentError.open(name, in: path, part.dimensions.map(\.name), wanted: [dimension])
    }
    return (try coordinates(dimension), part.values)
  }

  private func single<Element>(_ part: LabelledArray<Element>, _ name: String) throws -> Element {
    guard part.dimensions.isEmpty, let value = part.values.first else {
      throw DocumentError.open(name, in: path, part.dimensions.map(\.name), wanted: [])
    }
    return value
  }

  private func slice(
    _ name: String, _ selection: [String: String]
  ) throws -> (dimensions: [Dimension], values: Values) {
    let variable = try variable(name)
    if let stranger = selection.keys.sorted().first(where: { !variable.dimensions.contains($0) }) {
      throw DocumentError.missing(
        "dimension", stranger, in: "\(path) \(name)", known: variable.dimensions)
    }
    let dimensions = try variable.dimensions.map { try dimension($0) }
    let expected = dimensions.reduce(1) { $0 * $1.length }
    guard variable.values.count == expected else {
      throw DocumentError.inconsistent(
        "\(name) has \(variable.values.count) values for \(expected) places", in: path)
    }
    var rest: [Dimension] = []
    var offsets = [0]
    for dimension in dimensions {
      let chosen: Range<Int>
      if let label = selection[dimension.name] {
        guard let position = dimension.position(of: label) else {
          throw DocumentError.missing(
            dimension.name, label, in: "\(path) \(name)", known: dimension.labels.texts)
        }
        chosen = position..<position + 1
      } else {
        rest.append(dimension)
        chosen = 0..<dimension.length
      }
      offsets = offsets.flatMap { offset in chosen.map { offset * dimension.length + $0 } }
    }
    return (rest, variable.values.at(offsets))
  }
}

/// Values over labelled axes, row-major.
public struct LabelledArray<Element: Sendable>: Sendable {
  /// The axes, slowest first.
  public var dimensions: [Dimension]
  /// The values, as many as the product of the axes' lengths.
  public var values: [Element]

  /// The axes' lengths.
  public var shape: [Int] { dimensions.map(\.length) }
}

extension LabelledArray: Equatable where Element: Equatable {}

extension Document {
  /// The root group, read by names and labels.
  public var view: DocumentView { DocumentView(self) }

  /// A curve of the root group; see `DocumentView.series`.
  public func series(
    _ name: String, _ selection: [String: String], along dimension: String
  ) throws -> (x: [Double], y: [Double]) {
    try view.series(name, selection, along: dimension)
  }
}

extension Group {
  /// The variable of this name, if there is one.
  public func variable(_ name: String) -> Variable? { variables.first { $0.name == name } }

  /// The subgroup at a path, e.g. `search/adam`, if there is one.
  public func group(_ path: String) -> Group? {
    path.split(separator: "/").reduce(Optional(self)) { group, name in
      group?.groups.first { $0.name == name }?.group
    }
  }

  /// The text of an attribute, if there is one with one text.
  public func text(_ attribute: String) -> String? { attributes.text(attribute) }

  /// The number of an attribute, if there is one with one number.
  public func number(_ attribute: String) -> Double? { attributes.number(attribute) }

  /// Adds a variable, or replaces the one of the same name where it stands.
  public mutating func set(_ variable: Variable) { variables.put(variable, named: \.name) }

  /// Adds an attribute, or replaces the one of the same name where it stands.
  public mutating func set(_ attribute: Attribute) { attributes.put(attribute, named: \.name) }

  /// Adds a subgroup, or replaces the one of the same name where it stands.
  public mutating func set(_ subgroup: Subgroup) { groups.put(subgroup, named: \.name) }
}

extension Array {
  fileprivate mutating func put(_ new: Element, named name: (Element) -> String) {
    if let index = firstIndex(where: { name($0) == name(new) }) {
      self[index] = new
    } else {
      append(new)
    }
  }
}

extension [Attribute] {
  /// The text of an attribute, if there is one with one text.
  public func text(_ name: String) -> String? {
    guard case .string(let texts) = first(where: { $0.name == name })?.values, texts.count == 1
    else { return nil }
    return texts[0]
  }

  /// The number of an attribute, if there is one with one number.
  public func number(_ name: String) -> Double? {
    guard let numbers = first(where: { $0.name == name })?.values.doubles, numbers.count == 1
    else { return nil }
    return numbers[0]
  }
}

extension Dimension {
  /// Where the label stands: the same text, or the same number.
  public func position(of label: String) -> Int? {
    if case .string(let names) = labels { return names.firstIndex(of: label) }
    guard let number = Double(label) else { return nil }
    if case .float(let labels) = labels { return labels.firstIndex(of: Float(number)) }
    return labels.doubles?.firstIndex(of: number)
  }
}

extension Values {
  /// The values as numbers; nil if they are text.
  public var doubles: [Double]? {
    switch self {
    case .double(let values): values
    case .float(let values): values.map(Double.init)
    case .int64(let values): values.map(Double.init)
    case .int32(let values): values.map(Double.init)
    case .uint8(let values): values.map(Double.init)
    case .string: nil
    }
  }

  /// The values as text; numbers in their shortest form, whole ones without a fraction.
  public var texts: [String] {
    switch self {
    case .double(let values): values.map { Self.withoutZeroFraction($0.description) }
    case .float(let values): values.map { Self.withoutZeroFraction($0.description) }
    case .int64(let values): values.map(\.description)
    case .int32(let values): values.map(\.description)
    case .uint8(let values): values.map(\.description)
    case .string(let values): values
    }
  }

  /// Whether both have the same type and the same bits: unlike `==`, not-a-number equals itself,
  /// and the two zeros differ.
  public func isIdentical(to other: Values) -> Bool {
    switch (self, other) {
    case (.double(let left), .double(let right)):
      left.elementsEqual(right) { $0.bitPattern == $1.bitPattern }
    case (.float(let left), .float(let right)):
      left.elementsEqual(right) { $0.bitPattern == $1.bitPattern }
    // Swift's strings compare by canonical equivalence, files by bytes.
    case (.string(let left), .string(let right)):
      left.elementsEqual(right) { $0.utf8.elementsEqual($1.utf8) }
    default: self == other
    }
  }

  func at(_ offsets: [Int]) -> Values {
    switch self {
    case .double(let values): .double(offsets.map { values[$0] })
    case .float(let values): .float(offsets.map { values[$0] })
    case .int64(let values): .int64(offsets.map { values[$0] })
    case .int32(let values): .int32(offsets.map { values[$0] })
    case .uint8(let values): .uint8(offsets.map { values[$0] })
    case .string(let values): .string(offsets.map { values[$0] })
    }
  }

  private static func withoutZeroFraction(_ text: String) -> String {
    text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

/// A question that a document cannot answer.
public enum DocumentError: UserFacingError, Equatable {
  /// There is no variable, group, dimension or label of this name.
  case missing(_ kind: String, _ name: String, in: String, known: [String])
  /// A variable or a dimension of names was asked for numbers.
  case notNumeric(_ name: String, in: String)
  /// More dimensions are left open than wanted.
  case open(_ name: String, in: String, _ dimensions: [String], wanted: [String])
  /// The parts of the document do not fit together.
  case inconsistent(_ what: String, in: String)

  /// What is wrong and where; one line.
  public var description: String {
    switch self {
    case .missing(let kind, let name, let place, let known):
      "there is no \(kind) \(name) in \(place); there is: \(known.joined(separator: ", "))"
    case .notNumeric(let name, let place):
      "\(name) in \(place) holds text, not numbers"
    case .open(let name, let place, let dimensions, let wanted):
      "\(name) in \(place) is left with the dimensions (\(dimensions.joined(separator: ", "))) "
        + "instead of (\(wanted.joined(separator: ", "))); give labels for the others"
    case .inconsistent(let what, let place):
      "the result document does not fit together in \(place): \(what)"
    }
  }

  /// 65: bad data.
  public var exitStatus: ExitStatus { .badData }
}
