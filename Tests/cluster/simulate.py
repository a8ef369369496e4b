#!/usr/bin/env python3
"""Drives cluster.sh through the paper profile on up to 1,000 nodes, with failures, preemption and time
limits, in virtual time.

The rounds are the real ones: cluster.sh merges, plans, deals, and tells progress from none. What is
simulated are the programs (this file, called under their names: they know runs, their costs, and what a
search adds) and Slurm (a queue of elements over nodes). It checks that every run ends once, that a run
that was stopped goes on from its checkpoint, and that nothing is computed twice but what a failed
node had computed since its last checkpoint. The last lines are the time of the profile by nodes.

usage: simulate.py [NODES...]          default 1 10 100 1000; in the project's folder
"""
import hashlib
import heapq
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

# Runs of the profile paper, (number, epochs) by stages: those known at first (--pending), then what a
# search adds, the rungs of a race among it, and what runs with its choice, of which the numbers are assumed.
PLAN = {
    "mnist-logistic": [[(456, 46)], [(24, 46)], [(60, 46)]],
    "imdb-logistic": [[(591, 176)], [(24, 176)], [(80, 176)]],
    "mnist-mlp": [[(35, 25), (15, 201)], [(20, 75)], [(14, 201)], [(50, 201)]],
    "mnist-mlp-deterministic": [[(33, 40)], [(4, 40)], [(15, 40)]],
    "cifar-cnn": [[(31, 4), (6, 49)], [(16, 12)], [(24, 49)]],
    "vae-bias-correction": [[(36, 10), (77, 100)], [(24, 10)], [(48, 100)]],
    "algorithm-properties": [[(120, 1)]], "regret": [[(50, 1)]], "adamax": [[(18, 20)]], "temporal-averaging": [[(30, 20)]],
    "fashion-mlp": [[(12, 50)]], "mnist-four-hidden": [[(80, 2)]],
}
# Searches whose runs leave their last state, which longer ones go on from in whatever element.
RACES = ("mnist-mlp", "cifar-cnn")
CHECKPOINT = 30.0  # seconds between two checkpoints of a run
START = 5.0  # seconds until an element computes
TIME = 60  # minutes that an element may take: convolutional networks take longer
SIGNAL = 120.0  # seconds before the end at which it is told


def costs():
    with open("reproductions/support/costs.tsv") as table:
        rows = [line.split("\t") for line in table if not line.startswith("#")]
    return {row[0]: float(row[1]) for row in rows}


def runs_of(experiment, seconds):
    """Stages of (identity, epochs, seconds): one is known once all runs of the one before are made."""
    found = []
    for stage, groups in enumerate(PLAN[experiment]):
        rows = []
        for count, epochs in groups:
            for _ in range(count):
                text = f"{experiment} {stage} {len(rows)}"
                # Methods differ; the table's seconds are those of the slowest.
                share = 0.5 + 0.5 * random.Random(text).random()
                rows.append((hashlib.sha256(text.encode()).hexdigest(), epochs,
                             epochs * seconds * share))
        found.append(rows)
    return found


def program(experiment, arguments):
    """What an experiment's program does with --pending and --merge; its runs' files are a position."""
    stages = runs_of(experiment, json.loads(os.environ["SIMULATED_COSTS"])[experiment])
    folder = f"results/paper/runs/{experiment}.h5"
    os.makedirs(folder, exist_ok=True)
    if "--merge" in arguments:
        for shard in arguments[arguments.index("--merge") + 1:]:
            for name in os.listdir(shard):
                if name.endswith(".end"):
                    continue  # not the program's
                place = f"{folder}/{name}"
                if name.endswith(".run") and os.path.exists(place):
                    sys.exit(f"{name} was made twice")
                if name.endswith(".run") or not os.path.exists(f"{folder}/{name[:64]}.run"):
                    shutil.copy(f"{shard}/{name}", place)
        for name in os.listdir(folder):
            if name.endswith(".checkpoint") and os.path.exists(f"{folder}/{name[:64]}.run"):
                os.remove(f"{folder}/{name}")
    elif "--pending" in arguments:
        there = set(os.listdir(folder))
        for number, stage in enumerate(stages):
            todo = [row for row in stage if f"{row[0]}.run" not in there]
            for run, epochs, _ in todo:
                position = "-"
                if f"{run}.a.checkpoint" in there:
                    with open(f"{folder}/{run}.a.checkpoint") as file:
                        position = file.read()
                print(run, epochs, "?", position, f"{experiment} {run[:6]}", sep="\t")
            if todo:
                print("more" if number + 1 < len(stages) else "final")
                return
        print("final")
    else:
        print(f"{experiment}: nothing to do")


class Cluster:
    """Nodes that take elements of one processor each, in virtual seconds."""

    def __init__(self, tree, nodes, seconds, seed):
        self.tree, self.nodes, self.random = tree, nodes, random.Random(seed)
        self.cost = {run: cost for name in PLAN for stage in runs_of(name, seconds[name])
                     for run, _, cost in stage}
        self.computed = dict.fromkeys(self.cost, 0.0)
        self.lost = dict.fromkeys(self.cost, 0.0)
        self.made = dict.fromkeys(self.cost, 0)
        self.events = dict(kill=0, preempt=0, limit=0, resumed=0, rounds=0, elements=0)
        self.order = 0

    def cluster(self, command, *arguments):
        environment = dict(os.environ, BIN=f"{self.tree}/bin", PROFILE="paper")
        return subprocess.run(
            ["reproductions/support/cluster.sh", command, *arguments], cwd=self.tree, text=True,
            capture_output=True, env=environment)

    def element(self, experiment, number, index, count, limit):
        """One element up to its end: its seconds, and whether it is begun anew (preemption)."""
        folder = f"{self.tree}/results/paper/runs/{experiment}.h5"
        shard = f"{folder}.shard-{index}-of-{count}"
        os.makedirs(shard, exist_ok=True)
        with open(f"{self.tree}/results/paper/cluster/{experiment}/round-{number}/dealt") as table:
            dealt = [line.split()[1] for line in table if line.split()[0] == str(index)]
        draw = self.random.random()
        # One in ten is killed (its node fails), one in five preempted, if it takes long enough.
        fate = "kill" if draw < 0.1 else "preempt" if draw < 0.3 else "limit"
        end = limit - SIGNAL if fate == "limit" else self.random.uniform(0, 3600)
        now = START
        for run in dealt:
            if os.path.exists(f"{shard}/{run}.run"):
                continue
            position = 0.0
            for place in (shard, folder):
                path = f"{place}/{run}.a.checkpoint"
                if position == 0.0 and os.path.exists(path):
                    with open(path) as file:
                        position = float(file.read())
                    self.events["resumed"] += 1
            left = self.cost[run] - position
            if now + left <= end:
                now += left
                self.computed[run] += left
                self.made[run] += 1
                with open(f"{shard}/{run}.run", "w") as file:
                    file.write(experiment)
                if experiment in RACES:
                    open(f"{shard}/{run}.end", "w").close()
                if os.path.exists(f"{shard}/{run}.a.checkpoint"):
                    os.remove(f"{shard}/{run}.a.checkpoint")
                continue
            worked = max(0.0, end - now)
            kept = worked if fate != "kill" else worked // CHECKPOINT * CHECKPOINT
            self.computed[run] += worked
            self.lost[run] += worked - kept
            if position + kept > 0:
                with open(f"{shard}/{run}.a.checkpoint", "w") as file:
                    file.write(repr(position + kept))
            self.events[fate] += 1
            return max(end, now), fate == "preempt"
        return now, False

    def campaign(self):
        """All rounds of all experiments, each with a chain of its own; its virtual seconds."""
        names = " ".join(PLAN)
        prepared = self.cluster("round", "paper", "data", names, "--profile", "paper")
        if prepared.returncode:
            sys.exit(prepared.stderr)
        waiting, running, left = [], [], {}
        clock = 0.0

        def add(experiment, number, count):
            path = f"{self.tree}/results/paper/cluster/{experiment}/round-{number}/elements"
            with open(path) as table:
                rows = [line.split() for line in table]
            assert len(rows) == count, (path, count)
            longest = max(float(row[1]) for row in rows)
            # What cluster-slurm.sh asks for.
            limit = 60 * min(TIME, int(longest) // 30 + 5 + (int(SIGNAL) + 59) // 60)
            for row in rows:
                waiting.append((experiment, number, int(row[0]), count, limit))
            left[experiment] = count
            self.events["rounds"] += 1
            self.events["elements"] += count

        rows = [line.split() for line in open(f"{self.tree}/results/paper/cluster/tasks")]
        for experiment in PLAN:
            count = sum(row[0] == experiment for row in rows)
            add(experiment, 1, count)
        while waiting or running:
            while waiting and len(running) < self.nodes:
                element = waiting.pop(0)
                seconds, again = self.element(*element)
                self.order += 1
                heapq.heappush(running, (clock + seconds, self.order, element, again))
            clock, _, element, again = heapq.heappop(running)
            if again:
                waiting.append(element)
                continue
            left[element[0]] -= 1
            if left[element[0]] == 0:
                outcome = self.cluster("advance", "results/paper/cluster", element[0])
                if outcome.returncode:
                    sys.exit(outcome.stdout + outcome.stderr)
                number, count = map(int, outcome.stdout.split()[-2:])
                if count:
                    add(element[0], number, count)
        return clock

    def check(self):
        for experiment in PLAN:
            with open(f"{self.tree}/results/paper/cluster/{experiment}/state") as file:
                state = file.read().strip()
            assert state == "done", f"{experiment}: {state}"
            folder = f"{self.tree}/results/paper/runs/{experiment}.h5"
            for name in os.listdir(folder) if experiment in RACES else []:
                assert not name.endswith(".run") or os.path.exists(f"{folder}/{name[:-4]}.end"), name
        for run, cost in self.cost.items():
            assert self.made[run] == 1, f"{run} was made {self.made[run]} times"
            again = self.computed[run] - cost
            assert abs(again - self.lost[run]) < 1e-3, f"{run}: {again} s again, {self.lost[run]} lost"


def main():
    seconds = costs()
    with open("Package.swift") as package:
        names = re.search(r"let experiments = \[(.*?)\]", package.read(), re.S)[1]
    for name in re.findall(r'"(.*?)"', names):
        assert name in PLAN and name in seconds, f"PLAN or costs.tsv lacks {name}"
    os.environ["SIMULATED_COSTS"] = json.dumps(seconds)
    print("nodes    hours  speed-up  elements  rounds  killed  preempted  at the limit  resumed  lost")
    first = None
    for nodes in [int(text) for text in sys.argv[1:]] or [1, 10, 100, 1000]:
        with tempfile.TemporaryDirectory() as tree:
            os.symlink(f"{os.getcwd()}/reproductions", f"{tree}/reproductions")
            os.makedirs(f"{tree}/bin")
            for name in PLAN:
                with open(f"{tree}/bin/{name}", "w") as file:
                    file.write(f'#!/bin/sh\nexec {sys.executable} {os.path.abspath(__file__)} '
                               f'--as {name} "$@"\n')
                os.chmod(f"{tree}/bin/{name}", 0o755)
            with open(f"{tree}/cluster.conf", "w") as conf:
                conf.write(f"TIME={TIME}\nELEMENTS=1000\nELEMENT_MINUTES=20\n")
            simulated = Cluster(tree, nodes, seconds, seed=nodes)
            time = simulated.campaign()
            simulated.check()
            first = first or time * nodes
            computed, lost = sum(simulated.computed.values()), sum(simulated.lost.values())
            e = simulated.events
            print(f"{nodes:5d} {time / 3600:8.1f} {computed / time:9.1f} {e['elements']:9d} {e['rounds']:7d} "
                  f"{e['kill']:7d} {e['preempt']:10d} {e['limit']:13d} {e['resumed']:8d} "
                  f"{100 * lost / computed:4.2f} %")
    total = sum(simulated.cost.values())
    print(f"ok: {len(simulated.cost)} runs, {total / 3600:.0f} hours of computation, each made once")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as"]:
        program(sys.argv[2], sys.argv[3:])
    else:
        main()
