import Reproduction

// Abstract, sections 1, 2, 3, 5 and 7.1: what the paper states of the algorithm itself, measured on our
// optimizers. Nothing is trained and no data set is needed.

ComputationExperiment(
  name: "algorithm-properties",
  title: "Properties of Adam: step sizes, bias correction, limits, memory",
  place: "sections 2, 3, 5 and 7.1",
  data: .noData,
  figures: propertyFigures,
  claims: propertyClaims,
  notes: [
    "All steps are in units of alpha, with epsilon = 0 unless said otherwise.",
    "Pairs with 1 - beta1 <= sqrt(1 - beta2) are the paper's \"otherwise\".",
  ]
) { request in
  // The smoke profile leaves out only what takes time: all sequences, fewer and shorter ones.
  let isSmoke = request.profile == .smoke
  return [
    spikes(to: 100_000),
    worstCase(to: 100_000),
    worstCaseOfAdaMax(to: 1_000),
    normFamily(steps: 1_000),
    firstSteps(to: 10_000),
    momentEstimates(sequences: isSmoke ? 100_000 : 1_000_000, to: isSmoke ? 10 : 1_000),
    scaleInvariance(steps: isSmoke ? 20 : 200),
    adaGradLimit(steps: isSmoke ? 100 : 1_000),
    memory(),
    efficientOrder(steps: isSmoke ? 100 : 5_000),
    nonStationary(
      steps: isSmoke ? 200 : 10_000,
      seeds: request.seeds ?? (0..<(isSmoke ? 2 : 10)).map { UInt64($0) }),
  ]
}.main()
