#!/usr/bin/env python3
"""Trains models of section 6 again with PyTorch, from result files, and compares costs and verdicts.

usage: retrain.py [--passes N] [--seeds N] DATA FILE.h5 ...

DATA is the folder of MNIST's four IDX files. FILE is a result of mnist-logistic (section 6.1), mnist-mlp
(6.2) or vae-bias-correction (6.4). Hyperparameters and seeds are read from the file. Initial parameters,
orders of the examples, dropout masks and latent noise are drawn here by the documented streams
(Philox4x32-10 under the key seed), in NumPy. Nothing of the project's code runs. PyTorch computes in double
precision, so that what differs is our rounding and not its own.

Three seeds make three passes (one in section 6.2, which takes longest) of the arm in which the most
contenders of the claims have been run. Prints, of every run, the first pass whose mean minibatch cost is off
by more than 1e-4; whether the methods come in the same order at the last of these passes, seed by seed; and
the verdict on the section's claims there, by their rules, from PyTorch's costs and from those of the file,
by the same function (Tests/readers; SciPy comes with jax). Section 6.4 is one cell of Figure 4.
Status 1 if a cost of the first pass is off by more than 1e-3, or an order or the verdict on a claim differs.
Of parts of a claim, which are not counted, a decided verdict may stand beside `inconclusive`: the 99.9 %
interval of three seeds can end so near its threshold that rounding decides.
"""

import argparse
import functools
import gzip
import math
import multiprocessing
import os
import pathlib
import sys

import h5py
import numpy
import torch

sys.path.append(str(pathlib.Path(__file__).parents[1] / "readers"))
from quantities import gap, log_ratio
from recompute_verdicts import BELOW, OPEN, RIVALS, judge, student, together

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)  # runs are made side by side
TOLERANCE = 1e-4
# What rounding may make of the mean of a pass: rectified units that turn the other way move single steps
# by 1e-3 after a dozen (steps.py names them).
FIRST_PASS = 1e-3
PASSES = {"mnist-logistic": 3, "mnist-mlp": 1, "vae-bias-correction": 3}
# Of each claim the pairs that it compares, and where the logarithm of the ratio is to be; in section 6.4 the
# difference in nats.
ADAM, NESTEROV, ADAGRAD = "Adam", "SGDNesterov", "AdaGrad"
CLAIMS = {
    "mnist-logistic": {
        "fig1a.adam-like-nesterov": ([(ADAM, NESTEROV)], -0.1, 0.1),
        "fig1a.adam-faster-than-adagrad": ([(ADAM, ADAGRAD)], -math.inf, BELOW),
        "fig1a.nesterov-faster-than-adagrad": ([(NESTEROV, ADAGRAD)], -math.inf, BELOW),
    },
    "mnist-mlp": {
        "fig2a.adam-best": ([(ADAM, rival) for rival in RIVALS], -math.inf, BELOW),
        **{f"fig2a.adam-best.{r.lower()}": ([(ADAM, r)], -math.inf, BELOW) for r in RIVALS},
    },
    "vae-bias-correction": {"fig4.never-worse": ([("corrected", "uncorrected")], -math.inf, 0.2)},
}
INITIALISATION, ORDER, DROPOUT, LATENT = 1, 2, 3, 4


def philox(counters, key):
    """Blocks of four words for counters of shape [n, 4]."""
    c = [counters[:, i].astype(numpy.uint64) for i in range(4)]
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    low, shift = numpy.uint64(0xFFFFFFFF), numpy.uint64(32)
    for _ in range(10):
        p0, p1 = numpy.uint64(0xD2511F53) * c[0], numpy.uint64(0xCD9E8D57) * c[2]
        c = [
            (p1 >> shift) ^ c[1] ^ numpy.uint64(k0),
            p1 & low,
            (p0 >> shift) ^ c[3] ^ numpy.uint64(k1),
            p0 & low,
        ]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return numpy.stack(c, 1).astype(numpy.uint32)


def words(count, seed, purpose, epoch=0, step=0, lane=0):
    """The first words of a stream, whose counters are [block, step, epoch, purpose | lane << 16]."""
    blocks = (count + 3) // 4
    counters = numpy.empty((blocks, 4), numpy.uint64)
    counters[:, 0] = numpy.arange(blocks)
    counters[:, 1:] = step, epoch, purpose | lane << 16
    return philox(counters, seed).reshape(-1)[:count]


def normals(count, seed, purpose, **place):
    """Box and Muller: radius from the first word of a pair, angle from the second."""
    pairs = words(2 * ((count + 1) // 2), seed, purpose, **place).reshape(-1, 2).astype(numpy.float64)
    radius = numpy.sqrt(-2 * numpy.log((pairs[:, 0] + 0.5) / 2**32))
    angle = 2 * math.pi * pairs[:, 1] / 2**32
    both = numpy.stack([radius * numpy.cos(angle), radius * numpy.sin(angle)], 1)
    return both.reshape(-1)[:count].astype(numpy.float32)


def bounded(stream, bound):
    """A number below the bound, by Lemire's method."""
    product = next(stream) * bound
    if product & 0xFFFFFFFF < bound:
        threshold = (2**32 - bound) % bound
        while product & 0xFFFFFFFF < threshold:
            product = next(stream) * bound
    return product >> 32


def permutation(count, seed, epoch):
    """Fisher and Yates from the end."""
    stream = iter(words(count + 64, seed, ORDER, epoch=epoch).tolist())
    order = list(range(count))
    for last in range(count - 1, 0, -1):
        other = bounded(stream, last + 1)
        order[last], order[other] = order[other], order[last]
    return torch.tensor(order)


@functools.lru_cache(maxsize=None)
def kept(count, rate, seed, epoch, step, lane):
    """Which elements dropout keeps, packed: 16 bits an element in groups of 128, as vk_dropout says."""
    groups = (count + 127) // 128
    blocks = words(groups * 64, seed, DROPOUT, epoch=epoch, step=step, lane=lane).reshape(groups, 16, 4)
    halves = numpy.stack([blocks & 0xFFFF, blocks >> 16], 3)  # group, lane, word, half
    return numpy.packbits(halves.transpose(0, 2, 3, 1).reshape(-1)[:count] >= round(rate * 65536))


def mask(shape, rate, seed, epoch, step, lane):
    """The factors of dropout; every method of a seed has the same."""
    count, threshold = math.prod(shape), round(rate * 65536)
    bits = numpy.unpackbits(kept(count, rate, seed, epoch, step, lane), count=count)
    return torch.from_numpy((bits * numpy.float32(65536 / (65536 - threshold))).reshape(shape)).double()


def images(folder):
    with gzip.open(next(pathlib.Path(folder).glob("train-images*"))) as file:
        pixels = numpy.frombuffer(file.read(), numpy.uint8, offset=16).reshape(-1, 784)
    with gzip.open(next(pathlib.Path(folder).glob("train-labels*"))) as file:
        labels = numpy.frombuffer(file.read(), numpy.uint8, offset=8)
    return torch.from_numpy(pixels.astype(numpy.float32) / 255).double(), torch.from_numpy(labels.astype(numpy.int64))


class Run:
    """One run of a result file, by its labels."""

    def __init__(self, h5, **place):
        self.h5, self.place = h5, place

    def read(self, name, default=None):
        if name not in self.h5:
            return default
        values = self.h5[name]
        axes = [d[0].name.split("/")[-1] for d in values.dims]
        index = []
        for axis in axes:
            labels = [v.decode() if isinstance(v, bytes) else v for v in self.h5[axis][()]]
            index.append(labels.index(self.place[axis]) if axis in self.place else slice(None))
        value = values[tuple(index)]
        return value.decode() if isinstance(value, bytes) else value

    def number(self, name, default):
        value = self.read(name)
        return default if value is None or math.isnan(value) else float(value)


def optimizer(run, parameters):
    contender, alpha = run.place["optimizer"], run.number("alpha", math.nan)
    name = contender.replace("+", " ").split()[0].lower()  # of "Adam defaults" and "Adam+dropout" the method
    epsilon = run.number("epsilon", 1e-8)
    if name == "adam":
        betas = (run.number("beta1", 0.9), run.number("beta2", 0.999))
        return alpha, torch.optim.Adam(parameters, lr=alpha, betas=betas, eps=epsilon)
    if name == "adagrad":
        return alpha, torch.optim.Adagrad(parameters, lr=alpha, eps=epsilon)
    if name == "rmsprop":
        return alpha, torch.optim.RMSprop(parameters, lr=alpha, alpha=run.number("rho", 0.9), eps=epsilon)
    if name == "adadelta":
        return alpha, torch.optim.Adadelta(parameters, lr=alpha, rho=run.number("rho", 0.9), eps=epsilon)
    if name != "sgdnesterov":
        sys.exit(f"retrain.py: no optimizer here for {contender}")
    momentum = run.number("momentum", 0.9)
    return alpha, torch.optim.SGD(parameters, lr=alpha, momentum=momentum, nesterov=True)


def dense(sizes, seed, deviation=None):
    """Weights [outputs, inputs] and biases of zero; He's deviation where none is given."""
    parameters = []
    for lane, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        weights = normals(inputs * outputs, seed, INITIALISATION, lane=lane)
        weights *= numpy.float32(deviation or numpy.sqrt(numpy.float32(2 / inputs)))
        parameters += [torch.from_numpy(weights.reshape(outputs, inputs)).double(), torch.zeros(outputs)]
    return parameters


def logistic(run, seed):
    parameters = [torch.zeros(10, 784), torch.zeros(10)]
    l2 = run.number("setting_l2", 0)

    def cost(x, y, epoch, step):
        loss = torch.nn.functional.cross_entropy(x @ parameters[0].T + parameters[1], y)
        return loss, l2 / 2 * (parameters[0] ** 2).sum()

    return parameters, cost


def perceptron(run, seed):
    parameters = dense([784, 1000, 1000, 10], seed)
    rates = [run.number("setting_input_dropout", 0.2)] + 2 * [run.number("setting_dropout", 0.5)]

    def cost(x, y, epoch, step):
        for level, rate in enumerate(rates):
            if level:
                x = torch.relu(x @ parameters[2 * level - 2].T + parameters[2 * level - 1])
            if rate > 0:
                x = x * mask(x.shape, rate, seed, epoch, step, level)
        return torch.nn.functional.cross_entropy(x @ parameters[4].T + parameters[5], y), 0

    return parameters, cost


def autoencoder(run, seed):
    """784-500-50-500-784 with softplus; the latent variances start independent of the image."""
    encoder, decoder = dense([784, 500, 100, 500, 784], seed, 0.01)[:4], []
    encoder[2][50:] = 0
    for lane, (inputs, outputs) in ((2, (50, 500)), (3, (500, 784))):
        weights = normals(inputs * outputs, seed, INITIALISATION, lane=lane) * numpy.float32(0.01)
        decoder += [torch.from_numpy(weights.reshape(outputs, inputs)).double(), torch.zeros(outputs)]
    parameters = encoder + decoder

    def layer(x, number):
        return x @ parameters[2 * number].T + parameters[2 * number + 1]

    def cost(x, y, epoch, step):
        mean, log_variance = layer(torch.nn.functional.softplus(layer(x, 0)), 1).split(50, 1)
        noise = normals(len(x) * 50, seed, LATENT, epoch=epoch, step=step).reshape(len(x), 50)
        sample = mean + torch.exp(log_variance / 2) * torch.from_numpy(noise)
        logits = layer(torch.nn.functional.softplus(layer(sample, 2)), 3)
        reconstruction = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
        return (reconstruction + divergence) / len(x), 0

    return parameters, cost


class Uncorrected:
    """Adam without bias correction, in PyTorch's arithmetic."""

    def __init__(self, parameters, alpha, betas):
        self.parameters, self.betas = parameters, betas
        self.param_groups = [{"lr": alpha}]
        self.moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    @torch.no_grad()
    def step(self):
        for p, (m, v) in zip(self.parameters, self.moments):
            m.lerp_(p.grad, 1 - self.betas[0])
            v.mul_(self.betas[1]).addcmul_(p.grad, p.grad, value=1 - self.betas[1])
            p.addcdiv_(m, v.sqrt() + 1e-8, value=-self.param_groups[0]["lr"])


def train(make, run, data, passes, minibatch, method=None):
    """The mean minibatch cost of each pass."""
    x, y = data
    seed = int(run.place["seed"])
    parameters, cost = make(run, seed)
    for p in parameters:
        p.requires_grad_()
    alpha, optimizer_ = method(parameters) if method else optimizer(run, parameters)
    schedule, costs, t = run.read("schedule", "constant"), [], 0
    for epoch in range(passes):
        order, total = permutation(len(x), seed, epoch), 0.0
        for step, examples in enumerate(order.split(minibatch)):
            t += 1
            unit = {"alpha/sqrt(step)": t, "alpha/sqrt(epoch)": epoch + 1}.get(schedule, 1)
            optimizer_.param_groups[0]["lr"] = alpha / math.sqrt(unit)
            optimizer_.zero_grad()
            loss, penalty = cost(x[examples], y[examples], epoch, step)
            (loss + penalty).backward()
            optimizer_.step()
            total += loss.item() * len(examples)
        costs.append(total / len(x))
    return numpy.array(costs)


def told(name, ours, theirs, unit):
    """Prints where two curves part, and gives whether the first number is the same but for rounding.

    `unit` is what a number is about: a pass, or a step where a pass has one minibatch.
    """
    relative = numpy.abs(ours - theirs) / numpy.maximum(1, numpy.abs(theirs))
    off = numpy.flatnonzero(~(relative <= TOLERANCE))
    plural = "" if len(ours) == 1 else "es" if unit == "pass" else "s"
    end = f"nowhere in {len(ours)} {unit}{plural}"
    place = f"from {unit} {off[0] + 1} on" if len(off) else end
    print(f"{name}: off by more than {TOLERANCE:g} {place}; largest {relative.max():.2g}", flush=True)
    return relative[0] <= (TOLERANCE if unit == "step" else FIRST_PASS)


def log_ratios(costs):
    """Of each pair of contenders the log ratio of their last costs, a number a seed."""
    names = sorted({name for name, _ in costs})
    seeds = sorted({seed for _, seed in costs})
    return {
        (a, b): numpy.array([numpy.log(costs[a, s][-1] / costs[b, s][-1]) for s in seeds])
        for i, a in enumerate(names) for b in names[i + 1:]
    }


def same_order(name, ours, theirs, alike=0.0):
    """Prints, pair by pair, whether the same contender is lower; whether all are the same.

    Costs whose log ratio is at most `alike` on both sides have no order.
    """
    right, mine, kept_ = True, log_ratios(ours), log_ratios(theirs)
    for pair in mine:
        here, there = mine[pair], kept_[pair]
        differ = (here < 0) != (there < 0)
        near = (abs(here) <= alike) & (abs(there) <= alike)
        words_ = "the same" if not differ.any() else f"{(here < 0).sum()} here, {(there < 0).sum()} in the file"
        if differ.any() and not (differ & ~near).any():
            words_ += f", but no further apart than {alike:.2g}"
        print(f"{name}: {pair[0]} below {pair[1]} in {(there < 0).sum()} of {len(there)} seeds: {words_}", flush=True)
        right &= not (differ & ~near).any()
    return bool(right)


def verdict(costs, pairs, low, high, are_differences):
    """The verdict on a claim from the last cost of each run, and the effects with the intervals that decide."""
    seeds = sorted({seed for _, seed in costs})

    def last(name):
        row = numpy.array([costs[name, seed][-1] for seed in seeds])
        return numpy.where(numpy.isnan(row), numpy.inf, row)

    parts = [(gap if are_differences else log_ratio)(last(a), last(b)) for a, b in pairs]
    ends = [student(part) or (math.nan, math.nan) for part in parts]  # none where too few seeds decide
    effects = [f"{part.mean():.4g} ({end[0]:.4g} to {end[1]:.4g})" for part, end in zip(parts, ends)]
    return together([judge(part, low, high, not are_differences) for part in parts]), ", ".join(effects)


def same_verdicts(where, experiment, ours, theirs):
    """Prints the verdict on each claim from both; whether all are the same.

    Parts of a claim do not count (docs/rules.md): of them one may be inconclusive, by rounding, and not the other.
    """
    same, names, seeds = True, {name for name, _ in ours}, {seed for _, seed in ours}
    for claim, (pairs, low, high) in CLAIMS[experiment].items():
        missing = sorted({name for pair in pairs for name in pair} - names)
        if missing:
            print(f"{where}: {claim}: not judged without {', '.join(missing)}", flush=True)
            continue
        (mine, here), (other, there) = (
            verdict(costs, pairs, low, high, experiment == "vae-bias-correction") for costs in (ours, theirs)
        )
        told_ = f"the same verdict, {mine}" if mine == other else f"verdicts differ, {mine} here, {other} in the file"
        print(f"{where}, {len(seeds)} seeds: {claim}: {told_}; effect {here} here, {there} in the file", flush=True)
        is_part = claim.rpartition(".")[0] in CLAIMS[experiment]
        same &= mine == other or is_part and OPEN in (mine, other)
    return same


def runs_of(h5, experiment, count):
    """What is trained: its name in the order and the claims, and its place in the file."""
    seeds = [int(s) for s in h5["seed"][()]][:count]
    if experiment == "vae-bias-correction":
        alphas = h5["log10_alpha"][()]
        cell = {"beta1": 0.9, "beta2": 0.999, "log10_alpha": float(alphas[numpy.abs(alphas + 3).argmin()])}
        forms = [(form, {"bias_correction": form, **cell}) for form in ("corrected", "uncorrected")]
        return "", [(name, {"seed": seed, **place}) for seed in seeds for name, place in forms]
    contenders = {name for pairs, *_ in CLAIMS[experiment].values() for pair in pairs for name in pair}
    arms = [v.decode() for v in h5["arm"][()]]

    def finished(arm):
        names = [v.decode() for v in h5["optimizer"][()] if v.decode() in contenders]
        return [n for n in names if (Run(h5, arm=arm, optimizer=n).read("status")[: len(seeds)] == 1).all()]

    known = [arm for arm in ("literal", "tuned", "fitted") if arm in arms]
    arm = max(known or arms, key=lambda arm: len(finished(arm)))
    for name in contenders - set(finished(arm)):
        print(f"{experiment}, {arm}, {name}: not finished, left out", flush=True)
    places = [(name, {"arm": arm, "optimizer": name}) for name in finished(arm)]
    return f", {arm}", [(name, {"seed": seed, **place}) for seed in seeds for name, place in places]


training_set = ()  # images and labels, which processes that are forked share


def trained(task):
    """One run of a file: its costs here, and there."""
    path, experiment, place, passes = task
    with h5py.File(path) as h5:
        run = Run(h5, **place)
        if experiment != "vae-bias-correction":
            make = {"mnist-logistic": logistic, "mnist-mlp": perceptron}[experiment]
            return train(make, run, training_set, passes, 128), run.read("train_cost_running")[:passes]
        used = int(numpy.nanmax(h5["setting_training_count"][()]))

        def method(parameters):
            step, betas = 10 ** place["log10_alpha"], (0.9, 0.999)
            if place["bias_correction"] == "corrected":
                return step, torch.optim.Adam(parameters, lr=step, betas=betas, eps=1e-8)
            return step, Uncorrected(parameters, step, betas)

        mine = train(autoencoder, run, tuple(part[:used] for part in training_set), passes, 100, method)
        return mine, run.read("loss")[1 : passes + 1]


def compare(path, data, passes, count, unit="pass"):
    """Trains the runs of one file again; whether all agrees."""
    global training_set
    training_set, right, ours, theirs = data, True, {}, {}
    with h5py.File(path) as h5:
        experiment = h5.attrs["experiment"]
        experiment = experiment.decode() if isinstance(experiment, bytes) else experiment
        arm, runs = runs_of(h5, experiment, count)
    passes = passes or PASSES[experiment]
    tasks = [(path, experiment, place, passes) for _, place in runs]
    with multiprocessing.get_context("fork").Pool(len(os.sched_getaffinity(0))) as pool:
        for (name, place), (mine, kept_) in zip(runs, pool.imap(trained, tasks)):
            key = name, place["seed"]
            ours[key], theirs[key] = mine, kept_
            right &= bool(told(f"{experiment}{arm}, {name}, seed {place['seed']}", mine, kept_, unit))
    where = f"{experiment}{arm}, {unit} {passes}"
    right &= same_order(where, ours, theirs)
    return right & same_verdicts(where, experiment, ours, theirs)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--passes", type=int)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("data")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    data = images(options.data)
    return 0 if all([compare(f, data, options.passes, options.seeds) for f in options.files]) else 1


if __name__ == "__main__":
    sys.exit(main())
