import Glibc
import Numerics
import Optimizers
import Reproduction

// Section 2.1: invariance to the scale of the gradients. Section 5: AdaGrad as a limit of Adam.
// Section 1: little memory.

extension Quantity {
  static let scale = Quantity("scale", [.log2Scale], "the factor c")
  static let changed = Quantity(
    "changed", [.log2Scale], "share of parameters that end at other bits")
  static let scaleDeviation = Quantity(
    "deviation", [.log2Scale],
    "largest difference of two parameters over the largest way from the start")
  static let scaleDeviationOfThree = Quantity(
    "deviation_three", [.log2Scale], "the same for the factor 3 c, which is no power of two")
  static let changedDiagonal = Quantity(
    "changed_diagonal", [],
    "share of parameters that end at other bits when each has a factor of its own, powers of "
      + "two from 2^-20 to 2^20")

  static let rest = Quantity("rest", [.log10Rest], "1 - beta2")
  static let limitDistance = Quantity(
    "distance", [.log10Rest],
    "largest distance of the two trajectories over AdaGrad's largest way from the start")
  static let limitDistanceSingle = Quantity(
    "distance_single", [.log10Rest], "the same in single precision")

  static let vectors = Quantity("vectors", [.method], "vectors of the size of theta")
  static let bytes = Quantity(
    "bytes", [.method], "size of the state after two steps, as it is saved, for each parameter",
    units: "byte")
}

let epsilons = (none: "0", standard: "1e-08")

/// Trajectories under gradients that are multiplied by c, against those of c = 1.
func scaleInvariance(steps: Int) -> Computation<NoData> {
  let count = 512
  let exponents = Array(stride(from: -72, through: 48, by: 4))
  return Computation(
    Topic.scale, "trajectories under gradients times c, against c = 1",
    axes: [Axis.epsilon(.double([epsilons.none, epsilons.standard].compactMap(Double.init)))],
    ownAxes: [Axis.log2Scale(exponents)],
    quantities: [.scale, .changed, .scaleDeviation, .scaleDeviationOfThree, .changedDiagonal],
    parameters: ["steps": Double(steps), "alpha": 0.001, "beta1": 0.9, "beta2": 0.999]
  ) { point, _ in
    let epsilon = Double(point[.epsilon]) ?? 0
    func trajectory(_ factor: (Int) -> Float) -> FloatVector {
      var adam = Adam(count: count, epsilon: epsilon)
      var theta = FloatVector(count: count)
      var gradient = FloatVector(count: count)
      for step in 1...steps {
        var stream = RandomStream(seed: point.seed, purpose: .problem, step: step, lane: 100)
        gradient.withUnsafeMutableBufferPointer { gradient in
          stream.fillNormal(gradient)
          for index in gradient.indices { gradient[index] *= factor(index) }
        }
        adam.step(&theta, gradient: gradient)
      }
      return theta
    }
    let reference = trajectory { _ in 1 }
    func changed(_ theta: FloatVector) -> Double {
      let pairs = zip(theta.array, reference.array)
      return Double(pairs.count { $0.bitPattern != $1.bitPattern }) / Double(count)
    }
    func deviation(_ theta: FloatVector) -> Double {
      relativeDistance([theta.array.map(Double.init)], [reference.array.map(Double.init)])
    }
    return UnitsOfWork(count: exponents.count) { unit, ledger in
      let scale = powerOfTwo(exponents[unit])
      let theta = trajectory { _ in scale }
      ledger.record(.scale, at: [unit], Double(scale))
      ledger.record(.changed, at: [unit], changed(theta))
      ledger.record(.scaleDeviation, at: [unit], deviation(theta))
      ledger.record(
        .scaleDeviationOfThree, at: [unit], deviation(trajectory { _ in 3 * scale }))
      if unit == 0 {
        ledger.record(
          .changedDiagonal, changed(trajectory { index in powerOfTwo(index % 41 - 20) }))
      }
    }
  }
}

/// Adam with beta1 = 0 and alpha / sqrt(t) beside AdaGrad on the same noisy quadratic costs, as
/// beta2 goes to 1.
func adaGradLimit(steps: Int) -> Computation<NoData> {
  let exponents = Array(stride(from: -0.5, through: -7, by: -0.5))
  let dimension = 16
  let alpha = 0.5
  return Computation(
    Topic.adaGradLimit, "distance of Adam's trajectory from AdaGrad's as beta2 goes to 1",
    ownAxes: [Axis.log10Rest(.double(exponents))],
    quantities: [.rest, .limitDistance, .limitDistanceSingle],
    parameters: ["steps": Double(steps), "alpha": alpha, "beta1": 0]
  ) { point, _ in
    // f_t(theta) = sum_i a_i (theta_i - x_ti)^2 / 2 with a from 0.1 to 1.6 and x ~ N(1, 1).
    let curvatures = (1...dimension).map { 0.1 * Double($0) }
    let targets = (1...steps).map { step in
      var stream = RandomStream(seed: point.seed, purpose: .problem, step: step, lane: 101)
      return (0..<dimension).map { _ in 1 + Double(stream.nextNormal()) }
    }
    func adaGrad() -> [[Double]] {
      var theta = [Double](repeating: 0, count: dimension)
      var sums = theta
      return targets.map { target in
        for index in theta.indices {
          let gradient = curvatures[index] * (theta[index] - target[index])
          sums[index] += gradient * gradient
          theta[index] -= alpha * gradient / sums[index].squareRoot()
        }
        return theta
      }
    }
    func adam(rest: Double) -> [[Double]] {
      var theta = [Double](repeating: 0, count: dimension)
      var methods = theta.map { _ in DoubleAdam(beta1: 0, rest2: rest) }
      return targets.enumerated().map { step, target in
        let stepsize = alpha / Double(step + 1).squareRoot()
        for index in theta.indices {
          theta[index] -=
            stepsize * methods[index].step(curvatures[index] * (theta[index] - target[index]))
        }
        return theta
      }
    }
    func single(_ optimizer: some Optimizer, alpha stepsize: (Int) -> Double) -> [[Double]] {
      var optimizer = optimizer
      var theta = FloatVector(count: dimension)
      var gradient = FloatVector(count: dimension)
      return targets.enumerated().map { step, target in
        for index in 0..<dimension {
          gradient[index] = Float(curvatures[index]) * (theta[index] - Float(target[index]))
        }
        optimizer.alpha = stepsize(step + 1)
        optimizer.step(&theta, gradient: gradient)
        return theta.array.map(Double.init)
      }
    }
    let exact = adaGrad()
    let exactSingle = single(AdaGrad(count: dimension, alpha: alpha, epsilon: 0)) { _ in alpha }
    return UnitsOfWork(count: exponents.count) { unit, ledger in
      let rest = pow(10, exponents[unit])
      ledger.record(.rest, at: [unit], rest)
      ledger.record(.limitDistance, at: [unit], relativeDistance(adam(rest: rest), exact))
      let method = Adam(count: dimension, alpha: alpha, beta1: 0, beta2: 1 - rest, epsilon: 0)
      let trajectory = single(method) { alpha / Double($0).squareRoot() }
      ledger.record(.limitDistanceSingle, at: [unit], relativeDistance(trajectory, exactSingle))
    }
  }
}

/// What each method keeps for each parameter.
func memory() -> Computation<NoData> {
  let methods = OptimizerRegistry.all
  let count = 1_000_000
  return Computation(
    Topic.memory, "the state that each method keeps",
    ownAxes: [Axis.method(.string(methods.map(\.name)))], quantities: [.vectors, .bytes],
    parameters: ["parameters": Double(count)]
  ) { _, _ in
    UnitsOfWork(count: methods.count) { unit, ledger in
      var optimizer = try OptimizerRegistry.make(methods[unit].name, count: count)
      var theta = FloatVector(count: count)
      let gradient = FloatVector(repeating: 1, count: count)
      for _ in 0..<2 { optimizer.step(&theta, gradient: gradient) }
      let state = optimizer.state
      let numbers = state.vectors.map(\.values.count).reduce(0, +)
      let bytes =
        numbers * MemoryLayout<Float>.stride
        + (state.scalars.count + 1) * MemoryLayout<Double>.stride
      ledger.record(.vectors, at: [unit], Double(state.vectors.count))
      ledger.record(.bytes, at: [unit], Double(bytes) / Double(count))
    }
  }
}

/// The largest distance of two trajectories, over the largest way of the second from the start.
func relativeDistance(_ a: [[Double]], _ b: [[Double]]) -> Double {
  let way = b.joined().map(abs).max() ?? .nan
  return (zip(a.joined(), b.joined()).map { abs($0 - $1) }.max() ?? .nan) / way
}

private func powerOfTwo(_ exponent: Int) -> Float {
  Float(sign: .plus, exponent: exponent, significand: 1)
}
