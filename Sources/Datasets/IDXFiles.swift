import Storage

/// The four files of a data set in IDX format.
enum IDXFiles {
  /// The data set in `folder`; `nil` if none of its files is there.
  static func locate(
    _ name: DatasetName, in folder: String, _ allowUnknown: Bool
  ) throws -> LocatedDataset? {
    let paths = try Catalogue.IDXRole.allCases.map { try path(of: $0, in: folder) }
    if paths.allSatisfy({ $0 == nil }) { return nil }
    var files: [LocatedDataset.File] = []
    var origins: [DataOrigin] = []
    for (role, path) in zip(Catalogue.IDXRole.allCases, paths) {
      guard let path else {
        throw DatasetError.incomplete(folder, missing: "\(role.rawValue).gz")
      }
      let (content, origin) = try identify(path, as: name, role, allowUnknown)
      files.append(LocatedDataset.File(path: path, sha256: content))
      origins.append(origin)
    }
    let origin: DataOrigin =
      origins.contains(.unknown)
      ? .unknown : origins.allSatisfy { $0 == .debian } ? .debian : .official
    let lines = zip(Catalogue.IDXRole.allCases, files).map { "\($1.sha256)  \($0.rawValue)\n" }
    return LocatedDataset(
      identity: DatasetIdentity(
        name: name, origin: origin, sha256: SHA256.hexDigest(of: lines.joined())),
      note: nil, files: files)
  }

  /// The file of a role, packed or not, under its name or the one with a dot that some unpackers give
  /// it; or in a folder of that name.
  private static func path(of role: Catalogue.IDXRole, in folder: String) throws -> String? {
    for name in role.names {
      let path = FilePaths.join(folder, name)
      switch try FilePaths.isFolderIfThere(path) {
      case nil: continue
      case false?: return path
      case true?:
        for inner in role.names.map({ FilePaths.join(path, $0) })
        where try FilePaths.isFolderIfThere(inner) == false { return inner }
      }
    }
    return nil
  }

  /// The digest of the uncompressed content, and where the file comes from.
  private static func identify(
    _ path: String, as name: DatasetName, _ role: Catalogue.IDXRole, _ allowUnknown: Bool
  ) throws -> (content: String, origin: DataOrigin) {
    let sha256 = try SHA256.hexDigest(ofFile: path)
    var known = Catalogue.idxFile(wrapped: sha256)
    var content = sha256
    if known == nil {
      try ForeignContent.check(path, isPacked: true)
      content = try GzipReader.contentDigest(of: path, limit: IDX.byteLimit)
      known = Catalogue.idxFile(content: content).map { ($0, .official) }
    }
    if let known {
      guard known.file.name == name, known.file.role == role else {
        throw DatasetError.misplaced(
          path: path, found: "\(known.file.name.title)'s \(known.file.role.rawValue)",
          wanted: "\(name.title)'s \(role.rawValue)")
      }
      return (known.file.content, known.origin)
    }
    guard allowUnknown else { throw DatasetError.unknownContent(path: path, sha256: content) }
    return (content, .unknown)
  }
}

extension Catalogue.IDXRole {
  /// The names that the file may have.
  var names: [String] {
    let dotted = rawValue.replacing("-idx", with: ".idx")
    return [rawValue, dotted].flatMap { [$0 + ".gz", $0] }
  }
}
