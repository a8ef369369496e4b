#!/usr/bin/env python3
"""Recomputes every verdict of result files from their arrays, with h5py, numpy and scipy alone.

    recompute_verdicts.py FILE.h5 ...

Shares no code with the project: the rules are written here a second time, from docs/rules.md and
the column `rule`. What decides, and every threshold, is in this file; which numbers a claim is
about is in quantities.py, how they are addressed in result_file.py. Exit status 1 if a verdict
differs, a claim is unknown here, or a rule fails by anything but a missing array or label.
"""
import sys
import numpy as np
from numpy import inf, log
from scipy.stats import sem, t as t_distribution
import quantities as q
from quantities import A, D, N, NOT_RUN, S
from reading_costs import FIXED, STEP, Search, mixed
from result_file import File, NotRun, claims_of

YES, NO, OPEN = "reproduced", "not reproduced", "inconclusive"
BELOW, ABOVE = np.nextafter(0, -1), np.nextafter(0, 1)  # limits of what is strictly below, above 0

def student(seeds):
    """The interval of the mean that decides: 99.9 % of 3 or 4 seeds, 95 % of more; else none."""
    n = len(seeds)
    if n < 3 or np.isnan(seeds).any(): return None
    if np.isinf(seeds).any(): return (seeds[0], seeds[0]) if len(set(seeds)) == 1 else None
    half = t_distribution.ppf(.9995 if n < 5 else .975, n - 1) * sem(seeds)
    return np.mean(seeds) - half, np.mean(seeds) + half

def judge(part, low, high, costs, hidden=0):
    """The verdict on one part: numbers of seeds, an interval, an exact number, or "not run". What reaches into
    -hidden to hidden does not decide."""
    if isinstance(part, str): return part
    interval = part if isinstance(part, tuple) else student(part) if np.ndim(part) else (part, part)
    if interval is None: return OPEN
    a, b = interval
    if hidden and b >= -hidden and a <= hidden: return OPEN
    if low <= a and b <= high: return YES
    same = costs and log(.95) <= a and b <= -log(.95)
    return NO if a > high or b < low or same else OPEN

def together(parts):
    """All parts hold, or one decides against the claim, whether the others have been run or not."""
    if NO in parts: return NO
    if NOT_RUN in parts or not parts: return NOT_RUN
    return YES if set(parts) == {YES} else OPEN

COARSE = log(1.1)  # what a search with two stepsizes a decade may hide

def within(quantity, low, high, costs=False, hidden=0):
    """Every part lies in [low, high]. Costs within 5 % of each other do not differ."""
    return lambda f: together([judge(part, low, high, costs, hidden) for part in quantity(f)])

def overhead(f):
    """With 24 minibatches; open where another number of them gives the other answer."""
    verdict = within(q.pass_ratio, 5, 10)(f)
    turned = any((5 <= ratio <= 10) != (verdict == YES) for ratio in q.other_pass_ratios(f))
    return OPEN if turned and verdict in (YES, NO) else verdict

def vastly(f):
    """Ten times here, less there, and more here than there."""
    rules = at_least(q.spread_here, log(10)), at_most(q.spread_there, np.nextafter(log(10), 0)), at_least(q.spread_ratio, ABOVE)
    return together(q.each(lambda rule: [rule(f)], [(rule,) for rule in rules]))

def told(quantity):
    """What is measured decides nothing."""
    return lambda f: OPEN if quantity(f) else NOT_RUN

def schedule_open(rule, *reading):
    """Undecided as the text states it unless a constant stepsize for AdaGrad, in the search, gives the same answer:
    two contenders, epochs and limits, of a claim about ratios of costs."""
    def other(f):
        if not reading: raise NotRun("no such reading")
        a, b, epochs, low, high = reading
        search = Search(File(f"{f.folder}/{f.name}.h5", None))
        if not {STEP, FIXED} <= set(search.schedules): raise NotRun("schedules")
        costs = search.costs(mixed, "final cost")
        parts = [q.log_ratio(*(costs(m, [epoch + 1]).mean(0) for m in (a, b))) for epoch in epochs]
        return [together([judge(part, low, high, True) for part in parts])]
    def verdict(f):
        found = rule(f)
        if f.arm != "literal" or found not in (YES, NO): return found
        return found if q.each(other, [(f,)]) == [found] else OPEN
    return verdict

def every(*claims):
    """One sentence that several rules test."""
    return lambda f: together(q.each(lambda claim: [RULES[claim](f)], [(claim,) for claim in claims]))

def below(quantity, hidden=0): return within(quantity, -inf, BELOW, costs=True, hidden=hidden)
def at_most(quantity, high, costs=False): return within(quantity, -inf, high, costs)
def at_least(quantity, low): return within(quantity, low, inf)

def match(figure, method, last, good=.05, fair=.15, of="train_cost_running"):
    """Our curve lies on the paper's, by the mean over seeds; one or two seeds decide nothing."""
    def rule(f):
        far = q.distances(f, figure, method, last, of)
        if not len(far): return NOT_RUN
        if len(far) < 3: return OPEN
        if not far.mean() <= fair: return NO
        return YES if far.mean() <= good else OPEN
    return rule

def slug(method): return method.lower().replace("+", "-")

def matches(figure, methods, *limits):
    return {f"{figure}.match.{slug(m)}": match(figure, m, *limits) for m in methods}

def chart(f):
    """Figure 4's points: ours lie on the paper's; a part of the chart decides nothing."""
    far, is_part = q.fig4_distances(f)
    if is_part or len(far) < 3: return OPEN
    if not far.mean() <= .15: return NO
    return OPEN if far.mean() > .05 else YES

def early(name):
    def rule(f):
        far, seeds = q.early_distance(f, *q.EARLY[name])
        return OPEN if seeds < 3 else YES if far <= .005 else NO
    return rule

def early_any(f):
    parts = q.each(lambda name: [early(name)(f)], [(name,) for name in q.EARLY])
    return parts[0] if set(parts) in ({NO}, {NOT_RUN}) else YES if YES in parts else OPEN

def band(f):
    published, own = q.inside_band(f)
    return OPEN if len(own) < 20 else YES if published.mean() >= np.quantile(own, .05) else NO

def all_defaults(f):
    def part(name):
        beside = f.beside(EXPERIMENTS[name][0], "tuned") if name in EXPERIMENTS else f
        return [RULES[f"alg.defaults.{name}"](beside)]
    return together(q.each(part, [(name,) for name in (*EXPERIMENTS, "vae")]))

ONE, EXPERIMENTS = 1 + 1e-6, q.SEARCHES | q.DEFAULTS
LOG, FIG3 = (.15, .5), [m + d for m in (A, S, N) for d in ("", D)]
REVIEWS, TABLE = [10, 40, 160], [5, 10, 20, 45]
LATE = {m + d: A + d for m in (N, S) for d in ("", D)}
RIVALS = [A, "RMSProp", S, "AdaDelta"]
RULES = {
    "fig1a.adam-like-nesterov": within(q.ratios(N, S, TABLE), -.1, .1, costs=True),
    "fig1a.adam-faster-than-adagrad": schedule_open(below(q.ratios(N, A, TABLE)), N, A, TABLE, -inf, BELOW),
    "fig1a.nesterov-faster-than-adagrad": schedule_open(below(q.ratios(S, A, TABLE)), S, A, TABLE, -inf, BELOW),
    **matches("fig1a", (A, S, N), 45),
    **{f"review.mnist-100-iterations.{name}": early(name) for name in q.EARLY},
    "review.mnist-100-iterations": early_any,
    "fig1b.adagrad-beats-nesterov": every(*(f"fig1b.adagrad-beats-nesterov.{k}" for k in ("dropout", "plain"))),
    "fig1b.adagrad-beats-nesterov.dropout":
        schedule_open(at_most(q.ratios("Adagrad" + D, S + D, REVIEWS), log(.9), costs=True),
                      "Adagrad" + D, S + D, REVIEWS, -inf, log(.9)),
    "fig1b.adagrad-beats-nesterov.plain":
        schedule_open(at_most(q.passes_ratio("Adagrad", S), log(.9), costs=True)),
    "fig1b.adam-like-adagrad":
        schedule_open(within(q.ratios(N + D, "Adagrad" + D, REVIEWS), -.05, .05, costs=True),
                      N + D, "Adagrad" + D, REVIEWS, -.05, .05),
    "fig1b.adam-beats-nesterov": below(q.ratios(N + D, S + D, REVIEWS)),
    "review.imdb-epochs": lambda f: together([
        within(q.best_epoch(N + D), 0, 50)(f), within(q.best_epoch(S + D), 101, 176)(f)]),
    **matches("fig1b", [m + D for m in ("Adagrad", "RMSProp", S, N)], 175),
    "fig2a.adam-best": below(q.last_means(*RIVALS), COARSE),
    **{f"fig2a.adam-best.{m.lower()}": below(q.last_means(m), COARSE) for m in RIVALS},
    **matches("fig2a", (*RIVALS, N), 200, *LOG),
    "fig2b.adam-faster-per-pass": every("fig2b.adam-faster-per-pass.to-10", "fig2b.adam-faster-per-pass.to-25"),
    "fig2b.adam-faster-per-second": every(*(f"fig2b.adam-faster-per-second.cost-{c}" for c in (.1, .01))),
    "fig2b.adam-faster-per-pass.to-10": below(q.ratios(N, "SFO", [5, 10], "train_cost")),
    "fig2b.adam-faster-per-pass.to-25": below(q.ratios(N, "SFO", [15, 20, 25], "train_cost")),
    **{f"fig2b.adam-faster-per-second.cost-{c}": below(q.seconds_ratio(c)) for c in (.1, .01)},
    "fig2b.sfo-slower-per-pass": overhead,
    "fig2b.sfo-memory": within(q.memory_slope, .9, 1.1),
    "fig2b.sfo-stochastic": at_most(q.ratios(
        "SFO frozen masks", "SFO fresh masks", [5, 10], "train_cost"), log(.5), costs=True),
    **matches("fig2b", [N], 25, *LOG), **matches("fig2b", ["SFO"], 25, *LOG, "train_cost"),
    "fig3.early-adam": below(q.ratios(N, S, [1, 2, 3])),
    "fig3.early-adagrad": below(q.ratios(A, S, [0, 1])),
    "fig3.late": at_most(q.late(*LATE.items()), log(.5), costs=True),
    **{f"fig3.late.{slug(a)}": at_most(q.late((a, b)), log(.5), costs=True)
       for a, b in LATE.items()},
    "fig3.adam-marginal": within(
        q.means([(N, S), (N + D, S + D)], range(40, 46)), log(.5), 0, costs=True, hidden=COARSE),
    "fig3.v-vanishes": at_least(q.vanishing(N), .5),
    "fig3.v-vanishes.dropout": at_least(q.vanishing(N + D), .5),
    "fig3.v-vanishes.squared": at_most(q.squared(N), np.nextafter(log(1e-4), -inf)),
    "fig3.v-vanishes.squared-dropout": at_most(q.squared(N + D), np.nextafter(log(1e-4), -inf)),
    "fig3.v-less-than-mlp": at_most(q.vanishing_more, BELOW),
    "fig3.layer-gradients": vastly,
    "fig3.layer-scale": at_most(q.layer_scale, BELOW),
    "fig3.first-moment": at_least(q.first_moment, ABOVE),
    **matches("fig3_left", FIG3, 3), **matches("fig3_right", FIG3, 45, *LOG),
    "fig4.instability": lambda f: together([
        at_least(q.edge_ratios, log(3) - 1e-9)(f), at_least(q.edge_declines, 0)(f)]),
    "fig4.best-small": within(q.best_small, -inf, BELOW),
    "fig4.never-worse": at_most(q.cells_gaps, .2),
    "fig4.best-over-alpha": at_most(q.best_gaps, .2),
    "fig4.match": chart,
    "fig4.sparser-late": at_least(q.sparser, ABOVE),
    "alg.bound.spike": at_most(q.spike, ONE), "alg.bound.first": at_most(q.first_bound, ONE),
    "alg.bound.general": at_most(q.general_bound, ONE),
    "alg.bound.in-training": at_most(q.steps_above_alpha, .01),
    "alg.annealing": at_most(q.shrinkage, log(.5)),
    "alg.adamax-bound": at_most(q.adamax_bound, ONE),
    "adamax.bound-in-training": at_most(q.largest_steps, 1 + 1e-4),
    "alg.adamax-limit": at_most(q.adamax_limit, np.nextafter(.01, 0)),
    "alg.scale-invariance": at_most(q.changed_by_scale, 0),
    "alg.unbiased": within(q.bias, -.05, .05),
    "alg.adagrad-limit": within(q.adagrad_slope, .95, 1.05),
    "alg.memory": within(q.adam_bytes, 7.99, 8.01),
    "alg.efficient-order": at_most(q.reordering, 1e-6),
    "alg.nonstationary": below(q.tracking),
    "alg.sparse-dimension": told(q.sparse_exponents),
    "alg.averaging": below(q.averaged),
    **{f"alg.defaults.{n}": at_most(q.excess(m), log(1.1)) for n, (_, m) in q.SEARCHES.items()},
    **{f"alg.defaults.{n}": at_most(q.ratios("Adam defaults", N, [epoch]), log(1.1))
       for n, (_, epoch) in q.DEFAULTS.items()},
    "alg.defaults.vae": at_most(q.vae_excess, 1), "alg.defaults": all_defaults,
    "alg.theorem-4.1": at_most(q.bound_shares, 1),
    "alg.regret-vanishes": at_most(q.exponents, .55),
    "alg.lemma-10.3": at_most(q.lemma_violations, 0),
    "regret.convex-rate": at_most(q.convex_exponent, .55),
    **{f"fashion.accuracy.{m.lower()}": within(q.accuracy(m), a - .005, a + .005) for m, a in
       (("SGD", .8742), ("Adagrad", .8528), ("RMSprop", .8839), (N, .8904))},
    "fashion.order": at_most(q.fashion_order, BELOW),
    "four-hidden.losses": band,
    "four-hidden.fastest": below(q.against_adam(q.iterations)),
    "four-hidden.least-noisy": below(q.against_adam(q.noise)),
}

def main():
    wrong = count = 0
    for path in sys.argv[1:]:
        for claim, arm, kept in claims_of(path):
            count += 1
            try:
                ours = RULES[claim](File(path, arm)) if claim in RULES else "no rule here"
            except NotRun:
                ours = NOT_RUN
            except Exception as mistake:  # in these scripts: no verdict
                ours = repr(mistake)
            if ours != kept:
                wrong += 1
                print(f"{path}: {claim}@{arm}: kept {kept}, recomputed {ours}")
    print(f"{count} verdicts recomputed, {wrong} differ")
    return 1 if wrong else 0

if __name__ == "__main__":
    sys.exit(main())
