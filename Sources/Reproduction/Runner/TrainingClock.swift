import Glibc

/// Adds up the processor time of the thread that it is started and stopped on.
struct TrainingClock {
  private var before: Double
  private var startedAt: Double?

  init(seconds: Double = 0) { before = seconds }

  /// The seconds between starts and stops.
  var seconds: Double { before + (startedAt.map { Self.now() - $0 } ?? 0) }

  mutating func start() { startedAt = startedAt ?? Self.now() }

  mutating func stop() {
    before = seconds
    startedAt = nil
  }

  private static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
  }
}
