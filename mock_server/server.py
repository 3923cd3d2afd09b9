"""The server that the application runs in: uvicorn, taught to let a connection break where the simulation says so."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aijobs_sdk.simulation.mock import Mock
from mock_server.app import ABORT, MockApp

STOP_SECONDS = 10.0
"""How long the thread may take to end."""


class BreakableProtocol(HttpToolsProtocol):
    """Gives the application a way to break the connection, as a network does: without a word."""

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: self._abort}  # type: ignore[dict-item]  # ours is a function

    def _abort(self) -> None:
        self.transport.abort()


def new_server(new_world: Callable[[], Mock], *, host: str, port: int, keys_required: bool = True) -> uvicorn.Server:
    """Return a server that is not running yet."""
    config = uvicorn.Config(
        MockApp(new_world, keys_required=keys_required),
        host=host,
        port=port,
        http=BreakableProtocol,
        lifespan="off",
        access_log=False,
        log_level="warning",
        date_header=True,
        proxy_headers=False,
        server_header=False,
    )
    return uvicorn.Server(config)


@contextmanager
def running(new_world: Callable[[], Mock], *, port: int = 0, keys_required: bool = True) -> Iterator[str]:
    """Serve on 127.0.0.1 from a thread of this process while the block runs; yield the address."""
    listener = socket.create_server(("127.0.0.1", port))
    server = new_server(new_world, host="127.0.0.1", port=port, keys_required=keys_required)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="mock-server", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS)
