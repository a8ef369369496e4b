import Foundation
import Numerics
import OptimizerChecks
import Optimizers
import Testing

@Suite struct UpdateRuleTests {
  @Test func `every method of the registry has a rule`() {
    #expect(OptimizerRegistry.all.allSatisfy { UpdateRule.registered($0.name) != nil })
  }

  /// theta after each step, in double.
  private func path(
    _ name: String, _ hyperparameters: [String: Double], _ gradients: [Float], theta0: Double
  ) throws -> [Double] {
    let values = try OptimizerRegistry.resolve(name, hyperparameters: hyperparameters)
    let range = SinglePrecisionRange(
      name, hyperparameters: values, theta0: [theta0],
      alphas: Array(repeating: values["alpha"]!, count: gradients.count))
    var follower = try #require(range)
    var found: [Double] = []
    for g in gradients {
      var theta: Double?
      follower.advance(gradient: { _ in Double(g) }) { theta = $1 }
      found.append(theta ?? .nan)
    }
    return found
  }

  /// The same update is made by gradients that are larger or smaller by a power of two, where the
  /// method divides by their size and epsilon is 0.
  @Test(
    arguments: [
      "adagrad", "adagrad-epsilon-inside", "rmsprop", "rmsprop-epsilon-inside",
      "rmsprop-momentum", "adam", "adam-uncorrected", "adam-epsilon-hat", "adamax", "amsgrad",
      "amsgrad-corrected", "adamw", "nadam",
    ], [80, -100])
  func `is right where squares leave single precision`(name: String, exponent: Int) throws {
    let method = try OptimizerRegistry.method(name)
    var hyperparameters = ["alpha": 0.01]
    for zero in ["epsilon", "initial-accumulator"] where method.hyperparameter(zero) != nil {
      hyperparameters[zero] = 0
    }
    var stream = RandomStream(seed: 0, purpose: .test, epoch: 0, step: 9)
    let gradients = (0..<30).map { _ in stream.nextNormal() }
    var optimizer = try OptimizerRegistry.make(name, hyperparameters: hyperparameters, count: 1)
    var theta: FloatVector = [0.25]
    let usual = gradients.map { g in
      optimizer.step(&theta, gradient: [g])
      return Double(theta[0])
    }
    let factor = Float(sign: .plus, exponent: exponent, significand: 1)
    let found = try path(name, hyperparameters, gradients.map { $0 * factor }, theta0: 0.25)
    for (a, b) in zip(usual, found) where !b.isNaN || name != "adamax" {
      #expect(abs(a - b) < 1e-6, "\(name)")
    }
  }

  @Test func `leaves nothing to double where single precision is right`() throws {
    for method in OptimizerRegistry.all {
      for exponent in [-100, -60, -20, 0, 40, 55] {
        // The methods without epsilon need squares that do not vanish.
        let found = try path(
          method.name, [:],
          (0..<20).map { Float(sign: .plus, exponent: exponent - $0 % 2, significand: 1) },
          theta0: 1)
        let isUntouched = found.allSatisfy { $0.isNaN }
        #expect(isUntouched, "\(method.name) at 2^\(exponent)")
      }
    }
  }
}
