import Glibc
import Numerics

/// A stream of convex costs `f_1, f_2, ...` on the box `[-radius, radius]^dimension`, whose best
/// fixed point in hindsight is known.
///
/// The stream comes in blocks, each a pure function of the seed and its number, so that it can be
/// gone on with anywhere.
protocol OnlineProblem {
  /// The number of parameters.
  var dimension: Int { get }
  /// Half the side of the box.
  var radius: Double { get }
  /// A bound on every partial derivative of every cost in the box, the theorem's `G_inf`.
  var gradientBound: Double { get }
  /// What is kept of the costs seen so far for `leastCost`: zeros at first.
  var emptyStatistics: [Double] { get }

  /// Draws the costs of a block.
  mutating func draw(block: Int, seed: UInt64)
  /// `f_t(theta)` and its gradient for cost `index` of the block.
  func evaluate(_ index: Int, at theta: UnsafeBufferPointer<Float>, _ gradient: inout [Double])
    -> Double
  /// Takes note of cost `index` of the block.
  func note(_ index: Int, in statistics: inout [Double])
  /// The least value in the box of the sum of the `count` costs noted; `point` is where the last
  /// search ended, and is moved.
  func leastCost(_ statistics: [Double], count: Int, from point: inout [Double]) -> Double
}

/// Costs in a block.
let blockLength = 8_192

/// `f_t(theta) = s_t . theta` with independent random signs: whatever a method does, its regret is
/// that of guessing, and grows as sqrt(T).
struct RandomSigns: OnlineProblem {
  let dimension = 10
  let radius: Double
  let gradientBound = 1.0
  private var signs: [Double] = []

  init(radius: Double = 1) { self.radius = radius }

  var emptyStatistics: [Double] { [Double](repeating: 0, count: dimension) }

  mutating func draw(block: Int, seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .problem, epoch: block, lane: 200)
    signs = (0..<blockLength * dimension).map { _ in stream.next(below: 2) == 0 ? -1 : 1 }
  }

  func evaluate(_ index: Int, at theta: UnsafeBufferPointer<Float>, _ gradient: inout [Double])
    -> Double
  {
    var cost = 0.0
    for i in 0..<dimension {
      gradient[i] = signs[index * dimension + i]
      cost += gradient[i] * Double(theta[i])
    }
    return cost
  }

  func note(_ index: Int, in statistics: inout [Double]) {
    for i in 0..<dimension { statistics[i] += signs[index * dimension + i] }
  }

  func leastCost(_ statistics: [Double], count: Int, from point: inout [Double]) -> Double {
    -radius * statistics.reduce(0) { $0 + abs($1) }
  }
}

/// `f_t(theta) = sum_i a_i (theta_i - x_ti)^2 / 2` with curvatures from 0.01 to 1 and targets
/// uniform in [-0.5, 1].
struct NoisyQuadratic: OnlineProblem {
  let dimension = 10
  let radius: Double
  private let curvatures = (0..<10).map { pow(10, -2 * Double($0) / 9) }
  private var targets: [Double] = []

  init(radius: Double = 1) { self.radius = radius }

  var gradientBound: Double { radius + 1 }

  var emptyStatistics: [Double] { [Double](repeating: 0, count: 2 * dimension) }

  mutating func draw(block: Int, seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .problem, epoch: block, lane: 201)
    targets = (0..<blockLength * dimension).map { _ in 1.5 * Double(stream.nextUniform()) - 0.5 }
  }

  func evaluate(_ index: Int, at theta: UnsafeBufferPointer<Float>, _ gradient: inout [Double])
    -> Double
  {
    var cost = 0.0
    for i in 0..<dimension {
      let difference = Double(theta[i]) - targets[index * dimension + i]
      gradient[i] = curvatures[i] * difference
      cost += 0.5 * curvatures[i] * difference * difference
    }
    return cost
  }

  func note(_ index: Int, in statistics: inout [Double]) {
    for i in 0..<dimension {
      let target = targets[index * dimension + i]
      statistics[i] += target
      statistics[dimension + i] += target * target
    }
  }

  func leastCost(_ statistics: [Double], count: Int, from point: inout [Double]) -> Double {
    (0..<dimension).reduce(0.0) { sum, i in
      let best = min(radius, max(-radius, statistics[i] / Double(count)))
      return sum + 0.5 * curvatures[i]
        * (statistics[dimension + i] - 2 * best * statistics[i] + Double(count) * best * best)
    }
  }
}

/// `f_t(theta) = (x_t . theta - y_t)^2 / 2`, x uniform in [-1, 1]^d, y with the noise of a uniform
/// number in [-1, 1].
struct LeastSquares: OnlineProblem {
  let dimension = 10
  let radius: Double
  private let truth = (0..<10).map { Double($0 - 5) / 10 }
  private var rows: [Double] = []

  init(radius: Double = 1) { self.radius = radius }

  var gradientBound: Double {
    Double(dimension) * radius + truth.reduce(0) { $0 + abs($1) } + 1
  }

  /// The normal equations: the upper triangle of the matrix, the right side, the sum of squares.
  var emptyStatistics: [Double] {
    [Double](repeating: 0, count: dimension * dimension + dimension + 1)
  }

  mutating func draw(block: Int, seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .problem, epoch: block, lane: 202)
    rows = []
    rows.reserveCapacity(blockLength * (dimension + 1))
    for _ in 0..<blockLength {
      var target = 2 * Double(stream.nextUniform()) - 1
      for weight in truth {
        let x = 2 * Double(stream.nextUniform()) - 1
        rows.append(x)
        target += weight * x
      }
      rows.append(target)
    }
  }

  func evaluate(_ index: Int, at theta: UnsafeBufferPointer<Float>, _ gradient: inout [Double])
    -> Double
  {
    let first = index * (dimension + 1)
    var difference = -rows[first + dimension]
    for i in 0..<dimension { difference += rows[first + i] * Double(theta[i]) }
    for i in 0..<dimension { gradient[i] = difference * rows[first + i] }
    return 0.5 * difference * difference
  }

  func note(_ index: Int, in statistics: inout [Double]) {
    let first = index * (dimension + 1)
    let target = rows[first + dimension]
    for i in 0..<dimension {
      for j in i..<dimension { statistics[i * dimension + j] += rows[first + i] * rows[first + j] }
      statistics[dimension * dimension + i] += rows[first + i] * target
    }
    statistics[dimension * dimension + dimension] += target * target
  }

  func leastCost(_ statistics: [Double], count: Int, from point: inout [Double]) -> Double {
    let d = dimension
    func entry(_ i: Int, _ j: Int) -> Double { statistics[min(i, j) * d + max(i, j)] }
    return BoxMinimizer(dimension: d, radius: radius).minimize(from: &point) { theta, wantsMore in
      var result = BoxMinimizer.Evaluation(
        value: 0.5 * statistics[d * d + d], gradient: theta,
        hessian: [Double](repeating: 0, count: d * d))
      for i in 0..<d {
        let product = (0..<d).reduce(0.0) { $0 + entry(i, $1) * theta[$1] }
        result.value += theta[i] * (0.5 * product - statistics[d * d + i])
        guard wantsMore else { continue }
        result.gradient[i] = product - statistics[d * d + i]
        for j in 0..<d { result.hessian[i * d + j] = entry(i, j) }
      }
      return result
    }
  }
}

/// Logistic regression on MNIST, one image a cost: is the digit even? The features are the 49 means
/// over 4x4 pixels and a constant; the costs carry `mu |theta|^2 / 2`.
struct LogisticStream: OnlineProblem {
  let dimension = 50
  let radius: Double
  private let mu = 1e-4
  private let features: [Float]
  private let labels: [Double]
  private var drawn: [Int] = []

  var gradientBound: Double { 1 + mu * radius }

  /// The features of images of 28x28 bytes.
  init(_ examples: DenseExamples, radius: Double = 10) {
    self.radius = radius
    guard case .bytes(let bytes) = examples.features, examples.featureCount == 784 else {
      preconditionFailure("MNIST is 28x28 bytes an image")
    }
    var features = [Float](repeating: 1, count: examples.count * 50)
    for example in 0..<examples.count {
      for cell in 0..<49 {
        var sum = 0
        for pixel in 0..<16 {
          let (row, column) = (4 * (cell / 7) + pixel / 4, 4 * (cell % 7) + pixel % 4)
          sum += Int(bytes[example * 784 + row * 28 + column])
        }
        features[example * 50 + cell] = Float(sum) / (16 * 255)
      }
    }
    self.features = features
    labels = examples.labels.map { $0.isMultiple(of: 2) ? 1 : -1 }
  }

  /// How often each image has come.
  var emptyStatistics: [Double] { [Double](repeating: 0, count: labels.count) }

  mutating func draw(block: Int, seed: UInt64) {
    var stream = RandomStream(seed: seed, purpose: .problem, epoch: block, lane: 203)
    drawn = (0..<blockLength).map { _ in stream.next(below: labels.count) }
  }

  func evaluate(_ index: Int, at theta: UnsafeBufferPointer<Float>, _ gradient: inout [Double])
    -> Double
  {
    let example = drawn[index]
    return features.withUnsafeBufferPointer { features in
      var margin = 0.0
      var squares = 0.0
      for i in 0..<50 {
        let weight = Double(theta[i])
        margin += weight * Double(features[example * 50 + i])
        squares += weight * weight
      }
      margin *= labels[example]
      let slope = -labels[example] / (1 + exp(margin))
      for i in 0..<50 {
        gradient[i] = slope * Double(features[example * 50 + i]) + mu * Double(theta[i])
      }
      return logisticCost(margin) + 0.5 * mu * squares
    }
  }

  func note(_ index: Int, in statistics: inout [Double]) { statistics[drawn[index]] += 1 }

  func leastCost(_ statistics: [Double], count: Int, from point: inout [Double]) -> Double {
    BoxMinimizer(dimension: dimension, radius: radius).minimize(from: &point) {
      total(statistics, count: count, at: $0, wantsMore: $1)
    }
  }

  /// The sum of the costs noted, with its derivatives.
  private func total(_ statistics: [Double], count: Int, at theta: [Double], wantsMore: Bool)
    -> BoxMinimizer.Evaluation
  {
    let d = dimension
    let ridge = mu * Double(count)
    var value = 0.5 * ridge * theta.reduce(0) { $0 + $1 * $1 }
    var gradient = theta.map { ridge * $0 }
    var hessian = [Double](repeating: 0, count: d * d)
    var x = [Double](repeating: 0, count: d)
    for example in statistics.indices where statistics[example] > 0 {
      var margin = 0.0
      for i in 0..<d {
        x[i] = Double(features[example * d + i])
        margin += theta[i] * x[i]
      }
      margin *= labels[example]
      value += statistics[example] * logisticCost(margin)
      guard wantsMore else { continue }
      let share = 1 / (1 + exp(margin))
      let slope = -statistics[example] * labels[example] * share
      let curvature = statistics[example] * share * (1 - share)
      hessian.withUnsafeMutableBufferPointer { hessian in
        x.withUnsafeBufferPointer { x in
          for i in 0..<d {
            let factor = curvature * x[i]
            if x[i] == 0 { continue }
            gradient[i] += slope * x[i]
            for j in i..<d { hessian[i * d + j] += factor * x[j] }
          }
        }
      }
    }
    for i in 0..<d {
      hessian[i * d + i] += ridge
      for j in i + 1..<d { hessian[j * d + i] = hessian[i * d + j] }
    }
    return BoxMinimizer.Evaluation(value: value, gradient: gradient, hessian: hessian)
  }
}

/// `log(1 + exp(-margin))`.
private func logisticCost(_ margin: Double) -> Double {
  margin > 0 ? log1p(exp(-margin)) : log1p(exp(margin)) - margin
}
