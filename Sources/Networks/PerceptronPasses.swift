import COneDNN
import CVectorKernels
import Numerics
import Storage

/// The passes of a perceptron through its layers, and their buffers.
///
/// Activations and their gradients lie in rows where oneDNN reads or writes them, and in panels where
/// a layer skips zeros.
final class PerceptronPasses {
  /// The most examples of a forward pass that gradients are not wanted for.
  let evaluationCapacity: Int
  /// Rows of the input.
  let input: AlignedBuffer<Float>
  let labels: AlignedBuffer<UInt8>

  private let layers: [DenseLayer]
  private let hiddenDropout: [Double]
  /// The products of the layers that skip zeros.
  private let listed: [ListedProducts?]
  /// Inputs and outputs of the layers, from the network's input on.
  private let rows: [AlignedBuffer<Float>?]
  private let panels: [Panels?]
  private let rowGradients: [AlignedBuffer<Float>?]
  private let panelGradients: [Panels?]
  private let kept: AlignedBuffer<UInt64>
  private let ignoredSums: AlignedBuffer<Float>
  private var trainingPlans: [DensePlan] = []
  private var evaluationPlans: [DensePlan] = []

  /// Passes through `layers`, the last of which oneDNN does, for minibatches of up to
  /// `trainingCapacity` examples.
  init(_ layers: [DenseLayer], hiddenDropout: [Double], trainingCapacity: Int) {
    self.layers = layers
    self.hiddenDropout = hiddenDropout
    evaluationCapacity = layers.contains { $0.isListed } ? 128 : 1000
    let capacity = max(trainingCapacity, evaluationCapacity)
    let last = layers.count - 1
    listed = layers.enumerated().map { number, layer in
      guard layer.isListed else { return nil }
      return ListedProducts(
        layer, capacity: capacity, trainingCapacity: trainingCapacity,
        givesInputGradient: number > 0)
    }
    let widths = layers.prefix(1).map(\.inputs) + layers.map(\.outputs)
    // The layers below and above an activation, where there are any.
    func touches(_ level: Int, _ isListed: Bool) -> Bool {
      [level - 1, level].contains { layers.indices.contains($0) && layers[$0].isListed == isListed }
    }
    input = AlignedBuffer(count: capacity * widths[0])
    var rows: [AlignedBuffer<Float>?] = [input]
    var panels: [Panels?] = [nil]
    var rowGradients: [AlignedBuffer<Float>?] = [nil]
    var panelGradients: [Panels?] = [nil]
    for level in 1...last + 1 {
      let (width, isHidden) = (widths[level], level <= last)
      let (inRows, inPanels) = (touches(level, false), touches(level, true) && isHidden)
      rows.append(inRows ? AlignedBuffer(count: capacity * width) : nil)
      panels.append(inPanels ? Panels(width: width, capacity: capacity) : nil)
      rowGradients.append(
        inRows && isHidden ? AlignedBuffer(count: trainingCapacity * width) : nil)
      panelGradients.append(inPanels ? Panels(width: width, capacity: trainingCapacity) : nil)
    }
    (self.rows, self.panels) = (rows, panels)
    (self.rowGradients, self.panelGradients) = (rowGradients, panelGradients)
    let widest = widths.max() ?? 0
    // Masks come in groups of 128 bits, and a word more is read.
    kept = AlignedBuffer(count: (trainingCapacity * widest + 127) / 128 * 2 + 1)
    ignoredSums = AlignedBuffer(count: ThetaLayout.filledUp(widest, to: ThetaLayout.panel))
    labels = AlignedBuffer(count: trainingCapacity)
  }

  /// The logits, and their gradient after `vk_softmax_cross_entropy`.
  var output: UnsafeMutablePointer<Float> { buffer(rows[layers.count]) }

  private func buffer(_ buffer: AlignedBuffer<Float>?) -> UnsafeMutablePointer<Float> {
    guard let buffer else { preconditionFailure("a pass has no buffer") }
    return buffer.base
  }

  private func units(_ panels: Panels?) -> Panels {
    guard let panels else { preconditionFailure("a pass has no panels") }
    return panels
  }

  /// Makes what minibatches of `count` examples need.
  func prepare(_ count: Int, training: Bool) throws {
    let plans = training ? trainingPlans : evaluationPlans
    if plans.contains(where: { $0.batch == count }) { return }
    let last = layers.count - 1
    let primitives = try layers.enumerated().map { number, layer -> DensePrimitives? in
      guard !layer.isListed else { return nil }
      let (below, above) = (buffer(rows[number]), buffer(rows[number + 1]))
      // The library's rectifier turns NaN into 0 and would hide a broken theta; ours does not, and
      // costs no more than the dropout that it is fused with.
      guard training else {
        return try DensePrimitives(
          layer, batch: count, rectified: false, source: below, destination: above)
      }
      return try DensePrimitives(
        layer, batch: count, rectified: false, source: below, destination: above,
        destinationGradient: number < last ? rowGradients[number + 1]?.base : above,
        sourceGradient: number > 0 ? rowGradients[number]?.base : nil)
    }
    shareScratchpad(of: primitives.compactMap { $0 }.flatMap(\.all))
    let plan = DensePlan(batch: count, primitives: primitives)
    if training { trainingPlans.append(plan) } else { evaluationPlans.append(plan) }
  }

  private func plan(_ count: Int, training: Bool) -> DensePlan {
    for plan in training ? trainingPlans : evaluationPlans where plan.batch == count { return plan }
    do {
      try prepare(count, training: training)
    } catch {
      // The same layers work for other sizes: only lack of memory gets here.
      stop("\(error)")
    }
    return plan(count, training: training)
  }

  /// From the input of `count` examples to the logits; `noise` keys the masks of a training step.
  func runForward(_ theta: UnsafePointer<Float>, count: Int, noise: NoiseKey?) {
    let plan = plan(count, training: noise != nil)
    let last = layers.count - 1
    listed[0]?.list(rows: input.base, count: count, training: noise != nil)
    for number in 0...last {
      if let listed = listed[number] {
        listed.runForward(theta, to: units(panels[number + 1]))
      } else {
        plan.primitives[number]?.runForward(theta)
      }
      if number < last { activate(number + 1, count: count, noise: noise) }
    }
  }

  /// Rectifier and dropout of a hidden layer, whose units come to lie as the next layer reads them.
  private func activate(_ level: Int, count: Int, noise: NoiseKey?) {
    let width = layers[level].inputs
    let mask = noise.flatMap {
      Dropout.kernelMask(rate: hiddenDropout[level - 1], $0, lane: level)
    }
    guard let hidden = panels[level] else {
      if var mask {
        vk_rectify(buffer(rows[level]), count * width, &mask)
      } else {
        vk_rectify(buffer(rows[level]), count * width, nil)
      }
      return
    }
    var bits: UnsafePointer<UInt64>?
    if var mask {
      vk_kept_bits(kept.base, count * width, &mask)
      bits = UnsafePointer(kept.base)
    }
    let scale = mask?.scale ?? 1
    let stride = Panels.stride(count)
    if let next = listed[level] {
      if listed[level - 1] == nil {
        vk_rows_to_panels(buffer(rows[level]), count, width, nil, 1, hidden.base, stride, nil)
      }
      next.list(rectifying: hidden, count: count, kept: bits, scale: scale, training: noise != nil)
    } else {
      vk_rectify_panels(hidden.base, stride, count, width, bits, scale, nil, nil)
      vk_panels_to_rows(hidden.base, stride, count, width, buffer(rows[level]))
    }
  }

  /// From the gradient of the logits to that of theta, after a forward pass of a training step.
  func runBackward(
    _ theta: UnsafePointer<Float>, count: Int, _ gradient: UnsafeMutablePointer<Float>
  ) {
    let plan = plan(count, training: true)
    for number in layers.indices.reversed() {
      runGradients(number, plan, theta, gradient)
      guard number > 0 else { continue }
      let scale = Dropout.scale(rate: hiddenDropout[number - 1])
      let below = layers[number - 1]
      let width = below.outputs
      if let products = listed[number] {
        let delta = units(panelGradients[number])
        let sums = below.isListed ? gradient + below.bias.offset : ignoredSums.base
        products.spread(scale: scale, to: delta, sums: sums)
        if !below.isListed {
          vk_panels_to_rows(
            delta.base, Panels.stride(count), count, width, buffer(rowGradients[number]))
        }
      } else if below.isListed {
        vk_rows_to_panels(
          buffer(rowGradients[number]), count, width, units(panels[number]).base, scale,
          units(panelGradients[number]).base, Panels.stride(count), gradient + below.bias.offset)
      } else {
        vk_rectifier_backward(
          buffer(rowGradients[number]), buffer(rows[number]), count * width, scale)
      }
    }
  }

  private func runGradients(
    _ number: Int, _ plan: DensePlan, _ theta: UnsafePointer<Float>,
    _ gradient: UnsafeMutablePointer<Float>
  ) {
    guard let products = listed[number] else {
      plan.primitives[number]?.runBackward(theta, gradient)
      return
    }
    let delta = units(panelGradients[number + 1])
    products.runBackwardWeights(delta, gradient)
    if number > 0 { products.runBackwardSource(theta, delta) }
  }

  /// The products of a training step alone, on what the buffers hold, for benchmarks.
  func runProducts(
    _ theta: UnsafePointer<Float>, count: Int, _ gradient: UnsafeMutablePointer<Float>
  ) {
    let plan = plan(count, training: true)
    for number in layers.indices {
      if let products = listed[number] {
        products.runForward(theta, to: units(panels[number + 1]))
      } else {
        plan.primitives[number]?.runForward(theta)
      }
    }
    for number in layers.indices.reversed() { runGradients(number, plan, theta, gradient) }
  }

  /// Whether the weights that zeros may have kept from the cost are finite: all, or for a `step` the
  /// share that is looked at in it.
  func isSound(_ theta: UnsafePointer<Float>, step: Int? = nil) -> Bool {
    listed.allSatisfy { $0?.isSound(theta, step: step) ?? true }
  }

  /// The share of each layer's last input that is not 0, for layers that skip zeros.
  var densities: [Double?] { listed.map { $0?.density } }
}

/// oneDNN's primitives of the layers that it does, for one minibatch size.
private struct DensePlan {
  let batch: Int
  let primitives: [DensePrimitives?]
}
