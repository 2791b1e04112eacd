"""Closes sockets to all but this machine, in every Python process that finds this file on PYTHONPATH when it starts.

Whoever tries is written to the file NETWORK_LOG, because libraries swallow the refusal.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

LOOPBACK = ("127.", "::1", "localhost")


def refuse(what: object) -> NoReturn:
    with Path(os.environ["NETWORK_LOG"]).open("a", encoding="utf-8") as log:
        log.write(f"{what}\n")
    raise ConnectionRefusedError(f"this process has no network, but asked for {what}")


def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
    def connect(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            refuse(address)
        return real(self, address)

    return connect


def look_up(host: Any, *rest: Any, **options: Any) -> Any:
    if host and not str(host).startswith(LOOPBACK):
        refuse(host)
    return real_look_up(host, *rest, **options)


real_look_up = socket.getaddrinfo
socket.getaddrinfo = look_up  # type: ignore[assignment]
socket.socket.connect = guarded(socket.socket.connect)  # type: ignore[method-assign]
socket.socket.connect_ex = guarded(socket.socket.connect_ex)  # type: ignore[method-assign]
