"""What a PostgreSQL client sees of a pooler: a process id of its own. It pools nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_KEY_DATA = b"K\x00\x00\x00\x0c"
"""Begins the message by which a server tells its process id, once in the life of a connection."""
_OWN_ID = b"\x00\x00\x00\x07"


@contextmanager
def pooled(url: str) -> Iterator[str]:
    """Lend an address that leads to the same database through something that passes for a pooler."""
    address = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_accept, args=(listening, (address.hostname, address.port)), daemon=True).start()
        yield url.replace(f":{address.port}/", f":{listening.getsockname()[1]}/")


def _accept(listening: socket.socket, server: tuple[str, int]) -> None:
    with suppress(OSError):  # it was closed
        while True:
            client, _ = listening.accept()
            beyond = socket.create_connection(server)
            threading.Thread(target=_pass_on, args=(client, beyond), daemon=True).start()
            threading.Thread(target=_pass_on, args=(beyond, client), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError), target:
        while data := source.recv(65_536):
            before, key_data, after = data.partition(_KEY_DATA)
            target.sendall(before + key_data + (_OWN_ID + after[4:] if key_data else after))
