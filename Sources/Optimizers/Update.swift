import Numerics

typealias Mutable = UnsafeMutablePointer<Float>?
typealias Constant = UnsafePointer<Float>?

/// Calls a C kernel with `theta`, the gradient and the state vectors, in its order of arguments; all
/// must have as many elements as the optimizer was made for. Nothing is allocated.
@inline(__always)
func update(
  _ theta: inout FloatVector, _ gradient: FloatVector, count: Int,
  _ kernel: (Mutable, Constant, Int) -> Void
) {
  precondition(
    theta.count == count && gradient.count == count,
    "an optimizer of \(count) parameters cannot step \(theta.count) with \(gradient.count)")
  theta.withUnsafeMutableBufferPointer { theta in
    gradient.withUnsafeBufferPointer { gradient in
      kernel(theta.baseAddress, gradient.baseAddress, count)
    }
  }
}

@inline(__always)
func update(
  _ theta: inout FloatVector, _ gradient: FloatVector, _ a: inout FloatVector,
  _ kernel: (Mutable, Constant, Mutable, Int) -> Void
) {
  update(&theta, gradient, count: a.count) { theta, gradient, count in
    a.withUnsafeMutableBufferPointer { kernel(theta, gradient, $0.baseAddress, count) }
  }
}

@inline(__always)
func update(
  _ theta: inout FloatVector, _ gradient: FloatVector, _ a: inout FloatVector,
  _ b: inout FloatVector, _ kernel: (Mutable, Constant, Mutable, Mutable, Int) -> Void
) {
  update(&theta, gradient, &a) { theta, gradient, a, count in
    b.withUnsafeMutableBufferPointer { kernel(theta, gradient, a, $0.baseAddress, count) }
  }
}

@inline(__always)
func update(
  _ theta: inout FloatVector, _ gradient: FloatVector, _ a: inout FloatVector,
  _ b: inout FloatVector, _ c: inout FloatVector,
  _ kernel: (Mutable, Constant, Mutable, Mutable, Mutable, Int) -> Void
) {
  update(&theta, gradient, &a, &b) { theta, gradient, a, b, count in
    c.withUnsafeMutableBufferPointer { kernel(theta, gradient, a, b, $0.baseAddress, count) }
  }
}
