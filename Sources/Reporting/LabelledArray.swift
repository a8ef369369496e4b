import ResultStore

/// A label along a dimension: a name such as an optimizer's, or a number such as an epoch.
public enum Label: Sendable, Hashable, Codable, CustomStringConvertible,
  ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral
{
  /// A name.
  case name(String)
  /// A number.
  case number(Double)

  /// A name.
  public init(stringLiteral value: String) { self = .name(value) }
  /// A number.
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }

  /// Reads a JSON string or number.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else {
      self = .name(try container.decode(String.self))
    }
  }

  /// Writes a JSON string or number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .name(let name): try container.encode(name)
    case .number(let number): try container.encode(number)
    }
  }

  /// The label as people write it.
  public var description: String {
    switch self {
    case .name(let name): name
    case .number(let number): NumberText.exact(number)
    }
  }

  /// Whether two labels mean the same: names exactly, numbers to 1e-5 (a paper's `log10_alpha`
  /// has six decimals).
  public func matches(_ other: Label) -> Bool {
    switch (self, other) {
    case (.name(let a), .name(let b)): a == b
    case (.number(let a), .number(let b)): Swift.abs(a - b) <= 1e-5
    default: false
    }
  }
}

/// One numeric variable of a document, addressed by labels.
package struct LabelledArray: Sendable {
  /// The variable's name.
  package let name: String
  /// The names of its dimensions, slowest first.
  package let dimensions: [String]
  /// The labels along each dimension.
  package let labels: [[Label]]
  private let values: [Double]
  private let strides: [Int]

  /// The variable `name`, which may be a path such as `search/outcome`; nil if it is not there, is
  /// not numeric, or does not fit its dimensions.
  package init?(_ name: String, in document: Document) {
    var scope = [document.root]
    var parts = name.split(separator: "/").map(String.init)
    guard let leaf = parts.popLast() else { return nil }
    for part in parts {
      guard let next = scope.last?.groups.first(where: { $0.name == part }) else { return nil }
      scope.append(next.group)
    }
    guard let variable = scope.last?.variables.first(where: { $0.name == leaf }) else { return nil }
    guard let values = variable.values.doubles else { return nil }
    var labels: [[Label]] = []
    for dimension in variable.dimensions {
      guard
        let found = scope.reversed().lazy
          .compactMap({ $0.dimensions.first(where: { $0.name == dimension }) }).first
      else { return nil }
      labels.append(found.labels.asLabels)
    }
    guard labels.reduce(1, { $0 * $1.count }) == values.count else { return nil }
    var strides = [Int](repeating: 1, count: labels.count)
    for axis in labels.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * labels[axis + 1].count
    }
    self.name = name
    self.dimensions = variable.dimensions
    self.labels = labels
    self.values = values
    self.strides = strides
  }

  /// The labels along a dimension; none if the variable has no such dimension.
  package func labels(of dimension: String) -> [Label] {
    dimensions.firstIndex(of: dimension).map { labels[$0] } ?? []
  }

  /// Whether the variable extends along the dimension.
  package func has(_ dimension: String) -> Bool { dimensions.contains(dimension) }

  /// The value at one label a dimension. Labels of dimensions that the variable lacks are ignored;
  /// a dimension of length 1 needs no label. Nil if a label is missing or not there.
  package func value(at selection: [String: Label]) -> Double? {
    var offset = 0
    for (axis, dimension) in dimensions.enumerated() {
      if let wanted = selection[dimension] {
        guard let index = labels[axis].firstIndex(where: { $0.matches(wanted) }) else { return nil }
        offset += index * strides[axis]
      } else if labels[axis].count != 1 {
        return nil
      }
    }
    return values[offset]
  }
}

extension Values {
  /// Numbers as doubles; nil for text.
  package var doubles: [Double]? {
    switch self {
    case .double(let values): values
    case .float(let values): values.map(Double.init)
    case .int64(let values): values.map(Double.init)
    case .int32(let values): values.map(Double.init)
    case .uint8(let values): values.map(Double.init)
    case .string: nil
    }
  }

  /// Text; nil for numbers.
  package var strings: [String]? {
    if case .string(let values) = self { values } else { nil }
  }

  package var asLabels: [Label] {
    if let names = strings { return names.map(Label.name) }
    return (doubles ?? []).map(Label.number)
  }
}

extension Group {
  /// The text attribute of that name.
  package func text(_ name: String) -> String? {
    attributes.first { $0.name == name }?.values.strings?.first
  }

  /// The subgroup of that name.
  package func subgroup(_ name: String) -> Group? { groups.first { $0.name == name }?.group }

  /// The variable of that name.
  package func variable(_ name: String) -> Variable? { variables.first { $0.name == name } }

  /// The labels along a dimension defined here.
  package func labels(of dimension: String) -> [Label] {
    dimensions.first { $0.name == dimension }?.labels.asLabels ?? []
  }
}

extension Document {
  /// The subgroup at a path such as `figures/fig1a`.
  package func group(_ path: String) -> Group? {
    path.split(separator: "/").reduce(root as Group?) { $0?.subgroup(String($1)) }
  }

  /// `official`, `debian` or `stand-in`; empty if the document does not say.
  package var dataOrigin: String { root.text("data_origin") ?? "" }

  /// Whether claims may be judged on this data. Experiments without any data set say `none`.
  package var hasRealData: Bool { ["official", "debian", "none"].contains(dataOrigin) }

  /// How the protocol was shortened, e.g. `20 of 200 epochs`; empty when it is the paper's in full.
  package var shortened: String { root.text("shortened") ?? "" }
}
