import Foundation
import Reporting
import TestSupport
import Testing

/// The numbers of the profile `smoke` on generated data. A change that is to alter numbers changes the
/// pins of its own experiments alone, and goes with a new `RunSpecification.numericsVersion`.
@Suite struct SmokeNumbersTests {
  /// The numbers of an experiment.
  struct Pin: Sendable, CustomTestStringConvertible {
    let experiment: String
    /// `numbers_sha256` of the result file.
    let digest: String
    /// What makes it shorter.
    var arguments: [String] = []
    /// Whether the numbers are the same on every processor: what our own kernels make alone.
    var isEverywhere = false

    var testDescription: String { experiment }
  }

  /// What made the other numbers.
  private static let isa = "x86-64-v3"
  private static let oneDNN = "2.6.3"

  static let pins = [
    Pin(
      experiment: "mnist-logistic",
      digest: "3d7d555affd46fa8bdf8038f65bbe6f90fcb6970368108f4cb892c5a1628c973",
      isEverywhere: true),
    Pin(
      experiment: "imdb-logistic",
      digest: "20156f4e92b8e77b9b98b305676c746d070bcc2cf60552592a5c976daf1a85b5",
      arguments: ["--epochs", "1"], isEverywhere: true),
    Pin(
      experiment: "mnist-mlp",
      digest: "b553b7c858306ae173ec3c8f6b7713314aca67d379a1736e9d59481bc1344e57"),
    Pin(
      experiment: "mnist-mlp-deterministic",
      digest: "a297f38e11cdd1a234e1fd76a73721aece40c8451a4099ab197c45b53eaada79",
      arguments: ["--epochs", "1", "--optimizers", "Adam,SFO"]),
    Pin(
      experiment: "cifar-cnn",
      digest: "a9400701086d40b07e9d3c1f114ab30d927d701f81f4a99ad503ab0887399406"),
    Pin(
      experiment: "vae-bias-correction",
      digest: "e7d462fc0301782387b837eacaaa8268362a629df3bdb92c9c65bbac3dd6cf5d"),
    Pin(
      experiment: "algorithm-properties",
      digest: "0b643d6732a13cc2a7d662602f985bcec55a70198bf328f95f5ed9fe5bf571ed"),
    Pin(
      experiment: "regret",
      digest: "ca39b89832729a451b16ff2829608a3d395e2a7ff2c793b100d1924be1096e91"),
    Pin(
      experiment: "adamax",
      digest: "8c4e9c362594f5682fca8ed96c8ed414b3d769800209dfbd0e9500ee503687c5"),
    Pin(
      experiment: "temporal-averaging",
      digest: "6ba9e21093c040e193ba7fb7cca3d7edfce78ae1f36ae2307899481176a46a11"),
    Pin(
      experiment: "fashion-mlp",
      digest: "371021628f66052fdfed7e350ee8c36bee7d9ad2c958fc247a4ffdeb4ce6e71e"),
    Pin(
      experiment: "mnist-four-hidden",
      digest: "0b5ea510496376b19af3d6a8f2d10f8e4046b8ea09c4f66561f27492af90c4b6"),
  ]

  @Test(arguments: pins)
  func `an experiment gives the numbers that it gave`(pin: Pin) throws {
    let folder = try TemporaryFolder()
    let output = folder / "r.h5"
    let data = pin.experiment == "algorithm-properties" ? [] : ["--stand-in"]
    let outcome = try Program(pin.experiment).run(
      ["--profile", "smoke", "--output", output] + data + pin.arguments)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let isLike = try attribute("isa", of: output) == Self.isa
    let isSame = try attribute("onednn_version", of: output) == Self.oneDNN
    guard pin.isEverywhere || isLike && isSame else { return }
    #expect(try attribute("numbers_sha256", of: output) == pin.digest)
  }

  @Test func `every experiment's numbers are pinned`() {
    #expect(Self.pins.map(\.experiment).sorted() == ResultSet.experimentNames.sorted())
  }
}
