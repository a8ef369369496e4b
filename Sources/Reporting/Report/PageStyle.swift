/// The style sheet of the page: light, dark, narrow (`page.css`) and on paper (`page-print.css`).
enum PageStyle {
  static let text = """
    :root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --soft: #f3f5f7;
      --line: #c9d1d9; --link: #0550ae; --quiet: #57606a; --yes: #116329; --yes-bg: #dafbe1;
      --no: #a40e26; --no-bg: #ffebe9; --open: #7d4e00; --open-bg: #fff8c5;
      \(Palette.properties(isDark: false)) }
    @media screen and (prefers-color-scheme: dark) {
      :root { --ink: #e6edf3; --paper: #0d1117; --soft: #161b22; --line: #3d444d; --link: #79c0ff;
        --quiet: #9ba5b0; --yes: #7ee787; --yes-bg: #12261e; --no: #ffa198; --no-bg: #2d1518;
        --open: #e3b341; --open-bg: #272115;
        \(Palette.properties(isDark: true)) } }
    \(resource(PackageResources.page_css))
    \(Palette.classes)
    \(resource(PackageResources.page_print_css))
    """
}
