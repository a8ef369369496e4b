// The network of `fashion-mlp`.

import Networks
import Optimizers

/// As many blank runs of 16 pixels as Fashion-MNIST's training images have.
private let clothes = makeImages(count: 60_000, occupied: 0.842)

/// 784-1024-512-512-512-10 with Keras' Adam; `bench-peers.py` times the same step of PyTorch.
let fashion = Subject(
  name: "fashion", minibatch: 256, maskedElements: 0,
  make: { _, products in
    try MultilayerPerceptron(
      training: clothes, test: clothes,
      options: .init(
        hiddenSizes: [1024, 512, 512, 512], initialisation: .glorotUniform, products: products),
      minibatchCapacity: 256)
  }, optimizer: { AdamEpsilonHat(count: $0, alpha: 0.001, epsilon: 1e-7) }, trainedSteps: 500,
  isSparse: true)
