import Foundation
import Storage

/// A folder in `TMPDIR` for one run of gnuplot.
struct ScratchFolder {
  let path: String
  private let parent: String

  /// Makes one. Throws `FileError` if `TMPDIR` is not there or takes no folder.
  init() throws {
    let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? ""
    parent = FilePaths.absolute(base.isEmpty ? "/tmp" : base)
    var template = Array("\(parent)/adam-figure-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw FileError(.create, "a folder in \(parent) (TMPDIR)", code: errno)
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The error that a file cannot be written.
  func writeError(_ code: Int32) -> FileError {
    FileError(.write, "in \(parent) (TMPDIR)", code: code)
  }

  /// Whether so little space is left that a file can hardly be written.
  var isFull: Bool {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return false }
    return UInt64(status.f_bavail) * UInt64(status.f_frsize) < 1 << 16
      || (status.f_files > 0 && status.f_favail == 0)
  }

  func remove() {
    for name in FilePaths.names(in: path) { unlink(FilePaths.join(path, name)) }
    rmdir(path)
  }
}
