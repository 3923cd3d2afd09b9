"""Where a vendor is reached, looked at before anybody is asked: libraries read odd addresses each in its way."""

from __future__ import annotations

from urllib.parse import urlsplit

import idna


def problem_of_address(url: str) -> str | None:
    """Return what is wrong with a vendor's address, to follow its name; None where it can be used.

    The address is not in it: it may hold a password.
    """
    if not _is_address(url):
        return "holds no address: write it as `https://proxy.example/v1`"
    if "@" in urlsplit(url).netloc:
        return "holds a user or a password, which cannot be sent beside a key: take them out"
    return None


def _is_address(url: str) -> bool:
    if not url.isprintable() or set(url) & set(" \\?#"):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and _is_host(parts.hostname or "") and parts.port != 0
    except ValueError:  # a bracket that is never closed, a port that is no number
        return False


def _is_host(name: str) -> bool:
    if name.isascii():
        return bool(name)
    try:
        return bool(idna.encode(name))
    except idna.IDNAError:
        return False
