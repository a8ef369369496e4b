#!/usr/bin/env python3
"""Runs the conformance set through PyTorch's optimizers.

usage: run_torch.py [--json] [SEQUENCE ...]
"""

import numpy
import torch

import runner

METHODS = {
    "sgd": "SGD",
    "momentum": "SGD(momentum)",
    "nesterov": "SGD(nesterov)",
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
    "adadelta": "Adadelta",
    "adam": "Adam",
    "amsgrad-corrected": "Adam(amsgrad)",
    "adamw": "AdamW",
    "nadam": "NAdam",
    "adamax": "Adamax",
}


def make(method, h, parameters):
    optim = torch.optim
    a = h["alpha"]
    betas = (h.get("beta1"), h.get("beta2"))
    eps = h.get("epsilon", 1e-8)
    makers = {
        "sgd": lambda: optim.SGD(parameters, lr=a),
        "momentum": lambda: optim.SGD(parameters, lr=a, momentum=h["momentum"]),
        "nesterov": lambda: optim.SGD(parameters, lr=a, momentum=h["momentum"], nesterov=True),
        "adagrad": lambda: optim.Adagrad(
            parameters, lr=a, eps=eps, initial_accumulator_value=h.get("initial-accumulator", 0.0)
        ),
        "rmsprop": lambda: optim.RMSprop(parameters, lr=a, alpha=h["rho"], eps=eps),
        "adadelta": lambda: optim.Adadelta(parameters, lr=a, rho=h["rho"], eps=eps),
        "adam": lambda: optim.Adam(parameters, lr=a, betas=betas, eps=eps),
        "amsgrad-corrected": lambda: optim.Adam(
            parameters, lr=a, betas=betas, eps=eps, amsgrad=True, weight_decay=h.get("weight-decay", 0)
        ),
        "amsgradw": lambda: optim.AdamW(
            parameters, lr=a, betas=betas, eps=eps, amsgrad=True, weight_decay=h["weight-decay"]
        ),
        "adamw": lambda: optim.AdamW(
            parameters, lr=a, betas=betas, eps=eps, weight_decay=h["weight-decay"]
        ),
        "nadam": lambda: optim.NAdam(
            parameters, lr=a, betas=betas, eps=eps, momentum_decay=h["momentum-decay"]
        ),
        "adamax": lambda: optim.Adamax(parameters, lr=a, betas=betas),
    }
    return makers[method]()


def trajectory(method, h, theta0, gradients, dtype, resume_after=0, scales=None):
    """theta after each step; `scales` are factors of the stepsize."""
    kind = getattr(torch, dtype)
    theta = torch.nn.Parameter(torch.tensor(theta0, dtype=kind))
    rows = torch.tensor(gradients, dtype=kind)
    optimizer = make(method, h, [theta])
    found = []
    for step in range(len(gradients)):
        if resume_after and step == resume_after:
            saved = optimizer.state_dict()
            theta = torch.nn.Parameter(theta.detach().clone())
            optimizer = make(method, h, [theta])
            optimizer.load_state_dict(saved)
        if scales is not None:
            for group in optimizer.param_groups:
                group["lr"] = h["alpha"] * scales[step]
        theta.grad = rows[step].clone()
        optimizer.step()
        found.append(theta.detach().numpy().copy())
    return numpy.array(found)


if __name__ == "__main__":
    torch.set_num_threads(1)
    runner.main("PyTorch", torch.__version__, METHODS, trajectory)
