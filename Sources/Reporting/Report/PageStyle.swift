/// The style sheet of the page: light, dark, narrow and on paper.
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
    \(screen)
    \(Palette.classes)
    \(paper)
    """

  private static let screen = """
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
    body { margin: 0 auto; max-width: 72rem; padding: 1rem; color: var(--ink);
      background: var(--paper); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
    h1 { font-size: 1.6rem; line-height: 1.25; margin: .4rem 0; }
    h2 { margin-top: 1.8rem; border-bottom: 1px solid var(--line); font-size: 1.3rem; }
    h3 { margin: 0 0 .3rem; font-size: 1.15rem; }
    h4 { margin: .6rem 0 .3rem; font-size: 1rem; }
    a { color: var(--link); }
    a:focus-visible, summary:focus-visible, .scroll:focus-visible, pre:focus-visible,
    button:focus-visible, input:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
    [hidden] { display: none !important; }
    .skip { position: absolute; left: -100vw; }
    .skip:focus { position: static; }
    .lead { font-size: 1.25rem; margin: .4rem 0; }
    .gravest { padding: .5rem .9rem; border-left: 4px solid var(--no); background: var(--no-bg);
      margin: .6rem 0; }
    .counts, nav ul, .legend { display: flex; flex-wrap: wrap; gap: .3rem 1rem; padding: 0;
      list-style: none; margin: .5rem 0; }
    .counts li { padding: .1rem .7rem; border: 1px solid; border-radius: .5rem; }
    .counts b { font-size: 1.3rem; }
    button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
    button[aria-pressed="true"] { text-decoration: underline; font-weight: 600; }
    #tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
    #tools button { border: 1px solid var(--line); border-radius: .4rem; padding: .2rem .7rem; }
    input { font: inherit; color: inherit; background: var(--soft); border: 1px solid var(--quiet);
      border-radius: .4rem; padding: .2rem .6rem; max-width: 100%; }
    .failures ol { columns: 20rem; column-gap: 2.6rem; margin: .3rem 0; padding-left: 2rem; }
    .failures li { break-inside: avoid; overflow-wrap: anywhere; }
    .caveats, .warning { padding: .4rem 1rem .4rem 2rem; border-left: 4px solid var(--open);
      background: var(--open-bg); margin: .4rem 0; }
    .warning { padding-left: 1rem; font-size: .9rem; }
    .card { border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1.1rem;
      margin: 1.1rem 0; }
    .chips { font-size: .85rem; font-weight: normal; }
    .sentence { margin: .3rem 0 .6rem; }
    .claim { border-top: 1px solid var(--line); padding: .3rem 0 .6rem; }
    .claim p { margin: .3rem 0; font-size: .92rem; }
    .permalink { text-decoration: none; color: var(--quiet); }
    :target { background: var(--open-bg); }
    code { font-size: .85em; overflow-wrap: anywhere; }
    small, caption, figcaption, .missing, .links { color: var(--quiet); font-size: .88rem; }
    figure { margin: .6rem 0 .9rem; }
    figcaption p { margin: .2rem 0; }
    .panels { display: grid; gap: .5rem; align-items: start;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
    .panels.small { grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); }
    .panels svg { display: block; width: 100%; height: auto; max-width: 22rem; }
    .forest { display: block; width: 100%; max-width: 64rem; height: auto; }
    .forest a { text-decoration: none; }
    .forest a:hover text { text-decoration: underline; }
    .forest.narrow { display: none; }
    @media screen and (max-width: 46rem) {
      .forest.wide { display: none; } .forest.narrow { display: block; }
      .card { padding: .6rem .6rem; } }
    @media screen and (min-width: 66rem) {
      .card > details:not([open]) { display: inline-block; margin-right: 1.5rem; }
      figure.beside { display: grid; column-gap: 1.2rem; align-items: start; grid-template-columns:
        minmax(0, calc(var(--panels) * 22.5rem)) minmax(0, 1fr); }
      .beside > h4, .beside > .warning, .beside > details[open] { grid-column: 1 / -1; }
      .beside > .panels { grid-row: span 2; } }
    @media (min-width: 62rem) {
      .panels.small { grid-template-columns: repeat(var(--columns), 1fr); } }
    .scroll { overflow-x: auto; }
    table { width: 100%; border-collapse: collapse; font-size: .88rem; }
    caption { text-align: left; padding: .2rem 0; }
    th, td { padding: .3rem .5rem; border-bottom: 1px solid var(--line); text-align: left;
      vertical-align: top; font-weight: normal; }
    .cards th, .cards td { overflow-wrap: anywhere; }
    thead th { font-weight: 600; background: var(--soft); }
    .badge { display: inline-block; padding: 0 .5em; border: 1px solid; border-radius: 1em;
      white-space: nowrap; font-weight: normal; }
    .yes { color: var(--yes); background: var(--yes-bg); }
    .no { color: var(--no); background: var(--no-bg); }
    .open { color: var(--open); background: var(--open-bg); }
    .none { color: var(--quiet); background: var(--soft); }
    details { margin: .4rem 0; }
    summary { color: var(--link); cursor: pointer; }
    dt { font-weight: 600; margin-top: .5rem; }
    dd { margin: 0; }
    pre { overflow-x: auto; padding: .6rem .8rem; background: var(--soft); font-size: .85rem; }
    @media screen and (max-width: 44rem) {
      .cards thead { position: absolute; left: -100vw; }
      .cards, .cards tbody, .cards tr, .cards th, .cards td, .cards caption { display: block;
        width: 100%; }
      .cards tr { padding: .4rem 0; border-bottom: 2px solid var(--line); }
      .cards th, .cards td { padding: .1rem 0; border: 0; }
      .cards th::before, .cards td::before { content: attr(data-label) ": "; color: var(--quiet); } }
    """

  private static let paper = """
    @page { margin: 14mm 12mm; }
    @media print {
      :root { color-scheme: light; --ink: #000; --paper: #fff; --soft: #fff; --line: #999;
        --link: #000; --quiet: #333; --yes: #000; --yes-bg: #fff; --no: #000; --no-bg: #fff;
        --open: #000; --open-bg: #fff; }
      nav, .skip, .screen, #tools, .permalink { display: none; }
      a { text-decoration: none; }
      body { max-width: none; padding: 0; font-size: 9.5pt; line-height: 1.35; }
      h2, h3, h4, caption, summary, thead { break-after: avoid; }
      h2 { margin-top: 1.2rem; }
      .card { border: 0; padding: 0; }
      details::details-content { display: block; content-visibility: visible; }
      .warning, .legend { break-after: avoid; }
      .panels > svg, figcaption, h2, h3, h4, tr, li, p, pre { break-inside: avoid; }
      .panels { grid-template-columns: 1fr 1fr; }
      .panels.small { grid-template-columns: 1fr 1fr 1fr; }
      .forest.wide { max-height: 250mm; }
      summary { list-style: none; color: var(--ink); font-weight: 600; }
      .scroll, pre { overflow: visible; }
      pre { white-space: pre-wrap; }
      table { font-size: 8pt; }
      th, td { padding: .2rem .35rem; overflow-wrap: anywhere; } }
    """
}
