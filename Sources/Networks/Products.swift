import Numerics

/// An objective whose matrix products can be run without the rest of a step, to measure them.
package protocol MeasurableProducts: Objective {
  /// The floating-point operations of the products of one step with a full minibatch, padding and
  /// zeros not left out.
  var productOperations: Double { get }

  /// The floating-point operations that the last step's products have really done.
  var performedOperations: Double { get }

  /// For each layer that skips zeros, the share of its last input that is not 0.
  var densities: [Double?] { get }

  /// Runs the products of one step with a full minibatch on whatever the activations hold.
  func runProducts(at theta: FloatVector, gradient: inout FloatVector)
}

extension MeasurableProducts {
  package var performedOperations: Double { productOperations }
  package var densities: [Double?] { [] }
}
