import Glibc
import Numerics
import Optimizers
import Reproduction

/// A pair of decay rates, named by the two numbers.
struct Betas: Hashable {
  let label: String
  let beta1: Double
  let beta2: Double

  static let defaults = Betas("0.9, 0.999")
  static let longMemory = Betas("0.9, 0.9999")
  static let noMomentum = Betas("0, 0.999")
  static let shortMemory = Betas("0.9, 0.99")
  static let half = Betas("0.5, 0.75")
  static let muchMomentum = Betas("0.99, 0.999")
  static let equal = Betas("0.9, 0.9")
  static let unbounded = Betas("0.95, 0.9")

  /// The pair of a label such as `0.9, 0.999`.
  init(_ label: String) {
    let numbers = label.split(separator: ",").compactMap { Double($0.drop { $0 == " " }) }
    precondition(numbers.count == 2, "\(label) is not a pair of decay rates")
    self.label = label
    beta1 = numbers[0]
    beta2 = numbers[1]
  }

  /// Whether section 2.1 states its first bound for the pair: `(1 - beta1) > sqrt(1 - beta2)`.
  /// Equality is decided on the decimals, not on their rounded differences.
  var isFirstCase: Bool { (1 - beta1) / (1 - beta2).squareRoot() > 1 + 1e-12 }

  /// What section 2.1 states that no step exceeds, in units of alpha.
  var statedBound: Double { isFirstCase ? (1 - beta1) / (1 - beta2).squareRoot() : 1 }

  /// Whether there is a largest step: `beta1^2 < beta2`.
  var hasLargestStep: Bool { beta1 * beta1 < beta2 }

  /// The largest step that any sequence of `t` gradients can make Adam take at its end, in units of
  /// alpha and with epsilon = 0, by Cauchy and Schwarz:
  ///
  ///     (1 - beta1) / (1 - beta1^t) sqrt((1 - beta2^t) / (1 - beta2)) sqrt((1 - r^t) / (1 - r))
  ///
  /// with `r = beta1^2 / beta2`. It is attained by gradients of one sign that change by the factor
  /// `beta2 / beta1` from each to the next.
  func largestStep(after t: Int) -> Double {
    let ratio = beta1 * beta1 / beta2
    let sum = ratio == 1 ? Double(t) : (1 - pow(ratio, Double(t))) / (1 - ratio)
    return (1 - beta1) / (1 - pow(beta1, Double(t)))
      * ((1 - pow(beta2, Double(t))) / (1 - beta2) * sum).squareRoot()
  }

  /// AdaMax: `(1 - beta1) / (1 - beta1^t) (1 - s^t) / (1 - s)` with `s = beta1 / beta2`, attained
  /// by gradients of one sign that shrink by the factor `beta2`.
  func largestAdaMaxStep(after t: Int) -> Double {
    let ratio = beta1 / beta2
    let sum = ratio == 1 ? Double(t) : (1 - pow(ratio, Double(t))) / (1 - ratio)
    return (1 - beta1) / (1 - pow(beta1, Double(t))) * sum
  }
}

/// An optimizer of one parameter with alpha = 1: its steps in units of alpha, in the
/// single-precision arithmetic that training uses.
struct SingleParameter<Method: Optimizer> {
  var optimizer: Method
  private var theta = FloatVector(count: 1)
  private var gradient = FloatVector(count: 1)

  init(_ optimizer: Method) { self.optimizer = optimizer }

  /// The step that a gradient leads to, positive against the gradient.
  mutating func step(_ value: Double) -> Double {
    theta[0] = 0
    gradient[0] = Float(value)
    optimizer.step(&theta, gradient: gradient)
    return -Double(theta[0])
  }
}

/// Adam with one parameter, alpha = 1 and epsilon = 0 in double precision, for what single
/// precision would hide. `beta2` is told by its distance from 1, which may be tiny.
struct DoubleAdam {
  let beta1: Double
  let rest2: Double
  private var m = 0.0
  private var v = 0.0
  private var t = 0.0

  init(beta1: Double, rest2: Double) {
    self.beta1 = beta1
    self.rest2 = rest2
  }

  init(_ betas: Betas) { self.init(beta1: betas.beta1, rest2: 1 - betas.beta2) }

  mutating func step(_ gradient: Double) -> Double {
    t += 1
    m += (1 - beta1) * (gradient - m)
    v += rest2 * (gradient * gradient - v)
    guard v > 0 else { return 0 }
    let mHat = m / (1 - pow(beta1, t))
    let vHat = v / -expm1(t * log1p(-rest2))
    return mHat / vHat.squareRoot()
  }
}

/// The gradients that make Adam's step at time `t` as large as it can be, the largest of them 1;
/// what single precision cannot square is 0.
func worstGradient(_ betas: Betas, at step: Int, of t: Int) -> Double {
  guard betas.beta1 > 0 else { return step == t ? 1 : 0 }
  let factor = betas.beta1 / betas.beta2
  let age = Double(t - step)
  let value = factor <= 1 ? pow(factor, age) : pow(factor, age - Double(t - 1))
  return value < 1e-18 ? 0 : value
}

/// Adam without epsilon, with one parameter and alpha = 1.
func adam(_ betas: Betas) -> Adam {
  Adam(count: 1, alpha: 1, beta1: betas.beta1, beta2: betas.beta2, epsilon: 0)
}
