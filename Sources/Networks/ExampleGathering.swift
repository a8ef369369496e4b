import CVectorKernels
import Numerics

extension DenseExamples {
  /// Copies rows to `target` as floats: the examples `indices`, or `count` of them from `first` on.
  /// `dropout`, if any, is applied to them.
  @inline(__always)
  func gather(
    _ indices: UnsafePointer<Int32>?, first: Int = 0, count: Int,
    dropout: UnsafePointer<vk_dropout>? = nil, to target: UnsafeMutablePointer<Float>
  ) {
    switch features {
    case .bytes(let bytes):
      bytes.withUnsafeBufferPointer {
        vk_gather(
          $0.baseAddress, nil, featureCount, indices, first, count, 1 / 255, dropout, target)
      }
    case .floats(let floats):
      floats.withUnsafeBufferPointer {
        vk_gather(nil, $0.baseAddress, featureCount, indices, first, count, 1, dropout, target)
      }
    }
  }

  /// Copies the labels of the examples `indices` to `target`.
  @inline(__always)
  func gatherLabels(
    _ indices: UnsafeBufferPointer<Int32>, to target: UnsafeMutablePointer<UInt8>
  ) {
    labels.withUnsafeBufferPointer { labels in
      for (position, index) in indices.enumerated() {
        target[position] = labels[Int(index)]
      }
    }
  }
}
