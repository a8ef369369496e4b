import Foundation
import Reporting
import Storage
import TestSupport
import Testing

/// Finished runs are known by their identity, so a plan whose runs have other identities makes all of
/// them anew. A change that is to alter numbers changes the pins of its own experiments alone.
@Suite struct IdentityTests {
  /// The plan of an experiment before any run.
  struct Pin: Sendable, CustomTestStringConvertible {
    let experiment, profile: String
    let runs: Int
    /// Whether these are all runs, with none that waits for a search.
    let isFinal: Bool
    /// The SHA-256 of the identities in the order of the plan, with spaces between.
    let digest: String
    /// The real data that the plan is for, as `--status` says it; nil: generated ones.
    let data: String?

    init(
      _ experiment: String, _ profile: String, _ runs: Int, _ isFinal: Bool, _ digest: String,
      data: String? = nil
    ) {
      self.experiment = experiment
      self.profile = profile
      self.runs = runs
      self.isFinal = isFinal
      self.digest = digest
      self.data = data
    }

    var testDescription: String { "\(experiment) \(profile)" }
  }

  static let pins: [Pin] = [
    Pin(
      "mnist-logistic", "smoke", 96, false,
      "6118da22e1ccedee546d161060a435301e8d76dff2d943c796061fad70c6f68d"),
    Pin(
      "imdb-logistic", "smoke", 275, false,
      "3e1d3fd3f7c84d9c98058d0582b4bd06c3b181060c788265530454e8a3a7287d"),
    Pin(
      "mnist-mlp", "smoke", 12, true,
      "37e71226d2477d27b88d361ce99e0f2eae7503801195115db4680e960130198c"),
    Pin(
      "mnist-mlp-deterministic", "smoke", 6, true,
      "6fe172acd6d36637d3d066aeaa47649df36db9ae8db6aee8a5eb65463c81e9be"),
    Pin(
      "cifar-cnn", "smoke", 12, true,
      "b21cbdfef2787f0c9d5107a5ef6d69dbc38c9249dffef95851cf627f8eb292d7"),
    Pin(
      "vae-bias-correction", "smoke", 16, true,
      "0a99b3f4450551af6c0afab13e54b3ec406e4f7d09e7d887630d54969a750016"),
    Pin(
      "algorithm-properties", "smoke", 72, true,
      "34b91321ac9f696edc9f967a8340378d26d0338aedd92cb8ed0e2cea5c445630"),
    Pin(
      "regret", "smoke", 22, true,
      "fbda70fe864e16aa17ea5bda0a659ebe73d72aa5d16a185e968d0e3d0cd69813"),
    Pin(
      "adamax", "smoke", 6, true,
      "a67d884da904742dbd5d5a557248c98a77e4ab32e40bce2048cbe12b0300238d"),
    Pin(
      "temporal-averaging", "smoke", 3, true,
      "03bc51df4ca1e6a5def05ca180755fb8f959103edece4e446955cd7ec95173b7"),
    Pin(
      "fashion-mlp", "smoke", 4, true,
      "7617516ab02afc7c1ae912931046fc1cdda94752f3b776edf59c4b9249c020a3"),
    Pin(
      "mnist-four-hidden", "smoke", 4, true,
      "7f00c5b912f5d1890bfc7515bf8be970fb7b7ead9cfdadff89c1723059b36167"),
    Pin(
      "mnist-logistic", "quick", 210, false,
      "518b4681eaf872f153e7aef2d8e2e3c613f364b238082c0b07a86790feb79c7f"),
    Pin(
      "imdb-logistic", "quick", 84, true,
      "1c0c89cd9b59a68e66aa95ca671f8118a9a6a52b2212c11c0797f9152444adb7"),
    Pin(
      "mnist-mlp", "quick", 7, true,
      "0a127fc173aff0204028b2ca9de53b1d5b7b8f8f224637330cea5d565cb1c841"),
    Pin(
      "mnist-mlp-deterministic", "quick", 6, true,
      "c73499c234554a61c7ca737a323a686e63dd02e8a69fc2193ba8ebc9a4ac46e9"),
    Pin(
      "cifar-cnn", "quick", 6, true,
      "251247a6e87e781bba7c62c43d120d1e8420249ad1e71f0155d27bf121570570"),
    Pin(
      "vae-bias-correction", "quick", 29, true,
      "7c3cffe653d04c328f710c2bdb2735e62c5f543befef6aaf39b4bde2bd4790ef"),
    Pin(
      "algorithm-properties", "quick", 120, true,
      "dd897839284eaafa266eb17dd36ead83fc1067c3b1f8e80335de5a3929d3217d"),
    Pin(
      "regret", "quick", 75, true,
      "f8578247af0f1df7aa714112bc8708a21225d875cf2cfbd03a49fd25068972f6"),
    Pin(
      "adamax", "quick", 6, true,
      "d64bdfd61633bbad9f43e8df2684efde86843535186c0cf461f9bd348ad73081"),
    Pin(
      "temporal-averaging", "quick", 9, true,
      "30256a7bcfec65c6352f6f8b7d6cef25d0f882a18f62ce7f63290cc4b579283c"),
    Pin(
      "fashion-mlp", "quick", 4, true,
      "890054d8527f6bb0c5c21f297ff1e343fb4578e4a431765ca9242390aded1a4d"),
    Pin(
      "mnist-four-hidden", "quick", 20, true,
      "3f568e3ac31ac91b27021c335c59699998ffac5800f3b928c6c9d841029f4f9f"),
    Pin(
      "mnist-logistic", "paper", 462, false,
      "4591a89989f199b89cb7cdf1875d4de37ed93f3d68ece00341067b6330b39ad1",
      data: "mnist, official"),
    Pin(
      "imdb-logistic", "paper", 1355, false,
      "32c468d3324907c4c6873dcb762bc36653c2917cbf0389c2d0b4f3bc88bcdb1d",
      data: "imdb, official"),
    Pin(
      "mnist-mlp", "paper", 63, false,
      "bef2cf1731138039ca4b2bd7f7cd87cb2da18246bccd7beeccd837a9110492e4",
      data: "mnist, official"),
    Pin(
      "mnist-mlp-deterministic", "paper", 34, false,
      "12d05ecdddef5194ccd1dd6a6e89874c9317653edb515645165b8a066b5fcc74",
      data: "mnist, official"),
    Pin(
      "cifar-cnn", "paper", 97, false,
      "d102d43061c729a0978b0b57347cfe939b362854e351dbe1a90bce19a3ac0344",
      data: "cifar-10, official"),
    Pin(
      "vae-bias-correction", "paper", 113, false,
      "876143aadb8853ef828c795e6d0b60ce981e707c7e3aabffa46ad17fda04037c",
      data: "mnist, official"),
    Pin(
      "algorithm-properties", "paper", 120, true,
      "dd897839284eaafa266eb17dd36ead83fc1067c3b1f8e80335de5a3929d3217d",
      data: "none needed"),
    Pin(
      "regret", "paper", 75, true,
      "60e80f45f95b70950cd1af7c0ae20a434dba5799cd48115a36ece5e409e8b235",
      data: "mnist, official"),
    Pin(
      "adamax", "paper", 18, true,
      "450e6cfe11b25421b684b5f4e56e3c3aad9757aa27f33d37ceddffe8994ae9c5",
      data: "mnist, official"),
    Pin(
      "temporal-averaging", "paper", 30, true,
      "b6ba298cfff599540f47d83487bb24ee9496fd066b11a61478e3bd79e3aa54ea",
      data: "mnist, official"),
    Pin(
      "fashion-mlp", "paper", 12, true,
      "d5676437402d2f0c7388ac693fc1b174a576eb4c2ef9d30da598964320bc540e",
      data: "fashion-mnist, debian"),
    Pin(
      "mnist-four-hidden", "paper", 80, true,
      "886c0789bf6521af697af9cd80fff58453de3a78a41f9659e309ae81ed4ab90e",
      data: "mnist, official"),
  ]

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ experiment: String, _ arguments: [String]) throws -> [Substring] {
    let outcome = try Program(experiment).run(arguments + ["--output", folder / "r.h5"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return outcome.output.split(separator: "\n")
  }

  private func plan(
    of experiment: String, _ profile: String, _ data: [String]
  ) throws -> (identities: [String], isFinal: Bool) {
    let lines = try run(experiment, ["--profile", profile, "--pending"] + data)
    return (lines.dropLast().map { String($0.prefix { $0 != "\t" }) }, lines.last == "final")
  }

  private func generated(_ experiment: String) -> [String] {
    experiment == "algorithm-properties" ? [] : ["--stand-in"]
  }

  private func expect(
    _ pin: Pin, _ data: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let plan = try plan(of: pin.experiment, pin.profile, data)
    #expect(plan.identities.count == pin.runs, sourceLocation: sourceLocation)
    #expect(plan.isFinal == pin.isFinal, sourceLocation: sourceLocation)
    #expect(
      SHA256.hexDigest(of: plan.identities.joined(separator: " ")) == pin.digest,
      sourceLocation: sourceLocation)
  }

  @Test(arguments: pins.filter { $0.data == nil })
  func `a plan has the runs that it had`(pin: Pin) throws {
    try expect(pin, generated(pin.experiment))
  }

  private static let realData = ProcessInfo.processInfo.environment["ADAM_DATA"] ?? ""

  /// The profile `paper` takes real data alone; from another source they have another identity.
  @Test(.enabled(if: !realData.isEmpty), arguments: pins.filter { $0.data != nil })
  func `a plan on real data has the runs that it had`(pin: Pin) throws {
    let isNeeded = pin.data != "none needed"
    let data = isNeeded ? ["--data-dir", Self.realData] : []
    let status = try run(pin.experiment, ["--profile", pin.profile, "--status"] + data)
    guard status.last?.hasSuffix(pin.data ?? "") == true else { return }
    try expect(pin, data)
  }

  @Test func `every experiment is pinned in every profile`() throws {
    for profile in ["smoke", "quick", "paper"] {
      #expect(
        Set(Self.pins.filter { $0.profile == profile }.map(\.experiment))
          == Set(ResultSet.experimentNames))
    }
  }

  /// The models of one experiment have versions of their own.
  @Test(arguments: [
    ("adamax", ["8c58ad9c1894", "97555c5560da"], ["550cf8434bbc", "41af0a3e6260"]),
    ("temporal-averaging", ["44c9ce473f8e", "9bf25fe80e54"], ["0da4b8690b06"]),
  ])
  func `logistic regression is kept where the networks have changed`(
    experiment: String, kept: [String], gone: [String]
  ) throws {
    let found = Set(
      try plan(of: experiment, "smoke", ["--stand-in"]).identities.map { String($0.prefix(12)) })
    #expect(found.isSuperset(of: kept))
    #expect(found.isDisjoint(with: gone))
  }
}
