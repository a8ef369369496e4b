import Glibc
import Reporting
import ResultStore
import Testing

@Suite struct VerdictTests {
  private func estimate(_ low: Double, _ high: Double) -> Estimate {
    Estimate((low + high) / 2, low: low, high: high, count: 5)
  }

  @Test func `the interval lies inside, outside or across`() {
    func verdict(_ low: Double, _ high: Double, _ region: Region) -> Verdict {
      estimate(low, high).judgement(in: region).verdict
    }
    #expect(verdict(-2, -1, .below(0)) == .reproduced)
    #expect(verdict(-2, 0, .below(0)) == .inconclusive, "0 is not below 0")
    #expect(verdict(-2, 0, .atMost(0)) == .reproduced)
    #expect(verdict(0, 1, .below(0)) == .notReproduced)
    #expect(verdict(0, 1, .atMost(0)) == .inconclusive)
    #expect(verdict(0.1, 1, .atMost(0)) == .notReproduced)
    #expect(verdict(0, 1, .above(0)) == .inconclusive)
    #expect(verdict(0, 1, .atLeast(0)) == .reproduced)
    #expect(verdict(-1, 0, .above(0)) == .notReproduced)
    #expect(verdict(-1, -0.1, .atLeast(0)) == .notReproduced)
    #expect(verdict(-1, 1, .inside(-1...1)) == .reproduced)
    #expect(verdict(-1, 1.1, .inside(-1...1)) == .inconclusive)
    #expect(verdict(1.1, 2, .inside(-1...1)) == .notReproduced)
    #expect(Estimate(-1, count: 1).judgement(in: .below(0)) == .inconclusive)
  }

  @Test func `a ratio fails in four ways`() {
    func judgement(_ low: Double, _ high: Double, _ region: Region) -> Judgement {
      estimate(log(low), log(high)).judgement(ofLogRatioIn: region)
    }
    #expect(judgement(0.97, 0.99, .below(0)) == .reproduced, "a small lead is a lead")
    #expect(judgement(0.97, 1.03, .below(0)) == Judgement(.notReproduced, .noDifference))
    #expect(judgement(1.01, 1.03, .below(0)) == Judgement(.notReproduced, .noDifference))
    #expect(judgement(1.01, 1.06, .below(0)) == Judgement(.notReproduced, .contrary))
    #expect(judgement(0.9, 1.03, .below(0)) == .inconclusive)
    // At least 10 % lower was claimed.
    let margin = Region.atMost(log(0.9))
    #expect(judgement(0.91, 0.93, margin) == Judgement(.notReproduced, .weaker))
    #expect(judgement(0.96, 0.98, margin) == Judgement(.notReproduced, .noDifference))
    #expect(judgement(1.1, 1.2, margin) == Judgement(.notReproduced, .contrary))
    // Alike within 10 % was claimed.
    let alike = Region.inside(log(0.9)...log(1.1))
    #expect(judgement(0.7, 0.8, alike) == Judgement(.notReproduced, .better))
    #expect(judgement(1.2, 1.3, alike) == Judgement(.notReproduced, .contrary))
  }

  @Test func `one counterexample decides against all, and all are needed for it`() {
    let contrary = Judgement(.notReproduced, .contrary)
    let alike = Judgement(.notReproduced, .noDifference)
    #expect(Judgement.all([.reproduced, .reproduced]) == .reproduced)
    #expect(Judgement.all([.reproduced, .inconclusive]) == .inconclusive)
    #expect(Judgement.all([.inconclusive, alike, contrary]) == contrary)
    #expect(Judgement.all([.reproduced, alike]) == alike)
    #expect(Judgement.all([]) == .notRun)
  }

  @Test func `of parts that are not all there one counterexample decides`() throws {
    var parts = Conjunction<Judgement> { $0 }
    #expect(throws: NotRun("there is nothing to judge")) { try parts.verdict() }
    parts.add { add in
      add(.reproduced)
      throw NotRun("the second was not run")
    }
    #expect(parts.parts.count == 1 && parts.judgement == .notRun)
    #expect(throws: NotRun("the second was not run")) { try parts.verdict() }
    // What cannot be read is not there either.
    parts.add(of: "the third") { _ in
      throw DocumentError.missing("variable", "v", in: "/", known: [])
    }
    #expect(parts.remark.hasPrefix("; the second was not run; the third not run: "))
    parts.add { $0(.notReproduced) }
    #expect(parts.open == nil && parts.judgement == .notReproduced)
    #expect(try parts.verdict() == .notReproduced)
  }

  @Test func `the quantity that decides has the verdict and the least margin`() {
    func quantity(_ values: [Double]) -> JudgedQuantity {
      JudgedQuantity(Statistics.studentMean(values), in: .atMost(0.1), unit: "share")
    }
    let (wide, worse, bad) = (
      quantity([0.05, 0.5, 0.3]), quantity([0.2, 0.2001, 0.1999, 0.2]),
      quantity([0.15, 0.1501, 0.1499, 0.15])
    )
    #expect(bad.judgement == .notReproduced && wide.judgement == .inconclusive)
    var parts = Conjunction<JudgedQuantity>()
    parts.add { add in for one in [wide, bad, worse] { add(one) } }
    #expect(parts.deciding?.estimate.value == worse.estimate.value)
    var open = Conjunction<JudgedQuantity>()
    open.add { add in
      add(quantity([0.01, 0.0101, 0.0099, 0.01]))
      add(wide)
      throw NotRun("another")
    }
    #expect(open.judgement == .notRun && open.deciding?.estimate.value == wide.estimate.value)
  }

  @Test func `three seeds decide by the wider interval`() {
    // 95 %: -0.124 to -0.076, below 0; 99.9 %: -0.28 to 0.08.
    let three = Statistics.studentMean([-0.09, -0.1, -0.11])
    #expect(three.high < 0)
    #expect(three.judgement(in: .below(0)) == .inconclusive)
    #expect(three.remark()?.hasPrefix("3 seeds decide by the 99.9 % interval") == true)
    let six = Statistics.studentMean([-0.09, -0.1, -0.11, -0.09, -0.1, -0.11])
    #expect(six.judgement(in: .below(0)) == .reproduced)
  }
}
