import Glibc
import Storage

/// Steps an optimizer through given gradients, so that any other implementation can be compared.
func say(_ text: String, to descriptor: Int32) {
  var rest = Array("\(text)\n".utf8)[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count <= 0 { return }
    rest = rest.dropFirst(count)
  }
}

do {
  let options = try TraceOptions(arguments: CommandLine.arguments)
  switch options.action {
  case .help: say(TraceOptions.help, to: STDOUT_FILENO)
  case .version: say("optimizer-trace of adam-reproduction", to: STDOUT_FILENO)
  case .list:
    say(options.format == .json ? MethodList.json : MethodList.text, to: STDOUT_FILENO)
  case .identify:
    let identification = try IdentifiedFile(options)
    say(identification.text, to: STDOUT_FILENO)
    if !identification.isIdentified { exit(ExitStatus.failure.rawValue) }
  case .trace:
    let trace = try Trace(options)
    try trace.write()
    if let first = trace.firstNonfinite {
      say(
        "optimizer-trace: the gradient of step \(first.step) is the first that is not finite "
          + "(parameter \(first.parameter)); traced as it is", to: STDERR_FILENO)
    }
    if let notice = trace.rangeNotice { say("optimizer-trace: \(notice)", to: STDERR_FILENO) }
    say(trace.summary, to: STDOUT_FILENO)
  }
} catch let error as any UserFacingError {
  say("optimizer-trace: \(error.description)", to: STDERR_FILENO)
  exit(error.exitStatus.rawValue)
} catch {
  say("optimizer-trace: \(error)", to: STDERR_FILENO)
  exit(ExitStatus.software.rawValue)
}
