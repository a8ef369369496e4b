import ResultStore

/// The cells of a result document that a single run fills.
struct AuditedCells {
  /// One cell of the arrays over the axes of the runs.
  struct Cell {
    /// The group, as a path from the root.
    let group: String
    /// The labels along the axes of the runs.
    let labels: [String: String]

    /// Whether a run of the kept document stands there.
    func isThere(in document: Document) -> Bool {
      guard let view = try? document.view.subgroup(group),
        let status = try? view.array(RunState.variable, labels).values.first
      else { return false }
      return status != 0
    }

    /// The seconds that it took; `nil` if the document does not say.
    func seconds(in document: Document) -> Double? {
      guard let view = try? document.view.subgroup(group).subgroup("volatile"),
        let times = try? view.array(RunTime.computation.rawValue, labels).values
      else { return nil }
      return times.last { !$0.isNaN }
    }
  }

  private let document: Document
  private let cells: [Cell]

  /// The cells that are not `not_run` in a document that was made from one run.
  init(_ document: Document) {
    self.document = document
    func find(_ group: Group, _ view: DocumentView, _ path: String) -> [Cell] {
      var found: [Cell] = []
      if let status = try? view.array(RunState.variable) {
        for (index, value) in status.values.enumerated() where value != 0 {
          found.append(Cell(group: path, labels: Self.labels(status.dimensions, index)))
        }
      }
      for subgroup in group.groups
      where subgroup.holdsNumbersOfRuns && !Self.others.contains(subgroup.name) {
        guard let inner = try? view.subgroup(subgroup.name) else { continue }
        found += find(subgroup.group, inner, path + "/" + subgroup.name)
      }
      return found
    }
    cells = find(document.root, document.view, "")
  }

  /// The groups whose numbers are summaries of runs, or further runs of the same cells.
  private static let others: Set<String> = ["search"]

  /// The first cell; a run has one.
  var first: Cell? { cells.first }

  private static func labels(_ dimensions: [Dimension], _ index: Int) -> [String: String] {
    var rest = index
    var labels: [String: String] = [:]
    for dimension in dimensions.reversed() where dimension.length > 0 {
      labels[dimension.name] = dimension.labels.texts[rest % dimension.length]
      rest /= dimension.length
    }
    return labels
  }

  /// Calls `body` for each number in the cells, with the group's path, the variable, and all labels.
  private func forEachNumber(
    _ body: (_ group: String, _ variable: String, _ labels: [String: String], Double) -> Void
  ) {
    for cell in cells {
      guard let group = cell.group.isEmpty ? document.root : document.root.group(cell.group),
        let view = try? document.view.subgroup(cell.group)
      else { continue }
      for variable in group.variables
      where cell.labels.keys.allSatisfy(variable.dimensions.contains) {
        guard case .double = variable.values,
          let part = try? view.array(variable.name, cell.labels)
        else { continue }
        for (index, value) in part.values.enumerated() {
          let own = Self.labels(part.dimensions, index)
          body(cell.group, variable.name, own.merging(cell.labels) { $1 }, value)
        }
      }
    }
  }

  /// How far the numbers lie from those of a kept document at the same labels.
  func compare(with kept: Document) -> AuditDifference {
    var difference = AuditDifference()
    var arrays: [String: LabelledArray<Double>] = [:]
    forEachNumber { group, variable, labels, value in
      let path = group + "/" + variable
      if arrays[path] == nil {
        arrays[path] = try? kept.view.subgroup(group).array(variable)
      }
      guard let array = arrays[path] else { return difference.add(.nan, 0, variable) }
      let index = Self.index(array.dimensions, labels)
      difference.add(index.map { array.values[$0] } ?? .nan, value, variable)
    }
    return difference
  }

  /// The kept document with these numbers in place of its own.
  func replaced(in kept: Document) -> Document {
    var root = kept.root
    func replace(_ group: inout Group, _ view: DocumentView, _ path: String) {
      for position in group.variables.indices {
        guard case .double(var values) = group.variables[position].values,
          let array = try? view.array(group.variables[position].name)
        else { continue }
        var isChanged = false
        forEachNumber { place, variable, labels, value in
          guard place == path, variable == group.variables[position].name,
            let index = Self.index(array.dimensions, labels)
          else { return }
          values[index] = value
          isChanged = true
        }
        if isChanged { group.variables[position].values = .double(values) }
      }
      for position in group.groups.indices where !Self.others.contains(group.groups[position].name)
      {
        guard let inner = try? view.subgroup(group.groups[position].name) else { continue }
        replace(&group.groups[position].group, inner, path + "/" + group.groups[position].name)
      }
    }
    replace(&root, kept.view, "")
    return Document(root: root)
  }

  private static func index(_ dimensions: [Dimension], _ labels: [String: String]) -> Int? {
    var index = 0
    for dimension in dimensions {
      guard let label = labels[dimension.name], let position = dimension.position(of: label) else {
        return nil
      }
      index = index * dimension.length + position
    }
    return index
  }
}
