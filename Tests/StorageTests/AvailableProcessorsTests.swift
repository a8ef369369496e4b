import Foundation
import Storage
import TestSupport
import Testing

@Suite struct AvailableProcessorsTests {
  /// A file system with an affinity mask, the process' group and the quotas of groups.
  private func count(
    mask: String, group: String = "0::/a/b\n", quotas: [String: String] = [:]
  ) throws -> Int {
    let scratch = try TemporaryFolder()
    defer { withExtendedLifetime(scratch) {} }
    let root = scratch.path
    func write(_ text: String, to path: String) throws {
      let url = URL(fileURLWithPath: root + path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
    try write(
      "Name:\tx\nCpus_allowed:\t\(mask)\nCpus_allowed_list:\t0-99\n", to: "/proc/self/status")
    try write(group, to: "/proc/self/cgroup")
    for (path, quota) in quotas { try write(quota, to: "/sys/fs/cgroup\(path)/cpu.max") }
    return AvailableProcessors.count(root: root)
  }

  @Test func `the processors are those of the affinity mask`() throws {
    #expect(try count(mask: "1") == 1)
    #expect(try count(mask: "ff") == 8)
    #expect(try count(mask: "00000001,80000000,0000000f") == 6)
  }

  @Test func `the smallest quota of all groups above counts`() throws {
    #expect(try count(mask: "ff", quotas: ["/a/b": "200000 100000\n"]) == 2)
    #expect(try count(mask: "ff", quotas: ["/a": "150000 100000\n", "/a/b": "max 100000\n"]) == 2)
    #expect(try count(mask: "ff", quotas: ["": "50000 100000\n", "/a/b": "400000 100000\n"]) == 1)
    #expect(try count(mask: "3", quotas: ["/a/b": "400000 100000\n"]) == 2)
    #expect(try count(mask: "ff", quotas: ["/other": "100000 100000\n"]) == 8)
    // Inside a container the own group is the root.
    #expect(try count(mask: "ff", group: "0::/\n", quotas: ["": "300000 100000\n"]) == 3)
  }

  @Test func `damaged files do not count`() throws {
    for quota in ["", "x y\n", "0 100000\n", "100000\n", "-1 100000\n"] {
      #expect(try count(mask: "f", quotas: ["/a/b": quota]) == 4)
    }
    #expect(try count(mask: "f", group: "4:cpu:/a\n", quotas: ["/a": "100000 100000\n"]) == 4)
  }

  @Test func `this process has a processor`() { #expect(AvailableProcessors.count >= 1) }
}
