import Optimizers
import Reproduction

/// A method without and with dropout.
func contenders(
  _ name: String, optimizer: MethodDescription, fitted: Contender.Choice, grid: Grid
) -> [Contender] {
  [
    Contender(
      name, optimizer: optimizer, settings: [noise.at(.none)], fitted: fitted, grid: grid),
    Contender(name + "+dropout", optimizer: optimizer, fitted: fitted, grid: grid),
  ]
}

/// Settings that put our curve on the paper's, which starts slowly: tiny weights in the first
/// convolution and in the output layer, He's in the others, images of equal contrast (NOTES.md).
func inferred(_ hyperparameters: [String: Double]) -> Contender.Choice {
  .init(
    hyperparameters,
    settings: [
      initialisation.at(.numbers([1e-4, -1, -1, -1, 1e-4])), whitening.at(.contrastZCA),
      zcaEpsilon.at(0.1),
    ])
}
