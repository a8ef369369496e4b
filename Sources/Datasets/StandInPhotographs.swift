import Numerics

/// Coloured, textured shapes before coloured, textured grounds.
///
/// The class decides the shape and, more often than not, the tint and the texture of what it covers;
/// everything else (place, size, turn, ground, light) is drawn for each image.
enum StandInPhotographs {
  private static let side = 32

  /// The tints that the classes prefer: red, green, blue.
  private static let tints: [(Float, Float, Float)] = [
    (0.75, 0.78, 0.85), (0.75, 0.25, 0.22), (0.55, 0.45, 0.3), (0.6, 0.5, 0.42),
    (0.5, 0.36, 0.22), (0.68, 0.56, 0.4), (0.35, 0.52, 0.2), (0.45, 0.28, 0.18),
    (0.4, 0.45, 0.6), (0.7, 0.62, 0.3),
  ]

  /// A repeated band: position in the image to -1...1.
  private struct Texture {
    var x: Float, y: Float, shift: Float, depth: Float

    init(_ stream: inout RandomStream, period: ClosedRange<Float>, depth: ClosedRange<Float>) {
      let length = stream.uniform(period.lowerBound, period.upperBound)
      let halfTangent = stream.uniform(-1, 1)
      let square = halfTangent * halfTangent
      x = (1 - square) / (1 + square) / length
      y = 2 * halfTangent / (1 + square) / length
      shift = stream.nextUniform()
      self.depth = stream.uniform(depth.lowerBound, depth.upperBound)
    }

    func callAsFunction(_ column: Float, _ row: Float) -> Float {
      let phase = x * column + y * row + shift
      return depth * (4 * abs(phase - phase.rounded(.down) - 0.5) - 1)
    }
  }

  static func draw(
    _ stream: inout RandomStream, label: Int, pixels: UnsafeMutableBufferPointer<UInt8>
  ) {
    let ground = (stream.uniform(0.1, 0.8), stream.uniform(0.15, 0.8), stream.uniform(0.1, 0.9))
    let slope = (stream.jitter(0.02), stream.jitter(0.02))
    let groundTexture = Texture(&stream, period: 4...20, depth: 0...0.16)
    let share = stream.uniform(0.2, 0.9)
    let tint = tints[label]
    let color = (
      share * tint.0 + (1 - share) * stream.uniform(0.05, 0.95),
      share * tint.1 + (1 - share) * stream.uniform(0.05, 0.95),
      share * tint.2 + (1 - share) * stream.uniform(0.05, 0.95)
    )
    // Three kinds of grain, each shared by some classes.
    let period: ClosedRange<Float> = [2...3, 4...6, 8...14][label % 3]
    let texture = Texture(&stream, period: period, depth: 0.08...0.25)
    let size = stream.uniform(7, 13)
    let placement = Placement(
      halfTangent: stream.jitter(0.3), width: 1 / size, height: 1 / size, slant: stream.jitter(0.3),
      center: (0, 0))
    let center = (x: 15.5 + stream.jitter(6), y: 15.5 + stream.jitter(6))
    let light = stream.uniform(0.7, 1.2)
    for row in 0..<side {
      for column in 0..<side {
        let x = Float(column)
        let y = Float(row)
        let place = placement((x - center.x, y - center.y))
        // The edge is a pixel wide.
        let cover = min(max(0.5 - size * distance(label, place.x, place.y), 0), 1)
        let outside = groundTexture(x, y) + slope.0 * (x - 15.5) + slope.1 * (y - 15.5)
        let inside = texture(x, y)
        let noise = stream.jitter(0.06)
        func put(_ plane: Int, _ ground: Float, _ color: Float) {
          let value = (1 - cover) * (ground + outside) + cover * (color + inside)
          pixels[(plane * side + row) * side + column] = UInt8(
            min(max(255 * (light * value + noise), 0), 255))
        }
        put(0, ground.0, color.0)
        put(1, ground.1, color.1)
        put(2, ground.2, color.2)
      }
    }
  }

  /// How far a point is outside of the class's shape (negative inside), about; the shape's size is 1.
  private static func distance(_ label: Int, _ x: Float, _ y: Float) -> Float {
    let radius = (x * x + y * y).squareRoot()
    let ax = abs(x)
    let ay = abs(y)
    switch label {
    case 0: return max(ax - 1, ay - 0.28)
    case 1: return max(ax - 0.8, ay - 0.8)
    case 2: return radius - 0.85
    case 3: return max(0.8 * ax + 0.6 * y, -y) - 0.55
    case 4: return min(max(ax - 0.22, ay - 1), max(ax - 1, ay - 0.22))
    case 5: return abs(radius - 0.7) - 0.22
    case 6: return ax + ay - 1
    case 7: return max(ay - 1, abs(ax - 0.55) - 0.22)
    case 8: return max(max(y - 0.5, -y - 0.1), ax - 0.9 + 0.8 * max(y, 0))
    default: return min(max(ax - 0.95, abs(y - 0.45) - 0.3), max(abs(x + 0.4) - 0.5, ay - 0.75))
    }
  }
}
