import Foundation
import Storage

extension Document {
  /// The SHA-256 of the numbers alone: every numeric variable outside `/volatile`, the claims, figures
  /// and choices, with the labels of its axes. Two machines that compute the same have the same,
  /// whatever their processors, libraries and commits; not-a-number is one value.
  public var numbersDigest: String {
    var digest = CanonicalDigest()
    digest.addNumbers(of: root, path: "")
    return digest.finalize()
  }

  /// The SHA-256 of everything that repeats: all but `/volatile`, the commit of the program and the
  /// hashes themselves. The bytes depend on the version of HDF5.
  ///
  /// - Throws: as `ResultFile.encode`.
  public func contentIdentity() throws -> String {
    SHA256.hexDigest(of: try ResultFile.encode(repeatable, isListed: false))
  }

  /// The part that repeats: without times, and without what names the commit and the hashes.
  public var repeatable: Document {
    func withoutVolatile(_ group: Group) -> Group {
      var group = group
      group.groups.removeAll { $0.name == "volatile" }
      group.groups = group.groups.map { Subgroup($0.name, withoutVolatile($0.group)) }
      return group
    }
    var content = Document(root: withoutVolatile(root))
    content.root.attributes.removeAll {
      // The note on the data follows from their checksum.
      $0.name.hasPrefix("git_")
        || ["content_sha256", "numbers_sha256", "data_note"].contains($0.name)
    }
    return content
  }

  /// The SHA-256 of all that the document holds; the order of objects in a group does not count,
  /// for tools that copy files change it.
  var wholeDigest: String {
    var digest = CanonicalDigest()
    digest.addAll(of: root, path: "")
    return digest.finalize()
  }

  /// The paths of all objects and attributes, e.g. `/claims/verdict` and `/train_cost@units`.
  var contents: [String] {
    var names: [String] = []
    func add(_ attributes: [Attribute], of path: String) {
      names += attributes.map { "\(path)@\($0.name)" }
    }
    func add(_ group: Group, _ path: String) {
      add(group.attributes, of: path.isEmpty ? "/" : path)
      for dimension in group.dimensions {
        names.append("\(path)/\(dimension.name)")
        add(dimension.attributes, of: "\(path)/\(dimension.name)")
      }
      for variable in group.variables {
        names.append("\(path)/\(variable.name)")
        add(variable.attributes, of: "\(path)/\(variable.name)")
      }
      for subgroup in group.groups {
        names.append("\(path)/\(subgroup.name)")
        add(subgroup.group, "\(path)/\(subgroup.name)")
      }
    }
    add(root, "")
    return names
  }
}

/// Feeds documents to SHA-256 in a form of its own, which no library's version changes.
private struct CanonicalDigest {
  private var digest = SHA256()

  mutating func finalize() -> String { digest.finalize() }

  mutating func addNumbers(of group: Group, path: String) {
    for dimension in group.dimensions.sorted(by: { $0.name < $1.name }) {
      add("axis \(path)/\(dimension.name)")
      add(dimension.labels, isNaNOneValue: true)
    }
    for variable in group.variables.sorted(by: { $0.name < $1.name }) {
      if case .string = variable.values { continue }
      add("array \(path)/\(variable.name) over \(variable.dimensions.joined(separator: " "))")
      add(variable.values, isNaNOneValue: true)
    }
    for subgroup in group.groups.sorted(by: { $0.name < $1.name }) where subgroup.name != "volatile"
    {
      if path.isEmpty && !subgroup.holdsNumbersOfRuns { continue }
      addNumbers(of: subgroup.group, path: "\(path)/\(subgroup.name)")
    }
  }

  mutating func addAll(of group: Group, path: String) {
    add("group \(path)")
    add(group.attributes)
    for dimension in group.dimensions.sorted(by: { $0.name < $1.name }) {
      add("axis \(path)/\(dimension.name)")
      add(dimension.labels, isNaNOneValue: false)
      add(dimension.attributes)
    }
    for variable in group.variables.sorted(by: { $0.name < $1.name }) {
      add("array \(path)/\(variable.name) over \(variable.dimensions.joined(separator: " "))")
      add(variable.values, isNaNOneValue: false)
      add(variable.attributes)
    }
    for subgroup in group.groups.sorted(by: { $0.name < $1.name }) {
      addAll(of: subgroup.group, path: "\(path)/\(subgroup.name)")
    }
  }

  private mutating func add(_ attributes: [Attribute]) {
    for attribute in attributes.sortedByName {
      add("attribute \(attribute.name)")
      add(attribute.values, isNaNOneValue: false)
    }
  }

  /// A length before each text keeps texts apart.
  private mutating func add(_ text: String) {
    digest.update("\(text.utf8.count) ")
    digest.update(text)
  }

  private mutating func add(_ values: Values, isNaNOneValue: Bool) {
    digest.update("\(values.typeName) \(values.count) ")
    switch values {
    case .double(let values):
      addBytes(isNaNOneValue ? values.map { $0.isNaN ? .nan : $0 } : values)
    case .float(let values):
      addBytes(isNaNOneValue ? values.map { $0.isNaN ? .nan : $0 } : values)
    case .int64(let values): addBytes(values)
    case .int32(let values): addBytes(values)
    case .uint8(let values): addBytes(values)
    case .string(let texts): for text in texts { add(text) }
    }
  }

  private mutating func addBytes<Element>(_ values: [Element]) {
    values.withUnsafeBytes { digest.update($0) }
  }
}

extension Values {
  /// The type of the elements, e.g. `float64`; `text` for strings.
  package var typeName: String {
    switch self {
    case .double: "float64"
    case .float: "float32"
    case .int64: "int64"
    case .int32: "int32"
    case .uint8: "uint8"
    case .string: "text"
    }
  }
}
