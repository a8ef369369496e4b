#!/usr/bin/env python3
"""Writes costs.tsv: what a run of each experiment takes, for elements that are planned before any
run has been made (cluster.sh).

Seconds an epoch: those of the reference results, the method that takes longest. Experiments that have
no such times, and the peak memory of all: from the program itself, profile quick, one run at a time on
real data, stopped after SECONDS.

usage: costs.py DATA [SECONDS]     needs h5py; in the project's folder
"""
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile

import h5py
import numpy


def reference(experiment):
    """Seconds an epoch in the reference results, and where they are from."""
    found = {}
    for path in sorted(glob.glob(f"results/reference/*/{experiment}.h5")):
        with h5py.File(path) as file:
            times = file["volatile"].get("elapsed_seconds")
            if times is None:
                continue
            values = numpy.asarray(times)
            with numpy.errstate(invalid="ignore"):
                a_run = (values[..., 1:] - values[..., :-1]).reshape(-1, values.shape[-1] - 1)
            means = [numpy.nanmean(row) for row in a_run if numpy.isfinite(row).any()]
            if means:
                found[max(means)] = f"{path}, {file.attrs['cpu_model']}"
    return max(found.items(), default=(None, None))


def measured(experiment, data, seconds):
    """Peak memory in MB, and seconds an epoch where enough runs have ended."""
    with tempfile.TemporaryDirectory() as folder:
        command = [f".build/release/{experiment}", "--data-dir", data, "--jobs", "1",
                   "--output", f"{folder}/x.h5"]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        signal.signal(signal.SIGALRM, lambda *_: child.send_signal(signal.SIGINT))
        signal.alarm(seconds)
        _, _, usage = os.wait4(child.pid, 0)
        signal.alarm(0)
        pending = subprocess.run(command + ["--pending"], capture_output=True, text=True).stdout
        line = pending.split("\n")[0].split("\t")
        status = subprocess.run(command + ["--status"], capture_output=True, text=True).stdout
        if len(line) == 5 and line[2] != "?":
            each = float(line[2]) / int(line[1])
        else:
            count = re.search(r"(\d+) of (\d+)\+? runs", status)
            each = seconds if not count or int(count[1]) == 0 else seconds / int(count[1])
        return usage.ru_maxrss / 1024, each


data = sys.argv[1]
seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
with open("Package.swift") as package:
    names = re.search(r"let experiments = \[(.*?)\]", package.read(), re.S)[1]
with open("reproductions/support/costs.tsv.partial", "w") as table:
    print("# experiment\tseconds an epoch\tMB\tsource of the seconds; written by costs.py", file=table)
    for experiment in re.findall(r'"(.*?)"', names):
        each, source = reference(experiment)
        memory, own = measured(experiment, data, seconds)
        if each is None:
            each, source = own, f"profile quick, stopped after {seconds} s"
        # A quarter and 200 MB more than was seen, to the next hundred.
        print(experiment, f"{each:.3g}", -(-int(memory * 1.25 + 200) // 100) * 100, source,
              sep="\t", file=table)
        table.flush()
os.replace("reproductions/support/costs.tsv.partial", "reproductions/support/costs.tsv")
