import CVectorKernels
import Glibc
import Numerics

/// How fast updates are, measured on the calling thread.
public enum OptimizerBenchmark {
  /// One measurement.
  public struct Result: Sendable {
    /// The shortest time of one update, in seconds.
    public let seconds: Double
    /// What an update has to read and write once, in bytes: `theta` and each state vector both ways,
    /// the gradient one way; 28 a parameter for Adam.
    public let bytes: Int
  }

  /// The shortest of `repetitions` updates of `count` parameters by a method with its defaults.
  /// Throws `OptimizerError` for an unknown method.
  public static func run(method: String, count: Int, repetitions: Int) throws -> Result {
    let description = try OptimizerRegistry.method(method)
    var optimizer = try OptimizerRegistry.make(method, count: count)
    var theta = FloatVector(count: count)
    var gradient = FloatVector(count: count)
    var stream = RandomStream(seed: 0, purpose: .problem)
    theta.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
    gradient.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
    for _ in 0..<2 { optimizer.step(&theta, gradient: gradient) }
    let seconds = shortest(of: repetitions) { optimizer.step(&theta, gradient: gradient) }
    let bytes = (3 + 2 * description.stateVectors.count) * MemoryLayout<Float>.size * count
    return Result(seconds: seconds, bytes: bytes)
  }

  /// The shortest of `repetitions` plain memory copies that read and write `bytes` together.
  public static func copy(bytes: Int, repetitions: Int) -> Result {
    let half = max(bytes / 2, 1)
    let source = UnsafeMutableRawPointer.allocate(byteCount: half, alignment: 64)
    let target = UnsafeMutableRawPointer.allocate(byteCount: half, alignment: 64)
    defer {
      source.deallocate()
      target.deallocate()
    }
    memset(source, 1, half)
    memset(target, 2, half)
    let seconds = shortest(of: repetitions) { memcpy(target, source, half) }
    return Result(seconds: seconds, bytes: 2 * half)
  }

  /// The shortest time, in seconds, of `count` square roots and quotients alone, one of each for every
  /// parameter: what an update by a method that divides by a root cannot be faster than.
  public static func rootsAndQuotients(count: Int, repetitions: Int) -> Double {
    let values = [Float](repeating: 0.5, count: count)
    var quotients = values
    return quotients.withUnsafeMutableBufferPointer { quotients in
      shortest(of: repetitions) {
        vk_roots_and_quotients(quotients.baseAddress!, values, count)
      }
    }
  }

  private static func shortest(of repetitions: Int, _ body: () -> Void) -> Double {
    var shortest = Double.infinity
    for _ in 0..<max(repetitions, 1) {
      let start = wallSeconds()
      body()
      shortest = min(shortest, wallSeconds() - start)
    }
    return shortest
  }
}
