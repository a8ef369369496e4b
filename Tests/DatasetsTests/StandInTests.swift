import Datasets
import Numerics
import Storage
import Testing

@Suite struct StandInTests {
  static let imageSets: [DatasetName] = [.mnist, .fashionMNIST, .cifar10]

  func bytes(_ examples: DenseExamples) -> [UInt8] {
    guard case .bytes(let bytes) = examples.features else { return [] }
    return bytes
  }

  /// Pinned: a change of the generator must change `StandIn.version`, and so every identity.
  @Test(arguments: [
    (DatasetName.mnist, "4023442acbfabdc7698b950d582c2ce2059799dd6a9e9960923104da64cd6796"),
    (.fashionMNIST, "e26e2b3a4e25f0431e34119ae7e889d6994c9912c93a955802c126b7b4355b4c"),
    (.cifar10, "93ebb577dba6a50c755d2f933a80fbafeb5e48cb4567fcfba1e4b7c4bc212eb7"),
  ])
  func `stand-in images are the same bytes everywhere`(name: DatasetName, digest: String) throws {
    let data = try StandIn.images(name, trainingCount: 200, testCount: 50)
    let all = bytes(data.training) + data.training.labels + bytes(data.test) + data.test.labels
    #expect(SHA256.hexDigest(of: all) == digest)
  }

  @Test(arguments: imageSets) func `a smaller one is the beginning of a larger one`(
    name: DatasetName
  ) throws {
    let small = try StandIn.images(name, trainingCount: 30, testCount: 10)
    let large = try StandIn.images(name, trainingCount: 60, testCount: 20)
    #expect(bytes(large.training).starts(with: bytes(small.training)))
    #expect(large.training.labels.starts(with: small.training.labels))
    #expect(bytes(large.test).starts(with: bytes(small.test)))
    #expect(bytes(small.test) != Array(bytes(small.training).prefix(bytes(small.test).count)))
    #expect(small.identity != large.identity)
    #expect(small.identity.origin == .standIn)
  }

  @Test(arguments: imageSets) func `another seed gives other images`(name: DatasetName) throws {
    let zero = try StandIn.images(name, trainingCount: 30, testCount: 10)
    let one = try StandIn.images(name, trainingCount: 30, testCount: 10, seed: 1)
    #expect(bytes(zero.training) != bytes(one.training))
    #expect(zero.identity != one.identity)
  }

  /// Like the real sets: MNIST 0.131 and 19 %, Fashion-MNIST 0.286 and 50 %, CIFAR-10 0.473.
  @Test(arguments: [
    (DatasetName.mnist, 0.131, 0.191), (.fashionMNIST, 0.286, 0.498), (.cifar10, 0.473, 0.998),
  ])
  func `brightness and share of ink are those of the real sets, and classes are balanced`(
    name: DatasetName, mean: Double, share: Double
  ) throws {
    let data = try StandIn.images(name, trainingCount: 2_000, testCount: 1)
    let pixels = bytes(data.training)
    let sum = pixels.reduce(0) { $0 + Int($1) }
    #expect(abs(Double(sum) / Double(pixels.count) / 255 - mean) < 0.035)
    let inked = pixels.reduce(0) { $0 + ($1 > 0 ? 1 : 0) }
    #expect(abs(Double(inked) / Double(pixels.count) - share) < 0.06)
    for label in 0..<10 {
      let count = data.training.labels.count { Int($0) == label }
      #expect((150...250).contains(count))
    }
  }

  /// The nearest class mean tells much of the digits and clothes, and not all.
  @Test(arguments: [
    (DatasetName.mnist, 0.15, 0.6), (.fashionMNIST, 0.15, 0.6), (.cifar10, 0.5, 0.85),
  ])
  func `stand-in images can be learnt, but not wholly`(
    name: DatasetName, least: Double, most: Double
  ) throws {
    let data = try StandIn.images(name, trainingCount: 3_000, testCount: 500)
    let width = data.training.featureCount
    let pixels = bytes(data.training)
    var means = [[Float]](repeating: [Float](repeating: 0, count: width), count: 10)
    var counts = [Float](repeating: 0, count: 10)
    for (index, label) in data.training.labels.enumerated() {
      counts[Int(label)] += 1
      for feature in 0..<width {
        means[Int(label)][feature] += Float(pixels[index * width + feature])
      }
    }
    for label in 0..<10 {
      for feature in 0..<width { means[label][feature] /= counts[label] }
    }
    let held = bytes(data.test)
    var wrong = 0
    for (index, label) in data.test.labels.enumerated() {
      let distances = means.map { mean in
        (0..<width).reduce(Float(0)) { sum, feature in
          let difference = Float(held[index * width + feature]) - mean[feature]
          return sum + difference * difference
        }
      }
      if distances.indices.min(by: { distances[$0] < distances[$1] }) != Int(label) { wrong += 1 }
    }
    let error = Double(wrong) / Double(data.test.count)
    #expect(error > least)
    #expect(error < most)
  }
}
