import Numerics

extension ConvolutionalNetwork: MeasurableProducts {
  package var productOperations: Double { passOperations.values.reduce(0, +) }

  /// The floating-point operations of each pass of a step with a full minibatch, under the names
  /// that the stopwatch has.
  package var passOperations: [String: Double] {
    let batch = Double(minibatchCapacity)
    var operations: [String: Double] = [:]
    for (i, shape) in shapes.enumerated() {
      let passes = i == 0 ? ["forward", "gradient"] : ["forward", "backward", "gradient"]
      for pass in passes {
        operations["convolution \(i + 1) \(pass)"] = batch * shape.operations
      }
    }
    for (name, layer) in [("hidden", hiddenLayer), ("output", outputLayer)] {
      let once = 2 * batch * Double(layer.inputs * layer.outputs)
      operations["\(name) forward"] = once
      operations["\(name) backward"] = 2 * once
    }
    return operations
  }

  /// The operations of the products that a step really makes, under the same names: convolutions by
  /// Fourier transforms make fewer, not counting the transforms themselves.
  package var passOperationsDone: [String: Double] {
    var operations = passOperations
    for (i, convolution) in convolutions.enumerated() {
      for pass in ["forward", "backward", "gradient"] {
        let name = "convolution \(i + 1) \(pass)"
        if operations[name] != nil { operations[name] = convolution.operations(minibatchCapacity) }
      }
    }
    return operations
  }

  /// The share of `productOperations` that multiply the padding of a convolution, which a primitive
  /// may leave out.
  package var paddingShare: Double {
    var inside = 0.0
    for (name, operations) in passOperations {
      let stage = shapes.indices.first { name.hasPrefix("convolution \($0 + 1) ") }
      inside += operations * (stage.map { shapes[$0].insideShare } ?? 1)
    }
    return 1 - inside / productOperations
  }

  /// Runs all passes of a step, poolings included.
  package func runProducts(at theta: FloatVector, gradient: inout FloatVector) {
    let count = minibatchCapacity
    withElements(of: theta, &gradient) { theta, gradient in
      let connected = connectedPrimitives(count)
      beginForward(theta)
      _ = forwardStages(count, theta, keepsPasses: true)
      forwardConnected(connected, theta, noise: nil)
      backwardConnected(connected, theta, gradient)
      backwardStages(count, theta, gradient)
    }
  }
}
