// Prints, for the perceptron of Figure 2 (b) and several numbers of minibatches, what a step of the
// sum-of-functions optimizer costs beside the gradient that it asks for, and what bounds it.

import COneDNN
import CVectorKernels
import Datasets
import Networks
import Numerics
import Optimizers
import Reproduction
import Storage

/// A sum that adds up how long its evaluations take.
final class TimedSum: SumOfSubfunctions {
  private let inner: MinibatchSum
  private(set) var seconds = 0.0
  var count: Int { inner.count }

  init(_ inner: MinibatchSum) { self.inner = inner }

  func evaluate(_ index: Int, at theta: FloatVector, gradient: inout FloatVector) -> Double {
    let start = processorSeconds()
    defer { seconds += processorSeconds() - start }
    return inner.evaluate(index, at: theta, gradient: &gradient)
  }
}

/// Bytes a second that one thread reads of memory that is in no cache.
func readingRate() -> Double {
  let count = 64 << 20
  let memory = FloatVector(repeating: 1, count: count)
  let vector = FloatVector(repeating: 1, count: count)
  var best = 0.0
  for _ in 0..<5 {
    var sum = 0.0
    let start = processorSeconds()
    memory.withUnsafeBufferPointer { memory in
      vector.withUnsafeBufferPointer { vector in
        vk_subspace_coefficients(
          memory.baseAddress, 1, 1, vector.baseAddress, count, &sum)
      }
    }
    precondition(sum > 0)
    best = max(best, 8 * Double(count) / (processorSeconds() - start))
  }
  return best
}

/// The numbers of minibatches that are asked for; nil if only help or the version is.
func chosenCounts() throws -> [Int]? {
  let options = try BenchmarkTool.options(
    of: "bench-sums",
    usage: """
      Usage: bench-sums [MINIBATCHES...]

      Times steps of the sum-of-functions optimizer on the perceptron 784-1000-1000-10 and 60,000
      examples, divided into so many minibatches (default: 24 100), on one thread: what a step takes
      beside the gradient. 100 minibatches take 2.5 GB of memory and a minute or two.
      """)
  guard let options else { return nil }
  let counts = try options.operands.map { text in
    guard let count = Int(text), (1...1000).contains(count) else {
      throw UsageError("MINIBATCHES is a number from 1 to 1000, not \"\(text)\"")
    }
    return count
  }
  return counts.isEmpty ? [24, 100] : counts
}

CommandLineTool.main("bench-sums") {
  guard let counts = try chosenCounts() else { return .success }
  onednn_set_threads(1)
  let examples = 60_000
  let data = try StandIn.images(.mnist, trainingCount: examples, testCount: 100)
  let rate = readingRate()
  typealias Tool = BenchmarkTool
  Tool.show(
    "one thread reads \(Tool.column(rate * 1e-9, 1, 0)) GB/s; times in ms of processor time a step")
  Tool.show(
    Tool.column("minibatches", 11), Tool.column("dimensions", 10), Tool.column("gradient", 9),
    Tool.column("beside", 8), Tool.column("ratio", 6), Tool.column("reading", 8),
    Tool.column("memory MB", 10))
  for count in counts {
    let network = try MultilayerPerceptron(
      training: data.training, test: data.test, options: .init(),
      minibatchCapacity: (examples + count - 1) / count)
    let sum = TimedSum(MinibatchSum(network, count: count, seed: 0, noise: .frozen))
    var optimizer = try SumOfFunctionsOptimizer(
      theta: network.initialTheta(seed: 0), count: count, seed: 0)
    // The first growth to full size is not what a step costs later.
    while optimizer.collapses < 1 { try optimizer.step(sum) }
    let (evaluations, gradients, start) = (optimizer.evaluations, sum.seconds, processorSeconds())
    var dimensions = 0
    // One cycle of growth, with its collapse.
    while optimizer.collapses < 2 {
      dimensions += optimizer.subspaceDimension
      try optimizer.step(sum)
    }
    let made = Double(optimizer.evaluations - evaluations)
    let gradient = (sum.seconds - gradients) / made
    let beside = (processorSeconds() - start) / made - gradient
    let mean = Double(dimensions) / made
    // Each new gradient is projected, and then the position moved: two passes over the basis.
    let reading = 2 * 4 * mean * Double(network.parameterCount) / rate
    Tool.show(
      Tool.column("\(count)", 11), Tool.column(mean, 0, 10), Tool.column(gradient * 1e3, 1, 9),
      Tool.column(beside * 1e3, 1, 8), Tool.column(beside / gradient, 2, 6),
      Tool.column(reading * 1e3, 1, 8),
      Tool.column(Double(optimizer.status.byteCount) * 1e-6, 0, 10))
  }
  return .success
}
