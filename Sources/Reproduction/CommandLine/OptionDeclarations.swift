import Datasets
import Optimizers
import ResultStore

// The options of an experiment, from what it declares.

extension CommandOptions {
  static func parser(for experiment: any Experiment) -> OptionParser {
    OptionParser(groups: [
      protocolGroup(experiment), optimizerGroup(experiment), modelGroup(experiment),
      customGroup(experiment), dataGroup(experiment), outputGroup(experiment), workGroup,
      lookGroup, keptGroup, searchGroup(experiment), OptionGroup("help", .aboutItself),
    ])
  }

  private static func protocolGroup(_ experiment: any Experiment) -> OptionGroup {
    var options = [
      CommandOption(
        "profile", "NAME", "how much of the protocol: smoke, quick (default) or paper",
        words: Profile.allCases.map(\.rawValue))
    ]
    if !experiment.options.contenders.isEmpty {
      options.append(
        CommandOption(
          "optimizers", "LIST",
          "only these of " + experiment.options.contenders.joined(separator: ", "),
          words: experiment.options.contenders))
    }
    if experiment.options.arms.count > 1 {
      let names = experiment.options.arms.map(\.rawValue)
      options.append(
        CommandOption(
          "arms", "LIST", "only these of " + names.joined(separator: ", "), words: names))
    }
    options.append(
      CommandOption("seeds", "LIST", "seeds of the final runs, e.g. 0,1,2 or 0..<10"))
    if experiment.options.trainsInEpochs {
      options.append(CommandOption("epochs", "N", "passes over the training data"))
    }
    return OptionGroup("what is run", options)
  }

  private static func optimizerGroup(_ experiment: any Experiment) -> OptionGroup {
    var options: [CommandOption] = []
    if experiment.options.keepsArms {
      options.append(
        CommandOption(
          "add-optimizer", "SPEC",
          "beside the others: NAME or NAME:key=value,... with hyperparameters, schedule or settings, "
            + "e.g. adamw:alpha=1e-3,weight-decay=0.01; may be given several times; the names: "
            + OptimizerRegistry.all.map(\.name).joined(separator: ", "),
          words: OptimizerRegistry.all.map(\.name)))
    }
    options += hyperparameters(of: experiment).map {
      CommandOption($0.name, "X", $0.meaning)
    }
    if !experiment.options.methods.isEmpty {
      options.append(
        CommandOption(
          "schedule", "S", "the stepsize over time: " + Schedule.forms.joined(separator: ", "),
          words: Schedule.forms))
    }
    return OptionGroup("optimizers, for runs of your own", options)
  }

  private static func modelGroup(_ experiment: any Experiment) -> OptionGroup {
    var options: [CommandOption] = []
    if experiment.options.trainsInEpochs {
      options.append(CommandOption("minibatch", "N", "examples a minibatch"))
    }
    options += experiment.options.settings.map {
      CommandOption($0.name, $0.kind, "\($0.meaning); default \($0.standardText)", words: $0.words)
    }
    return OptionGroup("model, for runs of your own", options + experiment.options.extraOptions)
  }

  private static func customGroup(_ experiment: any Experiment) -> OptionGroup {
    guard experiment.options.keepsArms else { return OptionGroup("", []) }
    var options = [
      CommandOption(
        "label", "TEXT",
        "their arm in the result file, which keeps all of them; default: what differs")
    ]
    if experiment.hasPaperCurves {
      options.append(
        CommandOption("paper-curves", nil, "draw the paper's curves in their figure too"))
    }
    return OptionGroup(
      "runs of your own", note: "They are kept in results/custom/, apart from the declared ones.",
      options)
  }

  private static func dataGroup(_ experiment: any Experiment) -> OptionGroup {
    var options: [CommandOption] = []
    if let dataset = experiment.about.dataset, dataset.hasSubstitutes {
      let others = DatasetName.substitutes.filter { $0 != dataset }.map(\.rawValue)
      options.append(
        CommandOption(
          "data", "DATA",
          "in place of \(dataset.title): \(others.joined(separator: ", ")), or a folder with IDX files "
            + "of as large images; no verdicts",
          words: others))
    }
    options += [
      CommandOption("data-dir", "DIR", "folder of the data sets; else $ADAM_DATA, else data/"),
      CommandOption("stand-in", nil, "generated data even if the real ones are there"),
      CommandOption(
        "allow-unknown-data", nil, "accept data whose checksum is not in the catalogue"),
    ]
    return OptionGroup(
      "data",
      note: experiment.about.dataset == nil
        ? "Nothing is read; the options are there so that one command line serves all experiments."
        : "",
      options)
  }

  private static func outputGroup(_ experiment: any Experiment) -> OptionGroup {
    OptionGroup(
      "output",
      [
        CommandOption(
          "output", "FILE", "the result file; default results/<profile>/\(experiment.name).h5"),
        CommandOption(
          "json", nil, "the final table, --list, --status or --claims as JSON on standard output"),
        CommandOption("quiet", nil, "say nothing but errors"),
      ])
  }

  private static let workGroup = OptionGroup(
    "how runs are made",
    [
      CommandOption("jobs", "N", "runs at a time; default: as many as this process has cores for"),
      CommandOption("threads", "N", "threads of one run; default 1"),
      CommandOption(
        "checkpoint-interval", "S", "seconds between checkpoints of a run; default 30"),
      CommandOption("fresh", nil, "forget finished runs and checkpoints first"),
      CommandOption(
        "keep-old-runs", nil,
        "go on beside kept runs whose first steps the program makes otherwise now"),
      CommandOption(
        "shard", "I/N", "only part I of N of the runs; writes a shard file to be merged"),
      CommandOption(
        "dealt", "FILE", "with --shard: lines of part, tab, run: which runs each part has"),
      CommandOption(
        "merge", nil, "take the runs of the shard files, or folders, named as operands"),
    ])

  private static let lookGroup = OptionGroup(
    "looking, without a run",
    [
      CommandOption("list", nil, "list the runs with their state and expected time"),
      CommandOption("dry-run", nil, "list what would be run"),
      CommandOption("status", nil, "one line: runs done and to do"),
      CommandOption(
        "question", nil, "make nothing; exit status 0 if there is nothing to do, 1 if there is"),
      CommandOption("claims", nil, "list the claims that the results decide, a line each"),
      CommandOption("rejudge", nil, "judge the claims of the result file again, by today's rules"),
      CommandOption(
        "pending", nil,
        "for scripts, tab-separated: every run to do, its epochs, seconds and position; at last "
          + "final or more"),
    ])

  private static let keptGroup = OptionGroup(
    "kept runs",
    [
      CommandOption(
        "start", "DIR", "start from the kept runs in DIR, as far as there are any of these"),
      CommandOption(
        "export", "FILE", "write the finished runs to FILE, compressed, to be started from"),
      CommandOption(
        "auditable", nil, "list the kept runs in the folder of --start: identity, seconds, run"),
      CommandOption("audit", "LIST", "make the listed runs of --start's folder again and compare"),
    ])

  private static func searchGroup(_ experiment: any Experiment) -> OptionGroup {
    var options: [CommandOption] = []
    if experiment.options.hasSearch {
      options = [
        CommandOption(
          "search", nil,
          "search the grids; writes results/search/<name>.tsv; goes with --list, --dry-run, --status"
        ),
        CommandOption(
          "search-seeds", "N", "seeds for each point of a search; default: the protocol's"),
      ]
    }
    if let action = experiment.options.action { options.append(action.option) }
    return OptionGroup("more", options)
  }
}
