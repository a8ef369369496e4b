import COneDNN
import Datasets
import Foundation
import Numerics
import Reporting
import ResultStore
import Storage
import Synchronization

/// The command line of one experiment: from the arguments to the result file, figures and verdicts.
public struct ExperimentCommand: Sendable {
  let experiment: any Experiment

  /// The command of an experiment.
  public init(_ experiment: any Experiment) { self.experiment = experiment }

  /// Runs the command and ends the process with its status.
  public func main() -> Never {
    CommandLineTool.main(experiment.name) { try run(CommandLine.arguments) }
  }

  func complain(_ text: String) { CommandLineTool.complain(experiment.name, text) }

  func say(_ text: String, unless isQuiet: Bool) {
    if !isQuiet { Console.show(text + "\n") }
  }

  /// Runs the command, the program's name first in `arguments`, and returns its status.
  package func run(_ arguments: [String]) throws -> ExitStatus {
    var options = try CommandOptions(arguments, for: experiment)
    if !options.mode.isAboutTheProgram {
      let problems = experiment.problems
      guard problems.isEmpty else { throw DeclarationError(problems: problems) }
    }
    switch options.mode {
    case .help:
      let usage =
        "usage: \(experiment.name) [options]\n\n\(experiment.title) (\(experiment.place))"
      Console.show(CommandOptions.parser(for: experiment).help(usage: usage))
      return .success
    case .version:
      Console.show("\(experiment.name) \(Program.version)\n")
      return .success
    case .completions:
      let parser = CommandOptions.parser(for: experiment)
      Console.show(
        options.shell.map { parser.completions(for: $0, program: experiment.name) } ?? "")
      return .success
    case .manual:
      Console.show(
        CommandOptions.parser(for: experiment).manual(
          of: experiment.name, summary: experiment.title, synopsis: ["[options]"],
          text: ["\(experiment.title) (\(experiment.place) of Kingma & Ba 2015)."]
            + experiment.notes))
      return .success
    case .claims:
      return try listClaims(asJSON: options.isJSON)
    default:
      break
    }
    if options.mode == .rejudge {
      return try rejudge(Session(experiment: experiment, options: options, data: .none))
    }
    let asked = experiment.session(options.request) { _ in nil }
    try asked.check()
    for remark in asked.remarks where !options.isQuiet { complain(remark) }
    Interruption.handleSignals()
    let (data, isMissing) = try chooseData(options)
    options.request.data = data.identityText
    if let other = options.otherData, let name = data.identity?.name {
      options.request.otherData = name == .ownImages ? "images in \(other)" : name.title
    }
    var session = try Session(experiment: experiment, options: options, data: data)
    // What the run would refuse, looking refuses too.
    if [.list, .dryRun, .question, .pending].contains(options.mode) {
      session = try session.withKeptArms()
    }
    switch options.mode {
    case .list, .dryRun: return try list(session)
    case .question: return try question(session)
    case .status: return try status(session, isDataMissing: isMissing)
    case .pending: return try pending(session)
    case .action: return try act(session)
    case .export: return try export(session)
    case .auditable: return try listAuditable(session)
    case .audit: return try audit(session)
    default: return try work(session)
    }
  }

  /// Prints the claims with their rules.
  func listClaims(asJSON: Bool) throws -> ExitStatus {
    let list = ClaimList(experiment.claims, of: experiment.name, paper: experiment.paper)
    Console.show(asJSON ? try JSONText.of(list.entries) : ClaimList.header + list.text)
    for entry in list.undated {
      complain(
        "the rule of \(entry.id) has no date: add the line '\(entry.id) DATE \(entry.ruleDigest)', with "
          + "tabs, to Sources/Reporting/rule-dates.tsv")
    }
    return list.undated.isEmpty ? .success : .failure
  }

  /// Does what the experiment can do with its results.
  func act(_ session: Session) throws -> ExitStatus {
    guard let action = experiment.options.action else { return .success }
    let options = session.options
    onednn_set_threads(Int32(options.request.threads))
    guard let file = try action.perform(options.request, session.lookup, session.resources) else {
      complain("interrupted; the same command starts again")
      return .temporary
    }
    try session.layer.createFolders(session.figureFolder)
    let path = FilePaths.join(session.figureFolder, file.name)
    try AtomicFile.commit(file.bytes, to: path, layer: session.layer)
    say("\(experiment.name): wrote \(path)", unless: options.saysNothing)
    return .success
  }
}
