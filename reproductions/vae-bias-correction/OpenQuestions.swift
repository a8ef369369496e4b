import Foundation
import Reporting
import Reproduction

/// What the paper leaves open about the model and its training, each measured at a cell whose loss
/// depends on it.
let openQuestions = [
  question(
    "initial weights", taken: "N(0, 0.01^2)",
    .init("N(0, 0.1^2)", settings: [deviation.at(0.1)])),
  question(
    "initial latent variances", taken: "1 for every image",
    .init("as the weights are drawn", settings: [logVarianceHead.at(.random)])),
  question("minibatch", taken: "100 images", .init("1000 images", minibatch: 1000)),
  question(
    "training images", taken: "the first 50,000",
    .init("all 60,000", settings: [trainingCount.at(60_000)])),
  question(
    "pixels", at: 1e-3, taken: "their grey levels",
    .init("black or white, drawn anew for each minibatch", settings: [pixels.at(.resampled)])),
]

private func question(
  _ question: String, at alpha: Double = 3e-4, taken: String,
  _ alternative: OpenQuestion.Alternative
) -> OpenQuestion {
  OpenQuestion(
    question, ofCell: [beta1Axis: 0.9, beta2Axis: 0.999, alphaAxis: alpha],
    called:
      "\(SweepLosses.corrected), beta1 = 0.9, beta2 = 0.999, alpha = \(NumberText.exact(alpha))",
    taken: taken, figure: "fig4",
    point: {
      (
        curve: paperCurve($0, beta1: 0.9, beta2: 0.999, SweepLosses.corrected), x: log10(alpha)
      )
    },
    alternatives: [alternative])
}
