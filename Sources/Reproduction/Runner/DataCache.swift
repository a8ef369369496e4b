import Synchronization

/// Loads each variant of the data once, when the first run needs it.
final class DataCache<Data: Sendable>: Sendable {
  private let source: DataSource<Data>
  private let loaded = Mutex<[(key: [SettingValue?], wanted: WantedExamples?, data: Data)]>([])

  init(_ source: DataSource<Data>) { self.source = source }

  func data(for settings: Settings, resources: RunResources) throws -> Data {
    let key = source.settingNames.map { settings[$0] }
    // Held while loading: other workers wait for the data instead of loading it too.
    return try loaded.withLock { loaded in
      let wanted = resources.wanted
      if let found = loaded.first(where: { $0.key == key && ($0.wanted ?? wanted) == wanted }) {
        return found.data
      }
      // What was loaded in part is of no further use.
      loaded.removeAll { $0.key == key }
      let clock = ContinuousClock()
      let start = clock.now
      let data = try source.load(resources, settings)
      if let dataset = source.dataset {
        let seconds = (clock.now - start).seconds
        if seconds >= 1 { resources.tell("\(dataset.rawValue) ready after \(clockText(seconds))") }
      }
      loaded.append((key, wanted, data))
      return data
    }
  }
}
