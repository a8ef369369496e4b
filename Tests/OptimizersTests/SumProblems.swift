import Glibc
import Numerics
import Optimizers

/// Quadratics with random centres and random diagonal Hessians, whose eigenvalues span three decades.
final class Quadratics: SumOfSubfunctions {
  let count: Int
  let dimension: Int
  private let curvatures: [[Double]]
  private let centres: [[Double]]
  private(set) var minimum = 0.0
  /// What was evaluated last of each.
  private(set) var lastTheta: [FloatVector]
  private(set) var lastGradient: [FloatVector]

  init(count: Int, dimension: Int, seed: UInt64) {
    self.count = count
    self.dimension = dimension
    var stream = RandomStream(seed: seed, purpose: .test)
    var (curvatures, centres): ([[Double]], [[Double]]) = ([], [])
    for _ in 0..<count {
      curvatures.append((0..<dimension).map { _ in pow(10, -2 + 3 * stream.nextDouble()) })
      centres.append((0..<dimension).map { _ in Double(stream.nextNormal()) })
    }
    self.curvatures = curvatures
    self.centres = centres
    lastTheta = [FloatVector](repeating: FloatVector(count: dimension), count: count)
    lastGradient = lastTheta
    for place in 0..<dimension {
      var (total, first, second) = (0.0, 0.0, 0.0)
      for index in 0..<count {
        let (a, c) = (curvatures[index][place], centres[index][place])
        total += a
        first += a * c
        second += a * c * c
      }
      minimum += 0.5 * (second - first * first / total)
    }
  }

  func evaluate(_ index: Int, at theta: FloatVector, gradient: inout FloatVector) -> Double {
    let value = evaluate(curvatures[index], centres[index], theta, &gradient)
    lastTheta[index] = theta
    lastGradient[index] = gradient
    return value
  }

  private func evaluate(
    _ a: [Double], _ c: [Double], _ theta: FloatVector, _ gradient: inout FloatVector
  ) -> Double {
    var sum = 0.0
    for place in 0..<dimension {
      let distance = Double(theta[place]) - c[place]
      sum += 0.5 * a[place] * distance * distance
      gradient[place] = Float(a[place] * distance)
    }
    return sum
  }

  /// How far the sum is above its minimum.
  func excess(at theta: FloatVector) -> Double {
    var gradient = FloatVector(count: dimension)
    return (0..<count).reduce(-minimum) {
      $0 + evaluate(curvatures[$1], centres[$1], theta, &gradient)
    }
  }

  static func start(_ dimension: Int, seed: UInt64 = 9) -> FloatVector {
    var stream = RandomStream(seed: seed, purpose: .test)
    return FloatVector((0..<dimension).map { _ in stream.nextNormal() })
  }
}

/// A problem made of a cost of one example, divided into minibatches in order.
final class ExampleSum: SumOfSubfunctions {
  typealias Cost = (_ example: Int, _ theta: UnsafeBufferPointer<Float>, inout [Double]) -> Double

  let count: Int
  private let exampleCount: Int
  private let cost: Cost
  private let bend: (Int, Double) -> Double

  /// - Parameter bend: changes the value of a subfunction, e.g. to one that is not finite.
  init(
    count: Int, examples: Int, bend: @escaping (Int, Double) -> Double = { $1 },
    cost: @escaping Cost
  ) {
    self.count = count
    exampleCount = examples
    self.cost = cost
    self.bend = bend
  }

  func evaluate(_ index: Int, at theta: FloatVector, gradient: inout FloatVector) -> Double {
    let range = index * exampleCount / count..<(index + 1) * exampleCount / count
    var sums = [Double](repeating: 0, count: theta.count)
    let value = theta.withUnsafeBufferPointer { theta in
      range.reduce(0.0) { $0 + cost($1, theta, &sums) }
    }
    for place in sums.indices { gradient[place] = Float(sums[place]) }
    return bend(index, value)
  }

  /// The mean cost of an example.
  func mean(at theta: FloatVector) -> Double {
    var gradient = FloatVector(count: theta.count)
    return (0..<count).reduce(0.0) { $0 + evaluate($1, at: theta, gradient: &gradient) }
      / Double(exampleCount)
  }

  /// Logistic regression on random features, with labels that no plane separates and a penalty.
  static func logistic(
    count: Int, examples: Int, dimension: Int, seed: UInt64
  ) -> ExampleSum {
    var stream = RandomStream(seed: seed, purpose: .test)
    let truth = (0..<dimension).map { _ in Double(stream.nextNormal()) }
    let features = (0..<examples).map { _ in
      (0..<dimension).map { place in
        Double(stream.nextNormal()) * pow(10, -1.5 * Double(place) / Double(dimension))
      }
    }
    let labels = features.map { feature in
      let margin = zip(feature, truth).reduce(0.0) { $0 + $1.0 * $1.1 }
      return stream.nextDouble() < 1 / (1 + exp(-margin)) ? 1.0 : -1.0
    }
    return ExampleSum(count: count, examples: examples) { example, theta, gradient in
      var margin = 0.0
      var squares = 0.0
      for place in 0..<dimension {
        margin += features[example][place] * Double(theta[place])
        squares += Double(theta[place]) * Double(theta[place])
      }
      margin *= labels[example]
      let slope = -labels[example] / (1 + exp(margin))
      for place in 0..<dimension {
        gradient[place] += slope * features[example][place] + 1e-4 * Double(theta[place])
      }
      return log1p(exp(-abs(margin))) + max(0, -margin) + 0.5e-4 * squares
    }
  }

  /// An auto-encoder of 20 random inputs by 10 sigmoid units, both layers with biases: half the squared
  /// error.
  static func autoencoder(count: Int, examples: Int, seed: UInt64) -> ExampleSum {
    let (inputs, hidden) = (20, 10)
    var stream = RandomStream(seed: seed, purpose: .test)
    let data = (0..<examples * inputs).map { _ in Double(stream.nextNormal()) }
    return ExampleSum(count: count, examples: examples) { example, theta, gradient in
      let (biases, back) = (inputs * hidden, inputs * hidden + hidden)
      let last = back + inputs * hidden
      var units = [Double](repeating: 0, count: hidden)
      for unit in 0..<hidden {
        var sum = Double(theta[biases + unit])
        for input in 0..<inputs {
          sum += Double(theta[unit * inputs + input]) * data[example * inputs + input]
        }
        units[unit] = 1 / (1 + exp(-sum))
      }
      var cost = 0.0
      var slopes = [Double](repeating: 0, count: hidden)
      for input in 0..<inputs {
        var output = Double(theta[last + input])
        for unit in 0..<hidden {
          output += Double(theta[back + input * hidden + unit]) * units[unit]
        }
        let error = output - data[example * inputs + input]
        cost += 0.5 * error * error
        gradient[last + input] += error
        for unit in 0..<hidden {
          gradient[back + input * hidden + unit] += error * units[unit]
          slopes[unit] += error * Double(theta[back + input * hidden + unit])
        }
      }
      for unit in 0..<hidden {
        let slope = slopes[unit] * units[unit] * (1 - units[unit])
        gradient[biases + unit] += slope
        for input in 0..<inputs {
          gradient[unit * inputs + input] += slope * data[example * inputs + input]
        }
      }
      return cost
    }
  }

  static let autoencoderParameters = 2 * 20 * 10 + 10 + 20
}
