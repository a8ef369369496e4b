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
    let bytes = try FileContents.read(path)
    return bytes.withUnsafeBytes(loaded) ?? SHA256.hexDigest(of: bytes)
  }

  /// The digest of a 64-bit little-endian ELF file; `nil` for anything else.
  private static func loaded(_ file: UnsafeRawBufferPointer) -> String? {
    func bytes(_ offset: UInt64, _ count: UInt64) -> UnsafeRawBufferPointer? {
      let (end, overflows) = offset.addingReportingOverflow(count)
      guard !overflows, end <= UInt64(file.count) else { return nil }
      return UnsafeRawBufferPointer(rebasing: file[Int(offset)..<Int(end)])
    }
    func header(_ table: UnsafeRawBufferPointer, _ index: Int) -> Elf64_Shdr {
      table.loadUnaligned(
        fromByteOffset: index * MemoryLayout<Elf64_Shdr>.size, as: Elf64_Shdr.self)
    }
    guard file.starts(with: [0x7F, 0x45, 0x4C, 0x46, UInt8(ELFCLASS64), UInt8(ELFDATA2LSB)]),
      let start = bytes(0, UInt64(MemoryLayout<Elf64_Ehdr>.size))?.loadUnaligned(
        as: Elf64_Ehdr.self),
      Int(start.e_shentsize) == MemoryLayout<Elf64_Shdr>.size, start.e_shstrndx < start.e_shnum,
      let table = bytes(start.e_shoff, UInt64(start.e_shnum) * UInt64(start.e_shentsize))
    else { return nil }
    let nameSection = header(table, Int(start.e_shstrndx))
    guard let names = bytes(nameSection.sh_offset, nameSection.sh_size) else { return nil }
    var digest = SHA256()
    for index in 0..<Int(start.e_shnum) {
      let section = header(table, index)
      guard section.sh_flags & UInt64(SHF_ALLOC) != 0, section.sh_type != SHT_NOTE else { continue }
      let name = names.dropFirst(Int(section.sh_name)).prefix { $0 != 0 }
      if buildSections.contains(where: { name.elementsEqual($0.utf8) }) { continue }
      guard
        let content = bytes(section.sh_offset, section.sh_type == SHT_NOBITS ? 0 : section.sh_size)
      else { return nil }
      digest.update(
        "\(section.sh_type) \(section.sh_flags) \(section.sh_addr) \(section.sh_size)\n")
      digest.update(content)
    }
    return digest.finalize()
  }
}
