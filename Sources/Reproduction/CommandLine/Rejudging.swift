import Reporting
import ResultStore
import Storage

extension ExperimentCommand {
  /// Judges the claims of an existing result file by today's rules, and writes it again.
  ///
  /// The arrays stay as they are. A file made when the arms had other names gets today's.
  ///
  /// - Returns: the file as it should be.
  /// - Throws: `UsageError` if the file is of another experiment; what reading and encoding throw.
  func rejudged(_ document: Document, path: String, siblings: [String: Document]) throws
    -> Document
  {
    guard document.root.text("experiment") == experiment.name else {
      throw UsageError(
        "\(path) has the results of \(document.root.text("experiment") ?? "no experiment"), not of "
          + experiment.name)
    }
    var document = document
    renameArms(of: &document)
    addVerdicts(to: &document, siblings: siblings)
    // Figures of settings of one's own depend on what was asked for and are kept; those of what was not
    // recorded have no place.
    addReadings(to: &document)
    let figures =
      document.hasOwnSettings ? [] : experiment.figures.filter { !$0.lacksData(of: document) }
    if !figures.isEmpty {
      document.root.set(Subgroup("figures", try figures.encoded(paper: experiment.paper)))
    }
    document.root.attributes.removeAll { $0.name.hasSuffix("_sha256") && $0.name != "data_sha256" }
    document.root.attributes += [
      Attribute("content_sha256", try document.contentIdentity()),
      Attribute("numbers_sha256", document.numbersDigest),
    ]
    return document
  }

  /// Judges the claims of declared runs and puts the verdicts where they belong: those that times decide into
  /// `/volatile`.
  ///
  /// - Returns: all of them.
  @discardableResult
  func addVerdicts(to document: inout Document, siblings: [String: Document]) -> [ClaimOutcome] {
    func judge(timed: Bool) -> [ClaimOutcome] {
      // The claims are about the declared runs on the data of the paper.
      if document.root.text("other_data") != nil || document.hasOwnSettings { return [] }
      return experiment.claims.filter { $0.isTimed == timed }
        .judge(document, paper: experiment.paper, siblings: siblings)
    }
    let (outcomes, timed) = (judge(timed: false), judge(timed: true))
    let judged = document
    func put(_ outcomes: [ClaimOutcome], into group: inout Group) {
      if outcomes.isEmpty {
        group.groups.removeAll { $0.name == "claims" }
      } else {
        group.set(Subgroup("claims", outcomes.encoded(of: judged)))
      }
    }
    put(outcomes, into: &document.root)
    if var volatile = document.root.group("volatile") {
      put(timed, into: &volatile)
      document.root.set(Subgroup("volatile", volatile))
    }
    return outcomes + timed
  }

  /// The verdicts under every reading of what the paper leaves open, if there are any.
  func addReadings(to document: inout Document) {
    let readings = Readings(
      experiment.claims, of: document, withoutCostMinimum: experiment.about.withoutCostMinimum)
    document.root.groups.removeAll { $0.name == "readings" }
    if !readings.all.isEmpty {
      document.root.groups.append(Subgroup("readings", readings.encoded()))
    }
  }

  /// The arm `published` of older files: `fitted`, where the experiment has that, else `literal`.
  private func renameArms(of document: inout Document) {
    let old = Document.formerArm
    let new: Arm = experiment.options.arms.contains(.fitted) ? .fitted : .literal
    if let index = document.root.dimensions.firstIndex(where: { $0.name == "arm" }) {
      let names = document.root.dimensions[index].labels.texts
      if names.contains(old) {
        let renamed = names.map { $0 == old ? new.rawValue : $0 }
        document.root.dimensions[index] = Dimension(
          "arm", .string(renamed), Arm.description(of: renamed))
      }
    }
    // An arm that was left out is named here alone.
    for index in document.root.attributes.indices
    where document.root.attributes[index].name == "shortened" {
      if let text = document.root.text("shortened") {
        document.root.attributes[index] = Attribute(
          "shortened", text.replacing("the arm \(old)", with: "the arm \(new.rawValue)"))
      }
    }
  }
}

extension Figure {
  /// Whether it shows a variable that a document does not have.
  ///
  /// - Parameter prefix: of the variables that are looked at, e.g. `readings/`, which not all runs have.
  func lacksData(of document: Document, prefix: String = "") -> Bool {
    panels.flatMap(\.lines).contains {
      $0.variable.hasPrefix(prefix) && Cells($0.variable, in: document) == nil
    }
  }
}
