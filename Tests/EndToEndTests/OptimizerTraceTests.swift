import Foundation
import ResultStore
import TestSupport
import Testing

/// Runs the built `optimizer-trace`.
@Suite struct OptimizerTraceTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func path(_ name: String) -> String { folder / name }

  private func run(_ arguments: String...) throws -> Program.Outcome { try run(arguments) }

  private func run(_ arguments: [String]) throws -> Program.Outcome {
    try Program("optimizer-trace").run(arguments, environment: [:])
  }

  /// An input file with the given datasets.
  private func input(
    _ name: String = "input.h5", theta0: Values?, gradients: Values?, steps: Int, columns: Int,
    count: Int
  ) throws -> String {
    var root = Group()
    root.attributes = [Attribute("schema", ResultFile.schema)]
    root.dimensions = [
      Dimension("element", .int64((0..<count).map(Int64.init))),
      Dimension("row", .int64((0..<steps).map(Int64.init))),
      Dimension("column", .int64((0..<columns).map(Int64.init))),
    ]
    if let theta0 { root.variables.append(Variable("theta0", ["element"], theta0)) }
    if let gradients { root.variables.append(Variable("gradients", ["row", "column"], gradients)) }
    let file = path(name)
    try ResultFile.write(Document(root: root), to: file)
    return file
  }

  private func usual(steps: Int = 3) throws -> String {
    var gradients: [Double] = []
    for step in 1...steps { gradients += [Double(step), -Double(step) / 2] }
    return try input(
      theta0: .double([1, 2]), gradients: .double(gradients), steps: steps, columns: 2, count: 2)
  }

  private func theta(_ file: String, _ dataset: String = "theta") throws -> [Float] {
    try HDF5File.readArray(path: file, dataset: dataset, as: Float.self).values
  }

  /// One line that begins with the program's name and holds `text`, and the given status.
  private func expectRefusal(_ outcome: Program.Outcome, _ status: Int32, _ text: String) {
    #expect(outcome.status == status, "\(outcome.errors)")
    #expect(outcome.errors.hasPrefix("optimizer-trace: "))
    #expect(outcome.errors.contains(text), "\(outcome.errors)")
    #expect(outcome.errors.filter { $0 == "\n" }.count == 1)
    #expect(outcome.output.isEmpty)
  }

  @Test func `traces every method and writes its state`() throws {
    let file = try usual()
    let list = try run("--list", "--format", "json")
    let methods = try #require(
      try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
    #expect(methods.count >= 15)
    for method in methods {
      let name = try #require(method["name"] as? String)
      let output = path("\(name).h5")
      let outcome = try run("--optimizer", name, "--output", output, file)
      #expect(outcome.status == 0, "\(outcome.errors)")
      let (shape, values) = try HDF5File.readArray(
        path: output, dataset: "theta", as: Float.self, rank: 2)
      #expect(shape == [3, 2] && values.allSatisfy(\.isFinite) && Set(values).count > 2)
      for vector in try #require(method["state"] as? [String]) {
        #expect(try theta(output, "state/\(vector)").count == 2)
      }
    }
    let text = try run("--list")
    #expect(text.status == 0 && text.output.contains("adam-epsilon-hat: "))
  }

  @Test func `sgd, its schedule and the average come out as by hand`() throws {
    let file = try input(
      theta0: .float([1, 2]), gradients: .float([1, -2, 4, 8, -2, 6]), steps: 3, columns: 2,
      count: 2)
    let output = path("sgd.h5")
    let outcome = try run(
      "--optimizer", "sgd", "--alpha", "0.5", "--schedule", "alpha/step", "--average", "0.5",
      "--output=\(output)", file)
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    #expect(outcome.output.contains("3 steps of 2 parameters by sgd"))
    let third = Float(0.5 / 3)
    let expected: [Float] = [0.5, 3, -0.5, 1, -0.5 + 2 * third, 1 - 6 * third]
    #expect(try theta(output) == expected)
    let average = try theta(output, "theta_average")
    #expect(average[0] == 0.5 && average[1] == 3)
    #expect(abs(average[2] - (0.125 - 0.25) / 0.75) < 1e-6)
    let attributes = try ResultFile.readAttributes(output)
    #expect(attributes.contains(Attribute("alpha", 0.5)))
    #expect(attributes.contains(Attribute("schedule", "alpha/step")))
  }

  @Test func `the same command writes the same bytes`() throws {
    let file = try usual()
    let outputs = [path("a.h5"), path("b.h5")]
    for output in outputs {
      _ = try run("--optimizer", "adam", "--beta1", "0.5", "--output", output, file)
    }
    let bytes = try outputs.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    #expect(bytes[0] == bytes[1])
    _ = try run("--optimizer", "adam", "--output", outputs[1], file)
    #expect(try theta(outputs[0]) != theta(outputs[1]), "beta1 counts")
  }

  @Test func `no steps and no parameters give empty arrays`() throws {
    let output = path("empty.h5")
    let noSteps = try input(
      "a.h5", theta0: .double([1, 2]), gradients: .double([]), steps: 0, columns: 2, count: 2)
    #expect(try run("--optimizer", "adam", "--output", output, noSteps).status == 0)
    let first = try HDF5File.readArray(path: output, dataset: "theta", as: Float.self)
    #expect(first.shape == [0, 2])
    #expect(try theta(output, "state/m") == [0, 0])
    let noParameters = try input(
      "b.h5", theta0: .double([]), gradients: .double([]), steps: 4, columns: 0, count: 0)
    #expect(try run("--optimizer", "adam", "--output", output, noParameters).status == 0)
    let second = try HDF5File.readArray(path: output, dataset: "theta", as: Float.self)
    #expect(second.shape == [4, 0])
  }

  @Test func `a NaN among the gradients is traced and told`() throws {
    let file = try input(
      theta0: .double([1, 2]), gradients: .double([1, 1, 1, .nan, .infinity, 1]), steps: 3,
      columns: 2, count: 2)
    let output = path("nan.h5")
    let outcome = try run("--optimizer", "adam", "--output", output, file)
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("step 2 is the first that is not finite (parameter 1)"))
    let values = try theta(output)
    #expect(values[..<3].allSatisfy(\.isFinite) && values[3].isNaN && values[5].isNaN)
    #expect(
      try ResultFile.readAttributes(output).contains(Attribute("first_nonfinite_gradient_step", 2)))
  }

  @Test(arguments: [
    (["--optimizer", "adma"], "did you mean adam?"),
    (["--optimizer", "adam", "--momentum", "0.5"], "adam has no hyperparameter 'momentum'"),
    (["--optimizer", "adam", "--alpha", "0"], "alpha = 0.0 is out of range"),
    (["--optimizer", "adam", "--alpha", "-1"], "alpha = -1.0 is out of range"),
    (["--optimizer", "adam", "--alpha", "fast"], "--alpha"),
    (["--optimizer", "adam", "--beta1", "1"], "beta1 = 1.0 is out of range for adam"),
    (["--optimizer", "adam", "--beta2", "-0.1"], "beta2 = -0.1 is out of range for adam"),
    (["--optimizer", "adam", "--average", "1"], "--average 1.0 is out of range"),
    (["--optimizer", "adam", "--schedule", "alpha/week"], "unknown schedule 'alpha/week'"),
    (["--optimizer", "adam", "--schedule", "alpha/epoch"], "not epochs"),
    (["--optimizer", "adam", "--frobnicate"], "--frobnicate"),
    (["--alpha", "1"], "--optimizer is missing"),
    (["--list", "--format", "xml"], "'xml' is neither text nor json"),
  ])
  func `wrong options end with status 64 and one line`(options: [String], text: String) throws {
    let output = path("refused.h5")
    expectRefusal(try run(options + ["--output", output, try usual()]), 64, text)
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func `somebody else's file is no output, and stays as it is`() throws {
    let input = try usual()
    let text = path("note.txt")
    try Data("not HDF5".utf8).write(to: URL(fileURLWithPath: text))
    for output in [text, input] {
      let before = try Data(contentsOf: URL(fileURLWithPath: output))
      expectRefusal(
        try run("--optimizer", "adam", "--output", output, input), 73,
        "exists and is not a trace of this program")
      #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == before)
    }
  }

  @Test func `wrong inputs end with one line and their status`() throws {
    let output = path("refused.h5")
    func refuse(_ input: String, _ status: Int32, _ text: String) throws {
      expectRefusal(
        try run("--optimizer", "adam", "--output", output, input), status, text)
      #expect(!FileManager.default.fileExists(atPath: output))
    }
    try refuse(path("absent.h5"), 66, "No such file")
    let text = path("text.h5")
    try Data("not HDF5".utf8).write(to: URL(fileURLWithPath: text))
    try refuse(text, 65, "is not an HDF5 file")
    try refuse(
      try input("a.h5", theta0: nil, gradients: .double([1]), steps: 1, columns: 1, count: 1), 65,
      "no dataset theta0")
    try refuse(
      try input("b.h5", theta0: .double([1]), gradients: nil, steps: 1, columns: 1, count: 1), 65,
      "no dataset gradients")
    try refuse(
      try input(
        "c.h5", theta0: .double([1, 2]), gradients: .double([1]), steps: 1, columns: 1, count: 2),
      65, "gradients has 1 columns, theta0 2 elements")
    try refuse(
      try input(
        "d.h5", theta0: .int64([1]), gradients: .double([1]), steps: 1, columns: 1, count: 1), 65,
      "floating point is expected; store float32 or float64 with one axis (reshape(-1))")
    try refuse(
      try input(
        "e.h5", theta0: .double([.nan]), gradients: .double([1]), steps: 1, columns: 1, count: 1),
      65, "theta0[0]")
  }

  @Test func `missing operands and places that cannot be written are told`() throws {
    let file = try usual()
    expectRefusal(try run("--optimizer", "adam", file), 64, "--output is missing")
    expectRefusal(
      try run("--optimizer", "adam", "--output", path("o.h5")), 64, "input file is missing")
    expectRefusal(
      try run("--optimizer", "adam", "--output", path("o.h5"), file, file), 64, "one input file")
    expectRefusal(
      try run("--optimizer", "adam", "--output", path("no/folder/o.h5"), file), 73, "no/folder")
  }

  // MARK: The range of single precision

  /// theta after the steps of one parameter from 0, and what is said.
  private func path(
    _ optimizer: String, _ gradients: [Double], _ options: [String] = []
  ) throws -> (theta: [Double], errors: String) {
    let file = try input(
      theta0: .double([0]), gradients: .double(gradients), steps: gradients.count, columns: 1,
      count: 1)
    let output = path("range.h5")
    let outcome = try run(
      ["--optimizer", optimizer, "--alpha", "0.001", "--output", output] + options + [file])
    #expect(outcome.status == 0, "\(outcome.errors)")
    return (try theta(output).map(Double.init), outcome.errors)
  }

  @Test(arguments: ["adam", "adam-uncorrected", "adam-epsilon-hat", "nadam", "adamw", "rmsprop"])
  func `huge gradients make the steps that smaller ones make`(optimizer: String) throws {
    let options = optimizer == "adamw" ? ["--weight-decay", "0"] : []
    let usual = try path(optimizer, Array(repeating: 1, count: 20), options + ["--epsilon", "0"])
    #expect(usual.errors.isEmpty)
    for size in [1e21, 1e30, 1e38, 1e-25, 1e-30] {
      let found = try path(
        optimizer, Array(repeating: size, count: 20), options + ["--epsilon", "0"])
      for (a, b) in zip(usual.theta, found.theta) {
        #expect(abs(a - b) <= 1e-6 * abs(a), "\(size)")
      }
      #expect(
        found.errors.contains("numbers leave the range of 32-bit floating point at step 1")
          && found.errors.filter { $0 == "\n" }.count == 1, "\(found.errors)")
    }
  }

  @Test func `a gradient of 1e25 after one of 1 makes Adam's step`() throws {
    let found = try path("adam", [1, 1e25])
    // mhat = 1e25 0.1 / 0.19, vhat = 1e50 0.001 / 0.001999
    let step = 0.001 * (0.1 / 0.19) / (0.001 / 0.001999).squareRoot()
    #expect(abs(found.theta[1] + 0.001 + step) < 1e-8)
    #expect(found.errors.contains("at step 2 (parameter 0; 1 of 1 in all)"))
    let state = try HDF5File.readArray(path: path("range.h5"), dataset: "state/v", as: Double.self)
    #expect(abs(state.values[0] / 1e47 - 1) < 1e-6)
    let rms = try path("rmsprop", Array(repeating: 1e30, count: 3))
    #expect(abs(rms.theta[0] + 0.001 / 0.1.squareRoot()) < 1e-8)
  }

  @Test func `a stepsize that single precision cannot hold is refused`() throws {
    for alpha in ["1e-50", "1e39"] {
      expectRefusal(
        try run("--optimizer", "adam", "--alpha", alpha, "--output", path("o.h5"), try usual()), 64,
        "cannot be held in 32-bit floating point")
    }
  }

  @Test func `the list tells which AMSGrad is which`() throws {
    let list = try run("--list").output
    #expect(list.contains("amsgrad: AMSGrad, without bias correction"))
    #expect(list.contains("amsgrad-corrected: AMSGrad with bias correction, as in PyTorch"))
  }

  // MARK: Identification

  /// A file with a trajectory in it: what the method makes of the gradients, or `theta`.
  private func trajectory(
    _ optimizer: String = "adam-epsilon-hat", steps: Int = 50, rows: Int? = nil,
    theta given: [Double]? = nil, alpha: [Double]? = nil
  ) throws -> String {
    let count = 6
    let gradients: [Double] = (0..<steps * count).map { at in
      let (step, index) = (Double(at / count + 1), Double(at % count))
      return Double(Float(sin(step * (index + 1)) * pow(10, -1.5 * index)))
    }
    let theta0 = (0..<count).map { Double($0) / 4 }
    let file = try input(
      theta0: .double(theta0), gradients: .double(gradients), steps: steps, columns: count,
      count: count)
    let traced = path("traced.h5")
    _ = try run("--optimizer", optimizer, "--output", traced, file)
    let theta = try given ?? self.theta(traced).map(Double.init)
    var document = try ResultFile.read(file)
    document.root.dimensions.append(
      Dimension("after", .int64((0..<(rows ?? steps)).map { Int64($0) })))
    document.root.variables.append(Variable("theta", ["after", "column"], .double(theta)))
    if let alpha {
      document.root.dimensions.append(
        Dimension("time", .int64(alpha.indices.map { Int64($0) })))
      document.root.variables.append(Variable("alpha", ["time"], .double(alpha)))
    }
    try ResultFile.write(document, to: file)
    return file
  }

  @Test func `identifies a trajectory and says what it is not`() throws {
    let file = try trajectory()
    let outcome = try run("--identify", file)
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("\(file): adam-epsilon-hat: "), "\(outcome.output)")
    #expect(outcome.output.contains("alpha = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8"))
    #expect(outcome.output.contains("adam is ruled out from step 1"))
    let known = try run("--identify", "--alpha", "0.001", "--epsilon=1e-8", file)
    #expect(known.status == 0 && known.output.contains("adam-epsilon-hat: "))
    let constant = try run("--identify", try trajectory(alpha: Array(repeating: 3, count: 50)))
    #expect(constant.status == 0 && constant.output.contains("alpha = 0.001"))
    let expected = try run("--identify", "--expect", "adam-epsilon-hat", file)
    #expect(expected.status == 0 && expected.output.hasSuffix("  as expected: adam-epsilon-hat\n"))
    // Names that the registry does not have can be expected too.
    let variant = try run("--identify", "--expect", "adamw with epsilon-hat", file)
    #expect(variant.status == 1 && variant.output.contains("expected, and not found"))
    let other = try run("--identify", "--expect", "adam", file)
    #expect(other.status == 1 && other.output.hasSuffix("  expected, and not found: adam\n"))
  }

  @Test func `no answer and several end with status 1`() throws {
    let several = try run("--identify", try trajectory("adam", steps: 1))
    #expect(several.status == 1 && several.output.contains("1 step cannot tell between"))
    let none = try run(
      "--identify", try trajectory(theta: (0..<300).map { sin(Double($0) * 1.7) }))
    #expect(none.status == 1 && none.output.contains("no known method makes these steps"))
  }

  @Test func `trajectories that cannot be read are told in one line`() throws {
    func refuse(_ file: String, _ text: String) throws {
      expectRefusal(try run("--identify", file), 65, text)
    }
    try refuse(try usual(), "no dataset theta")
    let values = (0..<300).map { Double($0) }
    try refuse(try trajectory(theta: values.map { $0 == 7 ? .nan : $0 }), "theta of step 2 has nan")
    try refuse(
      try trajectory(rows: 51, theta: values + [0, 0, 0, 0, 0, 0]), "leave out its first row")
    try refuse(try trajectory(alpha: [1, 2]), "alpha has 2 elements")
    expectRefusal(try run("--identify"), 64, "input file is missing")
    for option in ["--optimizer=adam", "--output=o.h5", "--average=0.9", "--format=json"] {
      expectRefusal(try run("--identify", option, try usual()), 64, "does not go with --identify")
    }
    expectRefusal(try run("--identify", "--beta1", "2", try usual()), 64, "out of range")
    expectRefusal(try run("--identify", "--expect", "adm", try usual()), 64, "adam")
    expectRefusal(try run("--expect", "adam", try usual()), 64, "--expect goes with --identify")
    expectRefusal(try run("--identify", path("absent.h5")), 66, "No such file")
  }
}
