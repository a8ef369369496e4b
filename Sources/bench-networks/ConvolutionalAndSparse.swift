// The networks on other data than MNIST: Figure 3's, and Figure 1's on bags of words.

import COneDNN
import CVectorKernels
import Foundation
import Networks
import Numerics

/// Whitened CIFAR-10 as far as a step can tell.
private let colourImages: DenseExamples = {
  var stream = RandomStream(seed: 2, purpose: .standIn)
  let count = 10_000
  var pixels = FloatVector(count: count * 3072)
  pixels.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
  let labels = (0..<count).map { _ in UInt8(stream.next(below: 10)) }
  return DenseExamples(
    shape: [3, 32, 32], features: .floats(pixels), labels: labels, classCount: 10)
}()

/// As many reviews as IMDB has, about 130 distinct words each, frequencies after Zipf's law.
private let reviews: SparseExamples = {
  var stream = RandomStream(seed: 3, purpose: .standIn)
  let vocabulary = 10_000
  var offsets: [Int32] = [0]
  var columns: [Int32] = []
  for _ in 0..<25_000 {
    let words = (0..<190).map { _ in
      Int32(exp(Double(stream.nextUniform()) * log(Double(vocabulary)))) - 1
    }
    columns += Set(words).sorted()
    offsets.append(Int32(columns.count))
  }
  return SparseExamples(
    featureCount: vocabulary, rowOffsets: offsets, columns: columns,
    values: [Float](repeating: 1, count: columns.count),
    labels: (0..<25_000).map { _ in UInt8(stream.next(below: 2)) })
}()

private func makeNetwork(input: Double, hidden: Double) throws -> ConvolutionalNetwork {
  try ConvolutionalNetwork(
    training: colourImages, test: colourImages,
    options: .init(inputDropout: input, hiddenDropout: hidden))
}

let cnn = Subject(
  name: "cnn", minibatch: 128, maskedElements: 0,
  make: { _, _ in try makeNetwork(input: 0, hidden: 0) }, rounds: 10,
  details: { try printPasses(showsDense: $0, input: 0, hidden: 0) })

let cnnWithDropout = Subject(
  name: "cnn-dropout", minibatch: 128, maskedElements: 128 * (3072 + 1000),
  make: { _, _ in try makeNetwork(input: 0.2, hidden: 0.5) }, rounds: 10,
  details: { try printPasses(showsDense: $0, input: 0.2, hidden: 0.5) })

let imdb = Subject(name: "imdb", minibatch: 128, maskedElements: 0) { _, _ in
  SparseLogisticRegression(training: reviews, test: reviews, minibatchCapacity: 128)
} details: { _ in
  let objective = SparseLogisticRegression(
    training: reviews, test: reviews, minibatchCapacity: 128)
  let theta = objective.initialTheta(seed: 0)
  let noise = NoiseKey(seed: 0, epoch: 0, step: 0)
  let time = shortest(10) { _ = objective.evaluate(at: theta, on: .training, noise: noise) }
  show("  evaluating 25,000 reviews: \(format(1e3 * time)) ms")
}

/// Where the processor time of a step goes, on the calling thread; each the least of some steps.
private func printPasses(input: Double, hidden: Double) throws {
  _ = onednn_set_threads(1)
  let network = try makeNetwork(input: input, hidden: hidden)
  let theta = network.initialTheta(seed: 0)
  var gradient = FloatVector(count: theta.count)
  let stopwatch = Stopwatch()
  var passes: [(name: String, seconds: Double)] = []
  for step in 0..<12 {
    network.stopwatch = step < 2 ? nil : stopwatch
    stopwatch.reset()
    let minibatch = (0..<128).map { Int32((128 * step + $0) % 10_000) }
    minibatch.withUnsafeBufferPointer {
      _ = network.evaluateGradient(
        at: theta, minibatch: $0, noise: NoiseKey(seed: 0, epoch: 0, step: step),
        gradient: &gradient)
    }
    for pass in stopwatch.seconds {
      if let i = passes.firstIndex(where: { $0.name == pass.name }) {
        passes[i].seconds = min(passes[i].seconds, pass.seconds)
      } else {
        passes.append(pass)
      }
    }
  }
  network.stopwatch = nil
  let operations = network.passOperations
  show("  \(format(100 * network.paddingShare, 1)) % of the operations are in the padding")
  for pass in passes {
    let rate = operations[pass.name].map { ", \(format($0 / pass.seconds / 1e9, 1)) GFLOP/s" } ?? ""
    let name = pass.name.padding(toLength: 26, withPad: " ", startingAt: 0)
    show("    \(name)\(format(1e3 * pass.seconds)) ms\(rate)")
  }
  let noise = NoiseKey(seed: 0, epoch: 0, step: 0)
  stopwatch.reset()
  stopwatch.measure("evaluation") { _ = network.evaluate(at: theta, on: .test, noise: noise) }
  for evaluation in stopwatch.seconds {
    show("  evaluating 50,000 images: \(format(5 * evaluation.seconds, 1)) s of one thread")
  }
}
