"""Training: the same weights however it is cut, compacted or interrupted; and the state that is selected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from xtreme_harness.models.forward import outputs_in_order
from xtreme_harness.training import loop
from xtreme_harness.training.updates import micro_batches

Weights = dict[str, torch.Tensor]


def difference(first: Weights, second: Weights) -> float:
    """The largest difference of any weight."""
    assert first.keys() == second.keys()
    return max(float((first[name] - second[name]).abs().max()) for name in first)


def moved(lab: Any, weights: Weights) -> float:
    return difference(lab.network().state_dict(), weights)


def test_training_moves_the_weights_and_repeats_exactly(lab: Any) -> None:
    first, told = lab.train("a")
    second, _ = lab.train("b")
    assert difference(first, second) == 0.0
    assert moved(lab, first) > 1e-4
    assert told["updates"] == told["selected_update"] == 10 and told["dev"] == {} and told["log"] == []


@pytest.mark.parametrize("budget", [4096, 40])
def test_the_loss_is_told_at_some_updates(lab: Any, monkeypatch: pytest.MonkeyPatch, budget: int) -> None:
    """Each time the mean over the updates since the time before, however they are cut into micro-batches."""
    monkeypatch.setattr(loop, "LOSS_POINTS", 10)
    _, every = lab.train("every", budget=budget)
    monkeypatch.setattr(loop, "LOSS_POINTS", 2)
    _, some = lab.train("some")
    losses = [entry["loss"] for entry in every["losses"]]
    assert [entry["update"] for entry in every["losses"]] == list(range(1, 11))
    assert [entry["update"] for entry in some["losses"]] == [5, 10]
    means = [sum(losses[:5]) / 5, sum(losses[5:]) / 5]
    assert [entry["loss"] for entry in some["losses"]] == pytest.approx(means, abs=1e-5)
    assert losses[0] == pytest.approx(1.1, abs=0.2)  # three labels, a fresh head: the logarithm of 3


def test_another_seed_ends_elsewhere(xlmr_lab: Any) -> None:
    assert difference(xlmr_lab.train("a")[0], xlmr_lab.train("b", seed=6)[0]) > 1e-5


EMBEDDING = "encoder.embeddings.word_embeddings.weight"


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
def test_the_compact_embedding_trains_like_the_full_table(
    lab: Any, monkeypatch: pytest.MonkeyPatch, weight_decay: float
) -> None:
    chosen = lab.but(weight_decay=weight_decay)
    compact, _ = chosen.train("compact")
    monkeypatch.setattr(loop, "can_compact", lambda encoder, pad_id: False)
    full, _ = chosen.train("full")
    assert compact[EMBEDDING].shape == full[EMBEDDING].shape
    assert difference(compact, full) < 2e-6
    used = torch.zeros(len(full[EMBEDDING]), dtype=torch.bool)
    used[torch.from_numpy(lab.data.columns["input_ids"].values.astype("int64"))] = True
    start = lab.network().state_dict()[EMBEDDING]
    factor = (full[EMBEDDING][~used] / start[~used]).nanmedian()
    assert (~used).sum() > 100  # there are rows that the data never touches
    assert factor == pytest.approx(1.0) if weight_decay == 0 else factor < 0.9999
    assert torch.allclose(compact[EMBEDDING][~used], start[~used] * factor, atol=1e-6)


def test_the_compact_table_is_small_and_the_full_one_comes_back(xlmr_lab: Any) -> None:
    from xtreme_harness.training.compact import CompactEmbedding

    network = xlmr_lab.network()
    full = network.encoder.get_input_embeddings()
    compact = CompactEmbedding(network.encoder, [xlmr_lab.data, xlmr_lab.dev], pad_id=1)
    small = network.encoder.get_input_embeddings()
    assert len(compact.rows) == small.num_embeddings < full.num_embeddings / 2 and small.padding_idx == 1
    for data in (xlmr_lab.data, xlmr_lab.dev):
        ids = torch.from_numpy(data.columns["input_ids"].values.astype("int64"))
        remapped = torch.from_numpy(compact.remap(data).columns["input_ids"].values.astype("int64"))
        assert torch.equal(small(remapped), full(ids))
    compact.restore(1.0)
    assert network.encoder.get_input_embeddings() is full


def test_token_budgets_give_the_same_weights_within_rounding(lab: Any) -> None:
    whole, _ = lab.train("whole", budget=10_000)
    for budget in (1, 30, 60):
        assert len(micro_batches(range(5), range(6), lab.data.lengths.tolist(), budget)) > 1
        cut, _ = lab.train(f"cut-{budget}", budget=budget)
        assert difference(without_key_biases(whole), without_key_biases(cut)) < 1e-6
        assert difference(whole, cut) < 1e-3  # learning rate times updates is ten times that
    assert moved(lab, whole) > 1e-3


def without_key_biases(weights: Weights) -> Weights:
    """A key's bias adds the same to every score of a query, so its gradient is zero but for rounding, which Adam makes
    as large as any other step; nothing that the encoder computes depends on it."""
    return {name: value for name, value in weights.items() if not name.endswith("attention.self.key.bias")}


def test_gradients_are_clipped_once_on_the_whole_update(lab: Any) -> None:
    """Clipping each micro-batch by itself would give other weights where it bites."""
    tight = lab.but(clip=0.01)
    whole, _ = tight.train("whole")
    cut, _ = tight.train("cut", budget=1)
    assert difference(without_key_biases(whole), without_key_biases(cut)) < 1e-6
    loose, _ = lab.but(clip=1e9).train("loose")
    assert difference(without_key_biases(whole), without_key_biases(loose)) > 1e-5


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_predictions_do_not_depend_on_the_token_budget_or_the_threads(xlmr_lab: Any, threads: int) -> None:
    from xtreme_harness.kinds.classify.decode import decode_labels

    network = xlmr_lab.network()
    network.load_state_dict(xlmr_lab.but(learning_rate=1e-2, epochs=10).train()[0])
    rows = []
    before = torch.get_num_threads()
    try:
        for budget, used in [(64, 1), (256, threads), (1024, threads)]:
            torch.set_num_threads(used)
            outputs = outputs_in_order(network, xlmr_lab.data, pad_id=1, device="cpu", dtype="float32", budget=budget)
            rows.append(decode_labels(outputs, xlmr_lab.data.items, ("health", "sport", "trade")))
    finally:
        torch.set_num_threads(before)
    predicted = [[row["prediction"] for row in one] for one in rows]
    assert all(one == predicted[0] for one in predicted) and len(set(predicted[0])) == 3
    scores = torch.tensor([[row["scores"] for row in one] for one in rows])
    assert torch.allclose(scores, scores[0], atol=1.5e-4)  # one unit of the last digit that is written


class Stopped(Exception):
    pass


def stopping_after(updates: int) -> Any:
    calls = iter(range(1, 1000))

    def tick(share: float, note: str) -> None:
        if next(calls) == updates:
            raise Stopped

    return tick


def dev_figures(lab: Any, losses: list[float]) -> Any:
    """An `evaluate` whose figure is 100 less the loss on the dev part, so that it depends on the weights."""

    def evaluate(network: Any, remap: Any) -> dict[str, float]:
        outputs = outputs_in_order(network, remap(lab.dev), pad_id=1, device="cpu", dtype="float32", budget=512)
        logits = torch.stack([torch.from_numpy(one) for one in outputs])
        targets = torch.from_numpy(lab.dev.columns["labels"].values.astype("int64"))
        losses.append(float(torch.nn.functional.cross_entropy(logits, targets)))
        return {"figure": 100.0 - losses[-1]}

    return evaluate


@pytest.mark.parametrize("stops", [[3], [9]])
def test_an_interrupted_training_remembers_the_best_state_and_its_figure(xlmr_lab: Any, stops: list[int]) -> None:
    """The dev figure falls from the first evaluation on; a selection that is forgotten would keep a later state."""
    lab = xlmr_lab.but(dropout=0.2, selection="english-dev", evaluate_every=2)
    figures = [50.0, 40.0, 30.0, 20.0, 10.0]
    expected, told = lab.train("uninterrupted", evaluate=snapshots(iter(figures), []), dev=lab.dev)
    assert told["selected_update"] == 2
    falling = {"evaluate": snapshots(iter(figures), []), "dev": lab.dev}  # goes on where it was, as a dev part would
    for updates in stops:
        with pytest.raises(Stopped):
            lab.train("interrupted", checkpoint_seconds=0.0, tick=stopping_after(updates), **falling)
    resumed, told_again = lab.train("interrupted", **falling)
    assert difference(expected, resumed) == 0.0 and told_again == told


@pytest.mark.parametrize("stops", [[1], [4], [5], [9], [3, 1, 2]])
@pytest.mark.parametrize("selection", ["last", "english-dev"])
def test_an_interrupted_training_ends_with_the_same_weights(
    xlmr_lab: Any, stops: list[int], selection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit by bit, with dropout, in the middle of an epoch and at its end, and between two points of the loss."""
    monkeypatch.setattr(loop, "LOSS_POINTS", 2)
    lab = xlmr_lab.but(dropout=0.2, selection=selection, evaluate_every=2, weight_decay=0.1)
    fields = {"evaluate": dev_figures(lab, []), "dev": lab.dev}
    expected, told = lab.train("uninterrupted", **fields)
    for updates in stops:
        with pytest.raises(Stopped):
            lab.train("interrupted", checkpoint_seconds=0.0, tick=stopping_after(updates), **fields)
    notes: list[str] = []
    resumed, told_again = lab.train("interrupted", tick=lambda share, note: notes.append(note), **fields)
    assert difference(expected, resumed) == 0.0
    assert told_again == told
    assert notes[0] == f"update {sum(stops) + 1}/10"  # nothing was done twice


def test_without_a_checkpoint_it_starts_again(xlmr_lab: Any) -> None:
    lab = xlmr_lab.but(dropout=0.2)
    expected, _ = lab.train("uninterrupted")
    with pytest.raises(Stopped):
        lab.train("interrupted", tick=stopping_after(3))  # the next checkpoint is ten minutes away
    notes: list[str] = []
    again, _ = lab.train("interrupted", tick=lambda share, note: notes.append(note))
    assert difference(expected, again) == 0.0 and notes[0] == "update 1/10"


def test_a_half_written_checkpoint_is_passed_over(xlmr_lab: Any) -> None:
    lab = xlmr_lab.but(dropout=0.2)
    expected, _ = lab.train("uninterrupted")
    with pytest.raises(Stopped):
        lab.train("interrupted", checkpoint_seconds=0.0, tick=stopping_after(3))
    (state,) = (lab.folder / "interrupted").glob("state-*")
    torn = state.with_name(".state-000000004.tmp")
    torn.mkdir()
    (torn / "custom_checkpoint_0.pkl").write_bytes(b"half")
    resumed, _ = lab.train("interrupted", checkpoint_seconds=0.0)
    assert difference(expected, resumed) == 0.0


def snapshots(figures: Iterator[float], seen: list[Weights]) -> Any:
    """An `evaluate` with given figures, which keeps the weights it saw."""

    def evaluate(network: Any, remap: Any) -> dict[str, float]:
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return {"accuracy": next(figures)}

    return evaluate


@pytest.mark.parametrize(
    ("figures", "best"),
    [([40.0, 70.0, 70.0, 60.0, 50.0], 1), ([10.0, 20.0, 30.0, 40.0, 50.0], 4), ([0.0, 0.0, 0.0, 0.0, 0.0], 4)],
)
def test_english_dev_ends_with_the_best_state(xlmr_lab: Any, figures: list[float], best: int) -> None:
    lab = xlmr_lab.but(selection="english-dev", evaluate_every=2, weight_decay=0.2)
    seen: list[Weights] = []
    weights, told = lab.train(evaluate=snapshots(iter(figures), seen), dev=lab.dev)
    assert len(seen) == 5 and told["selected_update"] == 2 * (best + 1)
    assert told["dev"] == {"accuracy": figures[best]}
    assert [entry["update"] for entry in told["log"]] == [2, 4, 6, 8, 10]
    for name, value in seen[best].items():
        if name != EMBEDDING:  # compact when it was seen
            assert torch.equal(weights[name], value), name


def test_the_mean_of_all_headline_figures_selects(xlmr_lab: Any) -> None:
    """As of question answering: exact match alone would keep the second state, F1 alone the fourth."""
    figures = iter([(50, 60, 0), (52, 59, 9), (51, 65, 0), (40, 66, 9), (0, 0, 99)])

    def evaluate(network: Any, remap: Any) -> dict[str, float]:
        return dict(zip(("exact_match", "f1", "beside"), next(figures), strict=True))

    lab = xlmr_lab.but(selection="english-dev", evaluate_every=2)
    _, told = lab.train(evaluate=evaluate, headlines=2, dev=lab.dev)
    assert told["selected_update"] == 6 and told["dev"]["f1"] == 65


def test_the_untouched_rows_belong_to_the_selected_state(xlmr_lab: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their decay is that of the selected update, not of the last one."""
    lab = xlmr_lab.but(selection="english-dev", evaluate_every=3, weight_decay=0.5)
    fields = {"dev": lab.dev}
    compact, _ = lab.train("compact", evaluate=snapshots(iter([50.0, 40.0, 30.0, 20.0]), []), **fields)
    monkeypatch.setattr(loop, "can_compact", lambda encoder, pad_id: False)
    full, _ = lab.train("full", evaluate=snapshots(iter([50.0, 40.0, 30.0, 20.0]), []), **fields)
    assert difference(compact, full) < 2e-6


def test_last_evaluates_once_at_the_end(xlmr_lab: Any) -> None:
    seen: list[Weights] = []
    _, told = xlmr_lab.but(evaluate_every=2).train(evaluate=snapshots(iter([55.0]), seen), dev=xlmr_lab.dev)
    assert len(seen) == 1 and told["selected_update"] == 10 and told["dev"] == {"accuracy": 55.0}


def test_without_evaluate_every_each_epoch_is_evaluated(xlmr_lab: Any) -> None:
    lab = xlmr_lab.but(selection="english-dev", epochs=3)
    _, told = lab.train(evaluate=snapshots(iter([1.0, 2.0, 3.0]), []), dev=lab.dev)
    assert [entry["update"] for entry in told["log"]] == [5, 10, 15]


def test_ticks_count_up_to_one(xlmr_lab: Any) -> None:
    shares: list[float] = []
    xlmr_lab.train(tick=lambda share, note: shares.append(share))
    assert shares == [pytest.approx(update / 10) for update in range(1, 11)]


def test_a_training_takes_as_many_updates_as_it_is_told(xlmr_lab: Any) -> None:
    """Two epochs are ten updates: seven end within the second, twelve go into a third."""
    for updates in (7, 12):
        weights, told = xlmr_lab.but(updates=updates).train(f"{updates}")
        assert told["updates"] == updates and moved(xlmr_lab, weights) > 1e-4
    assert difference(xlmr_lab.but(updates=10).train("ten")[0], xlmr_lab.train("epochs")[0]) == 0.0
