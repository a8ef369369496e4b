import Foundation
import ResultStore
import TestSupport
import Testing

/// The sweep from the command line to its files.
@Suite struct BiasCorrectionTests {
  let program: Program
  let folder: TemporaryFolder

  init() throws {
    program = try Program("vae-bias-correction")
    folder = try TemporaryFolder()
  }

  /// One cell of stand-in data, with both variants.
  private let cell = [
    "--profile", "smoke", "--alpha", "1e-3", "--beta1", "0.9", "--beta2", "0.999", "--jobs", "1",
  ]

  @Test func `a cell becomes an array and a picture`() throws {
    let output = folder / "a.h5"
    let outcome = try program.run(cell + ["--output", output])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let view = DocumentView(try ResultFile.read(output))
    let loss = try view.array("loss")
    #expect(
      loss.dimensions.map(\.name) == [
        "seed", "bias_correction", "beta1", "beta2", "log10_alpha", "epoch",
      ])
    #expect(loss.shape == [1, 2, 1, 1, 1, 2])
    // Pixels of even odds cost 784 ln 2 = 543.4; both variants start at the same theta.
    #expect(abs(loss.values[0] - 543.4) < 20 && loss.values[0] == loss.values[2])
    #expect(loss.values[1] < loss.values[0] && loss.values[1] != loss.values[3])
    #expect(try verdicts(of: output).isEmpty)

    let samples = try program.run(cell + ["--output", output, "--samples"])
    #expect(samples.status == 0, "\(samples.errors)")
    let name = try #require(folder.files.first { $0.hasSuffix("vae-samples.png") })
    let picture = try folder.bytes(name)
    #expect(picture.prefix(4) == [137, 80, 78, 71])
    #expect(try program.run(cell + ["--output", output, "--samples"]).status == 0)
    #expect(try folder.bytes(name) == picture)
  }

  @Test(arguments: [
    (["--alphas", ""], "--alphas takes a list of numbers"),
    (["--alphas", "1e-3,often"], "--alphas takes a list of numbers"),
    (["--pixels", "blue"], "--pixels takes one of grey, resampled"),
    (["--samples"], "no run of the sweep has ended"),
  ])
  func `what makes no sense is refused, and no file is written`(
    options: [String], complaint: String
  ) throws {
    let outcome = try program.run(["--profile", "smoke", "--output", folder / "a.h5"] + options)
    #expect(outcome.status == 64 && outcome.errors.contains(complaint), "\(outcome.errors)")
    #expect(folder.files == [])
  }
}
