#!/usr/bin/env python3
"""Lets programs and PyTorch train on one minibatch, and names the step from which on they differ.

usage: steps.py [--steps N] PROGRAMS DATA

PROGRAMS is the folder of the executables, DATA that of MNIST's four compressed
IDX files. The training set is cut to
the first 128 images (100 for section 6.4), one minibatch: each pass is one step, and its running cost
that step's minibatch cost. Sections 6.1 (mnist-logistic), 6.2 (mnist-mlp) with every optimizer, and 6.4
(vae-bias-correction) with and without bias correction are trained for N steps (default 50) from seed 0;
`retrain` makes the same steps in PyTorch.

Prints, of every run, the first step whose cost is off by more than 1e-4, and whether the order of the
optimizers after the last step is the same. Status 1 if the first step is off, or an order differs.
"""

import argparse
import gzip
import pathlib
import subprocess
import sys
import tempfile

import retrain

MINIBATCH = 128
PROGRAMS = {
    "mnist-logistic": [],
    "mnist-mlp": [],
    "vae-bias-correction": "--training-count 100 --beta1 0.9 --beta2 0.999 --alpha 1e-3".split(),
}


def cut(source, folder):
    """Writes MNIST's files with their first examples only."""
    for kind in ("train-images", "train-labels", "t10k-images", "t10k-labels"):
        path = next(pathlib.Path(source).glob(f"{kind}*"))
        data = gzip.decompress(path.read_bytes())
        start, size = (16, 784) if "images" in kind else (8, 1)
        head = data[:4] + MINIBATCH.to_bytes(4, "big") + data[8:start]
        (folder / path.name).write_bytes(gzip.compress(head + data[start : start + MINIBATCH * size]))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    options = parser.parse_args()
    right = True
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "data"
        folder.mkdir()
        cut(options.data, folder)
        for name, settings in PROGRAMS.items():
            file = pathlib.Path(scratch) / f"{name}.h5"
            run = ["--data", folder, "--seeds", "0", "--epochs", str(options.steps), "--quiet"]
            command = [(options.programs / name).resolve(), *run, *settings, "--output", file]
            made = subprocess.run(command, cwd=scratch, check=False)
            if made.returncode:
                return made.returncode
            right &= retrain.compare(file, retrain.images(folder), options.steps, 1, "step")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
