import Foundation
import Numerics
import OptimizerChecks
import Optimizers
import Testing

/// Runs the kernels, and the rules in double precision, through the conformance set.
@Suite struct ConformanceTests {
  struct Sequence: Decodable {
    struct Case: Decodable {
      let method: String
      let hyperparameters: [String: String]
      let theta: [String: [String]]
    }
    let name: String
    let parameters: Int
    let steps: Int
    let exponent: Int
    let zerosFirst: Int
    let isSparse: Bool
    let resumeAfter: Int
    let fallsAfter: Int?
    let theta0: [String]
    let toleranceFloat32: Double
    let toleranceFloat64: Double
    let cases: [Case]

    /// The formula of the set's README.
    func gradient(_ step: Int, _ parameter: Int) -> Float {
      var x = UInt32(truncatingIfNeeded: (step - 1) * parameters + parameter + 1) &* 2_654_435_761
      x ^= x >> 16
      x &*= 2_246_822_519
      x ^= x >> 13
      x &*= 3_266_489_917
      x ^= x >> 16
      if step <= zerosFirst || (isSparse && x % 8 != 0) { return 0 }
      let value = Float(2 * Int(x >> 8) + 1 - 1 << 24) * 0x1p-24
      let fall = fallsAfter.map { step > $0 ? 6 : 0 } ?? 0
      return value * Float(sign: .plus, exponent: exponent - fall, significand: 1)
    }
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("conformance/data")

  private static let names = [
    "dense", "sparse", "near-epsilon", "tiny", "huge", "zeros-first", "one-parameter", "resume",
    "long", "other-values", "resume-after-a-fall",
  ]

  private func load(_ name: String) throws -> Sequence {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      Sequence.self, from: Data(contentsOf: Self.folder.appendingPathComponent("\(name).json")))
  }

  @Test func `the set has these sequences, and methods beyond those of any framework`() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(Set(files) == Set(Self.names.map { "\($0).json" }))
    let methods = try load("dense").cases.map(\.method)
    #expect(Set(methods) == Set(OptimizerRegistry.all.map(\.name)))
  }

  @Test func `a hyperparameter that is ignored departs`() throws {
    let (sequence, usual) = (try load("other-values"), try load("dense"))
    for test in sequence.cases {
      let values = test.hyperparameters.compactMapValues(Double.init)
      let other = try #require(usual.cases.first { $0.method == test.method })
      let rule = try #require(UpdateRule.registered(test.method))
      for (name, text) in other.hyperparameters {
        #expect(text != test.hyperparameters[name], "\(test.method), \(name)")
        var ignoring = values
        ignoring[name] = Double(text)
        let parameters = RuleParameters(ignoring)
        let coefficients = rule.coefficients(
          parameters, scales: Array(repeating: 1, count: sequence.steps))
        var theta = sequence.theta0.compactMap(Double.init)
        var states = theta.map { _ in rule.start(parameters) }
        var departs = false
        for step in 1...sequence.steps {
          for index in theta.indices {
            theta[index] += rule.change(
              &states[index], gradient: Double(sequence.gradient(step, index)),
              theta: theta[index], coefficients[step - 1], parameters)
          }
          let expected = (test.theta["\(step)"] ?? []).compactMap(Double.init)
          departs =
            departs
            || zip(theta, expected).contains {
              abs($0 - $1) > sequence.toleranceFloat64 * max(abs($1), 1)
            }
        }
        #expect(departs, "\(test.method) without \(name)")
      }
    }
  }

  /// AMSGrad in double precision, with its maximum and without it after the resume.
  @Test func `a maximum that is lost on resume departs`() throws {
    let sequence = try load("resume-after-a-fall")
    let test = try #require(sequence.cases.first { $0.method == "amsgrad" })
    let h = test.hyperparameters.compactMapValues(Double.init)
    let (alpha, beta1, beta2) = (h["alpha"] ?? .nan, h["beta1"] ?? .nan, h["beta2"] ?? .nan)
    for isLost in [false, true] {
      var theta = sequence.theta0.compactMap(Double.init)
      var (m, v, largest) = (theta.map { _ in 0.0 }, theta.map { _ in 0.0 }, theta.map { _ in 0.0 })
      var worst = 0.0
      for step in 1...sequence.steps {
        if isLost && step == sequence.resumeAfter + 1 { largest = theta.map { _ in 0 } }
        for index in theta.indices {
          let g = Double(sequence.gradient(step, index))
          m[index] = beta1 * m[index] + (1 - beta1) * g
          v[index] = beta2 * v[index] + (1 - beta2) * g * g
          largest[index] = max(largest[index], v[index])
          theta[index] -= alpha * m[index] / (largest[index].squareRoot() + (h["epsilon"] ?? .nan))
        }
        for (found, text) in zip(theta, test.theta["\(step)"] ?? []) {
          worst = max(worst, abs(found - (Double(text) ?? .nan)))
        }
      }
      #expect((worst > 1e-6) == isLost, "\(worst)")
    }
  }

  @Test(arguments: names)
  func `our optimizers agree with 50 digits`(name: String) throws {
    let sequence = try load(name)
    let gradients = (1...sequence.steps).map { step in
      (0..<sequence.parameters).map { sequence.gradient(step, $0) }
    }
    let theta0 = sequence.theta0.compactMap(Double.init)
    for test in sequence.cases {
      let hyperparameters = test.hyperparameters.compactMapValues(Double.init)
      func make() throws -> any Optimizer {
        try OptimizerRegistry.make(
          test.method, hyperparameters: hyperparameters, count: sequence.parameters)
      }
      let values = try OptimizerRegistry.resolve(test.method, hyperparameters: hyperparameters)
      let rule = try #require(UpdateRule.registered(test.method))
      let parameters = RuleParameters(values)
      let coefficients = rule.coefficients(
        parameters, scales: Array(repeating: 1, count: sequence.steps))
      var states = theta0.map { _ in rule.start(parameters) }
      var exact = theta0
      var optimizer = try make()
      var theta = FloatVector(theta0.map(Float.init))
      var largest = theta0.map { abs($0) }
      for (index, row) in gradients.enumerated() {
        if sequence.resumeAfter > 0 && index == sequence.resumeAfter {
          let saved = optimizer.state
          optimizer = try make()
          optimizer.state = saved
        }
        optimizer.step(&theta, gradient: FloatVector(row))
        for (parameter, g) in row.enumerated() {
          exact[parameter] += rule.change(
            &states[parameter], gradient: Double(g), theta: exact[parameter], coefficients[index],
            parameters)
        }
        guard let texts = test.theta["\(index + 1)"] else { continue }
        for (parameter, expected) in texts.compactMap(Double.init).enumerated() {
          largest[parameter] = max(largest[parameter], abs(expected))
          let place = "\(test.method), step \(index + 1), parameter \(parameter)"
          let error = abs(Double(theta[parameter]) - expected)
          #expect(error <= sequence.toleranceFloat32 * largest[parameter], "\(place)")
          let exactError = abs(exact[parameter] - expected)
          #expect(exactError <= sequence.toleranceFloat64 * largest[parameter], "\(place), double")
        }
      }
    }
  }
}
