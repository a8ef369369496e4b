import Optimizers

/// The methods with their options and defaults, for people and for programs.
enum MethodList {
  static var text: String {
    OptimizerRegistry.all.map { method in
      let options = method.hyperparameters.map { hyperparameter in
        "    --" + padded(hyperparameter.name, 20) + padded("\(hyperparameter.default)", 8)
          + " in " + padded("\(hyperparameter.range)", 14) + " " + hyperparameter.meaning
      }
      return (["\(method.name): \(method.title)", "    \(method.source)"] + options)
        .joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  static var json: String {
    let methods = OptimizerRegistry.all.map { method in
      let hyperparameters = method.hyperparameters.map { hyperparameter in
        "      {\"name\": \(quoted(hyperparameter.name)), \"default\": \(hyperparameter.default), "
          + "\"range\": \(quoted("\(hyperparameter.range)")), "
          + "\"meaning\": \(quoted(hyperparameter.meaning))}"
      }
      return """
          {
            "name": \(quoted(method.name)),
            "title": \(quoted(method.title)),
            "source": \(quoted(method.source)),
            "state": [\(method.stateVectors.map(quoted).joined(separator: ", "))],
            "options": [
        \(hyperparameters.joined(separator: ",\n"))
            ]
          }
        """
    }
    return "[\n\(methods.joined(separator: ",\n"))\n]"
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.flatMap { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }
    return "\"\(String(escaped))\""
  }
}
