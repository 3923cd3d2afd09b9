"""The server that the application runs in: uvicorn, taught to let a connection break where the simulation says so."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from aijobs_sdk.server.serving import KEEP_ALIVE_SECONDS, GuardedProtocol, serving_from_thread
from aijobs_sdk.simulation.mock import Mock
from mock_server.app import MockApp
from mock_server.stage import ABORT

GRACE_SECONDS = 1
"""How long requests under way may take when the server stops."""


class BreakableProtocol(GuardedProtocol):
    """Gives the application a way to break the connection, as a network does: without a word."""

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: self._abort}  # type: ignore[dict-item]  # ours is a function

    def _abort(self) -> None:
        self.transport.abort()


class MockServer(uvicorn.Server):
    """Clears the stage before it waits for requests to end."""

    def __init__(self, app: MockApp, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, and let those under way end."""
        self._app.clear_stage()
        await super().shutdown(sockets)


def new_server(app: MockApp, *, host: str, port: int) -> MockServer:
    """Return a server that is not running yet."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=BreakableProtocol,
        ws="none",
        loop=app.time.loop,
        lifespan="on",
        log_config=None,  # how logs are shown is for the program to say
        access_log=False,
        date_header=True,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return MockServer(app, config)


@contextmanager
def running(new_world: Callable[[], Mock], *, port: int = 0, keys_required: bool = True) -> Iterator[str]:
    """Serve such worlds, one after each reset, from a thread of this process; yield the address."""
    with running_app(MockApp(new_world, keys_required=keys_required), port=port) as url:
        yield url


@contextmanager
def running_app(app: MockApp, *, port: int = 0) -> Iterator[str]:
    """Serve on 127.0.0.1 from a thread of this process while the block runs; yield the address."""
    with serving_from_thread(new_server(app, host="127.0.0.1", port=port), port=port) as url:
        yield url
