import Reproduction
import Storage

/// Steps an optimizer through given gradients, so that any other implementation can be compared.
CommandLineTool.main("optimizer-trace") {
  let options = try TraceOptions(arguments: CommandLine.arguments)
  switch options.action {
  case .help: Console.show(TraceOptions.help + "\n")
  case .version: Console.show("optimizer-trace \(Program.version)\n")
  case .list: Console.show((options.format == .json ? MethodList.json : MethodList.text) + "\n")
  case .completions(let shell):
    Console.show(TraceOptions.parser.completions(for: shell, program: "optimizer-trace"))
  case .manual:
    Console.show(
      TraceOptions.parser.manual(
        of: "optimizer-trace",
        summary: "follows an optimizer, or tells which one made a trajectory",
        synopsis: ["--optimizer NAME --output FILE [options] INPUT", "--identify [options] INPUT"]))
  case .identify:
    let identification = try IdentifiedFile(options)
    Console.show(identification.text + "\n")
    if !identification.isIdentified { return .failure }
  case .trace:
    let trace = try Trace(options)
    try trace.write()
    if let first = trace.firstNonfinite {
      CommandLineTool.complain(
        "optimizer-trace",
        "the gradient of step \(first.step) is the first that is not finite "
          + "(parameter \(first.parameter)); traced as it is")
    }
    if let notice = trace.rangeNotice { CommandLineTool.complain("optimizer-trace", notice) }
    Console.show(trace.summary + "\n")
  }
  return .success
}
