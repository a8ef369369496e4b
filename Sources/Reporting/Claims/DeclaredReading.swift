import ResultStore

// What a rule sees of a result document: costs and states of runs, settings and searches, and what its claim
// declares beside (`Claim.reading`).

extension Document {
  /// What is recorded beside costs, states and some declared variables, all with their paths: by runs, in
  /// computations, of times and brackets. Hyperparameters, settings, searches and neighbours
  /// of settings are not among it.
  func recorded(beside declared: [String]) -> Set<String> {
    let ofRuns = root.variables.filter { $0.dimensions.contains("seed") }.map(\.name)
    let inGroups = root.groups.filter { !["search", FittedDistances.group].contains($0.name) }
      .flatMap { part in
        part.group.variables.filter { $0.name != RunState.variable }.map {
          "\(part.name)/\($0.name)"
        }
      }
    return Set(ofRuns + inGroups)
      .subtracting(declared + Measure.allCases.map(\.variable) + [RunState.variable])
  }

  /// The document without some variables of the root and of its subgroups, named with their paths.
  func hiding(_ paths: Set<String>) -> Document {
    var document = self
    document.root.variables.removeAll { paths.contains($0.name) }
    for index in root.groups.indices {
      let name = root.groups[index].name
      document.root.groups[index].group.variables.removeAll { paths.contains("\(name)/\($0.name)") }
    }
    return document
  }
}
