#!/usr/bin/env python3
"""Lets PyTorch, optax and Keras make 50 steps, and optimizer-trace --identify name what made them.

usage: check.py OPTIMIZER_TRACE

Each optimizer runs in float32 and float64 with hyperparameters that are not its defaults. The name and
every hyperparameter must come out. Status 0 if all do, else 1.
"""

import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "conformance"))
import run_keras
import run_optax
import run_torch

STEPS, PARAMETERS = 50, 24
BETAS = {"alpha": 0.003, "beta1": 0.8, "beta2": 0.98, "epsilon": 1e-6}
DECAY = {**BETAS, "weight-decay": 0.02}
RMSPROP = {"alpha": 0.002, "rho": 0.95, "epsilon": 1e-6}
ADAGRAD = {"alpha": 0.02, "initial-accumulator": 0.05, "epsilon": 1e-10}
ADADELTA = {"alpha": 0.7, "rho": 0.9, "epsilon": 1e-5}

# framework: (method that the runner makes, hyperparameters, what is to be named, what is shown)
CASES = {
    "torch": [
        ("adam", BETAS, "adam"),
        ("adamw", DECAY, "adamw"),
        ("nadam", {**BETAS, "momentum-decay": 0.01}, "nadam"),
        ("rmsprop", RMSPROP, "rmsprop"),
        ("adagrad", {"alpha": 0.02, "epsilon": 1e-5}, "adagrad"),
        ("adadelta", ADADELTA, "adadelta"),
        ("amsgrad-corrected", BETAS, "amsgrad-corrected"),
        ("amsgrad-corrected", DECAY, "amsgrad-corrected with weight decay"),
        ("amsgradw", DECAY, "amsgrad-corrected with decoupled weight decay"),
        ("sgd", {"alpha": 0.03}, "sgd"),
        ("momentum", {"alpha": 0.03, "momentum": 0.8}, "momentum"),
        ("nesterov", {"alpha": 0.03, "momentum": 0.8}, "nesterov"),
    ],
    "optax": [
        ("adam", BETAS, "adam"),
        ("adamw", DECAY, "adamw"),
        ("nadam", BETAS, "nadam with constant momentum"),
        ("rmsprop-epsilon-inside", RMSPROP, "rmsprop-epsilon-inside"),
        ("adagrad-epsilon-inside", ADAGRAD, "adagrad-epsilon-inside"),
        ("adadelta", ADADELTA, "adadelta"),
        ("amsgrad-corrected", BETAS, "amsgrad of corrected moments"),
    ],
    "keras": [
        ("adam-epsilon-hat", BETAS, "adam-epsilon-hat"),
        ("adamw", DECAY, "adamw with epsilon-hat"),
        ("nadam", BETAS, "nadam"),
        ("rmsprop-epsilon-inside", RMSPROP, "rmsprop-epsilon-inside"),
        ("adagrad-epsilon-inside", ADAGRAD, "adagrad-epsilon-inside"),
        ("adadelta", ADADELTA, "adadelta"),
        ("amsgrad-corrected", BETAS, "amsgrad with epsilon-hat"),
    ],
}
RUNNERS = {"torch": run_torch, "optax": run_optax, "keras": run_keras}


def problem():
    """Gradients of many sizes, some of them zero, that fall after half of the steps."""
    rng = numpy.random.default_rng(0)
    sizes = 10.0 ** rng.uniform(-8, 1, size=PARAMETERS)
    gradients = rng.normal(size=(STEPS, PARAMETERS)) * sizes
    gradients *= rng.uniform(size=gradients.shape) < 0.8
    gradients[STEPS // 2 :] *= 0.1
    return rng.normal(size=PARAMETERS).astype("f4"), gradients.astype("f4")


def shown(value):
    """A hyperparameter as the program prints it."""
    text = f"{value:.6g}"
    return text.replace("e-0", "e-")


def check(program, folder, framework, dtype, case):
    method, hyperparameters, name = case
    theta0, gradients = problem()
    theta = RUNNERS[framework].trajectory(method, hyperparameters, theta0, gradients, dtype)
    file = folder / "mine.h5"
    with h5py.File(file, "w") as f:
        f["theta0"] = theta0.astype(dtype)
        f["gradients"] = gradients.astype(dtype)
        f["theta"] = theta.astype(dtype)
    run = subprocess.run([program, "--identify", file], capture_output=True, text=True, check=False)
    lines = run.stdout.split("\n")
    answer = lines[0].removeprefix(f"{file}: ")
    wanted = {k: v for k, v in hyperparameters.items() if k != "epsilon" or "adagrad-" not in name}
    told = lines[1].strip().replace(" (its sum with epsilon)", "") if len(lines) > 1 else ""
    found = dict(pair.split(" = ") for pair in told.split(", ") if " = " in pair)
    if name == "adagrad-epsilon-inside":
        # Start and epsilon are one number under the root, told with its deviation where that is no round one.
        wanted["initial-accumulator"] += hyperparameters["epsilon"]

    def is_told(key, value):
        number, _, deviation = found.get(key, "nan").partition(" ± ")
        is_sum = key == "initial-accumulator" and deviation
        return number == shown(value) or is_sum and abs(float(number) - value) <= 4 * float(deviation)

    missing = [f"{k} = {shown(v)}" for k, v in wanted.items() if not is_told(k, v)]
    is_right = run.returncode == 0 and answer.startswith(f"{name}: ") and not missing
    told = "; ".join(line.strip() for line in lines[1:3]) or run.stderr.strip()
    print(f"{'ok    ' if is_right else 'FAILED'} {framework} {method} {dtype}: {answer}; {told}", flush=True)
    if not is_right:
        print(run.stdout + run.stderr, "missing:", missing)
    return is_right


def main():
    if len(sys.argv) != 2:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 64
    with tempfile.TemporaryDirectory() as folder:
        results = [
            check(sys.argv[1], pathlib.Path(folder), framework, dtype, case)
            for framework, cases in CASES.items()
            for case in cases
            for dtype in ("float32", "float64")
        ]
    print(f"{sum(results)} of {len(results)} named")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
