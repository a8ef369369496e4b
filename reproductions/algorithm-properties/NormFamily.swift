import Glibc
import Numerics
import Reproduction

extension Quantity {
  static let normDeviation = Quantity(
    "deviation", [.power], "largest |log(u_p / u)| over all steps")
  static let lostSteps = Quantity(
    "lost_single", [.power], "share of steps where v_t is 0 or infinite in single precision")
  static let normDeviationSingle = Quantity(
    "deviation_single", [.power], "largest |log(u_p / u)| over the other steps, single precision")
}

let normalGradients = "1"
let smallGradients = "0.001"

/// Section 7.1: `v_t = beta2^p v_{t-1} + (1 - beta2^p) |g_t|^p` and `u_p = v_t^(1/p)`, beside the
/// `u_t = max(beta2 u_{t-1}, |g_t|)` that is its limit: exactly, by logarithms in double precision,
/// and as single precision computes it.
func normFamily(steps: Int) -> Computation<NoData> {
  let powers = (1...14).map { 1 << $0 }
  let beta2 = 0.999
  return Computation(
    Topic.normFamily, "how far L^p methods are from AdaMax",
    axes: [Axis.gradientSize(.string([normalGradients, smallGradients]))],
    ownAxes: [Axis.power(powers)],
    quantities: [.normDeviation, .lostSteps, .normDeviationSingle],
    parameters: ["beta2": beta2, "steps": Double(steps)]
  ) { point, _ in
    let deviation = Float(point[.gradientSize]) ?? 1
    return UnitsOfWork(count: powers.count) { unit, ledger in
      let p = Double(powers[unit])
      let decay = p * log(beta2)
      let share = log(-expm1(decay))
      var stream = RandomStream(seed: 0, purpose: .problem)
      var logV = -Double.infinity
      var limit = 0.0
      var single = Float(0)
      var largest = 0.0
      var largestSingle = 0.0
      var lost = 0
      for _ in 1...steps {
        let gradient = abs(deviation * stream.nextNormal())
        limit = max(beta2 * limit, Double(gradient))
        let (a, b) = (decay + logV, share + p * log(Double(gradient)))
        logV = max(a, b) + log1p(exp(-abs(a - b)))
        largest = max(largest, abs(logV / p - log(limit)))
        single = Float(exp(decay)) * single + Float(-expm1(decay)) * powf(gradient, Float(p))
        if single > 0 && single.isFinite {
          let root = Double(powf(single, 1 / Float(p)))
          largestSingle = max(largestSingle, abs(log(root / limit)))
        } else {
          lost += 1
        }
      }
      ledger.record(.normDeviation, at: [unit], largest)
      ledger.record(.lostSteps, at: [unit], Double(lost) / Double(steps))
      if lost < steps { ledger.record(.normDeviationSingle, at: [unit], largestSingle) }
    }
  }
}
