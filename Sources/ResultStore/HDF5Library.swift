import CHDF5
import Foundation

/// The one way to HDF5: calls one thread at a time, and turns its error stack into ours.
enum HDF5Library {
  /// The library is not built to be called by several threads.
  private static let lock = NSRecursiveLock()

  /// Calls `body` with the library to itself; failures become errors about the file at `path`.
  static func session<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
    try exclusively {
      do {
        return try body()
      } catch let failure as HDF5Failure {
        throw ResultFileError(failure, path: path)
      }
    }
  }

  /// Calls `body` with the library to itself.
  static func exclusively<Result>(_ body: () throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    // It would print its errors to stderr by itself; the setting is per thread.
    _ = H5Eset_auto2(chdf5_default_error_stack(), nil, nil)
    return try body()
  }

  /// The failure that the library has just told.
  static func failure(_ action: String) -> HDF5Failure {
    var failure = HDF5Failure(action: action)
    // Innermost first: the first entry tells what happened, the others who was waiting for it.
    withUnsafeMutablePointer(to: &failure) { pointer in
      _ = H5Ewalk2(
        chdf5_default_error_stack(), H5E_WALK_UPWARD,
        { number, entry, context in
          guard let entry, let context else { return 0 }
          let failure = context.assumingMemoryBound(to: HDF5Failure.self)
          if number == 0, let text = entry.pointee.desc {
            failure.pointee.detail = String(cString: text)
          }
          failure.pointee.reasons.append(entry.pointee.min_num)
          return 0
        }, UnsafeMutableRawPointer(pointer))
    }
    _ = H5Eclear2(chdf5_default_error_stack())
    return failure
  }

  /// Throws what the library told if `status` says that the call failed.
  @discardableResult
  static func check<Status: SignedInteger>(
    _ status: Status, _ action: @autoclosure () -> String
  ) throws -> Status {
    guard status >= 0 else { throw failure(action()) }
    return status
  }
}

/// What HDF5 said about a call that failed.
struct HDF5Failure: Error {
  var action: String
  var detail = "no reason was given"
  var reasons: [hid_t] = []
}

/// An object of the library that is closed when its owner goes out of scope.
struct HDF5Handle: ~Copyable {
  let id: hid_t
  private let close: @convention(c) (hid_t) -> herr_t

  private init(id: hid_t, close: @escaping @convention(c) (hid_t) -> herr_t) {
    self.id = id
    self.close = close
  }

  /// Takes over what a call returned; throws what the library told if that is an error.
  static func owning(
    _ id: hid_t, _ close: @escaping @convention(c) (hid_t) -> herr_t,
    _ action: @autoclosure () -> String
  ) throws -> HDF5Handle {
    HDF5Handle(id: try HDF5Library.check(id, action()), close: close)
  }

  deinit { _ = close(id) }
}
