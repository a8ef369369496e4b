import Foundation
import ResultStore
import TestSupport
import Testing

/// Runs the built `imdb-logistic`, on stand-in data.
@Suite struct ImdbLogisticTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func path(_ name: String) -> String { folder / name }

  private func run(_ arguments: [String], fault: String? = nil) throws -> Program.Outcome {
    try Program("imdb-logistic").run(
      arguments, environment: fault.map { ["ADAM_REPRODUCTION_FAULT": $0] } ?? [:],
      in: folder.path)
  }

  /// A few short runs: a custom arm of two contenders, with dropout and without.
  private func short(_ output: String) -> [String] {
    [
      "--profile", "smoke", "--optimizers", "adam,adam+dropout", "--schedule",
      "alpha/sqrt(epoch)", "--output", path(output), "--quiet",
    ]
  }

  @Test func `the smoke profile fills all arms and repeats to the byte`() throws {
    let files = ["a/r.h5", "b/r.h5", "c/r.h5"]
    for (file, jobs) in zip(files, ["1", "1", "2"]) {
      let outcome = try run(
        ["--profile", "smoke", "--jobs", jobs, "--output", path(file), "--quiet"])
      #expect(outcome.status == 0 && outcome.output.isEmpty, "\(outcome.errors)")
    }
    let bytes = try files.map { try repeatable(path($0)) }
    #expect(bytes[0] == bytes[1], "repeated")
    #expect(bytes[0] == bytes[2], "one and two at a time")

    let document = try ResultFile.read(path(files[0]))
    let costs = try #require(document.root.variable("train_cost")?.values.doubles)
    #expect(costs.count == 3 * 8 * 2 * 4 && costs.allSatisfy(\.isFinite))
    for first in stride(from: 0, to: costs.count, by: 4) {
      #expect(abs(costs[first] - 0.693147) < 1e-5, "theta = 0 knows nothing")
      #expect(costs[first + 3] < 0.69)
    }
    guard case .double(let dropout)? = document.root.variable("setting_dropout")?.values,
      case .string(let verdicts)? = document.root.group("claims")?.variable("verdict")?.values
    else {
      Issue.record("no settings or no verdicts")
      return
    }
    let arm = [0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0]
    #expect(dropout == arm + arm + arm)
    #expect(verdicts.allSatisfy { $0 == "not run" }, "stand-in data decide no claim")
    #expect(FileManager.default.fileExists(atPath: path("a/figures/r.h5/fig1b.svg")))
  }

  @Test func `what the paper leaves open can be chosen and is recorded`() throws {
    var costs: [[Double]] = []
    for (file, options) in [
      ("standard.h5", []), ("binary.h5", ["--features", "binary"]),
      ("marks.h5", ["--tokenization", "words-and-marks"]),
      ("scaling.h5", ["--dropout-scaling", "at-evaluation"]), ("l2.h5", ["--l2", "0.1"]),
    ] {
      let outcome = try run(short(file) + options)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let document = try ResultFile.read(path(file))
      costs.append(try #require(document.root.variable("train_cost_running")?.values.doubles))
      if let name = options.first?.dropFirst(2), let value = options.last {
        let setting = try #require(
          document.root.variable("setting_" + name.replacing("-", with: "_")))
        switch setting.values {
        case .string(let values): #expect(Set(values).subtracting([""]) == [value])
        case .double(let values): #expect(values.contains(Double(value) ?? .nan))
        default: Issue.record("\(name) is neither a word nor a number")
        }
      }
    }
    for index in 1..<costs.count where index != 2 {
      #expect(costs[index].description != costs[0].description, "choice \(index) counts")
    }
  }

  @Test func `an experiment that is killed goes on to the same bytes`() throws {
    #expect(try run(short("whole/r.h5")).status == 0)
    let killed = try run(short("parts/r.h5"), fault: "kill:20")
    #expect(killed.status != 0)
    #expect(!FileManager.default.fileExists(atPath: path("parts/r.h5")))
    #expect(try run(short("parts/r.h5")).status == 0)
    #expect(try repeatable(path("parts/r.h5")) == repeatable(path("whole/r.h5")))
  }

  @Test(arguments: [
    (["--profile", "paper"], 66, "make data"),
    (["--profile", "paper", "--stand-in"], 64, "real data only"),
    (["--features", "tfidf"], 64, "--features takes one of binary, counts"),
    (["--tokenization", "letters"], 64, "--tokenization takes one of words"),
    (["--dropout", "1"], 64, "--dropout takes a number of at least 0.0 and below 1.0"),
    (["--dropout-scaling", "none"], 64, "--dropout-scaling takes one of inverted"),
    (["--l2", "-1"], 64, "--l2"),
    (["--optimizers", "adamw"], 64, "imdb-logistic has no optimizer \"adamw\""),
    (["--profile", "smoke", "--minibatch", "3000"], 64, "a minibatch of 3000 is larger"),
  ])
  func `mistakes end with one line and their status`(
    options: [String], status: Int32, text: String
  ) throws {
    let outcome = try run(options + ["--quiet", "--output", path("refused.h5")])
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.errors.hasPrefix("imdb-logistic: "))
    #expect(outcome.errors.contains(text), "\(outcome.errors)")
  }

  @Test func `archives that are none are refused`() throws {
    let data = path("data/imdb")
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    try Data("this is no archive".utf8).write(
      to: URL(fileURLWithPath: "\(data)/aclImdb_v1.tar.gz"))
    let options = [
      "--profile", "paper", "--seeds", "0", "--epochs", "1", "--optimizers", "adam", "--alpha",
      "0.001", "--quiet", "--data-dir", path("data"), "--output", path("refused.h5"),
    ]
    let unknown = try run(options)
    #expect(unknown.status == 65, "\(unknown.errors)")
    #expect(unknown.errors.contains("not a .tar.gz archive"), "\(unknown.errors)")
    let damaged = try run(options + ["--allow-unknown-data"])
    #expect(damaged.status != 0)
    #expect(damaged.errors.contains("aclImdb_v1.tar.gz"), "\(damaged.errors)")
  }
}
