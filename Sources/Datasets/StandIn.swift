import Numerics
import Storage

/// Synthetic data in the place of a data set that is not at hand: the same shapes, a like share of
/// empty features and like scale, learnable, but easier or harder than the real ones as it happens.
///
/// No claim is decided by them. An example is a function of seed, data set, split and its index
/// alone: a smaller stand-in is the beginning of a larger one. Only additions, multiplications,
/// divisions and square roots are used, so that every machine makes the same bytes.
public enum StandIn {
  /// Changes whenever the same parameters would give other bytes.
  static let version = 1

  /// Images like those of a data set.
  ///
  /// - Parameters:
  ///   - name: MNIST, Fashion-MNIST, or CIFAR-10.
  ///   - trainingCount: how many images to train with; the real sets have 60,000 or 50,000.
  ///   - testCount: how many held-out images; the real sets have 10,000.
  ///   - seed: of the generator; 0 is a seed like any other.
  /// Throws `DatasetError.wrongKind` for a data set of text.
  public static func images(
    _ name: DatasetName, trainingCount: Int, testCount: Int, seed: UInt64 = 0
  ) throws -> ImageData {
    let shape: [Int]
    let draw: @Sendable (inout RandomStream, Int, UnsafeMutableBufferPointer<UInt8>) -> Void
    switch name {
    case .mnist: (shape, draw) = ([1, 28, 28], StandInDigits.draw)
    case .fashionMNIST: (shape, draw) = ([1, 28, 28], StandInClothes.draw)
    case .cifar10: (shape, draw) = (CIFAR10.shape, StandInPhotographs.draw)
    case .imdb: throw DatasetError.wrongKind(name, wanted: "images")
    case .ownImages: throw DatasetError.wrongKind(name, wanted: "images that can be generated")
    }

    func examples(_ split: Split, _ count: Int) -> DenseExamples {
      let size = shape.reduce(1, *)
      var labels = [UInt8](repeating: 0, count: count)
      let pixels = [UInt8](unsafeUninitializedCapacity: count * size) { buffer, filled in
        buffer.initialize(repeating: 0)
        for index in 0..<count {
          var stream = stream(of: name, split, index, seed)
          let label = stream.next(below: 10)
          labels[index] = UInt8(label)
          draw(
            &stream, label,
            UnsafeMutableBufferPointer(rebasing: buffer[index * size..<(index + 1) * size]))
        }
        filled = count * size
      }
      return DenseExamples(shape: shape, features: .bytes(pixels), labels: labels, classCount: 10)
    }

    return ImageData(
      training: examples(.training, trainingCount), test: examples(.test, testCount),
      identity: identity(
        name, trainingCount: trainingCount, testCount: testCount, seed: seed))
  }

  /// The identity of the images of the same parameters, without drawing them.
  public static func identity(
    _ name: DatasetName, trainingCount: Int, testCount: Int, seed: UInt64 = 0
  ) -> DatasetIdentity {
    identity(name, "training=\(trainingCount) test=\(testCount) seed=\(seed)")
  }

  /// The identity of a stand-in: a digest of the line that says how it is generated.
  static func identity(_ name: DatasetName, _ parameters: String) -> DatasetIdentity {
    DatasetIdentity(
      name: name, origin: .standIn,
      sha256: SHA256.hexDigest(of: "stand-in/\(version) \(name.rawValue) \(parameters)\n"))
  }

  /// The random numbers of one example.
  static func stream(
    of name: DatasetName, _ split: Split, _ index: Int, _ seed: UInt64
  ) -> RandomStream {
    let number =
      switch name {
      case .mnist: 0
      case .fashionMNIST: 1
      case .cifar10: 2
      case .imdb: 3
      case .ownImages: 4
      }
    return RandomStream(
      seed: seed, purpose: .standIn, epoch: number, step: index, lane: split == .training ? 0 : 1)
  }
}

extension RandomStream {
  /// Between `low` and `high`.
  mutating func uniform(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * nextUniform()
  }

  /// Around 0, between `-width` and `width`, rarely near the ends.
  mutating func jitter(_ width: Float) -> Float {
    width * (nextUniform() + nextUniform() - 1)
  }
}

/// A turn, stretch, slant and shift of the plane around the middle of an image.
struct Placement {
  var xx: Float, xy: Float, yx: Float, yy: Float
  var x: Float, y: Float

  /// From the tangent of half the angle, so that no library's sine is needed.
  init(
    halfTangent: Float, width: Float, height: Float, slant: Float, center: (x: Float, y: Float)
  ) {
    let square = halfTangent * halfTangent
    let cosine = (1 - square) / (1 + square)
    let sine = 2 * halfTangent / (1 + square)
    xx = cosine * width
    xy = (cosine * slant - sine) * height
    yx = sine * width
    yy = (sine * slant + cosine) * height
    (x, y) = center
  }

  /// Where a point given in -0.5...0.5 comes to lie.
  func callAsFunction(_ point: (x: Float, y: Float)) -> (x: Float, y: Float) {
    (x + xx * point.x + xy * point.y, y + yx * point.x + yy * point.y)
  }
}

/// One grey image that strokes are drawn on.
struct StrokeCanvas {
  let side: Int
  let pixels: UnsafeMutableBufferPointer<UInt8>

  /// Draws a line with round ends of the given half-width; where lines cross, the darker one stays.
  func line(
    from start: (x: Float, y: Float), to end: (x: Float, y: Float), halfWidth: Float,
    softness: Float, ink: (_ x: Int, _ y: Int) -> Float
  ) {
    let reach = halfWidth + softness
    let left = max(0, Int(min(start.x, end.x) - reach))
    let right = min(side - 1, Int(max(start.x, end.x) + reach + 1))
    let top = max(0, Int(min(start.y, end.y) - reach))
    let bottom = min(side - 1, Int(max(start.y, end.y) + reach + 1))
    guard left <= right, top <= bottom else { return }
    let alongX = end.x - start.x
    let alongY = end.y - start.y
    let squaredLength = max(alongX * alongX + alongY * alongY, 1e-12)
    for row in top...bottom {
      for column in left...right {
        let dx = Float(column) - start.x
        let dy = Float(row) - start.y
        let along = min(max((dx * alongX + dy * alongY) / squaredLength, 0), 1)
        let ex = dx - along * alongX
        let ey = dy - along * alongY
        let distance = (ex * ex + ey * ey).squareRoot()
        let cover = min(max((reach - distance) / (2 * softness), 0), 1)
        guard cover > 0 else { continue }
        let value = UInt8(min(max(255 * cover * ink(column, row), 0), 255))
        let place = row * side + column
        if value > pixels[place] { pixels[place] = value }
      }
    }
  }
}

/// Digits of a few strokes whose joints tremble.
enum StandInDigits {
  /// The strokes of the ten digits in a box of -0.5...0.5, y downwards.
  private static let glyphs: [[[(x: Float, y: Float)]]] = [
    [
      [
        (0.0, -0.5), (0.3, -0.38), (0.42, 0.0), (0.3, 0.38), (0.0, 0.5), (-0.3, 0.38),
        (-0.42, 0.0), (-0.3, -0.38), (0.0, -0.5),
      ]
    ],
    [[(-0.18, -0.3), (0.02, -0.5), (0.0, 0.0), (0.0, 0.5)]],
    [
      [
        (-0.35, -0.25), (-0.15, -0.46), (0.15, -0.48), (0.35, -0.28), (0.25, -0.05), (0.0, 0.2),
        (-0.38, 0.46), (0.4, 0.45),
      ]
    ],
    [
      [
        (-0.32, -0.4), (0.0, -0.5), (0.3, -0.32), (0.2, -0.08), (-0.08, -0.02), (0.28, 0.1),
        (0.34, 0.32), (0.05, 0.5), (-0.34, 0.4),
      ]
    ],
    [[(0.05, -0.5), (-0.38, 0.12), (0.42, 0.12)], [(0.18, -0.2), (0.14, 0.5)]],
    [
      [
        (0.34, -0.48), (-0.22, -0.46), (-0.28, -0.06), (0.05, -0.12), (0.32, 0.1), (0.28, 0.36),
        (0.0, 0.5), (-0.34, 0.4),
      ]
    ],
    [
      [
        (0.2, -0.5), (-0.12, -0.25), (-0.32, 0.1), (-0.2, 0.42), (0.06, 0.5), (0.3, 0.32),
        (0.2, 0.08), (-0.06, 0.02), (-0.3, 0.2),
      ]
    ],
    [[(-0.38, -0.44), (0.36, -0.46), (0.12, -0.02), (-0.1, 0.5)]],
    [
      [
        (0.0, -0.02), (-0.28, -0.22), (-0.16, -0.46), (0.14, -0.48), (0.28, -0.26), (0.0, -0.02),
        (-0.32, 0.22), (-0.2, 0.46), (0.14, 0.48), (0.32, 0.24), (0.0, -0.02),
      ]
    ],
    [
      [
        (0.3, -0.2), (0.05, 0.0), (-0.24, -0.1), (-0.28, -0.36), (0.0, -0.5), (0.28, -0.36),
        (0.3, -0.2), (0.22, 0.2), (0.1, 0.5),
      ]
    ],
  ]

  static func draw(
    _ stream: inout RandomStream, label: Int, pixels: UnsafeMutableBufferPointer<UInt8>
  ) {
    let placement = Placement(
      halfTangent: stream.jitter(0.3), width: stream.uniform(9.5, 18.5),
      height: stream.uniform(15, 21.5), slant: -0.12 + stream.jitter(0.55),
      center: (13.5 + stream.jitter(2.2), 13.5 + stream.jitter(2.2)))
    let halfWidth = stream.uniform(0.6, 1.8)
    let canvas = StrokeCanvas(side: 28, pixels: pixels)
    for stroke in glyphs[label] {
      let joints = stroke.map { joint in
        placement((joint.x + stream.jitter(0.18), joint.y + stream.jitter(0.15)))
      }
      for (start, end) in zip(joints, joints.dropFirst()) {
        canvas.line(from: start, to: end, halfWidth: halfWidth, softness: 0.75) { _, _ in 1 }
      }
    }
  }
}

/// Silhouettes of a few broad strokes with grey levels and bands.
enum StandInClothes {
  private typealias Stroke = (x0: Float, y0: Float, x1: Float, y1: Float, halfWidth: Float)

  /// Broad strokes in a box of -0.5...0.5, y downwards; half-widths in pixels.
  private static let silhouettes: [[Stroke]] = [
    // T-shirt: body and short sleeves
    [
      (0, -0.25, 0, 0.38, 5.2), (-0.2, -0.3, -0.42, -0.1, 2.6), (0.2, -0.3, 0.42, -0.1, 2.6),
    ],
    // Trousers: two legs and the waist
    [
      (-0.12, -0.35, -0.17, 0.45, 2.2), (0.12, -0.35, 0.17, 0.45, 2.2),
      (-0.12, -0.38, 0.12, -0.38, 2),
    ],
    // Pullover: body and long sleeves
    [
      (0, -0.25, 0, 0.36, 5.2), (-0.24, -0.3, -0.38, 0.36, 2.4), (0.24, -0.3, 0.38, 0.36, 2.4),
    ],
    // Dress: narrow above, wide below
    [
      (0, -0.4, 0, 0.4, 2.9), (0, 0, -0.12, 0.42, 2.6), (0, 0, 0.12, 0.42, 2.6),
      (-0.1, -0.4, 0.1, -0.4, 1.4),
    ],
    // Coat: two halves with a gap, long sleeves
    [
      (-0.13, -0.3, -0.13, 0.42, 2.9), (0.13, -0.3, 0.13, 0.42, 2.9),
      (-0.24, -0.3, -0.38, 0.3, 2.2), (0.24, -0.3, 0.38, 0.3, 2.2),
    ],
    // Sandal: sole and straps
    [
      (-0.45, 0.2, 0.45, 0.12, 1.5), (-0.2, 0.15, 0.05, -0.1, 1), (0.1, 0.1, 0.3, -0.16, 1),
      (0.05, -0.1, 0.36, -0.1, 0.9),
    ],
    // Shirt: body, sleeves halfway
    [
      (0, -0.25, 0, 0.38, 4.6), (-0.22, -0.32, -0.4, 0.14, 2.4), (0.22, -0.32, 0.4, 0.14, 2.4),
    ],
    // Sneaker: low
    [
      (-0.42, 0.2, 0.42, 0.2, 2.2), (-0.1, 0.08, 0.38, -0.06, 2.4), (0.34, -0.08, 0.4, 0.1, 2),
    ],
    // Bag: block and handle
    [
      (-0.24, 0.14, 0.24, 0.14, 5.8), (-0.22, -0.16, -0.12, -0.38, 1),
      (-0.12, -0.38, 0.12, -0.38, 1), (0.12, -0.38, 0.22, -0.16, 1),
    ],
    // Ankle boot: foot and shaft
    [
      (-0.4, 0.3, 0.3, 0.3, 2.6), (0.2, -0.36, 0.22, 0.24, 4), (-0.1, 0.2, 0.2, 0.1, 2.4),
    ],
  ]

  static func draw(
    _ stream: inout RandomStream, label: Int, pixels: UnsafeMutableBufferPointer<UInt8>
  ) {
    let placement = Placement(
      halfTangent: stream.jitter(0.14), width: stream.uniform(20, 29),
      height: stream.uniform(20, 29), slant: stream.jitter(0.25),
      center: (13.5 + stream.jitter(3.5), 13.5 + stream.jitter(3.5)))
    let stretch = stream.uniform(0.85, 1.45)
    let level = stream.uniform(0.5, 1)
    let depth = stream.uniform(0, 0.45)
    let period = Float(2 + stream.next(below: 5))
    let isHorizontal = stream.next(below: 2) == 0
    let canvas = StrokeCanvas(side: 28, pixels: pixels)
    for stroke in silhouettes[label] {
      let start = placement((stroke.x0 + stream.jitter(0.12), stroke.y0 + stream.jitter(0.12)))
      let end = placement((stroke.x1 + stream.jitter(0.12), stroke.y1 + stream.jitter(0.12)))
      canvas.line(from: start, to: end, halfWidth: stroke.halfWidth * stretch, softness: 0.6) {
        let phase = Float(isHorizontal ? $1 : $0) / period
        let wave = 2 * abs(phase - phase.rounded(.down) - 0.5)
        return level * (1 - depth * wave)
      }
    }
  }
}
