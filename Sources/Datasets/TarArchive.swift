import CArchive
import Foundation
import Storage

/// The regular files of a `.tar.gz` or `.tar`, streamed by libarchive; nothing is ever written anywhere.
///
/// Every byte of the file passes through a SHA-256 on its way, so that what was decoded is known to
/// be what was identified.
final class TarArchive: ArchiveContent {
  /// Limits that no version of a data set comes near, so that a decompression bomb ends early.
  struct Limits {
    /// Uncompressed bytes of the whole archive.
    var totalBytes: Int
    /// Entries of all kinds.
    var entryCount = 1_000_000
  }

  private let path: String
  private let limits: Limits
  private let archive: OpaquePointer
  private let source: Source
  private var entryCount = 0
  private var hasEnded = false
  private var scratch: [UInt8] = []

  /// Opens an archive; throws `FileError`, or `DatasetError` if it is none.
  init(_ path: String, limits: Limits) throws {
    guard let archive = archive_read_new() else { throw FileError(.open, path, code: ENOMEM) }
    do {
      source = try Source(path)
    } catch {
      archive_read_free(archive)
      throw error
    }
    self.path = path
    self.limits = limits
    self.archive = archive
    archive_read_support_filter_gzip(archive)
    archive_read_support_format_tar(archive)
    archive_read_set_read_callback(archive) { _, client, buffer in
      guard let client, let buffer else { return -1 }
      return Unmanaged<Source>.fromOpaque(client).takeUnretainedValue().next(buffer)
    }
    archive_read_set_callback_data(archive, Unmanaged.passUnretained(source).toOpaque())
    guard archive_read_open1(archive) == ARCHIVE_OK else {
      throw DatasetError.damaged(path: path, reason: "not a .tar.gz archive (\(reason))")
    }
  }

  deinit { archive_read_free(archive) }

  /// The name of the next regular file, checked and without a leading `./`; `nil` at the end.
  ///
  /// What the caller has not read of the file before is skipped.
  func next() throws -> String? {
    while !hasEnded {
      try skip()
      var entry: OpaquePointer?
      let status = archive_read_next_header(archive, &entry)
      if status == ARCHIVE_EOF { hasEnded = true; break }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else {
        throw source.error ?? DatasetError.damaged(path: path, reason: damage)
      }
      entryCount += 1
      guard entryCount <= limits.entryCount else {
        throw DatasetError.tooLarge(path: path, limit: limits.totalBytes)
      }
      if let name = try check(entry), !EntryName.isClutter(name) { return name }
    }
    return nil
  }

  /// Reads on in the current file until the buffer is full or the file ends.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = archive_read_data(
        archive, buffer.baseAddress.map { $0 + filled }, min(buffer.count - filled, 1 << 20))
      guard count >= 0 else {
        throw source.error ?? DatasetError.damaged(path: path, reason: damage)
      }
      if count == 0 { break }
      filled += count
      try checkTotal()
    }
    return filled
  }

  /// Reads the file's remaining bytes and checks that it is the one with this digest.
  func finish(expecting sha256: String) throws {
    guard try source.digestOfAll() == sha256 else { throw DatasetError.changed(path: path) }
  }

  /// What the entry is called if it is a regular file, `nil` if it is a folder.
  private func check(_ entry: OpaquePointer) throws -> String? {
    let pointer = archive_entry_pathname(entry) ?? archive_entry_pathname_utf8(entry)
    guard let name = pointer.map({ String(cString: $0) }) else {
      throw DatasetError.unsafeEntry(path: path, entry: "?", reason: "has a name that is no text")
    }
    if archive_entry_hardlink(entry) != nil || archive_entry_symlink(entry) != nil {
      throw DatasetError.unsafeEntry(path: path, entry: name, reason: "is a link")
    }
    let kind = archive_entry_filetype(entry)
    guard kind == S_IFREG || kind == S_IFDIR else {
      throw DatasetError.unsafeEntry(path: path, entry: name, reason: "is a special file")
    }
    if let fault = EntryName.fault(of: name) {
      throw DatasetError.unsafeEntry(path: path, entry: name, reason: fault)
    }
    let size = archive_entry_size(entry)
    guard size <= limits.totalBytes else {
      throw DatasetError.tooLarge(path: path, limit: limits.totalBytes)
    }
    guard size >= 0, archive_entry_sparse_count(entry) == 0 else {
      throw DatasetError.unsafeEntry(path: path, entry: name, reason: "has an impossible size")
    }
    return kind == S_IFDIR ? nil : EntryName.withoutLeadingDot(name)
  }

  private func skip() throws {
    guard entryCount > 0 else { return }
    // By blocks rather than by libarchive's own skipping, so that the limit is seen in between.
    while true {
      var block: UnsafeRawPointer?
      var size = 0
      var offset: la_int64_t = 0
      let status = archive_read_data_block(archive, &block, &size, &offset)
      if status == ARCHIVE_EOF { return }
      guard status == ARCHIVE_OK || status == ARCHIVE_WARN else {
        throw source.error ?? DatasetError.damaged(path: path, reason: damage)
      }
      try checkTotal()
    }
  }

  private func checkTotal() throws {
    guard archive_filter_bytes(archive, 0) <= limits.totalBytes else {
      throw DatasetError.tooLarge(path: path, limit: limits.totalBytes)
    }
  }

  private var reason: String {
    "libarchive: " + (archive_error_string(archive).map { String(cString: $0) } ?? "no reason")
  }

  private var damage: String {
    entryCount == 0 ? "not a .tar.gz archive (\(reason))" : "damaged or cut off (\(reason))"
  }

  /// The bytes of the file, for libarchive and for the digest.
  private final class Source {
    private let path: String
    private let descriptor: Int32
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: 1 << 18, alignment: 64)
    private var digest = SHA256()
    var error: FileError?

    init(_ path: String) throws {
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else {
        buffer.deallocate()
        throw FileError(.open, path, code: errno)
      }
      self.path = path
    }

    deinit {
      close(descriptor)
      buffer.deallocate()
    }

    func next(_ pointer: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
      let count = fill()
      pointer.pointee = UnsafeRawPointer(buffer.baseAddress)
      return count
    }

    func digestOfAll() throws -> String {
      while fill() > 0 {}
      if let error { throw error }
      return digest.finalize()
    }

    private func fill() -> Int {
      while true {
        let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
        if count < 0, errno == EINTR { continue }
        if count < 0 {
          error = FileError(.read, path, code: errno)
          return -1
        }
        digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return count
      }
    }
  }
}

/// The names that entries of an archive may have.
package enum EntryName {
  /// What is wrong with a name, as the end of a sentence; `nil` if nothing is.
  ///
  /// Nothing is ever written under these names; but an archive with such a name is not one of the
  /// data sets, and says so better at once.
  package static func fault(of name: String) -> String? {
    let bytes = name.utf8
    if bytes.isEmpty { return "has no name" }
    if bytes.count > 1024 { return "has a name of \(bytes.count) bytes" }
    if bytes.first == UInt8(ascii: "/") { return "has an absolute path" }
    if bytes.contains(where: { $0 < 0x20 || $0 == 0x7f || $0 == UInt8(ascii: "\\") }) {
      return "has a name with a control character or backslash"
    }
    if bytes.split(separator: UInt8(ascii: "/")).contains(where: { $0.elementsEqual("..".utf8) }) {
      return "leads outside by '..'"
    }
    return nil
  }

  /// Whether a file of this name is what macOS puts beside those of the user when it packs them.
  package static func isClutter(_ name: String) -> Bool {
    let parts = name.split(separator: "/")
    return parts.first == "__MACOSX" || parts.last == ".DS_Store"
      || parts.last?.hasPrefix("._") == true
  }

  /// `name` without `./` in front.
  package static func withoutLeadingDot(_ name: String) -> String {
    name.hasPrefix("./") ? String(name.dropFirst(2)) : name
  }
}
