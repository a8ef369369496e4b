import Optimizers

extension ProcessState {
  /// Keeps the state of an optimizer under a name.
  public mutating func store(_ state: OptimizerState, as name: String) {
    counters[name + ".step"] = state.step
    numbers[name + ".scalars"] = state.scalars.map(\.value)
    for vector in state.vectors { vectors[name + "." + vector.name] = vector.values }
  }

  /// Puts a kept state into an optimizer of the same method and size.
  ///
  /// - Throws: `UnusableState` if there is none that fits.
  public func restore(_ optimizer: inout some Optimizer, from name: String) throws {
    optimizer.state = try state(like: optimizer.state, from: name)
  }

  /// The kept state, in the form of `state`.
  func state(like state: OptimizerState, from name: String) throws -> OptimizerState {
    var saved = state
    saved.step = try counter(name + ".step")
    let scalars = try numbers(name + ".scalars", count: saved.scalars.count)
    for index in scalars.indices { saved.scalars[index].value = scalars[index] }
    for index in saved.vectors.indices {
      saved.vectors[index].values = try vector(
        name + "." + saved.vectors[index].name, count: saved.vectors[index].values.count)
    }
    return saved
  }
}
