#!/usr/bin/env python3
"""Checks that recompute_verdicts.py can fail: with wrong verdicts, and with other numbers.

usage: check_recompute.py FOLDER

FOLDER has result files. In a copy every verdict is exchanged for another; each must be found. Then the
verdicts are right again and the costs of the contenders exchanged; some verdict must be found wrong.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import h5py

SCRIPT = pathlib.Path(__file__).parent / "recompute_verdicts.py"
OTHER = {
    "reproduced": "not reproduced",
    "not reproduced": "inconclusive",
    "inconclusive": "not run",
    "not run": "reproduced",
}


def recompute(folder):
    """Status and last line of the script."""
    files = sorted(folder.glob("*.h5"))
    run = subprocess.run([sys.executable, SCRIPT, *files], capture_output=True, text=True, check=False)
    return run.returncode, run.stdout.strip().split("\n")[-1]


def exchange_verdicts(file):
    for table in ("claims", "volatile/claims"):
        if table in file:
            verdicts = file[table]["verdict"]
            verdicts[...] = [OTHER[v] for v in verdicts.asstr()[()]]


def exchange_contenders(file):
    for name in ("train_cost_running", "test_error"):
        if name in file and file[name].dims[1].label == "optimizer":
            file[name][...] = file[name][()][:, ::-1]


def main():
    if len(sys.argv) != 2:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 64
    for change in (exchange_verdicts, exchange_contenders):
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            for path in sorted(pathlib.Path(sys.argv[1]).glob("*.h5")):
                copy = shutil.copy(path, folder)
                with h5py.File(copy, "r+") as file:
                    change(file)
            status, told = recompute(folder)
        count, wrong = (int(word) for word in told.split() if word.isdigit())
        least = count if change is exchange_verdicts else 1
        print(f"{change.__name__}: status {status}, {told}")
        if status != 1 or wrong < least:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
