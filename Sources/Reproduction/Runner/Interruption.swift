import Foundation
import Synchronization

/// Whether the process has been asked to stop: SIGINT, SIGTERM, SIGUSR1 (what batch systems send
/// before the time is up) or SIGHUP (the terminal is gone).
public enum Interruption {
  private static let isRequested = Atomic<Bool>(false)
  private static let firstSecond = Atomic<Int>(0)

  /// Whether a signal has come.
  public static var hasBeenRequested: Bool { isRequested.load(ordering: .relaxed) }

  /// From now on a first signal asks for a stop, and one that comes more than a second later ends
  /// the process at once.
  public static func handleSignals() {
    var unblocked = sigset_t()
    sigemptyset(&unblocked)
    for number in [SIGINT, SIGTERM, SIGUSR1, SIGHUP] {
      sigaddset(&unblocked, number)
      var action = sigaction()
      sigaction(number, nil, &action)
      // nohup has asked that a hangup be ignored.
      if number == SIGHUP && isIgnored(action) { continue }
      action = sigaction()
      action.__sigaction_handler.sa_handler = { Interruption.receive($0) }
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
    // A program that starts this one from a thread that blocks signals hands that down.
    pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Runs inside a signal handler: no allocation, no lock.
  private static func receive(_ number: Int32) {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    if isRequested.exchange(true, ordering: .relaxed) {
      // A terminal or a batch system may signal both this process and a script that passes it on:
      // what comes at the same time is one wish.
      if now.tv_sec > firstSecond.load(ordering: .relaxed) + 1 {
        signal(number, SIG_DFL)
        raise(number)
      }
    } else {
      firstSecond.store(now.tv_sec, ordering: .relaxed)
    }
  }
}
