import Datasets
import Foundation
import Optimizers
import Reporting
import ResultStore
import Storage

/// The command line of an experiment, understood and checked.
package struct CommandOptions {
  enum Mode: Equatable {
    case run, question, list, dryRun, status, pending, search, merge, action, claims, rejudge
    case export, audit, auditable, help, version, completions, manual

    /// Whether nothing of the experiment is looked at.
    var isAboutTheProgram: Bool { [.help, .version, .completions, .manual].contains(self) }
  }

  let mode: Mode
  package var request: PlanRequest
  var location: DataLocation
  let allowsUnknownData: Bool
  let forcesStandIn: Bool
  package let output: String
  var jobs: Int
  let isFresh: Bool
  /// Whether kept runs stay where a rehearsal shows that the program makes others now.
  let keepsOldRuns: Bool
  /// A folder with the kept runs to start from, or to audit.
  var start: String?
  /// The file that finished runs are exported to.
  var export: String?
  /// The identities, or their first digits, of the kept runs to make again.
  let audited: [String]
  let isQuiet: Bool
  /// Whether what is asked for is told as JSON, and nothing else on standard output.
  let isJSON: Bool
  /// What stands in for the experiment's data: the name of a data set, or a folder.
  var otherData: String?
  /// The shell that completions are printed for.
  var shell: Shell?
  /// Whether standard output is kept free of sentences.
  var saysNothing: Bool { isQuiet || isJSON }
  var shard: Shard?
  let operands: [String]
  let checkpointInterval: Double

  static func hyperparameters(of experiment: any Experiment) -> [HyperparameterDescription] {
    var found: [HyperparameterDescription] = []
    for method in experiment.options.methods {
      found += method.hyperparameters.filter { new in !found.contains { $0.name == new.name } }
    }
    return found
  }

  /// Understands a command line, the program's name first.
  ///
  /// - Throws: `UsageError`, `OptimizerError`; what reading the table of `--dealt` throws.
  package init(_ arguments: [String], for experiment: any Experiment) throws {
    let parsed = try Self.parser(for: experiment).parse(arguments)
    mode = try Self.mode(parsed, experiment)
    shell = try parsed.value("completions").map(Shell.init(named:))
    otherData = parsed.value("data")
    request = try Self.request(parsed, experiment)
    location = DataLocation(folder: parsed.value("data-dir"))
    allowsUnknownData = parsed.contains("allow-unknown-data")
    forcesStandIn = parsed.contains("stand-in")
    output = parsed.value("output") ?? Self.defaultOutput(request, of: experiment)
    jobs =
      try parsed.integer("jobs", atLeast: 1, atMost: 4096)
      ?? max(1, AvailableProcessors.count / request.threads)
    isFresh = parsed.contains("fresh")
    keepsOldRuns = parsed.contains("keep-old-runs")
    start = parsed.value("start")
    export = parsed.value("export")
    audited = parsed.value("audit")?.split(separator: ",").map(String.init) ?? []
    isQuiet = parsed.contains("quiet")
    isJSON = parsed.contains("json")
    checkpointInterval = try parsed.number("checkpoint-interval") ?? 30
    operands = parsed.operands
    let dealt = parsed.value("dealt")
    try check(isShard: parsed.contains("shard"), isDealt: dealt != nil)
    shard = try parsed.value("shard").map { try Shard($0, table: dealt) }
  }

  /// The mode that is asked for.
  private static func mode(_ parsed: ParsedOptions, _ experiment: any Experiment) throws -> Mode {
    var modes = [
      ("help", Mode.help), ("version", .version), ("completions", .completions), ("man", .manual),
      ("question", .question), ("list", .list), ("dry-run", .dryRun), ("status", .status),
      ("pending", .pending), ("merge", .merge), ("claims", .claims), ("rejudge", .rejudge),
      ("export", .export), ("audit", .audit), ("auditable", .auditable),
      (experiment.options.action?.option.name ?? "", .action),
    ]
    // A search can be looked at like other runs.
    if !["list", "dry-run", "status"].contains(where: parsed.contains) {
      modes.append(("search", .search))
    }
    let asked = modes.filter { parsed.contains($0.0) }
    // Of those about the program the last in the list above counts, whatever else is there.
    if let about = asked.last(where: { $0.1.isAboutTheProgram }) { return about.1 }
    if asked.count > 1 {
      throw UsageError("--\(asked[1].0) does not go with another mode; give one of them")
    }
    return asked.first?.1 ?? .run
  }

  /// What is to be run.
  private static func request(
    _ parsed: ParsedOptions, _ experiment: any Experiment
  ) throws -> PlanRequest {
    var request = PlanRequest(profile: .quick, data: "")
    if let name = parsed.value("profile") {
      guard let profile = Profile(rawValue: name) else {
        throw UsageError("--profile takes smoke, quick or paper, not \"\(name)\"")
      }
      request.profile = profile
    }
    request.isSearch = parsed.contains("search")
    request.searchSeeds = try parsed.integer("search-seeds", atLeast: 1)
    request.seeds = try parsed.value("seeds").map(seeds)
    request.epochs = try parsed.integer("epochs", atLeast: 0)
    request.minibatch = try parsed.integer("minibatch", atLeast: 1)
    request.threads = try parsed.integer("threads", atLeast: 1, atMost: 4096) ?? 1
    request.hyperparameters = try hyperparameters(parsed, of: experiment)
    request.schedule = try parsed.value("schedule").map(Schedule.parse)
    request.settings = try settings(parsed, of: experiment)
    for option in experiment.options.extraOptions where parsed.contains(option.name) {
      request.extra[option.name] = parsed.value(option.name) ?? ""
    }
    request.added = try AddedOptimizer.all(
      parsed.values("add-optimizer"), beside: experiment.options.contenders,
      settings: experiment.options.settings)
    for added in request.added where !added.settings.names.isEmpty {
      do {
        _ = try experiment.options.settings.consistent(
          request.settings.replacing(with: added.settings))
      } catch let error as UsageError {
        throw UsageError("--add-optimizer \(added.name): \(error)")
      }
    }
    let added = request.added.map(\.name)
    request.contenders = try parsed.value("optimizers").map {
      let named = try contenders($0, of: experiment, added: added)
      return named + added.filter { !named.contains($0) }
    }
    request.otherData = parsed.value("data")
    request.drawsPaper = parsed.contains("paper-curves")
    request.label = try parsed.value("label").map(label)
    request.arms = try parsed.value("arms").map { try arms($0, of: experiment) }
    if experiment.options.keepsArms, request.isCustom, request.label == nil {
      let words = CustomArm.words(request)
      request.label = words.isEmpty ? "added" : words
    }
    return request
  }

  private static func hyperparameters(
    _ parsed: ParsedOptions, of experiment: any Experiment
  ) throws -> [String: Double] {
    var values: [String: Double] = [:]
    for parameter in hyperparameters(of: experiment) {
      guard let value = try parsed.number(parameter.name) else { continue }
      guard parameter.range.contains(value) else {
        throw UsageError(
          "--\(parameter.name) takes \(parameter.range.description), not \(compact(value))")
      }
      values[parameter.name] = value
    }
    return values
  }

  private static func settings(
    _ parsed: ParsedOptions, of experiment: any Experiment
  ) throws -> Settings {
    let declared = experiment.options.settings
    var settings: [String: SettingValue] = [:]
    for setting in declared {
      guard let text = parsed.value(setting.name) else { continue }
      let value = try setting.value(from: text)
      if !setting.isImplied || value != setting.standard { settings[setting.name] = value }
    }
    return try declared.consistent(Settings(settings))
  }

  /// The result file where the command line names none.
  private static func defaultOutput(
    _ request: PlanRequest, of experiment: any Experiment
  ) -> String {
    let stem = experiment.name + (request.otherData.map { "-on-" + fileName($0) } ?? "")
    if request.isSearch { return "results/search/\(stem).tsv" }
    return "results/\(request.isCustom ? "custom" : request.profile.rawValue)/\(stem).h5"
  }

  /// Refuses options that do not go together.
  private func check(isShard: Bool, isDealt: Bool) throws {
    func refuse(_ isWrong: Bool, _ text: @autoclosure () -> String) throws {
      if isWrong { throw UsageError(text()) }
    }
    let isCustom = request.isCustom
    try refuse(
      request.isSearch && isCustom, "--search does not go with options that form the arm custom")
    try refuse(
      request.arms != nil && (isCustom || request.isSearch),
      "--arms does not go with --search, nor with options that form the arm custom")
    try refuse(
      request.drawsPaper && (!isCustom || otherData != nil),
      "--paper-curves is for settings of your own on the experiment's data; the figures of the "
        + "declared runs have the paper's curves, other data have none")
    try refuse(
      output.isEmpty || output.hasSuffix("/"),
      "--output takes the path of a file, not \"\(output)\"")
    try refuse(
      (mode == .audit || mode == .auditable) && start == nil,
      "--\(mode == .audit ? "audit" : "auditable") needs --start, the folder of the kept runs")
    try refuse(
      mode == .audit && audited.isEmpty,
      "--audit takes identities of runs, as --auditable lists them")
    try refuse(checkpointInterval < 0, "--checkpoint-interval takes seconds, 0 or more")
    try refuse(
      isDealt && !isShard, "--dealt tells which runs a shard has; give --shard I/N too")
    try refuse(
      request.isSearch && isShard, "--search is not divided into shards; leave out --shard")
    try refuse(
      isJSON && ![.run, .list, .dryRun, .status, .claims, .help, .version].contains(mode),
      "--json goes with --list, --dry-run, --status, --claims, or a run")
    try refuse(
      mode == .question && isShard,
      "--question is about the result file, which a shard is only part of")
    try refuse(
      mode != .merge && !operands.isEmpty,
      "unexpected argument \"\(operands.first ?? "")\"; --help lists the options")
    try refuse(mode == .merge && operands.isEmpty, "--merge needs the shard files as arguments")
    try refuse(
      mode == .merge && isShard,
      "--merge does not go with --shard: it combines all shards")
  }

  /// The seeds of `0,1,5` or `0..<10` or `0...9`.
  package static func seeds(_ text: String) throws -> [UInt64] {
    var seeds: [UInt64] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let closed = part.split(separator: "...", omittingEmptySubsequences: false)
      let halfOpen = part.components(separatedBy: "..<")
      if let seed = UInt64(part) {
        seeds.append(seed)
      } else if part.contains("..."), closed.count == 2, let first = UInt64(closed[0]),
        let last = UInt64(closed[1]), first <= last, last - first < 100_000
      {
        seeds += first...last
      } else if halfOpen.count == 2, let first = UInt64(halfOpen[0]),
        let last = UInt64(halfOpen[1]), first < last, last - first <= 100_000
      {
        seeds += first..<last
      } else {
        throw UsageError("--seeds takes a list such as 0,1,2 or 0..<10, not \"\(text)\"")
      }
    }
    guard Set(seeds).count == seeds.count else {
      throw UsageError("--seeds names a seed twice in \"\(text)\"")
    }
    guard seeds.allSatisfy({ $0 < Search.firstSeed }) else {
      throw UsageError(
        "--seeds takes seeds below \(Search.firstSeed): those above belong to searches")
    }
    return seeds
  }

  private static func contenders(
    _ text: String, of experiment: any Experiment, added: [String]
  ) throws -> [String] {
    let known = experiment.options.contenders + added
    // Names may have commas of their own.
    var rest = text.split(separator: ",", omittingEmptySubsequences: false)[...]
    var named: [String] = []
    while let part = rest.first {
      let found = rest.indices.reversed().lazy.compactMap { end -> (String, Int)? in
        let wanted = rest[...end].joined(separator: ",").lowercased()
        return known.first { $0.lowercased() == wanted }.map { ($0, end) }
      }.first
      guard let (name, end) = found else {
        let wanted = part.lowercased()
        let isMethod = (try? OptimizerRegistry.method(wanted)) != nil
        throw UsageError(
          "\(experiment.name) has no optimizer \"\(part)\"; it has \(known.joined(separator: ", "))"
            + (isMethod && experiment.options.keepsArms
              ? ", and takes this one by --add-optimizer \(wanted)" : ""))
      }
      named.append(name)
      rest = rest[(end + 1)...]
    }
    return named
  }

  /// A label, which is one line that figures have room for.
  private static func label(_ text: String) throws -> String {
    let isOneLine = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
    guard text.contains(where: { !$0.isWhitespace }), text.count <= 60, isOneLine,
      Arm(rawValue: text).map({ $0 == .custom }) ?? true
    else {
      throw UsageError(
        "--label takes 1 to 60 characters on a line, none of fitted, literal and tuned, which are "
          + "arms of the protocol; not \"\(text)\"")
    }
    return text
  }

  /// The part of a file's name that tells other data.
  private static func fileName(_ data: String) -> String {
    let last = data.split(separator: "/").last.map(String.init) ?? "data"
    return last.replacing(" ", with: "-")
  }

  private static func arms(_ text: String, of experiment: any Experiment) throws -> [Arm] {
    let wanted = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let arm = experiment.options.arms.first(where: { $0.rawValue == part }) else {
        throw UsageError(
          "\(experiment.name) has no arm \"\(part)\"; it has "
            + experiment.options.arms.map(\.rawValue).joined(separator: ", "))
      }
      return arm
    }
    return experiment.options.arms.filter(wanted.contains)
  }
}
