import Numerics
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
  /// The first gradient that is not a finite `Float`: step from 1, parameter from 0.
  let firstNonfinite: (step: Int, parameter: Int)?

  /// Reads the input and makes all steps.
  init(_ options: TraceOptions) throws {
    self.options = options
    let start = try HDF5File.readArray(
      path: options.input, dataset: "theta0", as: Double.self, rank: 1
    ).values.map(Float.init)
    let (shape, gradients) = try HDF5File.readArray(
      path: options.input, dataset: "gradients", as: Double.self, rank: 2)
    guard shape[1] == start.count else {
      throw TraceError.wrongShape(path: options.input, gradients: shape, count: start.count)
    }
    if let index = start.firstIndex(where: { !$0.isFinite }) {
      throw TraceError.notFinite(path: options.input, index: index)
    }
    let (stepCount, count) = (shape[0], shape[1])

    var optimizer = try OptimizerRegistry.make(
      options.optimizer, hyperparameters: options.hyperparameters, count: count)
    var average = options.averagingBeta.map {
      TemporalAverage(.exponential(beta: $0), count: count)
    }
    let alpha = optimizer.alpha
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
      optimizer.alpha = options.schedule.alpha(base: alpha, step: step, epoch: 1)
      optimizer.step(&current, gradient: gradient)
      current.withUnsafeBufferPointer { path += $0 }
      if average != nil {
        average?.add(current)
        averages += average?.value.array ?? []
      }
    }
    state = optimizer.state
    firstNonfinite = nonfinite
    theta = path
    self.averages = averages
    self.count = count
    self.stepCount = stepCount
  }

  /// One line for people.
  var summary: String {
    "\(options.output): \(stepCount) steps of \(count) parameters by \(options.optimizer)"
  }

  /// Writes `theta`, its average and the optimizer's state to the output.
  func write() throws {
    if FilePaths.exists(options.output),
      try ResultFile.readAttributes(options.output).contains(where: { $0.name == "experiment" })
    {
      throw TraceError.outputIsAResult(options.output)
    }
    try ResultFile.write(try document(), to: options.output)
  }

  private func document() throws -> Document {
    let method = try OptimizerRegistry.method(options.optimizer)
    var root = Group()
    root.attributes = [
      Attribute("schema", ResultFile.schema), Attribute("Conventions", "CF-1.8 ACDD-1.3"),
      Attribute("title", "\(method.title): theta under given gradients"),
      Attribute("source", method.source), Attribute("optimizer", method.name),
      Attribute("schedule", options.schedule.description),
    ]
    for hyperparameter in method.hyperparameters {
      let value = options.hyperparameters[hyperparameter.name] ?? hyperparameter.default
      root.attributes.append(Attribute(hyperparameter.name, value))
    }
    if let beta = options.averagingBeta { root.attributes.append(Attribute("average", beta)) }
    if let first = firstNonfinite {
      root.attributes.append(Attribute("first_nonfinite_gradient_step", first.step))
    }
    root.dimensions = [
      Dimension(
        "step", .int64((0..<stepCount).map { Int64($0 + 1) }),
        attributes: [Attribute("long_name", "updates made"), Attribute("units", "1")]),
      Dimension(
        "parameter", .int64((0..<count).map(Int64.init)),
        attributes: [Attribute("long_name", "index of the parameter"), Attribute("units", "1")]),
    ]
    root.variables = [
      Variable(
        "theta", ["step", "parameter"], .float(theta),
        attributes: [Attribute("long_name", "parameters after the step")])
    ]
    if options.averagingBeta != nil {
      root.variables.append(
        Variable(
          "theta_average", ["step", "parameter"], .float(averages),
          attributes: [Attribute("long_name", "bias-corrected exponential average of theta")]))
    }
    var group = Group()
    group.attributes =
      [Attribute("step", state.step)] + state.scalars.map { Attribute($0.name, $0.value) }
    group.variables = state.vectors.map { vector in
      Variable(
        vector.name, ["parameter"], .float(vector.values.array),
        attributes: [Attribute("long_name", "\(vector.name) after the last step")])
    }
    root.groups = [Subgroup("state", group)]
    return Document(root: root)
  }
}
