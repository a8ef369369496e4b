import Foundation
import Synchronization

/// Running another program to its end. It reads nothing, and what it writes to standard output is
/// dropped.
///
/// Foundation's `Process` ends the caller where descriptors or processes are limited; here that is an
/// error like others.
package enum ChildProcess {
  /// How the program ended, and what it said.
  package struct Outcome {
    /// Its exit status; `nil` if a signal ended it.
    package var status: Int32?
    /// The signal that ended it; `nil` if it ended by itself.
    package var signal: Int32?
    /// What it wrote to standard error.
    package var messages: String

    /// How it ended, in words.
    package var ending: String {
      if let signal { return "ended by signal \(signal) (\(String(cString: strsignal(signal))))" }
      return "status \(status ?? -1)"
    }
  }

  /// Held from making a pipe until its writing end is closed here, so that no other child gets it.
  private static let starting = Mutex(())

  /// Runs `executable`, a path.
  ///
  /// - Parameter environment: all its environment.
  /// - Throws: `SystemError` if it cannot be started.
  package static func run(
    _ executable: String, _ arguments: [String], environment: [String: String]
  ) throws -> Outcome {
    let (child, messages) = try starting.withLock { _ in
      try start(executable, arguments, environment)
    }
    defer { close(messages) }
    var said: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 12)
    while true {
      let count = read(messages, &piece, piece.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      said += piece[..<count]
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7F
    return Outcome(
      status: signal == 0 ? (status >> 8) & 0xFF : nil, signal: signal == 0 ? nil : signal,
      messages: String(decoding: said, as: UTF8.self))
  }

  /// Returns the process and the reading end of its standard error.
  private static func start(
    _ executable: String, _ arguments: [String], _ environment: [String: String]
  ) throws -> (child: pid_t, messages: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw SystemError("open a pipe", code: errno) }
    let (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(writing) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, writing, STDERR_FILENO)

    // What this program ignores, its children are to get as usual.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var ignored = sigset_t()
    sigemptyset(&ignored)
    sigaddset(&ignored, SIGPIPE)
    sigaddset(&ignored, SIGXFSZ)
    posix_spawnattr_setsigdefault(&attributes, &ignored)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

    var argv = ([executable] + arguments).map { strdup($0) } + [nil]
    var variables = environment.sorted { $0.key < $1.key }.map { strdup("\($0)=\($1)") } + [nil]
    defer { (argv + variables).forEach { free($0) } }
    var child: pid_t = 0
    let code = posix_spawn(&child, executable, &actions, &attributes, &argv, &variables)
    guard code == 0 else {
      close(reading)
      throw SystemError("start \(executable)", code: code)
    }
    return (child, reading)
  }
}

/// Something that the operating system does not let this process have: a process, a thread, a pipe.
public struct SystemError: UserFacingError, Equatable {
  /// What was attempted, e.g. `start a thread`.
  public let action: String
  /// The operating system's `errno`.
  public let code: Int32

  /// A failed call, with the operating system's `errno`.
  public init(_ action: String, code: Int32) {
    self.action = action
    self.code = code
  }

  /// What failed, why, and what to do; one line.
  public var description: String {
    "cannot \(action): \(String(cString: strerror(code))); \(advice)"
  }

  private var advice: String {
    switch code {
    case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
    // A thread without room for its stack is refused with the same code.
    case EAGAIN where MemoryLimit.bytes != nil:
      "raise the limits of memory (ulimit -v) and of processes and threads (ulimit -u), or give fewer --jobs"
    case EAGAIN: "raise the limit of processes and threads (ulimit -u), or give fewer --jobs"
    case ENOMEM: "raise the limit of memory (ulimit -v), or give fewer --jobs"
    case ENOENT, EACCES, ENOEXEC: "check that it is a program that you may run"
    default: "check the system's limits (ulimit -a)"
    }
  }

  /// 71: the operating system refuses.
  public var exitStatus: ExitStatus { .operatingSystem }
}
