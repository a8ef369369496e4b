import Reporting
import ResultStore

/// Documents with made-up curves, in the schema of result files.
struct SyntheticResults {
  var arms: [String]? = ["fitted", "tuned"]
  var contenders = ["Adam", "SGDNesterov", "AdaGrad"]
  var seeds = 5
  /// Passes over the data: labels 0...epochs.
  var epochs = 45
  var origin = "official"
  var shortened = ""
  /// The cost of a contender at an epoch.
  var cost: (_ arm: Int, _ contender: Int, _ seed: Int, _ epoch: Int) -> Double = {
    arm, contender, seed, epoch in
    let scale = [0.25, 0.26, 0.45][contender % 3] * (arm == 1 && contender == 2 ? 0.5 : 1)
    return scale * (1 + 0.9 / Double(epoch + 1)) * (1 + 0.002 * Double(seed))
  }
  /// (contender, seed) -> the epoch in which that run diverges, in every arm.
  var diverged: [[Int]: Int] = [:]
  /// (contender, seed) that have not been run.
  var notRun: Set<[Int]> = []

  var document: Document {
    var root = Group()
    root.attributes = [
      Attribute("schema", "adam-reproduction/1"), Attribute("title", "MNIST logistic regression"),
      Attribute("experiment", "mnist-logistic"), Attribute("profile", "quick"),
      Attribute("data_origin", origin), Attribute("Conventions", "CF-1.8 ACDD-1.3"),
      Attribute("source", "adam-reproduction"), Attribute("history", "made up by a test"),
      Attribute("references", "Kingma & Ba 2015, arXiv 1412.6980v9"),
      Attribute("git_commit", "0123456789abcdef0123456789abcdef01234567"),
      Attribute("git_dirty", "false"), Attribute("swift_version", "6.3.1"),
      Attribute("onednn_version", "2.6.3"), Attribute("hdf5_version", "1.10.8"),
      Attribute("cpu_model", "AMD EPYC"), Attribute("isa", "avx512"),
      Attribute("threads_per_run", 1),
      Attribute("data_sha256", String(repeating: "0", count: 64)),
    ]
    if !shortened.isEmpty { root.attributes.append(Attribute("shortened", shortened)) }
    let armNames = arms ?? []
    if arms != nil { root.dimensions.append(Dimension("arm", .string(armNames))) }
    root.dimensions += [
      Dimension("optimizer", .string(contenders)),
      Dimension("seed", .int64((0..<seeds).map(Int64.init))),
      Dimension("epoch", .int64((0...epochs).map(Int64.init))),
    ]
    var running: [Double] = []
    var full: [Double] = []
    var status: [UInt8] = []
    var divergedEpoch: [Double] = []
    for arm in 0..<Swift.max(1, armNames.count) {
      for contender in contenders.indices {
        for seed in 0..<seeds {
          let end = diverged[[contender, seed]]
          let isMissing = notRun.contains([contender, seed])
          status.append(isMissing ? 0 : end == nil ? 1 : 2)
          divergedEpoch.append(end.map(Double.init) ?? .nan)
          for epoch in 0...epochs {
            let isGone = isMissing || epoch >= end ?? .max
            let value = isGone ? Double.nan : cost(arm, contender, seed, epoch)
            running.append(epoch == epochs ? .nan : value)
            full.append(value)
          }
        }
      }
    }
    let axes = (arms == nil ? [] : ["arm"]) + ["optimizer", "seed"]
    root.variables = [
      Variable(
        "train_cost", axes + ["epoch"], .double(full),
        attributes: [Attribute("long_name", "cost of the whole training set")]),
      Variable(
        "train_cost_running", axes + ["epoch"], .double(running),
        attributes: [Attribute("long_name", "mean of the minibatch costs of a pass")]),
      Variable(
        "status", axes, .uint8(status),
        attributes: [
          Attribute("long_name", "outcome of a run"),
          Attribute("flag_values", values: .uint8([0, 1, 2, 3])),
          Attribute("flag_meanings", "not_run finished diverged failed"),
        ]),
      Variable(
        "diverged_epoch", axes, .double(divergedEpoch),
        attributes: [Attribute("long_name", "epoch of divergence")]),
    ]
    return Document(root: root)
  }
}
