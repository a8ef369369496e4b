import Glibc

/// What an executable does, apart from how it was built.
public enum ExecutableDigest {
  /// The sections that a program computes nothing with: the name of its commit, and the hashes by which
  /// the Swift compiler sees whether a module has to be compiled again.
  private static let buildSections = ["adam_revision", ".swift_modhash"]

  /// The SHA-256 of all that is loaded of an ELF file (System V ABI, chapter 4): code, constants and data
  /// with their addresses, without debug information, notes, and what a build notes of itself. So a build that
  /// only changes a comment has the same digest. Of a file of another form, the SHA-256 of all its bytes.
  ///
  /// - Throws: `FileError` if it cannot be read.
  public static func hexDigest(ofFile path: String) throws -> String {
    try ofLoaded(path) ?? SHA256.hexDigest(ofFile: path)
  }

  /// The digest of a 64-bit little-endian ELF file, of which only what is loaded is read; `nil` for anything
  /// else.
  private static func ofLoaded(_ path: String) throws -> String? {
    func bytes(_ offset: UInt64, _ count: UInt64) throws -> [UInt8]? {
      let (end, overflows) = offset.addingReportingOverflow(count)
      guard !overflows, end <= UInt64(Int.max) else { return nil }
      let part = try FileContents.readPart(path) { _ in Int(offset)..<Int(end) }
      return part.count == Int(count) ? part : nil
    }
    func header(_ table: [UInt8], _ index: Int) -> Elf64_Shdr {
      table.withUnsafeBytes {
        $0.loadUnaligned(
          fromByteOffset: index * MemoryLayout<Elf64_Shdr>.size, as: Elf64_Shdr.self)
      }
    }
    guard let first = try bytes(0, UInt64(MemoryLayout<Elf64_Ehdr>.size)),
      first.starts(with: [0x7F, 0x45, 0x4C, 0x46, UInt8(ELFCLASS64), UInt8(ELFDATA2LSB)])
    else { return nil }
    let start = first.withUnsafeBytes { $0.loadUnaligned(as: Elf64_Ehdr.self) }
    guard Int(start.e_shentsize) == MemoryLayout<Elf64_Shdr>.size,
      start.e_shstrndx < start.e_shnum,
      let table = try bytes(start.e_shoff, UInt64(start.e_shnum) * UInt64(start.e_shentsize))
    else { return nil }
    let nameSection = header(table, Int(start.e_shstrndx))
    guard let names = try bytes(nameSection.sh_offset, nameSection.sh_size) else { return nil }
    var digest = SHA256()
    for index in 0..<Int(start.e_shnum) {
      let section = header(table, index)
      guard section.sh_flags & UInt64(SHF_ALLOC) != 0, section.sh_type != SHT_NOTE else { continue }
      let name = names.dropFirst(Int(section.sh_name)).prefix { $0 != 0 }
      if buildSections.contains(where: { name.elementsEqual($0.utf8) }) { continue }
      let count = section.sh_type == SHT_NOBITS ? 0 : section.sh_size
      guard let content = try bytes(section.sh_offset, count) else { return nil }
      digest.update(
        "\(section.sh_type) \(section.sh_flags) \(section.sh_addr) \(section.sh_size)\n")
      digest.update(content)
    }
    return digest.finalize()
  }
}
