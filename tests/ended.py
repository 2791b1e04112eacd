"""A command that has ended, as tests look at it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Ended(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)
