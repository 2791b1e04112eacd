"""The published form of a run: records, per-example values and a manifest; predictions by their hashes alone."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from xtreme_harness.errors import CheckFailed, DataError, MissingData, RequestError
from xtreme_harness.files import new_folder
from xtreme_harness.jsonl import dump_line, read_jsonl
from xtreme_harness.leaderboard.analyses import FILES, read_own_analyses, read_report
from xtreme_harness.leaderboard.verification.manifest import (
    MANIFEST,
    Manifest,
    hashes_of,
    manifest_of_pack,
    manifest_problems,
    read_manifest,
)
from xtreme_harness.records import Record, read_records
from xtreme_harness.scores import Rows, cell_names, packed_scores, unpacked

RECORDS, REQUEST, ENVIRONMENT = "records.jsonl", "request.json", "environment.json"


def pack(run: Path, out: Path) -> None:
    """Writes the pack of the run in `run` as the folder `out`, equal runs to equal bytes.

    An older pack of the same run is replaced. Raises DataError where a file cannot be read, CheckFailed where the run
    is not what its manifest says, RequestError where `out` holds anything else.
    """
    manifest = read_manifest(run)
    if manifest.is_pack:
        raise RequestError(f"{run} is a pack already.")
    if problems := list(manifest_problems(manifest, run, hashes_of(run))):
        raise CheckFailed(f"{run} is not as the run left it: {problems[0]}. Run it again before packing.")
    if missing := [name for name in (RECORDS, REQUEST) if name not in manifest.files]:
        raise MissingData(run / missing[0], None, "there is no such file; a run has one")
    if out.resolve().is_relative_to(run.resolve()):
        raise RequestError(f"{out} is the run itself or lies in it; the run must stay as it is. Name another folder.")
    is_older = out.exists()
    if is_older and not _is_pack_of(out, manifest.root):
        raise RequestError(f"{out} is there already and is no pack of this run. Name another folder, or remove it.")
    records = read_records(run / RECORDS)
    read_own_analyses(run, records)  # raises for those that are damaged or of another run
    with new_folder(out) as folder:
        _fill(folder, run, manifest, records)
        if is_older:
            shutil.rmtree(out)


def _is_pack_of(folder: Path, root: str) -> bool:
    return (folder / MANIFEST).is_file() and read_manifest(folder).run == root


def _fill(folder: Path, run: Path, manifest: Manifest, records: Sequence[Record]) -> None:
    shutil.copyfile(run / RECORDS, folder / RECORDS)
    if (run / ENVIRONMENT).is_file():
        shutil.copyfile(run / ENVIRONMENT, folder / ENVIRONMENT)
    _write_json(folder / REQUEST, without_places(_read_json(run / REQUEST)))
    for (task, language), of_cell in _by_cell(records, run, manifest).items():
        _write_scores(packed_scores(folder, task, language), run, of_cell)
    _write_analyses(folder, run)
    _write_json(folder / MANIFEST, manifest_of_pack(folder, manifest).as_json())


def _write_analyses(folder: Path, run: Path) -> None:
    """The analyses of the run, if there are any, less the sentences about files that a machine lacked."""
    for name in FILES:
        if (run / name).is_file():
            held = {key: value for key, value in read_report(run / name).items() if key != "missing"}
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(dump_line(without_places(held)), encoding="utf-8", newline="\n")


def _by_cell(records: Iterable[Record], run: Path, manifest: Manifest) -> dict[tuple[str, str], list[Record]]:
    """The records that have per-example values by task and language, one a row.

    Raises DataError unless their files are in the manifest, whose names lead nowhere else.
    """
    found: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record["scores"] is not None:
            _, name = cell_names(record)
            if name not in manifest.files:
                raise DataError(run / RECORDS, None, f"there is no file {name} for one of its cells")
            found.setdefault((record["task"], record["language"]), []).append(record)
    return found


def _write_scores(path: Path, run: Path, records: Iterable[Record]) -> None:
    """Writes the values of all rows; raises DataError where they would not come back as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files = {one["row"]: run / cell_names(one)[1] for one in records}
    path.write_bytes(packed({row: [line for _, line in read_jsonl(file)] for row, file in files.items()}))
    for row, file in files.items():
        if lines_of(unpacked(path, row)) != file.read_bytes():
            raise DataError(file, None, "holds values in a form that a pack cannot keep (every line the same names)")


def lines_of(rows: Rows) -> bytes:
    """Per-example values as the file that a run has of them."""
    return "".join(map(dump_line, rows)).encode()


def sha256_of(rows: Rows) -> str:
    return hashlib.sha256(lines_of(rows)).hexdigest()


def packed(values: Mapping[str, Rows]) -> bytes:
    """The bytes of one packed file; nothing tells when it was made."""
    return gzip.compress(packed_text(values), mtime=0)


def packed_text(values: Mapping[str, Rows]) -> bytes:
    """What a packed file holds: the values by row. Numbers are kept exactly."""
    ids, groups = _ids_and_groups(next(iter(values.values())))
    rows = {}
    for row, lines in values.items():
        own = dict(zip(("id", "group"), _ids_and_groups(lines), strict=True))
        names = [name for name in (lines[0] if lines else {}) if name not in own]
        columns = {name: [line.get(name) for line in lines] for name in names}
        rows[row] = columns if (own["id"], own["group"]) == (ids, groups) else {**own, **columns}
    text = json.dumps({"ids": ids, "groups": groups, "rows": rows}, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def _ids_and_groups(lines: Rows) -> tuple[list[Any], list[Any] | None]:
    groups = [line.get("group") for line in lines]
    return [line["id"] for line in lines], groups if any(group is not None for group in groups) else None


def without_places(value: Any) -> Any:
    """JSON with absolute paths cut to their last part: where a file lay on a machine is nobody's business."""
    if isinstance(value, dict):
        return {name: without_places(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_places(one) for one in value]
    for flavour in (PurePosixPath, PureWindowsPath):
        if isinstance(value, str) and flavour(value).is_absolute():
            return flavour(value).name
    return value


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(path, None, f"cannot be read: {error}") from None


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
