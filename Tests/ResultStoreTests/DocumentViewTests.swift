import ResultStore
import Testing

private func sample() -> Document {
  var root = Group()
  root.attributes = [Attribute("title", "A title"), Attribute("count", 3), Attribute("scale", 0.5)]
  root.dimensions = [
    Dimension("arm", .string(["fitted", "tuned"])),
    Dimension("optimizer", .string(["SGDNesterov", "Adam", "AdaGrad"])),
    Dimension("alpha", .double([0.1, 1e-3])),
    Dimension("epoch", .int32([0, 1, 2, 3])),
  ]
  // The value tells its place: arm optimizer alpha epoch.
  var values: [Double] = []
  for arm in 0..<2 {
    for optimizer in 0..<3 {
      for alpha in 0..<2 {
        for epoch in 0..<4 {
          values.append(Double(1000 * arm + 100 * optimizer + 10 * alpha + epoch))
        }
      }
    }
  }
  root.variables = [
    Variable("cost", ["arm", "optimizer", "alpha", "epoch"], .double(values)),
    Variable("schedule", ["optimizer"], .string(["none", "1/sqrt(t)", "none"])),
    Variable("seeds", [], .int64([12])),
  ]
  var inner = Group()
  inner.dimensions = [Dimension("epoch", .double([10, 20]))]
  inner.variables = [
    Variable("probe", ["optimizer", "epoch"], .float([1, 2, 3, 4, 5, .nan]))
  ]
  var search = Group()
  search.groups = [Subgroup("inner", inner)]
  root.groups = [Subgroup("search", search)]
  return Document(root: root)
}

@Suite struct DocumentViewTests {
  @Test func `a series is found by its labels, however numbers are written`() throws {
    let curve = try sample().series(
      "cost", ["alpha": "0.001", "optimizer": "Adam", "arm": "tuned"], along: "epoch")
    #expect(curve.x == [0, 1, 2, 3])
    #expect(curve.y == [1110, 1111, 1112, 1113])
    #expect(
      curve.y
        == (try sample().view.series(
          "cost", ["alpha": "1e-3", "optimizer": "Adam", "arm": "tuned"], along: "epoch")).y)
  }

  @Test func `parts of arrays are found by their labels`() throws {
    let view = sample().view
    let part = try view.array("cost", ["alpha": "0.1", "epoch": "3"])
    #expect(part.dimensions.map(\.name) == ["arm", "optimizer"])
    #expect(part.shape == [2, 3])
    #expect(part.values == [3, 103, 203, 1003, 1103, 1203])
    #expect(try view.array("cost").values == view.variable("cost").values.doubles)
    #expect(try view.number("seeds") == 12)
    #expect(try view.text("schedule", ["optimizer": "Adam"]) == "1/sqrt(t)")
    #expect(try view.labels("alpha") == ["0.1", "0.001"])
    #expect(try view.labels("epoch") == ["0", "1", "2", "3"])
    #expect(try view.coordinates("epoch") == [0, 1, 2, 3])
    #expect(view.hasVariable("seeds") && !view.hasVariable("probe"))
  }

  @Test func `subgroups see outer dimensions and hide them`() throws {
    let view = try sample().view.subgroup("search/inner")
    #expect(view.path == "/search/inner")
    let curve = try view.series("probe", ["optimizer": "Adam"], along: "epoch")
    #expect(curve.x == [10, 20])
    #expect(curve.y == [3, 4])
    #expect(sample().view.hasSubgroup("search/inner"))
    #expect(!sample().view.hasSubgroup("search/outer"))
    #expect(sample().root.group("/search/inner/")?.variable("probe") != nil)
    #expect(sample().root.group("search/probe") == nil)
  }

  @Test func `attributes are found by name and kind`() {
    let root = sample().root
    #expect(root.text("title") == "A title")
    #expect(root.text("count") == nil)
    #expect(root.number("count") == 3)
    #expect(root.number("scale") == 0.5)
    #expect(root.number("title") == nil)
    #expect(root.text("nothing") == nil)
  }

  @Test func `setting an attribute replaces it in its place`() {
    var root = sample().root
    root.set(Variable("schedule", [], .int64([1])))
    root.set(Attribute("title", "Another"))
    root.set(Subgroup("search", Group()))
    #expect(root.variables.map(\.name) == ["cost", "schedule", "seeds"])
    #expect(root.variables[1].values == .int64([1]))
    #expect(root.text("title") == "Another")
    #expect(root.groups == [Subgroup("search", Group())])
    root.set(Variable("more", [], .int64([2])))
    root.set(Attribute("more", 1))
    root.set(Subgroup("more", Group()))
    #expect(root.variables.count == 4)
    #expect(root.attributes.count == 4)
    #expect(root.groups.map(\.name) == ["search", "more"])
  }

  @Test func `a question without an answer is told with what there is`() throws {
    let view = sample().view
    let unknownLabel = #expect(throws: DocumentError.self) {
      try view.series("cost", ["optimizer": "adam"], along: "epoch")
    }
    #expect(
      unknownLabel?.description
        == "there is no optimizer adam in / cost; there is: SGDNesterov, Adam, AdaGrad")
    let questions: [() throws -> Void] = [
      { _ = try view.variable("nothing") },
      { _ = try view.array("schedule") },
      { _ = try view.coordinates("arm") },
      { _ = try view.dimension("beta1") },
      { _ = try view.subgroup("search/outer") },
      { _ = try view.array("seeds", ["epoch": "1"]) },
      { _ = try view.array("cost", ["epoch": "1.5"]) },
      { _ = try view.array("cost", ["epoch": "one"]) },
      { _ = try view.series("cost", ["arm": "tuned"], along: "epoch") },
      { _ = try view.number("cost") },
    ]
    for question in questions {
      let error = #expect(throws: DocumentError.self) { try question() }
      #expect(error?.description.contains("\n") == false)
      #expect(error?.exitStatus == .badData)
    }
    var broken = sample()
    broken.root.variables[0].values = .double([1, 2])
    #expect(throws: DocumentError.self) { try broken.view.array("cost") }
  }

  @Test func `identical values agree in every bit`() {
    #expect(Values.double([.nan, 0]).isIdentical(to: .double([.nan, 0])))
    #expect(!Values.double([0]).isIdentical(to: .double([-0.0])))
    #expect(!Values.float([1]).isIdentical(to: .double([1])))
    // The same text for Unicode, other bytes.
    #expect(!Values.string(["\u{e9}"]).isIdentical(to: .string(["e\u{301}"])))
    #expect(!Values.string(["a"]).isIdentical(to: .string(["a", "b"])))
  }
}
