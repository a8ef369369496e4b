import Numerics
import Optimizers
import Storage
import Testing

@Suite struct OptimizerRegistryTests {
  @Test func `has every method of the paper and of its follow-ups, each once`() {
    let names = OptimizerRegistry.all.map(\.name)
    let expected = """
      sgd momentum nesterov nesterov-sutskever adagrad rmsprop rmsprop-momentum adadelta adam \
      adam-uncorrected adam-epsilon-hat adamax amsgrad amsgrad-corrected adamw nadam \
      heavy-ball adagrad-epsilon-inside rmsprop-epsilon-inside
      """
    #expect(Set(names) == Set(expected.split(separator: " ").map(String.init)))
    #expect(Set(names).count == names.count)
  }

  @Test(arguments: OptimizerRegistry.all.map(\.name))
  func `defaults are in range and alpha comes first`(name: String) throws {
    let method = try OptimizerRegistry.method(name)
    #expect(method.hyperparameters.first?.name == "alpha")
    #expect(method.hyperparameters.allSatisfy { $0.range.contains($0.default) })
    #expect(!method.title.isEmpty && !method.source.isEmpty)
    let optimizer = try OptimizerRegistry.make(name, count: 3)
    #expect(optimizer.alpha == method.hyperparameters[0].default)
    #expect(optimizer.state.vectors.map(\.name) == method.stateVectors)
    #expect(optimizer.state.vectors.allSatisfy { $0.values.count == 3 })
    var empty = try OptimizerRegistry.make(name, count: 0)
    var theta = FloatVector(count: 0)
    empty.step(&theta, gradient: .init(count: 0))
    #expect(empty.state.step == 1)
  }

  @Test func `an unknown method lists the known ones and suggests the nearest`() {
    #expect {
      try OptimizerRegistry.make("adma", count: 1)
    } throws: { error in
      guard let error = error as? OptimizerError else { return false }
      return error.description.contains("unknown optimizer 'adma' (did you mean adam?)")
        && error.description.contains("sgd, momentum") && error.exitStatus == .usage
        && !error.description.contains("\n")
    }
    #expect { try OptimizerRegistry.make("quasi-newton", count: 1) } throws: {
      !"\($0)".contains("did you mean")
    }
    #expect(throws: OptimizerError.self) { try OptimizerRegistry.make("", count: 1) }
  }

  @Test func `an unknown hyperparameter lists the method's own`() {
    #expect {
      try OptimizerRegistry.make("adam", hyperparameters: ["beta3": 0.5], count: 1)
    } throws: { error in
      "\(error)".contains("adam has no hyperparameter 'beta3' (did you mean beta1?)")
        && "\(error)".contains("alpha, beta1, beta2, epsilon, lambda")
    }
    #expect(throws: OptimizerError.self) {
      try OptimizerRegistry.make("sgd", hyperparameters: ["momentum": 0.5], count: 1)
    }
  }

  @Test(arguments: [
    ("adam", "alpha", [0, -1, .nan, .infinity], [1e-30, 5]),
    ("adam", "beta1", [1, -0.1, 2, .nan], [0, 0.999999]),
    ("adam", "beta2", [1, -0.1], [0]),
    ("adam", "epsilon", [-1e-8, .infinity], [0, 10]),
    ("adam", "lambda", [0, 1.1], [1, 0.5]),
    ("momentum", "momentum", [1, -0.5], [0]),
    ("rmsprop", "rho", [1, -0.5], [0]),
    ("adamw", "weight-decay", [-1], [0, 2]),
    ("adagrad", "initial-accumulator", [-1], [0, 2]),
    ("nadam", "momentum-decay", [-1], [0, 2]),
  ])
  func `values outside the range are refused, its ends are not`(
    method: String, hyperparameter: String, wrong: [Double], right: [Double]
  ) throws {
    for value in wrong {
      #expect("\(value)") {
        try OptimizerRegistry.make(method, hyperparameters: [hyperparameter: value], count: 1)
      } throws: { error in
        guard case OptimizerError.outOfRange(hyperparameter, method, _, let range) = error else {
          return false
        }
        return "\(error)".contains("\(hyperparameter) = \(value)")
          && "\(error)".contains("\(range)")
      }
    }
    for value in right {
      _ = try OptimizerRegistry.make(method, hyperparameters: [hyperparameter: value], count: 1)
    }
  }

  @Test(arguments: [("alpha", 1e-50), ("alpha", 1e39), ("alpha", 1e-40), ("epsilon", 1e-50)])
  func `what 32-bit floating point cannot hold is refused`(name: String, value: Double) {
    #expect {
      try OptimizerRegistry.make("adam", hyperparameters: [name: value], count: 1)
    } throws: { error in
      (error as? OptimizerError)?.exitStatus == .usage
        && "\(error)".contains("\(name) = \(value) of adam cannot be held")
    }
  }

  /// From 2^19 parameters on kernels go block by block and fetch what is ahead.
  @Test(arguments: OptimizerRegistry.all.map(\.name), [-1, 0, 37, 64, 65])
  func `many parameters are updated as their parts are`(name: String, more: Int) throws {
    let count = (1 << 19) + more
    let cut = count / 2 + 5
    var stream = RandomStream(seed: 0, purpose: .test)
    var theta = FloatVector(count: count)
    theta.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
    var parts = [FloatVector(theta.array[..<cut]), FloatVector(theta.array[cut...])]
    var optimizer = try OptimizerRegistry.make(name, count: count)
    var optimizers = try parts.map { try OptimizerRegistry.make(name, count: $0.count) }
    for _ in 0..<2 {
      var gradient = FloatVector(count: count)
      gradient.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
      optimizer.step(&theta, gradient: gradient)
      for (i, range) in [0..<cut, cut..<count].enumerated() {
        optimizers[i].step(&parts[i], gradient: FloatVector(gradient.array[range]))
      }
    }
    #expect(theta.array == parts.flatMap(\.array))
    for (index, vector) in optimizer.state.vectors.enumerated() {
      #expect(vector.values.array == optimizers.flatMap { $0.state.vectors[index].values.array })
    }
  }
}
