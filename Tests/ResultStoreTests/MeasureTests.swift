import ResultStore
import Testing

@Suite struct MeasureTests {
  @Test func `the label of a running cost is the pass that starts there`() {
    #expect(Measure.runningCost.label(afterPasses: 1) == 0)
    #expect(Measure.runningCost.labels(ofPasses: 3) == 0..<3)
    #expect(Measure.trainingCost.label(afterPasses: 1) == 1)
    #expect(Measure.trainingCost.labels(ofPasses: 3) == 0..<4)
  }

  @Test func `a label is carried over to what is known after the same pass`() {
    #expect(Measure.trainingCost.label(like: 5, of: .runningCost) == 6)
    #expect(Measure.runningCost.label(like: 6, of: .testError) == 5)
    #expect(Measure.penalty.label(like: 6, of: .testCost) == 6)
  }

  @Test func `states of runs have the codes and words that files have`() {
    #expect(RunState.allCases.map(\.rawValue) == [0, 1, 2])
    #expect(RunState.allCases.map(\.word) == ["not_run", "finished", "diverged"])
    #expect(RunState.allCases.allSatisfy { RunState(word: $0.word) == $0 })
    #expect(RunState(word: "failed") == nil)
  }

  @Test func `a group tells whether all its runs came to their end`() throws {
    func view(_ states: [RunState]) -> DocumentView {
      var group = Group()
      group.dimensions = [Dimension("seed", .int64(states.indices.map(Int64.init)))]
      group.variables = [
        Variable(RunState.variable, ["seed"], .uint8(states.map(\.rawValue)))
      ]
      return Document(root: group).view
    }
    #expect(try view([.finished, .finished]).allFinished())
    #expect(try !view([.finished, .diverged]).allFinished())
    #expect(try view([.finished, .notRun]).allFinished(["seed": "0"]))
    #expect(throws: DocumentError.self) { try Document(root: Group()).view.allFinished() }
  }
}
