"""The server that the application runs in: uvicorn, which waits for no caller for ever, nor for streams to end."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aijobs_sdk.server.open_streams import OpenStreams
from aijobs_sdk.server.site import Site

KEEP_ALIVE_SECONDS = 30
HEAD_SECONDS = 30.0
"""How long a caller may take to say what it wants."""
MOST_HEAD_BYTES = 65_536
TAKE_SECONDS = 60.0
"""How long a caller may take nothing of an answer that waits for it."""
STOP_SECONDS = 10
"""How long requests under way may take when the server stops."""


class GuardedProtocol(HttpToolsProtocol):
    """Closes on callers who take too long, or too many bytes, to say what they want, and who take no answer."""

    _head_bytes = 0
    _head_due: asyncio.TimerHandle | None = None
    _taking_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._head_is_here()
        self._is_taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to wait until what was written is taken."""
        super().pause_writing()
        self._expect_taking()

    def resume_writing(self) -> None:
        """Write more, as what was written is taken."""
        self._is_taken()
        super().resume_writing()

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self._head_bytes = 0
        self._expect_head()

    def on_url(self, url: bytes) -> None:
        """Read a part of the address."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read a header."""
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Know what is asked."""
        self._head_is_here()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, whatever else may come: the rest of a body that was refused, or empty lines."""
        super().on_response_complete()
        if self.cycle.response_complete and not self.transport.is_closing():
            self._expect_head()

    def _count(self, *parts: bytes) -> None:
        self._head_bytes += sum(map(len, parts))
        if self._head_bytes > MOST_HEAD_BYTES:
            raise ValueError("the head of the request is too long")  # the parser passes it on, uvicorn answers 400

    def _expect_head(self) -> None:
        self._head_is_here()
        self._head_due = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _expect_taking(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._taking_due = self.loop.call_later(TAKE_SECONDS, self._close_unless_less_than, waiting)

    def _close_unless_less_than(self, waiting: int) -> None:
        if self.transport.get_write_buffer_size() < waiting:
            self._expect_taking()
        else:
            self.transport.abort()  # to close it would be to wait until all is taken

    def _is_taken(self) -> None:
        if self._taking_due is not None:
            self._taking_due.cancel()
            self._taking_due = None

    def _head_is_here(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None


class Server(uvicorn.Server):
    """Ends the event streams before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, streams: OpenStreams) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, and let those under way end."""
        self._streams.end_all()
        await super().shutdown(sockets)


def new_server(
    app: FastAPI, *, host: str, port: int, protocol: type[HttpToolsProtocol] = GuardedProtocol
) -> uvicorn.Server:
    """Return a server that is not running yet, for what `create_app()` made, with routes of others' or without."""
    site = app.state.site
    assert isinstance(site, Site)  # noqa: S101 - `create_app` has put it there
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol,
        ws="none",
        log_config=None,  # how logs are shown is for the program to say
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return Server(config, site.streams)


def open_listener(host: str, port: int) -> socket.socket:
    """Return a socket at which callers wait until they are served; with port 0 at one that is free.

    Raises:
        OSError: somebody else listens there, or this machine has no such address.
    """
    listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    # asyncio does so with sockets of its own making only, and an answer in two parts waits 40 ms for its second.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextmanager
def serving(app: FastAPI, *, port: int = 0) -> Iterator[str]:
    """Serve on 127.0.0.1 from a thread of this process while the block runs; yield the address."""
    with serving_from_thread(new_server(app, host="127.0.0.1", port=port), port=port) as url:
        yield url


@contextmanager
def serving_from_thread(server: uvicorn.Server, *, port: int) -> Iterator[str]:
    """Let a server work in a thread while the block runs; yield its address on this machine."""
    listener = open_listener("127.0.0.1", port)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="aijobs-server", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(STOP_SECONDS + 1)
