// The network of `fashion-mlp`.

import Datasets
import Networks
import Optimizers

private let clothes = trainingImages(.fashionMNIST).examples

/// 784-1024-512-512-512-10 with Keras' Adam.
let fashion = Subject(
  name: "fashion", minibatch: 256, maskedElements: 0,
  make: { _, products in
    try MultilayerPerceptron(
      training: clothes, test: clothes,
      options: .init(
        hiddenSizes: [1024, 512, 512, 512], initialisation: .glorotUniform, products: products),
      minibatchCapacity: 256)
  }, data: { _ in .dense(clothes) }, alpha: 0.001, checkedAlpha: 1e-4, epsilon: 1e-7,
  hasEpsilonHat: true, trainedSteps: 500, isSparse: true)
