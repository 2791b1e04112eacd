"""Which parts a task needs, which tasks a choice means, and names that lead out of a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xtreme_harness.data.parts import Part, by_split, chosen_tasks, is_inside, parts_of
from xtreme_harness.definitions import Folders, Task
from xtreme_harness.errors import DefinitionError, RequestError, UnknownName
from xtreme_harness.registry import Registry

HERE = Folders(originals=Path("originals"), data=Path("data"), labels=Path("labels"))


def wanted(name: str, registry: Registry) -> dict[str, int]:
    """Number of parts by split."""
    return {split: len(parts) for split, parts in by_split(parts_of(registry.task(name), registry, HERE)).items()}


def test_xtreme_s_tasks_need_english_training_and_every_language_s_test(registry: Registry) -> None:
    assert wanted("xnli", registry) == {"train": 1, "dev": 1, "test": 15, "gold": 15}
    assert wanted("panx", registry) == {"train": 1, "dev": 1, "test": 40, "gold": 40}
    assert wanted("xquad", registry) == {"test": 11, "gold": 11}  # trained on SQuAD
    assert wanted("squad_v1", registry) == {"train": 1}  # trained on only, and nothing is selected on its dev set
    assert wanted("tydiqa", registry) == {"train": 1, "test": 9, "gold": 9}  # its "dev" is the test set
    assert wanted("bucc2018", registry) == {"dev": 4, "test": 4, "gold": 4}
    assert wanted("tatoeba", registry) == {"test": 36, "gold": 36}


def test_gold_is_looked_for_in_the_label_folder(registry: Registry) -> None:
    parts = by_split(parts_of(registry.task("xnli"), registry, HERE))
    assert parts["test"][0].files == (Path("data/xnli/test-ar.tsv"),)
    assert parts["gold"][0].files == (Path("labels/xnli/test-ar.tsv"),)
    assert parts["gold"][0].missing == ("xnli/test-ar.tsv",)


def test_what_a_plugin_brings_along_is_there(registry: Registry) -> None:
    parts = parts_of(registry.task("topics"), registry, HERE)
    assert [str(part) for part in parts] == ["topics train en", "topics dev en", "topics test en", "topics test sw"]
    assert not any(part.missing or part.own_names for part in parts)


def test_a_suite_brings_what_it_is_trained_on(registry: Registry) -> None:
    names = [task.name for task in chosen_tasks(registry, "full", [])]
    assert names == [
        *("pawsx", "xnli", "udpos", "panx", "squad_v1", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba"),
    ]
    assert [task.name for task in chosen_tasks(registry, "full", ["mlqa", "xnli"])] == ["xnli", "squad_v1", "mlqa"]
    assert [task.name for task in chosen_tasks(registry, None, ["squad_v1"])] == ["squad_v1"]
    assert {"xnli", "mini.nli", "topics", "squad_v1"} <= {task.name for task in chosen_tasks(registry, None, [])}


def test_wrong_choices(registry: Registry) -> None:
    with pytest.raises(UnknownName, match="Did you mean xnli"):
        chosen_tasks(registry, None, ["xnly"])
    with pytest.raises(RequestError, match="Task xnli is not in suite mini"):
        chosen_tasks(registry, "mini", ["xnli"])


@pytest.mark.parametrize("name", ["a", "a/b.tsv", "a/.hidden", "xquad.de.json"])
def test_names_inside(name: str) -> None:
    assert is_inside(name)


@pytest.mark.parametrize("name", ["", ".", "/a", "../a", "a/../b", "a/..", "a//b", "./a", "a/", "a\\b", "a\0b"])
def test_names_that_lead_out_or_have_two_forms(name: str) -> None:
    assert not is_inside(name)


def test_a_task_whose_file_names_lead_out_is_refused(registry: Registry) -> None:
    task: Task = replace(registry.task("topics"), files=lambda split, language: ("../secret",))
    part = Part(task, "test", "en", ("../secret",), Path("data"))
    with pytest.raises(DefinitionError, match=r"\.\./secret is no name of a file"):
        _ = part.own_names
