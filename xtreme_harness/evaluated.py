"""A metric of the `evaluate` package as a Metric, loaded from a path and without network, when it is first computed.

from xtreme_harness.evaluated import evaluate_metric

@hookimpl
def register_metrics(register):
    register(evaluate_metric("kappa", Path(__file__).parent / "kappa"))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xtreme_harness.definitions import Metric, Scored
from xtreme_harness.errors import DefinitionError


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What `Metric.compute` calls: the value `figure` of an evaluate module, times `scale`."""

    script: Path
    figure: str
    config: str | None = None
    scale: float = 1.0
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """What decides its figures, for keys."""
        return __file__, str(self.script)

    def __call__(self, predictions: Sequence[Any], gold: Sequence[Any]) -> Scored:
        """The figure alone: such a metric gives no per-example values, so no interval and no check without the data."""
        import evaluate

        module = evaluate.load(str(self.script), self.config)
        values = module.compute(predictions=list(predictions), references=list(gold), **self.arguments)
        return Scored(figure=float(values[self.figure]) * self.scale, values={})


def evaluate_metric(
    name: str,
    path: str | Path,
    figure: str = "",
    *,
    config: str | None = None,
    scale: float = 1.0,
    greater_is_better: bool = True,
    **arguments: Any,
) -> Metric:
    """A Metric that computes the `evaluate` module at `path` (its folder or its .py file) and takes its value `figure`.

    `figure` is the name of the value (default: the metric's name), `scale` 100 makes percent of a share; further
    arguments go to the module's `compute`. Raises DefinitionError when there is no such module.
    """
    place = Path(path)
    script = place if place.suffix == ".py" else place / f"{place.name}.py"
    if not script.is_file():
        raise DefinitionError(f"Metric {name!r}", [f"there is no evaluate module {script}"])
    compute = Evaluated(script=script.resolve(), figure=figure or name, config=config, scale=scale, arguments=arguments)
    return Metric(name=name, compute=compute, greater_is_better=greater_is_better)
