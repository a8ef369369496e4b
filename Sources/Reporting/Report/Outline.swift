import ResultStore

extension Document {
  /// The names of everything in the document with its type, shape and meaning, a line each.
  package var outline: String {
    Self.lines(of: root, path: "", lengths: [:]).joined(separator: "\n")
  }

  private static func lines(
    of group: Group, path: String, lengths outer: [String: Int]
  ) -> [String] {
    let lengths = outer.merging(group.dimensions.map { ($0.name, $0.length) }) { $1 }
    var rows: [[String]] = group.dimensions.map { dimension in
      [
        dimension.name, dimension.labels.typeName, "\(dimension.length)",
        meaning(dimension.attributes),
      ]
    }
    rows += group.variables.map { variable in
      let shape = variable.dimensions.map { "\($0) \(lengths[$0] ?? 0)" }.joined(separator: ", ")
      return [
        variable.name, variable.values.typeName, shape.isEmpty ? "scalar" : shape,
        meaning(variable.attributes),
      ]
    }
    let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = ["\(path.isEmpty ? "/" : path)  (\(group.attributes.count) attributes)"]
    for row in rows {
      let padded = zip(row, widths).map { $0.padding(to: $1) }.joined(separator: "  ")
      lines.append("  \(padded)  \(row[3])".trimmingTrailingSpaces)
    }
    for part in group.groups {
      lines += Self.lines(of: part.group, path: "\(path)/\(part.name)", lengths: lengths)
    }
    return lines
  }

  private static func meaning(_ attributes: [Attribute]) -> String {
    func text(_ name: String) -> String? {
      guard case .string(let texts)? = attributes.first(where: { $0.name == name })?.values
      else { return nil }
      return texts.first
    }
    return [text("long_name"), text("units").map { "[\($0)]" }].compactMap { $0 }
      .joined(separator: " ")
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }

  fileprivate var trimmingTrailingSpaces: String {
    var text = Substring(self)
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
