// Feeds bytes to the reader of MNIST's four files: the header, the lengths, the packing.
import Datasets
import Foundation
import Storage

private let folder = Scratch.folder("idx")
private let location = DataLocation(folder: folder, environment: [:])

private func bigEndian(_ words: [UInt32]) -> [UInt8] {
  words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } }
}

private let images = bigEndian([2051, 2, 28, 28]) + [UInt8](repeating: 9, count: 2 * 784)
private let labels = bigEndian([2049, 2, 0x0309_0000]).dropLast(2)

/// Writes the inputs to begin with.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer
) -> CInt {
  for role in ["train", "t10k"] {
    Scratch.write(images, to: "\(folder)/mnist/\(role)-images-idx3-ubyte")
    Scratch.write(Array(labels), to: "\(folder)/mnist/\(role)-labels-idx1-ubyte")
  }
  Scratch.seed([0] + images, "images")
  Scratch.seed([1] + labels, "labels")
  Scratch.seed([0, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], "empty-gzip")
  return 0
}

/// The first byte says whether the rest is a file of images or of labels.
@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 0 else { return 0 }
  let path =
    bytes[0] & 1 == 0
    ? "\(folder)/mnist/train-images-idx3-ubyte" : "\(folder)/mnist/train-labels-idx1-ubyte"
  let whole = bytes[0] & 1 == 0 ? images : Array(labels)
  Scratch.write(UnsafeRawBufferPointer(start: bytes + 1, count: count - 1), to: path)
  do {
    let data = try Datasets.locate(.mnist, in: location, allowUnknown: true).loadImages()
    guard case .bytes(let pixels) = data.training.features else { fatalError("not bytes") }
    guard pixels.count == 784 * data.training.count, data.training.labels.allSatisfy({ $0 < 10 })
    else { fatalError("impossible examples were accepted") }
  } catch is DatasetError {
  } catch { fatalError("an error that tells the user nothing: \(error)") }
  Scratch.write(whole, to: path)
  return 0
}
