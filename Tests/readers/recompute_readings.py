#!/usr/bin/env python3
"""Recomputes every row of /readings of result files from their arrays: verdict, numbers and which rows there are.

    recompute_readings.py FILE.h5 ...

Shares no code with the project: which readings there are is written here a second time, from docs/rules.md
("Readings"), with the statistics of recompute_verdicts.py; where their costs are is in reading_costs.py.
Prints every difference with both values, and of every file how many readings are equal. Exit status 1 if a
reading differs, is not known here, or is not in the file.
"""
import sys
import h5py, numpy as np
from numpy import inf, isnan, log, nan
from scipy.stats import sem, t as t_distribution
from quantities import A, D, N, S, complete, log_ratio, with_dropout
from reading_costs import COSTS, FIXED, STEP, Search, alternatives, mixed, of_runs
from recompute_verdicts import BELOW, COARSE, LATE, RIVALS, judge, student, together
from result_file import File, NotRun, values

LEAST_COST = 1e-6  # lower ones are of data that can be separated
SEARCHED = ("mnist-logistic", "imdb-logistic")  # section 6.1, the only one with readings of a search
WITHOUT_MINIMUM = "imdb-logistic"  # the reviews can be separated without dropout
MIXED = f"{STEP}, AdaGrad {FIXED}"
HIDDEN = ("fig2a.adam-best", "fig3.adam-marginal")  # by stepsizes half a decade apart
LOWER, HALF = (-inf, BELOW), (-inf, log(.5))

def begun(*epochs): return [[epoch + 1] for epoch in epochs]  # of running means: the pass that starts there
def made(*epochs): return [[epoch] for epoch in epochs]

# Pairs of contenders, places (the passes made, of which the mean is compared), where the log ratio is to be.
TABLE, REVIEWS, LAST = begun(5, 10, 20, 45), begun(10, 40, 160), [list(range(182, 202))]
CLAIMS = {
    "mnist-logistic": {
        "fig1a.adam-like-nesterov": ([(N, S)], TABLE, (-.1, .1)),
        "fig1a.adam-faster-than-adagrad": ([(N, A)], TABLE, LOWER),
        "fig1a.nesterov-faster-than-adagrad": ([(S, A)], TABLE, LOWER)},
    "imdb-logistic": {
        "fig1b.adagrad-beats-nesterov.dropout": ([("Adagrad" + D, S + D)], REVIEWS, (-inf, log(.9))),
        "fig1b.adam-like-adagrad": ([(N + D, "Adagrad" + D)], REVIEWS, (-.05, .05)),
        "fig1b.adam-beats-nesterov": ([(N + D, S + D)], REVIEWS, LOWER)},
    "mnist-mlp": {"fig2a.adam-best": ([(N, rival) for rival in RIVALS], LAST, LOWER)},
    "mnist-mlp-deterministic": {
        "fig2b.adam-faster-per-pass.to-10": ([(N, "SFO")], made(5, 10), LOWER),
        "fig2b.adam-faster-per-pass.to-25": ([(N, "SFO")], made(15, 20, 25), LOWER),
        "fig2b.sfo-stochastic": ([("SFO frozen masks", "SFO fresh masks")], made(5, 10), HALF)},
    "cifar-cnn": {
        "fig3.early-adam": ([(N, S)], begun(1, 2, 3), LOWER),
        "fig3.early-adagrad": ([(A, S)], begun(0, 1), LOWER),
        "fig3.late": (list(LATE.items()), begun(45), HALF),
        "fig3.adam-marginal": ([(N, S), (N + D, S + D)], [list(range(41, 47))], (log(.5), 0))},
}
NAMES = ("settings", "selection", "cost", "regularisation", "choice")
NUMBERS = ("effect", "low", "high", "threshold", "seeds")

def interval(seeds):
    """Mean and 95 % interval; none of one seed, of several infinities, or where some are infinite."""
    n = len(seeds)
    if not np.isfinite(seeds).all():
        mean = seeds[0] if len(set(seeds)) == 1 else nan
        return (mean, mean, mean) if n > 2 else (mean, nan, nan)
    half = t_distribution.ppf(.975, n - 1) * sem(seeds) if n > 1 else nan
    return np.mean(seeds), np.mean(seeds) - half, np.mean(seeds) + half

def outcome(costs, pairs, places, region, hidden=0):
    """Verdict, unit and numbers, those of the part that decides: the strongest counterexample, the undecided one that is
    farthest out, or the one that is least far inside."""
    parts, names = [], []
    for a, b in pairs:
        for place in places:
            seeds = complete(*(costs(method, place).mean(0) for method in (a, b)))
            if (seeds < LEAST_COST).any(): raise NotRun("costs vanish")
            parts.append(log_ratio(*seeds))
            names.append((a, b))
    verdicts = [judge(part, *region, costs=True, hidden=hidden) for part in parts]
    verdict, (low, high) = together(verdicts), region
    def inside(value): return min(inf if low == -inf else value - low, high - value)
    def margin(part):
        value, ends = interval(part)[0], student(part)
        if isnan(value): return -inf
        if ends is None or verdict not in ("reproduced", "not reproduced"): return inside(value)
        return (min if verdict == "reproduced" else max)(map(inside, ends))
    deciding = [i for i, v in enumerate(verdicts) if v == verdict]
    chosen = min(deciding, key=lambda i: margin(parts[i]))
    part = parts[chosen]
    mean, *ends = interval(part)
    threshold = low if np.isfinite(mean) and mean - low <= high - mean else high
    unit = "log(%s / %s)" % names[chosen]
    return verdict, unit, mean, *ends, threshold, len(part)

def readings(path):
    """Every reading that the arrays allow, by its labels."""
    try: f = File(path, None)
    except NotRun: return {}
    rows, experiment = {}, f.name
    def add(*key, passes=nan, costs, pairs, places, region, hidden):
        try: rows[(*key, str(float(passes)))] = outcome(costs, pairs, places, region, hidden)
        except NotRun: pass
    for claim, (all_pairs, places, region) in CLAIMS.get(experiment, {}).items():
        noisy = {m.endswith(D) for pair in all_pairs for m in pair}
        without = [tuple(m.removesuffix(D) for m in pair) for pair in all_pairs] if noisy == {True} else []
        there = values(f.h5["optimizer"]) if "optimizer" in f.h5 else ()
        with_ = [tuple(m + D for m in pair) for pair in all_pairs] if noisy == {False} else []
        if not all(m in there for pair in with_ for m in pair): with_ = []
        for kind, pairs in (("as stated", all_pairs), ("without dropout", without), ("with dropout", with_)):
            plain = any(not m.endswith(D) for pair in pairs for m in pair)
            if not pairs or plain and experiment == WITHOUT_MINIMUM: continue
            parts = {"pairs": pairs, "region": region, "hidden": COARSE if claim in HIDDEN else 0}
            for arm in values(f.h5["arm"]) if "arm" in f.h5 else ():
                try:
                    own = File(path, arm)
                    if experiment == "mnist-mlp": with_dropout(own)  # what Figure 2 (a) is about
                except NotRun: continue
                for cost in COSTS:
                    def key(name): return claim, arm, "", cost, kind, name
                    add(*key(""), costs=of_runs(own, cost), places=places, **parts)
                    for name, varied, passes, costs in alternatives(own):
                        if varied != arm: continue
                        reached = [place for place in places if max(place) <= passes] or [[passes]]
                        shorter = passes if max(map(max, places)) > passes else nan
                        add(*key(name), passes=shorter, costs=costs(cost), places=reached, **parts)
                        if shorter == passes and (*key(name), str(float(passes))) in rows:
                            add(*key(""), passes=passes, costs=of_runs(own, cost), places=reached, **parts)
            try: search = Search(f) if experiment in SEARCHED else None
            except NotRun: search = None
            schedules = search.schedules + [None] * (len(search.schedules) > 1) if search else []
            if any(mixed(a) != mixed(b) for a, b in pairs) and {STEP, FIXED} <= set(schedules):
                schedules.append(MIXED)
            for schedule in schedules:
                for chosen in ("final cost", "mean cost"):
                    add(claim, f"search: {schedule or 'any schedule'}", chosen, "running mean", kind, "",
                        costs=search.costs(mixed if schedule == MIXED else lambda _, s=schedule: s, chosen), places=places, **parts)
    return rows

def kept(h5):
    """The rows of /readings by their labels, and what is wrong with the table itself."""
    rows, wrong = {}, []
    table = {name: values(node) for name, node in h5.get("readings", {}).items()}
    for claim, name in enumerate(table.get("claim", ())):
        effects = table["effect"][claim][table["verdict"][claim] != ""]
        if (np.diff(effects) < 0).any(): wrong.append(f"{name}: not in the order of the effects")
        for rank, verdict in enumerate(table["verdict"][claim]):
            at = {column: v[claim, rank] for column, v in table.items() if v.ndim == 2}
            key = (name, *(at[column] for column in NAMES), str(float(at["passes"])))
            if verdict in ("", "not run") and not all(isnan(at[n]) or n == "seeds" and at[n] == 0 for n in NUMBERS):
                wrong.append(f"{told(key)}: {verdict or 'no reading'}, but has numbers")
            if key in rows: wrong.append(f"{told(key)}: twice")
            if verdict: rows[key] = verdict, at["unit"], *(at[n] for n in NUMBERS)
    return rows, wrong

def told(key): return f"{key[0]} [{', '.join(word for word in key[1:] if word not in ('', 'nan'))}]"

def differences(theirs, ours):
    if theirs is None: return [f"not in the file, recomputed {ours[0]}"]
    if ours is None: return [] if theirs[0] == "not run" else [f"kept {theirs[0]}, no such reading here"]
    def same(a, b):  # SciPy's quantile of Student's t is good to 1e-9
        return a == b if isinstance(a, str) else np.isclose(a, b, rtol=1e-8, atol=1e-8, equal_nan=True)
    return [f"{name}: kept {a}, recomputed {b}"
            for name, a, b in zip(("verdict", "unit", *NUMBERS), theirs, ours) if not same(a, b)]

def main():
    status = 0
    for path in sys.argv[1:]:
        ours = readings(path)
        with h5py.File(path) as h5: theirs, wrong = kept(h5)
        equal = 0
        for key in dict.fromkeys([*theirs, *ours]):
            found = differences(theirs.get(key), ours.get(key))
            wrong += [f"{told(key)}: {text}" for text in found]
            equal += not found
        for text in wrong: print(f"{path}: {text}")
        print(f"{path}: {equal} of {len(theirs)} readings equal" if theirs or ours else f"{path}: no readings")
        status |= bool(wrong)
    return status

if __name__ == "__main__":
    sys.exit(main())
