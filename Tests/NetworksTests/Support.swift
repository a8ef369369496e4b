import CAllocationCounter
import Numerics
import TestSupport
import Testing

/// The largest difference of two vectors, relative to the largest element of the second.
func relativeError(_ actual: [Double], _ expected: [Double]) -> Double {
  #expect(actual.count == expected.count)
  let scale = expected.map(abs).max() ?? 0
  let difference = zip(actual, expected).map { abs($0 - $1) }.max() ?? 0
  return scale == 0 ? difference : difference / scale
}

func doubles(_ vector: FloatVector) -> [Double] { vector.array.map(Double.init) }

/// What the calling thread allocates in `body`.
func allocations(in body: () -> Void) -> allocation_counts {
  allocation_counter_start()
  body()
  return allocation_counter_stop()
}

/// Examples with bytes for features; about half of them are zero, in runs as in images, or another
/// share.
func makeExamples(
  count: Int, features: Int, classes: Int, seed: UInt64, floats: Bool = false, blanks: Double = 0.5
) -> DenseExamples {
  var random = TestRandom(seed)
  var values: [UInt8] = []
  var blank = false
  for i in 0..<count * features {
    if i % 11 == 0 { blank = random.uniform() < blanks }
    values.append(blank ? 0 : UInt8(random.below(256)))
  }
  let labels = (0..<count).map { _ in UInt8(random.below(classes)) }
  return DenseExamples(
    shape: [features],
    features: floats
      ? .floats(FloatVector(values.map { Float($0) / 100 - 0.7 })) : .bytes(values),
    labels: labels, classCount: classes)
}

/// The features of one example as the objectives see them.
func features(of examples: DenseExamples, at index: Int) -> [Double] {
  let width = examples.featureCount
  switch examples.features {
  case .bytes(let bytes):
    return (0..<width).map { Double(bytes[index * width + $0]) / 255 }
  case .floats(let floats):
    return (0..<width).map { Double(floats[index * width + $0]) }
  }
}
