import CHDF5
import Storage

/// Why an HDF5 file cannot be read or written.
public enum ResultFileError: UserFacingError, Equatable {
  /// It is not an HDF5 file.
  case notHDF5(path: String)
  /// It is an HDF5 file without our `schema` attribute.
  case notOurs(path: String)
  /// Its schema is later than this program's.
  case newerSchema(path: String, schema: String)
  /// It ends too early.
  case truncated(path: String, detail: String)
  /// Its bytes are not those that were written.
  case damaged(path: String)
  /// Another program has changed what was written.
  case altered(path: String)
  /// Its parts do not fit together.
  case inconsistent(path: String, detail: String)
  /// It holds something that this program does not read.
  case unsupported(path: String, object: String, detail: String)
  /// It lacks something.
  case missing(path: String, object: String)
  /// HDF5 failed; `detail` is what it said.
  case library(path: String, action: String, detail: String)

  init(_ failure: HDF5Failure, path: String) {
    if failure.reasons.contains(chdf5_reason_not_hdf5()) {
      self = .notHDF5(path: path)
    } else if failure.reasons.contains(chdf5_reason_truncated()) {
      self = .truncated(path: path, detail: failure.detail)
    } else {
      self = .library(path: path, action: failure.action, detail: failure.detail)
    }
  }

  /// What is wrong, where, what HDF5 said, and what to do; one line.
  public var description: String {
    switch self {
    case .notHDF5(let path):
      "\(path) is not an HDF5 file; move it away, or choose another file"
    case .notOurs(let path):
      "\(path) is an HDF5 file, but not a result of this program (no attribute schema = "
        + "\(ResultFile.schema)); move it away, or choose another file"
    case .newerSchema(let path, let schema):
      "\(path) has the schema \(schema), this program knows up to \(ResultFile.schema); "
        + "use the program that wrote it, or move it away"
    case .truncated(let path, let detail):
      "\(path) is cut off (HDF5: \(detail)); remove it and make it again"
    case .damaged(let path):
      "\(path) is damaged (its checksum is wrong); remove it and make it again"
    case .altered(let path):
      "\(path) was changed by another program: its content is not what was written; move it away, "
        + "then make it again"
    case .inconsistent(let path, let detail):
      "\(path) does not fit together: \(detail); remove it and make it again"
    case .unsupported(let path, let object, let detail):
      "\(object) in \(path) is \(detail), which this program does not read"
    case .missing(let path, let object):
      "\(path) has no \(object); list what it has with: h5dump -n \(path)"
    case .library(let path, let action, let detail):
      "cannot \(action) in \(path) (HDF5: \(detail)); if the file is damaged, remove it and make it "
        + "again"
    }
  }

  /// 65: bad data.
  public var exitStatus: ExitStatus { .badData }
}
