"""The forms a board is written in: which module renders which. A module is loaded only when a board asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module

from xtreme_harness.errors import RequestError
from xtreme_harness.leaderboard.standings import Standings

Render = Callable[[Standings], Mapping[str, str]]  # {file relative to the folder the board is built in: text}

RENDERERS: Mapping[str, str] = {  # as in xtreme_harness.definitions.OUTPUTS
    "markdown": "markdown",
    "html": "page",
    "csv": "csv",
    "latex": "latex",
    "json": "json",
    "model-index": "model_index",
    "eval-results": "eval_results",
    "eee": "every_eval",
    "figures": "figures",
}


def rendered(standings: Standings, outputs: Sequence[str]) -> dict[str, str]:
    """The text of every file of the board, by its path; raises RequestError where two outputs want the same file."""
    files: dict[str, str] = {}
    for output in outputs:
        for name, text in renderer(output)(standings).items():
            if name in files:
                raise RequestError(f"Output {output} of board {standings.name} writes {name}, as another output does.")
            files[name] = text
    return files


def renderer(output: str) -> Render:
    render: Render = import_module(f"{__package__}.{RENDERERS[output]}").render
    return render
