import Foundation

/// Results of `body` for all indices, in order, computed on all processors. Throws what `body` throws for the
/// first index for which it does.
package func inParallel<Value: Sendable, Failure: Error>(
  _ indices: Range<Int>, _ body: @Sendable (Int) throws(Failure) -> Value
) throws(Failure) -> [Value] {
  let lock = NSLock()
  nonisolated(unsafe) var results = [Int: Result<Value, Failure>]()
  DispatchQueue.concurrentPerform(iterations: indices.count) { number in
    let index = indices.lowerBound + number
    let result = Result { () throws(Failure) in try body(index) }
    lock.withLock { results[index] = result }
  }
  var values: [Value] = []
  for index in indices {
    if let value = try results[index]?.get() { values.append(value) }
  }
  return values
}
