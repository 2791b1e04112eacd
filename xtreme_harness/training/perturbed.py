"""Robust training by perturbed word embeddings: `adv` climbs to the worst point of a ball, `rs_rp` draws one at random.

Huang et al. 2021. Each word's embedding may move by a vector no longer than the radius; special tokens and padding
stay. The radius is `eps` times the mean norm of the encoder's word embeddings at the start of the training.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xtreme_harness.training.methods import Batch, Step

ROWS_AT_ONCE = 8192  # of the embedding table, whose norms are looked at
SMALLEST_NORM = 1e-30  # a gradient of zero has no direction: nothing moves

Points = np.ndarray[Any, Any]
Draw = Callable[[np.random.Generator, int, int], Points]


def make_adversarial(encoder: Any, *, eps: float, steps: int, step_size: float, start: str) -> Step:
    """Projected gradient ascent: `steps` times, each word goes `step_size` * radius / `steps` along its own gradient.

    Every pass sees the dropout that the training's own pass sees, so the point is the worst for that very network.
    """
    radius = eps * mean_norm(encoder.get_input_embeddings())

    def step(network: Any, batch: Batch) -> Tensor:
        moved = initial_point(network.encoder, batch, radius, start)
        for _ in range(steps):
            moved = project(moved + step_size * radius / steps * _uphill(network, batch, moved), radius)
        with adding(network.encoder, moved):
            return batch.loss(network(**batch.inputs))

    return step


def make_random(encoder: Any, *, eps: float, law: str) -> Step:
    """One draw of the law for each word and update."""
    radius = eps * mean_norm(encoder.get_input_embeddings())

    def step(network: Any, batch: Batch) -> Tensor:
        with adding(network.encoder, random_point(network.encoder, batch, radius, law)):
            return batch.loss(network(**batch.inputs))

    return step


def mean_norm(table: Any) -> float:
    """The mean L2 norm of what a word embedding gives, over its whole vocabulary.

    It is called, not read: some families scale what the table holds.
    """
    ids = torch.arange(len(table.weight), device=table.weight.device)
    with torch.no_grad():
        norms = [table(some).float().norm(dim=-1) for some in torch.split(ids, ROWS_AT_ONCE)]
    return float(torch.cat(norms).mean())


def initial_point(encoder: Any, batch: Batch, radius: float, start: str) -> Tensor:
    """Where the ascent begins: at the words themselves, or at a random point of the ball."""
    return random_point(encoder, batch, radius if start == "random" else 0.0, "ball")


def random_point(encoder: Any, batch: Batch, radius: float, law: str) -> Tensor:
    """[rows, tokens, width] float32: a draw of `law` for each word, zero elsewhere."""
    width = encoder.get_input_embeddings().weight.shape[1]
    words = batch.words.cpu().numpy()
    drawn = np.zeros((*words.shape, width), dtype=np.float32)
    for row, seeds in enumerate(batch.draws) if radius > 0 else ():
        random = np.random.Generator(np.random.PCG64(list(seeds)))
        drawn[row, words[row]] = radius * LAWS[law](random, int(words[row].sum()), width)
    return torch.from_numpy(drawn).to(batch.words.device)


def in_ball(random: np.random.Generator, count: int, width: int) -> Points:
    """Uniform in the unit ball: a uniform direction, and a length whose power `width` is uniform."""
    points = random.standard_normal((count, width))
    lengths = random.random((count, 1)) ** (1.0 / width)
    points *= lengths / np.linalg.norm(points, axis=1, keepdims=True)
    return points


def in_cube(random: np.random.Generator, count: int, width: int) -> Points:
    """Uniform in each coordinate, in the largest cube inside the unit ball."""
    return random.uniform(-1.0, 1.0, (count, width)) / math.sqrt(width)


def gaussian(random: np.random.Generator, count: int, width: int) -> Points:
    """Normal with a mean square length of 1: about half of the points lie outside the unit ball."""
    return random.standard_normal((count, width)) / math.sqrt(width)


LAWS: dict[str, Draw] = {"ball": in_ball, "cube": in_cube, "gaussian": gaussian}


def project(moved: Tensor, radius: float) -> Tensor:
    """The nearest point of each token's ball."""
    norms: Tensor = torch.linalg.vector_norm(moved, dim=-1, keepdim=True)
    return moved * (radius / norms.clamp(min=max(radius, SMALLEST_NORM)))


def _uphill(network: Any, batch: Batch, moved: Tensor) -> Tensor:
    """[rows, tokens, width]: for each word the direction, of length 1, in which the loss rises fastest."""
    moved = moved.detach().requires_grad_()
    device = moved.device
    # forked: the pass after this one draws the same dropout, and the last one what `plain` would have drawn
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), adding(network.encoder, moved):
        loss = batch.loss(network(**batch.inputs))
        (gradient,) = torch.autograd.grad(loss, moved)
    gradient = gradient.float() * batch.words.unsqueeze(-1)
    norms: Tensor = torch.linalg.vector_norm(gradient, dim=-1, keepdim=True)
    return gradient / norms.clamp(min=SMALLEST_NORM)


@contextmanager
def adding(encoder: Any, moved: Tensor) -> Iterator[None]:
    """Within, the encoder's word embedding gives its own vectors plus `moved`.

    A hook on the embedding, because not every encoder takes vectors in place of ids. T5 has its table in two modules.
    """
    weight = encoder.get_input_embeddings().weight

    def add(module: nn.Module, ids: tuple[Tensor, ...], vectors: Tensor) -> Tensor:
        return vectors + moved.to(vectors.dtype)

    with ExitStack() as hooks:
        for module in [one for one in encoder.modules() if getattr(one, "weight", None) is weight]:
            hooks.callback(module.register_forward_hook(add).remove)
        yield
