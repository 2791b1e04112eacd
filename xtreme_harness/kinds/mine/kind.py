"""Kind `mine` put together: embed two corpora, mine pairs, tune a threshold on dev gold, apply it to test.

The threshold is the output of a `score` unit on the language's dev gold, the only place where that gold is opened, and
an input of the test `score` unit. Predictions hold every mined pair; the record's threshold cuts them with >=.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xtreme_harness.errors import RequestError
from xtreme_harness.job import Job
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.kinds import results
from xtreme_harness.kinds.interface import Assignment, Cell
from xtreme_harness.kinds.layout import gold_unit, score_unit
from xtreme_harness.kinds.mine import MARGINS, RETRIEVALS
from xtreme_harness.kinds.mine.encode import merge_lines, numbered_lines
from xtreme_harness.kinds.retrieval import Retrieval

Item = Mapping[str, Any]
Pair = tuple[str, str]


class Mine(Retrieval):
    """Normal form: `side` = query (the foreign side) or candidate (English) {id, text}, and gold {query, candidate}."""

    language_side: ClassVar[str] = "query"
    modules: ClassVar[tuple[str, ...]] = (
        "xtreme_harness.kinds.retrieval",
        "xtreme_harness.kinds.mine.encode",
        "xtreme_harness.kinds.mine.search",
        "xtreme_harness.kinds.mine.decode",
        "xtreme_harness.kinds.mine.kind",
    )

    def lay_out(self, assignment: Assignment) -> dict[str, Cell]:
        check_options(assignment.task.name, assignment.task.options)
        return {language: self._cell(assignment, language) for language in assignment.languages}

    def _cell(self, assignment: Assignment, language: str) -> Cell:
        on_dev, _ = self.search(assignment, "dev", language)
        gold = assignment.files(assignment.task, "dev", language)
        opened = {"predictions": on_dev, "texts": on_dev.inputs["texts"]}
        tuning = gold_unit(assignment, "dev", language, gold, opened, self.modules)
        predict, options = self.search(assignment, "test", language)
        score = score_unit(assignment, language, predict, self.modules, predict.inputs["texts"], tuning)
        dev = tuning if assignment.target_dev else None  # it has the figures of the dev part, cut where they are best
        return Cell(predict=predict, score=score, tuning=tuning, target_dev=dev, options=options)

    def is_item(self, example: Item) -> bool:
        """Gold pairs: the sizes of the corpora are not published."""
        return example.get("side") == "gold"

    def described(self, items: list[dict[str, Any]], examples: Sequence[Item]) -> list[dict[str, Any]]:
        numbers = numbered_lines([(example["side"], example["text"]) for example in examples])
        return [{**item, "line": number} for item, number in zip(items, numbers, strict=True)]

    def predict(self, job: Job) -> dict[str, Any]:
        from xtreme_harness.kinds.mine.decode import decode_pairs, mine

        vectors, options = self.vectors(job), job.unit.parameters
        rows, ids = [], []
        for side in self.sides(job).values():
            merged = merge_lines([item["line"] for item in side], [item["id"] for item in side])
            rows.append([side[place]["row"] for place in merged.places])
            ids.append(merged.ids)
        chosen = {name: options[name] for name in ("margin", "k", "retrieval")}
        pairs = mine(vectors[rows[0]], vectors[rows[1]], **chosen, tick=lambda share: job.tick(share, ""))
        write_jsonl(job.folder / "predictions.jsonl", decode_pairs(pairs, *ids))
        return self.searched(job)

    def score(self, job: Job) -> dict[str, Any]:
        """The figures after the cut. On dev gold the threshold is chosen first, and handed on in `options`."""
        from xtreme_harness.scoring.pairs import above, pair_counts, tune_threshold

        gold = self._gold_pairs(job)
        rows = (row for _, row in read_jsonl(job.inputs["predictions"].file("predictions.jsonl")))
        candidates = [(row["source"], row["target"], float(row["score"])) for row in rows]
        tuned = job.inputs["threshold"].result["options"] if "threshold" in job.inputs else None
        threshold = tuned["threshold"] if tuned else tune_threshold(candidates, gold)
        kept = above(candidates, threshold)
        metrics = [job.registry.metric(name) for name in job.unit.parameters["metrics"]]
        sources = list(pair_counts(kept, gold))
        rows_by_source = [{"id": source} for source in sources]
        written = results.write_scores(job, results.compute(metrics, kept, gold), rows_by_source, sources)
        counts = {"n": len(gold), "groups": len({source for source, _ in gold})}
        return {**written, **counts, "options": {"threshold": threshold}}

    def _gold_pairs(self, job: Job) -> list[Pair]:
        """Each pair once. Raises DataError where there is none, or one whose ids no corpus has."""
        file = job.unit.details["files"][-1]
        sides = self.sides(job)
        rows = self.gold(job, {item["id"] for item in sides["query"]})
        self.check_gold([item for items in sides.values() for item in items], rows, file)
        return list(dict.fromkeys((row["query"], row["candidate"]) for row in rows))


def check_options(task: str, options: Item) -> None:
    """Raises RequestError for a margin, a retrieval or a k that does not exist."""
    for key, known in (("margin", MARGINS), ("retrieval", RETRIEVALS)):
        if options[key] not in known:
            raise RequestError(f"Task {task}: {key} must be one of {', '.join(known)}, not {options[key]!r}.")
    k = options["k"]
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise RequestError(f"Task {task}: k must be a whole number from 1, not {k!r}.")
