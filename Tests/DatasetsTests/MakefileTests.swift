import Foundation
import Storage
import TestSupport
import Testing

/// What `make` and its scripts check before they do anything, with tools of the test in the place of
/// the system's.
@Suite struct MakefileTests {
  let folder: TemporaryFolder
  static let root = FilePaths.folder(
    of: FilePaths.folder(of: FilePaths.folder(of: DownloadTests.script)))

  init() throws { folder = try TemporaryFolder() }

  private func make(
    _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> DownloadTests.Outcome {
    try DownloadTests.run("/usr/bin/make", ["-C", Self.root] + arguments, environment)
  }

  @Test func `a profile's and an experiment's name are checked first`() throws {
    let profile = try make(["reproduce-all", "PROFILE=quikc"])
    #expect(profile.status == 2)
    #expect(profile.lines.contains { $0.contains("\"quikc\"; choose from: smoke quick paper") })
    let experiment = try make(["build", "reproduce-foo"])
    #expect(experiment.status == 2)
    #expect(
      experiment.lines.contains {
        $0.contains("no experiment foo") && $0.contains("mnist-logistic")
      })
    for outcome in [profile, experiment] {
      #expect(!outcome.lines.contains { $0.contains("install") || $0.contains("Compiling") })
    }
  }

  @Test(arguments: ["O'Brien", "a $b ${c} `d`", "two  words", "back\\slash", "\"q\""])
  func `paths reach the programs as they are`(name: String) throws {
    let path = folder.path + "/" + name
    for (arguments, environment) in [(["DATA=" + path], [:]), ([], ["ADAM_DATA": path])] {
      let missing = try make(["check-data-folder"] + arguments, environment)
      #expect(missing.status == 2)
      #expect(missing.lines.contains { $0.hasPrefix("the data folder \(path) does not exist") })
    }
    try folder.write([1], to: name + "/file")
    #expect(try make(["check-data-folder", "DATA=" + path]).status == 0)
  }

  @Test func `a home folder that no shell has expanded is expanded`() throws {
    try folder.write([1], to: "data/file")
    let environment = ["HOME": folder.path]
    #expect(try make(["check-data-folder", "DATA=~/data"], environment).status == 0)
    #expect(
      try make(["check-data-folder", "DATA=~/other"], environment).lines
        .contains { $0.contains("\(folder.path)/other does not exist") })
  }

  // MARK: Dependencies

  /// Runs the script with tools of the test; gives its outcome, and whether it called `sudo`.
  private func install(
    swift: String = "echo 'Swift version 6.2.1 (swift-6.2.1-RELEASE)'", missing: [String],
    libraries: String = "", sudo: String = "exit 1"
  ) throws -> (outcome: DownloadTests.Outcome, usesSudo: Bool) {
    let calls = folder.path + "/calls"
    try? FileManager.default.removeItem(atPath: calls)
    let absent = missing.map { "*' \($0) '*" }.joined(separator: " | ")
    let tools = [
      "swift": swift, "ldd": "printf '\(libraries)'", "id": "echo 1000",
      "sudo": "touch '\(calls)'; \(sudo)", "apt-get": "exit 0",
      "dpkg-query": absent.isEmpty
        ? "echo install ok installed"
        : "case \" $* \" in \(absent)) exit 1 ;; *) echo install ok installed ;; esac",
    ]
    for (name, body) in tools {
      let path = try folder.write(Array("#!/bin/bash\n\(body)\n".utf8), to: "bin/\(name)")
      chmod(path, 0o755)
    }
    let outcome = try DownloadTests.run(
      "/bin/bash", [Self.root + "/reproductions/support/install-dependencies.sh"],
      ["PATH": folder.path + "/bin:/usr/bin:/bin"])
    return (outcome, FilePaths.exists(calls))
  }

  @Test func `what is only useful is never asked for`() throws {
    let (outcome, usesSudo) = try install(missing: ["dataset-fashion-mnist", "gnuplot-nox"])
    #expect(outcome.status == 0 && !usesSudo)
    #expect(
      outcome.lines == [
        "not installed, and not needed to build: gnuplot-nox dataset-fashion-mnist; "
          + "make deps installs them"
      ])
    #expect(try install(missing: []).outcome.lines == [])
  }

  @Test func `what is needed is asked for once`() throws {
    let calls = folder.path + "/asked"
    let (refused, _) = try install(
      missing: ["libhdf5-dev", "gnuplot-nox"], sudo: "echo x >> '\(calls)'; exit 1")
    #expect(refused.status == 69)
    #expect(try FileContents.read(calls) == Array("x\n".utf8))
    #expect(refused.lines.last?.contains("apt-get install") == true)
  }

  @Test func `Swift is checked first`() throws {
    let all = ["libhdf5-dev", "zlib1g-dev"]
    let (loader, usesSudo) = try install(
      missing: all, libraries: "libncurses.so.6 => not found\\nlibsqlite3.so.0 => not found\\n")
    #expect(loader.status == 69 && !usesSudo && loader.lines.count == 1)
    #expect(loader.lines[0].contains("apt-get install libncurses6 libsqlite3-0"))
    let (broken, _) = try install(
      swift: "echo 'swift: cannot execute' >&2; exit 127", missing: all)
    #expect(broken.status == 69 && broken.lines[0].contains("swift: cannot execute"))
    let (old, _) = try install(swift: "echo 'Swift version 5.10 (x)'", missing: all)
    #expect(old.status == 69 && old.lines[0].contains("5.10 is too old"))
  }
}
