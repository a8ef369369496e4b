#!/usr/bin/env python3
"""Lets PyTorch make the steps of the programs, and names the step from which on costs differ.

usage: steps.py [--steps N] PROGRAMS DATA [FILE.h5]

PROGRAMS is the folder of the executables, DATA that of MNIST's four compressed IDX files.

Sections 6.1 (mnist-logistic) and 6.2 (mnist-mlp) with every optimizer and 6.4 (vae-bias-correction) with
and without bias correction are trained for N steps (default 50) from seeds 0, 1 and 2 by the programs, with a
training set that is cut to its first 128 images (100 for 6.4), one minibatch: a pass is one step, and its
running cost that step's minibatch cost. `retrain` makes the same steps in PyTorch.

FILE is a result of mnist-four-hidden, which records the cost of each of 2,000 minibatches after its step:
all are made again with its first seed. Rounding grows over so many steps: of means of the last 500 that lie
within 5 % of each other on both sides the order may differ, as that of Adam and RMSprop does.

The seeds of section 6.1 are one run here, since it starts from 0 and its minibatch is the whole set.

Prints, of every run, the first step whose cost is off by more than 1e-4, and whether the order of the
optimizers at the end is the same and, of the programs' runs, the verdict on the section's claims there.
Status 1 if the first step is off, or an order or a verdict differs.
"""

import argparse
import gzip
import math
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy
import retrain
import torch

MINIBATCH, SEEDS = 128, 3
ALIKE = -math.log(0.95)  # costs within 5 % of each other do not differ (docs/rules.md)
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


def optimizer(run, parameters):
    """PyTorch's form of the four methods of mnist-four-hidden."""
    alpha, epsilon = run.number("alpha", math.nan), run.number("epsilon", 1e-8)
    method = run.place["optimizer"]
    if method == "Adam":
        return torch.optim.Adam(parameters, lr=alpha, eps=epsilon)
    if method == "RMSprop":
        return torch.optim.RMSprop(parameters, lr=alpha, alpha=run.number("rho", 0.99), eps=epsilon)
    return torch.optim.SGD(parameters, lr=alpha, momentum=run.number("momentum", 0))


def four_hidden(run, data, count):
    """The cost of each minibatch after its step, minibatches of 128 drawn with replacement."""
    (x, y), seed = data, run.place["seed"]
    parameters = retrain.dense([784, 100, 100, 100, 100, 10], seed)
    for p in parameters:
        p.requires_grad_()
    steps, costs = optimizer(run, parameters), []
    group, epsilon = steps.param_groups[0], run.number("epsilon", 0)

    def cost(examples):
        values = x[examples]
        for weights, bias in zip(parameters[0:-2:2], parameters[1:-2:2]):
            values = torch.relu(values @ weights.T + bias)
        return torch.nn.functional.cross_entropy(values @ parameters[-2].T + parameters[-1], y[examples])

    for epoch in range(2):
        words = retrain.words(MINIBATCH * count + 64, seed, retrain.ORDER, epoch=epoch)
        stream = iter(words.tolist())
        for _ in range(count):
            examples = torch.tensor([retrain.bounded(stream, len(x)) for _ in range(MINIBATCH)])
            steps.zero_grad()
            cost(examples).backward()
            if "betas" in group:  # the file's epsilon is epsilon-hat, of uncorrected moments
                group["eps"] = epsilon / math.sqrt(1 - group["betas"][1] ** (len(costs) + 1))
            steps.step()
            with torch.no_grad():
                costs.append(cost(examples).item())
    return numpy.array(costs)


def recorded(path, data):
    """Makes the recorded steps of a file's first seed again; whether all agrees."""
    right, ours, theirs = True, {}, {}
    with h5py.File(path) as h5:
        seed = int(h5["seed"][0])
        for contender in h5["optimizer"].asstr()[()]:
            run = retrain.Run(h5, arm="literal", optimizer=contender, seed=seed)
            kept = run.read("minibatch_cost")
            mine = four_hidden(run, data, len(kept) // 2)
            right &= retrain.told(f"mnist-four-hidden, {contender}, seed {seed}", mine, kept, "step")
            # The last costs of single minibatches say little; their means have an order.
            ours[contender, seed], theirs[contender, seed] = [mine[-500:].mean()], [kept[-500:].mean()]
    return right & retrain.same_order("mnist-four-hidden, mean of the last 500 steps", ours, theirs, ALIKE)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("file", type=pathlib.Path, nargs="?")
    options = parser.parse_args()
    right = options.file is None or recorded(options.file, retrain.images(options.data))
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "data"
        folder.mkdir()
        cut(options.data, folder)
        for name, settings in PROGRAMS.items():
            file = pathlib.Path(scratch) / f"{name}.h5"
            run = ["--data", folder, "--seeds", f"0..<{SEEDS}", "--epochs", str(options.steps), "--quiet"]
            command = [(options.programs / name).resolve(), *run, *settings, "--output", file]
            made = subprocess.run(command, cwd=scratch, check=False)
            if made.returncode:
                return made.returncode
            right &= retrain.compare(file, retrain.images(folder), options.steps, SEEDS, "step")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
