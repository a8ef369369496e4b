import Foundation
import Storage
import Synchronization
import Testing

@Suite struct ChildProcessTests {
  private func shell(_ script: String) throws -> ChildProcess.Outcome {
    try ChildProcess.run("/bin/sh", ["-c", script], environment: ["GREETING": "hello"])
  }

  @Test func `status and messages are told`() throws {
    let outcome = try shell("echo dropped; echo \"$GREETING\" >&2; exit 7")
    #expect(outcome.status == 7 && outcome.signal == nil)
    #expect(outcome.messages == "hello\n" && outcome.ending == "status 7")
  }

  @Test func `the signal that ended a process is told`() throws {
    let outcome = try shell("kill -KILL $$")
    #expect(outcome.status == nil && outcome.signal == SIGKILL)
    #expect(outcome.ending == "ended by signal 9 (Killed)")
  }

  @Test func `a program that is not there is an error`() throws {
    let error = #expect(throws: SystemError.self) {
      try ChildProcess.run("/no/such/program", [], environment: [:])
    }
    #expect(error?.code == ENOENT && error?.exitStatus == .operatingSystem)
    #expect(error?.description.hasPrefix("cannot start /no/such/program: ") == true)
  }

  @Test func `many at once do not wait for one another`() throws {
    let found = Mutex<[Int32: String]>([:])
    let workers = try (1...8).map { number in
      try WorkerThread {
        let outcome = try? shell("echo \(number) >&2; exit \(number)")
        found.withLock { $0[outcome?.status ?? -1] = outcome?.messages }
      }
    }
    for worker in workers { worker.join() }
    #expect(
      found.withLock { $0 } == Dictionary(uniqueKeysWithValues: (1...8).map { ($0, "\($0)\n") }))
  }
}
