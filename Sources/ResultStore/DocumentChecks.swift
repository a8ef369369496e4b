extension Document {
  /// Whether both hold the same: order, names, types and bits (not-a-number equals itself).
  ///
  /// Only the order of attributes does not count: HDF5 does not keep it.
  public func isIdentical(to other: Document) -> Bool { root.isIdentical(to: other.root) }

  /// Checks that names are legal and unique, that dimensions exist, and that counts fit.
  ///
  /// Throws `DocumentError.inconsistent`.
  public func check() throws {
    try root.check(path: "/", scope: [:])
  }
}

extension Group {
  fileprivate func isIdentical(to other: Group) -> Bool {
    attributes.isIdentical(to: other.attributes)
      && dimensions.elementsEqual(other.dimensions) {
        $0.name == $1.name && $0.labels.isIdentical(to: $1.labels)
          && $0.attributes.isIdentical(to: $1.attributes)
      }
      && variables.elementsEqual(other.variables) {
        $0.name == $1.name && $0.dimensions == $1.dimensions
          && $0.values.isIdentical(to: $1.values) && $0.attributes.isIdentical(to: $1.attributes)
      }
      && groups.elementsEqual(other.groups) {
        $0.name == $1.name && $0.group.isIdentical(to: $1.group)
      }
  }

  fileprivate func check(path: String, scope outer: [String: Int]) throws {
    var names: Set<String> = []
    for name in dimensions.map(\.name) + variables.map(\.name) + groups.map(\.name) {
      guard !name.isEmpty, name != ".", !name.contains("/"), !name.contains("\0") else {
        throw DocumentError.inconsistent("\"\(name)\" cannot be a name", in: path)
      }
      guard names.insert(name).inserted else {
        throw DocumentError.inconsistent("the name \(name) is there twice", in: path)
      }
    }
    var scope = outer
    try attributes.check(path)
    for dimension in dimensions {
      scope[dimension.name] = dimension.length
      try dimension.labels.check("\(path) \(dimension.name)")
      try dimension.attributes.check("\(path) \(dimension.name)")
    }
    for variable in variables {
      let place = "\(path) \(variable.name)"
      var expected = 1
      for name in variable.dimensions {
        guard let length = scope[name] else {
          throw DocumentError.inconsistent("there is no dimension \(name)", in: place)
        }
        expected *= length
      }
      guard Set(variable.dimensions).count == variable.dimensions.count else {
        throw DocumentError.inconsistent("a dimension is there twice", in: place)
      }
      guard variable.values.count == expected else {
        throw DocumentError.inconsistent(
          "\(variable.values.count) values for \(expected) places", in: place)
      }
      try variable.values.check(place)
      try variable.attributes.check(place)
    }
    for subgroup in groups {
      let place = path == "/" ? "/\(subgroup.name)" : "\(path)/\(subgroup.name)"
      try subgroup.group.check(path: place, scope: scope)
    }
  }
}

extension [Attribute] {
  /// By name, as bytes: the order in which they are stored and read.
  var sortedByName: [Attribute] { sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }

  fileprivate func isIdentical(to other: [Attribute]) -> Bool {
    sortedByName.elementsEqual(other.sortedByName) {
      $0.name == $1.name && $0.values.isIdentical(to: $1.values)
    }
  }

  fileprivate func check(_ place: String) throws {
    var names: Set<String> = []
    for attribute in self {
      guard !attribute.name.isEmpty, !attribute.name.contains("\0"),
        !HDF5Names.reservedAttributes.contains(attribute.name)
      else {
        throw DocumentError.inconsistent("\"\(attribute.name)\" cannot be an attribute", in: place)
      }
      guard names.insert(attribute.name).inserted else {
        throw DocumentError.inconsistent(
          "the attribute \(attribute.name) is there twice", in: place)
      }
      guard attribute.values.count > 0 else {
        throw DocumentError.inconsistent("the attribute \(attribute.name) is empty", in: place)
      }
      try attribute.values.check("\(place) \(attribute.name)")
    }
  }
}

extension Values {
  fileprivate func check(_ place: String) throws {
    guard case .string(let texts) = self else { return }
    guard !texts.contains(where: { $0.utf8.contains(0) }) else {
      throw DocumentError.inconsistent("a text has a zero byte", in: place)
    }
  }
}

enum HDF5Names {
  /// What the dimension scales specification and netCDF-4 keep for themselves, and the list of what
  /// a file holds.
  static let reservedAttributes: Set<String> = [
    ContentList.namesAttribute, ContentList.digestAttribute,
    "CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "DIMENSION_LABELS", "_NCProperties",
    "_Netcdf4Dimid", "_Netcdf4Coordinates", "_nc3_strict",
  ]
}
