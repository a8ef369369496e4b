#!/usr/bin/env python3
"""Writes the tables of docs/speed.md from the outcome that bench.py keeps, or compares them.

usage: page.py [--check] OUTCOME.json [OTHER.json...] PAGE.md

Of the others, outcomes of other hours or of older sources, the ratios alone are shown beside.

What stands between the lines "speed: begin" and "speed: end" of PAGE is generated. Exit status: 0 written, or the
same; 1 with --check where it differs; 64 wrong options; 65 PAGE or OUTCOME is not as it should be.
"""

import os
import pathlib
import re
import sys

import outcome as outcomes

TITLES = {
    "logistic": "logistic regression, MNIST",
    "mlp": "784-1000-1000-10, MNIST",
    "mlp-dropout": "the same with dropout",
    "vae": "auto-encoder 784-500-50-500-784, MNIST",
    "cnn": "c64-c64-c128-1000, CIFAR-10's size",
    "cnn-dropout": "the same with dropout",
    "imdb": "sparse logistic regression with dropout, IMDB's size",
    "fashion": "784-1024-512-512-512-10, Fashion-MNIST",
    "adam-20000": "Adam's update of 20,000 parameters",
    "adam-1800000": "Adam's update of 1,800,000 parameters",
}
NAMES = {"torch": "PyTorch", "jax": "JAX", "tensorflow": "TensorFlow"}
MARKS = re.compile(r"(<!-- speed: begin [^\n]*-->\n)(.*?)(<!-- speed: end -->)", re.DOTALL)


def cell(entry, framework):
    found = outcomes.ratios(entry, framework) if framework in entry["peers"] else None
    return "" if found is None else f"{found[0]:.2f} ({found[1]:.2f} to {found[2]:.2f})"


def best(entry):
    """The fastest framework's name, None where none runs it."""
    found = {f: outcomes.ratios(entry, f) for f in entry["peers"]}
    return min((f for f in found if found[f]), key=lambda f: found[f][0], default=None)


def fastest(entry):
    """How much longer the fastest peer takes, in words; empty where none runs it."""
    first = best(entry)
    if first is None:
        return ""
    found = outcomes.ratios(entry, first)
    return f"{found[0]:.2f} ({found[1]:.2f} to {found[2]:.2f}), {NAMES[first]}"


def sources(outcome):
    return outcome["provenance"]["revision"].split(" ")[0][:12]


def beside(all_outcomes):
    """The ratios of several outcomes, the shown one first; empty if there is one only."""
    if len(all_outcomes) == 1:
        return []
    lines = ["The fastest peer / ours in other runs, of other sources or with another load beside.", ""]
    heads = [f"{outcome['date']}, sources {sources(outcome)}" for outcome in all_outcomes]
    lines += ["| | " + " | ".join(heads) + " |", "| --- " * (len(heads) + 1) + "|"]
    for case in all_outcomes[0]["cases"]:
        entries = [outcome["cases"].get(case) for outcome in all_outcomes]
        lines.append(f"| {TITLES[case]} | " + " | ".join(fastest(e) if e else "" for e in entries) + " |")
    return [*lines, ""]


def tables(outcome, others):
    provenance = outcome["provenance"]
    frameworks = [f for f in outcomes.PEERS if f in provenance["versions"]]
    lines = ["| | ours, a step | " + " | ".join(NAMES[f] for f in frameworks) + " | fastest peer / ours |"]
    lines.append("| --- " * (len(frameworks) + 3) + "|")
    for case, entry in outcome["cases"].items():
        first = best(entry)
        fastest = f"**{outcomes.ratios(entry, first)[0]:.2f}** ({NAMES[first]})" if first else ""
        cells = [cell(entry, f) for f in frameworks]
        lines.append(f"| {TITLES[case]} | {outcomes.shown(min(entry['ours']))} | {' | '.join(cells)} | {fastest} |")
    lines += ["", "Each peer's best way of it, and the largest difference of its costs from ours in 20 steps:", ""]
    lines.append("| | " + " | ".join(NAMES[f] for f in frameworks) + " |")
    lines.append("| --- " * (len(frameworks) + 1) + "|")
    for case, entry in outcome["cases"].items():
        cells = []
        for framework in frameworks:
            found = outcomes.ratios(entry, framework)
            if found is None:
                cells.append("does not run")
                continue
            variant = found[3].rpartition(", ")[0]
            cells.append(f"{found[3]}; {entry['differences'][framework][variant]:.0e}".replace("e-0", "e-"))
        lines.append(f"| {TITLES[case]} | " + " | ".join(cells) + " |")
    versions = ", ".join(provenance["versions"][f] for f in frameworks)
    made = (
        f"{outcome['date']}, {provenance['processor']} ({provenance['vectors']}), {provenance['processors']} processors; "
        f"{versions}; Python {provenance['python']}; sources {sources(outcome)}; load before {provenance['load']:.1f}. "
        f"The best of up to {max(len(e['ours']) for e in outcome['cases'].values())} turns."
    )
    return "\n".join([*lines, "", made, "", *beside([outcome, *others])])


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    if len(arguments) < 2:
        print("page: usage: page.py [--check] OUTCOME.json [OTHER.json...] PAGE.md", file=sys.stderr)
        return 64
    *paths, page = map(pathlib.Path, arguments)
    try:
        outcome, *others = map(outcomes.read, paths)
        text = page.read_text(encoding="utf-8")
    except outcomes.Failure as failure:
        print(f"page: {failure}", file=sys.stderr)
        return failure.status
    except OSError as error:
        print(f"page: {page}: {error.strerror}", file=sys.stderr)
        return 65
    if not MARKS.search(text):
        print(f"page: {page} has no lines 'speed: begin' and 'speed: end'", file=sys.stderr)
        return 65
    made = MARKS.sub(lambda match: match[1] + tables(outcome, others) + match[3], text)
    if "--check" in sys.argv:
        if made != text:
            print(f"page: {page} is not what {arguments[0]} says: run make speed-page", file=sys.stderr)
            return 1
        return 0
    partial = page.with_name(page.name + ".partial")
    partial.write_text(made, encoding="utf-8")
    os.replace(partial, page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
