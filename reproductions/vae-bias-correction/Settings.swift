import Networks
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
