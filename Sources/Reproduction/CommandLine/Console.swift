import Foundation

/// Writing to the terminal. A full disk behind a redirection, a closed pipe or a terminal that is
/// gone must not end a run of hours: what cannot be written is dropped.
enum Console {
  /// Writes to standard error.
  static func tell(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Writes to standard output.
  static func show(_ text: String) { write(text, to: STDOUT_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while rest.count > 0 {
        let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      }
    }
  }

  /// The width of the terminal behind standard error; `nil` if there is none.
  static var width: Int? {
    guard isatty(STDERR_FILENO) == 1 else { return nil }
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
