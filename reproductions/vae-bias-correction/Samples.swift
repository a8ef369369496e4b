import Networks
import Numerics
import Reporting
import Reproduction

/// Digits decoded from the prior by the model of the best run.
let digits = ModelPicture(
  option: "samples",
  help: "draw digits from the model of the best run so far, or of the cell that --alpha, --beta1 "
    + "and --beta2 name",
  fileName: "vae-samples.png"
) { objective, theta, seed in
  let count = 100
  guard let model = objective as? VariationalAutoencoder else {
    preconditionFailure("the objective of this experiment is a variational auto-encoder")
  }
  var latents = FloatVector(count: count * model.options.latentSize)
  // Lanes 0 to 3 of this purpose are the model's own.
  var stream = RandomStream(seed: seed, purpose: .latentNoise, lane: 4)
  latents.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
  let pixels = model.decode(latents, at: theta).array
  let size = pixels.count / count
  let pictures = (0..<count).map { Array(pixels[$0 * size..<($0 + 1) * size]) }
  return GreyImage(grid: pictures, width: 28, height: size / 28, columns: 10, scale: 2)
}
