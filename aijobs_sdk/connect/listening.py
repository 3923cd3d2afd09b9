"""A server's place among others: the socket it takes callers in by, and the signals that end it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import uvicorn

from aijobs_sdk.connect.stop_bell import STOP_SIGNALS
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.server.serving import open_listener


def listen(host: str, port: int) -> socket.socket:
    """Return a socket at which callers wait until they are served; with port 0 at one that is free.

    Raises:
        ConfigurationError: somebody else listens there, or this machine has no such address.
    """
    if not host:
        raise ConfigurationError(
            "No host is named: say --host 127.0.0.1 for this machine, or 0.0.0.0 for all who can reach it."
        )
    try:
        host.encode("idna")  # what a socket does as well, with an error of another kind
        return open_listener(host, port)
    except UnicodeError:
        raise ConfigurationError(
            f"Cannot listen at {_address(host, port)}: no host can be called so. Choose another --host."
        ) from None
    except OSError as error:
        # A name that leads nowhere has a number of its own kind, below zero.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise ConfigurationError(
            f"Cannot listen at {_address(host, port)}: {reason}. Choose another --port or --host."
        ) from None


def url_of(listener: socket.socket) -> str:
    """Return how callers of this machine find it."""
    host, port, *_ = listener.getsockname()
    address = ip_address(host)
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004 - of the Internet Protocol
    return f"http://{_address(host, port)}"


def serve_until_told(server: uvicorn.Server, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM, and return when requests under way have ended; a second SIGINT does not wait.

    Call it from the main thread.
    """
    with _signals_end(server):
        server.run(sockets=[listener])


@contextmanager
def _signals_end(server: uvicorn.Server) -> Iterator[None]:
    # uvicorn takes them itself while it serves. Here they are taken before, and after, when it raises them once more.
    handlers_before = {one: signal.signal(one, server.handle_exit) for one in STOP_SIGNALS}
    try:
        yield
    finally:
        for one, handler in handlers_before.items():
            signal.signal(one, handler)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
