import Numerics
import Storage

/// A data set that is there and identified, but not yet decoded.
public struct LocatedDataset: Sendable {
  struct File: Sendable {
    /// A file; for an archive that was unpacked, the folder.
    let path: String
    /// Of the uncompressed content for an IDX file, of the file itself for an archive.
    let sha256: String
    /// Whether `sha256` is that of an archive's content (`ContentDigest`) instead.
    var isOfContent = false
  }

  /// What it is.
  public let identity: DatasetIdentity
  /// How it differs from the official files though its content is theirs, e.g. in the order; a person
  /// who compares numbers has to know.
  public let note: String?
  let files: [File]

  /// Where the files are; for an archive that was unpacked, its folder.
  package var paths: [String] { files.map(\.path) }

  /// Reads and decodes the images.
  ///
  /// Throws `DatasetError` if a file is damaged, or is no longer the one that was identified.
  public func loadImages() throws -> ImageData {
    switch identity.name {
    case .mnist, .fashionMNIST, .ownImages:
      let parts = try stride(from: 0, to: 4, by: 2).map { first in
        do {
          return try IDX.examples(images: files[first], labels: files[first + 1])
        } catch DatasetError.damaged(let path, let reason) where identity.name == .ownImages {
          // There is nowhere to get it again.
          throw DatasetError.unfit(path: path, reason: reason)
        }
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
