"""Fine-tuning on English parts: updates cut into micro-batches by token budget, selection on dev, exact resume.

An update draws one part (one task of a mix; a plain training has one). Its gradient is that of the mean loss over its
examples, however it is cut: each micro-batch adds its summed loss divided by the update's weight, and clipping happens
once, on the whole. Checkpoints hold model, optimiser, random states, what was drawn and the place in every part's data
(accelerate's save_state), so an interrupted training ends with the same weights.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from xtreme_harness.models.devices import autocast, to_device
from xtreme_harness.models.forward import model_inputs
from xtreme_harness.models.heads import EncoderWithHead, EncoderWithHeads
from xtreme_harness.training.compact import CompactEmbedding, can_compact
from xtreme_harness.training.methods import Batch, MakeStep, Step, make_plain
from xtreme_harness.training.optimiser import make_optimiser, rate_factor, set_rates, warmup_updates
from xtreme_harness.training.parts import Part, Remap, Walk
from xtreme_harness.training.samplers import Sampler, draw_order, shares
from xtreme_harness.training.selection import Selection

Network = EncoderWithHead | EncoderWithHeads
LOSS_POINTS = 50  # of a learning curve: its values leave the device that often and no more


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that decides how a network is trained, with one head a part, in order.

    `values` are the recipe's for the training as a whole (rates, warmup, decay, clip, selection, evaluate_every).
    """

    parts: tuple[Part, ...]
    values: Mapping[str, Any]
    seed: int
    dtype: str
    device: str
    budget: int
    pad_id: int
    sampler: Sampler = field(default_factory=Sampler)
    make_step: MakeStep = make_plain
    checkpoint_seconds: float = 600.0
    tick: Callable[[float, str], None] = lambda share, note: None

    @property
    def updates(self) -> int:
        """Of the whole training: as named, else every part's epochs together (jiant's rule, whatever is drawn)."""
        return self.values["updates"] or sum(part.updates_per_epoch * part.epochs for part in self.parts)

    @property
    def updates_between_evaluations(self) -> int:
        """As the recipe says, else an epoch: once the updates of every part."""
        return self.values["evaluate_every"] or sum(part.updates_per_epoch for part in self.parts)


@dataclass
class Progress:
    """Where the training is: saved with every checkpoint."""

    drawn: list[int]  # updates done, by part
    decay: float = 1.0  # what decoupled weight decay has done to an embedding row without gradient
    log: list[dict[str, Any]] = field(default_factory=list)
    losses: list[dict[str, Any]] = field(default_factory=list)  # {update, loss}: the mean since the entry before
    loss: torch.Tensor | float = 0.0  # the sum of this process's shares of the losses since the last entry

    @property
    def update(self) -> int:
        return sum(self.drawn)

    def state_dict(self) -> dict[str, Any]:
        told = {"log": list(self.log), "losses": list(self.losses), "loss": float(self.loss)}
        return {"drawn": list(self.drawn), "decay": self.decay, **told}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.drawn, self.decay, self.log = list(state["drawn"]), state["decay"], list(state["log"])
        self.losses, self.loss = list(state["losses"]), state["loss"]


def fit(network: Network, plan: Plan, folder: Path) -> dict[str, Any]:
    """Trains `network` in place, keeping what is needed to resume in `folder`; returns counts and dev figures.

    The dev figures are {metric: value} of a single part, {task: {metric: value}} of several.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network.to(plan.device)
    step = plan.make_step(network.encoder)  # before the seed, and before rows of the table go
    torch.manual_seed(plan.seed)
    compact = _compact(network, plan)
    run = _Run(network, plan, folder, step, compact.remap if compact else lambda data: data)
    run.resume()
    run.go()
    best = run.finish()
    if compact:
        compact.restore(best["decay"])
    drawn = dict(zip((part.name for part in plan.parts), run.progress.drawn, strict=True))
    told = {"updates": plan.updates, "selected_update": best["update"], "drawn": drawn, "dev": best["dev"]}
    return {**told, "log": run.progress.log, "losses": run.progress.losses}


def _compact(network: Network, plan: Plan) -> CompactEmbedding | None:
    data = [one for part in plan.parts for one in (part.train, part.dev) if one is not None]
    return CompactEmbedding(network.encoder, data, plan.pad_id) if can_compact(network.encoder, plan.pad_id) else None


class _Run:
    """The state of one training in progress."""

    def __init__(self, network: Network, plan: Plan, folder: Path, step: Step, remap: Remap) -> None:
        from accelerate import Accelerator

        self.network, self.plan, self.folder, self.step, self.remap = network, plan, folder, step, remap
        self.walks = [
            Walk(part, one, remap(part.train), plan.seed)
            for part, one in zip(plan.parts, network.networks, strict=True)
        ]
        chances = shares(plan.sampler, {part.name: part.train.examples for part in plan.parts})
        self.order = draw_order(chances, plan.updates, plan.seed).tolist()
        self.optimiser = make_optimiser(network, plan.values)
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.warmup = warmup_updates(plan.values["warmup"], plan.updates)
        self.progress = Progress([0] * len(plan.parts))
        self.selection = Selection(plan.values["selection"], folder)
        self.accelerator = Accelerator(cpu=plan.device == "cpu")
        self.accelerator.register_for_checkpointing(network, self.optimiser, self.progress, self.selection)
        self.saved_at = time.monotonic()

    def go(self) -> None:
        total = self.plan.updates
        for drawn in self.order[self.progress.update :]:
            self._step(self.walks[drawn], self.progress.drawn[drawn])
            self.progress.drawn[drawn] += 1
            if self.progress.update % max(1, total // LOSS_POINTS) == 0 or self.progress.update == total:
                self._tell_loss()
            if self._evaluation_is_due():
                self._evaluate()
            if self._checkpoint_is_due():
                self.save()
            self.plan.tick(self.progress.update / total, f"update {self.progress.update}/{total}")

    def _step(self, walk: Walk, number: int) -> None:
        """The part's own update `number`: gradients of its head and the encoder, one step of the optimiser."""
        plan = self.plan
        batches = walk.batches(number, plan.budget)
        weight = float(sum(walk.weights[rows].sum() for rows in batches))
        walk.network.train()
        factor = rate_factor(self.progress.update, self.warmup, plan.updates)
        set_rates(self.optimiser, self.rates, factor)
        for rows in self._share(batches):
            loss = self._summed_loss(walk, rows) / weight
            torch.autograd.backward(loss)
            self.progress.loss = self.progress.loss + loss.detach().float()
        self._sum_gradients(walk.network)
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), plan.values["clip"])
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.progress.decay *= 1.0 - self.rates[0] * factor * plan.values["weight_decay"]

    def _summed_loss(self, walk: Walk, rows: list[int]) -> torch.Tensor:
        """Of one micro-batch."""
        plan, kind = self.plan, walk.part.kind
        inputs = to_device(model_inputs(walk.train, rows, plan.pad_id), plan.device)
        width = inputs["input_ids"].shape[1]
        arrays = {"targets": kind.targets(walk.train.columns, rows, width), "words": walk.words(rows, width)}
        beside = to_device(arrays, plan.device)
        draws = [(plan.seed, self.progress.update, row) for row in rows]
        batch = Batch(inputs, partial(_loss, kind, beside["targets"]), beside["words"], draws)
        with autocast(plan.device, plan.dtype):
            return self.step(walk.network, batch)

    def _tell_loss(self) -> None:
        progress = self.progress
        since = progress.update - (progress.losses[-1]["update"] if progress.losses else 0)
        loss = torch.as_tensor(progress.loss, device=self.accelerator.device)
        if self.accelerator.num_processes > 1:
            loss = self.accelerator.reduce(loss, "sum")
        progress.losses.append({"update": progress.update, "loss": round(float(loss) / since, 6)})
        progress.loss = 0.0

    def _share(self, batches: list[list[int]]) -> list[list[int]]:
        """This process's micro-batches, where several devices share an update."""
        return batches[self.accelerator.process_index :: self.accelerator.num_processes]

    def _sum_gradients(self, network: EncoderWithHead) -> None:
        """Adds up what the processes found, so that all take the step of the whole update.

        Heads that were not drawn have no gradient on any of them, and stay as they are.
        """
        if self.accelerator.num_processes == 1:
            return
        for parameter in (one for one in network.parameters() if one.requires_grad):
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            parameter.grad = self.accelerator.reduce(parameter.grad, "sum")

    def _evaluation_is_due(self) -> bool:
        if all(part.evaluate is None for part in self.plan.parts):
            return False
        done = self.progress.update
        if done == self.plan.updates:
            return True
        return self.selection.rule != "last" and done % self.plan.updates_between_evaluations == 0

    def _evaluate(self) -> None:
        """Whole dev parts; what is selected by is the mean of the tasks' numbers."""
        figures = {
            walk.part.name: dict(walk.part.evaluate(walk.network, self.remap))
            for walk in self.walks
            if walk.part.evaluate is not None
        }
        headlines = {walk.part.name: walk.part.headlines for walk in self.walks}
        numbers = [fmean(list(one.values())[: headlines[name]]) for name, one in figures.items()]
        update = self.progress.update
        shown = next(iter(figures.values())) if len(self.walks) == 1 else figures
        self.progress.log.append({"update": update, "dev": shown})
        leads = self.accelerator.is_main_process
        self.selection.offer(self.network, fmean(numbers), update, self.progress.decay, writes=leads)

    def _checkpoint_is_due(self) -> bool:
        """By the first process's clock: all must save together."""
        due = time.monotonic() - self.saved_at > self.plan.checkpoint_seconds
        if self.accelerator.num_processes == 1:
            return due
        said = torch.tensor(float(due and self.accelerator.is_main_process), device=self.accelerator.device)
        return bool(self.accelerator.reduce(said, "sum") > 0)

    def finish(self) -> dict[str, Any]:
        """Puts the selected state into the network; says which update it is from, its decay and its dev figures."""
        self.accelerator.wait_for_everyone()
        self.selection.choose(self.network, self.plan.updates)
        chosen = self.selection.best or {"update": self.plan.updates, "decay": self.progress.decay}
        dev = [entry["dev"] for entry in self.progress.log if entry["update"] == chosen["update"]]
        return {"update": chosen["update"], "decay": chosen["decay"], "dev": dev[-1] if dev else {}}

    def save(self) -> None:
        """A whole checkpoint or none: written beside, then renamed; older ones go."""
        final = self.folder / f"state-{self.progress.update:09d}"
        temporary = self.folder / f".{final.name}.tmp"
        if self.accelerator.is_main_process:
            shutil.rmtree(temporary, ignore_errors=True)
        self.accelerator.wait_for_everyone()
        self.accelerator.save_state(str(temporary))
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            temporary.rename(final)
            for old in sorted(self.folder.glob("state-*"))[:-1]:
                shutil.rmtree(old)
        self.saved_at = time.monotonic()

    def resume(self) -> None:
        states = sorted(self.folder.glob("state-*"))
        if states:
            self.accelerator.load_state(str(states[-1]))


def _loss(kind: Any, targets: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    loss: torch.Tensor = kind.loss(logits, targets)
    return loss
