import Datasets
import Foundation
import Reporting
import ResultStore
import Storage
import Synchronization

// The result file that the runs of a session make.

extension Session {
  func document() throws -> Document { try document(of: lookup) }

  /// The result file that records make, without verdicts and figures.
  func document(of records: @escaping RecordLookup) throws -> Document {
    let used = Mutex<[RunRecord]>([])
    let seen = Mutex<Set<String>>([])
    let requested = experiment.session(options.request) { run in
      guard let record = records(run) else { return nil }
      if seen.withLock({ $0.insert(record.specification.identity).inserted }) {
        used.withLock { $0.append(record) }
      }
      return record
    }
    var root = try requested.arrays()
    let kept = options.request.kept.map { $0.threads ?? 1 }
    let threads = Set(kept.isEmpty ? [options.request.threads] : kept).sorted().map(Int64.init)
    let makers = MakerTable(used.withLock { $0 }, check: check)
    let origin = data.identity?.origin.rawValue ?? "none"
    root.attributes =
      [
        Attribute("Conventions", "CF-1.8 ACDD-1.3"),
        Attribute("schema", "adam-reproduction/1"),
        Attribute("title", experiment.title),
        Attribute("experiment", experiment.name),
        Attribute("place", experiment.place),
        Attribute("profile", options.request.profile.rawValue),
        Attribute(
          "source", "training runs of \(experiment.name), a reproduction of Kingma & Ba 2015"),
        Attribute("history", "written by \(experiment.name) \(Program.version)"),
        Attribute(
          "references",
          "D. P. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015, "
            + "arXiv:1412.6980v9"),
      ] + makers.attributes + [
        Attribute("program_version", Program.version),
        Attribute(
          "numerics_version", try plannedRuns().compactMap(\.numericsVersion).max() ?? 1),
        Attribute("hdf5_version", HDF5File.libraryVersion),
        Attribute("threads_per_run", values: .int64(threads)),
        Attribute("data_name", data.identity?.name.rawValue ?? "none"),
        Attribute("data_origin", origin),
        Attribute("data_sha256", data.identity?.sha256 ?? "none"),
      ]
    if !experiment.notes.isEmpty {
      root.attributes.append(Attribute("comment", experiment.notes.joined(separator: " ")))
    }
    if let other = options.request.otherData {
      let name = experiment.about.dataset?.title ?? "the experiment's data"
      root.attributes.append(Attribute("other_data", "\(other) in place of \(name)"))
    }
    if options.request.isCustom {
      let arms = options.request.kept.map { "\($0.label): \($0.words)" }
      root.attributes.append(
        Attribute(
          Document.ownSettings,
          arms.isEmpty ? CustomArm.words(options.request) : arms.joined(separator: "; ")))
    }
    if let note = data.note { root.attributes.append(Attribute("data_note", note)) }
    let shortened = requested.shortened
    if !shortened.isEmpty { root.attributes.append(Attribute("shortened", shortened)) }
    let (missing, areAll) = try missing()
    if missing > 0 || !areAll {
      root.attributes.append(
        Attribute(
          "unfinished", "\(areAll ? "" : "at least ")\(NumberText.count(missing, "run")) missing"))
    }
    if origin == "stand-in" {
      root.attributes.append(
        Attribute("warning", "made from generated stand-in data; no claim is judged"))
    }
    var volatile = root.group("volatile") ?? Group()
    volatile.groups.append(Subgroup("makers", makers.group))
    root.set(Subgroup("volatile", volatile))
    return Document(root: root)
  }

  /// Adds to `/volatile` what differs from one time to the next.
  func addVolatile(to document: inout Document, seconds: Double) {
    let attributes = [
      Attribute("argv", CommandLine.arguments.joined(separator: " ")),
      Attribute("jobs", options.jobs),
      Attribute("host", ProcessInfo.processInfo.hostName),
      Attribute("written_at", ISO8601DateFormatter().string(from: Date())),
      Attribute("seconds_of_this_invocation", seconds),
    ]
    var volatile = document.root.group("volatile") ?? Group()
    volatile.attributes += attributes
    document.root.set(Subgroup("volatile", volatile))
  }
}

extension Document {
  /// The attribute of a file whose runs have settings of one's own: which, arm by arm.
  static let ownSettings = "own_settings"

  /// Whether its runs have settings from the command line in place of the protocol's.
  var hasOwnSettings: Bool {
    // Older files tell by their arms alone, each of which has the name of what differs.
    let declared = Arm.allCases.filter { $0 != .custom }.map(\.rawValue)
    return root.text(Self.ownSettings) != nil
      || root.labels(of: "arm").contains { !declared.contains($0) && $0 != Self.formerArm }
  }

  /// What the arms `fitted` and `literal` were called once.
  static let formerArm = "published"
}
