"""What all trainable kinds share: prepare, train in English, predict every language with the one model, score."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from xtreme_harness.data.access import TRAINING_LANGUAGE, read_gold, read_inputs, read_labelled
from xtreme_harness.data.encoded import Encoded, load_encoded, save_encoded
from xtreme_harness.definitions import Example, Metric, Scored, Task
from xtreme_harness.errors import DataError, MissingData, RequestError
from xtreme_harness.job import Job
from xtreme_harness.jsonl import read_jsonl, write_jsonl
from xtreme_harness.kinds import results
from xtreme_harness.kinds.interface import Assignment, Cell, TrainingPart
from xtreme_harness.kinds.layout import FORWARD, gold_unit, prepare_unit, score_unit, train_unit
from xtreme_harness.unit import Unit

Columns = Mapping[str, Sequence[Sequence[int]]]


class Trainable(ABC):
    """A kind with a head that is trained. Subclasses give the shape: encode, head, loss, decode, gold."""

    encoding_values: ClassVar[tuple[str, ...]]  # recipe values that decide the encoding
    gold_fields: ClassVar[tuple[str, ...]]
    modules: ClassVar[tuple[str, ...]]
    decoding_options: ClassVar[tuple[str, ...]] = ()  # no part of the encoding; the target's own, whatever it trains on
    whole_updates: ClassVar[bool] = False  # whether a loss compares all of an update, which is then never cut
    text_fields: ClassVar[tuple[str, ...]] = ()  # those that a method may rewrite: no label depends on their places
    scores_texts: ClassVar[bool] = False  # whether a score needs what `prepare` kept of the texts

    @abstractmethod
    def input_problem(self, example: Example) -> str | None:
        """What is wrong with an example's input fields; None when they are sound."""

    @abstractmethod
    def gold_problem(self, example: Example, options: Mapping[str, Any]) -> str | None:
        """What is wrong with an example's gold fields (a missing one is wrong); None when they are sound."""

    @abstractmethod
    def encode(self, tokenizer: Any, examples: Sequence[Example], options: Mapping[str, Any]) -> Columns:
        """Columns of integer rows, one row a window; label columns where the examples carry gold.

        A column `together` where several windows are one training example (see Encoded).
        """

    @abstractmethod
    def make_head(self, encoder: Any, options: Mapping[str, Any]) -> Any: ...

    @abstractmethod
    def decode(self, outputs: list[Any], encoded: Encoded, options: Mapping[str, Any]) -> list[Example]: ...

    @abstractmethod
    def scored(
        self, predictions: Sequence[Example], gold: Sequence[Example], metrics: Sequence[Metric]
    ) -> dict[str, Scored]:
        """Each metric over predictions and gold in the same order."""

    def scoring_problem(self, predictions: Sequence[Example], gold: Sequence[Example]) -> str | None:
        """Why sound gold still cannot be scored against (in the same order as `predictions`); None when it can."""
        return None

    def is_item(self, example: Example) -> bool:
        return True

    def part_problem(self, inputs: Sequence[Example]) -> str | None:
        """What a part lacks although its examples are sound; None when it lacks nothing."""
        return None

    def check_gold(self, inputs: Sequence[Example], gold: Sequence[Example], file: str) -> None:
        """Raises DataError unless there is gold for each example, and such that it can be scored against."""
        right = [self.prediction_like(row) for row in results.matched(inputs, gold, file)]
        if told := self.scoring_problem(right, gold):
            raise DataError(file, None, told)

    def prediction_like(self, example: Example) -> Example:
        """A row of the shape that predictions for this example have, whatever it predicts."""
        return {"id": example["id"], "prediction": None}

    def item(self, example: Example, options: Mapping[str, Any]) -> Example:
        """What is kept of an example beside its windows."""
        return named(example)

    def gold_of(self, example: Example) -> Example:
        """What the dev figures need of a labelled example."""
        return {**named(example), **{name: example[name] for name in self.gold_fields if name in example}}

    def completed_gold(self, job: Job, gold: list[Example]) -> list[Example]:
        """A score unit's gold with what else `scored` needs."""
        return gold

    def options(self, assignment: Assignment, task: Task) -> dict[str, Any]:
        """Every resolved value that decides encoding, head and decoding."""
        encoding = {name: assignment.recipe[name] for name in self.encoding_values}
        return {**task.options, **encoding}

    def training_languages(self, task: Task) -> tuple[str, ...]:
        """The languages of the task's `train` and `dev` parts."""
        return (TRAINING_LANGUAGE,)

    def in_epoch(self, encoded: Encoded, seed: int, epoch: int) -> Encoded:
        """The training windows as an epoch has them."""
        return encoded

    def lay_out(self, assignment: Assignment) -> dict[str, Cell]:
        part = self.training_part(assignment)
        trained = train_unit(assignment, [part])
        return {language: self._cell(assignment, trained, part.options, language) for language in assignment.languages}

    def training_part(self, assignment: Assignment) -> TrainingPart:
        source = assignment.training_task
        if assignment.method.rewrite and not self.text_fields:
            named = f"{source.name} is of kind {source.kind}"
            raise RequestError(f"Method {assignment.method.name} cannot rewrite the texts of every task: {named}.")
        has_dev = any(source.files("dev", language) for language in self.training_languages(source))
        return TrainingPart(
            task=source,
            train=self._prepare_unit(assignment, source, "train", TRAINING_LANGUAGE),
            dev=self._prepare_unit(assignment, source, "dev", TRAINING_LANGUAGE) if has_dev else None,
            epochs=assignment.recipe["epochs"],
            batch_size=assignment.recipe["batch_size"],
            options={
                **self.options(assignment, source),
                "sentence_pooling": assignment.model.sentence_pooling,
                "dropout": assignment.recipe["dropout"],
            },
            modules=self.modules,
            scorer=assignment.scorer(source),
        )

    def _prepare_unit(self, assignment: Assignment, task: Task, split: str, language: str) -> Unit:
        options = self.options(assignment, task)
        encoding = {name: value for name, value in options.items() if name not in self.decoding_options}
        return prepare_unit(assignment, task, split, language, encoding, self.modules)

    def _cell(self, assignment: Assignment, trained: Unit, head: Mapping[str, Any], language: str) -> Cell:
        predict = self._predict_unit(assignment, trained, head, "test", language)
        score = score_unit(assignment, language, predict, self.modules, self._opened_texts(predict))
        dev = self._target_dev(assignment, trained, head, language) if assignment.target_dev else None
        return Cell(predict=predict, score=score, train=trained, target_dev=dev, options=predict.parameters["options"])

    def _target_dev(self, assignment: Assignment, trained: Unit, head: Mapping[str, Any], language: str) -> Unit | None:
        """Scores the language's own dev part, on which nothing is trained or chosen; English has its figure already."""
        try:
            gold = assignment.files(assignment.task, "dev", language)
        except MissingData:
            return None
        if language == TRAINING_LANGUAGE or not gold.paths:
            return None
        predict = self._predict_unit(assignment, trained, head, "dev", language)
        texts = self._opened_texts(predict)
        inputs = {"predictions": predict, **({"texts": texts} if texts else {})}
        return gold_unit(assignment, "dev", language, gold, inputs, self.modules)

    def _opened_texts(self, predict: Unit) -> Unit | None:
        return predict.inputs["texts"] if self.scores_texts else None

    def _predict_unit(
        self, assignment: Assignment, trained: Unit, head: Mapping[str, Any], split: str, language: str
    ) -> Unit:
        task = assignment.task
        options = self.options(assignment, task)
        texts = self._prepare_unit(assignment, task, split, language)
        options = {**options, **head, **{name: options[name] for name in self.decoding_options}}
        part = language if split == "test" else f"{split} {language}"
        return Unit(
            type="predict",
            label=f"predict {task.name} {part}{assignment.encoder.after}",
            modules=(*FORWARD, "xtreme_harness.models.heads", *self.modules),
            kind=task.kind,
            task=task.name,
            task_version=task.version,
            inputs={"model": trained, "texts": texts},
            parameters={"options": options},
            dtype=assignment.dtype,
            details={"remote_code": assignment.encoder.trust.remote_code},
        )

    def prepare(self, job: Job) -> dict[str, Any]:
        labelled = job.unit.parameters["labelled"]

        def problem(example: Example) -> str | None:
            return self.input_problem(example) or self.gold_problem(example, job.unit.parameters)

        examples = read_labelled(job, problem) if labelled else read_inputs(job, self.gold_fields, self.input_problem)
        if "rewritten" in job.unit.parameters:
            examples = self._rewritten(job, examples)
        if labelled:
            write_jsonl(job.folder / "gold.jsonl", (self.gold_of(example) for example in examples))
        return self.save(job, examples)

    def save(self, job: Job, examples: list[Example]) -> dict[str, Any]:
        """Writes a `prepare` unit's encoded examples; returns counts, and what the tokenizer tells of itself."""
        from xtreme_harness.models.inputs import open_tokenizer

        tokenizer, parameters, told = open_tokenizer(job)
        columns = self.encode(tokenizer, examples, parameters)
        save_encoded(job.folder, columns, [self.item(example, parameters) for example in examples])
        tokens = sum(len(row) for row in columns["input_ids"])
        return {"examples": len(examples), "windows": len(columns["input_ids"]), "tokens": tokens, **told}

    def _rewritten(self, job: Job, examples: list[Example]) -> list[Example]:
        """The training examples that the row's method makes of the task's own."""
        values = {**job.unit.parameters["rewritten"], **job.unit.details["method_files"]}
        rewrite = job.registry.method(values.pop("name")).rewrite
        assert rewrite is not None
        rewritten: list[Example] = rewrite()(examples, self.text_fields, **values)
        return rewritten

    def predict(self, job: Job) -> dict[str, Any]:
        from xtreme_harness.models.forward import outputs_in_order
        from xtreme_harness.models.handover import trained_of
        from xtreme_harness.models.resident import resident_model

        options = job.unit.parameters["options"]
        encoded = load_encoded(job.inputs["texts"].folder)
        model = resident_model(job, self.make_head, options)
        done = 0

        def tick(tokens: int) -> None:
            nonlocal done
            done += tokens
            job.tick(done / encoded.tokens, "")

        outputs = outputs_in_order(
            model.network,
            encoded,
            tick,
            pad_id=model.pad_id,
            device=model.device,
            dtype=job.unit.dtype or "float32",
            budget=model.budget,
        )
        write_jsonl(job.folder / "predictions.jsonl", self.decode(outputs, encoded, options))
        return {
            "device": model.device_name,
            "tokens": encoded.tokens,
            "windows": len(encoded),
            "max_length": job.inputs["texts"].result["max_length"],
            "trained": trained_of(job, "model"),
            "handover": job.inputs["model"].result["handover"],
        }

    def score(self, job: Job) -> dict[str, Any]:
        options = job.registry.task(job.unit.task).options
        file = job.unit.details["files"][0]
        gold = read_gold(job, self.gold_fields, lambda example: self.gold_problem(example, options))
        gold = self.completed_gold(job, gold)
        rows = (row for _, row in read_jsonl(job.inputs["predictions"].file("predictions.jsonl")))
        predictions = results.matched(rows, gold, file)
        if told := self.scoring_problem(predictions, gold):
            raise DataError(file, None, told)
        metrics = [job.registry.metric(name) for name in job.unit.parameters["metrics"]]
        scored = self.scored(predictions, gold, metrics)
        return results.write_scores(job, scored, gold, [row["id"] for row in gold])

    def figures(
        self, predictions: Sequence[Example], gold: Sequence[Example], metrics: Sequence[Metric]
    ) -> dict[str, float]:
        return {name: one.figure for name, one in self.scored(predictions, gold, metrics).items()}


def named(example: Example) -> Example:
    return {name: example[name] for name in ("id", "group") if name in example}
