import Foundation
import Optimizers
import Testing

@Suite struct ScheduleTests {
  @Test func `files have the text form, and text that is none is refused as damage`() throws {
    let schedules: [Schedule] = [
      .constant, .inverseSquareRoot(of: .epoch), .exponential(0.95, by: .step),
    ]
    let bytes = try JSONEncoder().encode(schedules)
    #expect(try JSONDecoder().decode([String].self, from: bytes) == schedules.map(\.description))
    #expect(try JSONDecoder().decode([Schedule].self, from: bytes) == schedules)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Schedule].self, from: Data(#"["constand"]"#.utf8))
    }
  }

  private static let all: [Schedule] = [
    .constant, .inverseSquareRoot(of: .step), .inverseSquareRoot(of: .epoch), .inverse(of: .step),
    .inverse(of: .epoch), .exponential(0.999, by: .step), .exponential(0.95, by: .epoch),
    .exponential(0.1 + 0.2, by: .step), .exponential(1, by: .step), .exponential(1e-8, by: .epoch),
  ]

  @Test(arguments: all) func `starts at the base and reads back as itself`(_ schedule: Schedule)
    throws
  {
    #expect(schedule.alpha(base: 0.3, step: 1, epoch: 1) == 0.3)
    #expect(try Schedule.parse(schedule.description) == schedule)
  }

  @Test func `values at step 4 of epoch 9`() {
    func value(_ schedule: Schedule) -> Double { schedule.alpha(base: 2, step: 4, epoch: 9) }
    #expect(value(.constant) == 2)
    #expect(value(.inverseSquareRoot(of: .step)) == 1)
    #expect(value(.inverseSquareRoot(of: .epoch)) == 2 / 3.0)
    #expect(value(.inverse(of: .step)) == 0.5)
    #expect(value(.inverse(of: .epoch)) == 2 / 9.0)
    #expect(value(.exponential(0.5, by: .step)) == 0.25)
    #expect(value(.exponential(0.5, by: .epoch)) == 2 / 256.0)
  }

  @Test(arguments: [
    ("constant", "constant"), ("alpha/sqrt(t)", "alpha/sqrt(step)"), ("alpha/t", "alpha/step"),
    ("alpha / sqrt( epoch )", "alpha/sqrt(epoch)"),
    ("exponential(0.5,epoch)", "exponential(0.5, epoch)"),
    ("exponential(5e-1, step)", "exponential(0.5)"),
  ])
  func `other spellings have one canonical form`(text: String, canonical: String) throws {
    #expect(try Schedule.parse(text).description == canonical)
  }

  @Test(arguments: [
    "", "Constant", "alpha", "alpha/", "alpha/sqrt", "alpha/sqrt()", "alpha/sqrt(step",
    "alpha/week",
    "exponential", "exponential()", "exponential(0)", "exponential(1.5)", "exponential(nan)",
    "exponential(0.9,)", "exponential(0.9,week)", "exponential(0.9,step,step)", "linear(0.9)",
  ])
  func `anything else is refused with the list of forms`(text: String) {
    #expect {
      try Schedule.parse(text)
    } throws: { error in
      error as? OptimizerError == .unknownSchedule(text) && "\(error)".contains("alpha/sqrt(step)")
    }
  }
}
