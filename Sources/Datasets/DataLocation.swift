import Foundation
import Storage

/// Where data sets are looked for: a folder that the user names, else `$ADAM_DATA`, else `data`.
///
/// Each data set has its own folder in it, `mnist/`, `fashion-mnist/`, `cifar-10/`, `imdb/`, however
/// capitals and hyphens are set, or torchvision's (`MNIST/raw`); or its files lie in the folder itself.
/// Fashion-MNIST is also found where Debian's package `dataset-fashion-mnist` puts it, or where
/// `$DATA_DEBIAN_FASHION` says that the package is (as for `make data`).
public struct DataLocation: Sendable, Equatable {
  /// The folder that holds one folder for each data set; a leading `~` is the home folder.
  public let root: String
  /// Whether the user named the folder; then it must be there.
  public let isNamed: Bool
  /// Where Debian's package puts Fashion-MNIST.
  private let debianFashionMNIST: String

  /// The place after the rule above; an empty variable counts as absent.
  public init(
    folder: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let named = folder ?? variable("ADAM_DATA")
    isNamed = named != nil
    root = FilePaths.expandingHome(named ?? "data", home: environment["HOME"])
    debianFashionMNIST = variable("DATA_DEBIAN_FASHION") ?? "/usr/share/datasets/fashion-mnist"
  }

  /// Throws `DatasetError.noFolder` if the folder was named and is none, `FileError` if it may not be
  /// looked at.
  public func check() throws {
    switch try FilePaths.isFolderIfThere(root) {
    case true?: return
    case false?: throw DatasetError.noFolder(root, isFile: true)
    case nil: if isNamed { throw DatasetError.noFolder(root, isFile: false) }
    }
  }

  /// A folder where a data set may be.
  struct Place {
    let folder: String
    /// Whether the folder is named after the data set. What lies in another one may be another's.
    let isOwn: Bool
  }

  /// The places of a data set that are there, the first that has it wins.
  func places(of name: DatasetName) throws -> [Place] {
    let own = try FilePaths.readableNames(in: root).filter { Self.isName($0, of: name) }
      // The project's own spelling first.
      .sorted { ($0 == name.rawValue ? 0 : 1, $0) < ($1 == name.rawValue ? 0 : 1, $1) }
    var places = own.map { FilePaths.join(root, $0) }
    places += places.map { FilePaths.join($0, "raw") }
    if name == .fashionMNIST { places.append(debianFashionMNIST) }
    return try places.map { Place(folder: $0, isOwn: true) }.filter(Self.isThere)
      + [root, FilePaths.join(root, "raw")].map { Place(folder: $0, isOwn: false) }
      .filter(Self.isThere)
  }

  private static func isThere(_ place: Place) throws -> Bool {
    try FilePaths.isFolderIfThere(place.folder) == true
  }

  /// `CIFAR10` and `cifar_10` are names of `cifar-10`.
  private static func isName(_ text: String, of name: DatasetName) -> Bool {
    func key(_ text: String) -> String { text.lowercased().filter { $0 != "-" && $0 != "_" } }
    return key(text) == key(name.rawValue)
  }
}

/// Finding data sets.
public enum Datasets {
  /// Finds a data set and identifies it by its sha256; decodes nothing.
  ///
  /// Throws `DatasetError`: `noFolder` if the folder that was named is not there, `notFound` if the data
  /// set is in none of the places, `unknownContent` if a file is not in the catalogue and
  /// `allowUnknown` is false, `misplaced`, `wrongVersion` and `otherKind` for files that are not the
  /// wanted ones; `FileError` if a file or folder cannot be read.
  public static func locate(
    _ name: DatasetName, in location: DataLocation, allowUnknown: Bool = false
  ) throws -> LocatedDataset {
    try location.check()
    let places = try location.places(of: name)
    // What is nearly the data set is told only if it is nowhere else.
    var fault: DatasetError?
    for place in places {
      do {
        let found =
          switch name {
          case .mnist, .fashionMNIST: try IDXFiles.locate(name, in: place.folder, allowUnknown)
          case .cifar10, .imdb: try DataArchive.locate(name, in: place.folder, allowUnknown)
          case .ownImages: try OwnImages.locate(place.folder)
          }
        if let found { return found }
      } catch let error as DatasetError where error.isOfAnotherSet && !place.isOwn {
        fault = fault ?? error
      } catch let error as DatasetError where error.isIncomplete {
        fault = fault ?? error
      }
    }
    if let fault, fault.isIncomplete { throw fault }
    for place in places where place.isOwn {
      if let fault = try ForeignContent.fault(in: place.folder, of: name) { throw fault }
    }
    let folder = places.first { $0.isOwn }?.folder ?? location.root
    throw DatasetError.notFound(
      name, in: folder, there: FilePaths.names(in: folder), isNamed: location.isNamed)
  }
}
