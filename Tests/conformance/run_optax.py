#!/usr/bin/env python3
"""Runs the conformance set through optax's optimizers.

usage: run_optax.py [--json] [SEQUENCE ...]
"""

import jax
import jax.numpy
import numpy
import optax

import runner

jax.config.update("jax_enable_x64", True)

METHODS = {
    "sgd": "sgd",
    "momentum": "sgd(momentum)",
    "nesterov": "sgd(nesterov)",
    "adagrad-epsilon-inside": "adagrad",
    "rmsprop": "rmsprop(eps_in_sqrt=False)",
    "rmsprop-epsilon-inside": "rmsprop",
    "rmsprop-momentum": "rmsprop(centered, momentum)",
    "adadelta": "adadelta",
    "adam": "adam",
    "amsgrad-corrected": "amsgrad",
    "adamw": "adamw",
    "nadam": "nadam",
    "adamax": "adamax",
}


def make(method, h):
    a = h["alpha"]
    eps = h.get("epsilon", 1e-8)
    betas = {"b1": h.get("beta1"), "b2": h.get("beta2"), "eps": eps}
    makers = {
        "sgd": lambda: optax.sgd(a),
        "momentum": lambda: optax.sgd(a, momentum=h["momentum"]),
        "nesterov": lambda: optax.sgd(a, momentum=h["momentum"], nesterov=True),
        "adagrad-epsilon-inside": lambda: optax.adagrad(
            a, initial_accumulator_value=h["initial-accumulator"], eps=eps
        ),
        "rmsprop": lambda: optax.rmsprop(a, decay=h["rho"], eps=eps, eps_in_sqrt=False),
        "rmsprop-epsilon-inside": lambda: optax.rmsprop(a, decay=h["rho"], eps=eps),
        "rmsprop-momentum": lambda: optax.rmsprop(
            a, decay=h["rho"], eps=eps, centered=True, momentum=h["momentum"]
        ),
        "adadelta": lambda: optax.adadelta(a, rho=h["rho"], eps=eps),
        "adam": lambda: optax.adam(a, **betas),
        "amsgrad-corrected": lambda: optax.amsgrad(a, **betas),
        "adamw": lambda: optax.adamw(a, **betas, weight_decay=h["weight-decay"]),
        "nadam": lambda: optax.nadam(a, **betas),
        "adamax": lambda: optax.adamax(a, b1=h["beta1"], b2=h["beta2"]),
    }
    return makers[method]()


def trajectory(method, h, theta0, gradients, dtype, resume_after=0, scales=None):
    """theta after each step. A state is plain data, so a resume is where the loop is cut in two."""
    optimizer = make(method, h)
    theta = jax.numpy.asarray(theta0, dtype=dtype)
    rows = jax.numpy.asarray(gradients, dtype=dtype)

    def step(carry, gradient):
        theta, state = carry
        updates, state = optimizer.update(gradient, state, theta)
        theta = optax.apply_updates(theta, updates)
        return (theta, state), theta

    carry, found = (theta, optimizer.init(theta)), []
    for part in [rows[:resume_after], rows[resume_after:]]:
        if len(part):
            carry = jax.tree.map(lambda x: jax.numpy.asarray(numpy.asarray(x)), carry)
            carry, path = jax.lax.scan(step, carry, part)
            found.append(numpy.asarray(path))
    return numpy.concatenate(found)


if __name__ == "__main__":
    runner.main("optax", optax.__version__, METHODS, trajectory)
