"""What a board computed, kept by the hash of what it was computed from. Losing it costs time only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from xtreme_harness.files import write_text
from xtreme_harness.unit import digest, module_version


class Cache:
    """JSON values by key, in one file. Keys that a build did not ask for are dropped when it is saved."""

    def __init__(self, path: Path | None, modules: Iterable[str]) -> None:
        """`modules` are those whose code decides the values; without a `path` nothing is kept."""
        self.path = path
        self.version = digest([module_version(name) for name in modules])
        self._known: dict[str, Any] = {}
        self._used: dict[str, Any] = {}
        if path is not None:
            with suppress(OSError, ValueError, TypeError, KeyError):
                held = json.loads(path.read_bytes())
                self._known = held["values"] if held["version"] == self.version else {}

    def get(self, key: str, make: Callable[[], Any]) -> Any:
        """The value kept under `key`, else that which `make` gives."""
        if key not in self._used:
            self._used[key] = self._known[key] if key in self._known else make()
        return self._used[key]

    def save(self) -> None:
        """Does nothing where all is as it was, or where the place cannot be written."""
        if self.path is None or self._used.keys() == self._known.keys():
            return
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self.path, json.dumps({"version": self.version, "values": self._used}, separators=(",", ":")))
