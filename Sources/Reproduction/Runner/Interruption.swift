import Foundation
import Synchronization

/// Whether the process has been asked to stop: SIGINT, SIGTERM, SIGUSR1 (what batch systems send
/// before the time is up) or SIGHUP (the terminal is gone).
public enum Interruption {
  private static let isRequested = Atomic<Bool>(false)

  /// Whether a signal has come.
  public static var hasBeenRequested: Bool { isRequested.load(ordering: .relaxed) }

  /// From now on a first signal asks for a stop, and a second one ends the process at once. A
  /// closed pipe behind the output no longer ends it.
  public static func handleSignals() {
    for number in [SIGINT, SIGTERM, SIGUSR1, SIGHUP] {
      var action = sigaction()
      sigaction(number, nil, &action)
      // nohup has asked that a hangup be ignored.
      if number == SIGHUP && isIgnored(action) { continue }
      action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in Interruption.request() }
      // The second signal finds the default handler again.
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
      sigaction(number, &action, nil)
    }
    signal(SIGPIPE, SIG_IGN)
  }

  private static func isIgnored(_ action: sigaction) -> Bool {
    unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Asks for a stop, as a signal does.
  static func request() { isRequested.store(true, ordering: .relaxed) }
}
