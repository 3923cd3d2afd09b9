"""A guard at the door: while it stands there, nothing in this process reaches further than this machine."""

from __future__ import annotations

import ipaddress
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_GUARDED = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_ASKING_NAMES = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_lock = threading.Lock()
_guards = 0


@contextmanager
def offline() -> Iterator[None]:
    """Let every attempt inside to reach another machine, or to ask for its address or name, raise an error.

    A ConnectionRefusedError, before a packet leaves, in every thread, whichever library tries. It is Python's own audit
    hook that sees them: nothing is patched.
    """
    global _guards  # noqa: PLW0603 - the hook is the whole process's, too
    _install()
    with _lock:
        _guards += 1
    try:
        yield
    finally:
        with _lock:
            _guards -= 1


@cache
def _install() -> None:
    sys.addaudithook(_watch)  # it can never be taken away again, only told to look elsewhere


def _watch(event: str, given: tuple[object, ...]) -> None:
    if not _guards:
        return
    if event in _GUARDED and not _is_here(_host_of(given[1])):
        raise _refusal(_host_of(given[1]))
    if event == "socket.getnameinfo" and not _is_here(_host_of(given[0])):
        raise _refusal(_host_of(given[0]))
    if event in _ASKING_NAMES and not _is_here(given[0]):
        raise _refusal(given[0])


def _host_of(address: object) -> object:
    # A path is a socket of this machine; no address is that of an earlier connect.
    return address[0] if isinstance(address, tuple) and address else None


def _is_here(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("latin-1")
    if not isinstance(host, str) or host.lower() in {"", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return address.is_loopback or address.is_unspecified  # which a connection takes for this machine


def _refusal(host: object) -> ConnectionRefusedError:
    return ConnectionRefusedError(
        f"Mock mode is offline: nothing was sent to {host!r}. Ask for it outside of `aijobs.mock()`."
    )
