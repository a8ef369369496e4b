// How long a training step takes: two runs at once, one pinned thread each, as the experiments run,
// and one run alone; against what the processor could do at best.

import COneDNN
import CVectorKernels
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
  let make: @Sendable (DenseExamples) throws -> any MeasurableProducts
  /// The optimizer for so many parameters.
  var optimizer: @Sendable (Int) -> any Optimizer = { Adam(count: $0, alpha: 1e-4) }
  /// How often a step, or some short ones, are timed.
  var rounds = 100
  /// What more there is to tell about it, measured and printed at the end.
  var details: @Sendable () throws -> Void = {}
}

let perceptron = { @Sendable (examples: DenseExamples, input: Double, hidden: Double) in
  try MultilayerPerceptron(
    training: examples, test: examples,
    options: .init(inputDropout: input, hiddenDropout: [hidden, hidden]))
}

let subjects = [
  Subject(name: "logistic", minibatch: 128, maskedElements: 0) {
    LogisticRegression(training: $0, test: $0, l2: 1e-4)
  },
  Subject(name: "mlp", minibatch: 128, maskedElements: 0) { try perceptron($0, 0, 0) },
  Subject(name: "mlp-dropout", minibatch: 128, maskedElements: 128 * 2784) {
    try perceptron($0, 0.2, 0.5)
  },
  Subject(name: "vae", minibatch: 128, maskedElements: 0) {
    try VariationalAutoencoder(training: $0, test: $0, minibatchCapacity: 128)
  },
  cnn, cnnWithDropout, imdb, fashion,
]

func seconds(_ clock: clockid_t = CLOCK_MONOTONIC) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

/// The shortest of `repetitions` runs of `body`, in seconds of processor time; `meet`, before each,
/// makes threads begin together, and then it is wall time.
func shortest(_ repetitions: Int, meet: (() -> Void)? = nil, _ body: () -> Void) -> Double {
  let clock = meet == nil ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC
  return (0..<repetitions).reduce(Double.infinity) { best, _ in
    meet?()
    let start = seconds(clock)
    body()
    return min(best, seconds(clock) - start)
  }
}

/// Images with as many blank runs of 16 pixels as MNIST's (41.7 %), or as many as asked for.
func makeImages(count: Int, occupied share: Float = 0.583) -> DenseExamples {
  var stream = RandomStream(seed: 1, purpose: .standIn)
  let pixels = [UInt8](unsafeUninitializedCapacity: count * 784) { pixels, filled in
    for block in 0..<count * 49 {
      let occupied = stream.nextUniform() < share
      for i in 0..<16 {
        pixels[block * 16 + i] = occupied ? UInt8(truncatingIfNeeded: stream.nextUInt32()) : 0
      }
    }
    filled = count * 784
  }
  let labels = (0..<count).map { _ in UInt8(stream.next(below: 10)) }
  return DenseExamples(
    shape: [1, 28, 28], features: .bytes(pixels), labels: labels, classCount: 10)
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
  var parameters = 0
}

/// What one core can do at best, while so many do the same.
struct Ceilings: Sendable {
  /// Fused multiplications and additions a second, both counted.
  var peak: Double
  /// Bytes that a copy reads and writes a second.
  var bandwidth: Double

  /// The least time of a step: its products, and 28 bytes a parameter for Adam's update.
  func floor(_ parts: Parts) -> Double {
    parts.operations / peak + Double(28 * parts.parameters) / bandwidth
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
  let done = DispatchSemaphore(value: 0)
  for number in 0..<threads {
    let worker = Thread {
      vk_pin_thread(Int32(number))
      do {
        outcomes.add(try body(number))
      } catch {
        // The others would wait for this thread for ever.
        fail("\(error)")
      }
      done.signal()
    }
    worker.stackSize = 8 << 20
    worker.start()
  }
  for _ in 0..<threads { done.wait() }
  return outcomes.values
}

/// What the threads of a measurement found.
private final class Outcomes<Result: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var found: [Result] = []

  func add(_ result: Result) { lock.withLock { found.append(result) } }

  var values: [Result] { lock.withLock { found } }
}

func fail(_ reason: String, status: Int32 = 70) -> Never {
  FileHandle.standardError.write(Data("bench-networks: \(reason)\n".utf8))
  exit(status)
}

/// Runs `subject` on `threads` threads at once; times are per step of one thread.
func measure(_ subject: Subject, _ images: DenseExamples, threads: Int, rounds: Int) -> Parts {
  let barrier = Barrier(threads)
  let all = onThreads(threads) { number in
    _ = onednn_set_threads(1)
    let objective = try subject.make(images)
    return steps(of: objective, subject, UInt64(number), barrier, rounds: rounds)
  }
  return all.max { $0.step < $1.step } ?? Parts()
}

func steps(
  of objective: any MeasurableProducts, _ subject: Subject, _ seed: UInt64, _ barrier: Barrier,
  rounds: Int
) -> Parts {
  var theta = objective.initialTheta(seed: seed)
  var gradient = FloatVector(count: theta.count)
  var optimizer = subject.optimizer(theta.count)
  var stream = RandomStream(seed: seed, purpose: .minibatchOrder)
  let order = stream.permutation(count: objective.count(of: .training))
  var position = 0
  var step = 0
  func next() {
    if position + subject.minibatch > order.count { position = 0 }
    order.withUnsafeBufferPointer { order in
      _ = objective.evaluateGradient(
        at: theta,
        minibatch: UnsafeBufferPointer(rebasing: order[position..<position + subject.minibatch]),
        noise: NoiseKey(seed: seed, epoch: 0, step: step), gradient: &gradient)
    }
    optimizer.step(&theta, gradient: gradient)
    position += subject.minibatch
    step += 1
  }
  for _ in 0..<5 { next() }
  let single = shortest(5) { next() }
  // Short rounds: on a shared machine some of them are undisturbed.
  let perRound = max(1, Int(0.02 / single))
  var parts = Parts(
    step: .infinity, processor: .infinity, operations: objective.productOperations)
  parts.parameters = theta.count
  for _ in 0..<rounds {
    barrier.wait()
    let start = seconds()
    let processorStart = seconds(CLOCK_THREAD_CPUTIME_ID)
    for _ in 0..<perRound { next() }
    let used = seconds(CLOCK_THREAD_CPUTIME_ID) - processorStart
    parts.step = min(parts.step, (seconds() - start) / Double(perRound))
    parts.processor = min(parts.processor, used / Double(perRound))
  }
  barrier.wait()
  parts.products = shortest(min(30, rounds)) {
    objective.runProducts(at: theta, gradient: &gradient)
  }
  parts.update = shortest(30) { optimizer.step(&theta, gradient: gradient) }
  return parts
}

/// The networks that are asked for; ends the program for `--help` and for mistakes.
func chosenSubjects() throws -> (subjects: [Subject], showsDense: Bool) {
  let parser = OptionParser([
    CommandOption("dense", nil, "also time direct convolution, in the same run"),
    CommandOption("version", nil, "print the version and end"),
    CommandOption("help", nil, "print this and end"),
  ])
  let options = try parser.parse(CommandLine.arguments)
  if options.contains("help") {
    let names = subjects.map(\.name).joined(separator: " ")
    let usage = """
      Usage: bench-networks [NETWORK...]

      Times a training step: two runs at once, one thread each, and one run alone, against the floor
      that the processor's own speed allows (multiplications and copies, measured first), and tells
      the shares of products, update, dropout and the rest. Takes seconds a network; run it on a
      machine that does nothing else.

      Networks (default: all): \(names)
      """
    print(parser.help(usage: usage), terminator: "")
    exit(ExitStatus.success.rawValue)
  }
  if options.contains("version") {
    print("bench-networks \(Program.version)")
    exit(ExitStatus.success.rawValue)
  }
  for name in options.operands where !subjects.contains(where: { $0.name == name }) {
    let names = subjects.map(\.name).joined(separator: " ")
    throw UsageError("unknown network '\(name)'; choose from: \(names)")
  }
  return (
    subjects.filter { options.operands.isEmpty || options.operands.contains($0.name) },
    options.contains("dense")
  )
}

let chosen: [Subject]
let showsDense: Bool
do {
  (chosen, showsDense) = try chosenSubjects()
} catch let error as any UserFacingError {
  fail(error.description, status: error.exitStatus.rawValue)
}

vk_pin_thread(0)
let ceilings = (one: Ceilings.measured(threads: 1), two: Ceilings.measured(threads: 2))

func format(_ value: Double, _ digits: Int = 3) -> String { String(format: "%.\(digits)f", value) }

print("oneDNN \(String(cString: onednn_version())), one core:")
for (name, found) in [("alone", ceilings.one), ("each of two at once", ceilings.two)] {
  print(
    "  \(name): peak \(format(found.peak / 1e9, 1)) GFLOP/s, "
      + "copying \(format(found.bandwidth / 1e9, 1)) GB/s")
}
print("ms/step: wall time of two runs at once / steps of both; batch as given, Adam;")
print("the shortest of many rounds; floors by the ceilings of as many cores; shares of dropout and")
print("rest are estimates, since dropout is timed by itself")
let images = makeImages(count: 60_000)
for subject in chosen {
  let two = measure(subject, images, threads: 2, rounds: subject.rounds)
  let one = measure(subject, images, threads: 1, rounds: subject.rounds / 2)
  let floors = (one: ceilings.one.floor(one), two: ceilings.two.floor(two))
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
  print(
    """
    \(subject.name), minibatch \(subject.minibatch), \(one.parameters) parameters
      two runs at once  \(format(1e3 * two.step / 2, 4)) ms/step, floor \(format(1e3 * floors.two / 2, 4)), \
    ratio \(format(two.step / floors.two, 2)); processor time \(format(1e3 * two.processor, 4)) ms
      one run           \(format(1e3 * one.step, 4)) ms/step, floor \(format(1e3 * floors.one, 4)), \
    ratio \(format(one.step / floors.one, 2)); processor time \(format(1e3 * one.processor, 4)) ms
      of one run: products \(share(one.products)) at \
    \(format(one.operations / one.products / 1e9, 1)) GFLOP/s, update \(share(one.update)), \
    dropout \(share(dropout)), rest \(share(rest))
    """)
  do { try subject.details() } catch { fail("\(error)") }
}
