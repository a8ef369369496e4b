import Numerics
import Optimizers
import Storage
import Testing

/// The bits of every update for ordinary gradients: kept results rest on them. A change here is a
/// change of the numbers, and goes with a new `RunSpecification.numericsVersion`.
@Suite struct KernelBitsTests {
  private static let digests = [
    "sgd": "78b0d05752f4e0e6",
    "momentum": "f6047437b2a4b2ee",
    "heavy-ball": "7fd5ea1e27f3cc53",
    "nesterov": "696b2e39fe2d3731",
    "nesterov-sutskever": "625c55994c03d039",
    "adagrad": "a6796033de39fbce",
    "adagrad-epsilon-inside": "f3d2e08cf080e272",
    "rmsprop": "e2b2857a69148c93",
    "rmsprop-epsilon-inside": "4d22196c3bec4084",
    "rmsprop-momentum": "d0dc47ad6953db24",
    "adadelta": "2bf9c678b1d01bdc",
    "adam": "b491837676939755",
    "adam-uncorrected": "610a7e9178770d65",
    "adam-epsilon-hat": "770d5943584276a1",
    "adamax": "7d96590452d72181",
    "amsgrad": "aad87ecc26cea128",
    "amsgrad-corrected": "4483f06e1fd2b876",
    "adamw": "a6c7e1c50cb37e0b",
    "nadam": "475dd059da3422de",
  ]

  @Test(arguments: OptimizerRegistry.all.map(\.name))
  func `200 steps end in the bits that they have always had`(name: String) throws {
    var optimizer = try OptimizerRegistry.make(name, count: 37)
    var theta = FloatVector((0..<37).map { Float($0 - 18) / 16 })
    for step in 1...200 {
      var stream = RandomStream(seed: 0, purpose: .test, epoch: 11, step: step)
      optimizer.step(&theta, gradient: FloatVector((0..<37).map { _ in stream.nextNormal() }))
    }
    #expect(SHA256.hexDigest(of: theta).prefix(16) == Self.digests[name] ?? "")
  }
}
