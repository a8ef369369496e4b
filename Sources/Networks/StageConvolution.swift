import Numerics

/// How the convolutions of a network are computed.
public enum ConvolutionAlgorithm: String, Sendable, CaseIterable {
  /// By whole-image Fourier transforms where `CFourierConvolution` serves the images, the second
  /// stage's and later ones' of 16x16 or 8x8 pixels; elsewhere as `direct`.
  case fft
  /// By oneDNN's direct sums.
  case direct
}

/// Some of a minibatch's images, which pass the stages together.
struct ImageGroup {
  /// The images of every group but the last one of a minibatch.
  static let capacity = 16

  /// The number within the minibatch, from 0.
  let number: Int
  /// The images, at most `capacity`.
  let count: Int
}

/// Where a stage's weights and biases are.
struct StageParameters {
  let weights: UnsafePointer<Float>
  let bias: UnsafePointer<Float>
}

/// Where the gradients of a stage's weights and biases go.
struct StageGradient {
  let weights: UnsafeMutablePointer<Float>
  let bias: UnsafeMutablePointer<Float>
}

/// The convolution of one stage, rectified, and its gradients.
///
/// A minibatch goes through `beginForward`, `forward` for each group; on the way back through
/// `beginBackward`, `addGradient` and `backward` for each group in the same order, and
/// `endBackward`. Groups may lie in other calls of other stages in between. Evaluation calls
/// `beginForward` once, then `forward` for any number of groups, all with number 0.
protocol StageConvolution: AnyObject {
  /// How `theta` and its gradient hold the weights, `[filters, channels, rows, columns]`.
  var weights: Layout { get }

  /// Makes what groups of `size` images need, unless it is there, and tells the layout of what they
  /// become, and the primitives that want a scratchpad.
  func prepare(groupsOf size: Int, source: Layout) throws -> (
    destination: Layout, primitives: [Primitive]
  )

  /// Takes the weights of the forward passes that follow.
  func beginForward(_ parameters: StageParameters)

  /// Writes `max(0, source * weights + bias)`; returns whether it found all of it finite, which not
  /// every algorithm looks at.
  func forward(
    _ group: ImageGroup, _ parameters: StageParameters, source: UnsafePointer<Float>,
    destination: UnsafeMutablePointer<Float>
  ) -> Bool

  /// Takes the weights of the backward passes that follow.
  func beginBackward(_ parameters: StageParameters)

  /// Writes the gradient of the source, which a first stage's is never asked for.
  func backward(
    _ group: ImageGroup, _ parameters: StageParameters, destinationGradient: UnsafePointer<Float>,
    sourceGradient: UnsafeMutablePointer<Float>
  )

  /// Adds a group's part to the gradient of weights and bias, which group 0 begins.
  func addGradient(
    _ group: ImageGroup, source: UnsafePointer<Float>, destinationGradient: UnsafePointer<Float>,
    to gradient: StageGradient
  )

  /// Completes the gradient of a minibatch of `count` images.
  func endBackward(count: Int, gradient: StageGradient)

  /// The floating-point operations that each pass over `count` images makes.
  func operations(_ count: Int) -> Double
}
