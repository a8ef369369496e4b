#!/usr/bin/env bash
# Opens a report in headless Chromium: no console error, no horizontal scroll at 390 and 1280 pixels
# of width; on paper no navigation, dark ground, or table or figure that a page does not hold, and it
# prints. Without Chromium it says so and ends with status 0.
#
# usage: check-page.sh results/quick/report/index.html [FOLDER FOR SCREENSHOTS]
set -euo pipefail

page=${1:?usage: check-page.sh index.html [folder for screenshots]}
page=$(realpath "$page")
shots=${2:-}
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  echo "check-page: no chromium here, nothing checked (apt-get install chromium)"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# open OPTION... URL
open() {
  timeout 60 "$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars \
    --user-data-dir="$work/profile" --allow-file-access-from-files --enable-logging=stderr \
    --virtual-time-budget=5000 "$@" 2>>"$work/log"
}

failed=0
for width in 390 1280; do
  # Chromium has a least window width; a frame has none.
  cat >"$work/frame.html" <<EOF
<!DOCTYPE html><title>frame</title><body style="margin:0">
<iframe id="f" src="file://$page" style="border:0;width:${width}px;height:2000px"></iframe>
<p id="out"></p>
<script>
onload = () => {
  const inner = document.getElementById("f").contentDocument;
  const root = inner.documentElement;
  const wide = [...inner.querySelectorAll("body *")].filter(e =>
    e.getBoundingClientRect().right > $width + 1 && !e.closest(".scroll, pre, .skip, svg, thead"));
  document.getElementById("out").textContent =
    "width=" + root.scrollWidth + " wide=" +
    wide.slice(0, 3).map(e => e.tagName + "." + e.className).join(",");
};
</script>
EOF
  out=$(open --window-size=1400,2100 --dump-dom "file://$work/frame.html" | grep -o 'width=[0-9]* wide=[^<]*' || true)
  scroll=${out#width=}
  scroll=${scroll%% *}
  if [ -z "$scroll" ]; then
    echo "check-page: the page did not load at $width px"
    failed=1
  elif [ "$scroll" -gt "$width" ]; then
    echo "check-page: horizontal scroll at $width px ($out)"
    failed=1
  else
    echo "check-page: $width px wide, content $scroll px"
  fi
  if [ -n "$shots" ]; then
    mkdir -p "$shots"
    open --window-size="$((width < 500 ? 500 : width)),2000" --screenshot="$shots/page-$width.png" \
      "file://$work/frame.html" >/dev/null
  fi
done

# A4 without its margins is 703 by 1016 pixels. Style for paper is made style for the screen.
cat >"$work/paper.html" <<EOF
<!DOCTYPE html><title>paper</title><body style="margin:0">
<iframe id="f" src="file://$page" style="border:0;width:703px;height:1016px"></iframe>
<p id="out"></p>
<script>
onload = () => {
  const inner = document.getElementById("f").contentDocument;
  let printRules = 0;
  for (const rule of [...inner.styleSheets].flatMap(s => [...s.cssRules])) {
    if (!(rule instanceof document.getElementById("f").contentWindow.CSSMediaRule)) continue;
    const forPaper = rule.media.mediaText === "print";
    printRules += forPaper;
    rule.media.mediaText = forPaper ? "all" : "not all";
  }
  const style = e => inner.defaultView.getComputedStyle(e);
  const isShown = e => e.getClientRects().length > 0;
  const all = selector => [...inner.querySelectorAll(selector)];
  const faults = [];
  const report = (what, list) => { if (list.length) faults.push(what + " (" + list.length + ")"); };
  if (printRules !== 1) faults.push("no style for paper");
  report("navigation is shown", all("nav, .skip, .screen, details:not([open])").filter(isShown));
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
if [ -n "$shots" ]; then cp "$work/page.pdf" "$shots/"; fi

if grep -a ':CONSOLE' "$work/log"; then
  echo "check-page: the console has messages"
  failed=1
fi
size=$(stat -c %s "$page")
if [ "$size" -ge 3000000 ]; then
  echo "check-page: the page has $size bytes, more than 3 MB"
  failed=1
fi
exit "$failed"
