import Foundation

/// Questions about paths.
public enum FilePaths {
  /// The folder that holds `path`: `.` for a bare name, `/` for the root.
  public static func folder(of path: String) -> String {
    let trimmed = withoutTrailingSlashes(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    let folder = withoutTrailingSlashes(String(trimmed[..<slash]))
    return folder.isEmpty ? "/" : folder
  }

  /// The last part of `path`.
  public static func name(of path: String) -> String {
    let trimmed = withoutTrailingSlashes(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return trimmed }
    return String(trimmed[trimmed.index(after: slash)...])
  }

  /// The path of `name` in `folder`.
  public static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  /// The path from the root, also of one that begins in the working directory.
  public static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : join(FileManager.default.currentDirectoryPath, path)
  }

  /// Whether there is a folder at `path`.
  public static func isFolder(_ path: String) -> Bool { fileType(path) == S_IFDIR }

  /// Whether there is anything at `path`.
  public static func exists(_ path: String) -> Bool { fileType(path) != nil }

  /// The names in a folder, sorted; none if it cannot be read.
  public static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Whether `path` is a folder; `nil` if there is nothing.
  ///
  /// Throws `FileError` if that cannot be told, e.g. for a folder that may not be entered.
  public static func isFolderIfThere(_ path: String) throws(FileError) -> Bool? {
    if let type = fileType(path) { return type == S_IFDIR }
    let code = errno
    if code == ENOENT || code == ENOTDIR { return nil }
    throw FileError(.open, path, code: code)
  }

  /// The names in a folder, sorted; none if there is no such folder.
  ///
  /// Throws `FileError` if it is there and cannot be read.
  public static func readableNames(in folder: String) throws(FileError) -> [String] {
    if access(folder, R_OK | X_OK) != 0, errno != ENOENT, errno != ENOTDIR {
      throw FileError(.open, folder, code: errno)
    }
    return names(in: folder)
  }

  /// `path` with the home folder in the place of a leading `~`, which shells leave alone inside of
  /// words such as `--data-dir=~/data`.
  public static func expandingHome(_ path: String, home: String?) -> String {
    guard let home, !home.isEmpty, path == "~" || path.hasPrefix("~/") else { return path }
    return home + path.dropFirst()
  }

  private static func fileType(_ path: String) -> mode_t? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return status.st_mode & S_IFMT
  }

  private static func withoutTrailingSlashes(_ path: String) -> String {
    var path = Substring(path)
    while path.count > 1, path.last == "/" { path.removeLast() }
    return String(path)
  }
}
