@_exported import CLAPACK
import Storage

/// OpenBLAS, for what is no loop over theta: CBLAS and the eigenproblem of a symmetric matrix.
///
/// It is opened on first use and runs on the calling thread alone. See `clapack.h` for what there is.
public enum LinearAlgebra {
  /// Opens the library, so that its absence is told as an error of this kind.
  ///
  /// Throws `LibraryError` if there is none.
  public static func load() throws(LibraryError) {
    guard let reason = clapack_load() else { return }
    throw LibraryError(
      "OpenBLAS cannot be opened (\(String(cString: reason))); "
        + "install it (sudo apt-get install libopenblas0-pthread)")
  }

  /// OpenBLAS' version and the kernels that it has chosen for this processor.
  public static var configuration: String { String(cString: clapack_configuration()) }
}

/// A library that is not there.
public struct LibraryError: UserFacingError {
  /// What is missing and what to do.
  public let description: String
  /// Always `unavailable`.
  public var exitStatus: ExitStatus { .unavailable }

  init(_ description: String) { self.description = description }
}
