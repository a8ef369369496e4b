#!/usr/bin/env bash
# Opens a report, and the figures of READMEs, in headless Chromium at 390, 768 and 1280 pixels of width, light and
# dark, and as on paper. Fails on messages of the console, horizontal scroll, drawings without words, words too
# pale, figures without data, links to nowhere, too high a page, and what paper does not hold. Leaves
# screenshots. Without Chromium it says so and ends with status 0.
#
# usage: check-page.sh results/quick/report/index.html [FOLDER FOR SCREENSHOTS] [README.md...]
set -euo pipefail

page=${1:?usage: check-page.sh index.html [folder for screenshots] [README.md...]}
page=$(realpath "$page")
shots=${2:-}
shift $(($# < 2 ? $# : 2))
here=$(cd "$(dirname "$0")" && pwd)
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  echo "check-page: no chromium here, nothing checked (apt-get install chromium)"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -z "$shots" ] || mkdir -p "$shots"
failed=0

# open OPTION... URL
open() {
  timeout 60 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars \
    --user-data-dir="$work/profile" --allow-file-access-from-files --enable-logging=stderr \
    --virtual-time-budget=5000 "$@" 2>>"$work/log"
}

# check NAME FILE WIDTH LIMITS OPTION...: the faults of a page at a width
check() {
  local name=$1 file=$2 width=$3 limits=$4 said
  shift 4
  # Chromium has a least window width; a frame has none.
  cat >"$work/frame.html" <<EOF
<!DOCTYPE html><title>frame</title><body style="margin:0">
<iframe id="f" src="file://$file" style="border:0;width:${width}px;height:2000px"></iframe>
<p id="out"></p>
<script src="file://$here/page-checks.js"></script>
<script>
onload = () => setTimeout(() => {
  const inner = document.getElementById("f").contentDocument;
  const found = faults(inner, $width, $limits);
  document.getElementById("out").textContent =
    "faults=" + (found.join(" | ") || "none") + "." + (found.measured ? " " + found.measured : "");
}, 300);
</script>
EOF
  said=$(open "$@" --window-size=1400,2100 --dump-dom "file://$work/frame.html" |
    tr '\n' ' ' | sed -n 's|.*<p id="out">faults=\([^<]*\)<.*|\1|p' || true)
  echo "check-page: $name, $width px: ${said:-the page did not load}"
  case $said in none.*) ;; *) failed=1 ;; esac
  if [ -n "$shots" ]; then
    sed -i "s/height:2000px/height:${SHOT_HEIGHT:-6000}px/" "$work/frame.html"
    open "$@" --window-size="$((width < 500 ? 500 : width)),${SHOT_HEIGHT:-6000}" \
      --screenshot="$shots/$name-$width.png" "file://$work/frame.html" >/dev/null ||
      echo "check-page: no screenshot of $name at $width px: the browser took too long"
  fi
}

for width in 390 768 1280; do
  check page "$page" "$width" "$([ "$width" = 1280 ] && echo true || echo false)"
done
check page-dark "$page" 1280 false --blink-settings=preferredColorScheme=0

# The figures of the READMEs, as a reader of the repository sees them.
for readme in "$@"; do
  name=$(basename "$(dirname "$(realpath "$readme")")")-figures
  {
    echo '<!DOCTYPE html><html lang="en"><title>figures</title><style>img { max-width: 100% }</style><body style="margin:8px">'
    echo "<base href=\"file://$(dirname "$(realpath "$readme")")/\">"
    grep -oE '</?picture>|<source [^>]*>|<img [^>]*>' "$readme" || true
    echo '</body></html>'
  } >"$work/readme.html"
  while read -r file; do
    [ -e "$(dirname "$readme")/$file" ] || {
      echo "check-page: $readme shows $file, which is not there"
      failed=1
    }
  done < <(grep -oE '(src|srcset)="[^"]*"' "$readme" | cut -d'"' -f2)
  for width in 390 768 1280; do SHOT_HEIGHT=2000 check "$name" "$work/readme.html" "$width" false; done
done

# A4 without its margins is 703 by 1016 pixels. Style for paper is made style for the screen.
cat >"$work/paper.html" <<EOF
<!DOCTYPE html><title>paper</title><body style="margin:0">
<iframe id="f" src="file://$page" style="border:0;width:703px;height:1016px"></iframe>
<p id="out"></p>
<script>
onload = () => {
  const frame = document.getElementById("f");
  const inner = frame.contentDocument;
  let printRules = 0;
  for (const rule of [...inner.styleSheets].flatMap(s => [...s.cssRules])) {
    if (!(rule instanceof frame.contentWindow.CSSMediaRule)) continue;
    const forPaper = rule.media.mediaText === "print";
    printRules += forPaper;
    rule.media.mediaText = forPaper ? "all" : "not all";
  }
  frame.contentWindow.dispatchEvent(new Event("beforeprint"));
  const style = e => inner.defaultView.getComputedStyle(e);
  const isShown = e => e.getClientRects().length > 0;
  const all = selector => [...inner.querySelectorAll(selector)];
  const faults = [];
  const report = (what, list) => { if (list.length) faults.push(what + " (" + list.length + ")"); };
  if (printRules !== 1) faults.push("no style for paper");
  report("navigation is shown", all("nav, .skip, .screen").filter(isShown));
  report("what is closed stays closed", all("details").filter(e => !e.open));
  report("wider than the page", all("body *").filter(e => isShown(e) && !e.closest("svg")
    && e.getBoundingClientRect().right > 704));
  report("figures higher than the page", all(".panels > svg")
    .filter(e => e.getBoundingClientRect().height > 1016));
  report("dark ground", all("html, body, body *").filter(e => {
    const parts = style(e).backgroundColor.match(/[0-9.]+/g).map(Number);
    return isShown(e) && !e.closest("svg") && parts[3] !== 0 && parts[0] + parts[1] + parts[2] < 600;
  }));
  report("figures that a page may cut", all(".panels > svg")
    .filter(e => style(e).breakInside !== "avoid"));
  document.getElementById("out").textContent = "paper=" + (faults.join("; ") || "fine") + ".";
};
</script>
EOF
paper=$(open --window-size=1400,2100 --dump-dom "file://$work/paper.html" | sed -n 's|.*<p id="out">\(paper=[^<]*\)<.*|\1|p' || true)
echo "check-page: on ${paper:-paper: the page did not load}"
[ "$paper" = 'paper=fine.' ] || failed=1
open --no-pdf-header-footer --print-to-pdf="$work/page.pdf" "file://$page" >/dev/null || true
if [ "$(head -c 5 "$work/page.pdf" 2>/dev/null)" != '%PDF-' ]; then
  echo "check-page: the page does not print"
  failed=1
fi
[ -z "$shots" ] || cp "$work/page.pdf" "$shots/"

if grep -a ':CONSOLE' "$work/log"; then
  echo "check-page: the console has messages"
  failed=1
fi
size=$(stat -c %s "$page")
script=$(sed -n '/^<script>$/,/^<\/script>$/p' "$page" | wc -c)
echo "check-page: $size bytes, $script of them script"
if [ "$size" -ge 3000000 ]; then
  echo "check-page: the page has $size bytes, more than 3 MB"
  failed=1
fi
if [ "$script" -ge 10000 ]; then
  echo "check-page: the script has $script bytes, more than 10 kB"
  failed=1
fi
exit "$failed"
