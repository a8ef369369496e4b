import Foundation
import Storage
import Synchronization

/// Everything that decides the outcome of one run, as data.
public struct RunSpecification: Sendable, Codable, Hashable {
  /// How much a run records.
  public enum Recording: String, Sendable, Codable {
    /// All quantities after every epoch.
    case full
    /// Running costs after every epoch, evaluations at the end only: for searches.
    case final
    /// Running costs after every epoch, evaluations before the first step and at the end only: for
    /// sweeps.
    case ends

    /// Whether the quantities at theta are recorded after `epoch` of `last` epochs.
    func isEvaluated(after epoch: Int, of last: Int) -> Bool {
      switch self {
      case .full: true
      case .final: epoch == last
      case .ends: epoch == 0 || epoch == last
      }
    }
  }

  /// Where a run stands in the result arrays: a position by label along each axis.
  public struct Label: Sendable, Codable, Hashable {
    /// The axis, e.g. `optimizer`.
    public let axis: String
    /// The label, e.g. `Adam`.
    public let label: String

    /// A position on an axis.
    public init(_ axis: String, _ label: String) {
      self.axis = axis
      self.label = label
    }
  }

  /// The experiment.
  public var experiment: String
  /// The optimizer's or computation's name.
  public var method: String
  /// The hyperparameters by name.
  public var hyperparameters: [String: Double]
  /// The stepsize schedule's text form.
  public var schedule: String
  /// The settings of objective and data.
  public var settings: Settings
  /// The seed.
  public var seed: UInt64
  /// Passes over the training data.
  public var epochs: Int
  /// Examples a minibatch.
  public var minibatch: Int
  /// Set where every example of a minibatch is drawn from the whole training set, independently of
  /// all others: so many steps make an epoch. `nil`: an epoch takes every example once.
  public var stepsWithReplacement: Int?
  /// How much is recorded.
  public var recording: Recording
  /// The epochs after which the whole training and test sets are evaluated, beside the last one:
  /// those that a claim or a figure looks at. `nil`: as `recording` says.
  public var evaluations: [Int]?
  /// A run ends as diverged with the first pass, after its first one, whose mean cost is larger: later
  /// passes would be of no use. The first pass is let off, as the very first steps may be far out.
  /// `nil`: only what is not finite ends a run.
  public var failureCost: Double?
  /// What identifies the data: name, origin and sha256.
  public var data: String
  /// Threads of the run if there are several: they may add up in another order than one does.
  public var threads: Int?
  /// The version of the numbers that the objective gives, if it is not the first one. An experiment
  /// raises its own when a change of the code changes its numbers, so that older runs are not mixed
  /// in, and those of other experiments stay known.
  public var numericsVersion: Int?
  /// Where the run stands in the result arrays; not part of the identity.
  public var labels: [Label]
  /// Shorter and longer runs that differ from this one in nothing else; not part of the identity.
  public var stages: Stages?

  /// The lengths at which a run may be made one after the other.
  public struct Stages: Sendable, Codable, Hashable {
    /// The shorter lengths, in epochs: the run goes on from the end of such a run if it is kept.
    public let shorter: [Int]
    /// Whether a longer run may go on from the end of this one.
    public let keepsEnd: Bool

    /// Lengths before and after.
    public init(shorter: [Int], keepsEnd: Bool) {
      self.shorter = shorter
      self.keepsEnd = keepsEnd
    }
  }

  /// The same run of another length, without its stages.
  package func lasting(_ epochs: Int) -> RunSpecification {
    var copy = self
    copy.stages = nil
    copy.epochs = epochs
    copy.evaluations = evaluations?.filter { $0 < epochs }
    return copy
  }

  /// A run.
  public init(
    experiment: String, method: String, hyperparameters: [String: Double] = [:],
    schedule: String = "constant", settings: Settings = [:], seed: UInt64, epochs: Int,
    minibatch: Int, stepsWithReplacement: Int? = nil, recording: Recording = .full,
    evaluations: [Int]? = nil, failureCost: Double? = nil, data: String, threads: Int = 1,
    numericsVersion: Int = 1,
    labels: [Label] = []
  ) {
    self.experiment = experiment
    self.method = method
    self.hyperparameters = hyperparameters
    self.schedule = schedule
    self.settings = settings
    self.seed = seed
    self.epochs = epochs
    self.minibatch = minibatch
    self.stepsWithReplacement = stepsWithReplacement
    self.recording = recording
    // What lies behind the end changes nothing, and so is no part of the identity either.
    self.evaluations = evaluations?.filter { $0 < epochs }
    self.failureCost = failureCost
    self.data = data
    self.threads = threads > 1 ? threads : nil
    self.numericsVersion = numericsVersion == 1 ? nil : numericsVersion
    self.labels = labels
  }

  /// Whether the whole sets are evaluated after `epoch` epochs.
  func isEvaluated(after epoch: Int) -> Bool {
    guard let evaluations else { return recording.isEvaluated(after: epoch, of: epochs) }
    return epoch == epochs || evaluations.contains(epoch)
  }

  /// The label along `axis`.
  public func label(_ axis: String) -> String? { labels.first { $0.axis == axis }?.label }

  /// The SHA-256 of everything but the labels: the same run has the same identity in every
  /// process, on every machine.
  public var identity: String {
    var copy = self
    copy.labels = []
    copy.stages = nil
    // Equal, but not the same text.
    guard !copy.hasNegativeZero else { return copy.digest }
    if let known = Self.identities.withLock({ $0[copy] }) { return known }
    let digest = copy.digest
    Self.identities.withLock { $0[copy] = digest }
    return digest
  }

  /// The identities that this process has asked for: a plan asks for each many times.
  private static let identities = Mutex<[RunSpecification: String]>([:])

  private var hasNegativeZero: Bool {
    func isNegativeZero(_ number: Double) -> Bool { number == 0 && number.sign == .minus }
    return hyperparameters.values.contains(where: isNegativeZero)
      || isNegativeZero(failureCost ?? 1)
      || settings.values.values.contains {
        if case .number(let number) = $0 { isNegativeZero(number) } else { false }
      }
  }

  /// The identity of a run without labels and stages.
  private var digest: String {
    var copy = self
    copy.numericsVersion = nil
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Encoding plain values cannot fail: every number here is finite, checked where it is read.
    let json = (try? encoder.encode(copy)) ?? Data()
    precondition(!json.isEmpty, "a run with a non-finite number has no identity")
    return SHA256.hexDigest(of: [UInt8](json) + Array("numerics \(numericsVersion ?? 1)".utf8))
  }

  /// What decides which computation a run goes through: all but its seed, its length and the values of its
  /// hyperparameters.
  package var kind: String {
    var copy = self
    copy.labels = []
    copy.seed = 0
    copy.epochs = 0
    copy.recording = .full
    copy.evaluations = nil
    copy.hyperparameters = hyperparameters.mapValues { _ in 0 }
    copy.settings = Settings(settings.values.filter { $0.key != "seed" })
    return copy.identity
  }

  /// One line for a person: labels, hyperparameters, seed.
  public var summary: String {
    let position = labels.map(\.label).joined(separator: " ")
    let values = hyperparameters.sorted { $0.key < $1.key }.map { "\($0.key)=\(compact($0.value))" }
    return ([position] + values + [schedule, "seed \(seed)"]).filter { !$0.isEmpty }
      .joined(separator: " ")
  }
}

/// A number in its shortest readable form.
package func compact(_ number: Double) -> String {
  let text = String(format: "%g", number)
  return Double(text) == number ? text : exact(number)
}

/// A number as people write it in a list of settings: `1e-4`, `0.01`, `-1`.
func shortest(_ number: Double) -> String {
  let plain = compact(number)
  let digits = plain.split(separator: ".", maxSplits: 1).last ?? ""
  let zeros = digits.prefix { $0 == "0" }.count
  guard abs(number) < 1, zeros > 1, !plain.contains("e") else {
    return plain.replacing("e-0", with: "e-").replacing("e+0", with: "e")
  }
  let figures = digits.dropFirst(zeros)
  let mantissa = figures.count == 1 ? "\(figures)" : "\(figures.prefix(1)).\(figures.dropFirst())"
  return "\(number < 0 ? "-" : "")\(mantissa)e-\(zeros + 1)"
}

/// A number in full; what is not a number has no sign.
func exact(_ number: Double) -> String { number.isNaN ? "nan" : "\(number)" }
