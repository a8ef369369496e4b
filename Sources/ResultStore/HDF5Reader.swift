import CHDF5

/// Reads documents from an HDF5 file that is open for reading.
struct HDF5Reader: ~Copyable {
  /// For messages.
  let path: String
  private let file: HDF5Handle
  /// Takes what is left out; `nil`: everything has to be readable.
  private let additions: Additions?

  /// Opens the file at `path`.
  init(opening path: String, leavingOut additions: Additions? = nil) throws {
    self.path = path
    self.additions = additions
    let access = try HDF5Handle.owning(chdf5_file_access(), H5Pclose, "set up reading")
    try HDF5Library.check(chdf5_set_no_locking(access.id), "set up reading")
    file = try HDF5Handle.owning(
      H5Fopen(path, chdf5_acc_read_only(), access.id), H5Fclose, "open the file")
  }

  // MARK: Documents

  /// The text of a root attribute; nil if there is none, or if it is something else.
  func rootText(_ name: String) throws -> String? {
    guard try HDF5Library.check(H5Aexists(file.id, name), "look at /@\(name)") > 0 else {
      return nil
    }
    do {
      return [try attribute(name, of: file.id, "/")].text(name)
    } catch ResultFileError.unsupported {
      return nil
    }
  }

  /// The root group's attributes, sorted by name.
  func rootAttributes() throws -> [Attribute] { try attributes(of: file.id, "/") }

  /// The root group: all of it, or without subgroups and only the named variables.
  func document(variables wanted: Set<String>? = nil) throws -> Document {
    let document = Document(root: try group(file.id, "", wanted: wanted))
    do {
      try document.check()
    } catch {
      throw ResultFileError.inconsistent(path: path, detail: "\(error)")
    }
    return document
  }

  private func group(_ location: hid_t, _ place: String, wanted: Set<String>?) throws -> Group {
    var group = Group()
    group.attributes = try attributes(of: location, place.isEmpty ? "/" : place)
    for name in try linkNames(location, place) {
      try unlessAdded("\(place)/\(name)") {
        try readObject(name, at: location, "\(place)/\(name)", wanted: wanted, into: &group)
      }
    }
    return group
  }

  private func readObject(
    _ name: String, at location: hid_t, _ place: String, wanted: Set<String>?,
    into group: inout Group
  ) throws {
    let object = try HDF5Handle.owning(
      H5Oopen(location, name, chdf5_default_properties()), H5Oclose, "open \(place)")
    switch H5Iget_type(object.id) {
    case H5I_GROUP:
      if wanted == nil {
        group.groups.append(Subgroup(name, try self.group(object.id, place, wanted: nil)))
      }
    case H5I_DATASET:
      try readDataset(object.id, name, place, wanted: wanted, into: &group)
    default:
      throw ResultFileError.unsupported(
        path: path, object: place, detail: "neither a group nor a dataset")
    }
  }

  /// Reads the object or attribute at `place`, unless it is to be left out.
  private func unlessAdded(_ place: String, _ read: () throws -> Void) throws {
    guard let additions else { return try read() }
    if let own = additions.own {
      return own.contains(place) ? try read() : additions.add(place)
    }
    do {
      try read()
    } catch ResultFileError.unsupported {
      additions.add(place)
    } catch is HDF5Failure {
      additions.add(place)
    }
  }

  private func readDataset(
    _ dataset: hid_t, _ name: String, _ place: String, wanted: Set<String>?,
    into group: inout Group
  ) throws {
    let shape = try shape(of: dataset, place)
    if try HDF5Library.check(H5DSis_scale(dataset), "look at \(place)") > 0 {
      guard shape.count == 1 else {
        throw ResultFileError.unsupported(
          path: path, object: place, detail: "a dimension scale of \(shape.count) axes")
      }
      group.dimensions.append(
        Dimension(
          name, try values(of: dataset, count: shape[0], place),
          attributes: try attributes(of: dataset, place)))
    } else if wanted?.contains(name) != false {
      group.variables.append(
        Variable(
          name, try shape.indices.map { try label(of: dataset, axis: $0, place) },
          try values(of: dataset, count: shape.reduce(1, *), place),
          attributes: try attributes(of: dataset, place)))
    }
  }

  private func label(of dataset: hid_t, axis: Int, _ place: String) throws -> String {
    let length = try HDF5Library.check(
      H5DSget_label(dataset, UInt32(axis), nil, 0), "read a dimension's name of \(place)")
    guard length > 0 else {
      throw ResultFileError.unsupported(
        path: path, object: place, detail: "an array with a nameless axis")
    }
    return try text(length) {
      try HDF5Library.check(
        H5DSget_label(dataset, UInt32(axis), $0, length + 1),
        "read a dimension's name of \(place)")
    }
  }

  private func linkNames(_ location: hid_t, _ place: String) throws -> [String] {
    var information = H5G_info_t()
    try HDF5Library.check(H5Gget_info(location, &information), "list \(place)/")
    return try (0..<information.nlinks).map { index in
      let length = try HDF5Library.check(
        H5Lget_name_by_idx(
          location, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, index, nil, 0,
          chdf5_default_properties()), "list \(place)/")
      return try text(length) {
        try HDF5Library.check(
          H5Lget_name_by_idx(
            location, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, index, $0, length + 1,
            chdf5_default_properties()), "list \(place)/")
      }
    }
  }

  /// A text of `length` bytes that `body` writes, with a zero after it.
  private func text(
    _ length: Int, _ body: (UnsafeMutablePointer<CChar>?) throws -> Int
  ) throws -> String {
    var bytes = [CChar](repeating: 0, count: length + 1)
    _ = try bytes.withUnsafeMutableBufferPointer { try body($0.baseAddress) }
    return String(decoding: bytes.prefix(length).map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  // MARK: Attributes

  private func attributes(of object: hid_t, _ place: String) throws -> [Attribute] {
    var names: [String] = []
    var position: hsize_t = 0
    try withUnsafeMutablePointer(to: &names) { pointer in
      _ = try HDF5Library.check(
        H5Aiterate2(
          object, H5_INDEX_NAME, H5_ITER_INC, &position,
          { _, name, _, context in
            guard let name, let context else { return 0 }
            context.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
            return 0
          }, UnsafeMutableRawPointer(pointer)), "list the attributes of \(place)")
    }
    var attributes: [Attribute] = []
    for name in names where !HDF5Names.reservedAttributes.contains(name) {
      try unlessAdded("\(place)@\(name)") {
        attributes.append(try attribute(name, of: object, place))
      }
    }
    return attributes.sortedByName
  }

  private func attribute(_ name: String, of object: hid_t, _ place: String) throws -> Attribute {
    let place = "\(place)@\(name)"
    let handle = try HDF5Handle.owning(
      H5Aopen(object, name, chdf5_default_properties()), H5Aclose, "open \(place)")
    let type = try HDF5Handle.owning(H5Aget_type(handle.id), H5Tclose, "look at \(place)")
    let space = try HDF5Handle.owning(H5Aget_space(handle.id), H5Sclose, "look at \(place)")
    let count = try HDF5Library.check(
      H5Sget_simple_extent_npoints(space.id), "look at \(place)")
    let values = try values(type, space, count: Int(count), place) { type, pointer in
      H5Aread(handle.id, type, pointer)
    }
    return Attribute(name, values: values)
  }

  // MARK: Values

  private func shape(of dataset: hid_t, _ place: String) throws -> [Int] {
    let space = try HDF5Handle.owning(H5Dget_space(dataset), H5Sclose, "look at \(place)")
    let rank = try HDF5Library.check(
      H5Sget_simple_extent_ndims(space.id), "read the shape of \(place)")
    var lengths = [hsize_t](repeating: 0, count: Int(rank))
    try HDF5Library.check(
      H5Sget_simple_extent_dims(space.id, &lengths, nil), "read the shape of \(place)")
    return lengths.map { Int($0) }
  }

  private func values(of dataset: hid_t, count: Int, _ place: String) throws -> Values {
    let type = try HDF5Handle.owning(H5Dget_type(dataset), H5Tclose, "look at \(place)")
    let space = try HDF5Handle.owning(H5Dget_space(dataset), H5Sclose, "look at \(place)")
    return try namingMissingFilter(of: dataset, place) {
      try values(type, space, count: count, place) { type, pointer in
        H5Dread(
          dataset, type, chdf5_whole_space(), chdf5_whole_space(), chdf5_default_properties(),
          pointer)
      }
    }
  }

  /// Reads a dataset; where that fails for want of a filter that it was written with, the error names it.
  private func namingMissingFilter<Result>(
    of dataset: hid_t, _ place: String, _ read: () throws -> Result
  ) throws -> Result {
    do {
      return try read()
    } catch let failure as HDF5Failure {
      guard let filter = try missingFilter(of: dataset, place) else { throw failure }
      throw ResultFileError.unsupported(
        path: path, object: place,
        detail: "compressed with \(filter) (write it with gzip, or without compression)")
    }
  }

  /// The name of a filter of a dataset that this HDF5 library does not have; nil if it has all.
  private func missingFilter(of dataset: hid_t, _ place: String) throws -> String? {
    let creation = try HDF5Handle.owning(
      H5Dget_create_plist(dataset), H5Pclose, "look at \(place)")
    let count = try HDF5Library.check(H5Pget_nfilters(creation.id), "look at \(place)")
    for index in 0..<UInt32(count) {
      var (flags, values): (UInt32, Int) = (0, 0)
      var name = [CChar](repeating: 0, count: 64)
      let filter = H5Pget_filter2(
        creation.id, index, &flags, &values, nil, name.count - 1, &name, nil)
      guard filter >= 0, H5Zfilter_avail(filter) == 0 else { continue }
      let text = String(
        decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      return "the filter \(text.isEmpty ? "number \(filter)" : text)"
    }
    return nil
  }

  private func values(
    _ type: borrowing HDF5Handle, _ space: borrowing HDF5Handle, count: Int, _ place: String,
    _ read: (hid_t, UnsafeMutableRawPointer?) -> herr_t
  ) throws -> Values {
    switch ElementType(type.id) {
    case .double: return .double(try numbers(count, chdf5_native_double(), place, read))
    case .float: return .float(try numbers(count, chdf5_native_float(), place, read))
    case .int64: return .int64(try numbers(count, chdf5_native_int64(), place, read))
    case .int32: return .int32(try numbers(count, chdf5_native_int32(), place, read))
    case .uint8: return .uint8(try numbers(count, chdf5_native_uint8(), place, read))
    case .text: return .string(try texts(count, space, place, read))
    case .other(let name):
      throw ResultFileError.unsupported(path: path, object: place, detail: name)
    }
  }

  private func numbers<Number: AdditiveArithmetic>(
    _ count: Int, _ type: hid_t, _ place: String,
    _ read: (hid_t, UnsafeMutableRawPointer?) -> herr_t
  ) throws -> [Number] {
    var numbers = [Number](repeating: .zero, count: count)
    guard count > 0 else { return numbers }
    let status = numbers.withUnsafeMutableBytes { read(type, $0.baseAddress) }
    try HDF5Library.check(status, "read \(place)")
    return numbers
  }

  private func texts(
    _ count: Int, _ space: borrowing HDF5Handle, _ place: String,
    _ read: (hid_t, UnsafeMutableRawPointer?) -> herr_t
  ) throws -> [String] {
    guard count > 0 else { return [] }
    let type = try HDF5Handle.owning(chdf5_text_type(), H5Tclose, "set up the type of \(place)")
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    let status = pointers.withUnsafeMutableBytes { read(type.id, $0.baseAddress) }
    try HDF5Library.check(status, "read \(place)")
    let texts = pointers.map { $0.map { String(cString: $0) } ?? "" }
    let reclaimed = pointers.withUnsafeMutableBytes {
      H5Dvlen_reclaim(type.id, space.id, chdf5_default_properties(), $0.baseAddress)
    }
    try HDF5Library.check(reclaimed, "read \(place)")
    return texts
  }

  /// The dataset at a path in the file, as numbers of one type, with its shape.
  func array<Number: HDF5Number>(
    _ dataset: String, as type: Number.Type
  ) throws -> (shape: [Int], values: [Number]) {
    guard try exists(dataset) else {
      throw ResultFileError.missing(path: path, object: "dataset \(dataset)")
    }
    let object = try HDF5Handle.owning(
      H5Oopen(file.id, dataset, chdf5_default_properties()), H5Oclose, "open \(dataset)")
    guard H5Iget_type(object.id) == H5I_DATASET else {
      throw ResultFileError.missing(path: path, object: "dataset \(dataset) (it is a group)")
    }
    let found = try HDF5Handle.owning(H5Dget_type(object.id), H5Tclose, "look at \(dataset)")
    let element = ElementType(found.id)
    guard Number.acceptedTypes.contains(element) else {
      throw ResultFileError.unsupported(
        path: path, object: dataset,
        detail: "\(element.description) where \(Number.acceptedDescription) is expected")
    }
    let shape = try shape(of: object.id, dataset)
    let id = object.id
    let values: [Number] = try namingMissingFilter(of: id, dataset) {
      try numbers(shape.reduce(1, *), Number.memoryType, dataset) {
        H5Dread(id, $0, chdf5_whole_space(), chdf5_whole_space(), chdf5_default_properties(), $1)
      }
    }
    return (shape, values)
  }

  /// Every part of the path is asked for: HDF5 fails on a path whose first part is missing.
  func exists(_ object: String) throws -> Bool {
    var prefix = ""
    for part in object.split(separator: "/") {
      prefix += "/\(part)"
      let status = H5Lexists(file.id, prefix, chdf5_default_properties())
      // Asking below a dataset is an error for the library, and an absence for us.
      if status <= 0 {
        _ = H5Eclear2(chdf5_default_error_stack())
        return false
      }
    }
    return !prefix.isEmpty
  }
}

/// The element types that are read.
enum ElementType: Equatable {
  case double, float, int64, int32, uint8, text
  case other(String)

  init(_ type: hid_t) {
    let size = H5Tget_size(type)
    let isSigned = H5Tget_sign(type) == H5T_SGN_2
    switch H5Tget_class(type) {
    case H5T_FLOAT where size == 8: self = .double
    case H5T_FLOAT where size == 4: self = .float
    case H5T_INTEGER where size == 8 && isSigned: self = .int64
    case H5T_INTEGER where size == 4 && isSigned: self = .int32
    case H5T_INTEGER where size == 1 && !isSigned: self = .uint8
    case H5T_STRING where H5Tis_variable_str(type) > 0: self = .text
    case H5T_FLOAT: self = .other("\(8 * size)-bit floating point")
    case H5T_INTEGER: self = .other("\(isSigned ? "signed" : "unsigned") \(8 * size)-bit integers")
    case H5T_STRING: self = .other("text of fixed length")
    case H5T_COMPOUND: self = .other("compound values")
    case H5T_ENUM: self = .other("enumerated values")
    case H5T_VLEN: self = .other("lists of varying length")
    case H5T_REFERENCE: self = .other("references")
    default: self = .other("of an unusual type")
    }
  }

  var description: String {
    switch self {
    case .double: "64-bit floating point"
    case .float: "32-bit floating point"
    case .int64: "signed 64-bit integers"
    case .int32: "signed 32-bit integers"
    case .uint8: "unsigned bytes"
    case .text: "text"
    case .other(let name): name
    }
  }
}
