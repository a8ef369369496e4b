/// What the page's script, `page.js`, adds: filters, a search, and opening what a link points at.
package enum PageScript {
  /// The script.
  package static let text = resource(PackageResources.page_js)
}

/// A text that is compiled in, without the end of its last line.
func resource(_ bytes: [UInt8]) -> String { String(decoding: bytes.dropLast(), as: UTF8.self) }
