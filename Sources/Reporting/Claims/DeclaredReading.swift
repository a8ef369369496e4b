import ResultStore

// What a rule sees of a result document: costs and states of runs, and what its claim declares
// (`Claim.reading`). So no claim can forget to declare.

extension Document {
  /// What runs and computations have recorded beside costs, states and some declared variables, all with their
  /// paths. Hyperparameters, settings and searches, which stand apart from runs, are not among it.
  func recorded(beside declared: [String]) -> Set<String> {
    let ofRuns = root.variables.filter { $0.dimensions.contains("seed") }.map(\.name)
    let ofComputations = root.groups
      .filter { $0.group.variable(RunState.variable) != nil }
      .flatMap { computation in
        computation.group.variables.filter { $0.name != RunState.variable }
          .map { "\(computation.name)/\($0.name)" }
      }
    return Set(ofRuns + ofComputations)
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
