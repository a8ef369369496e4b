import COneDNN
import CVectorKernels
import Numerics

/// A perceptron with rectified hidden layers and a softmax output (section 6.2 of the paper).
///
/// `theta` holds, for each layer, weights (`[outputs, inputs]`) and bias (`[outputs]`). The cost is
/// the mean softmax cross-entropy of the minibatch, under dropout if there is any; the penalty is
/// `l2 / 2 * |weights|^2` over the weights of all layers, as the paper's "L2 weight decay" in the
/// cost. The paper gives neither dropout rates nor coefficient nor initialisation.
///
/// Make and use an instance on one thread, after `onednn_set_threads` for that thread.
public final class MultilayerPerceptron: Objective {
  /// What defines the network besides the data.
  public struct Options: Sendable, Hashable {
    /// The units of each hidden layer.
    public var hiddenSizes: [Int]
    /// The probability that an input is dropped; rounded to a multiple of 1/65536.
    public var inputDropout: Double
    /// The probability that a hidden unit is dropped, a value for each hidden layer; rounded to
    /// multiples of 1/65536. Kept units are divided by the probability of keeping them.
    public var hiddenDropout: [Double]
    /// The coefficient of the penalty on the weights.
    public var l2: Double
    /// The distribution of the initial weights; biases start at 0.
    public var initialisation: Initialisation

    /// Options of a network; the paper's has two hidden layers of 1000 units.
    public init(
      hiddenSizes: [Int] = [1000, 1000], inputDropout: Double = 0, hiddenDropout: [Double]? = nil,
      l2: Double = 0, initialisation: Initialisation = .heNormal
    ) {
      self.hiddenSizes = hiddenSizes
      self.inputDropout = inputDropout
      self.hiddenDropout = hiddenDropout ?? hiddenSizes.map { _ in 0 }
      self.l2 = l2
      self.initialisation = initialisation
    }
  }

  /// Weights and biases, from `hidden1.weights` to `output.bias`.
  public let parameters: [Parameter]
  /// The network's options.
  public let options: Options
  /// The largest minibatch.
  public let minibatchCapacity: Int

  private let training: DenseExamples
  private let test: DenseExamples
  fileprivate let layers: DenseLayers
  fileprivate var trainingPlans: [Plan] = []
  private var evaluationPlans: [Plan] = []

  /// A perceptron on `training`, evaluated on `training` and `test`.
  ///
  /// - Parameters:
  ///   - training: the examples that minibatches are drawn from.
  ///   - test: held-out examples with the same features and classes.
  ///   - options: layers, dropout, penalty, initialisation.
  ///   - minibatchCapacity: the largest minibatch that will be asked for. What this size and the
  ///     remainder of an epoch need is made at once, other sizes when first asked for.
  /// - Throws: `PrimitiveError` if oneDNN cannot do it.
  public init(
    training: DenseExamples, test: DenseExamples, options: Options = Options(),
    minibatchCapacity: Int = 128
  ) throws {
    precondition(
      training.featureCount == test.featureCount && training.classCount == test.classCount,
      "training and test examples differ in features or classes")
    precondition(options.hiddenDropout.count == options.hiddenSizes.count, "a rate for each layer")
    precondition(
      ([options.inputDropout] + options.hiddenDropout).allSatisfy { $0 >= 0 && $0 < 1 },
      "dropout rates are in [0, 1)")
    precondition(minibatchCapacity > 0 && options.l2 >= 0)
    self.training = training
    self.test = test
    self.options = options
    self.minibatchCapacity = minibatchCapacity
    let sizes = [training.featureCount] + options.hiddenSizes + [training.classCount]
    let last = sizes.count - 2
    layers = try DenseLayers(
      (0...last).map {
        ($0 == last ? "output" : "hidden\($0 + 1)", inputs: sizes[$0], outputs: sizes[$0 + 1])
      })
    parameters = layers.parameters
    trainingPlans = [try Plan(layers, batch: minibatchCapacity, training: true)]
    let remainder = training.count % minibatchCapacity
    if remainder > 0 {
      trainingPlans.append(try Plan(layers, batch: remainder, training: true))
    }
  }

  /// The examples of one pass of an evaluation.
  private static let evaluationBatch = 1000

  /// The number of examples of a split.
  public func count(of split: Split) -> Int { examples(of: split).count }

  /// Weights as the options say, drawn in logical order; biases of 0.
  public func initialTheta(seed: UInt64) -> FloatVector {
    layers.initialTheta(seed: seed, options.initialisation)
  }

  /// The logical elements of each parameter of `theta` or of a vector like it (a gradient, a
  /// moment): row-major, without the padding of the stored layout.
  public func logicalParameters(of theta: FloatVector) -> [[Float]] { layers.logical(theta) }

  /// `theta` from the logical elements of each parameter; the inverse of `logicalParameters`.
  public func theta(fromLogical logical: [[Float]]) -> FloatVector { layers.stored(logical) }

  /// Cost under dropout, penalty and gradient of a minibatch; masks are keyed by `noise`.
  public func evaluateGradient(
    at theta: FloatVector, minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey,
    gradient: inout FloatVector
  ) -> MinibatchCost {
    let count = minibatch.count
    precondition(count > 0 && count <= minibatchCapacity, "minibatch of \(count) examples")
    precondition(theta.count == parameterCount && gradient.count == parameterCount)
    precondition(minibatch.allSatisfy { training.labels.indices.contains(Int($0)) })
    let plan = Plan.prepared(for: count, in: &trainingPlans, layers, training: true)
    return theta.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { gradient in
        guard let theta = theta.baseAddress, let gradient = gradient.baseAddress else {
          return MinibatchCost(cost: 0, penalty: 0)
        }
        return descend(plan, theta, minibatch, noise, gradient)
      }
    }
  }

  private func descend(
    _ plan: Plan, _ theta: UnsafePointer<Float>, _ minibatch: UnsafeBufferPointer<Int32>,
    _ noise: NoiseKey, _ gradient: UnsafeMutablePointer<Float>
  ) -> MinibatchCost {
    let count = plan.batch
    if var dropout = Dropout.kernelMask(rate: options.inputDropout, noise, lane: 0) {
      training.gather(minibatch.baseAddress, count: count, dropout: &dropout, to: plan.input)
    } else {
      training.gather(minibatch.baseAddress, count: count, to: plan.input)
    }
    training.gatherLabels(minibatch, to: plan.labels.base)
    let last = plan.layers.count - 1
    for number in 0...last {
      plan.layers[number].runForward(theta)
      guard number < last else { continue }
      let units = plan.layers[number].layer.outputs
      let hidden = plan.activations[number + 1].base
      if var dropout = Dropout.kernelMask(
        rate: options.hiddenDropout[number], noise, lane: number + 1)
      {
        vk_rectify(hidden, count * units, &dropout)
      } else {
        vk_rectify(hidden, count * units, nil)
      }
    }
    let cost = vk_softmax_cross_entropy(
      plan.output, count, training.classCount, training.classCount, plan.labels.base,
      1 / Float(count), plan.output, nil)
    for number in (0...last).reversed() {
      plan.layers[number].runBackward(theta, gradient)
      if number > 0 {
        let units = plan.layers[number].layer.inputs
        let scale = Dropout.scale(rate: options.hiddenDropout[number - 1])
        vk_rectifier_backward(
          plan.gradients[number].base, plan.activations[number].base, count * units, scale)
      }
    }
    layers.clearPadding(of: gradient)
    return MinibatchCost(
      cost: cost / Double(count),
      penalty: layers.addPenalty(theta, gradient, coefficient: options.l2))
  }

  /// The penalty at `theta`.
  public func penalty(at theta: FloatVector) -> Double {
    layers.penalty(at: theta, coefficient: options.l2)
  }

  /// Cost and error rate of a split without dropout; there is no noise.
  public func evaluate(at theta: FloatVector, on split: Split, noise: NoiseKey) -> Evaluation {
    let data = examples(of: split)
    precondition(theta.count == parameterCount)
    var total = 0.0
    var wrong = 0
    theta.withUnsafeBufferPointer { theta in
      data.labels.withUnsafeBufferPointer { labels in
        guard let theta = theta.baseAddress, let labels = labels.baseAddress else { return }
        for first in stride(from: 0, to: data.count, by: Self.evaluationBatch) {
          let count = min(Self.evaluationBatch, data.count - first)
          let plan = Plan.prepared(for: count, in: &evaluationPlans, layers, training: false)
          data.gather(nil, first: first, count: count, to: plan.input)
          for (number, layer) in plan.layers.enumerated() {
            layer.runForward(theta)
            if number < plan.layers.count - 1 {
              vk_rectify(
                plan.activations[number + 1].base, count * layer.layer.outputs, nil)
            }
          }
          var missed = 0
          total += vk_softmax_cross_entropy(
            plan.output, count, data.classCount, data.classCount, labels + first, 1, nil, &missed)
          wrong += missed
        }
      }
    }
    return Evaluation(cost: total / Double(data.count), error: Double(wrong) / Double(data.count))
  }

  private func examples(of split: Split) -> DenseExamples {
    switch split {
    case .training: training
    case .test: test
    }
  }
}

extension MultilayerPerceptron: MeasurableProducts {
  package var productOperations: Double {
    layers.productOperations(batch: minibatchCapacity)
  }

  package func runProducts(at theta: FloatVector, gradient: inout FloatVector) {
    trainingPlans[0].runProducts(at: theta, gradient: &gradient)
  }
}

/// Activations, their gradients and the primitives for one minibatch size.
private final class Plan: DensePlan {
  let batch: Int
  /// The input and the output of each layer.
  let activations: [AlignedBuffer<Float>]
  /// `gradients[i]` belongs to `activations[i]`; the output's is written in place of it, and the
  /// input's is not wanted.
  let gradients: [AlignedBuffer<Float>]
  let labels: AlignedBuffer<UInt8>
  let layers: [DensePrimitives]
  let input: UnsafeMutablePointer<Float>
  let output: UnsafeMutablePointer<Float>

  init(_ dense: DenseLayers, batch: Int, training: Bool) throws {
    self.batch = batch
    let sizes = dense.layers.prefix(1).map(\.inputs) + dense.layers.map(\.outputs)
    let last = dense.layers.count - 1
    let activations = sizes.map { AlignedBuffer<Float>(count: batch * $0) }
    let gradients = sizes.enumerated().map { number, size in
      let wanted = training && number > 0 && number <= last
      return AlignedBuffer<Float>(count: wanted ? batch * size : 0)
    }
    // The library's rectifier turns NaN into 0 and would hide a broken theta; ours does not, and
    // costs no more than the dropout that it is fused with.
    layers = try dense.layers.enumerated().map { number, layer in
      let below = activations[number].base
      let above = activations[number + 1].base
      guard training else {
        return try DensePrimitives(
          layer, batch: batch, rectified: false, source: below, destination: above)
      }
      return try DensePrimitives(
        layer, batch: batch, rectified: false, source: below, destination: above,
        destinationGradient: number < last ? gradients[number + 1].base : above,
        sourceGradient: number > 0 ? gradients[number].base : nil)
    }
    shareScratchpad(of: layers.flatMap(\.all))
    self.activations = activations
    self.gradients = gradients
    labels = AlignedBuffer(count: batch)
    input = activations[0].base
    output = activations[last + 1].base
  }
}

/// Dropout as the kernels want it: rates are multiples of 1/65536, kept units are scaled up.
enum Dropout {
  private static func threshold(rate: Double) -> UInt32 { UInt32((rate * 65536).rounded()) }

  /// What kept units are multiplied by.
  static func scale(rate: Double) -> Float {
    Float(65536 / (65536 - Double(min(threshold(rate: rate), 65535))))
  }

  /// The mask of one layer in one minibatch; nil where nothing is dropped.
  static func kernelMask(rate: Double, _ noise: NoiseKey, lane: Int) -> vk_dropout? {
    let threshold = threshold(rate: rate)
    guard threshold > 0 else { return nil }
    return vk_dropout(
      key: noise.seed,
      counter: (
        0, UInt32(noise.step), UInt32(noise.epoch),
        RandomPurpose.dropout.rawValue | UInt32(lane) << 16
      ), threshold: min(threshold, 65535), scale: scale(rate: rate))
  }
}
