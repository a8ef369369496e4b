import Glibc
import Reporting
import Reproduction

// Section 6.4: "as hidden units specialize to specific patterns", gradients become sparser late in
// training, which is why bias correction keeps mattering.

let weights = [
  "encoder.hidden.weights", "encoder.latent.weights", "decoder.hidden.weights",
  "decoder.output.weights",
]
let smallGradients = LayerStatistics.smallGradients(
  "small_gradients", layers: weights, below: 1e-3)

package let sparserClaim = Claim.custom(
  "fig4.sparser-late", "gradients become sparser towards the end of training",
  place: "section 6.4, Figure 4",
  threshold: .init("rise of the share in each layer", .above(0)),
  rule:
    "share of entries of the minibatch gradient below 1e-3 of the layer's largest: after epoch 100 "
    + "larger than after epoch 1 in every layer of weights, corrected, beta1 = 0.9, beta2 = 0.999, "
    + "alpha = 1e-3, paired over seeds", figure: ""
) { (context: ClaimContext) throws -> ClaimOutcome in
  let cells = try context.array(smallGradients)
  let losses = try SweepLosses(context)
  guard losses.lastEpoch >= 100 else {
    throw NotRun("the runs end at epoch \(losses.lastEpoch), before 100")
  }
  guard let alpha = losses.alphas.first(where: { abs($0.value - 1e-3) < 1e-9 })?.label else {
    throw NotRun("alpha = 1e-3 has not been run")
  }
  let parts = try weights.map { layer in
    let rises = losses.seeds.compactMap { seed -> Double? in
      func share(_ epoch: Int) -> Double {
        let panel = Panel(horizon: epoch, beta1: 0.9, beta2: 0.999)
        var place = losses.labels(SweepLosses.corrected, panel, alpha: alpha, seed: seed)
        place["layer"] = layer
        return cells.value(at: place) ?? .nan
      }
      let rise = share(100) - share(1)
      return rise.isFinite ? rise : nil
    }
    guard !rises.isEmpty else { throw NotRun("no seed of that cell has recorded its gradients") }
    return (layer: layer, estimate: Statistics.studentMean(rises))
  }
  return try ClaimOutcome(
    each: parts.map(\.estimate), in: .above(0), unit: "rise of the share",
    numbers: parts.map {
      ClaimNumber($0.layer, $0.estimate.value, low: $0.estimate.low, high: $0.estimate.high)
    },
    "rise of the share from epoch 1 to 100: "
      + parts.map { "\($0.layer) \(NumberText.significant($0.estimate.value))" }.joined(
        separator: ", "))
}.reading(smallGradients)
