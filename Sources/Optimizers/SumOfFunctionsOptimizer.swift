import LinearAlgebra
import Numerics

/// The sum-of-functions optimizer, SFO: Sohl-Dickstein, Poole and Ganguli, *Fast large-scale optimization
/// by unifying stochastic gradient and quasi-Newton methods*, ICML 2014.
///
///     F(theta) = sum_i f_i(theta), f_i the cost of a fixed minibatch
///     g_i(x) = f_i(x_i) + f_i'(x_i) (x - x_i) + 1/2 (x - x_i)' H_i (x - x_i)
///     step: evaluate f_j, refresh x_j and H_j, then x -= eta H^-1 G'(x), G = sum_i g_i, H = sum_i H_i
///
/// `x_i` is where `f_i` was evaluated last, and `H_i` comes from BFGS updates on that subfunction's own
/// last evaluations. Everything happens in the coordinates of a subspace that holds the last gradients and
/// positions, so memory is linear in the number of subfunctions. `eta` is 1 but after failed steps.
/// Subfunctions join one after the other, as the gradients of those that have joined stop telling them
/// apart from noise.
public struct SumOfFunctionsOptimizer: SumOptimizer {
  /// Which faults it has.
  public enum Mode: String, Sendable, CaseIterable {
    /// As published: with what the authors' program does beyond or beside the paper.
    case reference
    /// Without its faults: no difference is taken from the start, where nothing was evaluated, none is
    /// cut by a collapse, the mean step leaves out failed ones, every rule of choice activates where all
    /// that is active has been evaluated here, a BFGS update that is not finite leaves those before it as
    /// they should be.
    case repaired
  }

  /// How the next subfunction is chosen.
  public enum Selection: String, Sendable, CaseIterable {
    /// The one whose last evaluation is farthest away in the metric of the whole Hessian, or of its own,
    /// by the toss of a coin.
    case distanceBoth = "distance-both"
    /// In the metric of the whole Hessian: the published rule before November 2014.
    case distance
  }

  /// The options; the defaults are those of the authors' program.
  public struct Options: Sendable, Equatable {
    /// Which faults it has.
    public var mode = Mode.reference
    /// How the next subfunction is chosen.
    public var selection = Selection.distanceBoth
    /// Differences that are kept of each subfunction.
    public var historyLength = 10
    /// The Hessian of the first subfunctions before there is curvature.
    public var initialHessian = 1e5
    /// Active subfunctions at the start.
    public var initialActive = 2
    /// The largest ratio of two eigenvalues of a subfunction's Hessian.
    public var largestEigenvalueRatio = 1e8
    /// The noise of the mean gradient, relative to its length, above which a subfunction joins.
    public var gradientNoise = 1.0
    /// The longest step, relative to the mean step.
    public var longestStep = 10.0
    /// The shortest step.
    public var shortestStep = 1e-8

    /// The published options.
    public init() {}
  }

  /// What the last step did.
  public struct Report: Sendable, Equatable {
    /// The subfunction that was evaluated.
    public var subfunction: Int
    /// Its value at the point that was kept.
    public var value: Double
    /// Whether the step before it had failed.
    public var failed: Bool
  }

  /// The options.
  public let options: Options
  /// The number of subfunctions.
  public let count: Int
  /// Evaluations of subfunctions, those after failed steps included.
  public internal(set) var evaluations = 0
  /// Steps made.
  public internal(set) var steps = 0
  /// Failed steps.
  public internal(set) var failures = 0
  /// Times that the subspace was collapsed.
  public internal(set) var collapses = 0
  /// What the Newton step is multiplied by, the paper's `eta`.
  public internal(set) var damping = 1.0
  /// What the last step did; nil before the first.
  public internal(set) var report: Report?

  let seed: UInt64
  package var subspace: SumOfFunctionsSubspace
  package var models: [SubfunctionModel]
  /// The coordinates of `theta`, and of `theta` before the last step.
  package var position: [Double]
  var previousPosition: [Double]
  /// The sum of the models' parts of low rank.
  var lowRank: Matrix
  var predictedGain = 0.0
  var totalDistance = 0.0
  var distances = 0
  var stepsSinceGrowth = 0
  /// What a step under way recovers from.
  var recovery: Recovery?
  var gradient: FloatVector

  static let smallestDamping = 1e-5
  static let tiny = 1e-12

  /// An optimizer of `count` subfunctions that starts at `theta`.
  ///
  /// - Parameter seed: decides all random choices.
  /// - Throws: `SumOptimizerError.noSubfunctions`, `.badOption`.
  public init(theta: FloatVector, count: Int, options: Options = Options(), seed: UInt64) throws {
    guard count > 0 else { throw SumOptimizerError.noSubfunctions }
    guard theta.count > 0, theta.array.allSatisfy(\.isFinite) else {
      throw SumOptimizerError.badOption("the first parameters have to be finite, and at least one")
    }
    guard options.historyLength >= 1, options.initialActive >= 1,
      [
        options.initialHessian, options.largestEigenvalueRatio, options.longestStep,
      ].allSatisfy({ $0 > 0 && $0.isFinite }), options.gradientNoise >= 0, options.shortestStep >= 0
    else {
      throw SumOptimizerError.badOption(
        "an option of the sum-of-functions optimizer is out of range: histories and active subfunctions "
          + "are at least 1, the Hessian and ratios positive")
    }
    try LinearAlgebra.load()
    self.options = options
    self.count = count
    self.seed = seed
    // What a collapse keeps: a position and a gradient of each, the new gradient and the position; a
    // failed step has two more.
    let needed = 2 * count + (options.mode == .repaired ? 4 : 2)
    let kept = min(needed, theta.count)
    let capacity = min((3 * kept + 1) / 2, theta.count)
    subspace = SumOfFunctionsSubspace(theta: theta, capacity: capacity, kept: kept) {
      var stream = RandomStream(seed: seed, purpose: .sumOfFunctions, lane: Lane.start.rawValue)
      var direction = FloatVector(count: theta.count)
      direction.withUnsafeMutableBufferPointer { stream.fillNormal($0) }
      return direction
    }
    position = subspace.coordinatesOfTheta()
    previousPosition = position
    lowRank = Matrix(capacity, capacity)
    models = [SubfunctionModel](repeating: SubfunctionModel(position: position), count: count)
    gradient = FloatVector(count: theta.count)
    var stream = RandomStream(seed: seed, purpose: .sumOfFunctions, lane: Lane.first.rawValue)
    for index in stream.permutation(count: count).prefix(options.initialActive) {
      models[Int(index)].isActive = true
      models[Int(index)].hessian.diagonal = options.initialHessian
    }
  }

  /// What random numbers are for.
  enum Lane: Int {
    case start, first, selection, activation, padding
  }

  func stream(_ lane: Lane) -> RandomStream {
    RandomStream(
      seed: seed, purpose: .sumOfFunctions, epoch: collapses, step: steps, lane: lane.rawValue)
  }

  /// The parameters.
  public var theta: FloatVector { subspace.theta }

  /// The active subfunctions, whose models make the sum.
  public var active: [Int] { models.indices.filter { models[$0].isActive } }

  /// The dimension of the subspace.
  public var subspaceDimension: Int { subspace.used }

  /// How it is doing.
  public var status: SumOptimizerStatus {
    SumOptimizerStatus(
      value: report?.value ?? .nan, failures: failures, damping: damping, active: active.count,
      byteCount: byteCount)
  }

  private var byteCount: Int {
    let perModel = models.reduce(0) { sum, model in
      sum + (2 + 2 * model.differences.count) * subspace.capacity
        + model.hessian.factors.elements.count + model.hessian.weights.count
    }
    return subspace.byteCount + 4 * gradient.count
      + 8 * (perModel + lowRank.elements.count + 2 * subspace.capacity)
  }

  /// One step: an evaluation of the subfunction that is chosen, more if the step before turns out to
  /// have failed, and a Newton step.
  public mutating func step(_ sum: some SumOfSubfunctions) throws {
    precondition(sum.count == count, "an optimizer of \(count) subfunctions, a sum of \(sum.count)")
    let chosen = select()
    let evaluation = try evaluate(chosen, of: sum)
    let failed = hasFailed(chosen, evaluation)
    var kept = evaluation
    if failed {
      failures += 1
      kept = try recover(chosen, from: evaluation, sum)
    } else {
      damping = 1 / Double(count) + damping * (1 - 1 / Double(count))
    }
    guard kept.value.isFinite, let gradient = kept.gradient else {
      throw SumOptimizerError.notFinite(subfunction: chosen, value: kept.value)
    }
    keep(chosen, value: kept.value, position: position, gradient: gradient)
    let distance = DenseAlgebra.norm(subtract(position, previousPosition))
    totalDistance += distance
    if distance > 0 { distances += 1 }
    report = Report(subfunction: chosen, value: kept.value, failed: failed)
    refreshHessian(of: chosen)
    try move(failed: failed)
    steps += 1
  }

  // MARK: Evaluations

  /// A value and the coordinates of the gradient; nil if that is not finite.
  struct Evaluation {
    var value: Double
    var gradient: [Double]?
    var isFinite: Bool { value.isFinite && gradient != nil }
  }

  /// Evaluates a subfunction where the optimizer stands; the subspace grows by the gradient.
  mutating func evaluate(_ subfunction: Int, of sum: some SumOfSubfunctions) throws -> Evaluation {
    let value = sum.evaluate(subfunction, at: subspace.theta, gradient: &gradient)
    evaluations += 1
    models[subfunction].evaluations += 1
    var coordinates = subspace.include(&gradient)
    if subspace.isFull, let found = coordinates {
      coordinates = collapse(keeping: found)
    }
    return Evaluation(value: value, gradient: coordinates)
  }

  mutating func keep(
    _ subfunction: Int, value: Double, position: [Double], gradient: [Double]
  ) {
    models[subfunction].keep(
      value: value, position: position, gradient: gradient,
      withDifference: takesDifference(subfunction), limit: options.historyLength)
  }

  /// Whether the next evaluation that is kept has one before it: as published that is told by the number
  /// of evaluations, which the recovery from a failed step has raised already.
  private func takesDifference(_ subfunction: Int) -> Bool {
    switch options.mode {
    case .reference: models[subfunction].evaluations > 1
    case .repaired: models[subfunction].value != nil
    }
  }

  // MARK: The Newton step

  /// The Hessian of the sum of the models, in coordinates.
  package var hessian: Matrix {
    var matrix = lowRank
    let diagonal = models.reduce(0) { $0 + ($1.isActive ? $1.hessian.diagonal : 0) }
    for index in 0..<matrix.rows { matrix[index, index] += diagonal }
    return matrix
  }

  /// The gradient of the sum of the models at a point.
  package func modelGradient(at point: [Double]) -> [Double] {
    var sum = [Double](repeating: 0, count: point.count)
    for model in models where model.evaluations > 0 {
      let part = model.gradient(at: point)
      for index in sum.indices { sum[index] += part[index] }
    }
    return sum
  }

  /// Moves to the minimum of the sum of the models, as far as `damping` and the bounds on a step allow.
  private mutating func move(failed: Bool) throws {
    let hessian = hessian
    let slope = modelGradient(at: position)
    guard let factors = DenseAlgebra.Factorisation(hessian) else {
      throw SumOptimizerError.notFinite(subfunction: report?.subfunction ?? 0, value: .nan)
    }
    var step = factors.solve(Matrix(slope.count, 1, slope)).elements.map { -damping * $0 }
    var length = DenseAlgebra.norm(step)
    guard length.isFinite else {
      throw SumOptimizerError.notFinite(subfunction: report?.subfunction ?? 0, value: length)
    }
    func rescale(to wanted: Double) {
      let factor = wanted / length
      for index in step.indices { step[index] *= factor }
      length = wanted
    }
    if length > 0, length < options.shortestStep { rescale(to: options.shortestStep) }
    if evaluations > count {
      let made = options.mode == .reference ? evaluations : max(1, distances)
      let longest = options.longestStep * totalDistance / Double(made)
      if length > longest { rescale(to: longest) }
    }
    previousPosition = position
    subspace.move(by: step)
    for index in step.indices { position[index] += step[index] }
    predictedGain = 0.5 * DenseAlgebra.dot(step, DenseAlgebra.product(hessian, step))
    grow(failed: failed, hessian: factors)
  }

  // MARK: Coordinates

  /// Collapses the subspace to what is still needed: the last gradients and positions of the active
  /// subfunctions, the position, and the gradient that has just been found, whose new coordinates are
  /// given back.
  private mutating func collapse(keeping found: [Double]) -> [Double]? {
    var directions = active.flatMap { [models[$0].gradient, models[$0].position] }
    directions += [found, position] + (options.mode == .repaired ? recoveryDirections : [])
    directions = Array(directions.prefix(subspace.kept))
    var stream = stream(.padding)
    while directions.count < subspace.kept {
      directions.append((0..<subspace.capacity).map { _ in Double(stream.nextNormal()) })
    }
    guard
      let transform = subspace.collapse(
        to: Matrix(columns: directions, rows: subspace.capacity))
    else { return nil }
    let capacity = subspace.capacity
    func moved(_ vector: [Double]) -> [Double] {
      padded(DenseAlgebra.product(transform, vector), capacity)
    }
    previousPosition = moved(previousPosition)
    recovery?.transform(moved)
    position = subspace.coordinatesOfTheta()
    lowRank = Matrix(capacity, capacity)
    for index in models.indices {
      models[index].transform(by: transform, capacity: capacity)
      models[index].hessian.addLowRank(1, to: &lowRank)
    }
    collapses += 1
    return moved(found)
  }

  // MARK: Curvature

  private mutating func refreshHessian(of subfunction: Int) {
    models[subfunction].hessian.addLowRank(-1, to: &lowRank)
    let model = hessianFromHistory(of: subfunction)
    models[subfunction].hessian = model
    model.addLowRank(1, to: &lowRank)
  }

  private func hessianFromHistory(of subfunction: Int) -> HessianModel {
    let differences = models[subfunction].differences
    let largest = models.reduce(0) { max($0, $1.isActive ? $1.hessian.diagonal : 0) }
    let fallback = largest > 0 ? largest : options.initialHessian
    if !differences.isEmpty,
      let model = HessianModel.bfgs(
        differences, fallback: fallback, largestRatio: options.largestEigenvalueRatio,
        restarts: options.mode == .repaired)
    {
      return model
    }
    // Without curvature of its own: that of the others.
    let whole = hessian
    let values = DenseAlgebra.eigen(whole, vectors: false)?.values ?? [fallback]
    var share = median(values) / Double(max(1, active.count))
    if evaluations > 2, evaluations < 5 { share /= 10 }
    if !(share > 0 && share.isFinite) { share = fallback }
    var model = HessianModel(dimension: subspace.capacity)
    model.diagonal = share
    return model
  }
}
