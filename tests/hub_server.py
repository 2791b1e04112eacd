"""A server on this machine that answers as the Hugging Face hub does, for models and data sets.

What is asked is what the clients of 2026 ask: a revision's commit, a commit's folders, the head and the content of a
file. Every request is written down.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"

Rows = Sequence[Mapping[str, Any]] | Any  # Any: a datasets.Dataset, where features matter
Sets = Mapping[str, Mapping[str, Mapping[str, Rows]]]  # id: {config: {split: rows}}


class Hub(ThreadingHTTPServer):
    """Repositories by id, each a folder whose one commit `main` names."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.models: dict[str, Path] = {}
        self.datasets: dict[str, Path] = {}
        self.commits: dict[str, str] = {}  # by id; COMMIT where none is named
        self.asked: list[str] = []
        self.told: set[str] = set()  # what the requests say of their sender

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()

    def fetched(self) -> set[str]:
        """Names of the files whose content went out."""
        return {line.rsplit("/", 1)[1] for line in self.asked if line.startswith("GET") and "/api/" not in line}

    def serve(self, sets: Sets, folder: Path) -> None:
        """Serves data sets, `{"org/set": {"config": {"validation": rows}}}`, as Parquet files in `folder`."""
        for id, configs in sets.items():
            self.datasets[id] = folder / id
            for config, splits in configs.items():
                for split, rows in splits.items():
                    write_parquet(rows, self.datasets[id] / config / f"{split}-00000-of-00001.parquet")
            (self.datasets[id] / "README.md").write_text(card(configs), encoding="utf-8")


def write_parquet(rows: Rows, path: Path) -> None:
    from datasets import Dataset, disable_progress_bars

    disable_progress_bars()
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = rows if isinstance(rows, Dataset) else Dataset.from_list([dict(row) for row in rows])
    dataset.to_parquet(str(path))


def card(configs: Mapping[str, Mapping[str, Rows]]) -> str:
    """The card that says which files a config's splits are; JSON is YAML."""
    listed = [
        {
            "config_name": config,
            "data_files": [{"split": split, "path": f"{config}/{split}-*"} for split in splits],
        }
        for config, splits in configs.items()
    ]
    return f"---\n{json.dumps({'configs': listed})}\n---\nA set.\n"


class Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *values: Any) -> None:
        self.server.asked.append(f"{self.command} {self.path.split('?')[0]}")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.told |= {word.split("/")[0] for word in self.headers["User-Agent"].split("; ")}
        parts = [unquote(part) for part in self.path.split("?")[0].strip("/").split("/")]
        is_api = parts[0] == "api"
        kind, *rest = parts[1:] if is_api else parts if parts[0] == "datasets" else ["models", *parts]
        id, (what, revision, *names) = "/".join(rest[:2]), rest[2:] or ("revision", "main")
        folder = getattr(self.server, kind).get(id)
        commit = self.server.commits.get(id, COMMIT)
        if folder is None:
            self.answer(404, {"X-Error-Code": "RepoNotFound"})
        elif revision not in ("main", commit) and not revision.startswith("refs/"):
            self.answer(404, {"X-Error-Code": "RevisionNotFound"})
        elif what == "revision":
            self.answer(200, {}, json.dumps({"id": id, "sha": commit}).encode())
        elif what == "tree":
            self.answer_folder(folder, folder.joinpath(*names))
        else:
            self.answer_file(folder.joinpath(*names), commit)

    def answer_folder(self, root: Path, folder: Path) -> None:
        if folder.is_dir():
            listed = [entry(path, root) for path in sorted(folder.iterdir())]
            self.answer(200, {}, json.dumps(listed).encode())
        else:
            self.answer(404, {"X-Error-Code": "EntryNotFound"})

    def answer_file(self, path: Path, commit: str) -> None:
        if path.is_file():
            content = path.read_bytes()
            self.answer(200, {"X-Repo-Commit": commit, "ETag": f'"{digest(content)}"'}, content)
        else:
            self.answer(404, {"X-Repo-Commit": commit, "X-Error-Code": "EntryNotFound"})

    def answer(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def entry(path: Path, root: Path) -> dict[str, Any]:
    """A file or folder as the hub lists it."""
    place = path.relative_to(root).as_posix()
    if path.is_dir():
        return {"type": "directory", "path": place, "oid": digest(place.encode())}
    return {"type": "file", "path": place, "size": path.stat().st_size, "oid": digest(path.read_bytes())}


def digest(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
