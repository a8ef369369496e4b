// swift-tools-version: 6.1
import Foundation
import PackageDescription

/// One executable per experiment, in the paper's order; `reproductions/<name>/` holds its sources.
let experiments = [
  "mnist-logistic",
  "imdb-logistic",
  "mnist-mlp",
  "mnist-mlp-deterministic",
  "cifar-cnn",
  "vae-bias-correction",
  "algorithm-properties",
  "regret",
  "adamax",
  "temporal-averaging",
  "fashion-mlp",
  "mnist-four-hidden",
]

/// Those of some files in an experiment's folder that are there.
func files(_ names: [String], of experiment: String) -> [String] {
  names.filter { name in
    let path = "\(Context.packageDirectory)/reproductions/\(experiment)/\(name)"
    return FileManager.default.fileExists(atPath: path)
  }
}

/// The tables of an experiment: the paper's own curves, the outcome of a search.
func tables(of experiment: String) -> [Resource] {
  files(["paper-curves.tsv", "search.tsv"], of: experiment).map { .embedInCode($0) }
}

/// Executables that are tools rather than experiments: `Sources/<name>/`.
let tools = [
  "adam",
  "bench-networks",
  "bench-optimizers",
  "bench-sums",
  "optimizer-trace",
  "report",
]

/// Hot loops: `-O3`, and square roots without `errno`, so that the compiler may vectorise them.
/// Contraction is spelled out with `fma` where it is wanted.
let kernelSettings: [CSetting] = [
  .unsafeFlags(["-O3", "-fno-math-errno", "-ffp-contract=off"])
]

/// The commit of the source tree and whether it has changes, where make tells them: the two words that
/// `reproductions/support/revision.sh` prints. They are compiled in, for at run time the program may
/// lie in anybody's repository.
let revisionSettings: [CSetting] = {
  let words = (Context.environment["ADAM_REPRODUCTION_REVISION"] ?? "").split(separator: " ")
  guard words.count == 2, words[0].count == 40, words[0].allSatisfy(\.isHexDigit),
    ["true", "false"].contains(words[1])
  else { return [] }
  return [
    .define("REVISION_COMMIT", to: "\"\(words[0])\""),
    .define("REVISION_DIRTY", to: "\"\(words[1])\""),
  ]
}()

let moduleNames = [
  "Reproduction", "Reporting", "Optimizers", "Networks", "Datasets", "ResultStore", "Storage",
  "Numerics",
]
let coreModules = moduleNames.map { Target.Dependency(stringLiteral: $0) }

func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies)
}

/// Tests of modules. What they test is optimized; they themselves are only where they compute much: others
/// compile in half the processor time without.
func tests(_ name: String, _ dependencies: [Target.Dependency], areOptimized: Bool = false)
  -> Target
{
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"],
    swiftSettings: areOptimized ? [] : [.unsafeFlags(["-Onone"])])
}

let package = Package(
  name: "adam-reproduction",
  products: experiments.map { .executable(name: $0, targets: [$0]) }
    + tools.map { .executable(name: $0, targets: [$0]) },
  targets: [
    // C libraries
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .target(
      name: "COneDNN", cSettings: kernelSettings, linkerSettings: [.linkedLibrary("dnnl")]),
    .target(name: "CLAPACK", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "CVectorKernels", cSettings: kernelSettings, linkerSettings: [.linkedLibrary("m")]),
    .target(
      name: "CFourierConvolution", dependencies: ["CVectorKernels"], cSettings: kernelSettings,
      linkerSettings: [.linkedLibrary("m")]),

    .target(name: "CRevision", cSettings: revisionSettings),

    // The core; each module uses those above it only
    library("Numerics", ["CVectorKernels"]),
    library("Storage", ["Numerics", "CCrypto", "CZlib"]),
    library("LinearAlgebra", ["Storage", "CLAPACK"]),
    library("Optimizers", ["Storage", "Numerics", "CVectorKernels", "LinearAlgebra"]),
    library("OptimizerChecks", ["Optimizers", "Storage"]),
    library(
      "Networks", ["Storage", "Numerics", "COneDNN", "CVectorKernels", "CFourierConvolution"]),
    library("Datasets", ["Numerics", "Storage", "LinearAlgebra", "CZlib", "CArchive"]),
    library("ResultStore", ["Numerics", "Storage", "CHDF5"]),
    .target(
      name: "Reporting", dependencies: ["ResultStore", "Storage", "Numerics", "CZlib"],
      resources: [
        "rule-dates.tsv", "known-results.tsv", "rule-changes.md", "Report/page.css",
        "Report/page-print.css",
        "Report/page.js",
      ]
      .map { .embedInCode($0) }),
    library("Reproduction", coreModules.dropFirst() + ["COneDNN", "CRevision"]),

    .target(name: "CAllocationCounter", path: "Tests/CAllocationCounter"),
    .target(name: "TestSupport", dependencies: ["Storage"], path: "Tests/TestSupport"),
    tests("NumericsTests", ["Numerics", "CVectorKernels"], areOptimized: true),
    tests("StorageTests", ["Storage"]),
    tests(
      "OptimizersTests", ["Optimizers", "Storage", "Numerics", "CVectorKernels"], areOptimized: true
    ),
    tests(
      "OptimizerChecksTests", ["OptimizerChecks", "Optimizers", "Storage", "Numerics"],
      areOptimized: true),
    tests(
      "NetworksTests",
      ["Networks", "CVectorKernels", "CFourierConvolution", "COneDNN", "CAllocationCounter"],
      areOptimized: true),
    tests("DatasetsTests", ["Datasets", "LinearAlgebra", "CZlib"]),
    tests("ResultStoreTests", ["ResultStore", "CHDF5"]),
    tests("ReportingTests", ["Reporting", "ResultStore", "Storage", "Numerics", "CZlib"]),
    tests("ReproductionTests", ["Reproduction", "CAllocationCounter"]),
    tests("BiasCorrectionTests", ["vae-bias-correction", "Reporting", "ResultStore"]),
    tests("ComputationClaimTests", ["algorithm-properties", "regret", "Reporting", "ResultStore"]),
    tests("EndToEndTests", ["Reporting", "ResultStore", "Storage"]),
  ]
    + experiments.map {
      .executableTarget(
        name: $0, dependencies: coreModules, path: "reproductions/\($0)",
        exclude: files(["README.md", "NOTES.md"], of: $0), resources: tables(of: $0))
    }
    + tools.map {
      .executableTarget(
        name: $0, dependencies: coreModules + ($0 == "optimizer-trace" ? ["OptimizerChecks"] : []))
    }
)
