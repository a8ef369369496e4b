import Storage

/// Images of the user's own: four files in IDX format in one folder, packed by gzip or not, whatever
/// their names.
public enum OwnImages {
  /// A file in IDX format.
  private struct Part {
    let path: String
    let header: IDX.Header

    /// Whether its name says that it is held out.
    var isNamedAsTest: Bool {
      let name = FilePaths.name(of: path).lowercased()
      return ["t10k", "test", "val"].contains(where: name.contains)
    }
  }

  /// The data set in a folder: of two files of images the test set is the one whose name says so
  /// (`t10k`, `test`, `val`), else the smaller; labels go with images of the same number.
  ///
  /// - Throws: `DatasetError.noFolder`; `unfit` if the files are not two of images and two of labels, or
  ///   the images are not 28 x 28; `FileError`.
  public static func locate(_ folder: String) throws -> LocatedDataset {
    guard try FilePaths.isFolderIfThere(folder) == true else {
      throw DatasetError.unfit(
        path: folder,
        reason: "is no folder; --data takes the name of a data set or a folder with IDX files")
    }
    var images: [Part] = []
    var labels: [Part] = []
    for name in try FilePaths.readableNames(in: folder).sorted() where !name.hasPrefix(".") {
      let path = FilePaths.join(folder, name)
      guard try FilePaths.isFolderIfThere(path) == false, let header = try header(of: path) else {
        continue
      }
      let part = Part(path: path, header: header)
      if header.size == nil { labels.append(part) } else { images.append(part) }
    }
    guard images.count == 2, labels.count == 2 else {
      throw DatasetError.unfit(
        path: folder,
        reason:
          "\(images.count) files of images and \(labels.count) of labels in IDX format are there; "
          + "two of each are needed, for training and test")
    }
    for part in images where part.header.size.map({ $0 != (28, 28) }) ?? true {
      let size = part.header.size.map { "\($0.rows) x \($0.columns)" } ?? "unknown"
      throw DatasetError.unfit(
        path: part.path, reason: "the images are \(size), and the experiment takes 28 x 28")
    }
    let (training, test) = try ordered(images, in: folder)
    let (trainingLabels, testLabels) = try ordered(labels, in: folder)
    for (images, labels) in [(training, trainingLabels), (test, testLabels)] {
      guard images.header.count == labels.header.count, images.header.count > 0 else {
        throw DatasetError.unfit(
          path: labels.path,
          reason: "it has \(labels.header.count) labels for \(images.header.count) images in "
            + images.path)
      }
    }
    let files = try [training, trainingLabels, test, testLabels].map { part in
      LocatedDataset.File(
        path: part.path,
        sha256: try GzipReader.contentDigest(of: part.path, limit: IDX.byteLimit))
    }
    let lines = zip(Catalogue.IDXRole.allCases, files).map { "\($1.sha256)  \($0.rawValue)\n" }
    return LocatedDataset(
      identity: DatasetIdentity(
        name: .ownImages, origin: .unknown, sha256: SHA256.hexDigest(of: lines.joined())),
      note: nil, files: files)
  }

  private static func header(of path: String) throws -> IDX.Header? {
    let reader = try GzipReader(path)
    var bytes = [UInt8](repeating: 0, count: 16)
    // What zlib cannot read is no file of a data set.
    let count = (try? bytes.withUnsafeMutableBytes { try reader.read(into: $0) }) ?? 0
    return bytes.withUnsafeBytes { IDX.Header(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
  }

  /// Training and test of two files.
  private static func ordered(_ parts: [Part], in folder: String) throws -> (Part, Part) {
    let (first, second) = (parts[0], parts[1])
    if first.isNamedAsTest != second.isNamedAsTest {
      return first.isNamedAsTest ? (second, first) : (first, second)
    }
    guard first.header.count != second.header.count else {
      throw DatasetError.unfit(
        path: folder,
        reason:
          "which files are the test set cannot be told; give theirs a name with \"test\" in it")
    }
    return first.header.count > second.header.count ? (first, second) : (second, first)
  }
}
