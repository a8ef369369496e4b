import CVectorKernels
import Foundation
import TestSupport
import Testing

/// The distance from `exact` in units of the last place of the nearest float.
private func ulps(_ actual: Float, _ exact: Double) -> Double {
  let nearest = Float(exact)
  if nearest.isInfinite { return actual == nearest ? 0 : .infinity }
  return abs(Double(actual) - exact) / Double(nearest.ulp)
}

private func apply(
  _ values: [Float], _ function: (UnsafeMutablePointer<Float>, Int) -> Void
) -> [Float] {
  var result = values
  result.withUnsafeMutableBufferPointer { buffer in
    if let base = buffer.baseAddress { function(base, buffer.count) }
  }
  return result
}

/// Floats of every exponent and sign, 65,536 of them and a rest that fills no whole vector.
private let sample: [Float] = (0..<65_543).map { number in
  let bits = UInt32(truncatingIfNeeded: number &* 65_536 &+ number &* 2_654_435_761 % 65_536)
  let value = Float(bitPattern: bits)
  return value.isFinite ? value : Float(number) / 1000 - 30
}

@Suite struct VectorFunctionTests {
  @Test func `the exponential is exact to an ulp`() {
    let results = apply(sample, vk_exponential)
    for (x, y) in zip(sample, results) { #expect(ulps(y, exp(Double(x))) <= 1, "at \(x)") }
  }

  @Test func `softplus and the sigmoid are exact to two ulps`() {
    var slopes = [Float](repeating: .nan, count: sample.count)
    let results = apply(sample) { base, count in
      slopes.withUnsafeMutableBufferPointer { vk_softplus(base, $0.baseAddress, count) }
    }
    let plain = apply(sample) { vk_softplus($0, nil, $1) }
    let sigmoids = apply(sample, vk_sigmoid)
    #expect(results == plain)
    #expect(slopes == sigmoids)
    for (number, value) in sample.enumerated() {
      let x = Double(value)
      let softplus = x > 0 ? x + log1p(exp(-x)) : log1p(exp(x))
      #expect(ulps(results[number], softplus) <= 2, "at \(x)")
      #expect(ulps(slopes[number], 1 / (1 + exp(-x))) <= 2, "at \(x)")
    }
  }

  @Test func `known values come out to an ulp`() {
    // Rounded from 30 digits.
    let exponentials = apply([1, -0.5, 10, -20], vk_exponential)
    let expected = [
      2.718281828459045235, 0.606530659712633424, 22026.46579480671652, 2.061153622438557828e-9,
    ]
    for (actual, exact) in zip(exponentials, expected) { #expect(ulps(actual, exact) <= 1) }
    let softplus = apply([0, 1, -10, 30]) { vk_softplus($0, nil, $1) }
    let exact = [
      0.693147180559945309, 1.313261687518222834, 4.539889921686464677e-5, 30.00000000000009358,
    ]
    for (actual, exact) in zip(softplus, exact) { #expect(ulps(actual, exact) <= 1) }
    let sigmoids = apply([2, -5, 0], vk_sigmoid)
    for (actual, exact) in zip(sigmoids, [0.880797077977882444, 0.006692850924284855, 0.5]) {
      #expect(ulps(actual, exact) <= 1)
    }
  }

  @Test func `extremes go to their limits and NaN stays NaN`() {
    let extremes: [Float] = [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 88.8, -104, 0]
    #expect(apply(extremes, vk_exponential) == [.infinity, 0, .infinity, 0, 1])
    #expect(apply(extremes, vk_sigmoid) == [1, 0, 1, 0, 0.5])
    let softplus = apply(extremes) { vk_softplus($0, nil, $1) }
    #expect(softplus == [.greatestFiniteMagnitude, 0, 88.8, 0, Float(log(2.0))])
    for function in [vk_exponential, vk_sigmoid] {
      #expect(apply([.nan], function)[0].isNaN)
    }
    #expect(apply([.nan]) { vk_softplus($0, nil, $1) }[0].isNaN)
  }

  @Test(arguments: [1, 15, 16, 17, 129, 1025])
  func `the Bernoulli cost and its gradient are those of the definition`(count: Int) {
    var random = TestRandom(UInt64(count))
    var logits = (0..<count).map { _ in Float(random.uniform(-20, 20)) }
    logits[0] = 1e30
    var targets = (0..<count).map { Float($0 % 2) }
    for k in stride(from: 3, to: count, by: 3) { targets[k] = Float(random.uniform()) }
    targets[0] = 1
    var expected = 0.0
    for (logit, target) in zip(logits, targets) {
      let x = Double(logit)
      // A logit of 1e30 with target 1 costs nothing.
      let t = Double(target)
      if x > 0 { expected += x * (1 - t) } else { expected -= x * t }
      expected += log1p(exp(-abs(x)))
    }
    var gradient = logits
    let cost = vk_bernoulli(&gradient, targets, count, 0.25)
    #expect(abs(cost - expected) <= 1e-6 * expected)
    for k in 0..<count {
      let exact = 0.25 * (1 / (1 + exp(-Double(logits[k]))) - Double(targets[k]))
      #expect(abs(Double(gradient[k]) - exact) < 1e-7)
    }
    var untouched = logits
    #expect(vk_bernoulli(&untouched, targets, count, 0) == cost)
    #expect(untouched == logits)
  }

  @Test func `binarised pixels have their probabilities`() {
    let count = 128 * 784
    let levels = (0..<count).map { Float($0 % 256) / 255 }
    var pixels = levels
    let counter: [UInt32] = [0, 7, 3, 4]
    vk_binarise(&pixels, count, 99, counter)
    #expect(pixels.allSatisfy { $0 == 0 || $0 == 1 })
    var ones = [Int](repeating: 0, count: 256)
    for k in 0..<count { ones[k % 256] += Int(pixels[k]) }
    #expect(ones[0] == 0)
    #expect(ones[255] == count / 256)
    for level in [1, 64, 128, 200, 254] {
      let (n, p) = (Double(count / 256), Double(level) / 255)
      #expect(abs(Double(ones[level]) - n * p) < 4.5 * (n * p * (1 - p)).squareRoot())
    }
    // A shorter run is the beginning of a longer one.
    var short = Array(levels.prefix(1000))
    vk_binarise(&short, 1000, 99, counter)
    #expect(short == Array(pixels.prefix(1000)))
  }

  @Test func `softmax takes any number of classes and any row distance`() {
    var random = TestRandom(6)
    for (classes, stride) in [(1, 1), (2, 2), (10, 10), (16, 16), (17, 17), (37, 48), (100, 101)] {
      let count = 21
      let logits = (0..<count * stride).map { _ in Float(random.uniform(-30, 30)) }
      let labels = (0..<count).map { _ in UInt8(random.below(classes)) }
      var delta = [Float](repeating: .nan, count: count * stride)
      var wrong = 0
      let cost = vk_softmax_cross_entropy(
        logits, count, classes, stride, labels, 0.5, &delta, &wrong)
      var (expected, expectedWrong) = (0.0, 0)
      for row in 0..<count {
        let values = (0..<classes).map { Double(logits[row * stride + $0]) }
        let label = Int(labels[row])
        let top = values.max() ?? 0
        let sum: Double = values.reduce(0) { $0 + exp($1 - top) }
        expected += log(sum) + top - values[label]
        if values.firstIndex(of: top) != label { expectedWrong += 1 }
        for c in 0..<classes {
          let exact = 0.5 * (exp(values[c] - top) / sum - (c == label ? 1 : 0))
          #expect(abs(Double(delta[row * stride + c]) - exact) < 2e-7)
        }
      }
      #expect(abs(cost - expected) <= 1e-6 * max(expected, 1))
      #expect(wrong == expectedWrong)
    }
  }
}
