"""The connections to one server, of one event loop."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from aijobs_sdk.backends.http.address import Address
from aijobs_sdk.backends.http.limits import HttpLimits

OpenTransport = Callable[[], httpx.AsyncBaseTransport]
"""Opens what lies between us and the server, in the place of real connections."""

IDLE_SECONDS = 4.0
"""How long a connection that nobody uses is kept: servers commonly close theirs after 5, without a word."""


def open_pool(address: Address, limits: HttpLimits, open_transport: OpenTransport | None) -> httpx.AsyncClient:
    """Return a client for the running loop; proxies that the environment names are used, but never on this machine."""
    most = limits.max_calls + limits.max_streams
    return httpx.AsyncClient(
        base_url=address.url,
        headers=address.headers,
        verify=address.is_secure,  # without encryption there is nothing to verify, and certificates take 30 ms to load
        trust_env=not address.is_loopback,
        follow_redirects=False,  # the key would go where nobody meant it to
        transport=None if open_transport is None else open_transport(),
        limits=httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=IDLE_SECONDS),
        timeout=httpx.Timeout(limits.timeout_seconds, connect=limits.connect_seconds, pool=None),
    )
