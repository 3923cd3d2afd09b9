"""Where a server is and how it is shown a key: checked before anybody is asked, and never shown with a secret."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import httpx
from pydantic import SecretStr

from aijobs_sdk.contract.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Address:
    """A server's base URL, without a trailing slash, and the key it is shown."""

    url: str = field(repr=False)
    shown: str
    """The address as errors and logs may name it: scheme, host and port."""
    host: str
    headers: dict[str, str] = field(repr=False)

    @property
    def is_secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.url.startswith("https:")

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, where no proxy leads."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name
            return False


def address_of(url: str, api_key: SecretStr | None = None) -> Address:
    """Return the address that a URL and a key name.

    Raises:
        ConfigurationError: the URL is none of a server, or the key cannot be sent; neither is shown.
    """
    parts = _parts(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError("This is no address of a server. Say `http://host:port` or `https://host`.")
    if parts.query or parts.fragment:
        raise ConfigurationError(
            "The address of a server has no `?` and no `#`. Say `https://host` or `https://host/path`."
        )
    if parts.password is not None or parts.username is not None:
        raise ConfigurationError("The address holds a user or a password. Leave them out, and set AIJOBS_API_KEY.")
    shown = shown_address(parts)
    return Address(url=shown + parts.path.rstrip("/"), shown=shown, host=parts.hostname, headers=_headers(api_key))


def shown_address(parts: SplitResult) -> str:
    """Return the part of an address that errors and logs may name: scheme, host and port.

    Raises:
        ValueError: its port is none.
    """
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if parts.port is None else f":{parts.port}")


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - one that is no number is told here
        httpx.URL(url).host  # noqa: B018 - a name that no name server could be asked for is told here
    except (ValueError, httpx.InvalidURL):
        raise ConfigurationError("This is no address of a server: its host or port cannot be read.") from None
    return parts


def _headers(api_key: SecretStr | None) -> dict[str, str]:
    if api_key is None:
        return {}
    if not _can_be_sent(api_key.get_secret_value()):  # no variable here holds it: a traceback may show them
        raise ConfigurationError(
            "The API key is empty, or holds a space, a line break or another character that no key has. Set "
            "AIJOBS_API_KEY to the key alone, as `aijobs keys create` showed it."
        )
    return {"Authorization": f"Bearer {api_key.get_secret_value()}"}


def _can_be_sent(key: str) -> bool:
    """Return whether nothing in it would break the header, or end it and begin another."""
    return key != "" and all("!" <= character <= "~" for character in key)
