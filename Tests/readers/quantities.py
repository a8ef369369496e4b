"""What the claims are judged on, taken from the arrays of result files.

A quantity is a function of a File that gives the parts of a claim. A part is an array (one number a
seed), an interval, or one exact number. What is not there is NotRun.
"""
import collections, itertools, re
import numpy as np
from numpy import inf, isnan, log, nan
from scipy.stats import linregress, norm, t as t_distribution
from result_file import NotRun

np.seterr(all="ignore")  # costs of runs that diverged are infinite

RUNNING, A, N, S, D = "train_cost_running", "AdaGrad", "Adam", "SGDNesterov", "+dropout"
CONV, DENSE = [f"conv{i}.weights" for i in (1, 2, 3)], ["hidden.weights", "output.weights"]
NETWORKS = {"mnist-mlp": ["hidden1.weights", "hidden2.weights", "output.weights"],
            "cifar-cnn": CONV + DENSE}
SEARCHES = {"logistic": ("mnist-logistic", N), "imdb": ("imdb-logistic", N + D)}
# Where a search has one seed: runs with the usual settings beside the best, and the epoch.
DEFAULTS = {"perceptron": ("mnist-mlp", 200), "cnn": ("cifar-cnn", 11)}
EARLY = {"logistic": ("mnist-logistic", S, "tuned"), "mlp": ("mnist-mlp", S, "tuned"),
         "four-hidden": ("mnist-four-hidden", "SGD", "literal")}
HORIZONS = [(10,), (100,)]
FORMS, NOT_RUN = ["corrected", "uncorrected"], "not run"

def complete(*arrays):
    """The seeds, along the last axis, that all arrays have."""
    seeds = np.array(arrays)[:, ~isnan(arrays).any(0)]
    if not seeds.size: raise NotRun("seeds")
    return seeds

def last(places):
    """The last place that holds."""
    if not places.any(): raise NotRun("no values")
    return np.flatnonzero(places)[-1]

def finite(seeds): return complete(np.where(np.isinf(seeds), np.nan, seeds))[0]
def log_ratio(a, b): return np.subtract(*log(np.maximum(complete(a, b), np.finfo(float).tiny)))

def each(rule, cases):
    """The parts of all cases, of which some may not have been run."""
    def parts(case):
        try: return rule(*case)
        except NotRun: return [NOT_RUN]
    return [part for case in cases for part in parts(case)]

# Costs of contenders.
def ratios(a, b, epochs, of=RUNNING):
    return lambda f: [log_ratio(*costs) for costs in
                      zip(f.costs(a, epochs, of), f.costs(b, epochs, of))]

def late(*pairs): return lambda f: each(lambda a, b: ratios(a, b, [45])(f), pairs)

def with_dropout(f):
    if 0 in f("setting_dropout"): raise NotRun("trained without dropout")

def means(pairs, epochs):
    """Ratios of mean costs over epochs."""
    def of(f, *pair): return [log_ratio(*(f.costs(m, epochs).mean(0) for m in pair))]
    return lambda f: each(of, [(f, *pair) for pair in pairs])

def last_means(*rivals):
    def against(f, rival):
        with_dropout(f)
        return [log_ratio(*(f.costs(m, range(181, 201)).mean(0) for m in (N, rival)))]
    return lambda f: each(against, [(f, rival) for rival in rivals])

def passes(costs, target=.1):
    """Passes until the running cost is that low; infinite if it never is, NaN if that is not known."""
    reached = np.flatnonzero(~(costs[:-1] > target))
    if not len(reached): return inf
    k, before, after = reached[0], costs[reached[0] - 1], costs[reached[0]]
    if isnan(after): return after
    return k + (log(before / target) / log(before / after) if k and before > after > 0 else 1)

def passes_ratio(a, b):
    return lambda f: [log_ratio(*([passes(run) for run in f.costs(m).T] for m in (a, b)))]

def distances(f, figure, method, last, of):
    """The median distance to the paper's curve over odd epochs, one a seed."""
    if figure == "fig2a": with_dropout(f)
    x, y = f.paper(figure, method)
    x, y = (v[(x.round() % 2 == 1) & (x <= last)] for v in (x, y))
    costs = f.costs(method, x.round().astype(int).tolist(), of).T
    return np.median(np.abs(log(costs[~isnan(costs).any(1)] / y)), 1)

def early_distance(f, experiment, rival, arm):
    """The larger distance of mean accuracies to the two published ones, and the number of seeds."""
    errors = f.beside(experiment, arm)("early_test_error", optimizer=[N, rival])
    errors = errors[:, np.isfinite(errors).all((0, 2))]  # seeds with which both have made the steps
    if not errors.size: raise NotRun(experiment)
    return np.abs(1 - errors.mean((1, 2)) - (.98, .95)).max(), errors.shape[1]

def best_epoch(method):
    def rule(f):
        costs = f("test_cost", optimizer=method)
        return [finite(np.nanargmin(costs[np.isfinite(costs).any(1)], 1).astype(float))]
    return rule

def accuracy(method): return lambda f: [finite(1 - f("test_error", optimizer=method, epoch=50))]

def averaged(f):
    at = {"optimizer": ["logistic, alpha 0.01", "perceptron"], "epoch": f("epoch")[-1]}
    ratio = log(f("averaged_test_cost", **at) / f("test_cost", **at))  # problem, seed
    if not np.isfinite(ratio).all(): raise NotRun("a run has not come to its end")
    return list(ratio)

def largest_steps(f):
    models = ["AdaMax, " + model for model in
              ("logistic regression", "perceptron", "variational auto-encoder")]
    if (f("status", optimizer=models) != 1).any(): raise NotRun("models")
    return [np.nanmax(f("largest_step", optimizer=models))]

def memory_slope(f):
    sizes = [12, 24, 50, 100]
    names = ["SFO" if n == 24 else f"SFO N = {n}" for n in sizes] + [N]
    memory = f("optimizer_bytes", optimizer=names)  # optimizer, seed, epoch
    end = last(np.isfinite(memory).any(1).all(0))
    return [linregress(log(sizes), log(np.nanmedian(memory[:4, :, end], 1))).slope]

SECONDS = "volatile/training_seconds"

def seconds_ratio(target):
    """Adam's time over SFO's until the cost of the training set is that low."""
    def until(f, method):
        costs, seconds = f("train_cost", optimizer=method), f(SECONDS, optimizer=method)
        reached = (costs <= target) & np.isfinite(seconds)
        return np.where(reached, seconds, inf).min(1)[np.isfinite(costs).any(1)]
    def rule(f):
        adam, sfo = until(f, N), until(f, "SFO")
        shares = {np.isfinite(times).mean() for times in (adam, sfo) if len(times)}
        if shares not in ({1}, {0, 1}) or len(adam) != len(sfo): raise NotRun(target)
        return [log(adam / sfo)]
    return rule

def pass_ratio(f):
    adam, sfo = (finite(f(SECONDS, optimizer=m, epoch=f("epoch")[-1])) for m in (N, "SFO"))
    if len(adam) != len(sfo): raise NotRun("seeds")
    return [sfo / adam]

def other_pass_ratios(f, passes=15):
    """With other numbers of minibatches than 24, one each: the first seed."""
    ratios = []
    for count in (12, 50, 100):
        try: ratios.append(np.divide(*(f(SECONDS, optimizer=m, epoch=passes)[0] for m in (f"SFO N = {count}", N))))
        except NotRun: continue
    return [ratio for ratio in ratios if np.isfinite(ratio)]

def minibatch_costs(f, method):
    costs = f.costs(method, of="minibatch_cost").T  # seed, iteration
    if isnan(costs).any(): raise NotRun(method)
    return costs

def inside_band(f):
    """Shares of published losses, and of each seed's own, inside the 5-95 % band of the other seeds: one a seed."""
    published, own = [], []
    for method in ("SGD", "Momentum", "RMSprop", N):
        x, y = f.paper("four-hidden", method)
        losses = minibatch_costs(f, method)[:, x.astype(int)]
        if len(losses) < 2: raise NotRun("seeds")
        for seed, row in enumerate(losses):
            low, high = np.quantile(np.delete(losses, seed, 0), [.05, .95], axis=0)
            published.append((low <= y) & (y <= high))
            own.append((low <= row) & (row <= high))
    return [np.array(inside).reshape(4, len(losses), -1).mean((0, 2)) for inside in (published, own)]

def windows(row, reach, statistic):
    return np.array([statistic(row[max(0, i - reach):i + reach + 1]) for i in range(len(row))])

def iterations(row): return np.append(np.flatnonzero(windows(row, 5, np.mean) <= .3), 2000)[0] + 1
def noise(row): return np.std(row[-500:] - windows(row[-500:], 25, np.median), ddof=1)

def against_adam(number):
    def rule(f):
        adam, *others = ([number(row) for row in minibatch_costs(f, method)]
                         for method in (N, "SGD", "Momentum", "RMSprop"))
        return [log(np.divide(adam, other)) for other in others]
    return rule

# Layers of the networks.
def of_layers(f, variable, layers, **at): return f(variable, optimizer=N, layer=layers, **at)

def vanishing(method):
    return lambda f: [finite(seeds) for seeds in
                      f("root_v_below_epsilon", optimizer=method, layer=CONV, epoch=10).T]

def medians(f, method, layers, epochs, denominator=False, **at):
    """The logarithm of the median sqrt(vhat), at least 1e-8, or of that plus 1e-8, its mean over epochs: seed x layer."""
    roots = f("root_v", optimizer=method, layer=layers, epoch=epochs, quantile=.5, **at)  # seed, epoch, layer
    return log(roots + 1e-8 if denominator else np.where(isnan(roots), roots, np.maximum(roots, 1e-8))).mean(1)

def squared(method): return lambda f: [finite(seeds) for seeds in medians(f, method, CONV, [10]).T]

def with_perceptron(f):
    """The network, the perceptron, and the seeds that both have."""
    other = f.beside("mnist-mlp")
    return (f, other), [seed for seed in f("seed").tolist() if seed in other("seed")]

def beside_perceptron(f, layers, epochs):
    """Medians with dropout in the network and in the perceptron, of the seeds of both."""
    files, seeds = with_perceptron(f)
    return [medians(g, method, names, epochs, seed=seeds) for g, method, names in
            zip(files, (N + D, N), (layers, NETWORKS["mnist-mlp"]))]

def vanishing_more(f):
    here, there = beside_perceptron(f, CONV, [10])
    return [finite(here.max(1) - there.min(1))]

def spread_here(f): return [finite(np.ptp(medians(f, N + D, CONV + DENSE, range(1, 11)), 1))]

def spread_there(f):
    return [finite(np.ptp(medians(f.beside("mnist-mlp"), N, NETWORKS["mnist-mlp"], range(1, 11)), 1))]

def spread_ratio(f):
    here, there = (np.ptp(roots, 1) for roots in beside_perceptron(f, CONV + DENSE, range(1, 11)))
    return [finite(here - there)]

def speed_up(f, **at):
    """Passes of beta1 = 0, 11 of them, over those until Adam's running cost is as low: one a seed, and which seeds
    are there."""
    target, curves = f.costs("Adam beta1=0", [10], **at)[0], f.costs(N, **at).T
    count = np.array([passes(curve, cost) for curve, cost in zip(curves, target)])
    there = ~isnan(target) & ~isnan(curves[:, 10])
    ups = np.where(np.isinf(target), np.where(np.isinf(curves[:, 10]), nan, inf), log(11 / count))
    if not there.any(): raise NotRun("seeds")
    return ups, there

def first_moment(f):
    """The speed-up here, and that over the one of the perceptron; one of two runs that diverged stays without a number."""
    def here(f):
        ups, there = speed_up(f)
        return [ups[there]]
    def ratio(f):
        files, seeds = with_perceptron(f)
        (own, here), (other, there) = (speed_up(g, seed=seeds) for g in files)
        if not (here & there).any(): raise NotRun("seeds")
        return [(own - other)[here & there]]
    return each(lambda part: part(f), [(here,), (ratio,)])

def layer_scale(f):
    roots = medians(f, N, CONV + DENSE, range(1, 46), denominator=True)
    return [finite(roots[:, 3:].max(1) - roots[:, :3].min(1))]

def in_networks(variable, numbers):
    def part(f, network, layer):
        rows = of_layers(f.beside(network), variable, layer)  # seed, epoch
        end = last(np.isfinite(rows).any(0))
        return [finite(seeds) for seeds in numbers(rows, end)]
    return lambda f: each(part, [(f, name, layer) for name in NETWORKS for layer in NETWORKS[name]])

def last_to_first(rows, end):
    if end < 2: raise NotRun("one pass")
    return [log(rows[:, end] / rows[:, 1])]

steps_above_alpha = in_networks("share_above_alpha", lambda rows, end: rows[:, [0, end]].T)
shrinkage = in_networks("median_step", last_to_first)

# Figure 4. Losses are seed x form x beta1 x beta2 x alpha, infinite where a run failed.
def losses(f, epoch, **at):
    loss = f("loss", epoch=epoch, **at)
    return np.where(isnan(loss) & (f("status", **at) == 2), inf, loss)

def whole(f, epoch):
    """The losses of the protocol's cells: after more than 10 epochs for less of alpha."""
    cells, alpha = losses(f, epoch), f("log10_alpha")
    cells = cells if epoch <= 10 else cells[..., (-4.54 < alpha) & (alpha < -1.95)]
    if alpha.min() > -4.99 or alpha.max() < -1.01 or cells.shape[1:4] != (2, 2, 3):
        raise NotRun("cells")
    if isnan(cells).all(0).any(): raise NotRun("cells")
    return cells

def gap(a, b):
    """a - b of each seed; 0 where both are the same infinity."""
    a, b = complete(a, b)
    return np.where(a == b, 0, a - b)

def cells_gaps(f):
    def run(epoch):
        cells = losses(f, epoch)
        pairs = cells.reshape(*cells.shape[:2], -1).T  # cell, form, seed
        return [gap(*pair) for pair in pairs if not isnan(pair).any(0).all()]
    def missing(epoch): return list(whole(f, epoch)[:0])
    return each(run, HORIZONS) + each(missing, HORIZONS)

def best(f, epoch): return np.fmin.reduce(whole(f, epoch), -1)  # seed, form, beta1, beta2

def best_gaps(f):
    bests = [best(f, *epoch) for epoch in HORIZONS]
    return [gap(*pair) for cells in bests for pair in cells.reshape(*cells.shape[:2], -1).T]

def best_small(f):
    return [log_ratio(*best(f, 100)[:, 0, i, [2, 0]].T) for i in (0, 1)]

def edges(f, epoch):
    """Logarithm of the edge of stability, seed x form x panel; half the width of its bracket."""
    at = {"beta1": [0, .9], "beta2": [.999, .9999], "bias_correction": FORMS}
    if "edges" in f.h5:
        stable, failed = (f("edges/" + name, horizon=epoch, **at) for name in ("stable", "failed"))
        edge = np.where(stable < failed, log(stable) + log(failed), np.nan) / 2
        width = np.where((stable < failed) & (stable > 0), log(failed / stable), 0) / 2
    else:
        loss = losses(f, epoch)[:, :, :, 1:]
        edge = np.where(loss < 200, f("log10_alpha") * log(10), -inf).max(-1)
        edge, width = np.where(isnan(loss).any(-1), np.nan, edge), np.zeros(edge.shape)
    if edge.shape[1:] != (2, 2, 2) or isnan(edge).all(0).any(): raise NotRun("edges")
    return [array.reshape(len(edge), 2, 4) for array in (edge, width)]

def edge_ratios(f):
    return [np.subtract(*complete(*forms)) for forms in edges(f, 10)[0].T]

def edge_declines(f):
    """The ratio after 10 epochs less that after 100, and what the brackets leave open."""
    (first, width), (last, late_width) = edges(f, 10), edges(f, 100)
    reach = 1e-9 + (np.nanmax(width, 0) + np.nanmax(late_width, 0)).sum(0)  # panel
    def decline(early, late, open_):
        corrected, uncorrected, *later = complete(*early, *late)
        a, b = corrected - uncorrected, np.subtract(*later)
        return np.where(a == b, 0, a - b) + open_
    return [decline(*panel) for panel in zip(first.T, last.T, reach)]

def of_any(seeds):
    if isnan(seeds).all(): raise NotRun("cell")
    return seeds

def fig4_distances(f):
    """The median distance to the chart's points, one a seed, and whether points are missing."""
    far, missing = [], False
    for epoch, b1, b2, form in itertools.product((10, 100), (0, .9), (.99, .999, .9999), FORMS):
        curve = f"{epoch} epochs, beta1={b1}, beta2={b2}, {form}"
        for x, y in f.paper("fig4", curve, ["-"]).T:
            alpha = f("log10_alpha")[np.abs(f("log10_alpha") - x) < 1e-5].tolist()
            at = {"bias_correction": form, "beta1": b1, "beta2": b2, "log10_alpha": alpha}
            try: far += [np.abs(log(of_any(losses(f, epoch, **at)[:, 0]) / y))]
            except NotRun: missing = True
    if not far: raise NotRun("points")
    return np.median(complete(*far), 0), missing

def vae_excess(f):
    epoch, alpha = f("epoch")[-1], f("log10_alpha")
    whole(f, epoch)
    own = losses(f, epoch)[:, 0, 1, 1, np.isclose(alpha, -3)][:, 0]
    return [np.subtract(*complete(own, np.fmin.reduce(best(f, epoch)[:, 0], (1, 2))))]

def sparser(f):
    at = {"bias_correction": "corrected", "beta1": .9, "beta2": .999, "log10_alpha": -3}
    first, last = (f("small_gradients", epoch=epoch, **at) for epoch in (1, 100))  # seed, layer
    return [finite(rise) for rise in (last - first).T]

def excess(method):
    """log of the final cost with Adam's usual settings over that with the best of the search."""
    def rule(f):
        if "search" not in f.h5: raise NotRun("search")
        search, points = f.h5["search"], collections.defaultdict(dict)
        column = {name: f("search/" + name) for name in search
                  if search[name].shape == search["trial"].shape}
        numbers = [numbers for name, numbers in column.items()
                   if numbers.dtype.kind == "f" and name != "final_cost"]
        own = column["contender"] == method
        longest = column["search_epochs"][own].max(initial=0)  # a race's shorter runs choose nothing
        for i in np.flatnonzero(own & (column["search_epochs"] == longest)):
            point = column["schedule"][i], column["alpha"][i], *(str(c[i]) for c in numbers)
            cost = column["final_cost"][i]
            points[point][column["search_seed"][i]] = inf if isnan(cost) else cost
        standard = [costs for point, costs in points.items()
                    if point[0] == "constant" and abs(point[1] - .001) < 1e-9]
        if not standard: raise NotRun(method)
        least = min(points.values(), key=lambda costs: np.mean(list(costs.values())))
        if inf in least.values(): raise NotRun(method)
        return [np.array([log(c / least[s]) for s, c in standard[0].items() if s in least])]
    return rule

# Sections 2, 3, 5 and 7: what is computed about the algorithm.
def stated(f, group):
    """(1 - beta1) / sqrt(1 - beta2), one a pair."""
    b1, b2 = np.array([re.findall(r"[\d.]+", pair) for pair in f(group + "/betas")], float).T
    return (1 - b1) / np.sqrt(1 - b2)

def worst(f, group="worst_case"):
    return np.nanmax(np.fmax(f(group + "/step"), f(group + "/closed_form")), 1)

def spike(f): return list(f("spike/largest") / stated(f, "spike"))

def first_bound(f):
    bound = stated(f, "worst_case")
    return list((worst(f) / bound)[bound > 1 + 1e-12])

def general_bound(f): return list(worst(f)[stated(f, "worst_case") <= 1 + 1e-12])
def adamax_bound(f): return list(worst(f, "worst_case_adamax"))

def adamax_limit(f):
    """The distance at the largest p; infinite if it does not fall with every doubling."""
    distance = f("norm_family/deviation", gradient_size="1")
    distance = distance[~isnan(distance)]
    return [distance[-1] if (np.diff(distance) < 0).all() else inf]

def changed_by_scale(f):
    near = np.abs(f("scale/log2_scale")) <= 32
    return [f("scale/changed", epsilon=0)[near].max(), f("scale/changed_diagonal", epsilon=0)]

def bias(f):
    """Simultaneous normal intervals, whose standard error is that of the stored z."""
    off, z = f("moments/corrected").ravel() - 1, f("moments/z").ravel()
    error = np.abs(np.divide(off, z, out=np.zeros(len(z)), where=z != 0))
    reach = norm.ppf(1 - .025 / len(z)) * error
    return list(zip(off - reach, off + reach))

def adagrad_slope(f):
    x, y = f("adagrad_limit/log10_rest"), f("adagrad_limit/distance")
    near = (-6.01 <= x) & (x <= -2.99)
    return [linregress(x[near], np.log10(y[near])).slope]

def adam_bytes(f): return [f("memory/bytes", method="adam")]
def reordering(f): return list(f("efficient_order/distance"))

def searched(array, seeds):
    """The array [seed, ..., alpha] at the alpha that is best with the seeds of the search."""
    search = seeds >= 1_000_000
    alpha = array[search].mean(0).argmin(-1)
    return np.take_along_axis(array[~search], alpha[None, ..., None], -1)[..., 0]

def tracking(f):
    errors = f("non_stationary/tracking_error", method=["adam", "adagrad"])
    errors = searched(np.moveaxis(errors, 2, 0), f("non_stationary/seed"))
    return [log_ratio(*pair) for pair in errors.reshape(len(errors), -1, 2).transpose(1, 2, 0)]

def sparse_exponents(f):
    regret = f("sparse_features/sparse_regret", sparse_method=["adam", "sgd"])
    regret = searched(regret, f("sparse_features/seed"))  # seed, method, d
    d = log(f("sparse_features/d"))
    adam, sgd = ([linregress(d, log(run)).slope for run in runs] for runs in regret.swapaxes(0, 1))
    return [np.subtract(adam, sgd)]

# Section 4: regret.
def bound_shares(f):
    """R(T) / bound; infinite where it was broken between the T that are stored."""
    parts = [f(g + "/regret", method=m) / f(g + "/bound", method=m)
             for g in ("streams", "mnist") for m in (N, "Adam, lambda = 0.9")]
    examples = f("counterexamples/regret", method=N) / f("counterexamples/bound", method=N)
    broken = (f("counterexamples/first_violation", method=N) > 0).any()
    return [np.nanmax(part) for part in (*parts, examples)] + [inf if broken else 0]

def exponent(f, group, **at):
    """The exponent of R(T) over two decades: the jackknife's values, or the fit's interval."""
    steps, regret = f(group + "/T"), f(group + "/regret", method=N, **at)
    def fit(curve):
        used = (steps >= steps[-1] / 100) & (curve > 0)
        return linregress(log(steps[used]), log(curve[used])), used.sum()
    if regret.ndim == 1:
        line, count = fit(regret)
        half = t_distribution.ppf(.975, count - 2) * line.stderr
        return line.slope - half, line.slope + half
    all_, n = fit(regret.mean(0))[0].slope, len(regret)
    without = [fit(np.delete(regret, i, 0).mean(0))[0].slope for i in range(n)]
    pseudo = n * all_ - (n - 1) * np.array(without)
    return pseudo - pseudo.mean() + all_

def exponents(f):
    streams = [(group, {"problem": name})
               for group in ("streams", "mnist") for name in f(group + "/problem")]
    examples = [("counterexamples", {"example": name}) for name in ("periodic", "C = 3")]
    return [exponent(f, group, **at) for group, at in (*streams, *examples, ("stochastic", {}))]

def convex_exponent(f): return [exponent(f, "mnist", problem="MNIST logistic")]
def lemma_violations(f): return list(f("lemma_10_3/first_violation"))

def fashion_order(f):
    pairs = (("RMSprop", "SGD"), (N, "SGD"), ("SGD", "Adagrad"))
    return [part for a, b in pairs for part in ratios(a, b, [50], "test_error")(f)]
