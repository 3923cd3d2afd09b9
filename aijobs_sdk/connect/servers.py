"""From an address of a job API to the backend behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import SecretStr

from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.refusal import bad_argument, check_kind
from aijobs_sdk.contract.shapes import shape_of

if TYPE_CHECKING:
    from aijobs_sdk.backends.http.hooks import HttpHooks
    from aijobs_sdk.backends.http.limits import HttpLimits
    from aijobs_sdk.simulation.mock import Mock

SCHEMES = frozenset({"http", "https"})


def is_server(url: str) -> bool:
    """Whether jobs at this address run in somebody else's process, which is asked over HTTP."""
    return urlsplit(url).scheme in SCHEMES


def read_api_key(environment: Mapping[str, str], api_key: str | SecretStr | None) -> SecretStr | None:
    """Return the key to show to a server; what is said in the call comes before AIJOBS_API_KEY.

    Raises:
        InvalidRequestError: what was said is no key.
    """
    if api_key is None:
        value = environment.get("AIJOBS_API_KEY", "").strip()
        return SecretStr(value) if value else None
    secret = api_key if isinstance(api_key, SecretStr) else SecretStr(api_key) if isinstance(api_key, str) else None
    if secret is None or not secret.get_secret_value().strip():
        problem = f"should be a key, such as `aijobs keys create` prints, got {shape_of(api_key)}"
        raise bad_argument("api_key", problem)
    return secret


def open_server(
    settings: Settings,
    api_key: SecretStr | None,
    *,
    limits: HttpLimits | None = None,
    hooks: HttpHooks | None = None,
    simulated: Mock | None = None,
) -> Backend:
    """Return the backend that asks the server at the address.

    Raises:
        InvalidRequestError: the limits or the hooks are none.
        ConfigurationError: it is no address of a server, the key cannot be sent, or a simulated world is to be lived in
            here.
    """
    if simulated is not None:
        raise ConfigurationError(
            "A server has a world and a time of its own: script it there, by its /_sim routes, or leave the URL out "
            "inside `aijobs.mock()`."
        )
    # `memory://` need not load httpx.
    from aijobs_sdk.backends.http.backend import HttpBackend  # noqa: PLC0415
    from aijobs_sdk.backends.http.hooks import HttpHooks  # noqa: PLC0415
    from aijobs_sdk.backends.http.limits import HttpLimits  # noqa: PLC0415

    check_kind("http_limits", limits, HttpLimits, "`aijobs.HttpLimits(...)`")
    check_kind("http_hooks", hooks, HttpHooks, "`aijobs.HttpHooks(...)`")
    return HttpBackend(
        settings.url,
        api_key=api_key,
        user_id=settings.named_user,
        limits=limits or HttpLimits(),
        hooks=hooks or HttpHooks(),
    )


def refuse_what_a_server_decides(given: Mapping[str, object]) -> None:
    """Return when none of these arguments was given.

    Raises:
        InvalidRequestError: one was, and would be without effect; it is named.
    """
    for name, value in given.items():
        if value:
            problem = "is for the server to decide: leave it out"
            raise bad_argument(name, problem)
