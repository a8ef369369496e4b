import Numerics

/// Adds up where the processor time of the calling thread goes in an objective's steps.
package final class Stopwatch {
  package private(set) var seconds: [(name: String, seconds: Double)] = []

  package init() {}

  package func reset() { seconds = [] }

  package func measure(_ name: String, _ body: () -> Void) {
    let start = processorSeconds()
    body()
    let elapsed = processorSeconds() - start
    if let i = seconds.firstIndex(where: { $0.name == name }) {
      seconds[i].seconds += elapsed
    } else {
      seconds.append((name, elapsed))
    }
  }
}
