"""What the runners share: every case of the set through one framework, and a table of outcomes.

A runner gives its framework's name and version, the methods of the set that it has, and
trajectory(method, hyperparameters, theta0, gradients, dtype, resume_after): theta after each step.
"""

import json
import sys

import numpy

import sequences


def outcome(case, sequence, theta, dtype):
    """The largest error of the kept steps, and the first step beyond the tolerance (0: none)."""
    tolerance = sequence[f"tolerance_{dtype}"]
    worst, departs = 0.0, 0
    start = numpy.abs(numpy.array(sequence["theta0"], dtype="f8"))
    for step, texts in sorted(case["theta"].items(), key=lambda item: int(item[0])):
        expected = numpy.array([float(text) for text in texts])
        start = numpy.maximum(start, numpy.abs(expected))
        found = numpy.asarray(theta[int(step) - 1], dtype="f8")
        with numpy.errstate(invalid="ignore", divide="ignore"):
            errors = numpy.abs(found - expected) / start
        errors = numpy.where((found == 0) & (expected == 0), 0, errors)
        error = float(numpy.max(numpy.where(numpy.isfinite(errors), errors, numpy.inf)))
        worst = max(worst, error)
        if error > tolerance and not departs:
            departs = int(step)
    return worst, departs


def known_methods(all_sequences):
    return {case["method"] for sequence in all_sequences.values() for case in sequence["cases"]}


def main(framework, version, methods, trajectory, dtypes=("float32", "float64")):
    """Runs the set; prints JSON lines with --json, else text, and then ends with status 1 if a case departs."""
    has_departed = False
    as_json = "--json" in sys.argv[1:]
    wanted = [name for name in sys.argv[1:] if not name.startswith("--")]
    all_sequences = sequences.load()
    unknown = [name for name in wanted if name not in all_sequences]
    unknown += [method for method in methods if method not in known_methods(all_sequences)]
    if unknown:
        print(f"runner: the set has no {', '.join(unknown)}", file=sys.stderr)
        sys.exit(64)
    for name, sequence in all_sequences.items():
        if wanted and name not in wanted:
            continue
        gradients = numpy.array(sequences.gradients(sequence), dtype="f8")
        for case in sequence["cases"]:
            if case["method"] not in methods:
                continue
            h = {key: float(value) for key, value in case["hyperparameters"].items()}
            for dtype in dtypes:
                theta = trajectory(
                    case["method"],
                    h,
                    numpy.array(sequence["theta0"], dtype="f8"),
                    gradients,
                    dtype,
                    sequence["resume_after"],
                )
                worst, departs = outcome(case, sequence, theta, dtype)
                has_departed = has_departed or departs > 0
                row = {
                    "framework": framework,
                    "version": version,
                    "optimizer": methods[case["method"]],
                    "method": case["method"],
                    "sequence": name,
                    "dtype": dtype,
                    "error": worst,
                    "departs": departs,
                }
                if as_json:
                    print(json.dumps(row), flush=True)
                else:
                    verdict = f"departs at step {departs}" if departs else "agrees"
                    print(
                        f"{row['optimizer']} as {row['method']}, {name}, {dtype}: {verdict} ({worst:.1e})",
                        flush=True,
                    )
    if has_departed and not as_json:
        sys.exit(1)
