import Foundation
import Synchronization

/// What every executable does around its work: standard descriptors that are closed are reserved,
/// arguments that are no text are refused, an error ends the program with its one line and its
/// status, and output that could not be written is told.
public enum CommandLineTool {
  /// Calls `body` and ends the process with the status that it returns or that its error has.
  ///
  /// - Parameter name: the program's name, which begins every complaint.
  public static func main(_ name: String, _ body: () throws -> ExitStatus) -> Never {
    Console.reserveDescriptors()
    // Writing to a closed pipe, or beyond `ulimit -f`, is an error like others instead of the end.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    MemoryLimit.tellIfExceeded(by: name)
    var status = ExitStatus.success
    do {
      try refuseArgumentsThatAreNoText()
      status = try body()
    } catch let error as any UserFacingError {
      complain(name, error.description)
      status = error.exitStatus
    } catch {
      complain(name, "unexpected error: \(error)")
      status = .software
    }
    if let code = Console.outputError {
      complain(name, FileError(.write, "to standard output", code: code).description)
      if status == .success { status = .inputOutput }
    }
    if leavesThreadsBehind.load(ordering: .relaxed) { _exit(status.rawValue) }
    exit(status.rawValue)
  }

  private static let leavesThreadsBehind = Atomic<Bool>(false)

  /// The program may end while threads compute something that nobody waits for any more: then nothing is
  /// cleaned up under their feet.
  package static func leaveThreadsBehind() {
    leavesThreadsBehind.store(true, ordering: .relaxed)
  }

  /// Writes a line to standard error that begins with the program's name.
  package static func complain(_ name: String, _ text: String) {
    Console.tell("\(name): \(text)\n")
  }

  /// Swift would replace the bytes that are not UTF-8, and another file would be meant.
  private static func refuseArgumentsThatAreNoText() throws {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[index], String(validatingCString: argument) == nil
      else { continue }
      throw ArgumentError(number: index, text: String(cString: argument))
    }
  }
}

/// An argument whose bytes are not UTF-8.
struct ArgumentError: UserFacingError, Equatable {
  /// Its place on the command line, from 1.
  let number: Int
  /// Its text, as far as there is one.
  let text: String

  var description: String {
    "argument \(number), '\(text)', is not UTF-8; names of files and folders have to be: rename it, "
      + "or give a path through a link whose name is"
  }

  var exitStatus: ExitStatus { .usage }
}
