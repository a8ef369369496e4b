// Takes turns with other programs that train the same models (`make bench-peers`).

import COneDNN
import Datasets
import Foundation
import Networks
import Numerics
import Reproduction
import ResultStore
import Storage

/// Answers requests from standard input, a line each, with a line:
///
/// | request | answer |
/// | --- | --- |
/// | `export CASE FILE` | `ok`, when the problem is written as HDF5 |
/// | `prepare CASE` | `ok`, when the next request can be timed |
/// | `time CASE SECONDS START` | seconds of a step: the shortest of rounds of at least 20 ms |
///
/// START is a time of the monotonic clock: programs that are to run at once are told the same. A case is
/// a network, or `adam-N`, the update of N parameters.
final class Server {
  private let digits = trainingImages(.mnist)
  private var prepared: [String: (loop: any Stepping, stepsPerRound: Int)] = [:]

  /// Serves until the input ends.
  func run() throws {
    _ = onednn_set_threads(1)
    while let line = readLine() {
      show(try answer(line.split(separator: " ").map(String.init)))
    }
  }

  private func answer(_ words: [String]) throws -> String {
    switch (words.first, words.count) {
    case ("export", 3):
      try ResultFile.write(try problem(words[1]), to: words[2])
      return "ok"
    case ("prepare", 2):
      _ = try loop(words[1])
      return "ok"
    case ("time", 4):
      guard let seconds = Double(words[2]), let start = Double(words[3]) else { break }
      return "\(try time(words[1], seconds, from: start))"
    default: break
    }
    throw UsageError("no request: '\(words.joined(separator: " "))'")
  }

  private func subject(_ name: String) throws -> Subject {
    guard let found = subjects.first(where: { $0.name == name }) else {
      throw UsageError("unknown network '\(name)'")
    }
    return found
  }

  /// The number of parameters of the case `adam-N`.
  private func updateCount(_ name: String) -> Int? {
    name.hasPrefix("adam-") ? Int(name.dropFirst(5)).flatMap { $0 > 0 ? $0 : nil } : nil
  }

  private func loop(_ name: String) throws -> (loop: any Stepping, stepsPerRound: Int) {
    if let ready = prepared[name] { return ready }
    let loop: any Stepping
    if let count = updateCount(name) {
      loop = UpdateLoop(count: count)
    } else {
      let subject = try subject(name)
      loop = TrainingLoop(try subject.make(digits.examples, .sparse), subject, seed: 0)
      for _ in 0..<subject.trainedSteps { loop.step() }
    }
    let single = shortest(5) { loop.step() }
    let ready = (loop, max(1, Int(0.02 / single)))
    prepared[name] = ready
    return ready
  }

  private func time(_ name: String, _ length: Double, from start: Double) throws -> Double {
    let (loop, steps) = try loop(name)
    let wait = start - wallSeconds()
    if wait > 0 { usleep(UInt32(1e6 * wait)) }
    var best = Double.infinity
    repeat {
      let time = shortest(1, meet: {}) { for _ in 0..<steps { loop.step() } }
      best = min(best, time / Double(steps))
    } while wallSeconds() < start + length
    return best
  }
}

// The problem of a case, for others to train on.
extension Server {
  /// The steps whose costs are told.
  private static let checkedSteps = 20

  private func problem(_ name: String) throws -> Document {
    var root = Group()
    root.attributes = [
      Attribute("schema", ResultFile.schema), Attribute("Conventions", "CF-1.8 ACDD-1.3"),
      Attribute("title", "a training problem: data, minibatches, start, costs of the first steps"),
      Attribute("case", name), Attribute("version", Program.version),
    ]
    root.add("step", count: Self.checkedSteps)
    if let count = updateCount(name) {
      root.attributes += [
        Attribute("alpha", UpdateLoop.alpha), Attribute("epsilon", UpdateLoop.epsilon),
      ]
      root.add("parameter", count: count)
      let loops = [false, true].map { UpdateLoop(count: count, hasEpsilonHat: $0) }
      root.variables = [
        Variable("theta0", ["parameter"], .float(loops[0].start.array)),
        Variable("gradient", ["parameter"], .float(loops[0].gradient.array)),
      ]
      root.addCosts(
        loops.map { loop in
          (0..<Self.checkedSteps).map { _ in
            loop.step()
            return loop.size
          }
        })
    } else {
      try addTraining(of: try subject(name), to: &root)
    }
    return Document(root: root)
  }

  private func addTraining(of subject: Subject, to root: inout Group) throws {
    let alpha = subject.checkedAlpha ?? subject.alpha
    root.attributes += [
      Attribute("alpha", alpha), Attribute("epsilon", subject.epsilon),
      Attribute("digits", digits.name),
    ]
    switch subject.data(digits.examples) {
    case .dense(let examples):
      root.attributes.append(
        Attribute("shape", values: .int64(examples.shape.map(Int64.init))))
      root.add("example", count: examples.count)
      root.add("feature", count: examples.featureCount)
      let features: Values =
        switch examples.features {
        case .bytes(let bytes): .uint8(bytes)
        case .floats(let floats): .float(floats.array)
        }
      root.variables += [
        Variable("features", ["example", "feature"], features),
        Variable("labels", ["example"], .uint8(examples.labels)),
      ]
    case .sparse(let examples):
      root.attributes.append(Attribute("features", examples.featureCount))
      root.add("example", count: examples.count)
      root.add("offset", count: examples.rowOffsets.count)
      root.add("entry", count: examples.columns.count)
      root.variables += [
        Variable("row_offsets", ["offset"], .int32(examples.rowOffsets)),
        Variable("columns", ["entry"], .int32(examples.columns)),
        Variable("values", ["entry"], .float(examples.values)),
        Variable("labels", ["example"], .uint8(examples.labels)),
      ]
    }
    let objective = try subject.make(digits.examples, .sparse)
    let order = TrainingLoop.order(of: objective, seed: 0)
    let count = order.count / subject.minibatch
    root.add("minibatch", count: count)
    root.add("position", count: subject.minibatch)
    root.variables.append(
      Variable(
        "minibatches", ["minibatch", "position"],
        .int32(Array(order.prefix(count * subject.minibatch)))))
    root.groups = [Subgroup("theta0", Self.start(of: objective))]
    root.addCosts(
      [false, true].map { hasEpsilonHat in
        let loop = TrainingLoop(
          objective, subject, seed: 0, alpha: alpha, hasEpsilonHat: hasEpsilonHat)
        return (0..<Self.checkedSteps).map { _ in
          loop.step()
          return loop.cost
        }
      })
  }

  /// The parts of `theta` before the first step, in logical order.
  private static func start(of objective: any MeasurableProducts) -> Group {
    let theta = objective.initialTheta(seed: 0)
    var group = Group()
    for (index, part) in objective.parameters.enumerated() {
      let axes = part.shape.indices.map { "\(part.name).axis\($0)" }
      for (axis, length) in zip(axes, part.shape) { group.add(axis, count: length) }
      let values = objective.storedPositions(ofPart: index).map { theta[part.offset + Int($0)] }
      group.variables.append(Variable(part.name, axes, .float(values)))
    }
    return group
  }
}

extension Group {
  /// Adds a dimension, labelled from 0 on.
  fileprivate mutating func add(_ name: String, count: Int) {
    dimensions.append(Dimension(name, .int64((0..<Int64(count)).map { $0 })))
  }

  /// Adds the costs of the first steps with algorithm 1 and with epsilon-hat.
  fileprivate mutating func addCosts(_ costs: [[Double]]) {
    variables += zip(["cost_adam", "cost_adam_epsilon_hat"], costs).map {
      Variable($0, ["step"], .double($1))
    }
  }
}
