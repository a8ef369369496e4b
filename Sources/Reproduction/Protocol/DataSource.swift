import Datasets
import Networks

/// How an experiment loads its data: once for each combination of the settings that shape it.
public struct DataSource<Data: Sendable>: Sendable {
  /// The data set; `nil` if the experiment makes its own.
  public let dataset: DatasetName?
  /// The settings that loading depends on.
  public let settingNames: [String]
  /// The number of training examples, if the data tell it.
  public let trainingCount: @Sendable (Data) -> Int?
  /// Loads or generates the data.
  public let load: @Sendable (RunResources, Settings) throws -> Data

  /// A source of data.
  ///
  /// - Parameter settings: those that loading depends on.
  public init(
    dataset: DatasetName?, shapedBy settings: [any AnySetting] = [],
    trainingCount: @escaping @Sendable (Data) -> Int? = { _ in nil },
    load: @escaping @Sendable (RunResources, Settings) throws -> Data
  ) {
    self.dataset = dataset
    settingNames = settings.map(\.declared.name)
    self.trainingCount = trainingCount
    self.load = load
  }
}

extension DataSource where Data == ImageData {
  /// Images with their labels, one byte a pixel.
  public static func images(_ name: DatasetName) -> DataSource {
    DataSource(dataset: name, trainingCount: { $0.training.count }) { resources, _ in
      switch resources.data {
      case .located(let located): try located.loadImages()
      case .standIn(let name, let sizes):
        try StandIn.images(name, trainingCount: sizes.training, testCount: sizes.test)
      case .none: preconditionFailure("\(name) was not asked for")
      }
    }
  }
}

extension DataSource where Data == TextData {
  /// Reviews with their labels as bags of words, shaped by the settings `features` and
  /// `tokenization` (`Setting.features`, `Setting.tokenization`).
  ///
  /// The counts of the words are kept in the folder for decoded data.
  public static func text(_ name: DatasetName) -> DataSource {
    let (features, tokenization) = (Setting.features(), Setting.tokenization())
    return DataSource(
      dataset: name, shapedBy: [features, tokenization], trainingCount: { $0.training.count }
    ) { resources, settings in
      var options = TextOptions()
      options.values = settings[features]
      options.tokenization = settings[tokenization]
      switch resources.data {
      case .located(let located):
        let data = try located.loadText(options, cacheFolder: resources.cacheFolder)
        if let reason = data.cache.rejected {
          resources.tell("\(reason); the reviews were read again")
        }
        if case .notWritten(let reason) = data.cache.outcome {
          resources.tell("the words of the reviews are not kept for the next time: \(reason)")
        }
        return data
      case .standIn(_, let sizes):
        return StandIn.text(trainingCount: sizes.training, testCount: sizes.test, options: options)
      case .none: preconditionFailure("\(name) was not asked for")
      }
    }
  }
}

extension AnySetting where Self == Setting<TextOptions.Values> {
  /// What the value of a word is that a review contains.
  public static func features(_ standard: TextOptions.Values = TextOptions().values) -> Self {
    Setting(
      "features", standard, "value of a word that a review contains: 1, or how often it occurs")
  }
}

extension AnySetting where Self == Setting<Tokenization> {
  /// How a review becomes words.
  public static func tokenization(_ standard: Tokenization = TextOptions().tokenization) -> Self {
    Setting("tokenization", standard, "how a review becomes words")
  }
}

extension AnySetting where Self == Setting<Products> {
  /// How the products of a network are done.
  public static var products: Self {
    Setting(
      "products", Products.sparse,
      "skip what is exactly 0, blank pixels and rectified units, or multiply everything")
  }
}

extension AnySetting where Self == Setting<VariationalAutoencoder.Pixels> {
  /// What the pixels of the variational auto-encoder are.
  public static var pixels: Self {
    Setting(
      "pixels", VariationalAutoencoder.Pixels.grey,
      "the auto-encoder's pixels: as they are, or drawn anew as black or white for each minibatch")
  }
}
