import Reporting
import Reproduction

let paper = PaperCurves.embedded(PackageResources.paper_curves_tsv)
let place = "section 6.1, Figure 1 (right)"

let judged = [10, 40, 160]
/// The paper's frame ends here, one point before its curves.
let drawn = 1...175

private let margin = "AdaGrad beats SGD with Nesterov momentum by a large margin on sparse features"

private let sparse = Claim.whole(
  "fig1b.adagrad-beats-nesterov", "\(margin), with dropout and without", place: place,
  of: [
    .lowerByFraction(
      0.1, "fig1b.adagrad-beats-nesterov.dropout", "\(margin), with dropout",
      place: place, "Adagrad+dropout", than: "SGDNesterov+dropout", at: judged, figure: "fig1b"
    ).openToUndecayedAdaGrad,
    .fewerPasses(
      by: 0.1, to: 0.1, "fig1b.adagrad-beats-nesterov.plain", "\(margin), without dropout",
      place: place, "Adagrad", than: "SGDNesterov", figure: "fig1b-plain"
    ).openToUndecayedAdaGrad,
  ])

let claims: [Claim] =
  sparse + [
    .similar(
      "fig1b.adam-like-adagrad", "Adam converges as fast as AdaGrad, on IMDB with dropout",
      place: place,
      "Adam+dropout", to: "Adagrad+dropout", within: 0.05, at: judged, figure: "fig1b"
    ).openToUndecayedAdaGrad,
    .lower(
      "fig1b.adam-beats-nesterov",
      "Adam converges faster than SGD with momentum, on IMDB with dropout", place: place,
      "Adam+dropout", than: "SGDNesterov+dropout", at: judged, figure: "fig1b"),
    .bestEpochs(
      "review.imdb-epochs",
      "Adam is best on held-out reviews by epoch 50, SGD needs more than 100 epochs",
      [.init("Adam+dropout", 0...50), .init("SGDNesterov+dropout", 101...176)], figure: "fig1b"
    ).of(.review),
    .figureMatch(figure: "fig1b", contender: "Adagrad+dropout", epochs: drawn, place: place),
    .figureMatch(figure: "fig1b", contender: "RMSProp+dropout", epochs: drawn, place: place),
    .figureMatch(figure: "fig1b", contender: "SGDNesterov+dropout", epochs: drawn, place: place),
    .figureMatch(figure: "fig1b", contender: "Adam+dropout", epochs: drawn, place: place),
    DefaultsClaim.claim(.reviews),
  ]
