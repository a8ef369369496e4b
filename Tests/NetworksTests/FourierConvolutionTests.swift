import CFourierConvolution
import COneDNN
import Testing

private let codes = (0..<fourier_code_count.rawValue).map { fourier_code($0) }

/// The codes that this processor runs with blocks of 8 or 16 channels.
private let variants: [(code: fourier_code, block: Int)] = codes.flatMap { code in
  [8, 16].compactMap { block in
    var shape = fourier_convolution_shape(
      size: 16, kernel: 5, channels: 16, filters: 16, capacity: 1, block: Int32(block))
    return fourier_code_runs(code) && fourier_convolution_serves(code, &shape)
      ? (code, block) : nil
  }
}

private func rootMeanSquare(_ actual: [Float], _ expected: [Double]) -> Double {
  #expect(actual.count == expected.count)
  let squares = zip(actual, expected).reduce(0) {
    $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
  }
  return (squares / Double(expected.count)).squareRoot()
}

private func bits(_ result: ConvolutionProblem.Result) -> [[UInt32]] {
  [
    result.destination, result.sourceGradient, result.weightsGradient, result.biasGradient,
  ].map { $0.map(\.bitPattern) }
}

@Suite struct FourierConvolutionTests {
  init() { _ = onednn_set_threads(1) }

  /// Of what direct sums in single precision have, by their distance from sums in double.
  @Test(arguments: ConvolutionProblem.Kind.allCases, [16, 8])
  func `errors are those of single precision`(kind: ConvolutionProblem.Kind, size: Int) throws {
    let problem = ConvolutionProblem(size: size, images: 21, kind: kind)
    let exact = problem.reference()
    let direct = problem.direct()
    let fourier = try #require(problem.fourier(fourier_portable, block: 16))
    #expect(fourier.isFinite)
    let result = fourier.result
    for (name, actual, other, expected) in [
      ("output", result.destination, direct.destination, exact.destination),
      ("source", result.sourceGradient, direct.sourceGradient, exact.sourceGradient),
      ("weights", result.weightsGradient, direct.weightsGradient, exact.weightsGradient),
    ] {
      let error = rootMeanSquare(actual, expected)
      let allowed = 3.5 * rootMeanSquare(other, expected)
      #expect(error <= allowed, "\(name): \(error) of \(allowed)")
    }
    let error = rootMeanSquare(result.biasGradient, exact.biasGradient)
    #expect(error < 1e-6 * rootMeanSquare(result.biasGradient, exact.biasGradient.map { _ in 0 }))
  }

  @Test(arguments: [16, 8])
  func `all codes give the same bits`(size: Int) throws {
    for images in [1, 7, 19] {
      let problem = ConvolutionProblem(size: size, images: images, seed: UInt64(images))
      let all = try variants.map {
        bits(try #require(problem.fourier($0.code, block: $0.block)).result)
      }
      for (variant, found) in zip(variants, all) {
        let name = String(cString: fourier_code_name(variant.code))
        #expect(found == all[0], "\(name), blocks of \(variant.block), \(images) images")
      }
    }
  }

  /// Whatever the plan was made for, and whatever it did before.
  @Test func `results repeat, whatever the plan was made for and did before`() throws {
    let problem = ConvolutionProblem(size: 8, images: 18)
    let variant = try #require(variants.last)
    let once = try #require(problem.fourier(variant.code, block: variant.block))
    let again = try #require(
      problem.fourier(variant.code, block: variant.block, capacity: 129, steps: 3))
    #expect(bits(once.result) == bits(again.result))
  }

  @Test func `passes allocate nothing`() throws {
    for variant in variants {
      let problem = ConvolutionProblem(size: 8, channels: 16, filters: 16, images: 18)
      #expect(try #require(problem.fourier(variant.code, block: variant.block)).allocated == 0)
    }
  }

  /// Bias and rectification come last, so that a filter without light stays dark, to the bit.
  @Test func `dead channels stay zero`() throws {
    var problem = ConvolutionProblem(size: 16, images: 3)
    let area = 16 * 16
    for k in 0..<problem.channels * 25 {
      problem.weights[k] = 0
      problem.weights[2 * problem.channels * 25 + k].negate()
    }
    problem.bias[0] = 0
    problem.bias[2] = -100
    for image in 0..<3 {
      for k in 0..<area {
        problem.source[(image * problem.channels + 5) * area + k] = 0
        problem.destinationGradient[(image * problem.filters + 7) * area + k] = 0
      }
    }
    for variant in variants {
      let result = try #require(problem.fourier(variant.code, block: variant.block)).result
      for image in 0..<3 {
        for filter in [0, 2] {
          let first = (image * problem.filters + filter) * area
          #expect(result.destination[first..<first + area].allSatisfy { $0 == 0 })
        }
      }
      let row = problem.channels * 25
      #expect(result.weightsGradient[7 * row..<8 * row].allSatisfy { $0 == 0 })
      #expect(result.biasGradient[7] == 0)
      for filter in 0..<problem.filters {
        let first = filter * row + 5 * 25
        #expect(result.weightsGradient[first..<first + 25].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test(arguments: [Float.nan, .infinity, 3e38])
  func `results that are not finite are noticed`(value: Float) throws {
    let sound = ConvolutionProblem(size: 8, images: 17)
    var broken = sound
    broken.source[broken.source.count - 5] = value
    for variant in variants {
      #expect(try #require(sound.fourier(variant.code, block: variant.block)).isFinite)
      #expect(try !#require(broken.fourier(variant.code, block: variant.block)).isFinite)
    }
  }

  @Test func `what is not served is refused`() {
    let served = fourier_convolution_shape(
      size: 16, kernel: 5, channels: 64, filters: 128, capacity: 128, block: 8)
    let changes: [(String, (inout fourier_convolution_shape) -> Void)] = [
      ("size", { $0.size = 15 }), ("kernel", { $0.kernel = 3 }), ("channels", { $0.channels = 3 }),
      ("channels", { $0.channels = 0 }), ("filters", { $0.filters = 24 }),
      ("capacity", { $0.capacity = 0 }), ("block", { $0.block = 4 }),
    ]
    for code in codes where fourier_code_runs(code) {
      for (name, change) in changes {
        var shape = served
        shape.block = 16
        #expect(fourier_convolution_serves(code, &shape))
        change(&shape)
        #expect(!fourier_convolution_serves(code, &shape), "\(name)")
        #expect(fourier_convolution_make(code, &shape) == nil, "\(name)")
      }
    }
    var shape = served
    #expect(!fourier_convolution_serves(fourier_avx512, &shape))
    #expect(fourier_code_for(&shape) != fourier_avx512)
  }
}
