"""Rows of data sets on the Hugging Face hub, by the `datasets` library; offline from its cache alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xtreme_harness.definitions import HubSet
from xtreme_harness.errors import DataError, machine_error
from xtreme_harness.hub import COMMIT, first_line, is_offline, told

Row = dict[str, Any]
Say = Callable[[str], None]
Convert = Callable[[Any], Any]


class OpenSet:
    """One set at one commit; `rows` is what `HubSet.write` is handed.

    The commit that the revision names is asked for once, so that no two parts are of different ones. Raises DataError
    for what the hub does not have, MachineError when it cannot be reached.
    """

    def __init__(self, chosen: HubSet, offline: bool, say: Say = lambda line: None) -> None:
        self.id, self.revision, self.say = chosen.id, chosen.revision, say
        self.offline = is_offline(offline)
        self.commit = chosen.revision if COMMIT.fullmatch(chosen.revision) else self._asked(chosen.revision)

    def _asked(self, revision: str) -> str | None:
        """None offline: then the cached commit is taken, whichever it is."""
        if self.offline:
            return None
        from huggingface_hub import HfApi

        with told(f"{self.id}@{revision}", "data set", self.offline, _missing):
            return str(HfApi().dataset_info(self.id, revision=revision).sha)

    @property
    def name(self) -> str:
        return f"{self.id}@{self.commit or self.revision}"

    def rows(self, config: str, split: str) -> Iterator[Row]:
        """One part's rows as plain values: class indices as the set's own names, None where there is no class."""
        place = f"{self.name}, {config} {split}"
        with _read(place, self.offline):
            dataset = self._load(config, split)
        self._check_commit(place, dataset)
        self.say(f"{place}: {len(dataset)} rows")
        converts = {name: convert for name, one in dataset.features.items() if (convert := _convert(one))}
        for row in dataset:
            yield {name: converts[name](value) if name in converts else value for name, value in row.items()}

    def _load(self, config: str, split: str) -> Any:
        import datasets
        from datasets.utils import logging

        datasets.disable_progress_bars()
        logging.set_verbosity_error()  # else it tells of every set that comes from the cache
        # the bare id would be taken from a folder of that name, where there is one
        return datasets.load_dataset(f"hf://datasets/{self.id}", config, split=split, revision=self.commit)

    def _check_commit(self, place: str, dataset: Any) -> None:
        """Where the hub is not asked, or fails, the library takes the latest commit that its cache has of this part."""
        folders = {Path(file["filename"]).parent.name for file in dataset.cache_files}
        found = next(iter(folders)) if len(folders) == 1 else ""
        if COMMIT.fullmatch(found):
            self.commit = self.commit or found
            if found != self.commit:
                raise DataError(place, None, f"lies in the local cache at another commit ({found}); fetch it online")


@contextmanager
def _read(place: str, offline: bool) -> Iterator[None]:
    """What the library raises: DataError where the set or the cache is to blame, MachineError otherwise."""
    from datasets.exceptions import DatasetsError

    with told(place, "data set", offline, _missing):
        try:
            yield
        except ConnectionError:
            if offline:
                raise _missing(place, "is not in the local cache; run once without --offline") from None
            raise
        except (RuntimeError, ValueError, DatasetsError) as error:
            cause = machine_error(error.__cause__ or error)
            raise cause or DataError(place, None, _load_failure(error)) from None


def _load_failure(error: Exception) -> str:
    if "scripts are no longer supported" in str(error):
        return "is a loading script, which the library no longer runs: only sets of data files can be read"
    return f"cannot be loaded: {first_line(error)}"


def _missing(name: str, what: str) -> DataError:
    return DataError(name, None, what)


def _convert(feature: Any) -> Convert | None:
    """Turns a value of `feature` into plain names wherever a class index stands in it; None where none does."""
    from datasets import ClassLabel

    if isinstance(feature, ClassLabel):
        return lambda index: None if index is None or index < 0 else feature.names[index]
    if isinstance(feature, Mapping):
        inner = {name: convert for name, one in feature.items() if (convert := _convert(one))}
        return _fields(inner) if inner else None
    element = _convert(feature.feature) if hasattr(feature, "feature") else None
    return _elements(element) if element else None


def _fields(inner: Mapping[str, Convert]) -> Convert:
    return lambda value: value and {name: inner[name](one) if name in inner else one for name, one in value.items()}


def _elements(element: Convert) -> Convert:
    return lambda values: values and [element(value) for value in values]
