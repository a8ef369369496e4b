import Numerics
import Storage

/// A cost that is a sum of subfunctions, each of them deterministic: the same `theta` gives the same
/// value and gradient.
public protocol SumOfSubfunctions {
  /// The number of subfunctions.
  var count: Int { get }

  /// Writes the gradient of one subfunction at `theta` to `gradient`, and returns its value.
  ///
  /// - Parameters:
  ///   - subfunction: which one, in `0..<count`.
  ///   - gradient: overwritten; as many elements as `theta`.
  func evaluate(_ subfunction: Int, at theta: FloatVector, gradient: inout FloatVector) -> Double
}

/// An optimizer of a sum of subfunctions, which decides itself what is evaluated next.
///
/// Where an `Optimizer` is handed a gradient, one of these asks for values and gradients, of whichever
/// subfunction and as often as it wants, so it holds `theta`.
public protocol SumOptimizer: Sendable {
  /// The parameters.
  var theta: FloatVector { get }

  /// How often a subfunction has been evaluated.
  var evaluations: Int { get }

  /// How it is doing.
  var status: SumOptimizerStatus { get }

  /// One step: evaluates at least one subfunction and moves `theta`.
  ///
  /// - Throws: `SumOptimizerError.notFinite`; the optimizer is of no use after that.
  mutating func step(_ sum: some SumOfSubfunctions) throws

  /// Everything that later steps depend on, apart from the options.
  var state: SumOptimizerState { get }

  /// Continues from a state of an optimizer with the same options: bit for bit as the one that was
  /// saved would have.
  ///
  /// - Throws: `SumOptimizerError.otherState`.
  mutating func restore(_ state: SumOptimizerState) throws
}

/// How a `SumOptimizer` is doing.
public struct SumOptimizerStatus: Sendable, Equatable {
  /// The value of the subfunction that the last step evaluated, at the point that it kept; NaN before
  /// the first.
  public var value: Double
  /// Steps that were found to have failed.
  public var failures: Int
  /// What the next step is multiplied by.
  public var damping: Double
  /// The subfunctions that take part.
  public var active: Int
  /// The bytes of the parameters, the gradient and everything else that it keeps.
  public var byteCount: Int
}

/// The state of a `SumOptimizer` as plain data.
public struct SumOptimizerState: Sendable, Equatable {
  /// Counters by name.
  public var counters: [String: Int] = [:]
  /// Double-precision values by name.
  public var numbers: [String: [Double]] = [:]
  /// Vectors by name.
  public var vectors: [String: FloatVector] = [:]

  /// An empty state.
  public init() {}

  func counter(_ name: String) throws -> Int {
    guard let value = counters[name] else {
      throw SumOptimizerError.otherState("it has no counter \(name)")
    }
    return value
  }

  func numbers(_ name: String, count: Int) throws -> [Double] {
    guard let values = numbers[name], values.count == count else {
      throw SumOptimizerError.otherState("it has no \(count) numbers \(name)")
    }
    return values
  }

  func vector(_ name: String, count: Int) throws -> FloatVector {
    guard let values = vectors[name], values.count == count else {
      throw SumOptimizerError.otherState("it has no vector \(name) of \(count) elements")
    }
    return values
  }
}

/// What ends the work of a `SumOptimizer`.
public enum SumOptimizerError: UserFacingError, Equatable {
  /// There is nothing to minimise.
  case noSubfunctions
  /// An option has a value that makes no sense.
  case badOption(String)
  /// A subfunction has no finite value or gradient at a point that cannot be left.
  case notFinite(subfunction: Int, value: Double)
  /// A saved state is of another optimizer.
  case otherState(String)

  /// What went wrong and what to do; one line.
  public var description: String {
    switch self {
    case .noSubfunctions:
      "there are no subfunctions to minimise the sum of; give at least one minibatch"
    case .badOption(let problem): problem
    case .notFinite(let subfunction, let value):
      "subfunction \(subfunction) has the value \(value), or a gradient that is not finite, where the "
        + "optimizer stands; start from parameters at which all subfunctions are finite"
    case .otherState(let problem):
      "the saved state is not one of this optimizer: \(problem); start again, or with the options that "
        + "it was saved with"
    }
  }

  /// How the program ends.
  public var exitStatus: ExitStatus {
    switch self {
    case .noSubfunctions, .badOption: .usage
    case .notFinite, .otherState: .badData
    }
  }
}
