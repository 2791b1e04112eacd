"""A report's folder: its tables as markdown and JSON, its figures as SVG and PNG."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from xtreme_harness.drawing.picture import Picture
from xtreme_harness.files import write_text
from xtreme_harness.run import make_writable


class Report(Protocol):
    """What can be written as one."""

    def markdown(self) -> str:
        """Its tables, and how to read them."""

    def pictures(self) -> Mapping[str, Picture]:
        """Its figures, by their files' stems."""

    def as_json(self) -> dict[str, Any]:
        """Its figures as plain values."""


def write_report(report: Report, name: str, folder: Path) -> list[str]:
    """Writes `<name>.md`, `<name>.json` and every figure to `folder`; gives the files' names.

    Raises MachineError where the folder cannot be written.
    """
    make_writable(folder)
    pictures = report.pictures()
    shown = "\n\n".join(f"![{picture.title}]({stem}.svg)" for stem, picture in pictures.items())
    write_text(folder / f"{name}.md", f"{report.markdown()}\n{shown}\n")
    write_text(folder / f"{name}.json", json.dumps(report.as_json(), ensure_ascii=False, indent=1) + "\n")
    return [f"{name}.md", f"{name}.json", *write_pictures(pictures, folder)]


def write_page(page: str, pictures: Mapping[str, Picture], name: str, folder: Path) -> None:
    """Writes `<name>.md`, which shows the figures, and these to the folder `<name>` beside it. Raises as above."""
    make_writable(folder / name)
    write_text(folder / f"{name}.md", page)
    write_pictures(pictures, folder / name)


def write_pictures(pictures: Mapping[str, Picture], folder: Path) -> list[str]:
    for stem, picture in pictures.items():
        write_text(folder / f"{stem}.svg", picture.svg())
        (folder / f"{stem}.png").write_bytes(picture.png())
    return [f"{stem}.{form}" for stem in pictures for form in ("svg", "png")]
