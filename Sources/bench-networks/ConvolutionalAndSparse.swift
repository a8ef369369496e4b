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

private func makeNetwork(
  input: Double, hidden: Double, _ convolution: ConvolutionAlgorithm = .fft
) throws -> ConvolutionalNetwork {
  try ConvolutionalNetwork(
    training: colourImages, test: colourImages,
    options: .init(inputDropout: input, hiddenDropout: hidden, convolution: convolution))
}

let cnn = Subject(
  name: "cnn", minibatch: 128, maskedElements: 0,
  make: { _, _ in try makeNetwork(input: 0, hidden: 0) }, data: { _ in .dense(colourImages) },
  checkedAlpha: 1e-5, rounds: 10,
  details: { try printPasses(showsDense: $0, input: 0, hidden: 0) })

let cnnWithDropout = Subject(
  name: "cnn-dropout", minibatch: 128, maskedElements: 128 * (3072 + 1000),
  make: { _, _ in try makeNetwork(input: 0.2, hidden: 0.5) }, data: { _ in .dense(colourImages) },
  checkedAlpha: 1e-5, rounds: 10,
  details: { try printPasses(showsDense: $0, input: 0.2, hidden: 0.5) })

let imdb = Subject(name: "imdb", minibatch: 128, maskedElements: 0) { _, _ in
  SparseLogisticRegression(training: reviews, test: reviews, minibatchCapacity: 128)
} data: { _ in
  .sparse(reviews)
} details: { _ in
  let objective = SparseLogisticRegression(
    training: reviews, test: reviews, minibatchCapacity: 128)
  let theta = objective.initialTheta(seed: 0)
  let noise = NoiseKey(seed: 0, epoch: 0, step: 0)
  let time = shortest(10) { _ = objective.evaluate(at: theta, on: .training, noise: noise) }
  show("  evaluating 25,000 reviews: \(format(1e3 * time)) ms")
}

/// Processor time of the calling thread, by passes and together.
private struct PassTimes {
  var passes: [(name: String, seconds: Double)] = []
  var step = Double.infinity
  var evaluation = 0.0
}

/// Where the time of a step goes, each the least of some steps; steps of several networks take turns,
/// so that what else the machine does meets them all.
private func passTimes(of networks: [ConvolutionalNetwork]) -> [PassTimes] {
  var times = networks.map { _ in PassTimes() }
  let stopwatch = Stopwatch()
  let thetas = networks.map { $0.initialTheta(seed: 0) }
  for step in 0..<12 {
    for (n, network) in networks.enumerated() {
      var gradient = FloatVector(count: thetas[n].count)
      network.stopwatch = step < 2 ? nil : stopwatch
      stopwatch.reset()
      let minibatch = (0..<128).map { Int32((128 * step + $0) % 10_000) }
      minibatch.withUnsafeBufferPointer {
        _ = network.evaluateGradient(
          at: thetas[n], minibatch: $0, noise: NoiseKey(seed: 0, epoch: 0, step: step),
          gradient: &gradient)
      }
      guard step >= 2 else { continue }
      times[n].step = min(times[n].step, stopwatch.seconds.reduce(0) { $0 + $1.seconds })
      for pass in stopwatch.seconds {
        if let i = times[n].passes.firstIndex(where: { $0.name == pass.name }) {
          times[n].passes[i].seconds = min(times[n].passes[i].seconds, pass.seconds)
        } else {
          times[n].passes.append(pass)
        }
      }
    }
  }
  let noise = NoiseKey(seed: 0, epoch: 0, step: 0)
  for (n, network) in networks.enumerated() {
    network.stopwatch = nil
    stopwatch.reset()
    stopwatch.measure("evaluation") { _ = network.evaluate(at: thetas[n], on: .test, noise: noise) }
    times[n].evaluation = 5 * stopwatch.seconds.reduce(0) { $0 + $1.seconds }
  }
  return times
}

/// The passes of a step with the operations that they really make; with `--dense` beside those of
/// direct convolution.
private func printPasses(showsDense: Bool, input: Double, hidden: Double) throws {
  _ = onednn_set_threads(1)
  let network = try makeNetwork(input: input, hidden: hidden)
  let networks =
    [network] + (showsDense ? [try makeNetwork(input: input, hidden: hidden, .direct)] : [])
  let times = passTimes(of: networks)
  let done = network.passOperationsDone
  let operationsDone = done.values.reduce(0, +)
  show(
    """
      operations done: \(format(operationsDone / 1e9, 1)) of the floor's \
    \(format(network.productOperations / 1e9, 1)) GFLOP, \
    \(format(100 * network.paddingShare, 1)) % of which are in the padding
    """)
  for pass in times[0].passes {
    let rate = done[pass.name].map { ", \(format($0 / pass.seconds / 1e9, 1)) GFLOP/s" } ?? ""
    let direct = times.last?.passes.first { $0.name == pass.name && showsDense }
    let ratio = direct.map {
      "; direct \(format(1e3 * $0.seconds)) ms, \(format($0.seconds / pass.seconds, 2)) times"
    }
    let name = pass.name.padding(toLength: 26, withPad: " ", startingAt: 0)
    show("    \(name)\(format(1e3 * pass.seconds)) ms\(rate)\(ratio ?? "")")
  }
  for (title, time) in zip(["fft", "direct"], times) {
    show(
      "  \(title): a step without Adam \(format(1e3 * time.step)) ms of processor time, "
        + "evaluating 50,000 images \(format(time.evaluation, 1)) s")
  }
}
