/// Elements that the page is made of.
enum HTML {
  /// Text inside an element or an attribute.
  static func escaped(_ text: String) -> String {
    Gnuplot.escaped(text).replacing("\"", with: "&quot;")
  }

  /// A closed part that can be opened; on paper it is open.
  static func details(_ summary: String, _ body: String, id: String? = nil, kind: String = "")
    -> String
  {
    let name = id.map { " id=\"\($0)\"" } ?? ""
    let style = kind.isEmpty ? "" : " class=\"\(kind)\""
    return "<details\(name)\(style)><summary>\(summary)</summary>\n\(body)</details>\n"
  }

  /// A table that scrolls inside its own box, and whose rows become cards on narrow screens. The roles are
  /// spelled out, as `display` would take them away.
  static func table(
    _ caption: String, _ header: [String], _ rows: [[String]]
  ) -> String {
    var out = "<div class=\"scroll\" role=\"region\" aria-label=\"\(caption)\" tabindex=\"0\">\n"
    out += "<table role=\"table\" class=\"cards\">\n"
    out += "<caption>\(caption)</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">"
    out += header.map { "<th role=\"columnheader\" scope=\"col\">\(escaped($0))</th>" }.joined()
    out += "</tr></thead>\n<tbody role=\"rowgroup\">\n"
    for row in rows {
      out += "<tr role=\"row\">"
      for (index, cell) in row.enumerated() {
        let label = " data-label=\"\(escaped(header[index]))\""
        out +=
          index == 0
          ? "<th role=\"rowheader\" scope=\"row\"\(label)>\(cell)</th>"
          : "<td role=\"cell\"\(label)>\(cell)</td>"
      }
      out += "</tr>\n"
    }
    return out + "</tbody></table></div>\n"
  }

  /// A verdict with its mark.
  static func badge(_ verdict: Verdict) -> String {
    "<span class=\"badge \(kind(verdict))\">\(ReportText.marked(verdict))</span>"
  }

  /// The name of a verdict in the page's style.
  static func kind(_ verdict: Verdict) -> String {
    switch verdict {
    case .reproduced: "yes"
    case .notReproduced: "no"
    case .inconclusive: "open"
    case .notRun: "none"
    }
  }
}
