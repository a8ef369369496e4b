import Numerics

/// The parts of `theta` one after the other, and the way from their logical order, row-major and
/// without padding, to the stored one.
struct ThetaLayout {
  /// How the elements of a part lie.
  enum Storage {
    /// Row-major, rows of `stride` elements; a vector is one row.
    case rows(stride: Int)
    /// `[inputs][outputs]` of a matrix `[outputs, inputs]`.
    case transposed
    /// `[panel][inputs][64]` of a matrix `[outputs, inputs]`, 64 outputs a panel.
    case panels
  }

  /// The outputs of a panel.
  static let panel = 64

  private(set) var parameters: [Parameter] = []
  private var storages: [Storage] = []
  private let alignment: Int

  /// No parts yet; each begins at a multiple of `alignment` elements, by default on a cache line.
  init(alignment: Int = 16) { self.alignment = alignment }

  /// The elements of `theta`, padding included.
  var count: Int { parameters.last.map { $0.offset + $0.storedCount } ?? 0 }

  /// `count` elements filled up to a multiple of `unit`.
  static func filledUp(_ count: Int, to unit: Int) -> Int { (count + unit - 1) / unit * unit }

  /// Adds a part. `storedCount`, if any, is how much it occupies at least.
  @discardableResult
  mutating func add(
    _ name: String, _ shape: [Int], _ storage: Storage, storedCount: Int = 0
  ) -> Parameter {
    let used =
      switch storage {
      case .rows(let stride): shape.count == 1 ? shape[0] : shape[0] * stride
      case .transposed: shape[0] * shape[1]
      case .panels: Self.filledUp(shape[0], to: Self.panel) * shape[1]
      }
    let parameter = Parameter(
      name: name, shape: shape, offset: count,
      storedCount: Self.filledUp(max(used, storedCount), to: alignment))
    parameters.append(parameter)
    storages.append(storage)
    return parameter
  }

  /// Where the elements of a part are, in logical order, relative to its offset.
  func positions(ofPart index: Int) -> [Int32] {
    let shape = parameters[index].shape
    let width = shape.count == 1 ? shape[0] : shape[1]
    let rows = shape.count == 1 ? 1 : shape[0]
    var positions: [Int32] = []
    positions.reserveCapacity(rows * width)
    for row in 0..<rows {
      let (first, step) =
        switch storages[index] {
        case .rows(let stride): (row * stride, 1)
        case .transposed: (row, rows)
        case .panels:
          (row / Self.panel * Self.panel * width + row % Self.panel, Self.panel)
        }
      for column in 0..<width { positions.append(Int32(first + column * step)) }
    }
    return positions
  }

  /// `theta` from the logical elements of each part.
  func stored(_ logical: [[Float]]) -> FloatVector {
    parameters.stored(logical, positions: positions)
  }
}

extension [Parameter] {
  /// `theta` from the logical elements of each part, whose places in it `positions` tells.
  func stored(_ logical: [[Float]], positions: (_ part: Int) -> [Int32]) -> FloatVector {
    precondition(logical.count == count, "one array for each parameter")
    var theta = FloatVector(count: last.map { $0.offset + $0.storedCount } ?? 0)
    theta.withUnsafeMutableBufferPointer { theta in
      for (index, parameter) in enumerated() {
        let positions = positions(index)
        precondition(logical[index].count == positions.count, "\(parameter.name): wrong size")
        for (value, position) in zip(logical[index], positions) {
          theta[parameter.offset + Int(position)] = value
        }
      }
    }
    return theta
  }
}
