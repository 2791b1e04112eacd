"""Fine-tuning on the English part: updates cut into micro-batches by token budget, selection on dev, exact resume.

An update's gradient is that of the mean loss over its examples, however it is cut: each micro-batch adds its summed
loss divided by the update's weight, and clipping happens once, on the whole. Checkpoints hold model, optimiser, random
states and the place in the data (accelerate's save_state), so an interrupted training ends with the same weights.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.models.devices import autocast, to_device
from xtreme_harness.models.forward import model_inputs
from xtreme_harness.models.heads import EncoderWithHead
from xtreme_harness.training.compact import CompactEmbedding, can_compact
from xtreme_harness.training.methods import Step, plain
from xtreme_harness.training.optimiser import make_optimiser, rate_factor, set_rates, warmup_updates
from xtreme_harness.training.selection import Selection
from xtreme_harness.training.updates import epoch_updates, longest_rows, micro_batches, updates_per_epoch


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that decides how a network is trained. `values` are the recipe's; `kind` knows targets and loss.

    `evaluate` gives the dev figures of the network as it is (the first is the headline); None: there is no dev part.
    """

    train: Encoded
    kind: Any
    values: dict[str, Any]
    seed: int
    dtype: str
    device: str
    budget: int
    pad_id: int
    step: Step = plain
    evaluate: Callable[[EncoderWithHead, Callable[[Encoded], Encoded]], dict[str, float]] | None = None
    dev: Encoded | None = None
    checkpoint_seconds: float = 600.0
    tick: Callable[[float, str], None] = lambda share, note: None


@dataclass
class Progress:
    """Where the training is: saved with every checkpoint."""

    update: int = 0
    decay: float = 1.0  # what decoupled weight decay has done to an embedding row without gradient
    log: list[dict[str, Any]] = field(default_factory=list)

    def state_dict(self) -> dict[str, Any]:
        return {"update": self.update, "decay": self.decay, "log": list(self.log)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.update, self.decay, self.log = state["update"], state["decay"], list(state["log"])


def fit(network: EncoderWithHead, plan: Plan, folder: Path) -> dict[str, Any]:
    """Trains `network` in place, keeping what is needed to resume in `folder`; returns counts and dev figures."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(plan.seed)
    network.to(plan.device)
    compact = _compact(network, plan)
    train = compact.remap(plan.train) if compact else plan.train
    total = updates_per_epoch(train.examples, plan.values["batch_size"]) * plan.values["epochs"]
    run = _Run(network, plan, train, total, folder, compact.remap if compact else lambda data: data)
    run.resume()
    run.go()
    best = run.finish()
    if compact:
        compact.restore(best["decay"])
    return {"updates": total, "selected_update": best["update"], "dev": best["dev"], "log": run.progress.log}


def _compact(network: EncoderWithHead, plan: Plan) -> CompactEmbedding | None:
    parts = [part for part in (plan.train, plan.dev) if part is not None]
    return CompactEmbedding(network.encoder, parts, plan.pad_id) if can_compact(network.encoder, plan.pad_id) else None


class _Run:
    """The state of one training in progress."""

    def __init__(
        self,
        network: EncoderWithHead,
        plan: Plan,
        train: Encoded,
        total: int,
        folder: Path,
        remap: Callable[[Encoded], Encoded],
    ) -> None:
        from accelerate import Accelerator

        self.network, self.plan, self.train, self.total = network, plan, train, total
        self.folder, self.remap = folder, remap
        self.bounds: list[int] = train.bounds.tolist()
        self.lengths: list[int] = train.lengths.tolist()
        self.longest = longest_rows(self.bounds, self.lengths)
        self.weights = plan.kind.weights(train)
        self.optimiser = make_optimiser(network, plan.values)
        self.rates = [group["lr"] for group in self.optimiser.param_groups]
        self.warmup = warmup_updates(plan.values["warmup"], total)
        self.progress = Progress()
        self.selection = Selection(plan.values["selection"], folder)
        self.accelerator = Accelerator(cpu=plan.device == "cpu")
        self.accelerator.register_for_checkpointing(network, self.optimiser, self.progress, self.selection)
        self.saved_at = time.monotonic()

    def go(self) -> None:
        for update in self._remaining():
            self._step(update)
            if self._evaluation_is_due():
                self._evaluate()
            if self._checkpoint_is_due():
                self.save()
            self.plan.tick(self.progress.update / self.total, f"update {self.progress.update}/{self.total}")

    def _remaining(self) -> Iterator[list[int]]:
        size, each = self.plan.values["batch_size"], self._updates_per_epoch()
        for epoch in range(self.progress.update // each, self.plan.values["epochs"]):
            updates = epoch_updates(self.longest, size, self.plan.seed, epoch)
            yield from updates[self.progress.update - epoch * each :]

    def _updates_per_epoch(self) -> int:
        return updates_per_epoch(len(self.longest), self.plan.values["batch_size"])

    def _step(self, update: list[int]) -> None:
        plan, network = self.plan, self.network
        network.train()
        factor = rate_factor(self.progress.update, self.warmup, self.total)
        set_rates(self.optimiser, self.rates, factor)
        batches = micro_batches(update, self.bounds, self.lengths, plan.budget)
        weight = float(sum(self.weights[rows].sum() for rows in batches))
        for rows in self._share(batches):
            inputs = to_device(model_inputs(self.train, rows, plan.pad_id), plan.device)
            width = inputs["input_ids"].shape[1]
            targets = to_device({"targets": plan.kind.targets(self.train.columns, rows, width)}, plan.device)["targets"]
            with autocast(plan.device, plan.dtype):
                loss = plan.step(network, inputs, partial(_loss, plan.kind, targets))
            torch.autograd.backward(loss / weight)
        self._sum_gradients()
        torch.nn.utils.clip_grad_norm_(network.parameters(), plan.values["clip"])
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.progress.decay *= 1.0 - self.rates[0] * factor * plan.values["weight_decay"]
        self.progress.update += 1

    def _share(self, batches: list[list[int]]) -> list[list[int]]:
        """This process's micro-batches, where several devices share an update."""
        return batches[self.accelerator.process_index :: self.accelerator.num_processes]

    def _sum_gradients(self) -> None:
        """Adds up what the processes found, so that all take the step of the whole update."""
        if self.accelerator.num_processes == 1:
            return
        for parameter in self.network.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            parameter.grad = self.accelerator.reduce(parameter.grad, "sum")

    def _evaluation_is_due(self) -> bool:
        if self.plan.evaluate is None:
            return False
        done = self.progress.update
        if done == self.total:
            return True
        if self.selection.rule == "last":
            return False
        every = self.plan.values["evaluate_every"] or self._updates_per_epoch()
        return bool(done % every == 0)

    def _evaluate(self) -> None:
        assert self.plan.evaluate is not None
        figures = self.plan.evaluate(self.network, self.remap)
        update = self.progress.update
        self.progress.log.append({"update": update, "dev": figures})
        leads = self.accelerator.is_main_process
        self.selection.offer(self.network, next(iter(figures.values())), update, self.progress.decay, writes=leads)

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
        self.selection.choose(self.network, self.total)
        chosen = self.selection.best or {"update": self.total, "decay": self.progress.decay}
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
