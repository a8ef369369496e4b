import Foundation

/// The limit of the process's memory (`ulimit -v`, `ulimit -d`).
///
/// Swift's runtime and some libraries do not expect memory to be refused: the process ends by a
/// signal. Where there is a limit, a handler says so.
enum MemoryLimit {
  /// The line to write, made beforehand: a signal handler may not allocate.
  nonisolated(unsafe) private static var line = UnsafeMutableBufferPointer<UInt8>(
    start: nil, count: 0)

  /// The limit in bytes; `nil` if there is none.
  static var bytes: UInt? {
    [RLIMIT_AS, RLIMIT_DATA].compactMap { resource in
      var limit = rlimit()
      guard getrlimit(Int32(resource.rawValue), &limit) == 0, limit.rlim_cur < UInt(Int.max) else {
        return nil
      }
      return limit.rlim_cur
    }.min()
  }

  /// If memory is limited, a crash is told as one line that names the limit, with status 71.
  static func tellIfExceeded(by name: String) {
    guard let bytes else { return }
    let text =
      "\(name): ended by the system, most likely because memory is limited to \(bytes >> 20) MB "
      + "(ulimit -v, ulimit -d); raise the limit or give fewer --jobs, then run the same command "
      + "again\n"
    line = .allocate(capacity: text.utf8.count)
    _ = line.initialize(from: text.utf8)
    for number in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT] {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { _ in MemoryLimit.end() }
      action.sa_flags = Int32(SA_ONSTACK)
      sigaction(number, &action, nil)
    }
  }

  /// Runs inside a signal handler: no allocation, no lock.
  private static func end() -> Never {
    _ = write(STDERR_FILENO, line.baseAddress, line.count)
    _exit(ExitStatus.operatingSystem.rawValue)
  }
}
