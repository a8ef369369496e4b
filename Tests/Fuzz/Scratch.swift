import Foundation

/// Files of a fuzzing process.
enum Scratch {
  /// A new folder where `run.sh` wants it: in memory, removed at the end.
  static func folder(_ name: String) -> String {
    let base = ProcessInfo.processInfo.environment["ADAM_FUZZ_SCRATCH"] ?? "/tmp"
    let path = "\(base)/\(name)-\(getpid())"
    for part in ["mnist", "imdb"] {
      try? FileManager.default.createDirectory(
        atPath: "\(path)/\(part)", withIntermediateDirectories: true)
    }
    return path
  }

  static func write(_ bytes: UnsafeRawBufferPointer, to path: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { fatalError("cannot write \(path)") }
    if bytes.count > 0, Foundation.write(descriptor, bytes.baseAddress, bytes.count) != bytes.count
    {
      fatalError("cannot write \(path)")
    }
    close(descriptor)
  }

  static func write(_ bytes: [UInt8], to path: String) {
    bytes.withUnsafeBytes { write($0, to: path) }
  }

  /// Writes an input to begin with into the corpus.
  static func seed(_ bytes: [UInt8], _ name: String) {
    guard let corpus = ProcessInfo.processInfo.environment["ADAM_FUZZ_CORPUS"] else { return }
    write(bytes, to: "\(corpus)/seed-\(name)")
  }
}
