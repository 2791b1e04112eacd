"""A web server on this machine for files, with the manners that servers have: ranges, cuts, errors, redirects."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class File:
    """What a path serves.

    `cuts`: after how many bytes the connection ends, one request after the other. `tagged`: with an ETag (a weak one if
    `weak`). `status` other than 200 is an error, or a redirect to `location`. `slowly` is called before each kilobyte
    with its place.
    """

    content: bytes = b""
    cuts: tuple[int, ...] = ()
    ranges: bool = True
    minds_condition: bool = True
    tagged: bool = True
    weak: bool = False
    sized: bool = True
    status: int = 200
    location: str = ""
    slowly: Callable[[int], object] = lambda place: None

    @property
    def tag(self) -> str:
        return ("W/" if self.weak else "") + f'"{hashlib.sha1(self.content).hexdigest()}"'


class Web(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, File] = {}
        self.asked: list[tuple[str, str]] = []  # path, Range header
        self.sent: dict[str, int] = {}  # bytes of content by path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what is tested."""

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Web

    def log_message(self, format: str, *values: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range", "")))
        file = self.server.files.get(self.path, File(status=404))
        if file.status != 200:
            self.send_response(file.status)
            self.send_header("Location", file.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send(file, self.start_of(file))

    def start_of(self, file: File) -> int:
        asked = RANGE.fullmatch(self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        is_same = condition in (None, file.tag) or not file.minds_condition
        return int(asked[1]) if asked and file.ranges and is_same else 0

    def send(self, file: File, start: int) -> None:
        size = len(file.content)
        if start > size:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if file.tagged:
            self.send_header("ETag", file.tag)
        if file.sized:
            self.send_header("Content-Length", str(size - start))
        self.end_headers()
        end, file.cuts = (file.cuts[0], file.cuts[1:]) if file.cuts else (size, ())
        for place in range(start, end, 1024):
            file.slowly(place)
            block = file.content[place : min(place + 1024, end)]
            self.wfile.write(block)
            self.server.sent[self.path] = self.server.sent.get(self.path, 0) + len(block)
