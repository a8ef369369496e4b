import Datasets
import Networks
import Reproduction

// What the paper leaves open about the reviews and the model, with what is inferred from its curves.

let features = Setting.features(.counts)
let tokenization = Setting.tokenization(.words)
let dropout = Setting(
  "dropout", 0, in: 0..<1, "probability that a word is dropped from its review")
let dropoutScaling = Setting(
  "dropout-scaling", DropoutScaling.inverted, "where dropout makes up for the words that it drops")
let l2 = Setting("l2", 0, in: 0...1, "coefficient of the L2 penalty on the weights")
