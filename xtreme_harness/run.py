"""One run from request to folder: plan, execute, records, predictions, tables. What `run` and a study's arms call."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtreme_harness.comparable import why_not_comparable
from xtreme_harness.errors import DataError, HarnessError, MachineError, MissingData, RequestError, machine_error
from xtreme_harness.execute import Watcher, drop_weights, execute, keep_encoders, pending_units
from xtreme_harness.files import write_text
from xtreme_harness.job import Settings
from xtreme_harness.leaderboard.averages import TableRow, table_rows
from xtreme_harness.leaderboard.run_page import run_page
from xtreme_harness.leaderboard.verification.manifest import MANIFEST, manifest_of_run
from xtreme_harness.phases import phases, training_data
from xtreme_harness.plan import Plan, PlannedCell
from xtreme_harness.records import SCHEMA, Record, write_records
from xtreme_harness.registry import Registry
from xtreme_harness.scores import run_dev_predictions, run_predictions, run_scores
from xtreme_harness.store import Finished, Store
from xtreme_harness.unit import Unit, digest
from xtreme_harness.work import Outcome

PROTOCOL = "zero-shot"


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A finished run: its folder, records and table rows, and how many units were computed."""

    folder: Path
    plan: Plan
    records: Sequence[Record]
    rows: Sequence[TableRow]
    computed: int
    errors: Sequence[HarnessError]

    @property
    def exit_code(self) -> int:
        """0 when every cell is ok; 5 when data was refused or no cell is left; else 4."""
        states = [record["state"] for record in self.records]
        if all(state == "ok" for state in states):
            return 0
        refused = any(isinstance(error, DataError) and not isinstance(error, MissingData) for error in self.errors)
        return 5 if refused or all(state == "missing-data" for state in states) else 4


def run_folder(plan: Plan, named: str | None) -> Path:
    """Where the run is written: as named, else runs/<model>.<suite or tasks>, with the plan's id if that is taken.

    Raises RequestError when a named folder holds another request's run: nothing is overwritten.
    """
    if named is not None:
        folder = Path(named)
        if _is_other(folder, plan):
            raise RequestError(f"--out {named} holds the run of another request. Name another folder, or remove it.")
        return folder
    what = plan.suite.name if plan.request.suite else "+".join(task.name for task in plan.tasks)
    folder = Path("runs") / f"{plan.chosen.model.name}.{what}"
    return folder.with_name(f"{folder.name}.{plan.id[:8]}") if _is_other(folder, plan) else folder


def _is_other(folder: Path, plan: Plan) -> bool:
    try:
        known = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return folder.is_dir() and any(folder.iterdir()) and not (folder / "request.json").exists()
    return bool(known.get("id") != plan.id)


def run(
    plan: Plan, folder: Path, store: Store, registry: Registry, settings: Settings, executor: str, watcher: Watcher
) -> Ran:
    """Executes `plan` and writes the run's folder. Whatever happens, finished units stay in the store."""
    make_writable(folder)
    pending = pending_units(plan, store)
    watcher.planned(pending, len(plan.units()) - len(pending))
    work = registry.executor(executor).load()(store, registry, settings)
    try:
        outcomes = execute(plan, pending, store, registry, work, watcher)
    finally:
        keep_encoders(plan.units(), store)
    if not plan.request.keep_all:
        drop_weights(plan.units(), {key for key, one in outcomes.items() if one.state == "failed"}, store)
    records = [cell_record(cell, plan, store, outcomes, registry) for cell in plan.cells]
    try:
        _write(folder, plan, store, records)
    except OSError as error:
        raise machine_error(error) or MachineError(f"Cannot write {folder}: {error}") from error
    registry.notify("run_finished", run=folder)
    errors = list({str(one.error): one.error for one in outcomes.values() if one.error is not None}.values())
    computed = sum(one.state == "computed" for one in outcomes.values())
    return Ran(
        folder=folder,
        plan=plan,
        records=records,
        rows=table_rows(records, plan.suite),
        computed=computed,
        errors=errors,
    )


def make_writable(folder: Path) -> None:
    """Makes sure the folder can be written before anything is computed; raises MachineError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_text("", encoding="utf-8")
        probe.unlink()
    except OSError as error:
        raise machine_error(error) or MachineError(f"Cannot write {folder}: {error}") from error


def cell_record(
    cell: PlannedCell, plan: Plan, store: Store, outcomes: Mapping[str, Outcome], registry: Registry
) -> Record:
    """The record of one cell, from its finished units, or with the state that says why there is no figure."""
    predict = store.find(cell.predict.key) if cell.predict else None
    score = store.find(cell.score.key) if cell.score else None
    state, why = _state(cell, predict, score, outcomes)
    why_not = why_not_comparable(cell, store)
    checkpoint = plan.chosen.encoder.source
    task = cell.task
    return {
        "schema": SCHEMA,
        "row": cell.row.label,
        "task": task.name,
        "task_version": task.version,
        "language": cell.language,
        "metrics": score.result["metrics"] if score else {},
        "headline": [registry.metric(name).shown for name in task.headline],
        "n": score.result["n"] if score else None,
        "groups": score.result["groups"] if score else None,
        "state": state,
        "why": why,
        "unit": cell.score.key if cell.score else None,
        "model": _model_record(plan, store.find(checkpoint.key) if checkpoint else None),
        "intermediate": cell.row.intermediate,
        "control": cell.row.control,
        "method": cell.row.method,
        "seed": cell.seed,
        "recipe": plan.recipe.name,
        "dtype": plan.dtype,
        "options": _resolved(cell, predict, store.find(cell.tuning.key) if cell.tuning else None),
        "phases": phases(cell, predict.result if predict else {}),
        **_target_dev(cell, store),
        **_dev_predictions(cell, store),
        "protocol": PROTOCOL,
        "comparable": not why_not,
        "not_comparable_because": why_not,
        "data": _data_record(cell),
        "predictions": f"sha256:{predict.sha256('predictions.jsonl')}" if predict else None,
        "scores": f"sha256:{score.sha256('scores.jsonl')}" if score else None,
        "code": predict.result["code"] if predict else {},
        "device": predict.result["device"] if predict else None,
        "seconds": round(predict.result["seconds"] + (score.result["seconds"] if score else 0), 3) if predict else None,
        "created": (score or predict).result["created"] if predict else None,
    }


def _state(
    cell: PlannedCell, predict: Finished | None, score: Finished | None, outcomes: Mapping[str, Outcome]
) -> tuple[str, str | None]:
    if cell.missing is not None:
        return "missing-data", cell.missing
    failures = [outcomes[unit.key].error for unit in cell.units() if unit.key in outcomes]
    error = next((one for one in failures if one is not None), None)
    if score is not None:
        return "ok", None
    if error is not None:
        return "failed", str(error)
    if predict is not None and cell.score is None:
        return "unlabelled", "no gold at hand: name the label folder with --labels DIR"
    return "skipped", "not reached"


def _model_record(plan: Plan, checkpoint: Finished | None) -> dict[str, Any]:
    encoder = plan.chosen.encoder
    prints = encoder.fingerprints or (checkpoint.result["fingerprints"] if checkpoint else {})
    shown = {name: f"sha256:{prints[name]}" if name in prints else None for name in ("weights", "tokenizer")}
    trust = {"remote_code": encoder.trust.remote_code, "pickle": encoder.trust.pickle}
    source = {"source": plan.chosen.model.source} if plan.chosen.model.source else {}
    return {"name": plan.chosen.model.name, **shown, "revision": encoder.revision, **trust, **source}


def _target_dev(cell: PlannedCell, store: Store) -> dict[str, Any]:
    """The figures on the language's own dev part, where they were asked for: an oracle's, nothing is chosen by them."""
    found = store.find(cell.target_dev.key) if cell.target_dev else None
    return {"target_dev": found.result["metrics"]} if found else {}


def _dev_predictions(cell: PlannedCell, store: Store) -> dict[str, Any]:
    """The hash of the predictions by which an option was chosen on dev gold, where one was."""
    unit = _predicted_dev(cell)
    found = store.find(unit.key) if unit else None
    return {"dev_predictions": f"sha256:{found.sha256('predictions.jsonl')}"} if found else {}


def _predicted_dev(cell: PlannedCell) -> Unit | None:
    return cell.tuning.inputs.get("predictions") if cell.tuning else None


def _resolved(cell: PlannedCell, predict: Finished | None, tuning: Finished | None) -> dict[str, Any]:
    """Every resolved value; what only the loaded model knew, and what was chosen on dev gold, are filled in."""
    options = {name: value for name, value in cell.options.items() if name != "seed"}
    found = predict.result if predict else {}
    options |= {name: found[name] for name in ("layer", "max_length") if name in found}
    if options.get("max_length") != cell.options.get("max_length"):  # more than the model has positions for
        options["max_length_asked"] = cell.options["max_length"]
    return {**options, **tuning.result["options"]} if tuning else options


def _data_record(cell: PlannedCell) -> dict[str, str]:
    """Hashes of what was read: the test inputs, the gold, and the English parts that the target was trained on."""
    units: dict[str, Unit] = {"gold": cell.score} if cell.score else {}
    if cell.predict is not None:
        units["test"] = cell.predict.inputs["texts"]
    if cell.tuning is not None:
        units["dev"] = cell.tuning
    read = {role: f"sha256:{digest(dict(one.data))}" for role, one in units.items()}
    trained = training_data(cell.train) if cell.train is not None else {}
    read |= {role.partition(".")[0]: value for role, value in trained.items()}
    return {role: read[role] for role in sorted(read)}


def _write(folder: Path, plan: Plan, store: Store, records: Sequence[Record]) -> None:
    _write_json(folder / "request.json", plan.request.as_json())
    _write_json(folder / "plan.json", _plan_json(plan))
    shutil.rmtree(folder / "predictions", ignore_errors=True)
    for cell in plan.cells:
        _copy_outputs(cell, store, folder)
    write_records(folder / "records.jsonl", records)
    write_text(folder / "leaderboard.md", run_page(records, plan.suite, plan.request.languages))
    _write_json(folder / "environment.json", _environment())
    _write_json(folder / MANIFEST, manifest_of_run(folder).as_json())


def _copy_outputs(cell: PlannedCell, store: Store, folder: Path) -> None:
    place = (folder, cell.row.label, cell.task.name, cell.language)
    for unit, name, path in (
        (cell.predict, "predictions.jsonl", run_predictions(*place)),
        (_predicted_dev(cell), "predictions.jsonl", run_dev_predictions(*place)),
        (cell.score, "scores.jsonl", run_scores(*place)),
    ):
        found = store.find(unit.key) if unit else None
        if found:
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found.file(name), path)


def _plan_json(plan: Plan) -> dict[str, Any]:
    units = [
        {"key": unit.key, "type": unit.type, "label": unit.label, "inputs": [one.key for one in unit.inputs.values()]}
        for unit in plan.units()
    ]
    return {"id": plan.id, "suite": plan.suite.name, "recipe": plan.recipe.name, "dtype": plan.dtype, "units": units}


def _environment() -> dict[str, Any]:
    from importlib.metadata import distributions

    packages = {found.metadata["Name"]: found.version for found in distributions()}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: packages[name] for name in sorted(packages, key=str.lower)},
    }


def _write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, ensure_ascii=False, indent=1) + "\n")
