"""Into how many pieces a tokenizer cuts the words and characters of each task and language, and what it does not know.

Counted on all texts of the test parts that are in the part's language: without labels, special tokens and prefixes, and
before anything is cut to a length.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xtreme_harness.data.access import checked, data_files
from xtreme_harness.definitions import Example, Task
from xtreme_harness.drawing.heatmap import Cell, Grid, heat_map
from xtreme_harness.drawing.picture import Picture
from xtreme_harness.errors import MissingData, UnknownName
from xtreme_harness.languages import language as language_of
from xtreme_harness.leaderboard.language_groups import by_size, in_words
from xtreme_harness.leaderboard.markdown import table
from xtreme_harness.models.load import load_tokenizer
from xtreme_harness.models.reference import Trust, choose_model
from xtreme_harness.plan import check_languages, named_folder, targets
from xtreme_harness.registry import Registry
from xtreme_harness.report.checkpoint import checkpoint_folder
from xtreme_harness.request import Request
from xtreme_harness.store import Store

if TYPE_CHECKING:
    from xtreme_harness.kinds.interface import KindWork

WITHOUT_SPACES = ("Han", "Kanji and kana", "Thai", "Myanmar (Burmese)")  # as languages.json names scripts
NO_TEXT = ("id", "group", "side")
AT_ONCE = 1000  # texts that the tokenizer is given
MISSING = "missing-data"
MEASURES = {  # name: (title, digits)
    "pieces_per_word": ("Pieces a word", 2),
    "pieces_per_character": ("Pieces a character", 2),
    "unknown_percent": ("Unknown pieces, %", 2),
}
EXPLAINED = (
    "Words are what stands between spaces, or the words of a tagging task; characters are code points that are no "
    "white space. Texts of scripts without spaces have no words unless a task gives them (`no-words`)."
)


@dataclass(frozen=True, kw_only=True)
class Fertility:
    """Counts over the texts of one part; `words` is None where its script does not show them."""

    texts: int
    words: int | None
    characters: int
    pieces: int
    unknown: int

    @property
    def pieces_per_word(self) -> float | None:
        return self.pieces / self.words if self.words else None

    @property
    def pieces_per_character(self) -> float | None:
        return self.pieces / self.characters if self.characters else None

    @property
    def unknown_percent(self) -> float | None:
        return 100 * self.unknown / self.pieces if self.pieces else None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), **{name: getattr(self, name) for name in MEASURES}}


@dataclass(frozen=True, kw_only=True)
class Fertilities:
    """A tokenizer's counts by task and language; None where the data is not there, and why."""

    model: str
    tasks: Mapping[str, Mapping[str, Fertility | None]]
    missing: tuple[str, ...]

    def markdown(self) -> str:
        blocks = [f"## {title}\n\n{self._table(name)}" for name, (title, _) in MEASURES.items()]
        return "\n\n".join([f"# {self.model}: tokenizer", EXPLAINED, *blocks]) + "\n"

    def _table(self, name: str) -> str:
        digits = MEASURES[name][1]
        lines = [
            [in_words(code), *("" if one is None else _text(one, digits) for one in line)]
            for code, line in self._lines(name).items()
        ]
        return table(["language", *self.tasks], lines)

    def _lines(self, name: str) -> dict[str, list[Cell]]:
        codes = by_size(code for of_task in self.tasks.values() for code in of_task)
        return {code: [_cell(of_task, code, name) for of_task in self.tasks.values()] for code in codes}

    def pictures(self) -> dict[str, Picture]:
        return {f"fertility.{name}": self._picture(name) for name in MEASURES}

    def _picture(self, name: str) -> Picture:
        title, digits = MEASURES[name]
        lines = self._lines(name)
        names = [in_words(code) for code in lines]
        grid = Grid(rows=names, columns=list(self.tasks), cells=list(lines.values()), digits=digits)
        note = f"Tokenizer of {self.model}, test texts. From most to least pretraining data (CC-100)."
        return heat_map(grid, title, note)

    def as_json(self) -> dict[str, Any]:
        tasks = {
            task: {code: None if one is None else one.as_json() for code, one in of_task.items()}
            for task, of_task in self.tasks.items()
        }
        return {"model": self.model, "tasks": tasks, "missing": list(self.missing)}


def _cell(of_task: Mapping[str, Fertility | None], code: str, name: str) -> Cell:
    if code not in of_task:
        return None
    found = of_task[code]
    if found is None:
        return MISSING
    value: float | None = getattr(found, name)
    return "no-words" if value is None else value


def _text(cell: float | str, digits: int) -> str:
    return cell if isinstance(cell, str) else f"{cell:.{digits}f}"


def fertilities(request: Request, registry: Registry, store: Store) -> Fertilities:
    """Counts the test parts of the request's tasks and languages with its model's tokenizer.

    Raises DataError for data that is refused, CheckpointError for a tokenizer that cannot be loaded.
    """
    _, tasks = targets(request, registry)
    check_languages(request, tasks)
    data = named_folder("--data", request.data)
    trust = Trust(remote_code=request.trust_remote_code, pickle=request.allow_pickle)
    chosen = choose_model(request.model, registry, store.hashes, trust, request.offline)
    folder = checkpoint_folder(chosen.encoder, store, registry)
    tokenizer = load_tokenizer(folder, chosen.encoder.trust.remote_code)
    found: dict[str, dict[str, Fertility | None]] = {}
    missing: list[str] = []
    for task in tasks:
        kind: KindWork = registry.kind(task.kind).load()
        found[task.name] = {}
        for code in (one for one in task.languages if not request.languages or one in request.languages):
            try:
                found[task.name][code] = _of_part(tokenizer, task, code, data, kind)
            except MissingData as error:
                found[task.name][code] = None
                missing.append(str(error))
    return Fertilities(model=chosen.model.name, tasks=found, missing=tuple(dict.fromkeys(missing)))


def _of_part(tokenizer: Any, task: Task, code: str, data: Path | None, kind: KindWork) -> Fertility:
    files = data_files(task, "test", code, data)
    sides = (getattr(kind, "language_side", None), None)  # of retrieval, not the English one
    examples = checked(task.read("test", code, files), files, kind.input_problem)
    inputs = (example for example in examples if example.get("side") in sides)
    return count(tokenizer, inputs, kind.gold_fields, has_spaces(code))


def has_spaces(code: str) -> bool:
    """Whether words stand between spaces; a language of a plugin is taken to have them."""
    try:
        return language_of(code).script not in WITHOUT_SPACES
    except UnknownName:
        return True


def count(tokenizer: Any, examples: Iterable[Example], gold_fields: Sequence[str], spaced: bool) -> Fertility:
    """The counts over all texts of `examples`, whose gold is not looked at. Equal texts are cut once."""
    times: Counter[str] = Counter()
    has_words = True
    for example in examples:
        found = list(_texts(example, {*gold_fields, *NO_TEXT}))
        times.update(text for _, text in found)
        has_words = has_words and (spaced or all(name == "tokens" for name, _ in found))
    pieces = unknown = 0
    texts = list(times)
    for start in range(0, len(texts), AT_ONCE):
        part = texts[start : start + AT_ONCE]
        ids = tokenizer(part, add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]
        pieces += sum(times[text] * len(row) for text, row in zip(part, ids, strict=True))
        unknown += sum(times[text] * row.count(tokenizer.unk_token_id) for text, row in zip(part, ids, strict=True))
    return Fertility(
        texts=times.total(),
        words=sum(number * len(text.split()) for text, number in times.items()) if has_words else None,
        characters=sum(number * sum(not one.isspace() for one in text) for text, number in times.items()),
        pieces=pieces,
        unknown=unknown,
    )


def _texts(example: Example, left_out: set[str]) -> Iterator[tuple[str, str]]:
    """(field, text) for every text of an example: a field, or each of a list of them, as the words of a sentence."""
    for name, value in example.items():
        if name not in left_out:
            values = value if isinstance(value, list | tuple) else [value]
            yield from ((name, text) for text in values if isinstance(text, str))
