#!/usr/bin/env python3
"""What bench.py keeps: the times of each turn, and what they say.

usage: outcome.py OLD.json NEW.json      (prints how the ratios have changed)

Exit status: 0, 64 wrong options, 65 a file is no outcome.
"""

import json
import pathlib
import sys

NAME = "bench-peers"
CASES = [
    "logistic", "mlp", "mlp-dropout", "vae", "cnn", "cnn-dropout", "imdb", "fashion", "adam-20000", "adam-1800000",
]  # fmt: skip
PEERS = ["torch", "jax", "tensorflow"]


class Failure(Exception):
    def __init__(self, reason, status):
        super().__init__(reason)
        self.status = status


def ratios(entry, framework):
    """The ratio of best times, the least and greatest of one turn, and the name of the best variant."""
    variants = {name: times for name, times in entry["peers"].get(framework, {}).items() if times}
    if not variants:
        return None
    name = min(variants, key=lambda name: min(variants[name]))
    turns = []
    for turn, own in enumerate(entry["ours"]):
        best = min(times[turn] for times in variants.values() if len(times) > turn)
        turns.append(best / own)
    return min(variants[name]) / min(entry["ours"]), min(turns), max(turns), name


def shown(seconds):
    return f"{1e6 * seconds:.1f} us" if seconds < 1e-3 else f"{1e3 * seconds:.2f} ms"


def read(path):
    try:
        outcome = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        for entry in outcome["cases"].values():
            assert entry["ours"] and isinstance(entry["peers"], dict)
        assert isinstance(outcome["provenance"], dict)
        return outcome
    except FileNotFoundError:
        raise Failure(f"there is no {path}", 65) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError) as error:
        raise Failure(f"{path} is no outcome of {NAME}: {type(error).__name__} {error}", 65) from None


def compare(old, new):
    """Prints how each ratio has changed."""
    for key in ("processor", "vectors", "revision", "versions"):
        if old["provenance"].get(key) != new["provenance"].get(key):
            print(f"{key}: {old['provenance'].get(key)} -> {new['provenance'].get(key)}")
    print("ratios, peer / ours (least to greatest of one turn); a change is outside both ranges")
    for case, entry in new["cases"].items():
        before = old["cases"].get(case)
        if before is None:
            print(f"  {case}: new")
            continue
        for framework in entry["peers"]:
            a, b = ratios(before, framework), ratios(entry, framework)
            if a is None or b is None:
                continue
            mark = "" if b[1] <= a[2] and a[1] <= b[2] else " better" if b[0] > a[0] else " WORSE"
            print(
                f"  {case:<13}{framework:<11}{a[0]:.2f} ({a[1]:.2f} to {a[2]:.2f}) -> "
                f"{b[0]:.2f} ({b[1]:.2f} to {b[2]:.2f}), {100 * (b[0] / a[0] - 1):+.0f} %{mark}"
            )
    for case in old["cases"]:
        if case not in new["cases"]:
            print(f"  {case}: not measured")


def main():
    if len(sys.argv) != 3:
        print(f"{NAME}: usage: outcome.py OLD.json NEW.json", file=sys.stderr)
        return 64
    try:
        compare(read(sys.argv[1]), read(sys.argv[2]))
        return 0
    except Failure as failure:
        print(f"{NAME}: {failure}", file=sys.stderr)
        return failure.status


if __name__ == "__main__":
    sys.exit(main())
