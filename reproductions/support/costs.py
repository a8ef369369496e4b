#!/usr/bin/env python3
"""Writes costs.tsv: what a run of each experiment takes, for elements that are planned before any
run has been made (cluster.sh).

Seconds an epoch: the shortest of the reference results, of the method that takes longest. Experiments that have
no such times, and the peak memory of all: from the program itself, a run of each kind in the profile
paper, on real data, stopped once its memory has not grown for SECONDS.

usage: costs.py DATA [SECONDS [EXPERIMENT...]]     needs h5py; in the project's folder
The rows of other experiments than those that are named stay as they are.
"""
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

try:
    import h5py
    import numpy
except ModuleNotFoundError as error:
    sys.exit(f"costs.py: this Python lacks {error.name}: apt-get install python3-h5py, and /usr/bin/python3")


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
                steps = values[..., 1:] - values[..., :-1]
            # The shortest of seeds and epochs: other work on the machine makes times longer, never shorter.
            methods = steps.reshape(-1, *steps.shape[-2:])
            typical = [numpy.nanmin(row) for row in methods if numpy.isfinite(row).any()]
            if typical:
                found[max(typical)] = f"{path}, {file.attrs['cpu_model']}"
    return max(found.items(), default=(None, None))


def kinds(command):
    """A run of each kind among those of the program, the first: method, and the name it has there."""
    listed = subprocess.run(command + ["--list", "--json"], capture_output=True, text=True, check=True)
    found = {}
    for run in json.loads(listed.stdout):
        found.setdefault((run["method"], run["labels"].get("optimizer")), run)
    return found.values()


def peak(pid):
    """The most memory that a process has had, in MB; 0 once it has ended."""
    try:
        with open(f"/proc/{pid}/status") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) / 1024
    except (OSError, TypeError):
        return 0


def measured(experiment, data, seconds, is_timed):
    """Peak memory in MB, of the kind of run that takes most, and seconds of an epoch, if they are wanted:
    processor time, that of starting included."""
    most, longest = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        command = [f".build/release/{experiment}", "--profile", "paper", "--data-dir", data,
                   "--jobs", "1", "--checkpoint-interval", str(seconds / 2), "--output", f"{folder}/x.h5"]
        if is_timed and any(run["epochs"] > 1 for run in kinds(command)):
            command += ["--epochs", "1"]
        for run in kinds(command):
            with open(f"{folder}/dealt", "w") as table:
                print(1, run["run"], sep="\t", file=table)
            child = subprocess.Popen(command + ["--shard", "1/1", "--dealt", f"{folder}/dealt"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            memory, grown = 0, time.monotonic()
            while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                now = peak(child.pid)
                # A checkpoint is among what takes memory.
                if now > 1.01 * memory:
                    memory, grown = now, time.monotonic()
                if not is_timed and time.monotonic() - grown > seconds:
                    child.send_signal(signal.SIGINT)
                    break
                time.sleep(0.2)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            most = max(most, usage.ru_maxrss / 1024)
            longest = max(longest, usage.ru_utime + usage.ru_stime)
    return most, longest


data = sys.argv[1]
seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
path = "reproductions/support/costs.tsv"
with open("Package.swift") as package:
    names = re.search(r"let experiments = \[(.*?)\]", package.read(), re.S)[1]
with open(path) as table:
    kept = {line.split("\t")[0]: line for line in table}
with open(f"{path}.partial", "w") as table:
    print("# experiment\tseconds an epoch\tMB\tsource of the seconds; written by costs.py", file=table)
    for experiment in re.findall(r'"(.*?)"', names):
        if experiment in kept and sys.argv[3:] and experiment not in sys.argv[3:]:
            table.write(kept[experiment])
            continue
        each, source = reference(experiment)
        memory, own = measured(experiment, data, seconds, each is None)
        if each is None:
            each, source = own, "one epoch, profile paper"
        # A quarter and 200 MB more than was seen, to the next hundred.
        print(experiment, f"{each:.3g}", -(-int(memory * 1.25 + 200) // 100) * 100, source,
              sep="\t", file=table)
        table.flush()
os.replace(f"{path}.partial", path)
