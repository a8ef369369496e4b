#!/usr/bin/env python3
"""Makes the table of outcomes from the runners' JSON lines.

usage: table.py ROWS.json ...      (what run_*.py --json wrote)
"""

import json
import sys

ORDER = ["dense", "sparse", "near-epsilon", "tiny", "huge", "zeros-first", "one-parameter", "resume", "long"]


def size(error):
    if error == 0:
        return "0"
    return f"{error:.0e}".replace("e-0", "e-").replace("e+0", "e") if error < float("inf") else "not finite"


def cell(row):
    return size(row["error"]) if not row["departs"] else f"**{size(row['error'])}**, step {row['departs']}"


def main():
    rows = [json.loads(line) for path in sys.argv[1:] for line in open(path, encoding="utf-8")]
    for framework in dict.fromkeys(row["framework"] for row in rows):
        own = [row for row in rows if row["framework"] == framework]
        print(f"### {framework} {own[0]['version']}\n")
        print("| optimizer | held against | " + " | ".join(ORDER) + " |")
        print("| --- " * (len(ORDER) + 2) + "|")
        for optimizer, method in dict.fromkeys((row["optimizer"], row["method"]) for row in own):
            for dtype in ("float32", "float64"):
                cells = {
                    row["sequence"]: cell(row)
                    for row in own
                    if (row["optimizer"], row["method"], row["dtype"]) == (optimizer, method, dtype)
                }
                name = f"`{optimizer}` | `{method}`" if dtype == "float32" else "in float64 |"
                print(f"| {name} | " + " | ".join(cells.get(sequence, "") for sequence in ORDER) + " |")
        print()


if __name__ == "__main__":
    main()
