"""The cases in JAX with optax's Adam: whole steps jitted, with donated buffers."""

import functools
import os

import numpy
import problem

STEPS_AT_ONCE = 16


def start(threads):
    if threads == 1:
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    global jax, jnp, optax, lax
    import jax
    import jax.numpy as jnp
    import optax
    from jax import lax

    # XLA's own generator: several times as fast as the default one.
    jax.config.update("jax_default_prng_impl", "rbg")


def version():
    return f"JAX {jax.__version__}, optax {optax.__version__}"


def variants(case):
    """One step a call, and several in a loop that XLA compiles, where steps are short."""
    return ["jit"] if case.is_update or case.is_image else ["jit", "jit, scan"]


def dropped(x, rate, noise, key, place):
    if rate == 0:
        return x
    if noise is not None:
        return x * noise[place].reshape(x.shape)
    kept = jax.random.bernoulli(jax.random.fold_in(key, place), 1 - rate, x.shape)
    return jnp.where(kept, x / (1 - rate), 0)


def cross_entropy(logits, y):
    return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()


def logistic(p, x, y, noise, key):
    return cross_entropy(x @ p[0] + p[1], y) + 0.5e-4 * (p[0] * p[0]).sum()


def perceptron(rates):
    def loss(p, x, y, noise, key):
        for layer in range(len(p) // 2):
            x = dropped(x, rates[layer] if rates else 0, noise, key, layer)
            x = x @ p[2 * layer] + p[2 * layer + 1]
            if layer < len(p) // 2 - 1:
                x = jax.nn.relu(x)
        return cross_entropy(x, y)

    return loss


def autoencoder(p, x, y, noise, key):
    mean, log_variance = jnp.split(jax.nn.softplus(x @ p[0] + p[1]) @ p[2] + p[3], 2, axis=1)
    draw = jax.random.normal(key, mean.shape) if noise is None else noise[0]
    sample = mean + jnp.exp(0.5 * log_variance) * draw
    logits = jax.nn.softplus(sample @ p[4] + p[5]) @ p[6] + p[7]
    reconstruction = optax.sigmoid_binary_cross_entropy(logits, x).sum()
    divergence = -0.5 * (1 + log_variance - mean * mean - jnp.exp(log_variance)).sum()
    return (reconstruction + divergence) / x.shape[0]


def convolutional(rates):
    def loss(p, x, y, noise, key):
        x = dropped(x, rates[0], noise, key, 0)
        for stage in range(3):
            x = lax.conv_general_dilated(x, p[2 * stage], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            x = x + p[2 * stage + 1]
            x = jax.nn.relu(lax.reduce_window(x, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "SAME"))
        x = jax.nn.relu(x.reshape(x.shape[0], -1) @ p[6] + p[7])
        return cross_entropy(dropped(x, rates[1], noise, key, 1) @ p[8] + p[9], y)

    return loss


def reviews(p, x, y, noise, key):
    columns, values = x
    values = dropped(values, problem.IMDB_DROPOUT, noise, key, 0)
    logits = (p[0][columns] * values).sum(1) + p[1]
    return optax.sigmoid_binary_cross_entropy(logits, y.astype(jnp.float32)).mean()


def loss_of(case):
    if case.is_image:
        return convolutional(case.rates or [0, 0])
    losses = {"logistic": logistic, "imdb": reviews, "vae": autoencoder}
    return losses.get(case.case) or perceptron(case.rates)


class Trainer:
    """One run, from the start on."""

    def __init__(self, case, variant):
        self.case, self.position = case, 0
        self.at_once = STEPS_AT_ONCE if variant.endswith("scan") else 1
        self.optimizer = optax.adam(case.alpha, eps=case.epsilon)
        if case.is_update:
            arrays, self.gradient = [case.theta["theta"]], jnp.asarray(case.gradient)
            self.updated = jax.jit(self.update, donate_argnums=(0, 1))
        else:
            arrays, self.loss = case.inputs_first(), loss_of(case)
            convert = problem.image_rows if case.is_image else lambda x: x
            self.x = case.data(lambda x: jax.tree.map(jnp.asarray, convert(x)))
            self.y = jnp.asarray(case.y)
            count = len(case.minibatches) // self.at_once * self.at_once
            groups = case.minibatches[:count].reshape(-1, self.at_once, case.minibatches.shape[1])
            self.groups = [jnp.asarray(group) for group in groups]
            steps = self.several if self.at_once > 1 else self.one
            self.steps = jax.jit(steps, donate_argnums=(0, 1, 2))
            self.checked = jax.jit(functools.partial(self.step, None), donate_argnums=(0, 1))
        self.parameters = [jnp.array(numpy.ascontiguousarray(array)) for array in arrays]
        self.state, self.key = self.optimizer.init(self.parameters), jax.random.key(0)

    def update(self, parameters, state, gradient):
        updates, state = self.optimizer.update(gradient, state)
        return optax.apply_updates(parameters, updates), state

    def step(self, key, parameters, state, chosen, noise, x, y):
        x = jax.tree.map(lambda part: part[chosen], x)
        cost, gradient = jax.value_and_grad(self.loss)(parameters, x, y[chosen], noise, key)
        return *self.update(parameters, state, gradient), cost

    def one(self, parameters, state, key, group, x, y):
        key, own = jax.random.split(key)
        parameters, state, cost = self.step(own, parameters, state, group[0], None, x, y)
        return parameters, state, key, cost

    def several(self, parameters, state, key, group, x, y):
        def body(carry, chosen):
            *carry, cost = self.one(*carry, chosen[None], x, y)
            return tuple(carry), cost

        carry, costs = lax.scan(body, (parameters, state, key), group)
        return *carry, costs

    def run(self, steps):
        calls = -(-steps // self.at_once)
        for _ in range(calls):
            if self.case.is_update:
                self.parameters, self.state = self.updated(self.parameters, self.state, [self.gradient])
            else:
                group = self.groups[self.position]
                self.position = (self.position + 1) % len(self.groups)
                self.parameters, self.state, self.key, _ = self.steps(
                    self.parameters, self.state, self.key, group, self.x, self.y
                )
        jax.block_until_ready((self.parameters, self.state))
        return calls * self.at_once

    def last_cost(self):
        """That of the last of several steps in one call, from the start."""
        *_, costs = self.steps(self.parameters, self.state, self.key, self.groups[0], self.x, self.y)
        return float(costs[-1]), "adam"

    def costs(self, steps):
        found = numpy.zeros(steps)
        start = numpy.array(self.parameters[0], numpy.float64)
        for step in range(steps):
            if self.case.is_update:
                self.run(1)
                moved = numpy.sqrt(numpy.mean((numpy.array(self.parameters[0], numpy.float64) - start) ** 2))
                found[step] = moved / (self.case.alpha * (step + 1))
                continue
            noise = self.case.step_noise(step)
            if self.case.is_image and noise:
                noise[0] = problem.image_rows(noise[0])
            self.parameters, self.state, found[step] = self.checked(
                self.parameters, self.state, jnp.asarray(self.case.minibatches[step]),
                [jnp.asarray(part) for part in noise] or None, self.x, self.y,
            )  # fmt: skip
        return found, "adam"
