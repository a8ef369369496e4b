"""The gradients of the conformance set, by the formula of README.md; exact in float32."""

import json
import pathlib

# The exponent of 2 by which gradients fall after the step falls_after.
FALL = 6
FOLDER = pathlib.Path(__file__).resolve().parent / "data"


def number(k):
    """The k-th number, from 1: an odd multiple of 2^-24 in (-1, 1), and its low 3 bits."""
    x = (k * 2654435761) % 2**32
    x ^= x >> 16
    x = (x * 2246822519) % 2**32
    x ^= x >> 13
    x = (x * 3266489917) % 2**32
    x ^= x >> 16
    return (2 * (x >> 8) + 1 - 2**24) / 2**24, x % 8


def gradient(sequence, step, parameter):
    """The gradient of a step, from 1, and a parameter, from 0."""
    value, low = number((step - 1) * sequence["parameters"] + parameter + 1)
    if step <= sequence["zeros_first"] or (sequence["is_sparse"] and low != 0):
        return 0.0
    falls_after = sequence.get("falls_after", 0)
    fall = FALL if 0 < falls_after < step else 0
    return value * 2.0 ** (sequence["exponent"] - fall)


def gradients(sequence):
    """All gradients: a list of steps of lists of parameters."""
    return [
        [gradient(sequence, step, parameter) for parameter in range(sequence["parameters"])]
        for step in range(1, sequence["steps"] + 1)
    ]


def load():
    """Every sequence with its expected trajectories, by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
