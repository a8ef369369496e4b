#!/usr/bin/env python3
"""Recomputes every verdict of result files from their arrays, with h5py, numpy and scipy alone.

    recompute_verdicts.py FILE.h5 ...

Shares no code with the project: the rules are written here a second time, from docs/rules.md and the
column `rule`. Exit status 1 if a verdict differs or a claim is unknown here.
"""
import csv, math, os, sys
import h5py, numpy as np
from scipy import stats

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "reproductions")
YES, NO, OPEN, NONE = "reproduced", "not reproduced", "inconclusive", "not run"
INF = math.inf

class NotRun(Exception): pass

def text(value): return value.decode() if isinstance(value, bytes) else str(value)

class File:
    def __init__(self, path):
        self.h5, self.folder = h5py.File(path), os.path.dirname(path)
        self.name = text(self.h5.attrs["experiment"])
        self.real = text(self.h5.attrs["data_origin"]) in ("official", "debian", "none")
    def labels(self, name, at=""):
        for place in (at, ""):
            if f"{place}/{name}" in self.h5: return [text(v) for v in self.h5[f"{place}/{name}"][()]]
        return []
    def axes(self, path): return [text(d[0].name).split("/")[-1] for d in self.h5[path].dims]
    def get(self, path, **at):
        """The array at some labels; its axes are those that are left."""
        if path not in self.h5: raise NotRun(path)
        values = self.h5[path][()]
        for axis, name in reversed(list(enumerate(self.axes(path)))):
            if name in at:
                labels = self.labels(name, os.path.dirname(path))
                wanted = text(at[name])
                same = [i for i, l in enumerate(labels) if l == wanted or number(l) == number(wanted)]
                if not same: raise NotRun(f"{name} {wanted}")
                values = np.take(values, same[0], axis)
        return values
    def cost(self, method, seed, epoch, arm, variable="train_cost_running"):
        place = dict(optimizer=method, seed=seed, arm=arm)
        value = float(self.get(variable, epoch=epoch, **place))
        if math.isfinite(value): return value
        if int(self.get("status", **place)) == 2: return INF
        return math.nan
    def beside(self, name):
        path = os.path.join(self.folder, name + ".h5")
        if not os.path.exists(path): raise NotRun(name)
        return File(path)

def number(label):
    try: return float(label)
    except ValueError: return None if label is None else label

def paper(experiment, figure, curve):
    with open(os.path.join(ROOT, experiment, "paper-curves.tsv")) as lines:
        rows = list(csv.reader(lines, delimiter="\t"))
    frame = next((r[0].split()[3].split("..") for r in rows
                  if r and r[0].startswith("# frame: " + figure + " ")), None)
    points = [(float(r[2]), float(r[3]), r[4] if len(r) > 4 else "") for r in rows
              if len(r) > 3 and r[0] == figure and r[1] == curve]
    return points, frame

def student(values):
    """Mean and deciding interval; None without one."""
    values = np.asarray(values, float)
    n = len(values)
    if not np.isfinite(values).all():
        same = n >= 3 and np.isinf(values).all() and (values == values[0]).all()
        return (values[0], (values[0], values[0])) if same else (math.nan, None)
    if n < 3: return values.mean(), None
    level = 0.999 if n < 5 else 0.95
    half = stats.t.ppf(0.5 + level / 2, n - 1) * values.std(ddof=1) / math.sqrt(n)
    return values.mean(), (values.mean() - half, values.mean() + half)

def place(interval, low=-INF, high=INF, strict=False, ratio=False):
    """Whether the interval lies in [low, high], with open ends where `strict`."""
    if interval is None: return OPEN
    a, b = interval
    inside = (low == -INF or (a > low if strict else a >= low)) and (high == INF or (b < high if strict else b <= high))
    if inside: return YES
    if ratio and math.log(.95) <= a and b <= -math.log(.95): return NO
    outside = (a >= high if strict else a > high) or (b <= low if strict else b < low)
    return NO if outside else OPEN

def together(parts):
    if NO in parts: return NO
    return NONE if not parts else YES if all(p == YES for p in parts) else OPEN

def log_ratio(a, b):
    if math.isinf(a) and math.isinf(b): return math.nan
    return math.log(max(a, sys.float_info.min)) - math.log(max(b, sys.float_info.min))

def compare(f, arm, a, b, epochs, variable="train_cost_running"):
    ratios = []
    for seed in f.labels("seed"):
        means = [np.mean([f.cost(m, seed, e, arm, variable) for e in epochs]) for m in (a, b)]
        if not any(map(math.isnan, means)): ratios.append(log_ratio(*means))
    if not ratios: raise NotRun("no seed")
    return student(ratios)[1]

def ratio(a, b, epochs, low=-INF, high=0., strict=False, variable="train_cost_running"):
    return lambda f, arm: together([place(compare(f, arm, a, b, [e], variable), low, high, strict, True) for e in epochs])
def lower(a, b, epochs, variable="train_cost_running"): return ratio(a, b, epochs, strict=True, variable=variable)

def match(figure, method, good=.05, fair=.15, range_=None, curve=None, variable="train_cost_running"):
    def rule(f, arm):
        points, frame = paper(f.name, figure, curve or method)
        low, high = range_ or (map(float, frame) if frame else (-INF, INF))
        points = [(round(x), y) for x, y, note in points
                  if note in ("-", "above-frame", "printed") and low <= x <= high and round(x) % 2 == 1]
        rows = []
        for seed in f.labels("seed"):
            costs = [f.cost(method, seed, x, arm, variable) for x, _ in points]
            if not any(map(math.isnan, costs)):
                rows.append(np.median([abs(math.log(c / y)) if c < INF else INF for c, (_, y) in zip(costs, points)]))
        if not rows or not points: raise NotRun(method)
        d = np.mean(rows)
        return NO if not d <= fair else OPEN if d > good or len(rows) == 1 else YES
    return rule

def last_mean(a, rivals, last, of):
    def one(f, arm, b):
        try:
            if "setting_dropout" in f.h5 and 0 in [float(f.get("setting_dropout", arm=arm, optimizer=m)) for m in f.labels("optimizer")]:
                return NONE
            return place(compare(f, arm, a, b, range(of - last, of)), high=0, strict=True, ratio=True)
        except NotRun: return NONE
    def rule(f, arm):
        parts = [one(f, arm, b) for b in rivals]
        return NONE if NONE in parts and NO not in parts else together([p for p in parts if p != NONE])
    return rule, lambda b: lambda f, arm: one(f, arm, b)

def passes(a, b, target, fraction):
    def count(f, m, seed, arm):
        before = None
        for e in f.labels("epoch")[:-1]:
            c = f.cost(m, seed, e, arm)
            if math.isnan(c): return c
            if c == INF: return INF
            if c <= target:
                return int(e) + (math.log(before / target) / math.log(before / c) if before and before > c > 0 else 1)
            before = c
        return INF
    def rule(f, arm):
        pairs = [[count(f, m, s, arm) for m in (a, b)] for s in f.labels("seed")]
        ratios = [log_ratio(*p) for p in pairs if not any(map(math.isnan, p))]
        if not ratios: raise NotRun(a)
        return place(student(ratios)[1], high=math.log(1 - fraction), ratio=True)
    return rule

def shares(f, arm, layers, variable="root_v_below_epsilon", epoch=10):
    return [[float(f.get(variable, arm=arm, optimizer="Adam", layer=l, epoch=epoch, seed=s))
             for s in f.labels("seed")] for l in layers]

CONV, DENSE = [f"conv{i}.weights" for i in (1, 2, 3)], ["hidden.weights", "output.weights"]

def vanishes(f, arm):
    rows = [[v for v in r if math.isfinite(v)] for r in shares(f, arm, CONV)]
    if not all(rows): raise NotRun("layers")
    return together([place(student(r)[1], low=.5) for r in rows])

def vanishes_more(f, arm):
    other = f.beside("mnist-mlp")
    theirs = np.array(shares(other, arm, ["hidden1.weights", "hidden2.weights", "output.weights"]))
    gaps = np.array(shares(f, arm, CONV)).min(0)[:theirs.shape[1]] - theirs.max(0)[:len(f.labels("seed"))]
    if not len(gaps) or not np.isfinite(gaps).any() or not other.real: raise NotRun("layers")
    return place(student(gaps[np.isfinite(gaps)])[1], low=0, strict=True)

def layer_scale(f, arm):
    worst = np.full(len(f.labels("seed")), -INF)
    for e in range(1, 49):
        steps = np.array(shares(f, arm, CONV + DENSE, "median_step", e))
        worst = np.maximum(worst, [log_ratio(a, b) for a, b in zip(steps[:3].max(0), steps[3:].min(0))])
    return place(student(worst[np.isfinite(worst)])[1], high=0, strict=True)

def early(model):
    def rule(f, arm):
        found = [f.get("early_test_error", arm=model[2], optimizer=m).ravel() for m in ("Adam", model[1])]
        if not all(np.isfinite(e).all() for e in found): raise NotRun(model[0])
        far = max(abs(1 - e.mean() - t) for e, t in zip(found, (.98, .95)))
        return OPEN if len(found[0]) < 3 else YES if far <= .005 else NO
    return rule

MODELS = [("mnist-logistic", "SGDNesterov", "tuned"), ("mnist-mlp", "SGDNesterov", "tuned"),
          ("mnist-four-hidden", "SGD", "literal")]

def early_any(f, arm):
    parts = []
    for model in MODELS:
        try:
            g = f if f.name == model[0] else f.beside(model[0])
            if g.real: parts.append(early(model)(g, arm))
        except NotRun: pass
    if not parts: raise NotRun("models")
    return YES if YES in parts else NO if parts == [NO] * len(MODELS) else OPEN

def best_epochs(expected):
    def rule(f, arm):
        parts = []
        for m, low, high in expected:
            curves = f.get("test_cost", arm=arm, optimizer=m)
            best = [float(np.nanargmin(c)) for c in curves if np.isfinite(c).any()]
            if not best: raise NotRun(m)
            parts.append(place(student(best)[1], low, high))
        return together(parts)
    return rule

# Figure 4
def fig4(f):
    alphas = [10 ** float(l) for l in f.labels("log10_alpha")]
    loss, status, axes = f.get("loss"), f.get("status"), f.axes("loss")
    epochs = [int(e) for e in f.labels("epoch")]
    def cell(variant, horizon, beta1, beta2, a):
        """One loss a seed, infinite where it failed; None unless all were run."""
        if horizon not in epochs: return None
        try:
            at = dict(bias_correction=variant, beta1=beta1, beta2=beta2, log10_alpha=f.labels("log10_alpha")[a])
            values, states = f.get("loss", epoch=horizon, **at), f.get("status", **at)
        except NotRun: return None
        rows = [v if v < 200 else INF if np.isfinite(v) or s == 2 else math.nan for v, s in zip(values, states)]
        return None if any(map(math.isnan, rows)) else rows
    def row(variant, horizon, b1, b2): return [cell(variant, horizon, b1, b2, a) for a in range(len(alphas))]
    def gap(horizons, b2s=(.99, .999, .9999)):
        return min(alphas) > 1.001e-5 or max(alphas) < .0999 or any(
            c is None for h in horizons for b1 in (0, .9) for b2 in b2s for v in ("corrected", "uncorrected") for c in row(v, h, b1, b2))
    return alphas, row, gap

def spread(values):
    if not np.isinf(values).any(): return student(values)[1]
    return (min(values), max(values)) if len(values) >= 3 else None
def diff(a, b): return [0 if math.isinf(x) and math.isinf(y) else x - y for x, y in zip(a, b)]
def lowest(rows):
    rows = [r for r in rows if r]
    return list(np.min(rows, 0)) if rows else None
PANELS = [(h, b1, b2) for h in (10, 100) for b1 in (0, .9) for b2 in (.99, .999, .9999)]

def instability(f, arm):
    alphas, row, gap = fig4(f)
    def ratios(h, b1, b2):
        ends = []
        for v in ("corrected", "uncorrected"):
            runs = [(a, r) for a, r in zip(alphas, row(v, h, b1, b2)) if r]
            if not runs: return None
            ends.append([max([a for a, r in runs if math.isfinite(r[s])], default=0) for s in range(len(runs[0][1]))])
        with np.errstate(divide="ignore", invalid="ignore"): return np.log(ends[0]) - np.log(ends[1])
    if gap((10, 100), (.999, .9999)): raise NotRun("cells")
    parts = []
    for b1 in (0, .9):
        for b2 in (.999, .9999):
            first, last = ratios(10, b1, b2), ratios(100, b1, b2)
            parts += [place(spread(first), low=math.log(3) - 1e-9),
                      place(spread([0 if a == b else a - b for a, b in zip(first, last)]), low=-1e-9)]
    return together(parts)

def best_small(f, arm):
    _, row, gap = fig4(f)
    if gap((100,)): raise NotRun("cells")
    bests = [[lowest(row("corrected", 100, b1, b2)) for b2 in (.9999, .99)] for b1 in (0, .9)]
    return together([place(student(np.log(a) - np.log(b))[1], high=0, strict=True, ratio=True) for a, b in bests])

def never_worse(f, arm):
    _, row, gap = fig4(f)
    verdict = together([place(spread(diff(a, b)), high=.2) for p in PANELS
                        for a, b in zip(row("corrected", *p), row("uncorrected", *p)) if a and b])
    return verdict if verdict == NO or not gap((10, 100)) else NONE

def best_over_alpha(f, arm):
    _, row, gap = fig4(f)
    if gap((10, 100)): raise NotRun("cells")
    return together([place(spread(diff(*[lowest(row(v, *p)) for v in ("corrected", "uncorrected")])), high=.2) for p in PANELS])

def fig4_match(f, arm):
    alphas, row, _ = fig4(f)
    far, points = [], 0
    for h, b1, b2 in PANELS:
        for v in ("corrected", "uncorrected"):
            cells = row(v, h, b1, b2)
            for x, y, note in paper(f.name, "fig4", f"{h} epochs, beta1={b1}, beta2={b2}, {v}")[0]:
                if note != "-": continue
                points += 1
                ours = next((c for a, c in zip(alphas, cells) if c and abs(math.log10(a) - x) < 1e-5), None)
                if ours: far.append([abs(math.log(o / y)) if o < INF else INF for o in ours])
    if not far: raise NotRun("points")
    d, part, one = np.mean(np.median(far, 0)), len(far) < points, len(far[0]) == 1
    return (OPEN if one or part else YES) if d <= .05 else OPEN if d <= .15 or part else NO

# Sections 2, 3, 5, 7 and 4
def done(f, *groups):
    if not all((f.get(g + "/status") == 1).all() for g in groups): raise NotRun(groups)
def yes(condition): return YES if condition else NO
def betas(f, group): return [tuple(map(float, b.replace("(", "").replace(")", "").split(","))) for b in f.labels("betas", group)]
def stated(b1, b2): return (1 - b1) / math.sqrt(1 - b2)

def spike(f, arm):
    done(f, "spike")
    return yes(max(l / stated(*b) for l, b in zip(f.get("spike/largest"), betas(f, "spike"))) <= 1 + 1e-6)
def general(f, arm):
    done(f, "worst_case")
    rows = np.fmax(f.get("worst_case/step"), f.get("worst_case/closed_form"))
    return yes(max(np.nanmax(r) for r, (b1, b2) in zip(rows, betas(f, "worst_case")) if 1 - b1 <= math.sqrt(1 - b2)) <= 1 + 1e-6)
def adamax_bound(f, arm):
    done(f, "worst_case_adamax")
    return yes(max(np.nanmax(f.get("worst_case_adamax/" + v)) for v in ("step", "closed_form")) <= 1 + 1e-6)
def adamax_limit(f, arm):
    done(f, "norm_family")
    d = f.get("norm_family/deviation", gradient_size="1")
    d = d[~np.isnan(d)]
    return yes((np.diff(d) < 0).all() and d[-1] < .01)
def scale(f, arm):
    done(f, "scale")
    near = [abs(int(l)) <= 32 for l in f.labels("log2_scale", "scale")]
    return yes(not f.get("scale/changed", epsilon="0")[near].any() and f.get("scale/changed_diagonal", epsilon="0") == 0)
def unbiased(f, arm):
    done(f, "moments")
    bias, z = f.get("moments/corrected").ravel() - 1, f.get("moments/z").ravel()
    reach = stats.norm.ppf(1 - .025 / len(z))
    error = np.where(z == 0, 0, np.abs(bias / np.where(z == 0, 1, z)))
    return together([place((b - reach * e, b + reach * e), -.05, .05) for b, e in zip(bias, error)])
def adagrad_limit(f, arm):
    done(f, "adagrad_limit")
    x, y = map(np.array, ([float(l) for l in f.labels("log10_rest", "adagrad_limit")], f.get("adagrad_limit/distance")))
    near = (x >= -6.01) & (x <= -2.99)
    return yes(abs(stats.linregress(x[near], np.log10(y[near])).slope - 1) <= .05)
def memory(f, arm): return yes(abs(float(f.get("memory/bytes", method="adam")) - 8) < .01)

def bound_first(f, arm):
    done(f, "worst_case")
    rows = np.fmax(f.get("worst_case/step"), f.get("worst_case/closed_form"))
    return yes(max(np.nanmax(r) / stated(*b) for r, b in zip(rows, betas(f, "worst_case")) if (1 - b[0]) / math.sqrt(1 - b[1]) > 1 + 1e-12) <= 1 + 1e-6)
def efficient(f, arm):
    done(f, "efficient_order")
    return yes(np.max(f.get("efficient_order/distance")) <= 1e-6)

def of_seeds(f, group, values, **at):
    """An array of a group at some labels, seeds first: those of the search, and the others."""
    axes = [a for a in f.axes(values) if a not in at]
    array = np.moveaxis(f.get(values, **at), axes.index("seed"), 0)
    search = np.array([int(float(l)) >= 1_000_000 for l in f.labels("seed", group)])
    return array[search], array[~search]
def non_stationary(f, arm):
    done(f, "non_stationary")
    parts = []
    for change in f.labels("change", "non_stationary"):
        for noise in f.labels("noise", "non_stationary"):
            errors = []
            for method in ("adam", "adagrad"):
                search, judged = of_seeds(f, "non_stationary", "non_stationary/tracking_error", change=change, noise=noise, method=method)
                errors.append(judged[:, search.mean(0).argmin()])
            parts.append(place(student(np.log(errors[0] / errors[1]))[1], high=0, strict=True, ratio=True))
    return together(parts)
def sparse_dimension(f, arm):
    done(f, "sparse_features")
    d, slopes = np.log([float(l) for l in f.labels("d", "sparse_features")]), []
    for method in ("adam", "sgd"):
        search, judged = of_seeds(f, "sparse_features", "sparse_features/sparse_regret", sparse_method=method)
        best = search.mean(0).argmin(1)
        slopes.append([stats.linregress(d, np.log(r[np.arange(len(d)), best])).slope for r in judged])
    return place(student(np.subtract(*slopes))[1], high=0, strict=True)
def convex_rate(f, arm):
    done(f, "mnist")
    return place(exponent(f, "mnist", problem="MNIST logistic"), high=.55)

def defaults(method):
    def rule(f, arm):
        if "search" not in f.h5: raise NotRun("search")
        s = f.h5["search"]
        column = lambda n: [text(v) for v in s[n][()]]
        points = {}
        names = [n for n in s if s[n].dtype.kind == "f" and s[n].shape == s["trial"].shape and n not in ("final_cost", "trial")]
        for i, (m, schedule) in enumerate(zip(column("contender"), column("schedule"))):
            if m == method:
                cost = float(s["final_cost"][i])
                key = (schedule,) + tuple((n, float(s[n][i])) for n in names if s[n][i] == s[n][i])
                points.setdefault(key, {})[int(s["search_seed"][i])] = INF if math.isnan(cost) else cost
        standard = [v for k, v in points.items() if k[0] == "constant" and abs(dict(k[1:]).get("alpha", 0) - .001) < 1e-9]
        best = min(points.values(), key=lambda v: np.mean(list(v.values())), default={})
        if not standard or not np.isfinite(list(best.values())).all(): raise NotRun(method)
        return place(student([math.log(c / best[seed]) for seed, c in standard[0].items() if seed in best])[1], high=math.log(1.1))
    return rule
def vae_defaults(f, arm):
    alphas, row, gap = fig4(f)
    last = max(int(e) for e in f.labels("epoch"))
    cells = [[row("corrected", last, b1, b2) for b2 in (.99, .999, .9999)] for b1 in (0, .9)]
    flat = [c for panel in cells for r in panel for c in r]
    if any(c is None for c in flat): raise NotRun("cells")
    own = next((c for a, c in zip(alphas, cells[1][1]) if abs(a - .001) < 1e-9), None)
    if own is None: raise NotRun("alpha")
    return place(spread(np.array(own) - np.min(flat, 0)), high=1)
MODELS_SEARCHED = [("mnist-logistic", "Adam"), ("imdb-logistic", "Adam+dropout"), ("mnist-mlp", "Adam"), ("cifar-cnn", "Adam")]
def all_defaults(f, arm):
    parts = []
    for name, method in MODELS_SEARCHED + [(f.name, None)]:
        try:
            g = f if method is None else f.beside(name)
            if not g.real or (method and "other_horizon" in getattr(g.h5.get("search"), "attrs", {})): raise NotRun(name)
            parts.append(defaults(method)(g, arm) if method else vae_defaults(f, arm))
        except NotRun: parts.append(NONE)
    return NO if NO in parts else NONE if NONE in parts else together(parts)

NETWORKS = [("mnist-mlp", ["hidden1.weights", "hidden2.weights", "output.weights"]), ("cifar-cnn", CONV + DENSE)]
def over_networks(measure, low=-INF, high=INF):
    def rule(f, arm):
        parts, missing = [], False
        for name, layers in NETWORKS:
            try:
                g = f if f.name == name else f.beside(name)
                if not g.real or ("search" in g.h5 and "other_horizon" in g.h5["search"].attrs): raise NotRun(name)
                parts += [place(student(v)[1], low, high) for layer in layers for v in measure(g, arm, layer)]
            except NotRun: missing = True
        if not parts: raise NotRun("networks")
        return NONE if missing and NO not in parts else together(parts)
    return rule
def of_layer(f, arm, layer, variable):
    rows = f.get(variable, arm=arm, optimizer="Adam", layer=layer)
    rows = np.atleast_2d(rows)
    last = max((i for i in range(rows.shape[1]) if np.isfinite(rows[:, i]).any()), default=None)
    if last is None: raise NotRun(layer)
    return rows, last
def bounded(f, arm, layer):
    rows, last = of_layer(f, arm, layer, "share_above_alpha")
    return [rows[np.isfinite(rows[:, e]), e] for e in (0, last)]
def annealed(f, arm, layer):
    rows, last = of_layer(f, arm, layer, "median_step")
    if last < 2: raise NotRun(layer)
    ratios = np.log(rows[:, last] / rows[:, 1])
    return [ratios[np.isfinite(ratios)]]
def first_moment(f, arm):
    gaps = []
    for g in (f, f.beside("mnist-mlp")):
        if "Adam beta1=0" not in g.labels("optimizer"): raise NotRun(g.name)
        pairs = [[g.cost(m, s, 10, arm) for m in ("Adam beta1=0", "Adam")] for s in g.labels("seed")]
        gaps.append([log_ratio(*p) for p in pairs if not any(map(math.isnan, p))])
    if not all(gaps): raise NotRun("seeds")
    return place(student([a - b for a, b in zip(*gaps)])[1], low=0, strict=True)
def sparser(f, arm):
    if "100" not in f.labels("epoch"): raise NotRun("100")
    at = dict(bias_correction="corrected", beta1=.9, beta2=.999, log10_alpha=-3)
    parts = []
    for layer in f.labels("layer"):
        rises = f.get("small_gradients", epoch=100, layer=layer, **at) - f.get("small_gradients", epoch=1, layer=layer, **at)
        if not np.isfinite(rises).any(): raise NotRun(layer)
        parts.append(place(student(rises[np.isfinite(rises)])[1], low=0, strict=True))
    return together(parts)

def memory_slope(f, arm):
    sizes, last = (12, 24, 50, 100), f.labels("epoch")[-1]
    rows = [f.get("optimizer_bytes", arm=arm, optimizer="SFO" if n == 24 else f"SFO N = {n}", epoch=last) for n in sizes]
    if not all(np.isfinite(r).any() for r in rows): raise NotRun("bytes")
    slope = stats.linregress(np.log(sizes), np.log([np.nanmedian(r) for r in rows])).slope
    return yes(abs(slope - 1) <= .1)

def theorem(f, arm):
    done(f, "streams", "mnist", "counterexamples")
    worst = [np.nanmax(f.get(g + "/regret", method=m) / f.get(g + "/bound", method=m))
             for g in ("streams", "mnist") for m in ("Adam", "Adam, lambda = 0.9")]
    worst.append(np.nanmax(f.get("counterexamples/regret", method="Adam") / f.get("counterexamples/bound", method="Adam")))
    return yes(max(worst) <= 1 and not (f.get("counterexamples/first_violation", method="Adam") > 0).any())
def exponent(f, group, **at):
    """The interval of the exponent of R(T) over the last two decades: of the fit, or by the jackknife."""
    t = np.array([float(l) for l in f.labels("T", group)])
    r = f.get(group + "/regret", method="Adam", **at)
    def fit(r):
        keep = (t >= t[-1] / 100) & (r > 0)
        return stats.linregress(np.log(t[keep]), np.log(r[keep])), keep.sum()
    if r.ndim == 1:
        line, n = fit(r)
        half = stats.t.ppf(.975, n - 2) * line.stderr
        return line.slope - half, line.slope + half
    whole, n = fit(r.mean(0))[0].slope, len(r)
    pseudo = [n * whole - (n - 1) * fit(np.delete(r, i, 0).mean(0))[0].slope for i in range(n)]
    mean, interval = student(pseudo)
    return tuple(e + whole - mean for e in interval) if interval else None
def regret_rate(f, arm):
    done(f, "streams", "mnist", "counterexamples", "stochastic")
    places = [(g, {"problem": p}) for g in ("streams", "mnist") for p in f.labels("problem", g)]
    places += [("stochastic", {}), ("counterexamples", {"example": "periodic"}), ("counterexamples", {"example": "C = 3"})]
    return together([place(exponent(f, g, **at), high=.55) for g, at in places])
def lemma(f, arm):
    done(f, "lemma_10_3")
    return yes(not (f.get("lemma_10_3/first_violation") > 0).any())

def adamax_training(f, arm):
    worst = 0
    for model in ("logistic regression", "perceptron", "variational auto-encoder"):
        if not (f.get("status", arm=arm, optimizer="AdaMax, " + model) == 1).all(): raise NotRun(model)
        worst = max(worst, np.nanmax(f.get("largest_step", arm=arm, optimizer="AdaMax, " + model)))
    return yes(worst <= 1 + 1e-4)
def averaging(f, arm):
    parts = []
    for problem in ("logistic, alpha 0.01", "perceptron"):
        a, b = (f.get(v, arm=arm, optimizer=problem, epoch=f.labels("epoch")[-1]) for v in ("averaged_test_cost", "test_cost"))
        if not np.isfinite(a / b).all(): raise NotRun(problem)
        parts.append(place(student(np.log(a / b))[1], high=0, strict=True, ratio=True))
    return together(parts)

def accuracy(method, published):
    def rule(f, arm):
        errors = f.get("test_error", arm=arm, optimizer=method, epoch=50)
        errors = errors[np.isfinite(errors)]
        if not len(errors): raise NotRun(method)
        return place(student(1 - errors)[1], published - .005, published + .005)
    return rule
def fashion_order(f, arm):
    pairs = (("RMSprop", "SGD"), ("Adam", "SGD"), ("SGD", "Adagrad"))
    return together([place(compare(f, arm, a, b, [50], "test_error"), high=0, strict=True) for a, b in pairs])

def losses(f, arm):
    rows = {}
    for m in ("SGD", "Momentum", "RMSprop", "Adam"):
        rows[m] = f.get("minibatch_cost", arm=arm, optimizer=m)
        status = f.get("status", arm=arm, optimizer=m)
        if any(s != 2 and not np.isfinite(r).all() for s, r in zip(status, rows[m])): raise NotRun(m)
        rows[m] = np.where(np.isfinite(rows[m]), rows[m], INF)
    return rows
def windows(row, width, statistic):
    return np.array([statistic(row[max(0, i - width // 2):i + width // 2 + 1]) for i in range(len(row))])
def published_losses(f, arm):
    inside = []
    for m, rows in losses(f, arm).items():
        for x, y, _ in paper(f.name, "four-hidden", m)[0]:
            low, high = np.quantile(rows[:, int(x)], [.05, .95])
            inside.append(low <= y <= high)
    return OPEN if len(rows) < 3 else yes(np.mean(inside) >= .8)
def adam_lowest(number):
    def rule(f, arm):
        values = {m: [number(r) for r in rows] for m, rows in losses(f, arm).items()}
        return together([place(student(np.log(np.array(values["Adam"]) / values[m]))[1], high=0, strict=True, ratio=True)
                         for m in ("SGD", "Momentum", "RMSprop")])
    return rule
def first_below(row):
    smooth = windows(row, 11, np.mean)
    return (np.flatnonzero(smooth <= .3)[0] if (smooth <= .3).any() else 2000) + 1
def noise(row): return np.std(row[-500:] - windows(row[-500:], 51, np.median), ddof=1)

A, S, N = "AdaGrad", "SGDNesterov", "Adam"
best, against = last_mean(N, [A, "RMSProp", S, "AdaDelta"], 20, 201)
late = [(m + d, A + d) for m in (N, S) for d in ("", "+dropout")]
RULES = {
    "fig1a.adam-like-nesterov": ratio(N, S, [5, 10, 20, 45], -.1, .1),
    "fig1a.adam-faster-than-adagrad": lower(N, A, [5, 10, 20, 45]),
    "fig1a.nesterov-faster-than-adagrad": lower(S, A, [5, 10, 20, 45]),
    **{f"fig1a.match.{m.lower()}": match("fig1a", m, range_=(0, 45)) for m in (A, S, N)},
    **{f"review.mnist-100-iterations.{n}": early(m) for n, m in zip(("logistic", "mlp", "four-hidden"), MODELS)},
    "review.mnist-100-iterations": early_any,
    "fig1b.adagrad-beats-nesterov.dropout": ratio("Adagrad+dropout", S + "+dropout", [10, 40, 160], high=math.log(.9)),
    "fig1b.adagrad-beats-nesterov.plain": passes("Adagrad", S, .1, .1),
    "fig1b.adam-like-adagrad": ratio("Adam+dropout", "Adagrad+dropout", [10, 40, 160], -.05, .05),
    "fig1b.adam-beats-nesterov": lower("Adam+dropout", S + "+dropout", [10, 40, 160]),
    "review.imdb-epochs": best_epochs([("Adam+dropout", 0, 50), (S + "+dropout", 101, 176)]),
    **{f"fig1b.match.{m.lower()}-dropout": match("fig1b", m + "+dropout", range_=(1, 175)) for m in ("Adagrad", "RMSProp", S, N)},
    "fig2a.adam-best": best, **{f"fig2a.adam-best.{m.lower()}": against(m) for m in (A, "RMSProp", S, "AdaDelta")},
    **{f"fig2a.match.{m.lower()}": match("fig2a", m, .15, .5, (0, 200)) for m in (A, "RMSProp", S, "AdaDelta", N)},
    "fig3.early-adam": lower(N, S, [1, 2, 3]), "fig3.early-adagrad": lower(A, S, [0, 1]),
    "fig3.late": lambda f, arm: together([place(compare(f, arm, a, b, [45]), high=math.log(.5), ratio=True) for a, b in late]),
    **{f"fig3.late.{a.lower().replace('+', '-')}": ratio(a, b, [45], high=math.log(.5)) for a, b in late},
    "fig3.adam-marginal": ratio(N, S, [45], math.log(.5), 0),
    "fig3.v-vanishes": vanishes, "fig3.v-less-than-mlp": vanishes_more, "fig3.layer-scale": layer_scale,
    **{f"fig3_left.match.{(m + d).lower().replace('+', '-')}": match("fig3_left", m + d, range_=(0, 3)) for m in (A, S, N) for d in ("", "+dropout")},
    **{f"fig3_right.match.{(m + d).lower().replace('+', '-')}": match("fig3_right", m + d, .15, .5, (0, 45)) for m in (A, S, N) for d in ("", "+dropout")},
    "fig4.instability": instability, "fig4.best-small": best_small, "fig4.never-worse": never_worse,
    "fig4.best-over-alpha": best_over_alpha, "fig4.match": fig4_match,
    "fig2b.adam-faster-per-pass.to-10": lower(N, "SFO", [5, 10], "train_cost"),
    "fig2b.adam-faster-per-pass.to-25": lower(N, "SFO", [15, 20, 25], "train_cost"),
    "fig2b.sfo-memory": memory_slope,
    "fig2b.sfo-stochastic": ratio("SFO frozen masks", "SFO fresh masks", [5, 10], high=math.log(.5), variable="train_cost"),
    "fig2b.match.adam": match("fig2b", N, .15, .5, (0, 25)), "fig2b.match.sfo": match("fig2b", "SFO", .15, .5, (0, 25), variable="train_cost"),
    "alg.bound.first": bound_first, "alg.efficient-order": efficient, "alg.nonstationary": non_stationary,
    "alg.sparse-dimension": sparse_dimension, "regret.convex-rate": convex_rate,
    **{f"alg.defaults.{n}": defaults(m) for n, (_, m) in zip(("logistic", "imdb", "perceptron", "cnn"), MODELS_SEARCHED)},
    "alg.defaults.vae": vae_defaults, "alg.defaults": all_defaults,
    "alg.bound.in-training": over_networks(bounded, high=.01), "alg.annealing": over_networks(annealed, high=math.log(.5)),
    "fig3.first-moment": first_moment, "fig4.sparser-late": sparser,
    "alg.bound.spike": spike, "alg.bound.general": general, "alg.adamax-bound": adamax_bound, "alg.adamax-limit": adamax_limit,
    "alg.scale-invariance": scale, "alg.unbiased": unbiased, "alg.adagrad-limit": adagrad_limit, "alg.memory": memory,
    "alg.theorem-4.1": theorem, "alg.regret-vanishes": regret_rate, "alg.lemma-10.3": lemma,
    "adamax.bound-in-training": adamax_training, "alg.averaging": averaging,
    **{f"fashion.accuracy.{m.lower()}": accuracy(m, a) for m, a in (("SGD", .8742), ("Adagrad", .8528), ("RMSprop", .8839), (N, .8904))},
    "fashion.order": fashion_order, "four-hidden.losses": published_losses,
    "four-hidden.fastest": adam_lowest(first_below), "four-hidden.least-noisy": adam_lowest(noise),
}

def verdict(f, claim, arm):
    searched = "search" in f.h5 and "other_horizon" in f.h5["search"].attrs and arm in ("tuned", "literal")
    if not f.real or searched: return NONE
    try: return RULES[claim](f, arm)
    except NotRun: return NONE

wrong = count = 0
for path in sys.argv[1:]:
    f = File(path)
    if "claims" not in f.h5: continue
    for claim, arm, kept in zip(*(f.labels(n, "claims") for n in ("id", "arm", "verdict"))):
        count += 1
        ours = verdict(f, claim, arm) if claim in RULES else "no rule here"
        if ours != kept:
            wrong += 1
            print(f"{path}: {claim}@{arm}: kept {kept}, recomputed {ours}")
print(f"{count} verdicts recomputed, {wrong} differ")
sys.exit(wrong > 0)
