import Glibc

/// The seconds that the processor has spent on the calling thread.
package func processorSeconds() -> Double { seconds(CLOCK_THREAD_CPUTIME_ID) }

/// The seconds of a clock on the wall that is never set.
package func wallSeconds() -> Double { seconds(CLOCK_MONOTONIC) }

private func seconds(_ clock: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}
