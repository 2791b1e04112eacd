"""A board as JSON, for programs: everything that its standings hold, one line a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from xtreme_harness.leaderboard.standings import Standings


def render(standings: Standings) -> Mapping[str, str]:
    held = standings.as_json()
    rows = ",\n".join(_line(row) for row in held.pop("rows"))
    return {f"{standings.name}.json": f'{_line(held)[:-1]}, "rows": [\n{rows}\n]}}\n'}


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
