// Feeds bytes to the reader of result files, and to that of sealed files (checkpoints, caches).
import Foundation
import ResultStore
import Storage

private let folder = Scratch.folder("results")

/// Writes the inputs to begin with.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer
) -> CInt {
  var root = Group()
  root.set(Attribute("schema", "adam-reproduction/1"))
  root.set(Attribute("title", "seed"))
  if let bytes = try? ResultFile.encode(Document(root: root)) {
    Scratch.seed([0] + bytes, "result")
  }
  if var sealed = try? SealedFile(kind: "checkpoint", header: ["key": "value"]) {
    sealed.append("theta", [1, 2, 3] as [Float])
    sealed.append("bytes", bytes: [4, 5])
    if let bytes = try? sealed.encoded() { Scratch.seed([1] + bytes, "sealed") }
  }
  return 0
}

/// The first byte says which kind of file the rest is.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 0 else { return 0 }
  let rest = UnsafeRawBufferPointer(start: bytes + 1, count: count - 1)
  do {
    if bytes[0] & 1 == 0 {
      let path = "\(folder)/result.h5"
      Scratch.write(rest, to: path)
      _ = try ResultFile.read(path)
    } else {
      let file = try SealedFile(decoding: Array(rest), path: "fuzz", kind: "checkpoint")
      for name in file.sectionNames {
        _ = try? file.floatVector(name)
        _ = try? file.doubles(name)
        _ = try? file.bytes(name)
      }
    }
  } catch is any UserFacingError {
  } catch { fatalError("an error that tells the user nothing: \(error)") }
  return 0
}
