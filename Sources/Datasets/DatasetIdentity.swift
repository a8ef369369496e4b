/// The data sets of the experiments.
public enum DatasetName: String, CaseIterable, Sendable {
  /// Handwritten digits, 28x28, ten classes.
  case mnist
  /// Articles of clothing, 28x28, ten classes.
  case fashionMNIST = "fashion-mnist"
  /// Colour photographs, 32x32, ten classes.
  case cifar10 = "cifar-10"
  /// Movie reviews, two classes.
  case imdb
  /// The user's own images, 28x28, up to ten classes (`OwnImages`).
  case ownImages = "own-images"

  /// The name as its authors write it.
  public var title: String {
    switch self {
    case .mnist: "MNIST"
    case .fashionMNIST: "Fashion-MNIST"
    case .cifar10: "CIFAR-10"
    case .imdb: "IMDB (Large Movie Review Dataset)"
    case .ownImages: "images of one's own"
    }
  }

  /// The data sets of images of the same shape, of which any can take another's place.
  public static let substitutes: [DatasetName] = [.mnist, .fashionMNIST]

  /// Whether another data set, or the user's own images, can take its place.
  public var hasSubstitutes: Bool { Self.substitutes.contains(self) }

  /// What is looked for, with the folder it is put into.
  var wanted: String {
    switch self {
    case .mnist, .fashionMNIST: "wanted: \(rawValue)/train-images-idx3-ubyte.gz and three more"
    case .cifar10: "wanted: cifar-10/cifar-10-binary.tar.gz"
    case .imdb: "wanted: imdb/aclImdb_v1.tar.gz"
    case .ownImages: "wanted: two files of images and two of labels in IDX format"
    }
  }

  /// How to get the data set, as the end of an error's line.
  var advice: String {
    switch self {
    case .fashionMNIST: "run: sudo apt install dataset-fashion-mnist, or: make data"
    case .mnist, .cifar10, .imdb, .ownImages:
      "run: make data, or give its folder with --data-dir or ADAM_DATA"
    }
  }

  /// The same where the user has said which folder it is in.
  var adviceForNamedFolder: String {
    let package = self == .fashionMNIST ? ", install Debian's dataset-fashion-mnist" : ""
    return "put it there (make data DATA=FOLDER)\(package) or name another folder"
  }
}

/// Where data comes from.
public enum DataOrigin: String, Sendable, CaseIterable {
  /// The content that the authors of the data set publish.
  case official
  /// The content that the authors publish, packaged by Debian.
  case debian
  /// Generated here, in the place of a data set that is not at hand: decides no claim.
  case standIn = "stand-in"
  /// Not in the catalogue; used because the user allowed it.
  case unknown
}

/// What makes data the same data: it enters the identity of every run.
public struct DatasetIdentity: Sendable, Equatable {
  /// The data set.
  public let name: DatasetName
  /// Where it comes from.
  public let origin: DataOrigin
  /// 64 hexadecimal digits.
  ///
  /// For an archive, of its bytes; for one that is known by its content alone, of the `sha256sum` lines
  /// of the files that are read of it. For the four IDX files, of the four lines that
  /// `sha256sum` prints for the uncompressed files (training images, training labels, test images,
  /// test labels). For a stand-in, of the line that says how it was generated.
  public let sha256: String

  /// An identity from its parts.
  public init(name: DatasetName, origin: DataOrigin, sha256: String) {
    self.name = name
    self.origin = origin
    self.sha256 = sha256
  }
}
