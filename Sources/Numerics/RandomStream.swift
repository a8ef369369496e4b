/// What a stream of random numbers is for. Streams of different purposes are independent, so a
/// draw that is added for one purpose moves none of another.
///
/// The raw values are part of what makes results repeatable: never renumber them.
public enum RandomPurpose: UInt32, Sendable {
  /// Parameters before the first step.
  case initialisation = 1
  /// The order in which an epoch visits the training examples.
  case minibatchOrder = 2
  /// Dropout masks.
  case dropout = 3
  /// Noise of the reparameterised latent variables, and binarisation of their inputs.
  case latentNoise = 4
  /// Synthetic data that stands in for a data set.
  case standIn = 5
  /// Resamples of the bootstrap.
  case bootstrap = 6
  /// Problems that an experiment draws: streams of convex costs, gradient sequences.
  case problem = 7
  /// Everything that tests draw.
  case test = 8
}
