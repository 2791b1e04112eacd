"""Kind `cloze` put together: windows with masks in the gap, one pass, the words' pieces scored, the best word."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xtreme_harness.data.access import read_gold, read_inputs
from xtreme_harness.data.encoded import load_encoded, save_encoded
from xtreme_harness.definitions import Example
from xtreme_harness.errors import DataError
from xtreme_harness.files import write_text
from xtreme_harness.job import Job
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.kinds import results
from xtreme_harness.kinds.cloze.decode import decode_words, distinct_pieces
from xtreme_harness.kinds.cloze.encode import answer_problem, encode_gaps, input_problem
from xtreme_harness.kinds.interface import Assignment, Cell
from xtreme_harness.kinds.layout import FORWARD, encoder_details, encoder_inputs, prepare_unit, score_unit
from xtreme_harness.kinds.trainable import named
from xtreme_harness.unit import Unit

VOCABULARY = "choices.json"  # the distinct lists of choices, and every word's pieces


class Cloze:
    """A gap and the words for it; normal form {id, before, after, choices, answer, group?}, `answer` one of `choices`.

    A diagnostic of the pretrained masked-LM head: of one that has none nothing is predicted.
    """

    gold_fields: ClassVar[tuple[str, ...]] = ("answer",)
    modules: ClassVar[tuple[str, ...]] = (
        "xtreme_harness.kinds.frame",
        "xtreme_harness.kinds.mask.encode",
        "xtreme_harness.kinds.cloze.encode",
        "xtreme_harness.kinds.cloze.decode",
        "xtreme_harness.kinds.cloze.kind",
        "xtreme_harness.models.masked_head",
        "xtreme_harness.models.gaps",
    )

    def lay_out(self, assignment: Assignment) -> dict[str, Cell]:
        return {language: self._cell(assignment, language) for language in assignment.languages}

    def _cell(self, assignment: Assignment, language: str) -> Cell:
        task, encoder = assignment.task, assignment.encoder
        options = {**task.options, "max_length": assignment.recipe["max_length"]}
        texts = prepare_unit(assignment, task, "test", language, options, self.modules)
        predict = Unit(
            type="predict",
            label=f"predict {task.name} {language}{encoder.after}",
            modules=(*FORWARD, "xtreme_harness.models.heads", *self.modules),
            kind=task.kind,
            task=task.name,
            task_version=task.version,
            inputs={**encoder_inputs(encoder), "texts": texts},
            fingerprints=encoder.weight_prints(),
            dtype=assignment.dtype,
            details=encoder_details(encoder),
        )
        score = score_unit(assignment, language, predict, self.modules, texts)
        return Cell(predict=predict, score=score, options=options)

    def input_problem(self, example: Example) -> str | None:
        return input_problem(example)

    def gold_problem(self, example: Example, options: Mapping[str, Any]) -> str | None:
        return answer_problem(example)

    def is_item(self, example: Example) -> bool:
        return True

    def part_problem(self, inputs: Sequence[Example]) -> str | None:
        return None

    def check_gold(self, inputs: Sequence[Example], gold: Sequence[Example], file: str) -> None:
        """Raises DataError unless there is an answer for each example, one of its choices, and not all the same."""
        examples = results.matched(inputs, gold, file)
        for example, row in zip(examples, gold, strict=True):
            if told := answer_problem({**example, **row}):
                raise DataError(file, None, f"id {row['id']}: {told}")
        if told := results.constant_gold([row["answer"] for row in gold]):
            raise DataError(file, None, told)

    def prepare(self, job: Job) -> dict[str, Any]:
        from xtreme_harness.models.inputs import open_tokenizer

        examples = read_inputs(job, self.gold_fields, self.input_problem)
        tokenizer, parameters, told = open_tokenizer(job)
        columns, words = encode_gaps(tokenizer, examples, parameters)
        lists: dict[tuple[str, ...], int] = {}
        items = [
            {**named(example), "choices": lists.setdefault(tuple(example["choices"]), len(lists))}
            for example in examples
        ]
        save_encoded(job.folder, columns, items)
        vocabulary = {"choices": [list(one) for one in lists], "words": words}
        write_text(job.folder / VOCABULARY, json.dumps(vocabulary, ensure_ascii=False))
        tokens = sum(len(row) for row in columns["input_ids"])
        return {"examples": len(examples), "windows": len(columns["input_ids"]), "tokens": tokens, **told}

    def predict(self, job: Job) -> dict[str, Any]:
        """Raises IncompleteRun for a model without a pretrained masked-LM head."""
        from xtreme_harness.models.gaps import gap_log_probabilities, resident_language_model

        texts = job.inputs["texts"]
        encoded = load_encoded(texts.folder)
        vocabulary = json.loads(texts.file(VOCABULARY).read_text(encoding="utf-8"))
        model = resident_language_model(job)
        windows = gap_log_probabilities(job, model, encoded, distinct_pieces(vocabulary["words"]))
        rows = decode_words(windows, encoded.items, vocabulary["choices"], vocabulary["words"])
        write_jsonl(job.folder / "predictions.jsonl", rows)
        counts = {"tokens": encoded.tokens, "windows": len(encoded), "max_length": texts.result["max_length"]}
        return {"device": model.device_name, **counts, "handover": dict(model.handover)}

    def score(self, job: Job) -> dict[str, Any]:
        texts, file = job.inputs["texts"], job.unit.details["files"][0]
        gold = read_gold(job, self.gold_fields, answer_problem)
        choices = json.loads(texts.file(VOCABULARY).read_text(encoding="utf-8"))["choices"]
        items = load_encoded(texts.folder).items
        self.check_gold([{"id": item["id"], "choices": choices[item["choices"]]} for item in items], gold, file)
        rows = (row for _, row in read_jsonl(job.inputs["predictions"].file("predictions.jsonl")))
        predictions = results.matched(rows, gold, file)
        metrics = [job.registry.metric(name) for name in job.unit.parameters["metrics"]]
        scored = results.compute(metrics, [row["prediction"] for row in predictions], [row["answer"] for row in gold])
        return results.write_scores(job, scored, gold, [row["id"] for row in gold])
