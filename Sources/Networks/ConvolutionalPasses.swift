import CVectorKernels
import Numerics

extension ConvolutionalNetwork {
  func load(_ minibatch: UnsafeBufferPointer<Int32>, noise: NoiseKey) {
    measure("input") {
      let count = minibatch.count
      if var dropout = Dropout.kernelMask(rate: options.inputDropout, noise, lane: 0) {
        training.gather(
          minibatch.baseAddress, count: count, dropout: &dropout, to: buffers.inputs.base)
      } else {
        training.gather(minibatch.baseAddress, count: count, to: buffers.inputs.base)
      }
      training.gatherLabels(minibatch, to: buffers.labels.base)
    }
  }

  /// Calls `body` with each group of `count` images: its primitives, its first image, itself.
  @inline(__always)
  private func forEachGroup(_ count: Int, _ body: (StagePoolings, Int, ImageGroup) -> Void) {
    var first = 0
    while first < count {
      let group = ImageGroup(
        number: first / ImageGroup.capacity, count: min(ImageGroup.capacity, count - first))
      body(poolings(group.count), first, group)
      first += group.count
    }
  }

  private func stageParameters(_ i: Int, _ theta: UnsafePointer<Float>) -> StageParameters {
    StageParameters(
      weights: theta + parameters[2 * i].offset, bias: theta + parameters[2 * i + 1].offset)
  }

  private func stageGradient(
    _ i: Int, _ gradient: UnsafeMutablePointer<Float>
  ) -> StageGradient {
    StageGradient(
      weights: gradient + parameters[2 * i].offset, bias: gradient + parameters[2 * i + 1].offset)
  }

  /// Gives the convolutions their weights.
  func beginForward(_ theta: UnsafePointer<Float>) {
    for (i, convolution) in convolutions.enumerated() {
      measure("convolution \(i + 1) weights") {
        convolution.beginForward(stageParameters(i, theta))
      }
    }
  }

  /// `keepsPasses` says whether `backwardStages` follows. Returns whether all convolutions that look
  /// at it found their results finite.
  func forwardStages(_ count: Int, _ theta: UnsafePointer<Float>, keepsPasses: Bool) -> Bool {
    var isFinite = true
    forEachGroup(count) { primitives, first, group in
      var source = UnsafePointer(buffers.inputs.base + first * training.featureCount)
      // What nobody comes back for overwrites the same memory, which stays in the cache.
      let slot = ImageGroup(number: keepsPasses ? group.number : 0, count: group.count)
      for (i, convolution) in convolutions.enumerated() {
        measure("convolution \(i + 1) forward") {
          let isFound = convolution.forward(
            slot, stageParameters(i, theta), source: source, destination: buffers.convolved.base)
          isFinite = isFinite && isFound
        }
        let pooled = buffers.pooled[i].base + first * primitives.pooledStride(i)
        measure("pooling \(i + 1) forward") {
          primitives.stages[i].forward(
            buffers.convolved.base, to: pooled, taps: taps(i, slot.number))
        }
        source = UnsafePointer(pooled)
      }
    }
    return isFinite
  }

  /// The fully connected layers; `noise` is that of dropout, if there is to be any.
  func forwardConnected(
    _ connected: ConnectedPrimitives, _ theta: UnsafePointer<Float>, noise: NoiseKey?
  ) {
    measure("hidden forward") { connected.hidden.runForward(theta) }
    if let noise, var dropout = Dropout.kernelMask(rate: options.hiddenDropout, noise, lane: 1) {
      measure("hidden dropout") {
        vk_drop(buffers.hidden.base, connected.batch * options.hiddenUnits, &dropout)
      }
    }
    measure("output forward") { connected.output.runForward(theta) }
  }

  func backwardConnected(
    _ connected: ConnectedPrimitives, _ theta: UnsafePointer<Float>,
    _ gradient: UnsafeMutablePointer<Float>
  ) {
    let last = shapes.count - 1
    measure("output backward") { connected.output.runBackward(theta, gradient) }
    measure("rectification backward") {
      vk_rectifier_backward(
        buffers.hiddenGradient.base, buffers.hidden.base, connected.batch * options.hiddenUnits,
        Dropout.scale(rate: options.hiddenDropout))
    }
    measure("hidden backward") { connected.hidden.runBackward(theta, gradient) }
    measure("rectification backward") {
      vk_rectifier_backward(
        buffers.pooledGradient[last].base, buffers.pooled[last].base,
        connected.batch * poolings[0].pooledStride(last), 1)
    }
  }

  func backwardStages(
    _ count: Int, _ theta: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>
  ) {
    // The first stage's source is data: nobody asks for its gradient.
    for (i, convolution) in convolutions.enumerated().dropFirst() {
      measure("convolution \(i + 1) weights") {
        convolution.beginBackward(stageParameters(i, theta))
      }
    }
    forEachGroup(count) { primitives, first, group in
      for i in shapes.indices.reversed() {
        let convolution = convolutions[i]
        // The gradient of the last pooled images exists for the whole minibatch, others by group.
        let offset = i == shapes.count - 1 ? first * primitives.pooledStride(i) : 0
        let convolved = UnsafePointer(buffers.convolvedGradient.base)
        measure("pooling \(i + 1) backward") {
          primitives.stages[i].backward(
            buffers.pooledGradient[i].base + offset, taps: taps(i, group.number),
            to: buffers.convolvedGradient.base)
        }

        let source =
          i == 0
          ? UnsafePointer(buffers.inputs.base + first * training.featureCount)
          : UnsafePointer(buffers.pooled[i - 1].base + first * primitives.pooledStride(i - 1))
        measure("convolution \(i + 1) gradient") {
          convolution.addGradient(
            group, source: source, destinationGradient: convolved, to: stageGradient(i, gradient))
        }
        guard i > 0 else { continue }
        let sourceGradient = buffers.pooledGradient[i - 1].base
        measure("convolution \(i + 1) backward") {
          convolution.backward(
            group, stageParameters(i, theta), destinationGradient: convolved,
            sourceGradient: sourceGradient)
        }
        measure("rectification backward") {
          vk_rectifier_backward(
            sourceGradient, source, group.count * primitives.pooledStride(i - 1), 1)
        }
      }
    }
    for (i, convolution) in convolutions.enumerated() {
      measure("convolution \(i + 1) gradient") {
        convolution.endBackward(count: count, gradient: stageGradient(i, gradient))
      }
    }
  }

  /// Adds the gradient of the penalty; returns the sums of the squares.
  func penalise(
    _ theta: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>
  ) -> (weights: Double, biases: Double) {
    var squares = (weights: 0.0, biases: 0.0)
    measure("penalty") {
      for i in parameters.indices {
        let parameter = parameters[i]
        let used = usedCounts[i]
        for k in used..<parameter.storedCount { gradient[parameter.offset + k] = 0 }
        let isBias = i % 2 == 1
        let sum = vk_add_scaled_squares(
          gradient + parameter.offset, theta + parameter.offset, isBias ? 0 : Float(options.l2),
          used)
        if isBias { squares.biases += sum } else { squares.weights += sum }
      }
    }
    return squares
  }

  var hiddenIndex: Int { 2 * shapes.count }

  private func taps(_ i: Int, _ number: Int) -> UnsafeMutablePointer<UInt8> {
    buffers.taps[i].base + number * poolings[0].stages[i].tapBytes
  }

  @inline(__always)
  private func measure(_ name: @autoclosure () -> String, _ body: () -> Void) {
    guard let stopwatch else { return body() }
    stopwatch.measure(name(), body)
  }
}
