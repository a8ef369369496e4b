#!/usr/bin/python3
"""Runs the snippets of Markdown files as they stand there, from the project's folder.

usage: check_snippets.py FILE.md ...

A block of Python, R, Octave or shell is run by itself. One whose interpreter or package is not installed is
skipped, and named; Julia's always is. Outside of results/ only Python is run: commands there build and train.
Exit status: 0 all ran, 1 one failed, 66 nothing could be run.
"""

import os
import re
import shutil
import subprocess
import sys

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUNNERS = {
    "python": ["/usr/bin/python3", "-"],
    "r": ["Rscript", "-"],
    "octave": ["octave", "--no-gui", "--quiet"],
    "sh": ["bash", "-e"],
}
MISSING = ("ModuleNotFoundError", "there is no package called", "command not found", "is not installed")

ran = failed = 0
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for block in BLOCK.finditer(text):
        language, code = block.group(1).lower(), block.group(2)
        line = text.count("\n", 0, block.start()) + 1
        runner = RUNNERS.get(language)
        if runner is None or (language != "python" and not os.path.normpath(path).startswith("results/")):
            continue
        if shutil.which(runner[0]) is None:
            print(f"{path}:{line}: {runner[0]} is not installed, skipped")
            continue
        done = subprocess.run(
            runner, input=code, text=True, capture_output=True, timeout=300,
            env={**os.environ, "MPLBACKEND": "Agg"}, check=False)
        if done.returncode != 0 and any(word in done.stderr for word in MISSING):
            print(f"{path}:{line}: {done.stderr.strip().splitlines()[-1]}, skipped")
            continue
        ran += 1
        if done.returncode != 0:
            failed += 1
            print(f"{path}:{line}: FAILED\n{done.stderr.strip()}", file=sys.stderr)
        else:
            print(f"{path}:{line}: {language} runs")
if ran == 0:
    print("no snippet could be run", file=sys.stderr)
    sys.exit(66)
print(f"{ran - failed} snippets passed, {failed} failed")
sys.exit(1 if failed else 0)
