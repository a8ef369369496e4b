"""The cases in PyTorch: float32, gradients by autograd, Adam of torch.optim."""

import functools

import problem
import torch
from torch.nn import functional as F


def start(threads):
    torch.set_num_threads(threads)
    torch.manual_seed(0)


def version():
    return f"PyTorch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}"


def variants(case):
    """Adam's loop over lists of tensors (the default), its fused kernel, and compiled code."""
    names = ["eager", "fused", "compiled"]
    return ["fused", "fused, channels last", "compiled, channels last"] if case.is_image else names


def dropped(x, rate, noise, place):
    """Dropout, by the noise of a checked step if there is any."""
    if rate == 0:
        return x
    return x * noise[place].view_as(x) if noise else F.dropout(x, rate)


def logistic(p, x, y, noise):
    return F.cross_entropy(F.linear(x, p[0], p[1]), y) + 0.5e-4 * (p[0] * p[0]).sum()


def perceptron(rates):
    def loss(p, x, y, noise):
        for layer in range(len(p) // 2):
            x = dropped(x, rates[layer] if rates else 0, noise, layer)
            x = F.linear(x, p[2 * layer], p[2 * layer + 1])
            if layer < len(p) // 2 - 1:
                x = F.relu(x)
        return F.cross_entropy(x, y)

    return loss


def autoencoder(p, x, y, noise):
    hidden = F.softplus(F.linear(x, p[0], p[1]))
    mean, log_variance = F.linear(hidden, p[2], p[3]).chunk(2, 1)
    draw = noise[0] if noise else torch.randn_like(mean)
    sample = mean + torch.exp(0.5 * log_variance) * draw
    logits = F.linear(F.softplus(F.linear(sample, p[4], p[5])), p[6], p[7])
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    divergence = -0.5 * (1 + log_variance - mean * mean - log_variance.exp()).sum()
    return (reconstruction + divergence) / x.shape[0]


def convolutional(rates):
    def loss(p, x, y, noise):
        x = dropped(x, rates[0], noise, 0)
        for stage in range(3):
            x = F.conv2d(x, p[2 * stage], p[2 * stage + 1], padding=2)
            # The maximum is rectified, which is the same and a quarter of the work.
            x = F.relu(F.max_pool2d(x, 3, 2, ceil_mode=True))
        x = F.relu(F.linear(x.flatten(1), p[6].flatten(1), p[7]))
        return F.cross_entropy(F.linear(dropped(x, rates[1], noise, 1), p[8], p[9]), y)

    return loss


def reviews(p, x, y, noise):
    columns, values = x
    values = dropped(values, problem.IMDB_DROPOUT, noise, 0)
    logits = F.embedding_bag(columns, p[0], mode="sum", per_sample_weights=values).squeeze(1) + p[1]
    return F.binary_cross_entropy_with_logits(logits, y)


@functools.cache
def loss_of(case):
    if case.is_image:
        return convolutional(case.rates or [0, 0])
    losses = {"logistic": logistic, "imdb": reviews, "vae": autoencoder}
    return losses.get(case.case) or perceptron(case.rates)


@functools.cache
def compiled(loss):
    return torch.compile(loss, dynamic=False)


def tensors(x):
    return tuple(torch.from_numpy(part) for part in x) if isinstance(x, tuple) else torch.from_numpy(x)


class Trainer:
    """One run, from the start on."""

    def __init__(self, case, variant):
        self.case, self.position, self.is_compiled = case, 0, variant.startswith("compiled")
        if case.is_update:
            arrays = [case.theta["theta"]]
        else:
            arrays, loss = case.parts(), loss_of(case)
            if case.case == "imdb":
                arrays[0] = arrays[0].reshape(-1, 1)
            self.loss = compiled(loss) if self.is_compiled else loss
            self.x = case.data(tensors)
            self.y = torch.from_numpy(case.y).to(torch.float32 if case.case == "imdb" else torch.int64)
            self.minibatches = list(torch.from_numpy(case.minibatches).to(torch.int64))
        self.is_last = variant.endswith("channels last")
        if case.is_image:
            images = self.x.view(-1, 3, 32, 32)
            self.x = images.permute(0, 2, 3, 1).contiguous() if self.is_last else images
        self.parameters = [self.parameter(array) for array in arrays]
        options = {"foreach": True} if variant == "eager" or case.is_update and self.is_compiled else {"fused": True}
        self.optimizer = torch.optim.Adam(self.parameters, lr=case.alpha, eps=case.epsilon, **options)
        self.update = self.optimizer.step
        if case.is_update:
            self.parameters[0].grad = torch.from_numpy(case.gradient)
            if self.is_compiled:
                self.update = torch.compile(self.optimizer.step)

    def parameter(self, array):
        tensor = torch.tensor(array)
        if self.is_last and tensor.dim() == 4 and tensor.shape[-1] == 5:
            tensor = tensor.contiguous(memory_format=torch.channels_last)
        return tensor.requires_grad_()

    def step(self, noise=None):
        if self.case.is_update:
            self.update()
            return None
        chosen = self.minibatches[self.position]
        self.position = (self.position + 1) % len(self.minibatches)
        if isinstance(self.x, tuple):
            x = tuple(part.index_select(0, chosen) for part in self.x)
        else:
            x = self.x.index_select(0, chosen)
            if self.is_last:
                x = x.permute(0, 3, 1, 2)
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(self.parameters, x, self.y.index_select(0, chosen), noise)
        loss.backward()
        self.update()
        return loss

    def run(self, steps):
        for _ in range(steps):
            self.step()
        return steps

    def costs(self, steps):
        found = torch.zeros(steps, dtype=torch.float64)
        start = self.parameters[0].detach().clone()
        for step in range(steps):
            loss = self.step([torch.from_numpy(array) for array in self.case.step_noise(step)] or None)
            if loss is None:
                moved = (self.parameters[0].detach().double() - start.double()).square().mean().sqrt()
                loss = moved / (self.case.alpha * (step + 1))
            found[step] = loss.detach()
        return found.numpy(), "adam"
