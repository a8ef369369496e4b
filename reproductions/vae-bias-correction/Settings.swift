import Networks
import Optimizers
import Reproduction

// What the paper leaves open about the auto-encoder and its images.

enum InitialWeights: String, CaseIterable { case zero, random }

let deviation = Setting(
  "init-deviation", 0.01, in: 0...10, "standard deviation of the initial weights")
let logVarianceHead = Setting(
  "log-variance-head", InitialWeights.zero,
  "initial weights of the logarithms of the latent variances")
let trainingCount = Setting(
  "training-count", 50_000, in: 1...60_000, "training images, from the first on")
let pixels = Setting.pixels
let l2 = Setting("l2", 0, in: 0...1, "coefficient of the L2 penalty on the weights")
let products = Setting.products

// What is swept.

let sweptVariants = SweepVariants(
  "bias_correction", "whether the moments are corrected for their start at 0",
  [
    .init(SweepLosses.corrected, optimizer: Adam.method),
    .init(SweepLosses.uncorrected, optimizer: AdamUncorrected.method),
  ])
let beta1Axis = SweepAxis("beta1", [0, 0.9])
let beta2Axis = SweepAxis("beta2", [0.99, 0.999, 0.9999])
let alphaAxis = SweepAxis(
  "alpha", [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1], labels: .logarithms,
  listOption: "alphas")
