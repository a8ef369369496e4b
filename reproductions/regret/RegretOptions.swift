import Reproduction

/// What the options that only this experiment has ask for.
struct RegretOptions {
  let horizon: Int
  /// Half the side of the box; `nil`: each stream's own.
  let radius: Double?
  let seeds: [UInt64]
  /// More for the stochastic counterexample, whose regret is noisier.
  let counterexampleSeeds: [UInt64]
  /// Costs in a stream of sparse features, and the numbers of features.
  let sparseHorizon: Int
  let sparseDimensions: [Int]

  /// - Throws: `UsageError` for a horizon without costs or a domain that theorem 4.1 excludes.
  init(_ request: PlanRequest) throws {
    let isSmoke = request.profile == .smoke
    sparseHorizon = isSmoke ? 200 : 4_000
    sparseDimensions = isSmoke ? [10, 30, 100] : [10, 30, 100, 300, 1_000, 3_000, 10_000]
    seeds = request.seeds ?? (0..<(isSmoke ? 2 : 10)).map { UInt64($0) }
    counterexampleSeeds = request.seeds ?? (0..<(isSmoke ? 2 : 15)).map { UInt64($0) }
    if let text = request.extra["horizon"] {
      guard let number = Int(text), (1...1_000_000_000).contains(number) else {
        throw UsageError("--horizon takes a whole number from 1 to 1000000000, not \"\(text)\"")
      }
      horizon = number
    } else {
      horizon = isSmoke ? 20_000 : 1_000_000
    }
    guard let text = request.extra["domain"] else {
      radius = nil
      return
    }
    guard let number = Double(text), !number.isNaN else {
      throw UsageError("--domain takes a positive number, not \"\(text)\"")
    }
    guard number.isFinite else {
      throw UsageError(
        "--domain \(text) is unbounded: theorem 4.1 assumes that iterates stay within a finite "
          + "distance of each other; give a number, e.g. --domain 1")
    }
    guard number > 0 && number <= 1e6 else {
      throw UsageError("--domain takes a number above 0 and up to 1e6, not \"\(text)\"")
    }
    radius = number
  }
}
