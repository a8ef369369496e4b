import COneDNN
import CRevision
import Numerics
import Storage

/// What made a run: the program and what it ran on.
public struct RunMaker: Sendable, Codable, Hashable {
  /// The SHA-256 of what the executable loads (`ExecutableDigest`).
  public var program: String
  /// The commit that the program was built from, or `unknown`.
  public var commit: String
  /// Whether the sources had changes that were not committed: `true`, `false` or `unknown`.
  public var isDirty: String
  /// The version of the Swift compiler.
  public var swift: String
  /// The version of oneDNN.
  public var oneDNN: String
  /// The processor's name.
  public var processor: String
  /// The newest instruction set that the kernels use there.
  public var instructionSet: String

  package init(
    program: String, commit: String, isDirty: String, swift: String, oneDNN: String,
    processor: String, instructionSet: String
  ) {
    self.program = program
    self.commit = commit
    self.isDirty = isDirty
    self.swift = swift
    self.oneDNN = oneDNN
    self.processor = processor
    self.instructionSet = instructionSet
  }

  /// This program on this machine; the executable is read once.
  public static let current: RunMaker = {
    let machine = Machine()
    return RunMaker(
      // The file is there as long as the process is; the name of nothing keeps runs from passing
      // for those of another program.
      program: (try? ExecutableDigest.hexDigest(ofFile: "/proc/self/exe")) ?? "unknown",
      commit: String(cString: revision_commit()), isDirty: String(cString: revision_dirty()),
      swift: Program.swiftVersion, oneDNN: String(cString: onednn_version()),
      processor: machine.cpuModel, instructionSet: machine.instructionSet)
  }()

  /// The name in place of `identifier` for runs that do not say what made them.
  static let unknownIdentifier = "unknown"

  /// A short name, the same for the same maker.
  public var identifier: String {
    let parts = [program, commit, isDirty, swift, oneDNN, processor, instructionSet]
    return String(SHA256.hexDigest(of: parts.joined(separator: "\n")).prefix(12))
  }

  /// Whether equal programs give equal bits there and here.
  func hasSameArithmetic(as other: RunMaker) -> Bool {
    oneDNN == other.oneDNN && instructionSet == other.instructionSet
  }

  /// Whether runs of both are the same without any rehearsal.
  func isSameProgram(as other: RunMaker) -> Bool {
    program == other.program && program != "unknown" && hasSameArithmetic(as: other)
  }

  /// What the numbers of its runs depend on.
  var identity: String { "\(program) \(oneDNN) \(instructionSet)" }

  /// What its arithmetic depends on, in words.
  var arithmetic: String { "oneDNN \(oneDNN), \(instructionSet)" }
}

/// The first steps of a run in short: what a program has to make again to pass for the one that made
/// the run.
public struct Fingerprint: Sendable, Codable, Equatable {
  /// Steps that a fingerprint covers at most.
  static let steps = 3

  /// The SHA-256 of the state after each step: theta's bytes, or all that a computation has recorded and
  /// goes on from.
  public var digests: [String]
  /// The cost of each step's minibatch, or a few of the numbers that a computation has.
  public var values: [Double]

  /// No steps yet.
  public init(digests: [String] = [], values: [Double] = []) {
    self.digests = digests
    self.values = values
  }

  /// Adds a step of minibatch training.
  mutating func add(cost: Double, theta: FloatVector) {
    digests.append(SHA256.hexDigest(of: theta))
    values.append(cost)
  }

  /// Whether `again` begins with the same bits.
  package func isBeginning(of again: Fingerprint) -> Bool {
    again.digests.starts(with: digests)
      && zip(values, again.values).allSatisfy {
        $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN)
      }
      && again.values.count >= values.count
  }

  /// Whether `again` begins with the same costs but for rounding.
  package func isNearlyBeginning(of again: Fingerprint) -> Bool {
    again.values.count >= values.count
      && zip(values, again.values).enumerated().allSatisfy {
        Self.areClose($1.0, $1.1, afterSteps: $0)
      }
  }

  /// The relative difference that other instruction sets and versions of oneDNN may make in the cost before
  /// any step, and after some: a method that divides by the gradient's size moves a parameter as far
  /// where rounding decides the gradient's sign. AdaGrad's second and third costs of the convolutional
  /// network differ by 1.1e-4 between AVX2 and AVX-512, its first by 2e-8.
  private static let tolerances = (first: 1e-4, later: 1e-3)

  /// These differences in words.
  static var toleranceText: String {
    "within \(compact(tolerances.first)), and \(compact(tolerances.later)) after a step"
  }

  /// Whether two costs differ by rounding only.
  package static func areClose(_ a: Double, _ b: Double, afterSteps steps: Int = 0) -> Bool {
    let tolerance = steps == 0 ? tolerances.first : tolerances.later
    return a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance * max(abs(a), abs(b))
  }
}
