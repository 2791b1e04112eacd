"""A board as a page: one HTML file that holds its style, scripts and data and asks nobody for anything.

The table is plain HTML, made here: it can be read, printed and heard without JavaScript. Table libraries draw theirs in
the browser. The scripts add sorting, filters and opened rows; charts are SVG by Observable Plot (vendor/).
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files

from xtreme_harness.leaderboard.formats.page.data import embedded
from xtreme_harness.leaderboard.formats.page.table import bodies, columns, facets, has_intervals, header_groups
from xtreme_harness.leaderboard.standings import Standings

LIBRARIES = (("d3", "d3-7.9.0.min.js"), ("plot", "plot-0.6.17.umd.min.js"))  # in the order they need each other
SCRIPTS = (  # one scope, in this order
    *("data.js", "table.js", "filters.js", "charts.js"),
    *("analyses.js", "tokenizer.js", "curves.js", "layers.js"),
    *("detail.js", "page.js"),
)


def render(standings: Standings) -> dict[str, str]:
    """The page's text under its file name, `<board>.html`."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_asset("page.html"))
    scripts = (_library(), _own_script())
    shown = columns(standings)
    text = template.render(
        standings=standings,
        columns=shown,
        header_groups=header_groups(shown),
        bodies=bodies(standings, shown),
        has_intervals=has_intervals(standings, shown),
        facets=facets(standings),
        style=_asset("page.css"),
        scripts=scripts,
        policy=_policy(scripts),
        data=_json(embedded(standings, shown)),
    )
    return {f"{standings.name}.html": text + "\n"}


def _json(value: object) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _policy(scripts: tuple[str, ...]) -> str:
    """A content security policy: these scripts alone run, and nothing is loaded. Plot sets styles of its own."""
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in scripts)
    allowed = f"script-src {hashes}; style-src 'unsafe-inline'; img-src data:; connect-src 'none'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


@cache
def _library() -> str:
    """The chart library with the licences it asks to be kept with it."""
    parts = ((_asset(f"vendor/{name}-LICENSE.txt"), _asset(f"vendor/{file}")) for name, file in LIBRARIES)
    return "".join(f"/*\n{licence}*/\n{code}\n" for licence, code in parts)


@cache
def _own_script() -> str:
    """All in one block: none of their names is one of the window's."""
    return '"use strict";\n{\n' + "\n".join(_asset(name) for name in SCRIPTS) + "}\n"


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
