#!/usr/bin/env python3
"""Writes the conformance set: trajectories in 50 digits, by mpmath, from the algorithm boxes.

usage: generate.py [SEQUENCE ...]      (all by default; about three minutes)
"""

import json
import sys

import mpmath
from mpmath import mpf, sqrt

import sequences

mpmath.mp.dps = 60

# theta0, exact in float32
START = ["0.5", "-1.25", "2", "0"]
BETAS = {"beta1": "0.9", "beta2": "0.999", "epsilon": "1e-8"}
METHODS = {
    "sgd": {"alpha": "0.01"},
    "momentum": {"alpha": "0.01", "momentum": "0.9"},
    "heavy-ball": {"alpha": "0.01", "momentum": "0.9"},
    "nesterov": {"alpha": "0.01", "momentum": "0.9"},
    "nesterov-sutskever": {"alpha": "0.01", "momentum": "0.9"},
    "adagrad": {"alpha": "0.01", "epsilon": "1e-10", "initial-accumulator": "0"},
    "adagrad-epsilon-inside": {"alpha": "0.001", "epsilon": "1e-7", "initial-accumulator": "0.1"},
    "rmsprop": {"alpha": "0.001", "rho": "0.9", "epsilon": "1e-8"},
    "rmsprop-epsilon-inside": {"alpha": "0.001", "rho": "0.9", "epsilon": "1e-7"},
    "rmsprop-momentum": {"alpha": "1e-4", "rho": "0.95", "momentum": "0.9", "epsilon": "1e-4"},
    "adadelta": {"alpha": "1", "rho": "0.95", "epsilon": "1e-6"},
    "adam": {"alpha": "0.001", **BETAS},
    "adam-uncorrected": {"alpha": "0.001", **BETAS},
    "adam-epsilon-hat": {"alpha": "0.001", **BETAS, "epsilon": "1e-7"},
    "adamax": {"alpha": "0.002", "beta1": "0.9", "beta2": "0.999"},
    "amsgrad": {"alpha": "0.001", **BETAS},
    "amsgrad-corrected": {"alpha": "0.001", **BETAS},
    "adamw": {"alpha": "0.001", **BETAS, "weight-decay": "0.01"},
    "nadam": {"alpha": "0.002", **BETAS, "momentum-decay": "0.004"},
}
# In place of these in the sequence other-values: what a program that ignores a hyperparameter gets wrong.
OTHER = {
    "alpha": "0.003",
    "beta1": "0.8",
    "beta2": "0.97",
    "epsilon": "0.001",
    "momentum": "0.7",
    "rho": "0.8",
    "weight-decay": "0.1",
    "momentum-decay": "0.05",
    "initial-accumulator": "0.5",
}
LONG = ["momentum", "adagrad", "rmsprop", "adam", "adam-epsilon-hat", "amsgrad-corrected", "adamw", "nadam"]

# name: parameters, steps, exponent of 2, zeros first, sparse, resume after, tolerances, kept steps
SEQUENCES = {
    "dense": (4, 1000, 0, 0, False, 0, [1, 2, 3, 10, 100, 1000]),
    "sparse": (4, 1000, 0, 0, True, 0, [1, 2, 10, 30, 100, 1000]),
    "near-epsilon": (4, 200, -27, 0, False, 0, [1, 2, 3, 10, 100, 200]),
    "tiny": (4, 200, -100, 0, False, 0, [1, 2, 3, 10, 100, 200]),
    "huge": (4, 1000, 59, 0, False, 0, [1, 2, 3, 10, 100, 1000]),
    "zeros-first": (4, 200, 0, 100, False, 0, [1, 100, 101, 102, 110, 200]),
    "one-parameter": (1, 100, 0, 0, False, 0, [1, 2, 3, 10, 50, 100]),
    "resume": (4, 200, 0, 0, False, 100, [1, 100, 101, 102, 110, 200]),
    "long": (1, 100000, 0, 0, False, 0, [1, 1000, 10000, 50000, 100000]),
    "other-values": (4, 200, 0, 0, False, 0, [1, 2, 3, 10, 100, 200]),
    "resume-after-a-fall": (4, 200, 0, 0, False, 100, [1, 100, 101, 102, 110, 200]),
}
# The step after which gradients fall.
FALLS = {"resume-after-a-fall": 60}


def ratio(x, d):
    """x / d, and 0 where d is 0: a parameter stays until it has had a gradient."""
    return mpf(0) if d == 0 else x / d


def update(method, h):
    """The box of a method for one parameter: theta, g -> theta. It keeps its state."""
    a = h["alpha"]
    mu, rho, eps = h.get("momentum"), h.get("rho"), h.get("epsilon")
    b1, b2 = h.get("beta1"), h.get("beta2")
    s = {"t": 0, "m": mpf(0), "v": h.get("initial-accumulator", mpf(0)), "w": mpf(0), "product": mpf(1)}
    powers = [mpf(1), mpf(1)]

    def adam_moments(g):
        s["t"] += 1
        powers[0] *= b1
        if b2 is not None:
            powers[1] *= b2
        s["m"] = b1 * s["m"] + (1 - b1) * g
        s["v"] = b2 * s["v"] + (1 - b2) * g * g

    def momentum_at(t):
        return b1 * (1 - mpf("0.5") * mpf("0.96") ** (h["momentum-decay"] * t))

    def step(theta, g):
        if method == "sgd":
            return theta - a * g
        if method in ("momentum", "nesterov"):
            s["w"] = mu * s["w"] + g
            return theta - a * (s["w"] if method == "momentum" else g + mu * s["w"])
        if method in ("heavy-ball", "nesterov-sutskever"):
            s["w"] = mu * s["w"] - a * g
            return theta + (s["w"] if method == "heavy-ball" else mu * s["w"] - a * g)
        if method.startswith("adagrad"):
            s["v"] += g * g
            root = sqrt(s["v"] + eps) if method.endswith("inside") else sqrt(s["v"]) + eps
            return theta - a * ratio(g, root)
        if method in ("rmsprop", "rmsprop-epsilon-inside"):
            s["v"] = rho * s["v"] + (1 - rho) * g * g
            root = sqrt(s["v"] + eps) if method.endswith("inside") else sqrt(s["v"]) + eps
            return theta - a * ratio(g, root)
        if method == "rmsprop-momentum":
            s["v"] = rho * s["v"] + (1 - rho) * g * g
            s["m"] = rho * s["m"] + (1 - rho) * g
            s["w"] = mu * s["w"] - a * g / sqrt(s["v"] - s["m"] ** 2 + eps)
            return theta + s["w"]
        if method == "adadelta":
            s["v"] = rho * s["v"] + (1 - rho) * g * g
            d = sqrt(s["w"] + eps) / sqrt(s["v"] + eps) * g
            s["w"] = rho * s["w"] + (1 - rho) * d * d
            return theta - a * d
        if method == "adamax":
            s["t"] += 1
            powers[0] *= b1
            s["m"] = b1 * s["m"] + (1 - b1) * g
            s["w"] = max(b2 * s["w"], abs(g))
            return theta - a / (1 - powers[0]) * ratio(s["m"], s["w"])
        adam_moments(g)
        if method == "adam-uncorrected":
            return theta - a * ratio(s["m"], sqrt(s["v"]) + eps)
        if method == "adam-epsilon-hat":
            return theta - a * sqrt(1 - powers[1]) / (1 - powers[0]) * ratio(s["m"], sqrt(s["v"]) + eps)
        if method == "amsgrad":
            s["w"] = max(s["w"], s["v"])
            return theta - a * ratio(s["m"], sqrt(s["w"]) + eps)
        mhat = s["m"] / (1 - powers[0])
        if method == "amsgrad-corrected":
            s["w"] = max(s["w"], s["v"])
            return theta - a * ratio(mhat, sqrt(s["w"] / (1 - powers[1])) + eps)
        denominator = sqrt(s["v"] / (1 - powers[1])) + eps
        if method == "adam":
            return theta - a * ratio(mhat, denominator)
        if method == "adamw":
            return theta - a * (ratio(mhat, denominator) + h["weight-decay"] * theta)
        if method == "nadam":
            now, then = momentum_at(s["t"]), momentum_at(s["t"] + 1)
            s["product"] *= now
            mbar = then * s["m"] / (1 - s["product"] * then) + (1 - now) * g / (1 - s["product"])
            return theta - a * ratio(mbar, denominator)
        raise ValueError(method)

    return step


def hyperparameters(sequence, method):
    """The texts of a method's hyperparameters in a sequence."""
    others = OTHER if sequence["name"] == "other-values" else {}
    return {name: others.get(name, value) for name, value in METHODS[method].items()}


def trajectory(sequence, gradients, method, kept):
    h = {name: mpf(value) for name, value in hyperparameters(sequence, method).items()}
    theta = [mpf(x) for x in sequence["theta0"]]
    updates = [update(method, h) for _ in theta]
    found = {}
    for step, row in enumerate(gradients, 1):
        theta = [u(x, mpf(g)) for u, x, g in zip(updates, theta, row)]
        if step in kept:
            found[str(step)] = [mpmath.nstr(x, 50) for x in theta]
    return found


def main():
    for name in sys.argv[1:] or SEQUENCES:
        count, steps, exponent, zeros, sparse, resume, kept = SEQUENCES[name]
        sequence = {
            "name": name,
            "parameters": count,
            "steps": steps,
            "exponent": exponent,
            "zeros_first": zeros,
            "is_sparse": sparse,
            "resume_after": resume,
            "theta0": ["0"] * count if name == "tiny" else START[:count],
            # Relative to the largest magnitude that the parameter has had.
            "tolerance_float32": 3e-5,
            "tolerance_float64": 1e-10,
        }
        if name in FALLS:
            sequence["falls_after"] = FALLS[name]
        rows = sequences.gradients(sequence)
        sequence["cases"] = [
            {
                "method": method,
                "hyperparameters": hyperparameters(sequence, method),
                "theta": trajectory(sequence, rows, method, kept),
            }
            for method in (LONG if name == "long" else METHODS)
        ]
        sequences.FOLDER.mkdir(exist_ok=True)
        with open(sequences.FOLDER / f"{name}.json", "w") as file:
            json.dump(sequence, file, indent=1)
            file.write("\n")
        print(f"{name}: {len(sequence['cases'])} methods", flush=True)


if __name__ == "__main__":
    main()
