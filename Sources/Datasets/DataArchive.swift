import Storage

/// A data set that its authors publish as one archive: `.tar.gz`, unpacked by a server (`.tar`), or
/// unpacked.
enum DataArchive {
  /// The data set in `folder`; `nil` if neither the archive nor its folder is there.
  static func locate(
    _ name: DatasetName, in folder: String, _ allowUnknown: Bool
  ) throws -> LocatedDataset? {
    let names = try FilePaths.readableNames(in: folder)
    if let file = archive(of: name, among: names) {
      return try identify(FilePaths.join(folder, file), as: name, allowUnknown)
    }
    for path in [FilePaths.join(folder, name.unpackedFolder), folder]
    where try isUnpacked(name, path) {
      return try identifyContent(path, as: name, allowUnknown)
    }
    if name == .cifar10,
      let other = names.first(where: {
        $0.hasPrefix("cifar-10-python") || $0 == "cifar-10-batches-py" || $0 == "cifar-10-matlab"
          || $0 == "cifar-10-batches-mat"
      })
    {
      throw DatasetError.wrongVersion(
        path: FilePaths.join(folder, other),
        found: "CIFAR-10's version for \(other.contains("py") ? "Python" : "Matlab")",
        wanted: "cifar-10-binary.tar.gz")
    }
    return nil
  }

  private static func archive(of name: DatasetName, among names: [String]) -> String? {
    for suffix in [".tar.gz", ".tgz", ".tar"] {
      switch name {
      case .imdb:
        // The authors' own name first, then the others in alphabetical order.
        if names.contains("aclImdb_v1" + suffix) { return "aclImdb_v1" + suffix }
        if let other = names.first(where: { $0.hasPrefix("aclImdb") && $0.hasSuffix(suffix) }) {
          return other
        }
      default:
        if names.contains("cifar-10-binary" + suffix) { return "cifar-10-binary" + suffix }
      }
    }
    return nil
  }

  private static func isUnpacked(_ name: DatasetName, _ path: String) throws -> Bool {
    let marks =
      name == .imdb ? ["train/pos", "train/neg", "test/pos", "test/neg"] : ["data_batch_1.bin"]
    for mark in marks where try FilePaths.isFolderIfThere(FilePaths.join(path, mark)) != nil {
      return true
    }
    return false
  }

  private static func identify(
    _ path: String, as name: DatasetName, _ allowUnknown: Bool
  ) throws -> LocatedDataset {
    let sha256 = try SHA256.hexDigest(ofFile: path)
    if let known = Catalogue.archive(sha256) {
      if let version = known.wrongVersion {
        throw DatasetError.wrongVersion(
          path: path, found: version, wanted: "cifar-10-binary.tar.gz")
      }
      guard known.name == name else {
        throw DatasetError.misplaced(path: path, found: known.name.title, wanted: name.title)
      }
      return LocatedDataset(
        identity: DatasetIdentity(name: name, origin: .official, sha256: sha256),
        note: known.note, files: [LocatedDataset.File(path: path, sha256: sha256)])
    }
    try ForeignContent.check(path, isPacked: false)
    if allowUnknown {
      return LocatedDataset(
        identity: DatasetIdentity(name: name, origin: .unknown, sha256: sha256), note: nil,
        files: [LocatedDataset.File(path: path, sha256: sha256)])
    }
    do {
      return try identifyContent(path, as: name, false)
    } catch DatasetError.unknownContent {
      throw DatasetError.unknownContent(path: path, sha256: sha256)
    }
  }

  /// Identifies what was packed in another way by what is read of it.
  private static func identifyContent(
    _ path: String, as name: DatasetName, _ allowUnknown: Bool
  ) throws -> LocatedDataset {
    let content = try ContentDigest(of: path, name)
    let known = Catalogue.archive(content: content.sha256)
    let areThePhotographs = content.records == Catalogue.photographs
    guard known != nil || areThePhotographs || allowUnknown else {
      throw DatasetError.unknownContent(path: path, sha256: content.sha256)
    }
    return LocatedDataset(
      identity: DatasetIdentity(
        name: name, origin: known != nil || areThePhotographs ? .official : .unknown,
        sha256: known?.sha256 ?? content.sha256),
      note: known.map { $0.note }
        ?? (areThePhotographs
          ? "the official images, labels and split; whether in the official order is not known"
          : nil),
      files: [LocatedDataset.File(path: path, sha256: content.sha256, isOfContent: true)])
  }
}

extension DatasetName {
  /// The folder that unpacking the archive makes.
  var unpackedFolder: String { self == .imdb ? "aclImdb" : "cifar-10-batches-bin" }
}
