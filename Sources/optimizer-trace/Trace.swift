import Numerics
import OptimizerChecks
import Optimizers
import ResultStore
import Storage

/// The path of `theta` under given gradients.
struct Trace {
  private let options: TraceOptions
  private let count: Int
  private let stepCount: Int
  private let theta: [Float]
  private let averages: [Float]
  private let state: OptimizerState
  /// The parameters that left the range of single precision; nil if none has.
  private let range: SinglePrecisionRange?
  /// The first gradient that is not a finite `Float`: step from 1, parameter from 0.
  let firstNonfinite: (step: Int, parameter: Int)?

  /// Reads the input and makes all steps.
  init(_ options: TraceOptions) throws {
    self.options = options
    let input = try TraceInput(options.input)
    let (start, gradients) = (input.theta0.map(Float.init), input.gradients)
    guard input.columns == start.count else {
      throw TraceError.wrongShape(
        path: options.input, columns: input.columns, count: start.count)
    }
    if let index = start.firstIndex(where: { !$0.isFinite }) {
      throw TraceError.notFinite(path: options.input, index: index)
    }
    let (stepCount, count) = (input.steps, input.columns)

    var optimizer = try OptimizerRegistry.make(
      options.optimizer, hyperparameters: options.hyperparameters, count: count)
    var average = options.averagingBeta.map {
      TemporalAverage(.exponential(beta: $0), count: count)
    }
    let alpha = optimizer.alpha
    var range =
      Self.mayLeave(gradients, options)
      ? SinglePrecisionRange(
        options.optimizer,
        hyperparameters: try OptimizerRegistry.resolve(
          options.optimizer, hyperparameters: options.hyperparameters),
        theta0: start.map(Double.init),
        alphas: (0..<stepCount).map {
          (options.schedule ?? .constant).alpha(base: alpha, step: $0 + 1, epoch: 1)
        }) : nil
    var current = FloatVector(start)
    var gradient = FloatVector(count: count)
    var nonfinite: (step: Int, parameter: Int)?
    var (path, averages): ([Float], [Float]) = ([], [])
    path.reserveCapacity(gradients.count)
    for step in 1..<stepCount + 1 {
      let row = gradients[(step - 1) * count..<step * count]
      gradient.withUnsafeMutableBufferPointer { gradient in
        for (index, value) in row.enumerated() { gradient[index] = Float(value) }
      }
      if nonfinite == nil, let index = gradient.array.firstIndex(where: { !$0.isFinite }) {
        nonfinite = (step, index)
      }
      optimizer.alpha = (options.schedule ?? .constant).alpha(base: alpha, step: step, epoch: 1)
      optimizer.step(&current, gradient: gradient)
      range?.advance(gradient: { Double(gradient[$0]) }) { current[$0] = Float($1) }
      current.withUnsafeBufferPointer { path += $0 }
      if average != nil {
        average?.add(current)
        averages += average?.value.array ?? []
      }
    }
    state = optimizer.state
    self.range = range?.hasLeft == true ? range : nil
    firstNonfinite = nonfinite
    theta = path
    self.averages = averages
    self.count = count
    self.stepCount = stepCount
  }

  /// Whether some number is so large or small that squares may not fit 32 bits. Without an epsilon
  /// they may decay to nothing.
  private static func mayLeave(_ gradients: [Double], _ options: TraceOptions) -> Bool {
    func isUsual(_ x: Double) -> Bool {
      x == 0 || !x.isFinite || (0x1p-40...0x1p50).contains(abs(x))
    }
    return options.optimizer == "adamax" || options.hyperparameters["epsilon", default: 1] < 1e-9
      || !gradients.allSatisfy(isUsual) || !options.hyperparameters.values.allSatisfy(isUsual)
  }

  /// Where the optimizer's own 32-bit numbers end, if they do; one line.
  var rangeNotice: String? {
    range?.first.map { step, parameter in
      let count = range?.leftAt.filter { $0 > 0 }.count ?? 0
      return "numbers leave the range of 32-bit floating point at step \(step) (parameter "
        + "\(parameter); \(count) of \(self.count) in all); from there traced in 64 bits, theta "
        + "rounded to 32"
    }
  }

  /// One line for people.
  var summary: String {
    "\(options.output): \(stepCount) steps of \(count) parameters by \(options.optimizer)"
  }

  /// Writes `theta`, its average and the optimizer's state to the output.
  func write() throws {
    try refuseForeignOutput()
    try ResultFile.write(try document(), to: options.output)
  }

  /// Throws `TraceError` if the output is somebody else's file, or an experiment's.
  private func refuseForeignOutput() throws {
    let path = options.output
    guard FilePaths.exists(path), !FilePaths.isFolder(path) else { return }
    do {
      let names = try ResultFile.readAttributes(path).map(\.name)
      if names.contains("experiment") { throw TraceError.outputIsAResult(path) }
      if names.contains("optimizer") { return }
    } catch ResultFileError.notHDF5, ResultFileError.notOurs {}
    throw TraceError.outputIsForeign(path)
  }

  private func document() throws -> Document {
    let method = try OptimizerRegistry.method(options.optimizer)
    var root = Group()
    root.attributes = [
      Attribute("schema", ResultFile.schema), Attribute("Conventions", "CF-1.8 ACDD-1.3"),
      Attribute("title", "\(method.title): theta under given gradients"),
      Attribute("source", method.source), Attribute("optimizer", method.name),
      Attribute("schedule", (options.schedule ?? .constant).description),
    ]
    for hyperparameter in method.hyperparameters {
      let value = options.hyperparameters[hyperparameter.name] ?? hyperparameter.default
      root.attributes.append(Attribute(hyperparameter.name, value))
    }
    if let beta = options.averagingBeta { root.attributes.append(Attribute("average", beta)) }
    if let first = range?.first {
      root.attributes.append(Attribute("first_step_in_64_bits", first.step))
    }
    if let first = firstNonfinite {
      root.attributes.append(Attribute("first_nonfinite_gradient_step", first.step))
    }
    root.dimensions = [
      Dimension("step", .int64((0..<stepCount).map { Int64($0 + 1) }), "updates made", units: "1"),
      Dimension(
        "parameter", .int64((0..<count).map(Int64.init)), "index of the parameter", units: "1"),
    ]
    root.variables = [
      Variable("theta", ["step", "parameter"], .float(theta), "parameters after the step")
    ]
    if options.averagingBeta != nil {
      root.variables.append(
        Variable(
          "theta_average", ["step", "parameter"], .float(averages),
          "bias-corrected exponential average of theta"))
    }
    var group = Group()
    group.attributes =
      [Attribute("step", state.step)] + state.scalars.map { Attribute($0.name, $0.value) }
    group.variables = state.vectors.map { vector in
      Variable(vector.name, ["parameter"], values(of: vector), "\(vector.name) after the last step")
    }
    root.groups = [Subgroup("state", group)]
    return Document(root: root)
  }

  /// A state vector; in 64 bits if a parameter needs them.
  private func values(of vector: OptimizerState.Vector) -> Values {
    guard let range else { return .float(vector.values.array) }
    return .double(
      vector.values.array.enumerated().map { index, value in
        guard range.leftAt[index] > 0 else { return Double(value) }
        return range.value(vector.name, parameter: index) ?? Double(value)
      })
  }
}

/// The start and the gradients in an input file.
struct TraceInput {
  let theta0: [Double]
  /// Steps x columns, row-major.
  let gradients: [Double]
  let steps: Int
  let columns: Int

  /// Reads `theta0` and `gradients`. Throws as `read`.
  init(_ path: String) throws {
    theta0 = try Self.read(path, "theta0", rank: 1).values
    let (shape, values) = try Self.read(path, "gradients", rank: 2)
    (gradients, steps, columns) = (values, shape[0], shape[1])
  }

  /// Whether a dataset of floating point has 64 bits. Throws as `HDF5File.readArray`.
  static func isDouble(_ path: String, _ dataset: String) throws -> Bool {
    do {
      _ = try HDF5File.readArray(path: path, dataset: dataset, as: Float.self)
      return false
    } catch ResultFileError.unsupported {
      return true
    }
  }

  /// A dataset of `rank` axes. Throws as `HDF5File.readArray`, and says which form is wanted.
  static func read(
    _ path: String, _ dataset: String, rank: Int
  ) throws -> (shape: [Int], values: [Double]) {
    do {
      return try HDF5File.readArray(path: path, dataset: dataset, as: Double.self, rank: rank)
    } catch ResultFileError.unsupported(_, let object, let detail) {
      throw TraceError.wrongForm(path: path, object: object, detail: detail, rank: rank)
    }
  }
}
