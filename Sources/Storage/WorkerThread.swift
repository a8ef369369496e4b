import Foundation

/// A thread that runs a closure once. Foundation's `Thread` waits for ever if the system has no more
/// threads; here that is an error.
public final class WorkerThread: Sendable {
  private let handle: pthread_t

  private final class Work: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// Starts a thread with a stack of 8 MB. Throws `SystemError`.
  public init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, 8 << 20)
    let work = Unmanaged.passRetained(Work(body))
    var handle = pthread_t()
    let code = pthread_create(
      &handle, &attributes,
      { argument in
        if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    guard code == 0 else {
      work.release()
      throw SystemError("start a thread", code: code)
    }
    self.handle = handle
  }

  /// Waits until the closure has returned.
  public func join() { pthread_join(handle, nil) }
}
