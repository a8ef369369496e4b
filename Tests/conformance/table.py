#!/usr/bin/env python3
"""Writes the table of outcomes into a page, from the runners' JSON lines.

usage: table.py PAGE.md ROWS.json ...      (what run_*.py --json wrote)

What stands between the lines "conformance: begin" and "conformance: end" of PAGE is generated. Status 0, or 65
if PAGE has no such lines.
"""

import json
import os
import pathlib
import re
import sys

MARKS = re.compile(r"(<!-- conformance: begin [^\n]*-->\n)(.*?)(<!-- conformance: end -->)", re.DOTALL)

ORDER = [
    "dense",
    "sparse",
    "near-epsilon",
    "tiny",
    "huge",
    "zeros-first",
    "one-parameter",
    "resume",
    "long",
    "other-values",
    "resume-after-a-fall",
]


def size(error):
    if error == 0:
        return "0"
    return f"{error:.0e}".replace("e-0", "e-").replace("e+0", "e") if error < float("inf") else "not finite"


def cell(row):
    return size(row["error"]) if not row["departs"] else f"**{size(row['error'])}**, step {row['departs']}"


def tables(rows):
    lines = []
    for framework in dict.fromkeys(row["framework"] for row in rows):
        own = [row for row in rows if row["framework"] == framework]
        lines += [f"### {framework} {own[0]['version']}", ""]
        lines.append("| optimizer | held against | " + " | ".join(ORDER) + " |")
        lines.append("| --- " * (len(ORDER) + 2) + "|")
        for optimizer, method in dict.fromkeys((row["optimizer"], row["method"]) for row in own):
            for dtype in ("float32", "float64"):
                cells = {
                    row["sequence"]: cell(row)
                    for row in own
                    if (row["optimizer"], row["method"], row["dtype"]) == (optimizer, method, dtype)
                }
                name = f"`{optimizer}` | `{method}`" if dtype == "float32" else "in float64 |"
                lines.append(f"| {name} | " + " | ".join(cells.get(sequence, "") for sequence in ORDER) + " |")
        lines.append("")
    return "\n".join(lines) + "\n"


def main():
    page = pathlib.Path(sys.argv[1])
    texts = [pathlib.Path(path).read_text(encoding="utf-8") for path in sys.argv[2:]]
    rows = [json.loads(line) for text in texts for line in text.splitlines()]
    text = page.read_text(encoding="utf-8")
    if not MARKS.search(text):
        print(f"table: {page} has no lines 'conformance: begin' and 'conformance: end'", file=sys.stderr)
        return 65
    partial = page.with_name(page.name + ".partial")
    partial.write_text(MARKS.sub(lambda match: match[1] + tables(rows) + match[3], text), encoding="utf-8")
    os.replace(partial, page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
