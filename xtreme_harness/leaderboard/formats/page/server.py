"""Serves a board's page, and the records that it links to, to this machine alone. Nothing is written."""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from xtreme_harness.errors import MachineError
from xtreme_harness.leaderboard.formats.page import render
from xtreme_harness.leaderboard.standings import Standings

HOST = "127.0.0.1"
HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"


class PageServer(ThreadingHTTPServer):
    """The page at `/` and under its file name; of `folder`, the records of the board's rows and no other file.

    `port` 0 takes any free one. Raises MachineError where the port cannot be had.
    """

    daemon_threads = True

    def __init__(self, standings: Standings, folder: Path, port: int) -> None:
        ((name, text),) = render(standings).items()
        self.pages = dict.fromkeys(("/", f"/{name}"), text.encode())
        self.records = _inside(folder, [row.records for row in standings.rows if row.records])
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            raise MachineError(
                f"Cannot serve on {HOST}, port {port}: {error.strerror}. Name another --port; 0 takes any free one."
            ) from error

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}/"

    def answer(self, path: str) -> tuple[str, bytes] | None:
        """(type, content) of a path, None where nothing is served there."""
        if path in self.pages:
            return HTML, self.pages[path]
        found = self.records.get(path)
        return (TEXT, found.read_bytes()) if found and found.is_file() else None


def _inside(folder: Path, names: list[str]) -> dict[str, Path]:
    """The files by their address; one that leaves the folder, by its name or by a link, is left out."""
    root = folder.resolve()
    places = {f"/{name}": (root / name).resolve() for name in names}
    return {address: place for address, place in places.items() if place.is_relative_to(root)}


class _Handler(BaseHTTPRequestHandler):
    server: PageServer

    def do_GET(self) -> None:
        answer = self.server.answer(unquote(urlsplit(self.path).path))
        if answer is None:
            self.send_error(HTTPStatus.NOT_FOUND, explain="Only the page and the records of its rows are served here.")
            return
        content_type, content = answer
        self.send_response(HTTPStatus.OK)
        headers = {"Content-Type": content_type, "Content-Length": str(len(content)), "Cache-Control": "no-store"}
        for name, value in {**headers, "X-Content-Type-Options": "nosniff"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Requests are nobody's business but the reader's."""
