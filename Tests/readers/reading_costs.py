"""Where the costs of a reading are: in runs of an arm, of an alternative, or of a search.

Costs are a function of a contender and a place, a list of numbers of passes made: [pass, seed], infinite where
the run diverged, NaN where there is none. What is not there is NotRun.
"""
import collections, copy
import numpy as np
from numpy import inf, isnan, nan
from quantities import RUNNING
from result_file import NotRun, values

COSTS = {"running mean": (RUNNING, -1), "after each pass": ("train_cost", 0)}  # the label after n passes, less n

STEP, FIXED = "alpha/sqrt(step)", "constant"

def mixed(method):
    """The stated schedule, but a constant stepsize for AdaGrad."""
    return FIXED if method.lower().startswith("adagrad") else STEP

class Search:
    """The runs of a search that choose, a contender's longest; their curves, infinite once diverged."""

    def __init__(self, f):
        if RUNNING not in f.h5.get("search", ()): raise NotRun("curves of a search")
        column = {name: values(node) for name, node in f.h5["search"].items()}
        names, epochs, shape = column["contender"], column["search_epochs"], column["trial"].shape
        points = [c for name, c in column.items()
                  if c.shape == shape and c.dtype.kind == "f" and name != "final_cost"]
        used = [i for i in range(len(names)) if epochs[i] == epochs[names == names[i]].max()]
        self.schedules = list(dict.fromkeys(column["schedule"][used]))
        self.seeds, self.runs = sorted(set(column["search_seed"])), []
        for i in used:
            curve, cost = column[RUNNING][i][:epochs[i]], column["final_cost"][i]
            if isnan(curve).all(): continue
            point = column["schedule"][i], *(str(c[i]) for c in points)
            self.runs.append((names[i], point, column["search_seed"][i], inf if isnan(cost) else cost,
                              np.where(isnan(curve), inf, curve)))

    def costs(self, schedule_of, chosen):
        """Costs of contenders at their best point with the schedule of each; None: any."""
        def of(method, place):
            schedule = schedule_of(method)
            points = collections.defaultdict(dict)
            for name, point, seed, cost, curve in self.runs:
                if name == method and schedule in (None, point[0]) and max(place) <= len(curve):
                    points[point][seed] = curve.mean() if chosen == "mean cost" else cost, curve
            if not points: raise NotRun(method)
            best = min(points.values(), key=lambda runs: np.mean([score for score, _ in runs.values()]))
            at = [passes - 1 for passes in place]
            return np.array([best[s][1][at] if s in best else [nan] * len(at) for s in self.seeds]).T
        return of

def of_runs(f, cost, **at):
    variable, label = COSTS[cost]
    return lambda method, place: f.costs(method, [passes + label for passes in place], variable, **at)

def alternatives(f):
    """Name, arm, passes and costs of each row of /choices that has runs of several contenders."""
    h5 = f.h5.get("choices", {})
    if "arm" not in h5: return
    inside = copy.copy(f)
    inside.h5 = h5
    for row, arm in enumerate(values(h5["arm"])):
        if not arm: continue
        label = h5["choice"][row]
        lengths = h5["run_epochs"][row] if "run_epochs" in h5 else np.zeros(0)
        passes = lengths[lengths > 0].min() if (lengths > 0).any() else len(h5["epoch"]) - 1
        name = ": ".join(values(h5[column])[row] for column in ("question", "alternative"))
        yield name, arm, int(passes), lambda cost, at=label: of_runs(inside, cost, choice=at)
