import Glibc

/// Adds up where the processor time of the calling thread goes in an objective's steps.
package final class Stopwatch {
  package private(set) var seconds: [(name: String, seconds: Double)] = []

  package init() {}

  package func reset() { seconds = [] }

  package func measure(_ name: String, _ body: () -> Void) {
    let start = Self.now()
    body()
    let elapsed = Self.now() - start
    if let i = seconds.firstIndex(where: { $0.name == name }) {
      seconds[i].seconds += elapsed
    } else {
      seconds.append((name, elapsed))
    }
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}
