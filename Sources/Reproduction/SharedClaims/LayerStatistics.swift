import Networks
import Numerics
import Optimizers
import ResultStore

/// What Adam's second moment and steps look like, layer by layer and epoch by epoch: for the claims
/// of section 6.3 on the second moment, and of section 2.1 on steps.
///
/// The values are taken over about `sampleLimit` parameters of a layer, evenly spread over its units
/// and inputs; what a layout adds as padding has no gradient and is left out. Optimizers with another
/// direction than Adam's give NaN.
public enum LayerStatistics {
  /// The quantiles that are recorded of sqrt(vhat).
  public static let quantiles = [0.05, 0.25, 0.5, 0.75, 0.95]

  /// About so many parameters of a layer are looked at: fewer than twice as many.
  public static let sampleLimit = 20_000

  /// The axes that the probes' variables have beside `epoch`.
  public static func axes(layers: [String]) -> [Dimension] {
    [
      layerAxis(layers),
      Dimension("quantile", .double(quantiles), "quantile"),
    ]
  }

  /// What `probes` and `stepProbes` record of each layer.
  public enum Quantity: String, Recorded {
    /// Quantiles of sqrt(vhat).
    case roots = "root_v"
    /// The share of parameters where that is below epsilon.
    case shareBelowEpsilon = "root_v_below_epsilon"
    /// The median absolute step.
    case medianStep = "median_step"
    /// The share of steps above `stepLimit` over a pass; of `stepProbes`.
    case shareAboveAlpha = "share_above_alpha"
    /// The largest step of a pass in units of alpha; of `stepProbes`.
    case largestStep = "largest_step"

    /// Its variable's path in a result file.
    public var variable: String { rawValue }
  }

  /// The axis of layers alone.
  public static func layerAxis(_ layers: [String]) -> Dimension {
    Dimension("layer", .string(layers), "weights of layer")
  }

  /// A probe of the share of entries of the last minibatch's gradient whose absolute value is below
  /// `fraction` of the largest of its layer, after every epoch.
  public static func smallGradients(_ name: String, layers: [String], below fraction: Float)
    -> Probe
  {
    Probe(
      name, .everyEpoch, axes: [("layer", layers.count)],
      meaning: "share of entries of the last minibatch's gradient below "
        + "\(compact(Double(fraction))) of the largest of their layer"
    ) { context in
      let parameters = context.objective.parameters
      return layers.map { layer in
        guard let gradient = context.gradient,
          let index = parameters.firstIndex(where: { $0.name == layer })
        else { return .nan }
        let positions = context.objective.storedPositions(ofPart: index)
        return gradient.withUnsafeBufferPointer { gradient in
          let values = positions.map { abs(gradient[parameters[index].offset + Int($0)]) }
          let limit = fraction * (values.max() ?? 0)
          return limit > 0
            ? Double(values.count { $0 < limit }) / Double(values.count) : .nan
        }
      }
    }
  }

  /// Probes for the weights named in `layers`: quantiles of sqrt(vhat), the share of parameters where
  /// it is below the optimizer's epsilon, and the median absolute step, each after every epoch.
  public static func probes(layers: [String]) -> [Probe] {
    [
      Probe(
        Quantity.roots.variable, .everyEpoch,
        axes: [("layer", layers.count), ("quantile", quantiles.count)],
        meaning: "quantiles of sqrt(vhat), the root of Adam's corrected second moment"
      ) { context in
        layers.flatMap { layer in
          let roots = sample(context, layer)?.roots.sorted() ?? []
          return quantiles.map { quantile($0, ofSorted: roots) }
        }
      },
      Probe(
        Quantity.shareBelowEpsilon.variable, .everyEpoch, axes: [("layer", layers.count)],
        meaning: "share of parameters whose sqrt(vhat) is below epsilon"
      ) { context in
        layers.map { layer in
          guard let sample = sample(context, layer) else { return .nan }
          return Double(sample.roots.count { $0 < sample.epsilon }) / Double(sample.roots.count)
        }
      },
      Probe(
        Quantity.medianStep.variable, .everyEpoch, axes: [("layer", layers.count)],
        meaning: "median absolute step of a parameter"
      ) { context in
        layers.map { layer in
          guard let sample = sample(context, layer) else { return .nan }
          let steps = zip(sample.means, sample.roots).map { mean, root in
            context.optimizer.alpha * abs(mean) / (root + sample.epsilon)
          }
          return quantile(0.5, ofSorted: steps.sorted())
        }
      },
    ]
  }

  /// How many steps lie between two that `stepProbes` looks at.
  public static let stepInterval = 20

  /// A step counts as above alpha from here on, in units of alpha.
  public static let stepLimit = 1.1

  /// Probes for the weights named in `layers`: the share of steps above `stepLimit` over each pass, and
  /// the largest step, in units of alpha, of every `stepInterval`-th step.
  public static func stepProbes(layers: [String]) -> [Probe] {
    @Sendable func steps(_ context: Probe.Context, _ layer: String) -> [Double]? {
      sample(context, layer).map { sample in
        zip(sample.means, sample.roots).map { abs($0) / ($1 + sample.epsilon) }
      }
    }
    return [
      Probe(
        Quantity.shareAboveAlpha.variable, .overPass(every: stepInterval, .mean),
        axes: [("layer", layers.count)],
        meaning:
          "share of the steps of parameters, over the pass that starts after so many epochs, "
          + "that are above 1.1 alpha"
      ) { context in
        layers.map { layer in
          guard let steps = steps(context, layer) else { return .nan }
          return Double(steps.count { $0 > stepLimit }) / Double(steps.count)
        }
      },
      Probe(
        Quantity.largestStep.variable, .overPass(every: stepInterval, .largest),
        axes: [("layer", layers.count)],
        meaning: "largest of these steps, in units of alpha"
      ) { context in
        layers.map { layer in steps(context, layer)?.max() ?? .nan }
      },
    ]
  }

  /// mhat and sqrt(vhat) of some parameters of a layer, and the optimizer's epsilon; `nil` without moments or
  /// before a step.
  private static func sample(_ context: Probe.Context, _ layer: String)
    -> (means: [Double], roots: [Double], epsilon: Double)?
  {
    let state = context.optimizer.state
    let parameters = context.objective.parameters
    guard let index = parameters.firstIndex(where: { $0.name == layer }),
      let optimizer = context.optimizer as? any MomentsOptimizer,
      let m = state.vectors.first(where: { $0.name == "m" })?.values,
      let v = state.vectors.first(where: { $0.name == "v" })?.values,
      let beta1Power = state.scalars.first(where: { $0.name == "beta1_power" })?.value,
      let beta2Power = state.scalars.first(where: { $0.name == "beta2_power" })?.value,
      state.step > 0
    else { return nil }
    let part = parameters[index]
    let positions = context.objective.storedPositions(ofPart: index)
    let stride = stride(count: positions.count, shape: part.shape)
    var means: [Double] = []
    var roots: [Double] = []
    m.withUnsafeBufferPointer { m in
      v.withUnsafeBufferPointer { v in
        for k in Swift.stride(from: 0, to: positions.count, by: stride) {
          let place = part.offset + Int(positions[k])
          means.append(Double(m[place]) / (1 - beta1Power))
          roots.append((Double(v[place]) / (1 - beta2Power)).squareRoot())
        }
      }
    }
    return (means, roots, optimizer.epsilon)
  }

  /// Prime to every extent of the shape, as 50 is not to 1000: else only every 50th unit would ever
  /// be looked at.
  private static func stride(count: Int, shape: [Int]) -> Int {
    func isPrime(_ a: Int, to b: Int) -> Bool {
      var (a, b) = (a, b)
      while b > 0 { (a, b) = (b, a % b) }
      return a == 1
    }
    var stride = max(1, count / sampleLimit)
    while !shape.allSatisfy({ isPrime(stride, to: $0) }) { stride += 1 }
    return stride
  }

  private static func quantile(_ share: Double, ofSorted values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let position = share * Double(values.count - 1)
    let lower = Int(position)
    let upper = min(lower + 1, values.count - 1)
    return values[lower] + (position - Double(lower)) * (values[upper] - values[lower])
  }
}
