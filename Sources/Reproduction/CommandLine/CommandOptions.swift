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

  var mode = Mode.run
  package var request: PlanRequest
  var contenders: [String]?
  var location: DataLocation
  var allowsUnknownData = false
  var forcesStandIn = false
  package let output: String
  var jobs: Int
  var isFresh = false
  /// Whether kept runs stay where a rehearsal shows that the program makes others now.
  var keepsOldRuns = false
  /// A folder with the kept runs to start from, or to audit.
  var start: String?
  /// The file that finished runs are exported to.
  var export: String?
  /// The identities, or their first digits, of the kept runs to make again.
  var audited: [String] = []
  var isQuiet = false
  /// Whether what is asked for is told as JSON, and nothing else on standard output.
  var isJSON = false
  /// What stands in for the experiment's data: the name of a data set, or a folder.
  var otherData: String?
  /// The shell that completions are printed for.
  var shell: Shell?
  /// Whether standard output is kept free of sentences.
  var saysNothing: Bool { isQuiet || isJSON }
  var shard: Shard?
  var operands: [String] = []
  var checkpointInterval = 30.0

  static func hyperparameters(of experiment: any Experiment) -> [HyperparameterDescription] {
    var found: [HyperparameterDescription] = []
    for method in experiment.options.methods {
      found += method.hyperparameters.filter { new in !found.contains { $0.name == new.name } }
    }
    return found
  }

  package init(_ arguments: [String], for experiment: any Experiment) throws {
    let parsed = try Self.parser(for: experiment).parse(arguments)
    request = PlanRequest(profile: .quick, data: "")
    if let name = parsed.value("profile") {
      guard let profile = Profile(rawValue: name) else {
        throw UsageError("--profile takes smoke, quick or paper, not \"\(name)\"")
      }
      request.profile = profile
    }
    if parsed.contains("help") { mode = .help }
    if parsed.contains("version") { mode = .version }
    if let name = parsed.value("completions") {
      mode = .completions
      shell = try Shell(named: name)
    }
    if parsed.contains("man") { mode = .manual }
    request.isSearch = parsed.contains("search")
    var modes = [
      ("question", Mode.question), ("list", .list), ("dry-run", .dryRun), ("status", .status),
      ("pending", .pending),
      ("merge", .merge), ("claims", .claims), ("rejudge", .rejudge), ("export", .export),
      ("audit", .audit), ("auditable", .auditable),
      (experiment.options.action?.option.name ?? "", .action),
    ]
    // A search can be looked at like other runs.
    if !["list", "dry-run", "status"].contains(where: parsed.contains) {
      modes.append(("search", .search))
    }
    for (name, choice) in modes where parsed.contains(name) {
      guard mode == .run || mode.isAboutTheProgram else {
        throw UsageError("--\(name) does not go with another mode; give one of them")
      }
      if mode == .run { mode = choice }
    }
    request.searchSeeds = try parsed.integer("search-seeds", atLeast: 1)
    request.seeds = try parsed.value("seeds").map(Self.seeds)
    request.epochs = try parsed.integer("epochs", atLeast: 0)
    request.minibatch = try parsed.integer("minibatch", atLeast: 1)
    request.threads = try parsed.integer("threads", atLeast: 1, atMost: 4096) ?? 1
    for parameter in Self.hyperparameters(of: experiment) {
      if let value = try parsed.number(parameter.name) {
        guard parameter.range.contains(value) else {
          throw UsageError(
            "--\(parameter.name) takes \(parameter.range.description), not \(compact(value))")
        }
        request.hyperparameters[parameter.name] = value
      }
    }
    request.schedule = try parsed.value("schedule").map(Schedule.parse)
    var settings: [String: SettingValue] = [:]
    for setting in experiment.options.settings {
      if let text = parsed.value(setting.name) {
        let value = try setting.value(from: text)
        if !setting.isImplied || value != setting.standard { settings[setting.name] = value }
      }
    }
    for setting in experiment.options.settings where settings[setting.name] == 0 {
      for name in setting.switchedOff {
        guard settings[name] ?? 0 == 0 else {
          throw UsageError("--\(setting.name) 0 switches --\(name) off; leave that out")
        }
        settings[name] = 0
      }
    }
    for setting in experiment.options.settings where settings[setting.name] != nil {
      guard let condition = setting.condition,
        let other = experiment.options.settings.first(where: { $0.name == condition.name })
      else { continue }
      let value = settings[other.name] ?? other.standard
      guard condition.values.contains(value) else {
        throw UsageError(
          "--\(setting.name) has no effect with --\(other.name) \(value); it counts with "
            + "\(NumberText.list(condition.values.map(\.description)))")
      }
    }
    request.settings = Settings(settings)
    for option in experiment.options.extraOptions {
      if parsed.contains(option.name) {
        request.extra[option.name] = parsed.value(option.name) ?? ""
      }
    }
    request.added = try AddedOptimizer.all(
      parsed.values("add-optimizer"), beside: experiment.options.contenders,
      settings: experiment.options.settings)
    let added = request.added.map(\.name)
    contenders = try parsed.value("optimizers").map {
      let named = try Self.contenders($0, of: experiment, added: added)
      return named + added.filter { !named.contains($0) }
    }
    request.contenders = contenders
    otherData = parsed.value("data")
    if let otherData { request.otherData = otherData }
    request.drawsPaper = parsed.contains("paper-curves")
    if let label = parsed.value("label") { request.label = try Self.label(label) }
    request.arms = try parsed.value("arms").map { try Self.arms($0, of: experiment) }
    if request.isSearch, request.isCustom {
      throw UsageError("--search does not go with options that form the arm custom")
    }
    if request.arms != nil, request.isCustom || request.isSearch {
      throw UsageError(
        "--arms does not go with --search, nor with options that form the arm custom")
    }
    if request.drawsPaper, !request.isCustom || otherData != nil {
      throw UsageError(
        "--paper-curves is for settings of your own on the experiment's data; the figures of the "
          + "declared runs have the paper's curves, other data have none")
    }
    if experiment.options.keepsArms, request.isCustom, request.label == nil {
      let words = CustomArm.words(request)
      request.label = words.isEmpty ? "added" : words
    }
    location = DataLocation(folder: parsed.value("data-dir"))
    allowsUnknownData = parsed.contains("allow-unknown-data")
    forcesStandIn = parsed.contains("stand-in")
    let folder = request.isCustom ? "custom" : request.profile.rawValue
    let stem = experiment.name + (otherData.map { "-on-" + Self.fileName($0) } ?? "")
    let defaultOutput =
      request.isSearch ? "results/search/\(stem).tsv" : "results/\(folder)/\(stem).h5"
    output = parsed.value("output") ?? defaultOutput
    if output.isEmpty || output.hasSuffix("/") {
      throw UsageError("--output takes the path of a file, not \"\(output)\"")
    }
    jobs =
      try parsed.integer("jobs", atLeast: 1, atMost: 4096)
      ?? max(1, AvailableProcessors.count / request.threads)
    isFresh = parsed.contains("fresh")
    keepsOldRuns = parsed.contains("keep-old-runs")
    start = parsed.value("start")
    export = parsed.value("export")
    audited = parsed.value("audit")?.split(separator: ",").map(String.init) ?? []
    if mode == .audit || mode == .auditable, start == nil {
      throw UsageError(
        "--\(mode == .audit ? "audit" : "auditable") needs --start, the folder of the kept runs")
    }
    if mode == .audit, audited.isEmpty {
      throw UsageError("--audit takes identities of runs, as --auditable lists them")
    }
    isQuiet = parsed.contains("quiet")
    isJSON = parsed.contains("json")
    checkpointInterval = try parsed.number("checkpoint-interval") ?? 30
    guard checkpointInterval >= 0 else {
      throw UsageError("--checkpoint-interval takes seconds, 0 or more")
    }
    let dealt = parsed.value("dealt")
    shard = try parsed.value("shard").map { try Shard($0, table: dealt) }
    guard dealt == nil || shard != nil else {
      throw UsageError("--dealt tells which runs a shard has; give --shard I/N too")
    }
    if request.isSearch && shard != nil {
      throw UsageError("--search is not divided into shards; leave out --shard")
    }
    if isJSON, ![.run, .list, .dryRun, .status, .claims, .help, .version].contains(mode) {
      throw UsageError("--json goes with --list, --dry-run, --status, --claims, or a run")
    }
    if mode == .question && shard != nil {
      throw UsageError("--question is about the result file, which a shard is only part of")
    }
    operands = parsed.operands
    guard operands.isEmpty || mode == .merge else {
      throw UsageError("unexpected argument \"\(operands[0])\"; --help lists the options")
    }
    if mode == .merge && operands.isEmpty {
      throw UsageError("--merge needs the shard files as arguments")
    }
    if mode == .merge && shard != nil {
      throw UsageError("--merge does not go with --shard: it combines all shards")
    }
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
