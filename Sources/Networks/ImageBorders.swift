/// What a convolution sees beyond the border of an image.
public enum ConvolutionBorder: String, Sendable, CaseIterable {
  /// Zeros, as many as keep the size: `(kernel - 1) / 2` on every side.
  case same
  /// Nothing: the output is smaller by `kernel - 1`.
  case valid
}

/// Where the 3x3 windows of a pooling with stride 2 lie on an image of n rows or columns. What lies
/// outside the image is never the maximum.
public enum PoolingBorder: String, Sendable, CaseIterable {
  /// `ceil(n / 2)` windows that stick out on both sides, by one more at the end if the overhang is
  /// odd (TensorFlow's SAME): 32 -> 16 by one column at the end, 15 -> 8 by one on either side.
  case same
  /// `ceil((n - 3) / 2) + 1` windows from the first column on, the last of which may stick out
  /// (Caffe, cuda-convnet): 32 -> 16, 15 -> 7.
  case ceiling
  /// `floor((n - 3) / 2) + 1` windows that lie inside: 32 -> 15, 15 -> 7.
  case valid

  /// The padding before and after n rows or columns.
  package func padding(_ n: Int) -> (before: Int, after: Int) {
    let window = StageShape.window
    let stride = StageShape.stride
    switch self {
    case .same:
      let windows = (n + stride - 1) / stride
      let total = max(0, (windows - 1) * stride + window - n)
      return (total / 2, total - total / 2)
    case .ceiling: return (0, n < window ? window - n : (stride - (n - window) % stride) % stride)
    case .valid: return (0, 0)
    }
  }
}
