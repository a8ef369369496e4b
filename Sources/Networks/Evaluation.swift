import CVectorKernels
import Numerics

extension DenseExamples {
  /// The cost and the error rate of a classifier on all examples, chunk by chunk.
  ///
  /// - Parameters:
  ///   - size: the most examples of a chunk.
  ///   - logitStride: the elements from the logits of one example to those of the next.
  ///   - isSound: whether what may not reach the logits, weights of units that are 0, is finite, asked
  ///     at the end; the cost is NaN if not.
  ///   - logits: gives the logits of so many examples from the first one on.
  func evaluate(
    inChunksOf size: Int, logitStride: Int, isSound: @autoclosure () -> Bool,
    logits: (_ first: Int, _ count: Int) -> UnsafePointer<Float>
  ) -> Evaluation {
    var total = 0.0
    var wrong = 0
    labels.withUnsafeBufferPointer { labels in
      guard let labels = labels.baseAddress else { return }
      for first in stride(from: 0, to: count, by: size) {
        let part = min(size, count - first)
        var missed = 0
        total += vk_softmax_cross_entropy(
          logits(first, part), part, classCount, logitStride, labels + first, 1, nil, &missed)
        wrong += missed
      }
    }
    return Evaluation(
      cost: isSound() ? total / Double(count) : .nan, error: Double(wrong) / Double(count))
  }
}
