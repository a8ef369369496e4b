import CVectorKernels
import Foundation
import Numerics
import TestSupport
import Testing

/// The kernels of `vk_products.h` by themselves, with every instruction set that the machine has.
@Suite(.serialized) struct ListedProductTests {
  private static let instructions = [vk_baseline, vk_avx2, vk_avx512].filter {
    let before = vk_product_instructions()
    defer { _ = vk_use_product_instructions(before) }
    return vk_use_product_instructions($0) != 0
  }

  /// A layer of `inputs` and `outputs` for `batch` examples: all products of a step.
  private struct Layer {
    let batch: Int
    let inputs: Int
    let outputs: Int
    var x: [Float]
    var weights: [Float]
    var bias: [Float]
    var delta: [Float]
    var kept: [UInt64]

    /// Activations of both signs, `live` of which are above 0; a third are dropped.
    init(batch: Int, inputs: Int, outputs: Int, live: Double) {
      (self.batch, self.inputs, self.outputs) = (batch, inputs, outputs)
      var random = TestRandom(UInt64(batch * 7 + inputs * 3 + outputs))
      func panels(_ rows: Int, _ columns: Int, _ value: () -> Float) -> [Float] {
        var panels = [Float](repeating: 0, count: (columns + 63) / 64 * 64 * rows)
        for row in 0..<rows {
          for column in 0..<columns { panels[Self.at(row, column, rows)] = value() }
        }
        return panels
      }
      x = panels(batch, inputs) {
        let size = Float(random.uniform(0.1, 1))
        return random.uniform() < live ? size : -size
      }
      weights = panels(inputs, outputs) { Float(random.uniform(-1, 1)) }
      bias = panels(1, outputs) { Float(random.uniform(-1, 1)) }
      delta = panels(batch, outputs) { Float(random.uniform(-1, 1)) }
      kept = (0..<(batch * inputs + 127) / 128 * 2 + 1).map { _ in random.next() | random.next() }
    }

    static func at(_ row: Int, _ column: Int, _ rows: Int) -> Int {
      (column / 64 * rows + row) * 64 + column % 64
    }

    func isKept(_ row: Int, _ column: Int) -> Bool {
      let i = row * inputs + column
      return kept[i / 64] >> (i % 64) & 1 == 1
    }

    /// What the products give.
    struct Result: Equatable {
      var activations: [Float]
      var output: [Float]
      var weightsGradient: [Float]
      var inputGradient: [Float]
      var sums: [Float]
    }

    func run(scale: Float) -> Result {
      let (inputPanels, outputPanels) = ((inputs + 63) / 64, (outputs + 63) / 64)
      var result = Result(
        activations: x, output: .init(repeating: .nan, count: outputPanels * 64 * batch),
        weightsGradient: .init(repeating: .nan, count: outputPanels * 64 * inputs),
        inputGradient: .init(repeating: .nan, count: inputPanels * 64 * batch),
        sums: .init(repeating: .nan, count: inputPanels * 64))
      var rows = ListBuffers(rows: batch, columns: inputs)
      var columns = ListBuffers(rows: inputs, columns: batch)
      let (liveChunk, entries) = (96, (inputs + 15) / 16 * 16)
      let liveChunks = (inputs + liveChunk - 1) / liveChunk
      var offsets = [UInt32](repeating: 0, count: batch * entries)
      var counts = [UInt32](repeating: 0, count: batch)
      var bounds = [UInt16](repeating: 0, count: batch * (liveChunks + 1))
      var numbers = [Float](repeating: .nan, count: batch * entries)
      offsets.withUnsafeMutableBufferPointer { offsets in
        counts.withUnsafeMutableBufferPointer { counts in
          bounds.withUnsafeMutableBufferPointer { bounds in
            numbers.withUnsafeMutableBufferPointer { numbers in
              rows.withLists { rowLists in
                columns.withLists { columnLists in
                  var live = vk_live(
                    rows: batch, columns: inputs, chunks: liveChunks, capacity: entries,
                    chunk: liveChunk, offsets: offsets.baseAddress, counts: counts.baseAddress,
                    bounds: bounds.baseAddress, numbers: numbers.baseAddress)
                  vk_rectify_panels(
                    &result.activations, 64 * batch, batch, inputs, kept, scale, rowLists, &live)
                  vk_list_columns(rowLists, columnLists)
                  vk_listed_product(
                    rowLists, weights, 64 * inputs, bias, &result.output, 64 * batch, outputPanels)
                  vk_listed_product(
                    columnLists, delta, 64 * batch, nil, &result.weightsGradient, 64 * inputs,
                    outputPanels)
                  vk_live_products(&live, weights, 64 * inputs, delta, 64 * batch, outputPanels)
                  vk_spread_live(
                    &live, scale, &result.inputGradient, 64 * batch, inputPanels, &result.sums)
                }
              }
            }
          }
        }
      }
      return result
    }
  }

  private struct ListBuffers {
    let rows: Int
    let columns: Int
    private static let chunk = 128
    private var offsets: [UInt32]
    private var values: [Float]
    private var counts: [UInt16]
    private var order: [UInt16]
    private var chunks: Int { (columns + Self.chunk - 1) / Self.chunk }

    init(rows: Int, columns: Int) {
      (self.rows, self.columns) = (rows, columns)
      let lists = rows * ((columns + Self.chunk - 1) / Self.chunk)
      offsets = .init(repeating: 0, count: lists * Self.chunk)
      values = .init(repeating: 0, count: lists * Self.chunk)
      counts = .init(repeating: 0, count: lists)
      order = .init(repeating: 0, count: lists)
    }

    mutating func withLists(_ body: (UnsafePointer<vk_lists>) -> Void) {
      let chunks = chunks
      let (rows, columns) = (rows, columns)
      offsets.withUnsafeMutableBufferPointer { offsets in
        values.withUnsafeMutableBufferPointer { values in
          counts.withUnsafeMutableBufferPointer { counts in
            order.withUnsafeMutableBufferPointer { order in
              var lists = vk_lists(
                rows: rows, columns: columns, chunks: chunks, capacity: Self.chunk,
                chunk: Self.chunk, offsets: offsets.baseAddress, values: values.baseAddress,
                counts: counts.baseAddress, order: order.baseAddress)
              body(&lists)
            }
          }
        }
      }
    }
  }

  struct Shape: CustomTestStringConvertible {
    var batch: Int
    var inputs: Int
    var outputs: Int
    var live: Double
    var testDescription: String { "\(batch) x \(inputs) x \(outputs), \(live) live" }
  }

  @Test(arguments: [
    Shape(batch: 1, inputs: 1, outputs: 1, live: 1),
    Shape(batch: 7, inputs: 7, outputs: 10, live: 0.5),
    Shape(batch: 128, inputs: 127, outputs: 129, live: 0.3),
    Shape(batch: 129, inputs: 500, outputs: 50, live: 0.2),
    Shape(batch: 300, inputs: 129, outputs: 200, live: 0.9),
    Shape(batch: 5, inputs: 64, outputs: 128, live: 0),
    Shape(batch: 31, inputs: 257, outputs: 65, live: 1),
  ])
  func `products are those of the definition with the same bits`(shape: Shape) throws {
    let layer = Layer(
      batch: shape.batch, inputs: shape.inputs, outputs: shape.outputs, live: shape.live)
    let before = vk_product_instructions()
    defer { _ = vk_use_product_instructions(before) }
    let results = Self.instructions.map { instructions in
      _ = vk_use_product_instructions(instructions)
      return layer.run(scale: 1.5)
    }
    for result in results { #expect(result == results[0]) }
    let result = results[0]
    var largest = 0.0
    func compare(_ actual: Float, _ expected: Double) {
      largest = max(largest, abs(Double(actual) - expected) / max(1, abs(expected)))
    }
    var activation = [[Double]](
      repeating: .init(repeating: 0, count: shape.inputs), count: shape.batch)
    for row in 0..<shape.batch {
      for k in 0..<shape.inputs {
        let x = layer.x[Layer.at(row, k, shape.batch)]
        activation[row][k] = layer.isKept(row, k) ? 1.5 * Double(max(0, x)) : 0
        compare(result.activations[Layer.at(row, k, shape.batch)], activation[row][k])
        var dot = 0.0
        for o in 0..<shape.outputs {
          dot +=
            Double(layer.weights[Layer.at(k, o, shape.inputs)])
            * Double(layer.delta[Layer.at(row, o, shape.batch)])
        }
        compare(
          result.inputGradient[Layer.at(row, k, shape.batch)],
          activation[row][k] > 0 ? 1.5 * dot : 0)
      }
    }
    for o in 0..<shape.outputs {
      for row in 0..<shape.batch {
        var sum = Double(layer.bias[o])
        for k in 0..<shape.inputs {
          sum += activation[row][k] * Double(layer.weights[Layer.at(k, o, shape.inputs)])
        }
        compare(result.output[Layer.at(row, o, shape.batch)], sum)
      }
      for k in 0..<shape.inputs {
        var sum = 0.0
        for row in 0..<shape.batch {
          sum += activation[row][k] * Double(layer.delta[Layer.at(row, o, shape.batch)])
        }
        compare(result.weightsGradient[Layer.at(k, o, shape.inputs)], sum)
      }
    }
    for k in 0..<shape.inputs {
      let sum = (0..<shape.batch).reduce(0.0) {
        $0 + Double(result.inputGradient[Layer.at($1, k, shape.batch)])
      }
      compare(result.sums[k], sum)
    }
    #expect(largest < 3e-5)
    // The padding is 0, or it would move.
    let padding = (shape.outputs..<(shape.outputs + 63) / 64 * 64).flatMap { o in
      (0..<shape.inputs).map { result.weightsGradient[Layer.at($0, o, shape.inputs)] }
    }
    #expect(padding.allSatisfy { $0 == 0 })
  }

  @Test func `kept bits are those of the masks`() {
    var mask = vk_dropout(key: 5, counter: (9, 8, 7, 6), threshold: 20_000, scale: 1)
    for count in [1, 127, 128, 1000] {
      var values = [Float](repeating: 1, count: count)
      vk_drop(&values, count, &mask)
      var bits = [UInt64](repeating: 0, count: (count + 127) / 128 * 2 + 1)
      vk_kept_bits(&bits, count, &mask)
      #expect((0..<count).allSatisfy { (bits[$0 / 64] >> ($0 % 64) & 1 == 1) == (values[$0] == 1) })
    }
  }

  @Test func `what is not a number is listed and found`() {
    for value in [Float.nan, .infinity, -.infinity] {
      for place in [0, 63, 64, 99] {
        var values = [Float](repeating: 3e38, count: 100)
        #expect(vk_is_finite(values, 100) != 0)
        values[place] = value
        #expect(vk_is_finite(values, 100) == 0)
      }
    }
    // A unit that is NaN stays NaN, so that it reaches the cost; kept or dropped.
    for instructions in Self.instructions {
      let before = vk_product_instructions()
      defer { _ = vk_use_product_instructions(before) }
      _ = vk_use_product_instructions(instructions)
      var panel = [Float](repeating: -1, count: 64)
      panel[3] = .nan
      vk_rectify_panels(&panel, 64, 1, 64, nil, 1, nil, nil)
      #expect(panel[3].isNaN && panel[2] == 0)
      panel[5] = .nan
      vk_rectify_panels(&panel, 64, 1, 64, [0, 0], 2, nil, nil)
      #expect(panel[3].isNaN && panel[5].isNaN && panel[2] == 0)
    }
  }

  /// 0 times an infinite input is NaN in the columns that pad the last panel too.
  @Test func `what pads the last panel is never listed`() {
    let (rows, width) = (3, 70)
    for instructions in Self.instructions {
      let before = vk_product_instructions()
      defer { _ = vk_use_product_instructions(before) }
      _ = vk_use_product_instructions(instructions)
      for kept in [nil, [UInt64](repeating: .max, count: 8)] {
        var panels = [Float](repeating: .nan, count: 2 * 64 * rows)
        var lists = ListBuffers(rows: rows, columns: width)
        lists.withLists { lists in
          vk_rectify_panels(&panels, 64 * rows, rows, width, kept, 1, lists, nil)
          for row in 0..<rows {
            #expect(lists.pointee.counts[row] == UInt16(width))
            #expect((0..<width).allSatisfy { lists.pointee.offsets[row * 128 + $0] == 256 * $0 })
          }
        }
      }
    }
  }
}
