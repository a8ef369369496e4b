import Foundation
import Numerics
import Storage

/// Where data sets are looked for: a folder that the user names, else `$ADAM_DATA`, else `data`.
///
/// Each data set has its own folder in it: `mnist/`, `fashion-mnist/`, `cifar-10/`, `imdb/`.
/// Fashion-MNIST is also found where Debian's package `dataset-fashion-mnist` puts it, or where
/// `$DATA_DEBIAN_FASHION` says that the package is (as for `make data`).
public struct DataLocation: Sendable, Equatable {
  /// The folder that holds one folder for each data set.
  public let root: String
  /// Where Debian's package puts Fashion-MNIST.
  private let debianFashionMNIST: String

  /// The place after the rule above; an empty variable counts as absent.
  public init(
    folder: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    root = folder ?? variable("ADAM_DATA") ?? "data"
    debianFashionMNIST = variable("DATA_DEBIAN_FASHION") ?? "/usr/share/datasets/fashion-mnist"
  }

  /// The folders where a data set may be, the first that has it wins.
  func folders(of name: DatasetName) -> [String] {
    let folder = FilePaths.join(root, name.rawValue)
    return name == .fashionMNIST ? [folder, debianFashionMNIST] : [folder]
  }
}

/// Finding data sets.
public enum Datasets {
  /// Finds a data set and identifies it by its sha256; decodes nothing.
  ///
  /// Throws `DatasetError`: `notFound` if it is in none of the places, `unknownContent` if a file
  /// is not in the catalogue and `allowUnknown` is false, `misplaced` and `wrongVersion` for known
  /// files that are not the wanted ones; `FileError` if a file cannot be read.
  public static func locate(
    _ name: DatasetName, in location: DataLocation, allowUnknown: Bool = false
  ) throws -> LocatedDataset {
    let folders = location.folders(of: name)
    for folder in folders {
      switch name {
      case .mnist, .fashionMNIST:
        if let found = try idxSet(name, in: folder, allowUnknown) { return found }
      case .cifar10, .imdb:
        if let found = try archive(name, in: folder, allowUnknown) { return found }
      }
    }
    throw DatasetError.notFound(name, lookedIn: folders)
  }

  private static func idxSet(
    _ name: DatasetName, in folder: String, _ allowUnknown: Bool
  ) throws -> LocatedDataset? {
    let paths = Catalogue.IDXRole.allCases.map { role in
      ["\(role.rawValue).gz", role.rawValue].map { FilePaths.join(folder, $0) }
        .first(where: FilePaths.exists)
    }
    if paths.allSatisfy({ $0 == nil }) { return nil }
    var files: [LocatedDataset.File] = []
    var origins: [DataOrigin] = []
    for (role, path) in zip(Catalogue.IDXRole.allCases, paths) {
      guard let path else {
        throw DatasetError.damaged(
          path: folder, reason: "\(role.rawValue).gz is missing beside the other files")
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

  /// The digest of the uncompressed content, and where the file comes from.
  private static func identify(
    _ path: String, as name: DatasetName, _ role: Catalogue.IDXRole, _ allowUnknown: Bool
  ) throws -> (content: String, origin: DataOrigin) {
    let sha256 = try SHA256.hexDigest(ofFile: path)
    var known: (file: Catalogue.IDXFile, origin: DataOrigin)?
    known = Catalogue.idxFile(wrapped: sha256)
    var content = known?.file.content
    if known == nil {
      let digest = try GzipReader.contentDigest(of: path, limit: IDX.byteLimit)
      content = digest
      known = Catalogue.idxFile(content: digest).map { ($0, .official) }
    }
    if let known {
      guard known.file.name == name, known.file.role == role else {
        throw DatasetError.misplaced(
          path: path, found: "\(known.file.name.title)'s \(known.file.role.rawValue)",
          wanted: "\(name.title)'s \(role.rawValue)")
      }
      return (known.file.content, known.origin)
    }
    guard allowUnknown, let content else {
      throw DatasetError.unknownContent(path: path, sha256: content ?? sha256)
    }
    return (content, .unknown)
  }

  private static func archive(
    _ name: DatasetName, in folder: String, _ allowUnknown: Bool
  ) throws -> LocatedDataset? {
    let names = FilePaths.names(in: folder)
    let candidate: String?
    switch name {
    case .imdb:
      // The authors' own name first, then the others in alphabetical order.
      candidate = names.first { $0.hasPrefix("aclImdb_v1") && $0.hasSuffix(".tar.gz") }
        .map { names.contains("aclImdb_v1.tar.gz") ? "aclImdb_v1.tar.gz" : $0 }
    default:
      candidate = names.first { $0 == "cifar-10-binary.tar.gz" }
      if candidate == nil, let other = names.first(where: { $0.hasPrefix("cifar-10-python") }) {
        throw DatasetError.wrongVersion(
          path: FilePaths.join(folder, other), found: "CIFAR-10's version for Python",
          wanted: "cifar-10-binary.tar.gz")
      }
    }
    guard let candidate else { return nil }
    let path = FilePaths.join(folder, candidate)
    let sha256 = try SHA256.hexDigest(ofFile: path)
    let known = Catalogue.archive(sha256)
    if let known {
      if let version = known.wrongVersion {
        throw DatasetError.wrongVersion(
          path: path, found: version, wanted: "cifar-10-binary.tar.gz")
      }
      guard known.name == name else {
        throw DatasetError.misplaced(path: path, found: known.name.title, wanted: name.title)
      }
    } else if !allowUnknown {
      throw DatasetError.unknownContent(path: path, sha256: sha256)
    }
    return LocatedDataset(
      identity: DatasetIdentity(
        name: name, origin: known == nil ? .unknown : .official, sha256: sha256),
      note: known?.note, files: [LocatedDataset.File(path: path, sha256: sha256)])
  }
}

/// A data set that is there and identified, but not yet decoded.
public struct LocatedDataset: Sendable {
  struct File: Sendable {
    let path: String
    /// Of the uncompressed content for an IDX file, of the file itself for an archive.
    let sha256: String
  }

  /// What it is.
  public let identity: DatasetIdentity
  /// How it differs from the official files though its content is theirs, e.g. in the order.
  public let note: String?
  let files: [File]

  /// Reads and decodes the images.
  ///
  /// Throws `DatasetError` if a file is damaged, or is no longer the one that was identified.
  public func loadImages() throws -> ImageData {
    switch identity.name {
    case .mnist, .fashionMNIST:
      let parts = try stride(from: 0, to: 4, by: 2).map { first in
        try IDX.examples(images: files[first], labels: files[first + 1])
      }
      return ImageData(training: parts[0], test: parts[1], identity: identity)
    case .cifar10:
      return try CIFAR10.load(files[0], identity: identity)
    case .imdb:
      throw DatasetError.wrongKind(identity.name, wanted: "images")
    }
  }
}

/// Labelled images, decoded.
public struct ImageData: Sendable {
  /// The images that minibatches are drawn from.
  public let training: DenseExamples
  /// The held-out images.
  public let test: DenseExamples
  /// What they are.
  public let identity: DatasetIdentity

  /// Images and their identity.
  public init(training: DenseExamples, test: DenseExamples, identity: DatasetIdentity) {
    self.training = training
    self.test = test
    self.identity = identity
  }
}
