import Foundation
import Optimizers
import Storage

/// An optimizer that the command line puts beside those of an experiment.
public struct AddedOptimizer: Sendable, Codable, Equatable {
  /// The name in figures, tables and files.
  public var name: String
  /// The method.
  public var method: MethodDescription
  /// The hyperparameters that were given for it.
  public var hyperparameters: [String: Double] = [:]
  /// The schedule that was given for it.
  public var schedule: Schedule?
  /// The settings of the experiment that were given for it.
  public var settings = Settings()

  /// Reads `NAME[:key=value,...]`; a key is one of the method's hyperparameters, `schedule`, or a
  /// setting of the experiment.
  ///
  /// - Throws: `OptimizerError` for an unknown method or key and for a value that makes no sense,
  ///   `UsageError` for text of another form.
  init(_ text: String, settings known: [DeclaredSetting]) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    name = parts[0].lowercased()
    method = try OptimizerRegistry.steppingMethod(name)
    var given: Set<String> = []
    for pair in parts.dropFirst().flatMap(Self.pairs) {
      let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard sides.count == 2 else {
        throw UsageError(
          "--add-optimizer takes NAME:key=value,..., and \"\(pair)\" in \"\(text)\" is no key=value"
        )
      }
      guard given.insert(sides[0]).inserted else {
        throw UsageError("--add-optimizer \(text) gives \(sides[0]) twice")
      }
      if sides[0] == "schedule" {
        schedule = try .parse(sides[1])
      } else if let setting = known.first(where: { $0.name == sides[0] }) {
        do {
          let value = try setting.value(from: sides[1])
          settings = settings.replacing(with: Settings([sides[0]: value]))
        } catch let error as UsageError {
          throw UsageError("--add-optimizer \(text): \(error)")
        }
      } else if let number = Double(sides[1]), number.isFinite {
        hyperparameters[sides[0]] = number
      } else {
        throw UsageError("--add-optimizer \(text): \(sides[0]) takes a number, not \"\(sides[1])\"")
      }
    }
    _ = try OptimizerRegistry.resolve(method.name, hyperparameters: hyperparameters)
  }

  /// The parts between commas; a schedule has some of its own, in parentheses.
  private static func pairs(_ text: Substring) -> [Substring] {
    var depth = 0
    return text.split { character in
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      return character == "," && depth == 0
    }
  }

  /// Those that `texts` ask for. A name that is taken already, by a contender or an earlier one, is
  /// made longer by what was given.
  static func all(
    _ texts: [String], beside contenders: [String], settings: [DeclaredSetting]
  ) throws -> [AddedOptimizer] {
    var taken = Set(contenders.map { $0.lowercased() })
    var made: Set<String> = []
    return try texts.map { text in
      var added = try AddedOptimizer(text, settings: settings)
      if taken.contains(added.name.lowercased()) {
        added.name = text.replacing(",", with: " ").replacing(":", with: " ")
      }
      let key =
        "\(added.method.name) \(added.hyperparameters.sorted { $0.key < $1.key }) "
        + "\(added.schedule?.description ?? "") \(added.settings)"
      guard made.insert(key).inserted else {
        throw UsageError("--add-optimizer \(text) gives an optimizer a second time; leave it out")
      }
      guard taken.insert(added.name.lowercased()).inserted else {
        throw UsageError(
          "--add-optimizer \(text): the name is taken; give it values, e.g. "
            + "\(added.method.name):alpha=1e-3")
      }
      return added
    }
  }

  /// What was given for it.
  var words: String {
    let values = hyperparameters.sorted { $0.key < $1.key }.map { "\($0.key)=\(compact($0.value))" }
    let all =
      values + (schedule.map { [$0.description] } ?? [])
      + settings.names.map { "\($0)=\(settings[$0]?.description ?? "")" }
    return all.isEmpty ? "defaults" : all.joined(separator: " ")
  }

  /// The contender that it is.
  var contender: Contender {
    Contender(name, optimizer: method, settings: settings)
  }
}

/// An arm that the command line made, as far as it differs from the protocol: what a result file of
/// several such arms is made from again.
public struct CustomArm: Sendable, Codable, Equatable {
  /// The arm's label in the file.
  public var label: String
  var profile: Profile
  var contenders: [String]
  var added: [AddedOptimizer]
  var seeds: [UInt64]
  var epochs: Int
  var minibatch: Int?
  /// Threads of one run; nil: one.
  var threads: Int?
  var hyperparameters: [String: Double]
  var schedule: Schedule?
  var settings: Settings

  /// The arm of a request, whose seeds, epochs and contenders are all named.
  init(_ request: PlanRequest, contenders: [String], seeds: [UInt64], epochs: Int) {
    label = request.armLabel
    profile = request.profile
    self.contenders = contenders
    added = request.added
    self.seeds = seeds
    self.epochs = epochs
    minibatch = request.minibatch
    threads = request.threads > 1 ? request.threads : nil
    hyperparameters = request.hyperparameters
    schedule = request.schedule
    settings = request.settings
  }

  /// The request that makes this arm, on the data and with the resources of `request`.
  func request(like request: PlanRequest) -> PlanRequest {
    var own = request
    own.label = label
    own.profile = profile
    own.contenders = contenders + added.map(\.name)
    own.added = added
    own.seeds = seeds
    own.epochs = epochs
    own.minibatch = minibatch
    own.threads = threads ?? 1
    own.hyperparameters = hyperparameters
    own.schedule = schedule
    own.settings = settings
    own.kept = []
    return own
  }

  /// Both arms as one, of all their seeds and optimizers; `nil` if they differ in anything else.
  func joined(with other: CustomArm) -> CustomArm? {
    var joined = self
    joined.contenders += other.contenders.filter { !contenders.contains($0) }
    joined.seeds = Array(Set(seeds + other.seeds)).sorted()
    for new in other.added {
      if let old = added.first(where: { $0.name == new.name }) {
        guard old == new else { return nil }
      } else {
        joined.added.append(new)
      }
    }
    var mine = self
    (mine.contenders, mine.seeds, mine.added) = (other.contenders, other.seeds, other.added)
    return mine == other ? joined : nil
  }

  /// What was given for it, but for seeds and epochs, which a result file tells.
  var words: String {
    var request = PlanRequest(profile: profile, data: "")
    (request.hyperparameters, request.schedule, request.settings) =
      (hyperparameters, schedule, settings)
    (request.minibatch, request.threads) = (minibatch, threads ?? 1)
    let all = [Self.words(request)] + added.map { "\($0.name) added (\($0.words))" }
    let told = all.filter { !$0.isEmpty }.joined(separator: ", ")
    return told.isEmpty ? "as the protocol" : told
  }

  /// What differs from the protocol, e.g. `alpha=0.0003 minibatch=64`.
  static func words(_ request: PlanRequest) -> String {
    var words = request.hyperparameters.sorted { $0.key < $1.key }
      .map { "\($0.key)=\(compact($0.value))" }
    if let schedule = request.schedule { words.append(schedule.description) }
    words += request.settings.names.map { name in
      let value = request.settings[name]
      if case .number(let number)? = value { return "\(name)=\(compact(number))" }
      return "\(name)=\(value?.description ?? "")"
    }
    if let minibatch = request.minibatch { words.append("minibatch=\(minibatch)") }
    if let epochs = request.epochs { words.append("epochs=\(epochs)") }
    words += request.extra.sorted { $0.key < $1.key }
      .map { $0.value.isEmpty ? $0.key : "\($0.key)=\($0.value)" }
    if request.threads > 1 { words.append("threads=\(request.threads)") }
    return words.joined(separator: " ")
  }
}

/// The arms of one result file that the command line made, with the data that they are all made from.
struct CustomArms: Codable {
  /// What identifies the data.
  var data: String
  /// The arms, oldest first.
  var arms: [CustomArm]

  /// The name of the file that keeps them, beside the runs.
  static let fileName = "arms.json"

  /// Reads them; `nil` if the file is not there.
  static func read(_ path: String) throws -> CustomArms? {
    guard FilePaths.exists(path) else { return nil }
    do {
      return try JSONDecoder().decode(CustomArms.self, from: Data(try FileContents.read(path)))
    } catch is DecodingError {
      throw UnreadableArms(path: path)
    }
  }

  /// Adds an arm, or joins it with the one of its label.
  ///
  /// - Throws: `UsageError` if the label is taken by other settings.
  mutating func add(_ arm: CustomArm, output: String) throws {
    guard let index = arms.firstIndex(where: { $0.label == arm.label }) else {
      arms.append(arm)
      return
    }
    guard let joined = arms[index].joined(with: arm) else {
      throw UsageError(
        "the label \"\(arm.label)\" is taken in \(output) by other settings; give another by --label, "
          + "or another --output, or forget all of them by --fresh")
    }
    arms[index] = joined
  }

  func write(to path: String, layer: any FileLayer) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let bytes = [UInt8](try encoder.encode(self))
    if let old = try? FileContents.read(path), old == bytes { return }
    try AtomicFile.commit(bytes, to: path, layer: layer)
  }
}

/// A list of arms that cannot be read.
struct UnreadableArms: UserFacingError {
  let path: String

  var description: String {
    "\(path) is damaged; remove it: the runs stay, and the next command starts a new list of arms"
  }

  var exitStatus: ExitStatus { .badData }
}
