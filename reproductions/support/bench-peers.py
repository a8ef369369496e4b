#!/usr/bin/env python3
"""Times the training step of fashion-mlp beside the same step of PyTorch, in one invocation.

usage: bench-peers.py [--rounds N] [--seconds S] BENCH_NETWORKS

BENCH_NETWORKS is the built program of that name. Both measure in the same way: one thread a run, pinned,
two runs at once (wall time / steps of both) and one run alone, the shortest of many rounds of at least
20 ms, the slower of two runs. The two take turns, N times (default 3), and the best of each counts.

PyTorch's form: torch.nn layers, float32, minibatches gathered from a tensor by a shuffled order,
cross_entropy, Adam with epsilon 1e-7, once with its default loop over parameters ("foreach") and once
with fused=True. Its Adam adds epsilon to the corrected root; ours, Keras' form, to the uncorrected
one; the operations are as many.

Exit status: 0 measured, 64 wrong options, 69 PyTorch or the program is missing.
"""

import argparse
import importlib.util
import multiprocessing
import os
import queue
import re
import subprocess
import sys
import time

NAME = "bench-peers"
SIZES = [784, 1024, 512, 512, 512, 10]
MINIBATCH = 256
EXAMPLES = 60_000


def fail(reason, status):
    print(f"{NAME}: {reason}", file=sys.stderr)
    sys.exit(status)


def trainer(seed, fused):
    """A function that makes one training step."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    layers = []
    for inputs, outputs in zip(SIZES, SIZES[1:]):
        linear = nn.Linear(inputs, outputs)
        nn.init.xavier_uniform_(linear.weight)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    options = {"fused": True} if fused else {"foreach": True}
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, eps=1e-7, **options)
    # Half of Fashion-MNIST's pixels are 0; dense products take as long whatever they are.
    images = torch.rand(EXAMPLES, SIZES[0]).sub_(0.5).clamp_(min=0).mul_(2)
    labels = torch.randint(0, SIZES[-1], (EXAMPLES,))
    order = torch.randperm(EXAMPLES)
    position = 0

    def step():
        nonlocal position
        if position + MINIBATCH > EXAMPLES:
            position = 0
        chosen = order[position : position + MINIBATCH]
        position += MINIBATCH
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(images[chosen]), labels[chosen])
        loss.backward()
        optimizer.step()

    return step


def work(number, fused, seconds, barrier, results):
    """One run on a processor of its own; puts the seconds of its shortest step into the queue."""
    try:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[number]})
        step = trainer(number, fused)
        for _ in range(10):
            step()
        start = time.perf_counter()
        for _ in range(5):
            step()
        single = (time.perf_counter() - start) / 5
        steps = max(1, int(0.02 / single))
        best = float("inf")
        # Both processes make as many rounds, so that neither waits for ever.
        for _ in range(barrier_rounds(seconds)):
            barrier.wait(60)
            start = time.perf_counter()
            for _ in range(steps):
                step()
            best = min(best, (time.perf_counter() - start) / steps)
        results.put(best)
    except BaseException as error:
        barrier.abort()
        results.put(f"{type(error).__name__}: {error}")


def barrier_rounds(seconds):
    """Rounds are at least 20 ms long; a step of this network takes about as long."""
    return max(10, int(seconds / 0.03))


def peer(runs, fused, seconds):
    """Milliseconds per step of `runs` runs at once: the slower run's step / runs."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(runs)
    results = context.Queue()
    workers = [
        context.Process(target=work, args=(i, fused, seconds, barrier, results)) for i in range(runs)
    ]
    for worker in workers:
        worker.start()
    try:
        found = [results.get(timeout=300) for _ in workers]
    except queue.Empty:
        found = ["no time after 300 s"]
    for worker in workers:
        worker.terminate()
        worker.join()
    # Where one fails the other only says that nobody came to the barrier.
    problems = sorted(filter(lambda x: isinstance(x, str), found), key=lambda x: "Barrier" in x)
    if problems:
        fail(f"PyTorch failed: {problems[0]}", 70)
    return 1e3 * max(found) / runs


def ours(program):
    """The lines that bench-networks prints, and milliseconds per step of two runs and of one."""
    done = subprocess.run([program, "fashion"], capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"{program} failed: {done.stderr.strip()}", 70)
    times = {}
    for name in ("two runs at once", "one run"):
        match = re.search(rf"^ *{name} +([0-9.]+) ms/step", done.stdout, re.MULTILINE)
        if not match:
            fail(f"{program} prints no time of {name}", 70)
        times[name] = float(match.group(1))
    return done.stdout, times


def main():
    parser = argparse.ArgumentParser(prog=NAME, description=__doc__.split("\n")[0])
    parser.add_argument("program", help="the built bench-networks")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each program (3)")
    parser.add_argument("--seconds", type=float, default=2, help="of each of PyTorch's turns (2)")
    parser.error = lambda message: fail(f"{message}; see --help", 64)
    options = parser.parse_args()
    if options.rounds < 1 or not options.seconds > 0:
        fail("--rounds and --seconds take positive numbers", 64)
    if not (os.path.isfile(options.program) and os.access(options.program, os.X_OK)):
        fail(f"{options.program} is not there; build it: make build", 69)
    if importlib.util.find_spec("torch") is None:
        fail(
            f"PyTorch is missing for {sys.executable}: pip install torch numpy "
            "(for processors only: --index-url https://download.pytorch.org/whl/cpu), "
            "or name another interpreter: make bench-peers PYTHON=...",
            69,
        )
    processors = len(os.sched_getaffinity(0))
    if processors < 2:
        fail("two processors are needed for two runs at once", 69)

    import torch

    capability = torch.backends.cpu.get_cpu_capability()
    print(f"PyTorch {torch.__version__} ({capability}), Python {sys.version.split()[0]}")
    print(f"fashion: {'-'.join(map(str, SIZES))}, minibatch {MINIBATCH}, Adam")
    print(f"load of the machine before: {os.getloadavg()[0]:.2f}")
    best = {}

    def keep(who, name, value):
        best[who, name] = min(value, best.get((who, name), float("inf")))

    names = {"two runs at once": 2, "one run": 1}
    for turn in range(options.rounds):
        text, times = ours(options.program)
        for name, value in times.items():
            keep("ours", name, value)
        for fused in (False, True):
            for name, runs in names.items():
                who = "PyTorch, fused" if fused else "PyTorch"
                keep(who, name, peer(runs, fused, options.seconds))
    print("the last of our turns:")
    print("\n".join("  " + line for line in text.splitlines()))
    print(f"ms/step, the best of {options.rounds} turns each:")
    for name in names:
        mine = best["ours", name]
        line = f"  {name:<17} ours {mine:.3f}"
        for who in ("PyTorch", "PyTorch, fused"):
            theirs = best[who, name]
            line += f"; {who} {theirs:.3f}, ratio {theirs / mine:.2f}"
        print(line)


if __name__ == "__main__":
    main()
