import ResultStore

extension Claim {
  /// Where a contender is expected to be at its best.
  public struct BestEpoch: Sendable {
    /// The contender.
    public var contender: String
    /// The epochs at which its lowest value is expected.
    public var epochs: ClosedRange<Int>

    /// An expectation, e.g. `BestEpoch("Adam", 0...50)`.
    public init(_ contender: String, _ epochs: ClosedRange<Int>) {
      self.contender = contender
      self.epochs = epochs
    }
  }

  /// Each contender has its lowest value of a variable at an epoch inside the expected range: the
  /// interval of the mean epoch over seeds lies inside.
  public static func bestEpochs(
    _ id: String, _ statement: String, place: String = "", _ expected: [BestEpoch],
    measure: Measure = .testCost, figure: String? = nil
  ) -> Claim {
    let ranges = expected.map {
      "\($0.contender) from \($0.epochs.lowerBound) to \($0.epochs.upperBound)"
    }
    return custom(
      id, statement, place: place,
      threshold: .every(
        expected.map {
          .init(
            "best epoch of \($0.contender)",
            .inside(Double($0.epochs.lowerBound)...Double($0.epochs.upperBound)))
        }),
      rule: "epoch of the lowest \(measure.name): " + ranges.joined(separator: ", "), figure: figure
    ) { context in
      let parts = try expected.map { expected in
        (
          expected: expected,
          epochs: try context.bestEpochs(measure, expected.contender)
        )
      }
      let estimates = parts.map { Statistics.studentMean($0.epochs.map(Double.init)) }
      let judgement = Judgement.all(
        zip(parts, estimates).map { part, estimate in
          let epochs = part.expected.epochs
          return estimate.judgement(
            in: .inside(Double(epochs.lowerBound)...Double(epochs.upperBound)))
        })
      let sentences = zip(parts, estimates).map { part, estimate in
        "\(part.expected.contender) is best at epoch "
          + ClaimOutcome.interval(estimate.value, estimate.low, estimate.high)
      }
      let seeds = parts.map(\.epochs.count).min() ?? 0
      return ClaimOutcome(
        judgement, unit: "epoch", seeds: seeds,
        numbers: zip(parts, estimates).map { part, estimate in
          ClaimNumber(
            part.expected.contender, estimate.value, low: estimate.low, high: estimate.high)
        },
        "\(seeds == 1 ? "1 seed" : "\(seeds) seeds"); " + sentences.joined(separator: "; ")
          + (seeds == 1 ? "; one seed has no interval" : ""))
    }.naming(expected.map(\.contender))
  }
}

extension ClaimContext {
  /// The first epoch of the lowest value, one a seed that has values.
  fileprivate func bestEpochs(_ measure: Measure, _ contender: String) throws -> [Int] {
    let array = try array(measure)
    var best: [Int] = []
    var reason: NotRun?
    for seed in seeds(of: array) {
      var lowest: (epoch: Int, value: Double)?
      for epoch in array.labels(of: "epoch").compactMap({ Int($0) }) {
        switch try cell(array, contender, seed: seed, epoch: epoch) {
        case .value(let value) where value < lowest?.value ?? .infinity: lowest = (epoch, value)
        case .missing(let why): reason = NotRun(why)
        default: break
        }
      }
      if let lowest { best.append(lowest.epoch) }
    }
    guard !best.isEmpty else { throw reason ?? NotRun("\(contender) diverged in every seed") }
    return best
  }
}
