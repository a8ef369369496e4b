import Foundation

/// How many processors this process may use: those of its affinity, bounded by the quotas of its
/// control groups (version 2).
public enum AvailableProcessors {
  /// At least 1.
  public static var count: Int { count(root: "") }

  /// - Parameter root: the file system's root, for tests.
  package static func count(root: String) -> Int {
    let all = affinity(root) ?? ProcessInfo.processInfo.activeProcessorCount
    return max(1, min(all, quota(root) ?? all))
  }

  /// The processors that the scheduler may put this process on (`taskset`, a batch system).
  private static func affinity(_ root: String) -> Int? {
    let name = "Cpus_allowed:"
    guard let status = try? FileContents.read(root + "/proc/self/status"),
      let mask = String(decoding: status, as: UTF8.self).split(separator: "\n")
        .first(where: { $0.hasPrefix(name) })
    else { return nil }
    return mask.dropFirst(name.count).compactMap(\.hexDigitValue)
      .reduce(0) { $0 + $1.nonzeroBitCount }
  }

  /// The smallest quota of the process' control group and those above it, in whole processors, rounded
  /// up; `nil` if there is none.
  private static func quota(_ root: String) -> Int? {
    guard let groups = try? FileContents.read(root + "/proc/self/cgroup"),
      let line = String(decoding: groups, as: UTF8.self).split(separator: "\n")
        .first(where: { $0.hasPrefix("0::/") })
    else { return nil }
    var path = String(line.dropFirst(3))
    var least: Double?
    while true {
      if let text = try? FileContents.read(
        FilePaths.join(root + "/sys/fs/cgroup" + path, "cpu.max")),
        let processors = processors(String(decoding: text, as: UTF8.self))
      {
        least = min(least ?? .infinity, processors)
      }
      if path == "/" { break }
      path = FilePaths.folder(of: path)
    }
    return least.map { Int($0.rounded(.up)) }
  }

  /// The processors that `cpu.max` allows: microseconds in each period, or `max`.
  private static func processors(_ text: String) -> Double? {
    let numbers = text.split { $0 == " " || $0 == "\n" }.compactMap { Double($0) }
    guard numbers.count == 2, numbers[0] > 0, numbers[1] > 0 else { return nil }
    return min(numbers[0] / numbers[1], 1e6)
  }
}
