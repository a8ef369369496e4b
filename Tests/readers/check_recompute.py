#!/usr/bin/env python3
"""Checks that recompute_verdicts.py and recompute_readings.py can fail: with wrong verdicts, and with other numbers.

usage: check_recompute.py FOLDER [PROGRAMS]

FOLDER has result files. In a copy every verdict is exchanged for another; each must be found. Then the
verdicts are right again and the costs of the contenders exchanged; some verdict must be found wrong. So with
the readings, whose numbers are also moved by 1e-6 and of which one a claim is taken away. At last an
alternative with runs of two contenders is added to the choices of mnist-logistic: its readings must be missed.
With PROGRAMS, the folder of the executables, the program judges that file again, and all readings must be equal.
"""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy

HERE = pathlib.Path(__file__).parent
OTHER = {
    "reproduced": "not reproduced",
    "not reproduced": "inconclusive",
    "inconclusive": "not run",
    "not run": "reproduced",
    "": "",
}
NUMBERS = ("effect", "low", "high", "threshold", "seeds")
PASSES = 30


def recompute(script, files):
    """Status and output of a script."""
    run = subprocess.run([sys.executable, HERE / script, *files], capture_output=True, text=True, check=False)
    return run.returncode, run.stdout.strip().split("\n")


def verdicts(files):
    """Status, and the numbers of verdicts and of wrong ones."""
    status, lines = recompute("recompute_verdicts.py", files)
    return status, *(int(word) for word in lines[-1].split() if word.isdigit())


def readings(files):
    """Status, and the numbers of readings in the files and of those that are not equal or not there."""
    status, lines = recompute("recompute_readings.py", files)
    counts = [line.split(": ")[1].split() for line in lines if line.endswith(" readings equal")]
    count = sum(int(words[2]) for words in counts)
    missing = sum(": not in the file" in line for line in lines)
    return status, count, count - sum(int(words[0]) for words in counts) + missing


def exchange_verdicts(file):
    for table in ("claims", "volatile/claims"):
        if table in file:
            verdicts = file[table]["verdict"]
            verdicts[...] = [OTHER[v] for v in verdicts.asstr()[()]]


def exchange_contenders(file):
    for name in ("train_cost_running", "test_error"):
        if name in file and file[name].dims[1].label == "optimizer":
            file[name][...] = file[name][()][:, ::-1]


def exchange_readings(file):
    verdicts = file["readings/verdict"]
    verdicts[...] = [[OTHER[v] for v in row] for row in verdicts.asstr()[()]]


def move_numbers(file):
    for name in NUMBERS:
        file["readings"][name][...] += 1e-6


def take_readings(file):
    """The first reading of each claim."""
    file["readings/verdict"][:, 0] = ""
    for name in NUMBERS:
        file["readings"][name][:, 0] = numpy.nan


def add_alternative(file):
    """Three seeds of Adam and AdaGrad with another choice than the arm `tuned`."""
    choices, axes = file["choices"], ("choice", "optimizer", "seed", "epoch")
    count = len(choices["choice"])
    for name, labels in (("optimizer", ["Adam", "AdaGrad"]), ("seed", range(3)), ("epoch", range(PASSES + 1))):
        choices[name] = list(labels)
        choices[name].make_scale(name)
    costs = numpy.full((count, 2, 3, PASSES + 1), numpy.nan)
    costs[1] = 0.3 + 0.01 * numpy.random.default_rng(1).random(costs.shape[1:])
    running, status = costs.copy(), numpy.zeros(costs.shape[:3], numpy.uint8)
    running[..., PASSES], status[1] = numpy.nan, 1
    arm = ["tuned" if row == 1 else "" for row in range(count)]
    for name, values in (("train_cost", costs), ("train_cost_running", running), ("status", status), ("arm", arm)):
        choices[name] = values
        for dimension, axis in zip(choices[name].dims, axes):
            dimension.label = axis
            dimension.attach_scale(choices[axis])


def seal(path):
    """Ends a file as the programs do, or they would leave out what was added."""
    content = path.read_bytes()
    path.write_bytes(content + b"ADAMSEAL" + hashlib.sha256(content).digest())


def can_fail(judge, change, least, folder):
    """Whether a change is found: everywhere, or in so many places."""
    with tempfile.TemporaryDirectory() as scratch:
        for path in folder.glob("*.h5"):
            with h5py.File(shutil.copy(path, scratch), "r+") as file:
                if judge is verdicts or "readings" in file:
                    change(file)
        status, count, wrong = judge(sorted(pathlib.Path(scratch).glob("*.h5")))
    print(f"{change.__name__}: status {status}, {wrong} of {count} {judge.__name__} found wrong")
    return status == 1 and wrong >= (least or count) > 0


def alternative(folder, programs):
    """Whether readings of an alternative are missed, and equal once the program has judged them."""
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(shutil.copy(folder / "mnist-logistic.h5", scratch))
        with h5py.File(path, "r+") as file:
            add_alternative(file)
        status, count, missed = readings([path])
        print(f"add_alternative: status {status}, {missed} readings missed")
        if status != 1 or missed != 4 or programs is None:
            return status == 1 and missed == 4
        seal(path)
        program = pathlib.Path(programs).resolve() / "mnist-logistic"
        subprocess.run([program, "--rejudge", "--quiet", "--output", path], check=True)
        status, now, wrong = readings([path])
        print(f"add_alternative: judged by the program, status {status}, {wrong} of {now} readings found wrong")
        return status == 0 and now == count + missed


def main():
    if len(sys.argv) not in (2, 3):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 64
    folder, programs = pathlib.Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    checks = (
        (verdicts, exchange_verdicts, None),
        (verdicts, exchange_contenders, 1),
        (readings, exchange_readings, None),
        (readings, move_numbers, None),
        (readings, exchange_contenders, 1),
        (readings, take_readings, 1),
    )
    right = [can_fail(*check, folder) for check in checks]
    return 0 if all([*right, alternative(folder, programs)]) else 1


if __name__ == "__main__":
    sys.exit(main())
