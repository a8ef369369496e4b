import Datasets
import Foundation
import Optimizers
import ResultStore
import Storage

/// The command line of an experiment, understood and checked.
package struct CommandOptions {
  enum Mode: Equatable {
    case run, list, dryRun, status, pending, search, merge, action, claims, rejudge
    case export, audit, auditable, help, version
  }

  var mode = Mode.run
  package var request: PlanRequest
  var contenders: [String]?
  var location: DataLocation
  var allowsUnknownData = false
  var forcesStandIn = false
  package let output: String
  var jobs: Int
  var threads = 1
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
  var shard: Shard?
  var operands: [String] = []
  var checkpointInterval = 30.0

  static func parser(for experiment: Experiment) -> OptionParser {
    var options: [CommandOption] = [
      .init("profile", "NAME", "smoke, quick (default) or paper: how much of the protocol"),
      .init("seeds", "LIST", "seeds of the final runs, e.g. 0,1,2 or 0..<10"),
    ]
    if experiment.trainsInEpochs {
      options += [
        .init("epochs", "N", "passes over the training data"),
        .init("minibatch", "N", "examples a minibatch"),
      ]
    }
    if !experiment.contenders.isEmpty {
      options.insert(
        .init("optimizers", "LIST", "only these: " + experiment.contenders.joined(separator: ",")),
        at: 1)
    }
    if experiment.arms.count > 1 {
      let names = experiment.arms.map(\.rawValue).joined(separator: ",")
      options.append(.init("arms", "LIST", "only these: \(names)"))
    }
    for parameter in hyperparameters(of: experiment) {
      options.append(
        .init(parameter.name, "X", parameter.meaning + " (forms an arm of its own, `custom`)"))
    }
    if !experiment.methods.isEmpty {
      options.append(.init("schedule", "S", "stepsize schedule, e.g. alpha/sqrt(epoch)"))
    }
    for setting in experiment.settings {
      options.append(.init(setting.name, "X", "\(setting.meaning); default \(setting.standard)"))
    }
    options += experiment.extraOptions
    if experiment.dataset != nil {
      options += [
        .init("stand-in", nil, "use generated data even if the real ones are there"),
        .init("allow-unknown-data", nil, "accept data whose checksum is not in the catalogue"),
      ]
    }
    options += [
      .init("data-dir", "DIR", "folder of the data sets; else $ADAM_DATA, else data/"),
      .init("output", "FILE", "the result file; default results/<profile>/\(experiment.name).h5"),
      .init("jobs", "N", "runs at a time; default: as many as this process has cores for"),
      .init("threads", "N", "threads of one run; default 1"),
      .init("checkpoint-interval", "S", "seconds between checkpoints of a run; default 30"),
      .init("shard", "I/N", "only part I of N of the runs; writes a shard file to be merged"),
      .init("dealt", "FILE", "with --shard: lines of part, tab, run: which runs each part has"),
      .init("merge", nil, "take the runs of the shard files, or folders, named as operands"),
      .init("fresh", nil, "forget finished runs and checkpoints first"),
      .init(
        "keep-old-runs", nil,
        "go on beside kept runs whose first steps the program makes otherwise now"),
      .init("start", "DIR", "start from the kept runs in DIR, as far as there are any of these"),
      .init("export", "FILE", "write the finished runs to FILE, compressed, to be started from"),
      .init(
        "auditable", nil, "list the kept runs in the folder of --start: identity, seconds, run"),
      .init("audit", "LIST", "make the listed runs of --start's folder again and compare"),
      .init("list", nil, "list the runs with their state and expected time"),
      .init("dry-run", nil, "list what would be run"),
      .init("status", nil, "one line: runs done and to do"),
      .init(
        "pending", nil,
        "for scripts, tab-separated: every run to do, its epochs, seconds and position; at last final "
          + "or more"),
      .init("claims", nil, "list the claims that the results decide, a line each"),
      .init("rejudge", nil, "judge the claims of the result file again, by today's rules"),
    ]
    if experiment.hasSearch {
      options.append(
        .init(
          "search", nil,
          "search the grids; writes results/search/<name>.tsv; goes with --list, --dry-run, --status"
        ))
      options.append(
        .init("search-seeds", "N", "seeds for each point of a search; default: the protocol's"))
    }
    if let action = experiment.action { options.append(action.option) }
    options += [
      .init("quiet", nil, "say nothing but errors"),
      .init("version", nil, "print the version"),
      .init("help", nil, "print this help"),
    ]
    return OptionParser(options)
  }

  static func hyperparameters(of experiment: Experiment) -> [HyperparameterDescription] {
    var found: [HyperparameterDescription] = []
    for method in experiment.methods {
      let parameters = (try? OptimizerRegistry.method(method).hyperparameters) ?? []
      for parameter in parameters where !found.contains(where: { $0.name == parameter.name }) {
        found.append(parameter)
      }
    }
    return found
  }

  package init(_ arguments: [String], for experiment: Experiment) throws {
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
    request.isSearch = parsed.contains("search")
    var modes = [
      ("list", Mode.list), ("dry-run", .dryRun), ("status", .status), ("pending", .pending),
      ("merge", .merge), ("claims", .claims), ("rejudge", .rejudge), ("export", .export),
      ("audit", .audit), ("auditable", .auditable),
      (experiment.action?.option.name ?? "", .action),
    ]
    // A search can be looked at like other runs.
    if !["list", "dry-run", "status"].contains(where: parsed.contains) {
      modes.append(("search", .search))
    }
    for (name, choice) in modes where parsed.contains(name) {
      guard mode == .run || mode == .help || mode == .version else {
        throw UsageError("--\(name) does not go with another mode; give one of them")
      }
      if mode == .run { mode = choice }
    }
    request.searchSeeds = try parsed.integer("search-seeds", atLeast: 1)
    request.seeds = try parsed.value("seeds").map(Self.seeds)
    request.epochs = try parsed.integer("epochs", atLeast: 0)
    request.minibatch = try parsed.integer("minibatch", atLeast: 1)
    for parameter in Self.hyperparameters(of: experiment) {
      if let value = try parsed.number(parameter.name) {
        guard parameter.range.contains(value) else {
          throw UsageError(
            "--\(parameter.name) takes \(parameter.range.description), not \(compact(value))")
        }
        request.hyperparameters[parameter.name] = value
      }
    }
    if let schedule = parsed.value("schedule") {
      request.schedule = try Schedule.parse(schedule).description
    }
    var settings: [String: SettingValue] = [:]
    for setting in experiment.settings {
      if let text = parsed.value(setting.name) {
        settings[setting.name] = try setting.value(from: text)
      }
    }
    for setting in experiment.settings where settings[setting.name] == 0 {
      for name in setting.switchedOff {
        guard settings[name] ?? 0 == 0 else {
          throw UsageError("--\(setting.name) 0 switches --\(name) off; leave that out")
        }
        settings[name] = 0
      }
    }
    request.settings = Settings(settings)
    for option in experiment.extraOptions {
      if parsed.contains(option.name) {
        request.extra[option.name] = parsed.value(option.name) ?? ""
      }
    }
    contenders = try parsed.value("optimizers").map { try Self.contenders($0, of: experiment) }
    request.contenders = contenders
    request.arms = try parsed.value("arms").map { try Self.arms($0, of: experiment) }
    if request.isSearch, request.isCustom {
      throw UsageError("--search does not go with options that form the arm custom")
    }
    if request.arms != nil, request.isCustom || request.isSearch {
      throw UsageError(
        "--arms does not go with --search, nor with options that form the arm custom")
    }
    location = DataLocation(folder: parsed.value("data-dir"))
    allowsUnknownData = parsed.contains("allow-unknown-data")
    forcesStandIn = parsed.contains("stand-in")
    let folder = request.isCustom ? "custom" : request.profile.rawValue
    let defaultOutput =
      request.isSearch
      ? "results/search/\(experiment.name).tsv" : "results/\(folder)/\(experiment.name).h5"
    output = parsed.value("output") ?? defaultOutput
    if output.isEmpty || output.hasSuffix("/") {
      throw UsageError("--output takes the path of a file, not \"\(output)\"")
    }
    threads = try parsed.integer("threads", atLeast: 1, atMost: 4096) ?? 1
    jobs =
      try parsed.integer("jobs", atLeast: 1, atMost: 4096)
      ?? max(1, AvailableProcessors.count / threads)
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

  private static func contenders(_ text: String, of experiment: Experiment) throws -> [String] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let wanted = part.lowercased()
      guard let name = experiment.contenders.first(where: { $0.lowercased() == wanted }) else {
        throw UsageError(
          "\(experiment.name) has no optimizer \"\(part)\"; it has "
            + experiment.contenders.joined(separator: ", "))
      }
      return name
    }
  }

  private static func arms(_ text: String, of experiment: Experiment) throws -> [Arm] {
    let wanted = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let arm = experiment.arms.first(where: { $0.rawValue == part }) else {
        throw UsageError(
          "\(experiment.name) has no arm \"\(part)\"; it has "
            + experiment.arms.map(\.rawValue).joined(separator: ", "))
      }
      return arm
    }
    return experiment.arms.filter(wanted.contains)
  }
}
