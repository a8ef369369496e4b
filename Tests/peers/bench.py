#!/usr/bin/env python3
"""Times training steps of this project beside PyTorch, JAX and TensorFlow, in turns within one run.

usage: bench.py [--cases NAMES] [--peers NAMES] [--turns N] [--seconds S] [--output FILE.json]
                [--compare OLD.json] BENCH_NETWORKS

BENCH_NETWORKS, the built program of that name, exports each problem: data, minibatches, start, and its costs of
the first 20 steps. Each peer trains on it; that its costs are the same is checked and printed. Then all take
turns, N times: two processes at once, one thread and one processor each (wall time / steps of both), and for
the peers also one process with two threads. A turn's time is the shortest of rounds of at least 20 ms, of two
processes the slower's. A peer's number is that of the best of its variants and of the two ways. After the first
turn, variants that are more than 1.3 times as slow as the framework's best are left out.

A ratio is the peer's time over ours: of the best turns, and in brackets the least and the greatest of one turn.
`--output` keeps the outcome after each case; what FILE has of others, from the same machine, sources and versions,
stays. What frameworks compile is kept for the next run.

Exit status: 0 measured, 1 some costs differ, 64 wrong options, 65 a file is no outcome, 69 something is missing,
70 a program failed, 73 the outcome cannot be kept.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

from outcome import CASES, NAME, PEERS, Failure, compare, ratios, read, shown

try:
    import problem
except ModuleNotFoundError as error:
    problem, MISSING = None, f"the Python package {error.name}"

TOLERANCE = 1e-4
KEPT = 1.3
OWN = pathlib.Path(__file__).resolve().parent
FOLDER = OWN.parent.parent / ".build" / "bench-peers"

# What was compiled is kept for the next run.
CACHES = {
    "TORCHINDUCTOR_CACHE_DIR": str(FOLDER / "torch"),
    "TORCHINDUCTOR_COMPILE_THREADS": "1",
    "JAX_COMPILATION_CACHE_DIR": str(FOLDER / "jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
}


class Process:
    """A program that answers lines with lines, on some processors."""

    def __init__(self, name, command, processors):
        self.name, self.log = name, FOLDER / f"{name}.log"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["taskset", "-c", ",".join(map(str, processors)), *command],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **CACHES},
            )  # fmt: skip

    def tell(self, text):
        try:
            self.process.stdin.write(text + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure(f"{self.name} has ended; see {self.log}", 70) from None

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"{self.name} has ended; see {self.log}", 70)
        return line.strip()

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Ours:
    """Two runs of the program, one thread each."""

    def __init__(self, program, processors):
        self.processes = [Process(f"ours-{i}", [program, "--serve"], {p}) for i, p in enumerate(processors)]

    def export(self, case, path):
        self.processes[0].tell(f"export {case} {path}")
        self.processes[0].hear()

    def prepare(self, case):
        for process in self.processes:
            process.tell(f"prepare {case}")
        for process in self.processes:
            process.hear()

    def time(self, case, seconds):
        start = time.monotonic() + 0.02
        for process in self.processes:
            process.tell(f"time {case} {seconds} {start}")
        return max(float(process.hear()) for process in self.processes) / len(self.processes)


class Peer:
    """One framework: two processes with one thread each, and one process with two."""

    def __init__(self, framework, processors):
        command = [sys.executable, str(OWN / "worker.py"), framework]
        self.framework = framework
        self.ways = {
            "two processes": [
                Process(f"{framework}-{i}", [*command, "1"], {p}) for i, p in enumerate(processors)
            ],
            "two threads": [Process(f"{framework}-both", [*command, "2"], set(processors))],
        }  # fmt: skip
        self.version = [self.heard(process)["version"] for process in self.processes][-1]
        self.variants, self.failed = {}, {}

    @property
    def processes(self):
        return [process for group in self.ways.values() for process in group]

    def heard(self, process):
        answer = json.loads(process.hear())
        if "error" in answer:
            raise Failure(f"{process.name} failed: {answer['error']}; see {process.log}", 70)
        return answer

    def prepare(self, case, path, processes):
        for process in processes:
            process.tell(json.dumps({"prepare": case, "file": str(path)}))

    def prepared(self, case, processes):
        """What has become of it; a variant counts if it runs everywhere."""
        for process in processes:
            answer = self.heard(process)
            variants = self.variants.get(case, answer["variants"])
            self.variants[case] = [variant for variant in variants if variant in answer["variants"]]
            self.failed.setdefault(case, {}).update(answer["failed"])
        return answer

    def check(self, case):
        process = self.ways["two processes"][0]
        process.tell(json.dumps({"check": case}))
        return self.heard(process)["differences"]

    def time(self, case, variant, way, seconds):
        processes, start = self.ways[way], time.monotonic() + 0.02
        for process in processes:
            request = {"time": case, "variant": variant, "seconds": seconds, "start": start}
            process.tell(json.dumps(request))
        return max(self.heard(process)["step"] for process in processes) / len(processes)


def processor_name():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


def vectors():
    """The widest vector instructions that the processor tells."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return "unknown"
    return next((name for name in ("avx512f", "avx2", "asimd", "sse2") if name in flags), "unknown")


def provenance(peers):
    revision = subprocess.run(
        [OWN.parent.parent / "reproductions" / "support" / "revision.sh"], capture_output=True, text=True, check=False
    ).stdout.split()
    return {
        "processor": processor_name(),
        "vectors": vectors(),
        "processors": 2,
        "system": platform.platform(),
        "python": platform.python_version(),
        "revision": " ".join(revision),
        "versions": {peer.framework: peer.version for peer in peers},
    }


def prepare(case, ours, peers, entry):
    """Lets all make ready for a case; whether some costs differ, which is printed."""
    path, differ = FOLDER / f"{case}.h5", False
    ours.export(case, path)
    problem.write_noise(case, path)
    # What a framework's first process compiles, its others find in the cache.
    for number in (slice(0, 1), slice(1, None)):
        for peer in peers:
            peer.prepare(case, path, peer.processes[number])
        for peer in peers:
            answer = peer.prepared(case, peer.processes[number])
            entry["parameters"], entry["minibatch"] = answer["parameters"], answer["minibatch"]
    ours.prepare(case)
    for peer in peers:
        entry["differences"][peer.framework] = found = peer.check(case)
        for variant, difference in found.items():
            is_same = difference <= TOLERANCE
            differ = differ or not is_same
            print(f"  {case}: {peer.framework}, {variant}: {difference:.1g}{'' if is_same else ', DIFFERENT'}")
        for variant, reason in peer.failed[case].items():
            print(f"  {case}: {peer.framework}, {variant}: does not run: {reason}")
    path.unlink()
    pathlib.Path(f"{path}.npz").unlink(missing_ok=True)
    return differ


def measure(case, ours, peers, turns, seconds, entry):
    """Takes turns; fills `entry` with the times of each turn."""
    entry["ours"] = []
    times = {(peer, variant, way): [] for peer in peers for variant in peer.variants[case] for way in peer.ways}
    left = list(times)
    for turn in range(turns):
        entry["ours"].append(ours.time(case, seconds))
        for key in left:
            peer, variant, way = key
            times[key].append(peer.time(case, variant, way, seconds))
        if turn == 0:
            best = {p: min((t[0] for k, t in times.items() if k[0] is p), default=0) for p in peers}
            left = [key for key in left if times[key][0] <= KEPT * best[key[0]]]
    entry["peers"] = {
        peer.framework: {
            f"{variant}, {way}": found for (p, variant, way), found in times.items() if p is peer
        }
        for peer in peers
    }  # fmt: skip
    entry["failed"] = {peer.framework: peer.failed[case] for peer in peers if peer.failed[case]}


def tell(case, entry):
    print(f"{case}: ours {shown(min(entry['ours']))} a step")
    for framework in entry["peers"]:
        found = ratios(entry, framework)
        if found is None:
            print(f"  {framework}: no variant runs")
            continue
        ratio, least, greatest, name = found
        best = min(entry["peers"][framework][name])
        print(f"  {framework:<10} {shown(best):>9}, ratio {ratio:.2f} ({least:.2f} to {greatest:.2f}): {name}")
    sys.stdout.flush()


def names(text, known, what):
    chosen = text.replace(",", " ").split() if text else known
    for name in chosen:
        if name not in known:
            raise Failure(f"unknown {what} '{name}'; choose from: {' '.join(known)}", 64)
    return [name for name in known if name in chosen]


def run(options):
    cases, frameworks = names(options.cases, CASES, "case"), names(options.peers, PEERS, "peer")
    if options.turns < 1 or not 0 < options.seconds < 600:
        raise Failure("--turns and --seconds take positive numbers", 64)
    if not (os.path.isfile(options.program) and os.access(options.program, os.X_OK)):
        raise Failure(f"{options.program} is not there; build it: make build", 69)
    if problem is None:
        raise Failure(f"{MISSING} is missing here; run: make bench-peers, which makes an environment of its own", 69)
    processors = sorted(os.sched_getaffinity(0))[:2]
    if len(processors) < 2:
        raise Failure("two processors are needed for two runs at once", 69)
    if options.output:
        check_output(pathlib.Path(options.output))
    FOLDER.mkdir(parents=True, exist_ok=True)
    outcome = {"schema": 1, "date": datetime.date.today().isoformat(), "provenance": {}, "cases": {}}
    started, differ = [], False
    try:
        ours = Ours(options.program, processors)
        started += ours.processes
        peers = [Peer(framework, processors) for framework in frameworks]
        started += [process for peer in peers for process in peer.processes]
        outcome["provenance"] = provenance(peers)
        for peer in peers:
            print(peer.version)
        print(f"costs of {problem.CHECKED_STEPS} steps, the largest difference from ours, then times:")
        outcome["provenance"]["load"] = os.getloadavg()[0]
        for case in cases:
            entry = outcome["cases"][case] = {"differences": {}}
            differ = prepare(case, ours, peers, entry) or differ
            measure(case, ours, peers, options.turns, options.seconds, entry)
            tell(case, entry)
            if options.output:
                keep(outcome, options.output)
    finally:
        for process in started:
            process.end()
    return outcome, differ


def check_output(path):
    """Before anything is measured: the file can be written, and one that is there can be added to."""
    if not os.access(path.parent, os.W_OK):
        raise Failure(f"{path.parent} is not there or cannot be written; choose another --output", 73)
    if path.exists():
        read(path)


def keep(outcome, path):
    """Writes the outcome in one step, with what the file has of other cases if its provenance is the same."""
    path = pathlib.Path(path)
    if path.exists():
        old = read(path)
        same = all(old["provenance"].get(k) == v for k, v in outcome["provenance"].items() if k != "load")
        if same:
            merged = {**old["cases"], **outcome["cases"]}
            outcome["cases"] = {case: merged[case] for case in CASES if case in merged}
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    os.replace(partial, path)


def main():
    parser = argparse.ArgumentParser(
        prog=NAME, usage=__doc__.split("\n\n")[1].removeprefix("usage: "), description=__doc__.split("\n")[0]
    )
    parser.add_argument("program", nargs="?", help="the built bench-networks")
    parser.add_argument("--cases", default="", help=f"some of: {' '.join(CASES)}")
    parser.add_argument("--peers", default="", help=f"some of: {' '.join(PEERS)}")
    parser.add_argument("--turns", type=int, default=5, help="turns of each (5)")
    parser.add_argument("--seconds", type=float, default=0.5, help="of a turn (0.5)")
    parser.add_argument("--output", help="keep the outcome")
    parser.add_argument("--compare", metavar="OLD.json", help="tell the changes since an older outcome")
    parser.error = lambda message: (_ for _ in ()).throw(Failure(f"{message}; see --help", 64))
    try:
        options = parser.parse_args()
        old = read(options.compare) if options.compare else None
        if not options.program:
            raise Failure("name the built bench-networks; see --help", 64)
        outcome, differ = run(options)
        if old is not None:
            compare(old, outcome)
        return 1 if differ else 0
    except Failure as failure:
        print(f"{NAME}: {failure}", file=sys.stderr)
        return failure.status


if __name__ == "__main__":
    sys.exit(main())
