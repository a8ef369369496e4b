import CHDF5

/// Writes a document into a new HDF5 file in memory.
///
/// What keeps two runs' bytes equal: no time stamps, attributes sorted by name, types of fixed byte
/// order. What makes netCDF-4 readers accept it: a scale for every dimension, link order tracked and
/// indexed, no null dataspaces, attribute order untracked (old readers stumble over it).
struct HDF5Writer {
  /// The name only shows in messages: nothing of this name is made.
  private static let imageName = "result-image"
  /// Larger arrays are cut along their slowest axes; 1 MiB is the default size of chunk caches.
  private static let maximumChunkByteCount = 1 << 20
  private static let compressionLevel: UInt32 = 4

  /// The file's bytes.
  static func encode(_ document: Document) throws -> [UInt8] {
    let access = try HDF5Handle.owning(chdf5_file_access(), H5Pclose, "set up the file")
    try HDF5Library.check(H5Pset_fapl_core(access.id, 1 << 20, false), "set up the file")
    try HDF5Library.check(chdf5_set_library_bounds(access.id), "set up the file")
    let creation = try HDF5Handle.owning(chdf5_file_creation(), H5Pclose, "set up the file")
    try HDF5Library.check(
      H5Pset_link_creation_order(creation.id, chdf5_tracked_and_indexed()), "set up the file")
    try HDF5Library.check(H5Pset_obj_track_times(creation.id, false), "set up the file")
    let file = try HDF5Handle.owning(
      H5Fcreate(imageName, chdf5_acc_truncate(), creation.id, access.id), H5Fclose,
      "create the file in memory")
    try write(document.root, to: file.id, file: file.id, path: "", scope: [:])
    return try image(of: file)
  }

  private static func image(of file: borrowing HDF5Handle) throws -> [UInt8] {
    try HDF5Library.check(H5Fflush(file.id, H5F_SCOPE_LOCAL), "flush the file in memory")
    let size = try HDF5Library.check(H5Fget_file_image(file.id, nil, 0), "measure the file")
    var bytes = [UInt8](repeating: 0, count: size)
    try HDF5Library.check(H5Fget_file_image(file.id, &bytes, size), "take the file's bytes")
    HDF5Superblock.repairChecksum(&bytes)
    return bytes
  }

  /// `scope` has the lengths and paths of the scales of visible dimensions.
  private static func write(
    _ group: Group, to location: hid_t, file: hid_t, path: String,
    scope outer: [String: (length: Int, path: String)]
  ) throws {
    try write(group.attributes, to: location, of: path.isEmpty ? "/" : path)
    var scope = outer
    for dimension in group.dimensions {
      let scalePath = "\(path)/\(dimension.name)"
      scope[dimension.name] = (dimension.length, scalePath)
      let scale = try writeDataset(
        dimension.name, shape: [dimension.length], dimension.labels, to: location, scalePath)
      try HDF5Library.check(
        H5DSset_scale(scale.id, dimension.name), "make a dimension scale of \(scalePath)")
      try write(dimension.attributes, to: scale.id, of: scalePath)
    }
    for variable in group.variables {
      let variablePath = "\(path)/\(variable.name)"
      let axes = variable.dimensions.compactMap { scope[$0] }
      let dataset = try writeDataset(
        variable.name, shape: axes.map(\.length), variable.values, to: location, variablePath)
      for (index, axis) in axes.enumerated() {
        let scale = try HDF5Handle.owning(
          H5Dopen2(file, axis.path, chdf5_default_properties()), H5Dclose, "open \(axis.path)")
        try HDF5Library.check(
          H5DSattach_scale(dataset.id, scale.id, UInt32(index)),
          "attach \(axis.path) to \(variablePath)")
        try HDF5Library.check(
          H5DSset_label(dataset.id, UInt32(index), variable.dimensions[index]),
          "label the dimensions of \(variablePath)")
      }
      try write(variable.attributes, to: dataset.id, of: variablePath)
    }
    for subgroup in group.groups {
      let subgroupPath = "\(path)/\(subgroup.name)"
      let creation = try HDF5Handle.owning(
        chdf5_group_creation(), H5Pclose, "set up \(subgroupPath)")
      try HDF5Library.check(
        H5Pset_link_creation_order(creation.id, chdf5_tracked_and_indexed()),
        "set up \(subgroupPath)")
      try HDF5Library.check(
        H5Pset_obj_track_times(creation.id, false), "set up \(subgroupPath)")
      let handle = try HDF5Handle.owning(
        H5Gcreate2(
          location, subgroup.name, chdf5_default_properties(), creation.id,
          chdf5_default_properties()), H5Gclose, "create \(subgroupPath)")
      try write(subgroup.group, to: handle.id, file: file, path: subgroupPath, scope: scope)
    }
  }

  private static func writeDataset(
    _ name: String, shape: [Int], _ values: Values, to location: hid_t, _ path: String
  ) throws -> HDF5Handle {
    let space = try dataspace(shape, path)
    let creation = try HDF5Handle.owning(chdf5_dataset_creation(), H5Pclose, "set up \(path)")
    try HDF5Library.check(H5Pset_obj_track_times(creation.id, false), "set up \(path)")
    // Compression needs chunks, and neither makes sense for the addresses that strings are.
    if let size = values.elementByteCount, !shape.isEmpty, values.count > 0 {
      var chunk = chunkShape(shape, elementByteCount: size)
      try HDF5Library.check(
        H5Pset_chunk(creation.id, Int32(chunk.count), &chunk), "set up \(path)")
      try HDF5Library.check(H5Pset_shuffle(creation.id), "set up shuffling of \(path)")
      try HDF5Library.check(
        H5Pset_deflate(creation.id, compressionLevel), "set up compression of \(path)")
      try HDF5Library.check(H5Pset_fletcher32(creation.id), "set up the checksum of \(path)")
    }
    let type = try fileType(values, path)
    let dataset = try HDF5Handle.owning(
      H5Dcreate2(
        location, name, type.id, space.id, chdf5_default_properties(), creation.id,
        chdf5_default_properties()), H5Dclose, "create \(path)")
    if values.count > 0 {
      try withMemory(values, path) { type, pointer in
        H5Dwrite(
          dataset.id, type, chdf5_whole_space(), chdf5_whole_space(), chdf5_default_properties(),
          pointer)
      }
    }
    return dataset
  }

  private static func write(
    _ attributes: [Attribute], to location: hid_t, of path: String
  ) throws {
    for attribute in attributes.sortedByName {
      let attributePath = "\(path)@\(attribute.name)"
      let count = attribute.values.count
      let space = try dataspace(count == 1 ? [] : [count], attributePath)
      let type = try fileType(attribute.values, attributePath)
      let handle = try HDF5Handle.owning(
        H5Acreate2(
          location, attribute.name, type.id, space.id, chdf5_default_properties(),
          chdf5_default_properties()), H5Aclose, "create \(attributePath)")
      try withMemory(attribute.values, attributePath) { type, pointer in
        H5Awrite(handle.id, type, pointer)
      }
    }
  }

  private static func dataspace(_ shape: [Int], _ path: String) throws -> HDF5Handle {
    if shape.isEmpty {
      return try HDF5Handle.owning(H5Screate(H5S_SCALAR), H5Sclose, "set up \(path)")
    }
    let lengths = shape.map { hsize_t($0) }
    return try HDF5Handle.owning(
      H5Screate_simple(Int32(lengths.count), lengths, nil), H5Sclose, "set up \(path)")
  }

  private static func chunkShape(_ shape: [Int], elementByteCount: Int) -> [hsize_t] {
    var chunk = shape
    for axis in chunk.indices {
      let rest = chunk[(axis + 1)...].reduce(elementByteCount, *)
      chunk[axis] = max(1, min(chunk[axis], maximumChunkByteCount / rest))
      if chunk[axis] > 1 { break }
    }
    return chunk.map { hsize_t($0) }
  }

  /// A copy of a type, so that it can be closed like any other.
  private static func fileType(_ values: Values, _ path: String) throws -> HDF5Handle {
    let type =
      switch values {
      case .double: H5Tcopy(chdf5_file_double())
      case .float: H5Tcopy(chdf5_file_float())
      case .int64: H5Tcopy(chdf5_file_int64())
      case .int32: H5Tcopy(chdf5_file_int32())
      case .uint8: H5Tcopy(chdf5_file_uint8())
      case .string: chdf5_text_type()
      }
    return try HDF5Handle.owning(type, H5Tclose, "set up the type of \(path)")
  }

  /// Calls `body` with the type of the values in memory and a pointer to them.
  private static func withMemory(
    _ values: Values, _ path: String, _ body: (hid_t, UnsafeRawPointer?) -> herr_t
  ) throws {
    let status: herr_t
    switch values {
    case .double(let values):
      status = values.withUnsafeBytes { body(chdf5_native_double(), $0.baseAddress) }
    case .float(let values):
      status = values.withUnsafeBytes { body(chdf5_native_float(), $0.baseAddress) }
    case .int64(let values):
      status = values.withUnsafeBytes { body(chdf5_native_int64(), $0.baseAddress) }
    case .int32(let values):
      status = values.withUnsafeBytes { body(chdf5_native_int32(), $0.baseAddress) }
    case .uint8(let values):
      status = values.withUnsafeBytes { body(chdf5_native_uint8(), $0.baseAddress) }
    case .string(let texts):
      let type = try HDF5Handle.owning(
        chdf5_text_type(), H5Tclose, "set up the type of \(path)")
      status = withCStrings(texts) { body(type.id, $0) }
    }
    try HDF5Library.check(status, "write \(path)")
  }

  private static func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafeRawPointer?) -> Result
  ) -> Result {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for text in texts {
      offsets.append(bytes.count)
      bytes += text.utf8CString
    }
    return bytes.withUnsafeBufferPointer { bytes in
      let pointers = offsets.map { offset in bytes.baseAddress.map { $0 + offset } }
      return pointers.withUnsafeBytes { body($0.baseAddress) }
    }
  }
}

extension Values {
  /// Bytes per number; nil for text.
  var elementByteCount: Int? {
    switch self {
    case .double, .int64: 8
    case .float, .int32: 4
    case .uint8: 1
    case .string: nil
    }
  }
}
