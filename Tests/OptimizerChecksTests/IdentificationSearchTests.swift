import Foundation
import Numerics
import OptimizerChecks
import Testing

/// A noisy quadratic cost of ten parameters, whose curvatures span three decades: gradients that depend on theta.
private struct Quadratic {
  private static let count = 10
  private let steps: Int
  private let theta0: [Double]
  private let noise: [Double]

  init(seed: Int, steps: Int = 100) {
    self.steps = steps
    var stream = RandomStream(seed: 7, purpose: .test, epoch: seed, step: 0)
    theta0 = (0..<Self.count).map { _ in Double(stream.nextNormal()) }
    noise = (0..<steps * Self.count).map { _ in 0.1 * Double(stream.nextNormal()) }
  }

  /// The trajectory of an update that changes `theta` and three numbers that it keeps, the first of which is
  /// `start` at the beginning.
  func trajectory<Number: BinaryFloatingPoint>(
    in: Number.Type, start: Number = 0, scales: [Double]? = nil,
    _ update: (_ step: Int, _ g: Number, _ theta: inout Number, _ kept: inout [Number]) -> Void
  ) throws -> Trajectory {
    var theta = theta0.map { Number($0) }
    var kept = theta.map { _ in [start, 0, 0] }
    var (gradients, path): ([Double], [Double]) = ([], [])
    for step in 0..<steps {
      for index in theta.indices {
        let curvature = pow(10, -2 + 3 * Double(index) / Double(Self.count - 1))
        let g = Number(curvature * Double(theta[index]) + noise[step * Self.count + index])
        gradients.append(Double(g))
        update(step + 1, g, &theta[index], &kept[index])
      }
      path += theta.map { Double($0) }
    }
    let shape = [steps, Self.count]
    return try Trajectory(
      place: "mine.h5", theta0: theta0.map { Double(Number($0)) }, gradients: gradients,
      gradientsShape: shape, theta: path, thetaShape: shape, scales: scales)
  }

  func adam(beta1: Double, beta2: Double, epsilon: Double = 1e-8) throws -> Trajectory {
    try trajectory(in: Double.self, scales: Array(repeating: 1, count: steps)) {
      step, g, theta, kept in
      kept[0] = beta1 * kept[0] + (1 - beta1) * g
      kept[1] = beta2 * kept[1] + (1 - beta2) * g * g
      let (first, second) = (1 - pow(beta1, Double(step)), 1 - pow(beta2, Double(step)))
      theta -= 0.001 * kept[0] / first / ((kept[1] / second).squareRoot() + epsilon)
    }
  }
}

/// That the search finds what there is, wherever its hyperparameters lie.
@Suite struct IdentificationSearchTests {
  private func value(_ name: String, of found: Identification) -> Double? {
    found.match?.hyperparameters.first { $0.name == name }?.value
  }

  @Test(arguments: [(0.95, 0.9), (0.95, 0.95), (0.9, 0.95), (0.999, 0.999)], 0..<8)
  func `Adam is found at unusual rates, in double precision`(
    rates: (beta1: Double, beta2: Double), seed: Int
  ) throws {
    let found = try Identification(
      Quadratic(seed: seed).adam(beta1: rates.beta1, beta2: rates.beta2))
    #expect(found.match?.name == "adam" && found.match?.isFault == false, "\(found.text)")
    #expect(found.isDouble && found.isIdentified, "\(found.text)")
    #expect(value("beta1", of: found) == rates.beta1 && value("beta2", of: found) == rates.beta2)
    #expect(!found.departures.contains { $0.name == "adam" && $0.variant.isEmpty })
  }

  @Test func `round numbers speak for a method, odd ones against it`() throws {
    let trajectory = try Quadratic(seed: 1).trajectory(in: Double.self, start: 0.1) {
      _, g, theta, kept in
      kept[0] += g * g
      theta -= 0.01 * g / (kept[0].squareRoot() + 1e-10)
    }
    let found = try Identification(trajectory)
    #expect(found.match?.name == "adagrad", "\(found.text)")
    #expect(value("initial-accumulator", of: found) == 0.1 && value("alpha", of: found) == 0.01)
  }

  /// theta times a rounded factor, as PyTorch writes the decay, with a stepsize that falls.
  @Test(arguments: 0..<4)
  func `a decay by a factor is found in single precision, with a schedule`(seed: Int) throws {
    let steps = 400
    let scales = (0..<steps).map { 0.5 * (1 + cos(Double.pi * Double($0) / Double(steps))) }
    let trajectory = try Quadratic(seed: seed, steps: steps).trajectory(
      in: Float.self, scales: scales
    ) { step, g, theta, kept in
      let alpha = 0.001 * scales[step - 1]
      theta *= Float(1 - alpha * 0.01)
      kept[0] = 0.9 * kept[0] + 0.1 * g
      kept[1] = 0.999 * kept[1] + 0.001 * g * g
      let (first, second) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
      theta -=
        Float(alpha / first) * kept[0] / ((kept[1] / Float(second)).squareRoot() + 1e-8)
    }
    let found = try Identification(trajectory)
    #expect(found.match?.name == "adamw" && found.isIdentified, "\(found.text)")
  }

  @Test func `rates of Lion that suit the whole run are told, with how many others do`() throws {
    func found(_ beta1: Double, _ beta2: Double, steps: Int) throws -> Identification {
      try Identification(
        Quadratic(seed: 2, steps: steps).trajectory(in: Double.self) { _, g, theta, kept in
          let direction = beta1 * kept[0] + (1 - beta1) * g
          theta -= 0.003 * (direction > 0 ? 1 : -1)
          kept[0] = beta2 * kept[0] + (1 - beta2) * g
        })
    }
    let long = try found(0.9, 0.999, steps: 400)
    #expect(long.match?.name == "lion", "\(long.text)")
    #expect(value("beta1", of: long) == 0.9 && value("beta2", of: long) == 0.999)
    let short = try found(0.9, 0.99, steps: 16)
    #expect(short.match?.name == "lion", "\(short.text)")
    #expect(value("beta1", of: short) == 0.9 && value("beta2", of: short) == 0.99)
    #expect(short.text.contains("of rates on the grid that is searched make the same steps"))
  }

  @Test func `stepsizes that exclude what fits are named`() throws {
    let scales = (1...100).map { 1 / Double($0).squareRoot() }
    let trajectory = try Quadratic(seed: 3).trajectory(in: Double.self, scales: scales) {
      step, g, theta, kept in
      kept[0] = 0.9 * kept[0] + 0.1 * g
      kept[1] = 0.999 * kept[1] + 0.001 * g * g
      let (first, second) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
      theta -= 0.001 * kept[0] / first / ((kept[1] / second).squareRoot() + 1e-8)
    }
    let found = try Identification(trajectory)
    #expect(found.match == nil && found.excludedMatch?.name == "adam", "\(found.text)")
    #expect(
      found.text.contains(
        "given these stepsizes, which excludes what fits: adam: Adam, alpha = 0.001"))
  }

  @Test func `a stepsize without other hyperparameters is rounded like others`() throws {
    let found = try Identification(
      Quadratic(seed: 4).trajectory(in: Float.self) { _, g, theta, _ in theta -= 0.03 * g })
    #expect(found.match?.name == "sgd" && value("alpha", of: found) == 0.03, "\(found.text)")
  }

  /// Without a first moment many forms are one.
  @Test(arguments: [true, false])
  func `Adam without a first moment is Adam`(isDouble: Bool) throws {
    func found<Number: BinaryFloatingPoint>(_: Number.Type) throws -> Identification {
      try Identification(
        Quadratic(seed: 5).trajectory(in: Number.self) { step, g, theta, kept in
          kept[1] = 0.999 * kept[1] + 0.001 * g * g
          let second = Number(1 - pow(0.999, Double(step)))
          theta -= 0.001 * g / ((kept[1] / second).squareRoot() + 1e-8)
        })
    }
    let found = try isDouble ? found(Double.self) : found(Float.self)
    #expect(found.match?.name == "adam" && found.isIdentified, "\(found.text)")
    #expect(found.isAsExpected("adam"))
    #expect(value("beta2", of: found) == 0.999)
  }

  @Test func `NAdam is found at a rate beyond the grid`() throws {
    let (beta1, decay) = (0.999, 0.004)
    let trajectory = try Quadratic(seed: 6, steps: 50).trajectory(in: Double.self, start: 0) {
      step, g, theta, kept in
      func rate(_ step: Int) -> Double { beta1 * (1 - 0.5 * pow(0.96, decay * Double(step))) }
      let products = (1...step).map(rate).reduce(1, *)
      kept[0] = beta1 * kept[0] + (1 - beta1) * g
      kept[1] = 0.999 * kept[1] + 0.001 * g * g
      let second = 1 - pow(0.999, Double(step))
      let mean =
        rate(step + 1) * kept[0] / (1 - products * rate(step + 1))
        + (1 - rate(step)) * g / (1 - products)
      theta -= 0.001 * mean / ((kept[1] / second).squareRoot() + 1e-8)
    }
    let found = try Identification(trajectory)
    #expect(found.match?.name == "nadam" && value("beta1", of: found) == 0.999, "\(found.text)")
  }
}
