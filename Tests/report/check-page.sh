#!/usr/bin/env bash
# Opens a report in headless Chromium: no console error, and no horizontal scroll at 390 and 1280
# pixels of width. Without Chromium it says so and ends with status 0.
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

run() {
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
  out=$(run --window-size=1400,2100 --dump-dom "file://$work/frame.html" | grep -o 'width=[0-9]* wide=[^<]*' || true)
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
    run --window-size="$((width < 500 ? 500 : width)),2000" --screenshot="$shots/page-$width.png" \
      "file://$work/frame.html" >/dev/null
  fi
done

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
