"""Whether a request was made on this machine, and for it: as far as the request shows it."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

_HOST = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", re.IGNORECASE)
_OF_PROXIES = frozenset({"forwarded", "via", "x-real-ip", "cf-connecting-ip", "true-client-ip"})
_OF_PROXIES_TOO = "x-forwarded-"


def is_of_this_machine(request: Request) -> bool:
    """Return whether a request was made here, and for here.

    A proxy on this machine passes on what others sent, and a page in a browser on it may reach us by a name of its
    own that leads here, or ask for us by ours: none of them is a caller of this machine. HTTP/1.0 is what proxies
    speak that say nothing else.
    """
    return (
        request.client is not None
        and _is_loopback(request.client.host)
        and request.scope.get("http_version") != "1.0"
        and _asks_for_this_machine(request.headers)
        and not any(name in _OF_PROXIES or name.startswith(_OF_PROXIES_TOO) for name in request.headers)
        and all(_is_loopback(_host_of(origin)) for origin in request.headers.getlist("origin"))
    )


def _asks_for_this_machine(headers: Headers) -> bool:
    match headers.getlist("host"):
        case [host] if (named := _HOST.fullmatch(host)) is not None:
            return _is_loopback(named[1])
        case _:
            return False


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
