/// A tree of labelled arrays in memory: what a result file holds, and what figures and claims read.
///
/// The model is netCDF's: named dimensions, variables over them, attributes, nested groups. A
/// dimension's scale is the variable of the same name.
public struct Document: Sendable, Equatable {
  /// The root group.
  public var root: Group

  /// A document with the given root.
  public init(root: Group = Group()) { self.root = root }
}

/// A group of variables, with attributes and subgroups. Order is kept, on disk too, but for that of
/// attributes: HDF5 stores them by name.
public struct Group: Sendable, Equatable {
  /// Attributes; their names are unique.
  public var attributes: [Attribute] = []
  /// The dimensions defined here; those of enclosing groups are visible too.
  public var dimensions: [Dimension] = []
  /// The variables, in order.
  public var variables: [Variable] = []
  /// The subgroups, in order.
  public var groups: [Subgroup] = []

  /// An empty group.
  public init() {}
}

/// A named group inside another.
public struct Subgroup: Sendable, Equatable {
  /// The name.
  public var name: String
  /// The content.
  public var group: Group

  /// A named group.
  public init(_ name: String, _ group: Group) {
    self.name = name
    self.group = group
  }
}

/// A named axis, with its labels: an HDF5 dimension scale of the same name.
public struct Dimension: Sendable, Equatable {
  /// The name, e.g. `epoch`.
  public var name: String
  /// The labels along the axis: numbers or names.
  public var labels: Values
  /// Attributes of the scale, e.g. `long_name`, `units`.
  public var attributes: [Attribute]

  /// The length.
  public var length: Int { labels.count }

  /// An axis with its labels, and what they are.
  public init(_ name: String, _ labels: Values, _ meaning: String, units: String? = nil) {
    self.init(name, labels, attributes: .meaning(meaning, units: units))
  }

  /// An axis with its labels.
  public init(_ name: String, _ labels: Values, attributes: [Attribute] = []) {
    self.name = name
    self.labels = labels
    self.attributes = attributes
  }
}

/// An n-dimensional array, row-major, over named dimensions. No dimensions: a scalar.
public struct Variable: Sendable, Equatable {
  /// The name, e.g. `train_cost`.
  public var name: String
  /// The names of its dimensions, slowest first.
  public var dimensions: [String]
  /// The values, as many as the product of the dimensions' lengths.
  public var values: Values
  /// Attributes, e.g. `long_name`, `units`.
  public var attributes: [Attribute]

  /// An array over the named dimensions, and what it is.
  public init(
    _ name: String, _ dimensions: [String], _ values: Values, _ meaning: String,
    units: String? = nil
  ) {
    self.init(name, dimensions, values, attributes: .meaning(meaning, units: units))
  }

  /// An array over the named dimensions.
  public init(
    _ name: String, _ dimensions: [String], _ values: Values, attributes: [Attribute] = []
  ) {
    self.name = name
    self.dimensions = dimensions
    self.values = values
    self.attributes = attributes
  }
}

extension [Attribute] {
  /// What something is, and its unit where it is a number.
  public static func meaning(_ longName: String, units: String? = nil) -> [Attribute] {
    [Attribute("long_name", longName)] + (units.map { [Attribute("units", $0)] } ?? [])
  }
}

/// The values of a variable, by element type.
public enum Values: Sendable, Equatable {
  /// 64-bit floating point.
  case double([Double])
  /// 32-bit floating point.
  case float([Float])
  /// Signed 64-bit integers.
  case int64([Int64])
  /// Signed 32-bit integers.
  case int32([Int32])
  /// Unsigned bytes, e.g. flags.
  case uint8([UInt8])
  /// Variable-length UTF-8 strings.
  case string([String])

  /// The number of elements.
  public var count: Int {
    switch self {
    case .double(let values): values.count
    case .float(let values): values.count
    case .int64(let values): values.count
    case .int32(let values): values.count
    case .uint8(let values): values.count
    case .string(let values): values.count
    }
  }
}

/// A named attribute.
public struct Attribute: Sendable, Equatable {
  /// The name.
  public var name: String
  /// The value; one element is stored as a scalar.
  public var values: Values

  /// An attribute with any values.
  public init(_ name: String, values: Values) {
    self.name = name
    self.values = values
  }

  /// A text attribute.
  public init(_ name: String, _ text: String) { self.init(name, values: .string([text])) }

  /// A numeric attribute.
  public init(_ name: String, _ number: Double) { self.init(name, values: .double([number])) }

  /// An integer attribute.
  public init(_ name: String, _ number: Int) { self.init(name, values: .int64([Int64(number)])) }
}
