"""Serving a page: to this machine alone, with the records of its rows and nothing else of the disk."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from xtreme_harness.errors import MachineError
from xtreme_harness.leaderboard.formats.page import render
from xtreme_harness.leaderboard.formats.page.server import PageServer
from xtreme_harness.leaderboard.standings import Standings

Ask = Callable[..., tuple[int, str, str]]
RECORDS = "two/mini.none_plain/records.jsonl"


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """The board's folder, with the records of one row and files that are not to be served; a secret beside it."""
    folder = tmp_path / "boards"
    (folder / RECORDS).parent.mkdir(parents=True)
    (folder / RECORDS).write_text('{"row": "ö"}\n', encoding="utf-8")
    (folder / "notes.txt").write_text("private", encoding="utf-8")
    (tmp_path / "secret.jsonl").write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture
def serve(board: Path, standings: Standings) -> Iterator[Callable[..., Ask]]:
    with ExitStack() as running:

        def started(shown: Standings = standings) -> Ask:
            server = running.enter_context(PageServer(shown, board, 0))
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            running.callback(server.shutdown)
            return lambda path, method="GET": asked(server, path, method)

        yield started


def asked(server: PageServer, path: str, method: str) -> tuple[int, str, str]:
    """(status, type, text); the path goes over the wire as it is."""
    host, port = str(server.server_address[0]), server.server_address[1]
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read().decode()
    finally:
        connection.close()


def test_the_page_is_at_the_address_and_under_its_name(serve: Callable[..., Ask], standings: Standings) -> None:
    ask = serve()
    text = render(standings)["two.html"]
    assert ask("/") == ask("/two.html") == ask("/?a=b") == (200, "text/html; charset=utf-8", text)
    assert ask("/", "HEAD") == (200, "text/html; charset=utf-8", "")


def test_records_that_the_page_links_to_are_served(serve: Callable[..., Ask]) -> None:
    assert serve()(f"/{RECORDS}") == (200, "text/plain; charset=utf-8", '{"row": "ö"}\n')


@pytest.mark.parametrize(
    "path",
    [
        "/notes.txt",
        "/two",
        "/two/broken/records.jsonl",  # a row's, and not there
        "/../secret.jsonl",
        "/%2e%2e/secret.jsonl",
        "/two/../../secret.jsonl",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/two/mini.none_plain/records.jsonl/../../../notes.txt",
        "/\x00".replace("\x00", "%00"),
    ],
)
def test_nothing_else_is(serve: Callable[..., Ask], path: str) -> None:
    status, _, text = serve()(path)
    assert status == 404 and "private" not in text and "secret" not in text.replace("secret.jsonl", "")


def test_a_row_cannot_have_a_file_of_elsewhere_served(
    serve: Callable[..., Ask], standings: Standings, board: Path
) -> None:
    (board / "link.jsonl").symlink_to(board.parent / "secret.jsonl")
    names = ("../secret.jsonl", "link.jsonl", str(board.parent / "secret.jsonl"))
    rows = tuple(replace(standings.rows[0], id=f"r{place}", records=name) for place, name in enumerate(names))
    ask = serve(replace(standings, rows=rows))
    assert {ask(f"/{name}")[0] for name in names} == {404}


def test_nothing_can_be_written(serve: Callable[..., Ask]) -> None:
    ask = serve()
    assert {ask("/", method)[0] for method in ("POST", "PUT", "DELETE")} == {501}


def test_other_machines_are_not_served(standings: Standings, board: Path) -> None:
    with PageServer(standings, board, 0) as server:
        assert server.server_address[0] == "127.0.0.1"
        assert server.address == f"http://127.0.0.1:{server.server_address[1]}/"


def test_a_port_that_is_taken_is_said(standings: Standings, board: Path) -> None:
    with PageServer(standings, board, 0) as server:
        port = server.server_address[1]
        with pytest.raises(
            MachineError, match=f"Cannot serve on 127.0.0.1, port {port}: .*in use. Name another --port"
        ):
            PageServer(standings, board, port)
