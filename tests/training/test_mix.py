"""Several tasks in one training; and that a single one is trained as if there were no mixes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch

from xtreme_harness.data.encoded import Encoded
from xtreme_harness.models.forward import model_inputs, outputs_in_order
from xtreme_harness.models.heads import EncoderWithHeads
from xtreme_harness.training import loop
from xtreme_harness.training.optimiser import make_optimiser, rate_factor, set_rates, warmup_updates
from xtreme_harness.training.parts import Walk
from xtreme_harness.training.samplers import Sampler, draw_order
from xtreme_harness.training.updates import epoch_updates, micro_batches, updates_per_epoch

Weights = dict[str, torch.Tensor]
UPDATES = 22  # topics: 2 epochs of 5; names: 3 epochs of 4
UNIFORM = Sampler(kind="uniform")


def difference(first: Weights, second: Weights) -> float:
    """The largest difference of any weight."""
    assert first.keys() == second.keys()
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def of(weights: Weights, prefix: str) -> Weights:
    return {name: value for name, value in weights.items() if name.startswith(prefix)}


def drawn(updates: int) -> list[int]:
    """The places of the tasks that a uniform sampler with the labs' seed draws."""
    return draw_order([0.5, 0.5], updates, seed=5).tolist()


def plain_loop(lab: Any, compact: bool) -> Weights:
    """A training of one task written out: no parts, no draws, no checkpoints."""
    plan, network = lab.plan(), lab.network()
    kind, values, train = plan.parts[0].kind, lab.values, lab.data
    torch.manual_seed(plan.seed)
    table = loop.CompactEmbedding(network.encoder, [train], plan.pad_id) if compact else None
    train = table.remap(train) if table else train
    lengths, weights = train.lengths.tolist(), kind.weights(train)
    total = updates_per_epoch(len(train), values["batch_size"]) * values["epochs"]
    optimiser, warmup = make_optimiser(network, values), warmup_updates(values["warmup"], total)
    rates = [group["lr"] for group in optimiser.param_groups]
    done, decay = 0, 1.0
    for epoch in range(values["epochs"]):
        for update in epoch_updates(lengths, values["batch_size"], plan.seed, epoch):
            network.train()
            factor = rate_factor(done, warmup, total)
            set_rates(optimiser, rates, factor)
            for rows in micro_batches(update, range(len(lengths) + 1), lengths, plan.budget):
                arrays = model_inputs(train, rows, plan.pad_id)
                inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
                targets = torch.from_numpy(kind.targets(train.columns, rows, inputs["input_ids"].shape[1]))
                loss = kind.loss(network(**inputs), targets) / float(weights[update].sum())
                torch.autograd.backward(loss)
            torch.nn.utils.clip_grad_norm_(network.parameters(), values["clip"])
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            decay *= 1.0 - rates[0] * factor * values["weight_decay"]
            done += 1
    if table:
        table.restore(decay)
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize("compact", [True, False])
def test_one_task_is_trained_as_if_there_were_no_mixes(
    lab: Any, compact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit by bit, with dropout, decay and clipping; whatever the sampler."""
    if not compact:
        monkeypatch.setattr(loop, "can_compact", lambda encoder, pad_id: False)
    chosen = lab.but(dropout=0.2, weight_decay=0.1, head_learning_rate=5e-3, clip=0.5, epochs=3)
    expected = plain_loop(chosen, compact)
    for name, sampler in {"default": Sampler(), "uniform": UNIFORM, "hot": Sampler(kind="temperature")}.items():
        weights, told = chosen.train(name, sampler=sampler)
        assert difference(expected, weights) == 0.0
        assert told["drawn"] == {"topics": 15} and told["updates"] == 15


def test_a_mix_of_one_is_the_training_of_one(xlmr_lab: Any) -> None:
    """With its head among several places for one."""
    chosen = xlmr_lab.but(dropout=0.2, weight_decay=0.1)
    expected, _ = chosen.train("alone")
    encoder = chosen.encoder()
    network = EncoderWithHeads(encoder, [chosen.head(encoder)])
    loop.fit(network, chosen.plan(), chosen.folder / "mix")
    weights = {name.replace("head.0.", "head."): value for name, value in network.state_dict().items()}
    assert difference(expected, weights) == 0.0


def test_a_mix_trains_the_encoder_and_both_heads_and_repeats_exactly(mix: Any) -> None:
    first, told = mix.train("a", sampler=UNIFORM)
    second, _ = mix.train("b", sampler=UNIFORM)
    start = mix.network().state_dict()
    assert difference(first, second) == 0.0
    assert all(difference(of(start, part), of(first, part)) > 1e-4 for part in ("encoder.", "head.0.", "head.1."))
    assert told["updates"] == told["selected_update"] == UPDATES
    assert told["drawn"] == {"topics": drawn(UPDATES).count(0), "names": drawn(UPDATES).count(1)}
    assert told["dev"] == {} and told["log"] == []


def test_another_sampler_ends_elsewhere(mix: Any) -> None:
    weights = Sampler(kind="weights", weights={"topics": 9, "names": 1})
    uniform, often = mix.train("a", sampler=UNIFORM), mix.train("b", sampler=weights)
    assert often[1]["drawn"]["topics"] > 15 > uniform[1]["drawn"]["topics"]
    assert difference(uniform[0], often[0]) > 1e-4


def test_what_is_never_drawn_keeps_its_head(mix: Any) -> None:
    """No decay and no momentum either: its parameters have no gradient."""
    weights = Sampler(kind="weights", weights={"topics": 1e9, "names": 1e-9})
    decayed = mix.but(weight_decay=0.5)
    ended, told = decayed.train(sampler=weights)
    assert told["drawn"] == {"topics": UPDATES, "names": 0}
    start = decayed.network().state_dict()
    assert difference(of(start, "head.1."), of(ended, "head.1.")) == 0.0
    assert difference(of(start, "head.0."), of(ended, "head.0.")) > 1e-4


def test_every_task_walks_its_own_shuffled_epochs(mix: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is drawn in between; one that is drawn more often than planned goes on into further epochs."""
    seen: dict[str, list[list[int]]] = {"topics": [], "names": []}
    update = Walk.update

    def noted(self: Walk, number: int) -> list[int]:
        rows = update(self, number)
        seen[self.part.name].append(rows)
        return rows

    monkeypatch.setattr(Walk, "update", noted)
    _, told = mix.train(sampler=Sampler(kind="weights", weights={"topics": 9, "names": 1}))
    for name, data, size in (("topics", mix.data, 5), ("names", mix.names[0], 8)):
        epochs = [epoch_updates(data.lengths.tolist(), size, 5, epoch) for epoch in range(5)]
        assert seen[name] == [rows for epoch in epochs for rows in epoch][: told["drawn"][name]]
    assert told["drawn"]["topics"] > 10  # two epochs


def test_token_budgets_give_the_same_weights_within_rounding(mix: Any) -> None:
    """And so clipping happens once an update, on the whole, where it bites."""
    tight = mix.but(clip=0.01)
    whole, _ = tight.train("whole", sampler=UNIFORM, budget=10_000)
    cut, _ = tight.train("cut", sampler=UNIFORM, budget=1)
    for weights in (whole, cut):  # a key's bias has no gradient but rounding
        for name in [name for name in weights if name.endswith("attention.self.key.bias")]:
            del weights[name]
    assert difference(whole, cut) < 1e-6


def test_the_compact_embedding_holds_the_rows_of_all_tasks(mix: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = mix.but(weight_decay=0.3)
    compact, _ = chosen.train("compact", sampler=UNIFORM)
    monkeypatch.setattr(loop, "can_compact", lambda encoder, pad_id: False)
    full, _ = chosen.train("full", sampler=UNIFORM)
    assert difference(compact, full) < 2e-6


Remap = Callable[[Encoded], Encoded]


def dev_loss(mix: Any, place: int) -> Any:
    """An `evaluate` whose figure falls with the dev loss of one task, so that it depends on the weights."""
    dev = (mix.dev, mix.names[1])[place]

    def evaluate(network: Any, remap: Remap) -> dict[str, float]:
        how = {"pad_id": 1, "device": "cpu", "dtype": "float32", "budget": 512}
        outputs = outputs_in_order(network, remap(dev), **how)
        kind = mix.plan().parts[place].kind
        losses = [
            float(kind.loss(torch.from_numpy(one)[None], torch.from_numpy(kind.targets(dev.columns, [row], len(one)))))
            for row, one in enumerate(outputs)
        ]
        return {"figure": 1000.0 - sum(losses), "windows": float(len(outputs))}

    return evaluate


class Stopped(Exception):
    pass


def stopping_after(updates: int) -> Callable[[float, str], None]:
    calls = iter(range(1, 1000))

    def tick(share: float, note: str) -> None:
        if next(calls) == updates:
            raise Stopped

    return tick


@pytest.mark.slow
@pytest.mark.parametrize("stops", [[7], [3, 1, 17]])
@pytest.mark.parametrize("selection", ["last", "english-dev"])
def test_an_interrupted_mix_ends_with_the_same_weights(mix: Any, stops: list[int], selection: str) -> None:
    """Bit by bit: optimiser, rates, dropout's random numbers, what is drawn and the place in every task's data."""
    chosen = mix.but(dropout=0.2, selection=selection, evaluate_every=4, weight_decay=0.1)
    fields = {"sampler": UNIFORM, "evaluates": (dev_loss(mix, 0), dev_loss(mix, 1))}
    expected, told = chosen.train("uninterrupted", **fields)
    for updates in stops:
        with pytest.raises(Stopped):
            chosen.train("interrupted", checkpoint_seconds=0.0, tick=stopping_after(updates), **fields)
    notes: list[str] = []
    resumed, told_again = chosen.train("interrupted", tick=lambda share, note: notes.append(note), **fields)
    assert difference(expected, resumed) == 0.0
    assert told_again == told
    assert notes[0] == f"update {sum(stops) + 1}/{UPDATES}"  # nothing was done twice


def given(figures: list[float], seen: list[Weights], whole: list[Any], network: Any, remap: Remap) -> dict[str, float]:
    seen.append({name: value.clone() for name, value in whole[0].state_dict().items()})
    return {"headline": figures[len(seen) - 1], "beside": -1.0}


@pytest.mark.parametrize(
    ("first", "second", "best"),
    [
        ([10, 90, 20, 30], [60, 0, 40, 30], 1),  # means 35, 45, 30, 30
        ([50, 50, 50, 50], [10, 20, 30, 20], 2),
        ([50, 40, 30, 20], [10, 20, 30, 40], 0),  # all equal: the first
    ],
)
def test_the_mean_of_the_headline_figures_selects(
    mix: Any, first: list[float], second: list[float], best: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = mix.but(selection="english-dev", evaluate_every=6)
    whole = [chosen.network()]
    monkeypatch.setattr(chosen, "network", lambda: whole[0])
    seen: tuple[list[Weights], list[Weights]] = ([], [])
    evaluates = tuple(partial(given, one, two, whole) for one, two in zip((first, second), seen, strict=True))
    weights, told = chosen.train(sampler=UNIFORM, evaluates=evaluates)
    assert [entry["update"] for entry in told["log"]] == [6, 12, 18, UPDATES]
    assert told["selected_update"] == told["log"][best]["update"]
    assert told["dev"] == {
        "topics": {"headline": first[best], "beside": -1.0},
        "names": {"headline": second[best], "beside": -1.0},
    }
    for name, value in seen[1][best].items():
        if "word_embeddings" not in name:  # compact when it was seen
            assert torch.equal(weights[name], value), name


def test_without_evaluate_every_a_mix_is_evaluated_once_the_epochs_of_all(mix: Any) -> None:
    chosen = mix.but(selection="english-dev")
    _, told = chosen.train(sampler=UNIFORM, evaluates=(dev_loss(mix, 0), dev_loss(mix, 1)))
    assert [entry["update"] for entry in told["log"]] == [9, 18, UPDATES]  # 5 of topics and 4 of names


def test_the_whole_dev_parts_are_evaluated(mix: Any) -> None:
    _, told = mix.train(sampler=UNIFORM, evaluates=(dev_loss(mix, 0), dev_loss(mix, 1)))
    windows = {name: figures["windows"] for name, figures in told["dev"].items()}
    assert windows == {"topics": len(mix.dev), "names": len(mix.names[1])}
