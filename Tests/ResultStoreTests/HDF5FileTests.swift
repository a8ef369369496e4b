import CHDF5
import Foundation
import ResultStore
import Storage
import TestSupport
import Testing

@Suite struct HDF5FileTests {
  /// Files that are not ours, made by the C library as another program would.
  private func makeForeignFile(_ path: String) {
    let file = H5Fcreate(
      path, chdf5_acc_truncate(), chdf5_default_properties(), chdf5_default_properties())
    func add<Element: BitwiseCopyable>(
      _ name: String, _ shape: [hsize_t], _ fileType: hid_t, _ memoryType: hid_t,
      _ values: [Element]
    ) {
      let space = H5Screate_simple(Int32(shape.count), shape, nil)
      let dataset = H5Dcreate2(
        file, name, fileType, space, chdf5_default_properties(), chdf5_default_properties(),
        chdf5_default_properties())
      let status = values.withUnsafeBytes {
        H5Dwrite(
          dataset, memoryType, chdf5_whole_space(), chdf5_whole_space(),
          chdf5_default_properties(), $0.baseAddress)
      }
      #expect(status >= 0)
      H5Dclose(dataset)
      H5Sclose(space)
    }
    let group = H5Gcreate2(
      file, "layer", chdf5_default_properties(), chdf5_default_properties(),
      chdf5_default_properties())
    H5Gclose(group)
    let (double, float) = (chdf5_native_double(), chdf5_native_float())
    add("layer/weight", [2, 3], chdf5_file_float(), float, [0.5, 1, 2, 3, 4, Float.nan])
    add("layer/bias", [3], chdf5_file_double(), double, [0.1, 0.2, 0.3])
    add("deep", [1, 2, 1, 2], chdf5_file_double(), double, [1.0, 2, 3, 4])
    add("labels", [2], chdf5_file_int32(), chdf5_native_int32(), [Int32(7), -7])
    let bigEndian = H5Tcopy(chdf5_file_double())
    H5Tset_order(bigEndian, H5T_ORDER_BE)
    add("big_endian", [2], bigEndian, double, [1.25, -3])
    H5Tclose(bigEndian)
    addPacked(to: file)
    H5Fclose(file)
  }

  /// A chunk that was written by a filter of number 32000, which is h5py's lzf and not part of HDF5.
  private func addPacked(to file: hid_t) {
    let creation = chdf5_dataset_creation()
    let shape: [hsize_t] = [2]
    H5Pset_chunk(creation, 1, shape)
    H5Pset_filter(creation, 32000, 1, 0, nil)
    let space = H5Screate_simple(1, shape, nil)
    let dataset = H5Dcreate2(
      file, "packed", chdf5_file_float(), space, chdf5_default_properties(), creation,
      chdf5_default_properties())
    let packed: [UInt8] = [1, 2, 3]
    #expect(H5Dwrite_chunk(dataset, chdf5_default_properties(), 0, [0], packed.count, packed) >= 0)
    H5Dclose(dataset)
    H5Sclose(space)
    H5Pclose(creation)
  }

  @Test func `arrays of foreign files are read`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/foreign.h5"
      makeForeignFile(path)
      let weight = try HDF5File.readArray(path: path, dataset: "/layer/weight", as: Float.self)
      #expect(weight.shape == [2, 3])
      #expect(weight.values.prefix(5).elementsEqual([0.5, 1, 2, 3, 4]))
      #expect(weight.values[5].isNaN)
      let wider = try HDF5File.readArray(path: path, dataset: "layer/weight", as: Double.self)
      #expect(wider.values.prefix(5).elementsEqual([0.5, 1, 2, 3, 4]))
      let bias = try HDF5File.readArray(
        path: path, dataset: "layer/bias", as: Double.self, rank: 1)
      #expect(bias.values == [0.1, 0.2, 0.3])
      let deep = try HDF5File.readArray(path: path, dataset: "deep", as: Double.self)
      #expect(deep.shape == [1, 2, 1, 2])
      #expect(deep.values == [1, 2, 3, 4])
      let bigEndian = try HDF5File.readArray(path: path, dataset: "big_endian", as: Double.self)
      #expect(bigEndian.values == [1.25, -3])
      let labels = try HDF5File.readArray(path: path, dataset: "labels", as: Int64.self)
      #expect(labels.values == [7, -7])
    }
  }

  @Test func `what cannot be read is told with its name`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/foreign.h5"
      makeForeignFile(path)
      func error(_ dataset: String, _ rank: Int? = nil) -> ResultFileError? {
        #expect(throws: ResultFileError.self, "\(dataset)") {
          try HDF5File.readArray(path: path, dataset: dataset, as: Float.self, rank: rank)
        }
      }
      #expect(error("nothing") == .missing(path: path, object: "dataset nothing"))
      #expect(error("no/thing") == .missing(path: path, object: "dataset no/thing"))
      #expect(error("deep/er") == .missing(path: path, object: "dataset deep/er"))
      #expect(error("") == .missing(path: path, object: "dataset "))
      #expect(error("layer") == .missing(path: path, object: "dataset layer (it is a group)"))
      #expect(
        error("labels")?.description
          == "labels in \(path) is signed 32-bit integers where 32-bit floating point is expected, "
          + "which this program does not read")
      // Doubles are not rounded silently.
      #expect(error("layer/bias")?.description.contains("64-bit") == true)
      #expect(
        error("layer/weight", 1)?.description.contains("of 2 axes where 1 are expected") == true)
      #expect(
        error("packed")?.description
          == "packed in \(path) is compressed with the filter number 32000 (write it with gzip, or without "
          + "compression), which this program does not read")
      #expect(throws: ResultFileError.notOurs(path: path)) { try ResultFile.read(path) }
      let missing = #expect(throws: FileError.self) {
        try HDF5File.readArray(path: folder + "/no.h5", dataset: "x", as: Float.self)
      }
      #expect(missing?.exitStatus == .noInput)
    }
  }

  /// In a process of its own, for other tests open files at the same time.
  @Test func `everything that was opened is closed`() async throws {
    await #expect(processExitsWith: .success) {
      try withTemporaryFolder { (folder: String) throws -> Void in
        let path = folder + "/sample.h5"
        // Files, datasets, groups, types and attributes, of all files.
        func openObjects() -> Int { H5Fget_obj_count(0x1f, 0x1f) }
        func work() throws {
          try ResultFile.write(sampleDocument(), to: path)
          _ = try ResultFile.read(path)
          for dataset in ["absent", "search", "schedule", "scalar/below"] {
            #expect(throws: ResultFileError.self, "\(dataset)") {
              try HDF5File.readArray(path: path, dataset: dataset, as: Double.self)
            }
          }
          let bytes = try FileContents.read(path)
          try Data(bytes[..<50_000]).write(to: URL(filePath: folder + "/cut.h5"))
          #expect(throws: ResultFileError.self, "cut") { try ResultFile.read(folder + "/cut.h5") }
        }
        for _ in 0..<5 { try work() }
        #expect(openObjects() == 0)
        let file = H5Fopen(path, chdf5_acc_read_only(), chdf5_default_properties())
        #expect(openObjects() == 1)
        H5Fclose(file)
      }
    }
  }

  @Test func `the library tells its version in three parts`() {
    #expect(HDF5File.libraryVersion.split(separator: ".").count == 3)
  }
}
