"""What a scorer noticed in the files: warnings, or with `strict` a refusal at the first one that counts."""

from __future__ import annotations

from pathlib import Path

from xtreme_harness.errors import DataError


class Findings:
    """Collects sentences about files; equal kinds of remark about one file are told once, with their number."""

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict
        self._first: dict[tuple[Path, str], str] = {}
        self._count: dict[tuple[Path, str], int] = {}

    def lenient(self, file: Path, line: int | None, kind: str, what: str) -> None:
        """Something the official scorer lets pass although it must be wrong."""
        error = DataError(file, line, what)
        if self.strict:
            raise error
        self._add(file, kind, str(error))

    def remark(self, file: Path, line: int | None, kind: str, what: str) -> None:
        """Something to know that is no reason to refuse."""
        self._add(file, kind, str(DataError(file, line, what)))

    def _add(self, file: Path, kind: str, sentence: str) -> None:
        self._first.setdefault((file, kind), sentence)
        self._count[file, kind] = self._count.get((file, kind), 0) + 1

    @property
    def warnings(self) -> list[str]:
        counts = self._count.items()
        return [self._first[key] + (f" (and {count - 1} more like it)" if count > 1 else "") for key, count in counts]
