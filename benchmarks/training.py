"""Speed of training, side by side in one process: our loop, XTREME's manner, and the Hugging Face Trainer.

    python -m benchmarks.training --small --json

All three fine-tune the encoder `mini` in full, with the same head, dropout, examples a round and examples an update
(32), on the CPU; they take turns, so that other work on the machine meets each alike. Counted are the tokens that carry
text, padding never; each turn's first update (memory, optimiser state) is left out.

ours     xtreme_harness.training.loop.fit with the settings that a run on this machine resolves to
padded   as XTREME's scripts: 8 x 4 accumulation, every example padded to 128, float32, unfused AdamW, SDPA attention
trainer  Trainer and TrainingArguments as they come, batches of 32 padded to their longest (DataCollatorWithPadding)

The text is made on the spot from words of the bundled corpus; the lengths have the shape of the English slice of XNLI's
dev part (300 pairs: 38 tokens a pair, premise 23, hypothesis 11, 4 specials) with a tail up to 128.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from xtreme_harness.data.encoded import Encoded, load_encoded, save_encoded
from xtreme_harness.jsonl import read_jsonl
from xtreme_harness.kinds.classify.kind import Classify
from xtreme_harness.models import devices
from xtreme_harness.models.forward import pad_rows
from xtreme_harness.models.heads import EncoderWithHead
from xtreme_harness.models.load import load_encoder, load_tokenizer
from xtreme_harness.training.loop import Plan, fit
from xtreme_harness.training.parts import Part
from xtreme_plugins.mini_encoder import FULL, source_file, unpack
from xtreme_plugins.recipes import XTREME
from xtreme_tasks.mini import FOLDER as CORPUS

LABELS = ("contradiction", "entailment", "neutral")
# Logarithm of the number of tokens, mean and deviation, in the English slice of XNLI's dev part
PREMISE = (2.98, 0.57)
HYPOTHESIS = (2.35, 0.33)
PIECES_A_WORD = 1.3  # of the bundled corpus in XLM-R's vocabulary
SEED = 42
WARM_UP = 1  # updates left out at the start of every turn
ACCUMULATION = 4  # XTREME's scripts: 8 examples, 4 times


@dataclass(frozen=True, kw_only=True)
class Work:
    """What every contestant is given: the checkpoint, the recipe's values, the encoded examples."""

    checkpoint: Path
    values: dict[str, Any]
    encoded: Encoded
    folder: Path

    @property
    def labels(self) -> Any:
        return self.encoded.columns["labels"].values.astype(np.int64)


class Clock:
    """Counts the tokens that an encoder is given, padding left out, and notes the time after every update."""

    def __init__(self, network: EncoderWithHead) -> None:
        self.tokens = 0
        self.marks: list[tuple[float, int]] = []
        self.hook = network.encoder.register_forward_pre_hook(self._count, with_kwargs=True)

    def _count(self, encoder: nn.Module, positional: Any, named: dict[str, Any]) -> None:
        self.tokens += int(named["attention_mask"].sum())

    def update(self) -> None:
        self.marks.append((time.perf_counter(), self.tokens))

    def tokens_per_second(self) -> float:
        self.hook.remove()
        (start, before), (end, after) = self.marks[WARM_UP - 1], self.marks[-1]
        return (after - before) / (end - start)


Contestant = Callable[[EncoderWithHead, Work, Clock], None]


def ours(network: EncoderWithHead, work: Work, clock: Clock) -> None:
    """The harness's own loop; compact embedding, fused optimiser, autocast and micro-batches are inside."""
    sizes = {"epochs": work.values["epochs"], "batch_size": work.values["batch_size"]}
    part = Part(name="pairs", train=work.encoded, kind=Classify(), **sizes)
    plan = Plan(
        parts=(part,),
        values=work.values,
        seed=SEED,
        dtype=devices.resolve_dtype("auto", "cpu"),
        device="cpu",
        budget=devices.resolve_budget(None, "cpu"),
        pad_id=pad_id(network),
        tick=lambda share, note: clock.update(),
    )
    fit(network, plan, Path(tempfile.mkdtemp(dir=work.folder)))


def padded(network: EncoderWithHead, work: Work, clock: Clock) -> None:
    """XTREME's run_classify: DataLoader over padded tensors, a mean loss a micro-batch, clipping, linear schedule."""
    from torch.utils.data import DataLoader, RandomSampler, TensorDataset
    from transformers import get_linear_schedule_with_warmup

    values, width = work.values, work.values["max_length"]
    ids = torch.from_numpy(
        pad_rows(work.encoded.columns["input_ids"], range(len(work.encoded)), width, pad_id(network))
    )
    mask = (torch.arange(width)[None, :] < torch.from_numpy(work.encoded.lengths)[:, None]).long()
    data = TensorDataset(ids, mask, torch.from_numpy(work.labels))
    batches = DataLoader(data, sampler=RandomSampler(data), batch_size=values["batch_size"] // ACCUMULATION)
    optimiser = torch.optim.AdamW(network.parameters(), values["learning_rate"], eps=values["adam_epsilon"])
    schedule = get_linear_schedule_with_warmup(optimiser, 0, len(batches) // ACCUMULATION)
    network.train()
    for number, (input_ids, attention_mask, labels) in enumerate(batches, start=1):
        loss = cross_entropy(network(input_ids=input_ids, attention_mask=attention_mask), labels)
        torch.autograd.backward(loss / ACCUMULATION)
        if number % ACCUMULATION == 0:
            torch.nn.utils.clip_grad_norm_(network.parameters(), values["clip"])
            optimiser.step()
            schedule.step()
            network.zero_grad()
            clock.update()


def trainer(network: EncoderWithHead, work: Work, clock: Clock) -> None:
    """Trainer's defaults, but for batch size and learning rate (the recipe's), and nothing saved or reported."""
    from transformers import DataCollatorWithPadding, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

    class Ticks(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *state: Any, **objects: Any) -> None:
            clock.update()

    arguments = TrainingArguments(
        output_dir=str(work.folder / "trainer"),
        num_train_epochs=1,
        per_device_train_batch_size=work.values["batch_size"],
        learning_rate=work.values["learning_rate"],
        seed=SEED,
        use_cpu=True,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    ids, labels = work.encoded.columns["input_ids"], work.labels
    examples = [{"input_ids": ids[row].tolist(), "label": int(labels[row])} for row in range(len(labels))]
    collator = DataCollatorWithPadding(load_tokenizer(work.checkpoint))
    running = Trainer(WithLoss(network), arguments, collator, examples, callbacks=[Ticks()])
    running.remove_callback(PrinterCallback)
    running.train()


class WithLoss(nn.Module):
    """The output that Trainer wants of a model: a mapping with the mean loss."""

    def __init__(self, network: EncoderWithHead) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Any, attention_mask: Any, labels: Any) -> dict[str, Any]:
        logits = self.network(input_ids=input_ids, attention_mask=attention_mask)
        return {"loss": cross_entropy(logits, labels), "logits": logits}


CONTESTANTS: dict[str, tuple[Contestant, str]] = {
    "ours": (ours, devices.attention("cpu")),
    "padded": (padded, "sdpa"),
    "trainer": (trainer, "sdpa"),
}


def pad_id(network: EncoderWithHead) -> int:
    config: Any = network.encoder.config
    return int(config.pad_token_id)


def xnli_shaped(count: int) -> list[dict[str, Any]]:
    """`count` pairs of word sequences in the normal form of kind classify; the same on every machine."""
    draw = random.Random(SEED)
    words: list[str] = []
    for part in ("nli", "paraphrase"):
        for _, row in read_jsonl(CORPUS / part / "train.en.jsonl"):
            words += f"{row['text_a']} {row['text_b']}".split()

    def text(shape: tuple[float, float]) -> str:
        return " ".join(draw.choices(words, k=max(1, round(draw.lognormvariate(*shape) / PIECES_A_WORD))))

    return [
        {"id": str(number), "text_a": text(PREMISE), "text_b": text(HYPOTHESIS), "label": draw.choice(LABELS)}
        for number in range(count)
    ]


def prepare(folder: Path, count: int) -> Work:
    """Unpacks the encoder and encodes `count` pairs into `folder`."""
    checkpoint = folder / "mini"
    unpack(source_file(FULL), checkpoint)
    values = XTREME.values("classify", "xnli") | {"epochs": 1, "selection": "last"}
    options = {"max_length": values["max_length"], "labels": LABELS}
    columns = Classify().encode(load_tokenizer(checkpoint), xnli_shaped(count), options)
    save_encoded(folder, columns, [])
    return Work(checkpoint=checkpoint, values=values, encoded=load_encoded(folder), folder=folder)


def make_network(work: Work) -> EncoderWithHead:
    encoder = load_encoder(work.checkpoint, attention="sdpa", dropout=work.values["dropout"])
    options = {"labels": LABELS, "sentence_pooling": "mean", "dropout": work.values["dropout"]}
    return EncoderWithHead(encoder, Classify().make_head(encoder, options))


def measure(work: Work, rounds: int, note: Callable[[str], None]) -> dict[str, list[float]]:
    """Text-carrying tokens per second of each contestant in each round: A B C, A B C, ..."""
    network = make_network(work)
    encoder: Any = network.encoder
    speeds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for number in range(1, rounds + 1):
        for name, (train, attention) in CONTESTANTS.items():
            encoder.set_attn_implementation(attention)
            clock = Clock(network)
            train(network, work, clock)
            network.zero_grad(set_to_none=True)
            speeds[name].append(clock.tokens_per_second())
            note(f"round {number}/{rounds} {name:8}{speeds[name][-1]:7.0f} tokens/s")
    return speeds


def report(work: Work, speeds: dict[str, list[float]]) -> dict[str, Any]:
    """Medians over the rounds; a ratio is that of two turns of the same round."""

    def ratio(other: str) -> float:
        return statistics.median(a / b for a, b in zip(speeds["ours"], speeds[other], strict=True))

    lengths = work.encoded.lengths
    return {
        "tokens_per_second": {name: round(statistics.median(each)) for name, each in speeds.items()},
        "ratio_vs_padded": round(ratio("padded"), 2),
        "ratio_vs_trainer": round(ratio("trainer"), 2),
        "rounds": {name: [round(one) for one in each] for name, each in speeds.items()},
        "examples_per_round": len(lengths),
        "tokens_per_example": {"mean": round(float(lengths.mean()), 1), "max": int(lengths.max())},
        "dtype": devices.resolve_dtype("auto", "cpu"),
        "threads": torch.get_num_threads(),
    }


def as_text(figures: dict[str, Any]) -> str:
    rows = [f"{name:<10}{speed:>8} tokens/s" for name, speed in figures["tokens_per_second"].items()]
    ratios = [f"ours / {name}: {figures[f'ratio_vs_{name}']}" for name in ("padded", "trainer")]
    return "\n".join([*rows, *ratios])


@click.command()
@click.option("--small", is_flag=True, help="Three rounds of 128 pairs: under three minutes on two cores.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def main(small: bool, as_json: bool) -> None:
    """Text-carrying tokens per second in training: ours, XTREME's manner, Trainer."""
    started = time.perf_counter()
    torch.manual_seed(SEED)
    with tempfile.TemporaryDirectory() as folder:
        work = prepare(Path(folder), 128 if small else 288)
        speeds = measure(work, 3 if small else 7, lambda line: click.echo(line, err=True))
        figures = report(work, speeds)
    figures["seconds"] = round(time.perf_counter() - started, 1)
    click.echo(json.dumps(figures, indent=2) if as_json else as_text(figures))


if __name__ == "__main__":
    main()
