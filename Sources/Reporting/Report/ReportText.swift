import ResultStore
import Storage

/// Words and rows that both forms of the report share.
enum ReportText {
  static let distanceHeader = [
    "panel", "line", "ours, at the end [range]", "paper", "median |log(ours / paper)|",
  ]
  static let settingHeader = [
    "arm", "contender", "settings", "running cost of the last pass, median over seeds [range]",
    "runs",
  ]
  static let searchHeader = [
    "search of", "grid points", "runs", "diverged points", "best cost", "median cost", "selected",
  ]
  static let timeHeader = [
    "experiment", "runs", "training, processor time", "computation", "processor", "written",
  ]
  /// What the columns of the table of times are.
  static let timeCaption =
    "All runs together, those of searches too. Training is timed by the processor's clock, in runs that tell it "
    + "apart; computation, with evaluations, by the wall's, and so with whatever else the machine did."
  static let provenanceHeader = [
    "file", "SHA-256", "commit", "data", "data SHA-256", "processor", "software",
  ]

  static let readingHeader = ["reading", "verdict", "effect [95 %]", "seeds"]

  static func readingRows(_ readings: Readings, _ claim: String) -> [[String]] {
    readings.of(claim).map { reading in
      [
        reading.text, marked(reading.outcome.verdict), reading.outcome.effectText,
        "\(reading.outcome.seeds)",
      ]
    }
  }

  static func mark(_ verdict: Verdict) -> String {
    switch verdict {
    case .reproduced: "✓"
    case .notReproduced: "✗"
    case .inconclusive: "?"
    case .notRun: "–"
    }
  }

  static func marked(_ verdict: Verdict) -> String { "\(mark(verdict)) \(verdict.rawValue)" }

  /// The counts of the claims that are not the paper's own.
  static func otherGroups(_ content: ReportContent) -> String {
    let parts = [
      (ClaimGroup.figure, "curves of the paper's figures"),
      (.writeUp, "claims of write-ups by others"),
    ].compactMap { group, noun -> String? in
      let counts = ReportSentences.counts(content.claims, group)
      let total = counts.reduce(0) { $0 + $1.count }
      return total == 0 ? nil : "\(total) \(noun): \(ReportSentences.tally(counts))."
    }
    let words = parts.isEmpty ? "" : "Besides, " + parts.joined(separator: " ")
    let noun = content.sets.count == 1 ? "Profile" : "Profiles"
    return "\(words) \(noun) \(content.profile).".trimmed
  }

  static let howToRead =
    "Every claim has a rule; what results were known when it was made or changed is said beside the verdict. The axis is the distance of the measured "
    + "effect from the rule's threshold; the line is the 95 % interval, Student's t of paired "
    + "differences over seeds. The arm that decides is literal (what the text states), else tuned (the best "
    + "of a grid for every method); fitted has settings inferred so that our curves lie on the paper's."

  static let aboutChanges =
    "Every change since the rules were first written, with its reason and what was known then. A verdict whose rule "
    + "is younger than its result says so beside its numbers."

  /// Half a page for readers who want to know what was done.
  static func summary(_ content: ReportContent) -> [(title: String, text: String)] {
    let runs = content.parts.map(\.summary).reduce(0) { sum, part in
      sum + (part.runCount.isFinite ? Int(part.runCount) : part.runs.all)
    }
    let seconds = content.parts.map(\.summary.computeSeconds).filter(\.isFinite).reduce(0, +)
    let experiments = Set(content.parts.map(\.experiment.name)).count
    return [
      (
        "Scope",
        "The claims of Kingma and Ba 2015 (arXiv:1412.6980v9): the experiments of section 6, and what "
          + "sections 2 to 5 and 7 state about the algorithm; besides, what some others wrote about it. "
          + "\(content.counts.all) claims in all."
      ),
      (
        "Methodology",
        "Own implementation of every optimizer, network and data reader in Swift and C, without an "
          + "automatic-differentiation library. Every rule has a date, and says which results were known. Methods share "
          + "initial weights, minibatches and noise, and are compared within each seed. "
          + "\(experiments) experiments, \(runs) runs, \(NumberText.duration(seconds)) of computation."
      ),
      ("Results", ReportSentences.answer(content.claims)),
      (
        "What was easy",
        "The algorithm and its defaults are stated completely, the data sets are public, and the figures "
          + "are vector graphics, whose curves can be read exactly."
      ),
      (
        "What was difficult",
        "The paper gives no step size, L2 coefficient, dropout rate, initialisation, number of seeds or "
          + "error bar of any experiment, and no code. Settings had to be searched, and inferred from the "
          + "figures; the two disagree where a verdict depends on how well a rival is tuned."
      ),
      ("Communication with the authors", "They were not contacted."),
    ]
  }

  static func protocolAnchor(_ part: ReportContent.Part) -> String {
    "protocol-\(part.experiment.name)-\(part.profile.isEmpty ? "unknown" : part.profile)"
  }

  /// A result file as seen from the report in the folder of the first profile.
  static func link(to part: ReportContent.Part, _ content: ReportContent) -> String {
    let name = FilePaths.name(of: part.experiment.path)
    let folder = FilePaths.folder(of: part.experiment.path)
    if folder == content.sets[0].folder { return "../\(name)" }
    return "../../\(FilePaths.name(of: folder))/\(name)"
  }

  static func row(_ setting: ExperimentSummary.Setting) -> [String] {
    let cost =
      setting.lowest == setting.highest
      ? NumberText.significant(setting.cost)
      : ClaimOutcome.interval(setting.cost, setting.lowest, setting.highest)
    return [
      setting.arm, setting.contender, setting.settings.joined(separator: ", "), cost, setting.runs,
    ]
  }

  static func row(_ choice: OpenChoice) -> [String] {
    [
      choice.question, choice.taken, choice.alternative,
      choice.effect.isEmpty ? "not measured" : choice.effect,
    ]
  }

  static func row(_ search: ExperimentSummary.Search) -> [String] {
    [
      search.contender, "\(search.points)", "\(search.trials)", "\(search.diverged)",
      NumberText.significant(search.best), NumberText.significant(search.median),
      search.selected,
    ]
  }

  /// A row a result file, and one for all of each profile.
  static func timeRows(_ content: ReportContent) -> [[String]] {
    func row(_ name: String, _ parts: [ReportContent.Part], _ last: [String]) -> [String] {
      let summaries = parts.map(\.summary)
      // Files from before runs were counted tell their own runs alone.
      let areCounted = summaries.allSatisfy(\.runCount.isFinite)
      func sum(_ value: (ExperimentSummary) -> Double, _ areAll: Bool, _ text: (Double) -> String)
        -> String
      {
        let known = summaries.map(value).filter(\.isFinite)
        guard !known.isEmpty else { return "-" }
        return (areAll ? "" : "more than ") + text(known.reduce(0, +))
      }
      return [
        name, sum(\.runCount, areCounted, NumberText.exact),
        sum(\.trainingSeconds, summaries.allSatisfy(\.isTrainingTimed), NumberText.duration),
        sum(\.computeSeconds, areCounted, NumberText.duration),
      ] + last
    }
    let rows = content.parts.map { part in
      let root = part.experiment.document.root
      return row(
        content.name(part), [part],
        [root.text("cpu_model") ?? "-", root.group("volatile")?.text("written_at") ?? "-"])
    }
    let profiles = content.parts.map(\.profile).distinct
    return rows
      + profiles.map { profile in
        row(
          profiles.count > 1 ? "all of \(profile)" : "all",
          content.parts.filter { $0.profile == profile }, ["-", "-"])
      }
  }

  static func provenance(_ part: ReportContent.Part, _ content: ReportContent) -> [String] {
    let experiment = part.experiment
    let root = experiment.document.root
    func text(_ name: String) -> String { root.text(name) ?? "-" }
    let dirty = experiment.document.isOfChangedProgram ? " + changes" : ""
    let threads = root.number("threads_per_run").map { ", \(NumberText.exact($0)) thread a run" }
    return [
      content.sets.count == 1 ? FilePaths.name(of: experiment.path) : experiment.path,
      String(experiment.sha256.prefix(16)),
      String(text("git_commit").prefix(12)) + dirty,
      [root.text("data_name"), root.text("data_origin")].compactMap { $0 }.joined(separator: ", "),
      String(text("data_sha256").prefix(16)),
      "\(text("cpu_model")), \(text("isa"))\(threads ?? "")",
      "Swift \(text("swift_version")), oneDNN \(text("onednn_version")), "
        + "HDF5 \(text("hdf5_version"))",
    ]
  }

  /// Two entries in BibTeX: the paper, and this reproduction at its commit.
  static func citation(_ content: ReportContent) -> [String] {
    let commits = content.parts.compactMap { $0.experiment.document.root.text("git_commit") }
    let commit = commits.first ?? "unknown"
    return [
      "@inproceedings{kingma2015adam,",
      "  author = {Kingma, Diederik P. and Ba, Jimmy},",
      "  title = {Adam: A Method for Stochastic Optimization},",
      "  booktitle = {International Conference on Learning Representations},",
      "  year = {2015}, eprint = {1412.6980}, archivePrefix = {arXiv}, note = {version 9}",
      "}",
      "@software{adam-reproduction,",
      "  author = {{The adam-reproduction contributors}},",
      "  title = {Adam: a reproduction in Swift},",
      "  year = {2026}, version = {commit \(commit)}",
      "}",
    ]
  }
}

extension String {
  /// Without spaces at its ends.
  var trimmed: String {
    var text = self[...]
    while text.first == " " { text = text.dropFirst() }
    while text.last == " " { text = text.dropLast() }
    return String(text)
  }
}
