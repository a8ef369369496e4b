#!/usr/bin/env python3
"""Trains the exported problems in one framework, in turns; started by bench.py.

usage: worker.py FRAMEWORK THREADS

Answers requests on standard input, a line of JSON each, with a line of JSON: {"prepare": CASE, "file": PATH},
{"check": CASE}, {"time": CASE, "variant": NAME, "seconds": S, "start": T}, where T is a time of the monotonic
clock. Times are seconds of a step: the shortest of rounds of at least 20 ms.
"""

import importlib
import json
import os
import sys
import time
import traceback

import numpy
import problem

ROUND = 0.02


class Worker:
    def __init__(self, framework, threads):
        os.environ["OMP_NUM_THREADS"] = str(threads)
        self.module = importlib.import_module(f"{framework}_cases")
        self.module.start(threads)
        self.problems, self.trainers = {}, {}

    def prepare(self, request):
        case = request["prepare"]
        self.problems[case] = problem.Problem(case, request["file"])
        self.trainers[case], failed = {}, {}
        for variant in self.module.variants(self.problems[case]):
            try:
                trainer = self.module.Trainer(self.problems[case], variant)
                trainer.run(3)
                start = time.monotonic()
                steps = trainer.run(3)
                single = (time.monotonic() - start) / steps
                self.trainers[case][variant] = trainer, max(1, round(ROUND / single))
            except Exception as error:  # noqa: BLE001
                traceback.print_exc()
                failed[variant] = f"{type(error).__name__}: {error}".split("\n")[0]
        return {
            "variants": list(self.trainers[case]),
            "failed": failed,
            "parameters": self.problems[case].parameters,
            "minibatch": self.problems[case].minibatches.shape[1],
        }

    def check(self, request):
        """The largest difference from the program's costs over the first steps, relative where they are above 1."""
        case = self.problems[request["check"]]
        found = {}
        for variant in self.trainers[request["check"]]:
            if variant.endswith((", scan", ", loop")):
                plain = found.get(variant.rpartition(", ")[0], float("nan"))
                if case.step_noise(0):
                    # It draws its own masks and noise; its step is that of the variant without.
                    found[variant] = plain
                    continue
                cost, form = self.module.Trainer(case, variant).last_cost()
                wanted = case.costs[form][self.module.STEPS_AT_ONCE - 1]
                found[variant] = max(plain, float(abs(cost - wanted) / max(1, abs(wanted))))
                continue
            costs, form = self.module.Trainer(case, variant).costs(problem.CHECKED_STEPS)
            wanted = case.costs[form]
            found[variant] = float(numpy.max(abs(costs - wanted) / abs(wanted).clip(1)))
        return {"differences": found}

    def time(self, request):
        trainer, steps = self.trainers[request["time"]][request["variant"]]
        time.sleep(max(0, request["start"] - time.monotonic()))
        best, now = float("inf"), time.monotonic()
        while True:
            begin = now
            made = trainer.run(steps)
            now = time.monotonic()
            best = min(best, (now - begin) / made)
            if now >= request["start"] + request["seconds"]:
                return {"step": best}

    def answer(self, request):
        for name in ("prepare", "check", "time"):
            if name in request:
                return getattr(self, name)(request)
        raise ValueError(f"no request: {request}")


def main():
    # What the frameworks print goes to the log.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        worker = Worker(sys.argv[1], int(sys.argv[2]))
        answers.write(json.dumps({"version": worker.module.version()}) + "\n")
    except Exception as error:  # noqa: BLE001
        traceback.print_exc()
        answers.write(json.dumps({"error": f"{type(error).__name__}: {error}".split("\n")[0]}) + "\n")
        return 70
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:  # noqa: BLE001
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}".split("\n")[0]}
        answers.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
