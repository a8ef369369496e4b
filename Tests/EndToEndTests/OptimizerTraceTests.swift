import Foundation
import ResultStore
import Testing

/// Runs the built `optimizer-trace`.
@Suite struct OptimizerTraceTests {
  private struct Outcome {
    var status: Int32
    var output: String
    var errors: String
  }

  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("optimizer-trace-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// The programs lie beside the test bundle.
  private static let program: URL = {
    let tests = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside = URL(fileURLWithPath: tests).deletingLastPathComponent()
    let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let candidates = [beside, bundle].map { $0.appendingPathComponent("optimizer-trace") }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) }
      ?? candidates[1]
  }()

  private func run(_ arguments: String...) throws -> Outcome { try run(arguments) }

  private func run(_ arguments: [String]) throws -> Outcome {
    let process = Process()
    process.executableURL = Self.program
    process.arguments = arguments
    let files = ["stdout", "stderr"].map { path("\($0)-\(UUID().uuidString)") }
    for file in files { try Data().write(to: URL(fileURLWithPath: file)) }
    process.standardOutput = FileHandle(forWritingAtPath: files[0])
    process.standardError = FileHandle(forWritingAtPath: files[1])
    try process.run()
    process.waitUntilExit()
    let texts = try files.map { try String(contentsOfFile: $0, encoding: .utf8) }
    return Outcome(status: process.terminationStatus, output: texts[0], errors: texts[1])
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
  private func expectRefusal(_ outcome: Outcome, _ status: Int32, _ text: String) {
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
      "floating point is expected")
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
}
