import Networks
import Reproduction

// What the paper leaves open about the network, and its size.

let dropout = Setting(
  "dropout", 0.5, in: 0..<1, "rate of the hidden layers; 0 switches the input's off too"
).switchingOff(inputDropout)
let inputDropout = Setting("input-dropout", 0.2, in: 0..<1, "rate of the input layer")
let l2 = Setting("l2", 0, in: 0...1, "coefficient of the L2 penalty on the weights")
let products = Setting.products
let hidden = Setting.widths("hidden", [1000, 1000], "units of each hidden layer")
