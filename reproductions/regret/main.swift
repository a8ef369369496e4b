import Reproduction

// Section 4: Adam as a method of online convex optimisation, exactly as theorem 4.1 demands
// (alpha_t = alpha / sqrt(t), beta_{1,t} = beta1 lambda^(t-1), a bounded domain with projection),
// on streams where nothing is set up against it and on those that its proof fails on.

ComputationExperiment(
  name: "regret",
  title: "Regret of Adam in online convex optimisation",
  place: "section 4",
  data: .images(.mnist),
  options: [
    .init("horizon", "T", "costs in a stream; default 1000000, in the smoke profile 20000"),
    .init("domain", "R", "project on [-R, R]; default 1, for the logistic stream 10"),
  ],
  figures: regretFigures,
  claims: regretClaims,
  notes: [
    "alpha, the starting point 0 and the horizon of the counterexamples are ours.",
    "The best fixed point in hindsight is exact for each T (closed forms, Newton's method).",
  ]
) { request in
  let options = try RegretOptions(request)
  return benignStreams(horizon: options.horizon, radius: options.radius, seeds: options.seeds)
    + counterexamples(horizon: options.horizon, seeds: options.counterexampleSeeds)
    + [
      lemma(horizon: options.horizon),
      sparseFeatures(
        horizon: options.sparseHorizon, dimensions: options.sparseDimensions, seeds: options.seeds),
    ]
}.main()
