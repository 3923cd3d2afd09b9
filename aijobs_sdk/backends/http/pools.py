"""The connections to one server, of one event loop."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import httpx

from aijobs_sdk.backends.http.address import Address
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.contract.errors import ConfigurationError

OpenTransport = Callable[[], httpx.AsyncBaseTransport]
"""Opens what lies between us and the server, in the place of real connections."""

IDLE_SECONDS = 4.0
"""How long a connection that nobody uses is kept: servers commonly close theirs after 5, without a word."""


def open_pool(address: Address, limits: HttpLimits, open_transport: OpenTransport | None) -> httpx.AsyncClient:
    """Return a client for the running loop; proxies that the environment names are used, but never on this machine.

    Raises:
        ConfigurationError: a proxy, or a file of certificates, that the environment names cannot be used.
    """
    most = limits.max_calls + limits.max_streams
    verify = _authorities() if address.is_secure else False  # certificates take 30 ms to load
    try:
        return httpx.AsyncClient(
            base_url=address.url,
            headers=address.headers,
            verify=verify,
            trust_env=not address.is_loopback,
            follow_redirects=False,  # the key would go where nobody meant it to
            transport=None if open_transport is None else open_transport(),
            limits=httpx.Limits(max_connections=most, max_keepalive_connections=most, keepalive_expiry=IDLE_SECONDS),
            timeout=httpx.Timeout(limits.timeout_seconds, connect=limits.connect_seconds, pool=None),
        )
    except ImportError:
        raise ConfigurationError(
            "The environment names a SOCKS proxy (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY), which takes one more package: "
            "pip install 'httpx[socks]', or unset the variable."
        ) from None
    except (ValueError, httpx.InvalidURL):  # not told as it is: an address of a proxy may hold a password
        raise ConfigurationError(
            "A proxy that the environment names cannot be used: ALL_PROXY, HTTP_PROXY and HTTPS_PROXY hold "
            "`http://host:port`, NO_PROXY hosts separated by commas. Mend or unset them."
        ) from None


def _authorities() -> ssl.SSLContext:
    """Return who is trusted: whom SSL_CERT_FILE and SSL_CERT_DIR name, also on this machine, else the usual."""
    try:
        return httpx.create_ssl_context()
    except OSError:  # also those of OpenSSL
        raise ConfigurationError(
            "SSL_CERT_FILE or SSL_CERT_DIR names no certificates that can be read. Mend or unset it."
        ) from None
