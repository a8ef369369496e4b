#!/usr/bin/env python3
"""The sum-of-functions optimizer in numpy and double precision, written from its description alone.

usage: sum_of_functions.py DATA [--examples N] [--hidden 60,40] [--subfunctions 24] [--passes 30] [--seed 0]

It shares no code with the project and follows the published program's rules (mode `reference`), so that a
difference between the two programs can be told from a property of the method. Trains a perceptron without
regularisation on MNIST's first --examples images in a random order, gradients in single precision, and
prints after every pass (as many evaluations as subfunctions): cost of all examples, active subfunctions,
failed steps so far, damping.
"""

import argparse
import gzip
import pathlib

import numpy as np

TINY = 1e-12
HISTORY = 10
LARGEST_RATIO = 1e8


def read_idx(folder, name):
    """An IDX file, gzipped or not, as an array."""
    path = next(p for p in sorted(pathlib.Path(folder).rglob("*")) if p.name.startswith(name))
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)


class Perceptron:
    """Cross-entropy of a rectified perceptron; subfunction i is the mean over its part of the examples."""

    def __init__(self, pixels, labels, widths, count, rng):
        self.pixels, self.labels, self.count = pixels, labels, count
        self.shapes = [s for a, b in zip(widths, widths[1:]) for s in ((a, b), (b,))]
        self.parts = np.array_split(rng.permutation(len(labels)), count)
        self.size = len(labels) / count

    def start(self, rng):
        normal = [rng.randn(*s) * np.sqrt(2 / s[0]) if len(s) == 2 else np.zeros(s) for s in self.shapes]
        return np.concatenate([a.ravel() for a in normal])

    def evaluate(self, theta, index):
        layers, offset = [], 0
        for shape in self.shapes:
            size = int(np.prod(shape))
            layers.append(theta[offset : offset + size].astype(np.float32).reshape(shape))
            offset += size
        rows = self.parts[index]
        inputs = [self.pixels[rows]]
        for weights, bias in zip(layers[0:-2:2], layers[1:-2:2]):
            inputs.append(np.maximum(inputs[-1] @ weights + bias, 0))
        logits = inputs[-1] @ layers[-2] + layers[-1]
        logits -= logits.max(1, keepdims=True)
        logs = np.log(np.exp(logits).sum(1))
        chosen = np.arange(len(rows)), self.labels[rows]
        cost = (logs - logits[chosen]).astype(float).sum() / self.size
        delta = np.exp(logits - logs[:, None])
        delta[chosen] -= 1
        delta /= np.float32(self.size)
        gradient = []
        for layer in reversed(range(len(inputs))):
            gradient += [delta.sum(0), (inputs[layer].T @ delta).ravel()]
            if layer:
                delta = (delta @ layers[2 * layer].T) * (inputs[layer] > 0)
        return cost, np.concatenate(gradient[::-1]).astype(float)


class SumOfFunctions:
    """Sohl-Dickstein, Poole and Ganguli 2014."""

    def __init__(self, problem, theta, rng):
        self.problem, self.rng, self.theta, self.before = problem, rng, theta, theta.copy()
        n = self.n = problem.count
        self.kept = min(2 * n + 2, len(theta))
        self.room = min(-(-3 * self.kept // 2), len(theta))
        self.basis = np.zeros((len(theta), self.room))
        self.basis[:, 0], self.used = theta / np.linalg.norm(theta), 1
        self.place = self.basis.T @ theta
        self.places = np.tile(self.place[:, None], (1, n))
        self.gradients = np.zeros((self.room, n))
        self.steps_of = [[] for _ in range(n)]  # newest first: (difference of positions, of gradients)
        self.values = np.full(n, np.nan)
        self.evaluations = np.zeros(n, int)
        self.active = np.zeros(n, bool)
        self.active[rng.permutation(n)[:2]] = True
        self.diagonals = np.where(self.active, 1e5, 0.0)
        self.low_rank = np.zeros((n, self.room, self.room))
        self.damping, self.gain, self.distance, self.waited, self.failures = 1.0, 0.0, 0.0, 0, 0

    def hessian(self):
        return self.low_rank.sum(0) + np.eye(self.room) * self.diagonals[self.active].sum()

    def product(self, i, step):
        return self.low_rank[i] @ step + self.diagonals[i] * step

    def evaluate(self, i, theta):
        value, gradient = self.problem.evaluate(theta, i)
        self.evaluations[i] += 1
        length = np.linalg.norm(gradient)
        if np.isfinite(length) and length >= TINY:
            self.include(gradient, gradient / length)
        return value, gradient

    def include(self, gradient, direction):
        for _ in range(3):
            direction = direction - self.basis @ (self.basis.T @ direction)
            length = np.linalg.norm(direction)
            if length < TINY:
                return
            direction /= length
            if length > 0.1:
                break
        self.basis[:, self.used] = direction
        self.used += 1
        if self.used >= self.room:
            self.collapse(gradient)

    def collapse(self, gradient):
        wanted = [self.gradients[:, self.active], self.places[:, self.active]]
        wanted += [(self.basis.T @ v)[:, None] for v in (gradient, self.theta)]
        wanted = np.hstack(wanted)
        padding = self.rng.randn(self.room, self.kept - wanted.shape[1])
        turn = np.zeros((self.room, self.room))
        turn[:, : self.kept] = np.linalg.qr(np.hstack([wanted, padding]))[0]
        self.basis = self.basis @ turn
        self.gradients, self.places = turn.T @ self.gradients, turn.T @ self.places
        self.steps_of = [[(turn.T @ s, turn.T @ y) for s, y in pairs] for pairs in self.steps_of]
        self.low_rank = np.array([turn.T @ part @ turn for part in self.low_rank])
        self.used = self.kept

    def keep(self, i, place, value, gradient):
        if self.evaluations[i] > 1:
            s, y = place - self.places[:, i], gradient - self.gradients[:, i]
            lengths = np.linalg.norm(s), np.linalg.norm(y)
            if min(lengths) > TINY and abs(s @ y) > TINY * lengths[0] * lengths[1]:
                self.steps_of[i] = [(s, y), *self.steps_of[i]][:HISTORY]
        self.places[:, i], self.gradients[:, i], self.values[i] = place, gradient, value

    def predicted(self, i, place):
        step = place - self.places[:, i]
        return self.values[i] + self.gradients[:, i] @ step + 0.5 * step @ self.product(i, step)

    def refresh(self, i):
        self.low_rank[i] = 0
        if not self.steps_of[i]:
            share = np.median(np.linalg.eigvalsh(self.hessian())) / self.active.sum()
            self.diagonals[i] = share / 10 if 2 < self.evaluations[i] < 5 else share
            return
        steps, changes = (np.array(a).T for a in zip(*self.steps_of[i]))
        span = np.linalg.qr(np.hstack([steps, changes]))[0]
        steps, changes = span.T @ steps, span.T @ changes
        ratio = changes @ np.linalg.pinv(steps)
        scales = np.sort(np.sqrt(abs(np.linalg.eigvalsh(ratio.T @ ratio))))[::-1][: steps.shape[1]]
        least, largest = scales.min(), scales.max()
        if least == 0 or not np.isfinite(scales).all():
            least = largest = self.diagonals[self.active].max()
        least = max(least, largest / LARGEST_RATIO)
        low = np.zeros((span.shape[1],) * 2)
        for k in reversed(range(steps.shape[1])):
            length = np.linalg.norm(steps[:, k])
            s, y = steps[:, k] / length, changes[:, k] / length
            hs = low @ s + least * s
            with np.errstate(all="ignore"):
                update = np.outer(y, y) / (y @ s) - np.outer(hs, hs) / (s @ hs)
            if np.isfinite(update).all():
                low += update
            else:
                least = largest
        low += np.eye(len(low)) * least
        values, vectors = np.linalg.eigh((low + low.T) / 2)
        if values.max() <= 0:
            values[:] = largest
        else:
            values[values < abs(values).max() / LARGEST_RATIO] = np.median(values[values > 0])
        self.diagonals[i] = least
        self.low_rank[i] = span @ ((vectors * (values - least)) @ vectors.T) @ span.T

    def choose(self):
        once = np.flatnonzero(self.active & (self.evaluations == 1))
        fresh = np.flatnonzero(self.active & (self.evaluations < 2))
        if len(once) or len(fresh):
            return once[0] if len(once) else self.rng.choice(fresh)
        steps = self.place[:, None] - self.places
        whole = self.rng.rand() < 0.5
        curved = self.hessian() @ steps if whole else np.array([self.product(i, steps[:, i]) for i in range(self.n)]).T
        lengths = np.where(self.active, (steps * curved).sum(0), -np.inf)
        if whole and lengths.max() < TINY and not self.active.all():
            return self.activate()
        return int(np.argmax(lengths))

    def activate(self):
        joined = self.rng.choice(np.flatnonzero(~self.active))
        self.active[joined], self.waited = True, 0
        return joined

    def failed(self, i, value, gradient):
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return True
        if self.evaluations[i] == 1:
            others = self.values[(self.evaluations > 1) & np.isfinite(self.values)]
            return len(others) > 0 and value > others.mean() + 3 * others.std()
        predicted = self.predicted(i, self.place)
        return value > self.values[i] and value - predicted > self.gain - (self.values[i] - predicted)

    def recover(self, i, value, gradient):
        self.failures += 1
        self.damping = max(self.damping / 2, 1e-5)
        first, first_gradient = self.evaluate(i, self.before)
        known = np.isfinite(self.values[i])
        surprise = self.predicted(i, self.basis.T @ self.theta) - self.values[i] if known else value - first
        for _ in range(10):
            if value - first < 10 * max(abs(surprise), TINY):
                break
            self.theta = 0.99 * self.before + 0.01 * self.theta
            value, gradient = self.evaluate(i, self.theta)
        ends = [(self.theta, value, gradient), (self.before, first, first_gradient)]
        worse, better = ends if first <= value or not np.isfinite(value) else ends[::-1]
        if np.isfinite(worse[1]):
            self.keep(i, self.basis.T @ worse[0], worse[1], self.basis.T @ worse[2])
        self.theta = better[0].copy()
        return better[1], better[2]

    def step(self):
        i = self.choose()
        value, gradient = self.evaluate(i, self.theta)
        self.place = self.basis.T @ self.theta
        failed = self.failed(i, value, gradient)
        if failed:
            value, gradient = self.recover(i, value, gradient)
        else:
            self.damping = 1 / self.n + self.damping * (1 - 1 / self.n)
        self.place = self.basis.T @ self.theta
        self.keep(i, self.place, value, self.basis.T @ gradient)
        self.distance += np.linalg.norm(self.theta - self.before)
        self.refresh(i)
        slope = sum(self.product(k, self.place - self.places[:, k]) + self.gradients[:, k] for k in range(self.n))
        hessian = self.hessian()
        inverse = np.linalg.inv(hessian)
        move = -self.damping * (inverse @ slope)
        length = max(np.linalg.norm(move), TINY)
        move *= max(length, 1e-8) / length
        total = self.evaluations.sum()
        if total > self.n:
            move *= min(1, 10 * self.distance / total / max(length, 1e-8))
        self.before, self.theta = self.theta, self.theta + self.basis @ move
        self.place = self.place + move
        self.gain = 0.5 * move @ (hessian @ move)
        count = self.active.sum()
        mean = self.gradients[:, self.active].mean(1)
        rest = self.gradients[:, self.active] - mean[:, None]
        noise = (rest * (inverse @ rest)).sum() / (count * (count - 1))
        wanted = failed or self.waited > count or noise >= mean @ (inverse @ mean)
        self.waited += 1
        if wanted and not self.active.all() and (self.evaluations[self.active] >= 2).all():
            self.activate()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="a folder with MNIST's files")
    parser.add_argument("--examples", type=int, default=60000)
    parser.add_argument("--hidden", default="60,40")
    parser.add_argument("--subfunctions", type=int, default=24)
    parser.add_argument("--passes", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.RandomState(options.seed)
    folder = next(p.parent for p in sorted(pathlib.Path(options.data).rglob("train-images*")) if "ashion" not in str(p))
    chosen = rng.permutation(60000)[: options.examples]
    pixels = (read_idx(folder, "train-images")[chosen].reshape(-1, 784) / 255).astype(np.float32)
    labels = read_idx(folder, "train-labels")[chosen]
    widths = [784, *map(int, options.hidden.split(",")), 10]
    problem = Perceptron(pixels, labels, widths, options.subfunctions, rng)
    optimizer = SumOfFunctions(problem, problem.start(rng), rng)
    reported = -1
    print("pass\tcost\tactive\tfailures\tdamping")
    while reported < options.passes:
        done = optimizer.evaluations.sum() // options.subfunctions
        if done > reported:
            cost = np.mean([problem.evaluate(optimizer.theta, i)[0] for i in range(options.subfunctions)])
            print(f"{done}\t{cost:.4g}\t{optimizer.active.sum()}\t{optimizer.failures}\t{optimizer.damping:.3g}", flush=True)
            reported = done
        optimizer.step()


if __name__ == "__main__":
    main()
