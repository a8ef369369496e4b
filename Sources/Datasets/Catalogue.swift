/// The files that are known, by their sha256.
///
/// IDX files are known by their uncompressed content too, so that a re-wrapped `.gz` is recognised;
/// the digest of the `.gz` itself is looked up first, so that nothing needs to be inflated to
/// identify the common ones. Every digest was computed from a file whose md5 is the one that the
/// authors publish, except those of the official CIFAR-10 and IMDB archives and of the official
/// `.gz` files of Fashion-MNIST, which are quoted from public lists.
enum Catalogue {
  /// One of the four files of a data set in IDX format.
  enum IDXRole: String, CaseIterable, Sendable {
    case trainingImages = "train-images-idx3-ubyte"
    case trainingLabels = "train-labels-idx1-ubyte"
    case testImages = "t10k-images-idx3-ubyte"
    case testLabels = "t10k-labels-idx1-ubyte"
  }

  /// A known file of four.
  struct IDXFile: Sendable {
    let name: DatasetName
    let role: IDXRole
    /// sha256 of the uncompressed file.
    let content: String
    /// sha256 of the `.gz` files that hold it, with their origin.
    let wrapped: [(sha256: String, origin: DataOrigin)]
  }

  /// A known archive.
  struct Archive: Sendable {
    let name: DatasetName
    let sha256: String
    /// `ContentDigest` of what is read of it, if known: packed otherwise, or unpacked, it is the same.
    let content: String?
    /// How it differs from what the authors publish, if it does.
    let note: String?
    /// Set for an archive that is recognised only to say that it is the wrong one.
    let wrongVersion: String?

    init(
      _ name: DatasetName, _ sha256: String, content: String? = nil, note: String? = nil,
      wrongVersion: String? = nil
    ) {
      self.name = name
      self.sha256 = sha256
      self.content = content
      self.note = note
      self.wrongVersion = wrongVersion
    }
  }

  static let idxFiles: [IDXFile] = [
    IDXFile(
      name: .mnist, role: .trainingImages,
      content: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      wrapped: [("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", .official)]),
    IDXFile(
      name: .mnist, role: .trainingLabels,
      content: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      wrapped: [("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", .official)]),
    IDXFile(
      name: .mnist, role: .testImages,
      content: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      wrapped: [("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", .official)]),
    IDXFile(
      name: .mnist, role: .testLabels,
      content: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
      wrapped: [("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", .official)]),
    IDXFile(
      name: .fashionMNIST, role: .trainingImages,
      content: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      wrapped: [
        ("b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7", .debian),
        ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84", .official),
      ]),
    IDXFile(
      name: .fashionMNIST, role: .trainingLabels,
      content: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      wrapped: [
        ("0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056", .debian),
        ("a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845", .official),
      ]),
    IDXFile(
      name: .fashionMNIST, role: .testImages,
      content: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      wrapped: [
        ("cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa", .debian),
        ("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073", .official),
      ]),
    IDXFile(
      name: .fashionMNIST, role: .testLabels,
      content: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
      wrapped: [
        ("8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05", .debian),
        ("67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5", .official),
      ]),
  ]

  private static let reviews = "53401f63790d00988eaba68794083e8b1e613bdeb1396a7f8af4b16627000f69"

  /// CIFAR-10's records whatever their order: of the sorted sha256 of the training records, then of
  /// those of the test records.
  static let photographs = "abf4b167a135b062ef28f7f742091acaf0d93435cacacaa70137c477b4a499cb"

  static let archives: [Archive] = [
    Archive(.cifar10, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
    Archive(
      .cifar10, "7733bec7c84702b012a51f89f39c36b3c14ec2af7498b07df04695c9ff4b2e73",
      content: "c34e37418bd76175e560a7f9bd42dabb04782ccc72d1310ff489719b82b351ea",
      note: "the official images, labels and split, in another order within each split"),
    Archive(
      .cifar10, "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
      wrongVersion: "CIFAR-10's version for Python"),
    // What is read are the labelled reviews, which both have: a content is taken for the first.
    Archive(
      .imdb, "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe",
      content: reviews),
    Archive(
      .imdb, "64b3b4856c0c743c34fd888657bcc277ddec90d4e2841029782359c0fbb327b0", content: reviews,
      note: "the official labelled reviews and vocabulary, without the unlabelled reviews"),
  ]

  /// The file whose `.gz` has this digest, and where that `.gz` comes from.
  static func idxFile(wrapped sha256: String) -> (file: IDXFile, origin: DataOrigin)? {
    for file in idxFiles {
      if let match = file.wrapped.first(where: { $0.sha256 == sha256 }) {
        return (file, match.origin)
      }
    }
    return nil
  }

  /// The file whose uncompressed content has this digest.
  static func idxFile(content sha256: String) -> IDXFile? {
    idxFiles.first { $0.content == sha256 }
  }

  /// The archive whose content has this digest.
  static func archive(content sha256: String) -> Archive? {
    archives.first { $0.content == sha256 }
  }

  /// The archive with this digest.
  static func archive(_ sha256: String) -> Archive? { archives.first { $0.sha256 == sha256 } }
}
