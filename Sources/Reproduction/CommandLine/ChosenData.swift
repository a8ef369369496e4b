import Datasets
import Foundation
import Storage

extension ExperimentCommand {
  /// The data that the profile and the options ask for, and whether they are not there. Says loudly
  /// if generated ones take their place: only where no folder was named.
  func chooseData(
    _ options: CommandOptions
  ) throws -> (data: DataChoice, isMissing: Bool) {
    guard let name = experiment.about.dataset else { return (.none, false) }
    if let other = options.otherData { return (try substitute(other, options), false) }
    let profile = options.request.profile
    let standIn = DataChoice.standIn(name, experiment.about.standInSizes[profile])
    if options.forcesStandIn && profile == .paper {
      throw UsageError("profile paper takes real data only; leave out --stand-in")
    }
    if options.forcesStandIn { return (standIn, false) }
    if profile == .smoke {
      if options.location.isNamed { try options.location.check() }
      return (standIn, false)
    }
    do {
      let located = try Datasets.locate(
        name, in: options.location, allowUnknown: options.allowsUnknownData)
      return (.located(located), false)
    } catch let error as DatasetError where error.isMissingData {
      if options.mode == .status { return (standIn, true) }
      guard profile == .quick, !options.request.isSearch, !options.location.isNamed else {
        throw error
      }
      complain("NO REAL DATA: \(error)")
      complain(
        "generated stand-in data are used instead; the figures say so, and no claim is judged")
      return (standIn, true)
    }
  }

  /// The data that the command line names in place of the experiment's.
  private func substitute(_ text: String, _ options: CommandOptions) throws -> DataChoice {
    if options.forcesStandIn {
      throw UsageError("--data names real data; leave out --stand-in")
    }
    if let name = DatasetName.substitutes.first(where: { $0.rawValue == text.lowercased() }) {
      if name == experiment.about.dataset {
        throw UsageError("--data \(text) is what \(experiment.name) has anyway; leave it out")
      }
      return .located(
        try Datasets.locate(name, in: options.location, allowUnknown: options.allowsUnknownData))
    }
    if !text.contains("/"), !FilePaths.exists(text) {
      let names = DatasetName.substitutes.map(\.rawValue)
      let near = names.first { $0.hasPrefix(text) || editDistance(text, $0) <= 2 }
      throw UsageError(
        "there is no data set and no folder \"\(text)\""
          + (near.map { " (did you mean \($0)?)" } ?? "") + "; --data takes "
          + names.joined(separator: ", ") + " or a folder with IDX files")
    }
    return .located(try OwnImages.locate(text))
  }
}
