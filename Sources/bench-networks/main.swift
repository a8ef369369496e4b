// How long a training step takes: two runs at once, one pinned thread each, as the experiments run,
// and one run alone; against what the processor could do at best.

import COneDNN
import CVectorKernels
import Datasets
import Foundation
import Networks
import Numerics
import Optimizers
import Reproduction
import Storage

/// One network to measure.
struct Subject {
  let name: String
  let minibatch: Int
  /// Masked elements of a step, for the share of dropout.
  let maskedElements: Int
  let make: @Sendable (DenseExamples, Products) throws -> any MeasurableProducts
  /// What it trains on, given the digits.
  var data: @Sendable (DenseExamples) -> SubjectData = { .dense($0) }
  /// Adam's stepsize.
  var alpha = 1e-4
  /// The stepsize of the steps whose costs others compare, if it is another: with a large one the
  /// rounding of 1 - beta2^t in single precision soon shows, and in deep networks any rounding.
  var checkedAlpha: Double?
  /// Adam's epsilon, or epsilon-hat.
  var epsilon = 1e-8
  /// Whether Adam's form is Keras'.
  var hasEpsilonHat = false
  /// The steps before the first that is measured: what is exactly 0 in a network depends on them.
  var trainedSteps = 5
  /// Whether some products skip zeros.
  var isSparse = false
  /// How often a step, or some short ones, are timed.
  var rounds = 100
  /// What more there is to tell about it, measured and printed at the end.
  var details: @Sendable (_ showsDense: Bool) throws -> Void = { _ in }

  /// Adam for so many parameters, in one of its two forms.
  func optimizer(_ count: Int, alpha: Double, hasEpsilonHat: Bool) -> any Optimizer {
    hasEpsilonHat
      ? AdamEpsilonHat(count: count, alpha: alpha, epsilon: epsilon)
      : Adam(count: count, alpha: alpha, epsilon: epsilon)
  }
}

/// The training examples of a subject.
enum SubjectData {
  case dense(DenseExamples)
  case sparse(SparseExamples)
}

/// The perceptron of section 6.2, timed after 500 steps with Adam's default stepsize.
func perceptron(_ name: String, input: Double, hidden: Double) -> Subject {
  Subject(
    name: name, minibatch: 128, maskedElements: hidden > 0 ? 128 * 2784 : 0,
    make: { examples, products in
      try MultilayerPerceptron(
        training: examples, test: examples,
        options: .init(
          inputDropout: input, hiddenDropout: [hidden, hidden], products: products))
    }, alpha: 1e-3, checkedAlpha: 1e-4, trainedSteps: 500, isSparse: true)
}

/// The auto-encoder of section 6.4.
func autoencoder(_ name: String, minibatch: Int) -> Subject {
  Subject(
    name: name, minibatch: minibatch, maskedElements: 0,
    make: {
      try VariationalAutoencoder(
        training: $0, test: $0, options: .init(products: $1), minibatchCapacity: minibatch)
    }, isSparse: true)
}

let subjects = [
  Subject(name: "logistic", minibatch: 128, maskedElements: 0) { examples, _ in
    LogisticRegression(training: examples, test: examples, l2: 1e-4)
  },
  perceptron("mlp", input: 0, hidden: 0), perceptron("mlp-dropout", input: 0.2, hidden: 0.5),
  autoencoder("vae", minibatch: 128), autoencoder("vae-100", minibatch: 100),
  cnn, cnnWithDropout, imdb, fashion,
]

/// The shortest of `repetitions` runs of `body`, in seconds of processor time; `meet`, before each,
/// makes threads begin together, and then it is wall time.
func shortest(_ repetitions: Int, meet: (() -> Void)? = nil, _ body: () -> Void) -> Double {
  let clock = meet == nil ? processorSeconds : wallSeconds
  return (0..<repetitions).reduce(Double.infinity) { best, _ in
    meet?()
    let start = clock()
    body()
    return min(best, clock() - start)
  }
}

/// The training images of a data set if it is there, else of its stand-in; at most `limit` of them.
func trainingImages(
  _ name: DatasetName, limit: Int = 60_000
) -> (name: String, examples: DenseExamples) {
  if let found = try? Datasets.locate(name, in: DataLocation()),
    let images = try? found.loadImages()
  {
    return (name.title, images.training.first(limit))
  }
  do {
    let images = try StandIn.images(name, trainingCount: min(12_000, limit), testCount: 100)
    return ("stand-in for \(name.title)", images.training)
  } catch {
    fail(error)
  }
}

extension DenseExamples {
  /// The first ones.
  fileprivate func first(_ limit: Int) -> DenseExamples {
    guard count > limit, case .bytes(let bytes) = features else { return self }
    return DenseExamples(
      shape: shape, features: .bytes(Array(bytes.prefix(limit * featureCount))),
      labels: Array(labels.prefix(limit)), classCount: classCount)
  }
}

/// Meeting point of the threads of a measurement.
final class Barrier: @unchecked Sendable {
  private let barrier = UnsafeMutablePointer<pthread_barrier_t>.allocate(capacity: 1)

  init(_ threads: Int) { pthread_barrier_init(barrier, nil, UInt32(threads)) }

  deinit {
    pthread_barrier_destroy(barrier)
    barrier.deallocate()
  }

  func wait() { pthread_barrier_wait(barrier) }
}

/// Seconds of a step and of parts of it, of one thread.
struct Parts: Sendable {
  var step = 0.0
  /// Processor time, which does not count waiting for a processor that others use.
  var processor = 0.0
  var products = 0.0
  var update = 0.0
  var operations = 0.0
  /// Those that are left when zeros are skipped.
  var performed = 0.0
  /// The shares of the listed inputs that are not 0.
  var densities: [Double] = []
  var parameters = 0
}

/// What one core can do at best, while so many do the same.
struct Ceilings: Sendable {
  /// Fused multiplications and additions a second, both counted.
  var peak: Double
  /// Bytes that a copy reads and writes a second.
  var bandwidth: Double

  /// The least time of a step: its products, and 28 bytes a parameter for Adam's update.
  func floor(_ operations: Double, _ parts: Parts) -> Double {
    operations / peak + Double(28 * parts.parameters) / bandwidth
  }

  /// The ceilings of the slowest of `threads` threads at once.
  static func measured(threads: Int) -> Ceilings {
    let barrier = Barrier(threads)
    let all = onThreads(threads) { _ in
      let rounds = 200_000
      var sink: Float = 0
      let product = shortest(20, meet: barrier.wait) { sink += vk_fma_rounds(rounds) }
      withExtendedLifetime(sink) {}
      let bytes = 14 << 20
      let source = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      let target = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      memset(source, 1, bytes)
      let copy = shortest(50, meet: barrier.wait) { memcpy(target, source, bytes) }
      source.deallocate()
      target.deallocate()
      return Ceilings(
        peak: Double(rounds * vk_fma_round_operations) / product,
        bandwidth: 2 * Double(bytes) / copy)
    }
    return Ceilings(
      peak: all.map(\.peak).min() ?? .nan, bandwidth: all.map(\.bandwidth).min() ?? .nan)
  }
}

/// What `body` returns on each of `threads` pinned threads at once.
func onThreads<Result: Sendable>(
  _ threads: Int, _ body: @escaping @Sendable (_ number: Int) throws -> Result
) -> [Result] {
  let outcomes = Outcomes<Result>()
  let workers = (0..<threads).map { number in
    do {
      return try WorkerThread {
        vk_pin_thread(Int32(number))
        do {
          outcomes.add(try body(number))
        } catch {
          // The others would wait for this thread for ever.
          fail(error)
        }
      }
    } catch {
      fail(error)
    }
  }
  for worker in workers { worker.join() }
  return outcomes.values
}

/// What the threads of a measurement found.
private final class Outcomes<Result: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var found: [Result] = []

  func add(_ result: Result) { lock.withLock { found.append(result) } }

  var values: [Result] { lock.withLock { found } }
}

func fail(_ error: any Error) -> Never { CommandLineTool.main("bench-networks") { throw error } }

func show(_ line: String) { Console.show(line + "\n") }

func format(_ value: Double, _ digits: Int = 3) -> String { String(format: "%.\(digits)f", value) }

/// Runs `subject` on `threads` threads at once; times are per step of one thread.
func measure(
  _ subject: Subject, _ images: DenseExamples, _ products: Products, threads: Int, rounds: Int
) -> Parts {
  let barrier = Barrier(threads)
  let all = onThreads(threads) { number in
    _ = onednn_set_threads(1)
    let objective = try subject.make(images, products)
    return steps(of: objective, subject, UInt64(number), barrier, rounds: rounds)
  }
  return all.max { $0.step < $1.step } ?? Parts()
}

func steps(
  of objective: any MeasurableProducts, _ subject: Subject, _ seed: UInt64, _ barrier: Barrier,
  rounds: Int
) -> Parts {
  let training = TrainingLoop(objective, subject, seed: seed)
  for _ in 0..<subject.trainedSteps { training.step() }
  let single = shortest(5) { training.step() }
  // Short rounds: on a shared machine some of them are undisturbed.
  let perRound = max(1, Int(0.02 / single))
  var parts = Parts(
    step: .infinity, processor: .infinity, operations: objective.productOperations)
  parts.parameters = training.theta.count
  parts.performed = objective.performedOperations
  parts.densities = objective.densities.compactMap { $0 }
  for _ in 0..<rounds {
    barrier.wait()
    let start = wallSeconds()
    let processorStart = processorSeconds()
    for _ in 0..<perRound { training.step() }
    let used = processorSeconds() - processorStart
    parts.step = min(parts.step, (wallSeconds() - start) / Double(perRound))
    parts.processor = min(parts.processor, used / Double(perRound))
  }
  barrier.wait()
  parts.products = shortest(min(30, rounds)) {
    objective.runProducts(at: training.theta, gradient: &training.gradient)
  }
  parts.update = shortest(30) { training.update() }
  return parts
}

/// What is asked for.
enum Choice {
  case measure([Subject], showsDense: Bool)
  case serve
}

/// What is asked for; nil if only help or the version is.
func choice() throws -> Choice? {
  let names = subjects.map(\.name).joined(separator: " ")
  let own = [
    CommandOption(
      "dense", nil, "time products that multiply zeros, and direct convolution, in the same run"),
    CommandOption(
      "serve", nil, "answer requests on standard input, for make bench-peers (Server.swift)"),
  ]
  let options = try BenchmarkTool.options(
    of: "bench-networks", own,
    usage: """
      Usage: bench-networks [OPTION...] [NETWORK...]

      Times a training step: two runs at once, one thread each, and one run alone, against the floor
      that the processor's own speed allows (multiplications and copies, measured first), and tells
      the shares of products, update, dropout and the rest. A second floor counts only the operations
      that are left when exact zeros are skipped, at the density that is told. Takes seconds a network; run it on a
      machine that does nothing else.

      Networks (default: all): \(names)
      """)
  guard let options else { return nil }
  if options.contains("serve") { return .serve }
  for name in options.operands where !subjects.contains(where: { $0.name == name }) {
    throw UsageError("unknown network '\(name)'; choose from: \(names)")
  }
  let chosen = subjects.filter {
    options.operands.isEmpty || options.operands.contains($0.name)
  }
  return .measure(chosen, showsDense: options.contains("dense"))
}

/// Measures and prints.
func run() throws -> ExitStatus {
  switch try choice() {
  case .measure(let subjects, let showsDense): try measure(subjects, showsDense: showsDense)
  case .serve: try Server().run()
  case nil: break
  }
  return .success
}

func measure(_ subjects: [Subject], showsDense: Bool) throws {
  vk_pin_thread(0)
  let ceilings = (one: Ceilings.measured(threads: 1), two: Ceilings.measured(threads: 2))

  show("oneDNN \(String(cString: onednn_version())), one core:")
  for (name, found) in [("alone", ceilings.one), ("each of two at once", ceilings.two)] {
    show(
      "  \(name): peak \(format(found.peak / 1e9, 1)) GFLOP/s, "
        + "copying \(format(found.bandwidth / 1e9, 1)) GB/s")
  }
  show("ms/step: wall time of two runs at once / steps of both; batch as given, Adam;")
  show(
    "the shortest of many rounds; floors by the ceilings of as many cores; shares of dropout and")
  show("rest are estimates, since dropout is timed by itself")
  let digits = trainingImages(.mnist)
  show("digits: \(digits.name)")
  for subject in subjects {
    let time = report(subject, .sparse, digits.examples, ceilings)
    if showsDense && subject.isSparse {
      let dense = report(subject, .dense, digits.examples, ceilings)
      show("  dense / sparse: \(format(dense / time, 2)) (two runs at once)")
    }
    try subject.details(showsDense)
  }
}

/// Measures `subject` and prints it; returns the time of a step of two runs at once.
func report(
  _ subject: Subject, _ products: Products, _ digits: DenseExamples,
  _ ceilings: (one: Ceilings, two: Ceilings)
) -> Double {
  let two = measure(subject, digits, products, threads: 2, rounds: subject.rounds)
  let one = measure(subject, digits, products, threads: 1, rounds: subject.rounds / 2)
  let floors = (
    one: ceilings.one.floor(one.operations, one), two: ceilings.two.floor(two.operations, two)
  )
  let dropout =
    subject.maskedElements == 0
    ? 0
    : {
      let buffer = UnsafeMutablePointer<Float>.allocate(capacity: subject.maskedElements)
      buffer.initialize(repeating: 1, count: subject.maskedElements)
      var mask = vk_dropout(key: 1, counter: (0, 0, 0, 3), threshold: 32768, scale: 2)
      let time = shortest(30) { vk_drop(buffer, subject.maskedElements, &mask) }
      buffer.deallocate()
      return time
    }()
  let share = { (part: Double) in format(100 * part / one.processor, 1) + " %" }
  let rest = one.processor - one.products - one.update - dropout
  let kind = subject.isSparse ? ", \(products.rawValue) products" : ""
  show(
    """
    \(subject.name)\(kind), minibatch \(subject.minibatch), \(one.parameters) parameters
      two runs at once  \(format(1e3 * two.step / 2, 4)) ms/step, floor \(format(1e3 * floors.two / 2, 4)), \
    ratio \(format(two.step / floors.two, 2)); processor time \(format(1e3 * two.processor, 4)) ms
      one run           \(format(1e3 * one.step, 4)) ms/step, floor \(format(1e3 * floors.one, 4)), \
    ratio \(format(one.step / floors.one, 2)); processor time \(format(1e3 * one.processor, 4)) ms
      of one run: products \(share(one.products)) at \
    \(format(one.performed / one.products / 1e9, 1)) GFLOP/s, update \(share(one.update)), \
    dropout \(share(dropout)), rest \(share(rest))
    """)
  if !one.densities.isEmpty {
    let left = (
      one: ceilings.one.floor(one.performed, one), two: ceilings.two.floor(two.performed, two)
    )
    show(
      """
        zeros skipped: \(format(100 * one.performed / one.operations, 1)) % of the operations done, after \
      \(subject.trainedSteps) steps; not 0: \
      \(one.densities.map { format(100 * $0, 1) + " %" }.joined(separator: ", ")) of the inputs; \
      floor of what is left \(format(1e3 * left.two / 2, 4)) (two), \(format(1e3 * left.one, 4)) (one)
      """)
  }
  return two.step
}

CommandLineTool.main("bench-networks", run)
