import Storage

extension RunRecord {
  static let fileKind = "adam-reproduction run"

  /// All of a record but its numbers.
  struct Header: Codable {
    var specification: RunSpecification
    var outcome: Outcome
    var series: [SeriesHeader]
    var identity: String
    var maker: RunMaker?
    var fingerprint: Fingerprint?
    var endedOn: String?

    struct SeriesHeader: Codable {
      var name: String
      var axes: [String]
      var shape: [Int]

      /// The number of values; `nil` if no array has this shape.
      var count: Int? {
        var count = 1
        for length in shape {
          let (product, overflow) = count.multipliedReportingOverflow(by: length)
          guard length >= 0, !overflow else { return nil }
          count = product
        }
        return count
      }
    }
  }

  var header: Header {
    Header(
      specification: specification, outcome: outcome,
      series: series.map { .init(name: $0.name, axes: $0.axes, shape: $0.shape) },
      identity: specification.identity, maker: maker, fingerprint: fingerprint,
      endedOn: endedOn)
  }

  /// A record from its header and its numbers; throws `UnusableState` if they do not fit together.
  init(
    _ header: Header, values: (String) throws -> [Double], elapsedSeconds: [Double],
    trainingSeconds: [Double]
  ) throws {
    let series = try header.series.map { part in
      let values = try values(part.name)
      guard values.count == part.count else {
        throw UnusableState("the values of \(part.name) do not fill their shape")
      }
      return Series(part.name, axes: part.axes, shape: part.shape, values: values)
    }
    self.init(
      specification: header.specification, outcome: header.outcome, series: series,
      elapsedSeconds: elapsedSeconds, trainingSeconds: trainingSeconds, maker: header.maker,
      fingerprint: header.fingerprint, endedOn: header.endedOn)
  }

  /// The record as a file.
  func sealed() throws -> SealedFile {
    var file = try SealedFile(kind: Self.fileKind, header: header)
    for series in series { file.append("series." + series.name, series.values) }
    file.append("elapsed", elapsedSeconds)
    if !trainingSeconds.isEmpty { file.append("training", trainingSeconds) }
    return file
  }

  /// The record in a file.
  init(_ file: SealedFile) throws {
    try self.init(
      try file.header(as: Header.self), values: { try file.doubles("series." + $0) },
      elapsedSeconds: try file.doubles("elapsed"),
      trainingSeconds: file.sectionNames.contains("training") ? try file.doubles("training") : [])
  }
}
