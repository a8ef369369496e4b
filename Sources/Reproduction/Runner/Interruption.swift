import Foundation
import Synchronization

/// Whether the process has been asked to stop: SIGINT, SIGTERM or SIGUSR1.
public enum Interruption {
  private static let isRequested = Atomic<Bool>(false)

  /// Whether a signal has come.
  public static var hasBeenRequested: Bool { isRequested.load(ordering: .relaxed) }

  /// From now on a first signal asks for a stop, and a second one ends the process at once.
  public static func handleSignals() {
    for number in [SIGINT, SIGTERM, SIGUSR1] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in Interruption.request() }
      // The second signal finds the default handler again.
      action.sa_flags = Int32(bitPattern: UInt32(SA_RESETHAND)) | SA_RESTART
      sigaction(number, &action, nil)
    }
  }

  private static func request() { isRequested.store(true, ordering: .relaxed) }
}
