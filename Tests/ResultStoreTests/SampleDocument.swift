import Foundation
import ResultStore

/// A document with everything that a result file may hold: every type, empty and huge values,
/// text of all planes, more than eight attributes, dimensions of outer groups.
func sampleDocument() -> Document {
  var root = Group()
  root.attributes = [
    Attribute("schema", ResultFile.schema), Attribute("title", "Kingma & Ba 2015 \u{2014} Fig. 1"),
    Attribute("Conventions", "CF-1.8 ACDD-1.3"), Attribute("comment", ""),
    Attribute("source", "\u{1F600} \u{4E2D}\u{6587} \u{e9} e\u{301}"),
    Attribute("long_text", String(repeating: "0123456789", count: 10_000)),
    Attribute("epochs", 45), Attribute("alpha", 1e-3), Attribute("worst", -Double.infinity),
    Attribute("names", values: .string(["a", "", "\u{3B2}\u{2081}"])),
    Attribute("grid", values: .double([0.1, .nan])),
    Attribute("small", values: .uint8([7])), Attribute("float", values: .float([0.1, 2])),
    Attribute("int32", values: .int32([-1, 2, 3])),
  ]
  root.dimensions = [
    Dimension("arm", .string(["fitted", "tuned"])),
    Dimension(
      "optimizer", .string(["adam", "SGD\u{2009}Nesterov", ""]),
      attributes: [Attribute("long_name", "method")]),
    Dimension("seed", .int64([0, 1, 10, 11])),
    Dimension(
      "epoch", .int32(Array(0..<46)),
      attributes: [Attribute("units", "passes"), Attribute("long_name", "passes over the data")]),
    Dimension("log10_alpha", .double([-5, -4.5, .nan])),
    Dimension("beta", .float([0, 0.9])), Dimension("nothing", .double([])),
    Dimension("no_names", .string([])),
  ]
  let cost = (0..<2 * 3 * 4 * 46).map { (index: Int) -> Double in
    index % 7 == 3 ? .nan : 2.3 / Double(index + 1)
  }
  let flags = (0..<24).map { (index: Int) -> UInt8 in UInt8(index % 4) }
  root.variables = [
    Variable(
      "train_cost", ["arm", "optimizer", "seed", "epoch"], .double(cost),
      attributes: [Attribute("long_name", "cost"), Attribute("units", "1")]),
    Variable(
      "status", ["arm", "optimizer", "seed"], .uint8(flags),
      attributes: [
        Attribute("flag_values", values: .uint8([0, 1, 2, 3])),
        Attribute("flag_meanings", "not_run finished diverged failed"),
      ]),
    Variable("schedule", ["optimizer", "arm"], .string(["", "a", "b", "1/\u{221A}t", "c", "d"])),
    Variable("steps", ["seed"], .int64([.min, -1, 0, .max])),
    Variable("layers", ["seed"], .int32([.min, -1, 0, .max])),
    Variable("theta", ["beta", "seed"], .float([0, -0.0, .nan, .infinity, 1e-38, 1, 2, 3])),
    Variable("scalar", [], .double([Double.pi])), Variable("word", [], .string(["\u{E4}"])),
    Variable("empty_word", [], .string([""])), Variable("count", [], .int64([3])),
    Variable("empty", ["nothing", "seed"], .double([])),
    Variable("empty_names", ["no_names"], .string([])),
  ]
  var search = Group()
  search.attributes = [Attribute("rule", "smallest cost")]
  // The inner seed hides the outer one.
  search.dimensions = [
    Dimension("seed", .int64([100, 101])), Dimension("point", .int64([0, 1, 2])),
  ]
  search.variables = [
    Variable("outcome", ["optimizer", "point", "seed"], .double((0..<18).map(Double.init)))
  ]
  var inner = Group()
  inner.variables = [Variable("best", ["arm", "seed"], .double([1, 2, 3, 4]))]
  search.groups = [Subgroup("inner", inner), Subgroup("a", Group())]
  root.groups = [Subgroup("search", search), Subgroup("claims", Group())]
  return Document(root: root)
}
