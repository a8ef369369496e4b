import Reporting
import ResultStore

/// What made the runs of a result file.
package struct MakerTable {
  /// A maker with the number of its runs, and how the runs of others came to be kept.
  package struct Entry: Sendable {
    /// `nil`: runs from before that was kept.
    package var maker: RunMaker?
    package var runs: Int
    package var check: Rehearsal.Check
    /// Seconds of its runs' computation and of their training; NaN if one of them does not tell it.
    package var seconds: [RunTime: Double]
    /// The day on which the first of its runs ended; `nil` if one of them does not tell it.
    package var firstDay: String?
  }

  package private(set) var entries: [Entry] = []

  /// The makers of the records, in the order in which they first appear.
  package init(_ records: [RunRecord], check: (RunRecord) -> Rehearsal.Check) {
    var places: [RunMaker?: Int] = [:]
    let times = OwnTimes(records)
    for record in records {
      let check = check(record)
      let seconds = times.seconds(of: record)
      if let place = places[record.maker] {
        entries[place].runs += 1
        entries[place].check = max(entries[place].check, check)
        entries[place].seconds.merge(seconds, uniquingKeysWith: +)
        let days = [entries[place].firstDay, record.endedOn]
        entries[place].firstDay = days.contains(nil) ? nil : days.compactMap(\.self).min()
      } else {
        places[record.maker] = entries.count
        entries.append(
          Entry(
            maker: record.maker, runs: 1, check: check, seconds: seconds, firstDay: record.endedOn))
      }
    }
  }

  /// The distinct values of a property, `unknown` where a maker is; many are cut short.
  private func text(_ property: (RunMaker) -> String) -> String {
    var values: [String] = []
    for entry in entries {
      let value = entry.maker.map(property) ?? RunMaker.unknownIdentifier
      if !values.contains(value) { values.append(value) }
    }
    let limit = 8
    return values.prefix(limit).joined(separator: ", ")
      + (values.count > limit ? " and \(values.count - limit) more" : "")
  }

  /// The attributes of the root group that say what made the runs; where several makers differ in one,
  /// all of its values.
  package var attributes: [Attribute] {
    var attributes = [
      Attribute("git_commit", text(\.commit)), Attribute("git_dirty", Int(isDirty)),
      Attribute("swift_version", text(\.swift)), Attribute("onednn_version", text(\.oneDNN)),
      Attribute("cpu_model", text(\.processor)), Attribute("isa", text(\.instructionSet)),
    ]
    if let mixture { attributes.append(Attribute("mixed", mixture)) }
    return attributes
  }

  /// Whether the sources of any maker had changes: 1 or 0, or -1 where that is not known.
  private var isDirty: Int32 {
    let flags = entries.map { Self.flag($0.maker?.isDirty ?? "") }
    return flags.contains(1) ? 1 : flags.contains(-1) ? -1 : 0
  }

  private static func flag(_ isDirty: String) -> Int32 {
    switch isDirty {
    case "true": 1
    case "false": 0
    default: -1
    }
  }

  /// What is mixed, in words; `nil` if all runs come from the same arithmetic.
  package var mixture: String? {
    var counts: [(text: String, runs: Int)] = []
    for entry in entries {
      let text = entry.maker?.arithmetic ?? "an unknown program"
      if let place = counts.firstIndex(where: { $0.text == text }) {
        counts[place].runs += entry.runs
      } else {
        counts.append((text, entry.runs))
      }
    }
    guard counts.count > 1 else { return nil }
    return counts.map { "\(NumberText.count($0.runs, "run")) by \($0.text)" }.joined(
      separator: "; ")
  }

  /// The group `/volatile/makers`, along the dimension `maker`.
  package var group: Group {
    var group = Group()
    group.attributes = .meaning("what made the runs")
    group.dimensions = [
      Dimension(
        "maker", .string(entries.map { $0.maker?.identifier ?? RunMaker.unknownIdentifier }),
        "name of a program on a machine")
    ]
    func column(_ name: String, _ longName: String, _ property: (RunMaker) -> String) -> Variable {
      Variable(
        name, ["maker"],
        .string(entries.map { $0.maker.map(property) ?? RunMaker.unknownIdentifier }),
        longName)
    }
    func sum(_ time: RunTime, _ longName: String) -> Variable {
      Variable(
        time.rawValue, ["maker"], .double(entries.map { $0.seconds[time] ?? .nan }), longName,
        units: "s")
    }
    group.variables = [
      column("program_sha256", "SHA-256 of code and data of the executable", \.program),
      column("git_commit", "commit that it was built from", \.commit),
      Variable(
        "git_dirty", ["maker"], .int32(entries.map { Self.flag($0.maker?.isDirty ?? "") }),
        attributes: [
          Attribute("long_name", "whether the sources had changes"),
          Attribute("flag_values", values: .int32([-1, 0, 1])),
          Attribute("flag_meanings", "unknown no yes"),
        ]),
      column("swift_version", "version of the Swift compiler", \.swift),
      column("onednn_version", "version of oneDNN", \.oneDNN),
      column("cpu_model", "processor", \.processor),
      column("isa", "newest instruction set that was used", \.instructionSet),
      Variable(
        "runs", ["maker"], .int64(entries.map { Int64($0.runs) }),
        "runs that it made, those of searches too"),
      Variable(
        "kept_because", ["maker"], .string(entries.map(\.check.text)),
        "how its runs were compared with the program that wrote the file"),
      Variable(
        RunTime.firstDay, ["maker"],
        .string(entries.map { $0.firstDay ?? RunMaker.unknownIdentifier }),
        "day on which the first of its runs ended, UTC; unknown where one does not tell it"),
      sum(.computation, "computation of its runs, with whatever else the machine did"),
      sum(.training, "processor time of training in its runs; NaN where one does not tell it"),
    ]
    return group
  }
}

/// The times of runs without those of the shorter ones that they go on from, whose clocks they took over.
private struct OwnTimes {
  private let records: [String: RunRecord]
  /// The lengths that there are, the longest first.
  private let lengths: [Int]

  init(_ records: [RunRecord]) {
    self.records = Dictionary(records.map { ($0.specification.identity, $0) }) { first, _ in first }
    lengths = Set(records.map(\.specification.epochs)).sorted(by: >)
  }

  func seconds(of record: RunRecord) -> [RunTime: Double] {
    let run = record.specification
    let shorter = lengths.filter { $0 < run.epochs }.lazy
      .compactMap { records[run.lasting($0).identity] }
      .first { record.elapsedSeconds.starts(with: $0.elapsedSeconds) }
    func own(_ path: KeyPath<RunRecord, [Double]>) -> Double {
      (record[keyPath: path].last ?? .nan) - (shorter?[keyPath: path].last ?? 0)
    }
    return [.computation: own(\.elapsedSeconds), .training: own(\.trainingSeconds)]
  }
}
