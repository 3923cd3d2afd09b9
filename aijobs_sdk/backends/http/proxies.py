"""The proxy that leads to a server, where the environment names one: who cannot get through has to know of it."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from aijobs_sdk.backends.http.address import Address, shown_address


def proxy_to(address: Address) -> str | None:
    """Return the proxy to a server, as errors may name it: scheme, host and port; None where there is none."""
    if address.is_loopback or proxy_bypass(address.host):
        return None
    named = getproxies()  # which is where the pool has them from
    url = named.get("https" if address.is_secure else "http") or named.get("all")
    return None if url is None else shown_address(urlsplit(url if "://" in url else f"http://{url}"))
