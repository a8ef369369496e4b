import CVectorKernels
import Numerics

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
    let counter = noise.stream(.dropout, lane: lane).counter()
    return vk_dropout(
      key: noise.seed, counter: (counter[0], counter[1], counter[2], counter[3]),
      threshold: min(threshold, 65535), scale: scale(rate: rate))
  }
}
