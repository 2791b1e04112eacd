"""A board as JSON, for programs: everything that its standings hold."""

from __future__ import annotations

import json
from collections.abc import Mapping

from xtreme_harness.leaderboard.standings import Standings


def render(standings: Standings) -> Mapping[str, str]:
    text = json.dumps(standings.as_json(), ensure_ascii=False, indent=1, allow_nan=False)
    return {f"{standings.name}.json": text + "\n"}
