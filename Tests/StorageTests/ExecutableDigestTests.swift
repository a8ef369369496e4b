import Foundation
import Storage
import TestSupport
import Testing

@Suite struct ExecutableDigestTests {
  /// A section of the ELF files made here.
  private struct Section {
    var name: String
    var type: Int32
    var flags: Int32
    var content: [UInt8]
    /// The size that its header tells, if that is not the content's.
    var size: UInt64?
  }

  private let sections = [
    Section(name: ".text", type: SHT_PROGBITS, flags: SHF_ALLOC, content: [1, 2, 3]),
    Section(name: "adam_revision", type: SHT_PROGBITS, flags: SHF_ALLOC, content: [4, 5]),
    Section(name: ".swift_modhash", type: SHT_PROGBITS, flags: SHF_ALLOC, content: [8]),
    Section(name: ".note", type: SHT_NOTE, flags: SHF_ALLOC, content: [6]),
    Section(name: ".debug", type: SHT_PROGBITS, flags: 0, content: [7]),
    Section(name: ".bss", type: SHT_NOBITS, flags: SHF_ALLOC, content: [9], size: 1 << 40),
  ]

  /// The bytes of an ELF file: its header, the contents, the names, the table of sections.
  private func file(_ sections: [Section]) -> [UInt8] {
    let headerSize = MemoryLayout<Elf64_Ehdr>.size
    var body: [UInt8] = []
    var headers: [Elf64_Shdr] = []
    var names: [UInt8] = []
    let all = sections + [Section(name: ".names", type: SHT_STRTAB, flags: 0, content: [])]
    for (index, section) in all.enumerated() {
      var header = Elf64_Shdr()
      header.sh_name = UInt32(names.count)
      names += Array(section.name.utf8) + [0]
      header.sh_type = UInt32(section.type)
      header.sh_flags = UInt64(section.flags)
      header.sh_offset = UInt64(headerSize + body.count)
      let content = index == all.count - 1 ? names : section.content
      header.sh_size = section.size ?? UInt64(content.count)
      body += content
      headers.append(header)
    }
    var start = Elf64_Ehdr()
    withUnsafeMutableBytes(of: &start.e_ident) {
      $0.copyBytes(from: [0x7F, 0x45, 0x4C, 0x46, UInt8(ELFCLASS64), UInt8(ELFDATA2LSB)])
    }
    start.e_shoff = UInt64(headerSize + body.count)
    start.e_shentsize = UInt16(MemoryLayout<Elf64_Shdr>.size)
    start.e_shnum = UInt16(all.count)
    start.e_shstrndx = UInt16(all.count - 1)
    return withUnsafeBytes(of: start) { Array($0) } + body
      + headers.flatMap { header in withUnsafeBytes(of: header) { Array($0) } }
  }

  private func digest(_ bytes: [UInt8]) throws -> String {
    try withTemporaryFolder { folder in
      try Data(bytes).write(to: URL(filePath: "\(folder)/program"))
      return try ExecutableDigest.hexDigest(ofFile: "\(folder)/program")
    }
  }

  @Test func `debug information, notes and the commit leave the digest as it is, code does not`()
    throws
  {
    let digest = try digest(file(sections))
    for (index, section) in sections.enumerated() {
      var changed = sections
      changed[index].content[0] += 1
      #expect(try (self.digest(file(changed)) == digest) == (section.name != ".text"))
    }
    var longer = sections
    longer[4].content += [8, 9]
    #expect(try self.digest(file(longer)) == digest)
  }

  @Test func `a file that is no ELF file, or is cut short, has the digest of its bytes`() throws {
    for bytes in [
      [], Array("#!/bin/sh\n".utf8), Array(file(sections).dropLast()),
      Array(file(sections).prefix(40)),
    ] {
      #expect(try digest(bytes) == SHA256.hexDigest(of: bytes))
    }
  }

  @Test func `this program has another digest than all of its file`() throws {
    let path = "/proc/self/exe"
    #expect(try ExecutableDigest.hexDigest(ofFile: path) != SHA256.hexDigest(ofFile: path))
  }
}
