import Foundation
import Synchronization

/// Writing to the terminal. A full disk behind a redirection or a terminal that is gone must not end
/// a run of hours: what cannot be written is dropped. If it was for standard output, the program says
/// so at its end (`CommandLineTool`).
package enum Console {
  private static let firstOutputError = Atomic<Int32>(0)

  /// Writes to standard error.
  package static func tell(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  /// Writes to standard output.
  package static func show(_ text: String) {
    let code = write(text, to: STDOUT_FILENO)
    // A reader that has seen enough, as `head` has, is no fault.
    guard code != 0, code != EPIPE else { return }
    _ = firstOutputError.compareExchange(expected: 0, desired: code, ordering: .relaxed)
  }

  /// The `errno` of the first write to standard output that failed; `nil` if none did.
  static var outputError: Int32? {
    let code = firstOutputError.load(ordering: .relaxed)
    return code == 0 ? nil : code
  }

  /// Opens those of the descriptors 0 to 2 that are closed onto `/dev/null`. Otherwise the next file
  /// that is opened becomes one of them, and receives what is meant for the terminal.
  static func reserveDescriptors() {
    while true {
      let descriptor = open("/dev/null", O_RDWR)
      guard descriptor > STDERR_FILENO else {
        if descriptor < 0 { return }
        continue
      }
      close(descriptor)
      return
    }
  }

  /// Returns the `errno` of a write that failed, or 0.
  private static func write(_ text: String, to descriptor: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while rest.count > 0 {
        let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return count < 0 ? errno : EIO }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
      return 0
    }
  }

  /// The columns and rows of the terminal behind standard error; `nil` if there is none, or one whose
  /// lines cannot be rewritten.
  package static var size: (columns: Int, rows: Int)? {
    guard isatty(STDERR_FILENO) == 1, let kind = getenv("TERM"), strcmp(kind, "dumb") != 0 else {
      return nil
    }
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0
    else { return (80, 24) }
    return (Int(size.ws_col), Int(size.ws_row))
  }
}
