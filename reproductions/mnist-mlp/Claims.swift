import Reporting
import Reproduction

let paper = PaperCurves.embedded(PackageResources.paper_curves_tsv)
let place = "section 6.2, Figure 2 (a)"
let rivals = ["AdaGrad", "RMSProp", "SGDNesterov", "AdaDelta"]

/// Figure 2 (a) is about training with dropout.
func requireDropout(_ context: ClaimContext) throws {
  let rates = try context.array(dropout)
  if rates.labels(of: "optimizer").contains(where: { optimizer in
    rates.value(at: ["arm": context.arm ?? "", "optimizer": optimizer]) == 0
  }) {
    throw NotRun("the claim is about training with dropout, and these runs are without")
  }
}

let claims: [Claim] =
  [
    .lastEpochsMeanLower(
      "fig2a.adam-best", "Adam shows better convergence than the other methods", place: place,
      "Adam", than: rivals, last: 20, of: 201, resolution: .halfDecades, figure: "fig2a"
    ).judged(onlyIf: "trained with dropout", reading: [dropout], requireDropout)
  ]
  + (rivals + ["Adam"]).map {
    .figureMatch(
      figure: "fig2a", contender: $0, thresholds: (0.15, 0.5), epochs: 0...200, place: place
    ).judged(onlyIf: "trained with dropout", reading: [dropout], requireDropout)
  } + [EarlyAccuracy.claim(.perceptron), DefaultsClaim.claim(.perceptron)]
