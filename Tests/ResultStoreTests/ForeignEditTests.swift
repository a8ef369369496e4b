import CHDF5
import Foundation
import ResultStore
import Storage
import TestSupport
import Testing

/// What other programs do to a result file by HDF5.
@Suite struct ForeignEditTests {
  /// H5F_ACC_RDWR, a macro that does not import.
  private static let readWrite: UInt32 = 1

  /// Opens the file for changes, as h5py does with "r+".
  private func edit(_ path: String, _ body: (hid_t) -> Void) throws {
    let file = H5Fopen(path, Self.readWrite, chdf5_default_properties())
    try #require(file >= 0)
    body(file)
    H5Fclose(file)
  }

  private func addAttribute(_ name: String, to object: hid_t, type: hid_t = chdf5_native_double()) {
    let space = H5Screate(H5S_SCALAR)
    let attribute = H5Acreate2(
      object, name, type, space, chdf5_default_properties(), chdf5_default_properties())
    var bytes = [UInt8](repeating: 1, count: max(8, H5Tget_size(type)))
    H5Awrite(attribute, type, &bytes)
    H5Aclose(attribute)
    H5Sclose(space)
  }

  private func addDataset(_ name: String, to location: hid_t) {
    var length: [hsize_t] = [3]
    let space = H5Screate_simple(1, &length, nil)
    let dataset = H5Dcreate2(
      location, name, chdf5_native_double(), space, chdf5_default_properties(),
      chdf5_default_properties(), chdf5_default_properties())
    H5Dclose(dataset)
    H5Sclose(space)
  }

  @Test func `additions are left out and named, and the rest is as it was written`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/small.h5"
      try ResultFile.write(sampleDocument(), to: path)
      #expect(try ResultFile.readWithAdditions(path).additions.isEmpty)
      try edit(path) { file in
        addAttribute("checked_by", to: file)
        // Of a type that no result file has.
        let opaque = H5Tcreate(H5T_OPAQUE, 8)
        addAttribute("remark", to: file, type: opaque)
        H5Tclose(opaque)
        let cost = H5Dopen2(file, "train_cost", chdf5_default_properties())
        addAttribute("note", to: cost)
        H5Dclose(cost)
        let group = H5Gcreate2(
          file, "mine", chdf5_default_properties(), chdf5_default_properties(),
          chdf5_default_properties())
        addDataset("values", to: group)
        H5Gclose(group)
        addDataset("loose", to: file)
      }
      let (document, additions) = try ResultFile.readWithAdditions(path)
      #expect(document.isIdentical(to: sampleDocument()))
      #expect(
        Set(additions) == ["/@checked_by", "/@remark", "/train_cost@note", "/mine", "/loose"])
      #expect(try ResultFile.readAttributes(path).text("title") != nil)
      try ResultFile.checkReplaceable(path)
    }
  }

  @Test func `a changed number is refused wherever the file is read`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/small.h5"
      try ResultFile.write(sampleDocument(), to: path)
      try edit(path) { file in
        let cost = H5Dopen2(file, "train_cost", chdf5_default_properties())
        var values = [Double](repeating: 0.5, count: 2 * 3 * 4 * 46)
        H5Dwrite(
          cost, chdf5_native_double(), chdf5_whole_space(), chdf5_whole_space(),
          chdf5_default_properties(), &values)
        H5Dclose(cost)
      }
      let altered = ResultFileError.altered(path: path)
      #expect(throws: altered) { try ResultFile.read(path) }
      #expect(throws: altered) { try ResultFile.readAttributes(path) }
      #expect(throws: altered) { try ResultFile.read(path, variables: []) }
      #expect(throws: altered) { try ResultFile.write(sampleDocument(), to: path) }
      #expect(altered.description.contains(path) && altered.exitStatus == .badData)
    }
  }

  @Test func `what was written and is gone or renamed is refused`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/small.h5"
      for change in [
        { (file: hid_t) in _ = H5Adelete(file, "title") },
        { _ = H5Ldelete($0, "train_cost", chdf5_default_properties()) },
      ] {
        try? FileManager.default.removeItem(atPath: path)
        try ResultFile.write(sampleDocument(), to: path)
        try edit(path, change)
        #expect(throws: ResultFileError.altered(path: path)) { try ResultFile.read(path) }
      }
    }
  }

  @Test func `a file that was only opened for changes is as it was`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/small.h5"
      try ResultFile.write(sampleDocument(), to: path)
      try edit(path) { _ in }
      #expect(try ResultFile.read(path).isIdentical(to: sampleDocument()))
    }
  }

  // MARK: The hash of the numbers

  @Test func `the hash of the numbers depends on numbers and labels alone`() {
    let document = sampleDocument()
    var other = document
    other.root.attributes.removeAll { $0.name == "title" }
    other.root.set(Attribute("cpu_model", "another"))
    var volatile = Group()
    volatile.variables = [Variable("seconds", [], .double([1]))]
    other.root.set(Subgroup("volatile", volatile))
    other.root.set(Subgroup("claims", volatile))
    // Choices in words are none; their curves are.
    var choices = Group()
    choices.variables = [
      Variable("effect", [], .string(["none"])), Variable("cost", [], .double([1])),
    ]
    other.root.set(Subgroup("choices", choices))
    #expect(other.numbersDigest == document.numbersDigest)
    choices.variables.append(Variable(RunState.variable, [], .uint8([1])))
    other.root.set(Subgroup("choices", choices))
    #expect(other.numbersDigest != document.numbersDigest)
    func changed(_ change: (inout Document) -> Void) -> String {
      var copy = document
      change(&copy)
      return copy.numbersDigest
    }
    guard let index = document.root.variables.firstIndex(where: { $0.name == "train_cost" }),
      case .double(var costs) = document.root.variables[index].values
    else {
      Issue.record("no train_cost")
      return
    }
    let other0 = costs[0]
    costs[0] = other0.nextUp
    #expect(changed { $0.root.variables[index].values = .double(costs) } != document.numbersDigest)
    costs[0] = other0
    // Every not-a-number is the same one.
    costs[3] = -Double.nan
    #expect(changed { $0.root.variables[index].values = .double(costs) } == document.numbersDigest)
    #expect(
      changed { $0.root.dimensions[0].labels = .string(["published", "other"]) }
        != document.numbersDigest)
  }
}
