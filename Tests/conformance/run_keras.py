#!/usr/bin/env python3
"""Runs the conformance set through Keras' optimizers, on JAX.

usage: run_keras.py [--json] [SEQUENCE ...]
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy

import runner

jax.config.update("jax_enable_x64", True)

METHODS = {
    "sgd": "SGD",
    "heavy-ball": "SGD(momentum)",
    "nesterov-sutskever": "SGD(nesterov)",
    "adagrad-epsilon-inside": "Adagrad",
    "rmsprop-epsilon-inside": "RMSprop",
    "rmsprop-momentum": "RMSprop(centered, momentum)",
    "adadelta": "Adadelta",
    "adam-epsilon-hat": "Adam",
    "amsgrad-corrected": "Adam(amsgrad)",
    "adamw": "AdamW",
    "nadam": "Nadam",
    "adamax": "Adamax",
}


def make(method, h):
    optimizers = keras.optimizers
    a = h["alpha"]
    eps = h.get("epsilon", 1e-7)
    betas = {"beta_1": h.get("beta1"), "beta_2": h.get("beta2"), "epsilon": eps}
    makers = {
        "sgd": lambda: optimizers.SGD(a),
        "heavy-ball": lambda: optimizers.SGD(a, momentum=h["momentum"]),
        "nesterov-sutskever": lambda: optimizers.SGD(a, momentum=h["momentum"], nesterov=True),
        "adagrad-epsilon-inside": lambda: optimizers.Adagrad(
            a, initial_accumulator_value=h["initial-accumulator"], epsilon=eps
        ),
        "rmsprop-epsilon-inside": lambda: optimizers.RMSprop(a, rho=h["rho"], epsilon=eps),
        "rmsprop-momentum": lambda: optimizers.RMSprop(
            a, rho=h["rho"], epsilon=eps, centered=True, momentum=h["momentum"]
        ),
        "adadelta": lambda: optimizers.Adadelta(a, rho=h["rho"], epsilon=eps),
        "adam-epsilon-hat": lambda: optimizers.Adam(a, **betas),
        "amsgrad-corrected": lambda: optimizers.Adam(a, **betas, amsgrad=True),
        "adamw": lambda: optimizers.AdamW(a, **betas, weight_decay=h["weight-decay"]),
        "nadam": lambda: optimizers.Nadam(a, **betas),
        "adamax": lambda: optimizers.Adamax(a, beta_1=h["beta1"], beta_2=h["beta2"]),
    }
    return makers[method]()


def trajectory(method, h, theta0, gradients, dtype, resume_after=0, scales=None):
    """theta after each step."""
    keras.backend.set_floatx(dtype)
    optimizer = make(method, h)
    theta = keras.Variable(numpy.asarray(theta0, dtype=dtype), dtype=dtype)
    optimizer.build([theta])
    state = ([theta.value], [v.value for v in optimizer.variables])

    def step(carry, gradient):
        variables, others = optimizer.stateless_apply(carry[1], [gradient], carry[0])
        # Keras mixes in floats of its own; a loop needs the dtypes that it began with.
        others = [new.astype(old.dtype) for new, old in zip(others, carry[1])]
        variables = [new.astype(dtype) for new in variables]
        return (variables, others), variables[0]

    rows, found = jax.numpy.asarray(gradients, dtype=dtype), []
    for part in [rows[:resume_after], rows[resume_after:]]:
        if len(part):
            state = jax.tree.map(lambda x: jax.numpy.asarray(numpy.asarray(x)), state)
            state, path = jax.lax.scan(step, state, part)
            found.append(numpy.asarray(path))
    return numpy.concatenate(found)


if __name__ == "__main__":
    runner.main("Keras", keras.__version__, METHODS, trajectory)
