import Numerics

/// Adds up the processor time of the thread that it is started and stopped on.
struct TrainingClock {
  private var before: Double
  private var startedAt: Double?

  init(seconds: Double = 0) { before = seconds }

  /// The seconds between starts and stops.
  var seconds: Double { before + (startedAt.map { processorSeconds() - $0 } ?? 0) }

  mutating func start() { startedAt = startedAt ?? processorSeconds() }

  mutating func stop() {
    before = seconds
    startedAt = nil
  }
}
