import Synchronization

/// Loads each variant of the data once, when the first run needs it.
final class DataCache<Data: Sendable>: Sendable {
  private let source: DataSource<Data>
  private let loaded = Mutex<[(key: [SettingValue?], data: Data)]>([])

  init(_ source: DataSource<Data>) { self.source = source }

  func data(for settings: Settings, resources: RunResources) throws -> Data {
    let key = source.settingNames.map { settings[$0] }
    // Held while loading: other workers wait for the data instead of loading it too.
    return try loaded.withLock { loaded in
      if let found = loaded.first(where: { $0.key == key }) { return found.data }
      let clock = ContinuousClock()
      let start = clock.now
      let data = try source.load(resources, settings)
      if let dataset = source.dataset {
        let seconds = (clock.now - start).seconds
        if seconds >= 1 { resources.tell("\(dataset.rawValue) ready after \(clockText(seconds))") }
      }
      loaded.append((key, data))
      return data
    }
  }
}
