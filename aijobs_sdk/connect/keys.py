"""API keys of the server over a database: made, listed and revoked where the database is, not over HTTP."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import SecretStr

from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.connect.there import existing
from aijobs_sdk.connect.wiring import DATABASES, open_store
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.key_store import KeyStore
from aijobs_sdk.contract.keys import ApiKey, Scope
from aijobs_sdk.contract.plain_text import is_plain
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.server.api_keys import new_key, read_key

T = TypeVar("T")
LONGEST_NAME = 100


def create_key(
    url: str | None = None,
    *,
    name: str,
    tenant_id: UUID | None = None,
    user_id: UUID | None = None,
    scopes: Collection[Scope],
    expires_in: timedelta | None = None,
) -> tuple[ApiKey, SecretStr]:
    """Make a key, and keep its record; return both. Tenant and user are those of the settings unless they are named.

    Raises:
        ConfigurationError: there is no database there to keep keys in.
        InvalidRequestError: an argument cannot be used; it is named.
    """
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise bad_argument("name", f"must be 1 to {LONGEST_NAME} characters, in one line")
    settings = Settings.read(os.environ, url=url, tenant_id=tenant_id, user_id=user_id)

    async def create(store: KeyStore, clock: Clock) -> tuple[ApiKey, SecretStr]:
        now = clock.now()
        try:
            expires_at = None if expires_in is None else now + expires_in
        except OverflowError:
            raise bad_argument("expires", "is past the end of the calendar") from None
        caller = settings.caller
        key, secret = new_key(
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            name=name,
            scopes=scopes,
            now=now,
            expires_at=expires_at,
        )
        await store.put_key(key)
        return key, secret

    return _with_keys(settings, create)


def list_keys(url: str | None = None, *, tenant_id: UUID | None = None) -> Sequence[ApiKey]:
    """Return the keys of a tenant, or of all, oldest first.

    Raises:
        ConfigurationError: there is no database there that keeps keys.
    """

    async def find(store: KeyStore, _: Clock) -> Sequence[ApiKey]:
        return await store.keys(tenant_id)

    return _with_keys(Settings.read(os.environ, url=existing(url)), find)


def revoke_key(key_id: str, url: str | None = None) -> str | None:
    """Let a key count no more; return its id, or None where there is no such key, or it was revoked before.

    The whole key will do as well as its id: it is what is at hand where a key has leaked.

    Raises:
        ConfigurationError: there is no database there that keeps keys.
    """
    whole = read_key(key_id)
    meant = key_id if whole is None else whole.key_id

    async def revoke(store: KeyStore, clock: Clock) -> str | None:
        return meant if is_plain(meant) and await store.revoke_key(meant, at=clock.now()) else None

    return _with_keys(Settings.read(os.environ, url=existing(url)), revoke)


def _with_keys(settings: Settings, do: Callable[[KeyStore, Clock], Awaitable[T]]) -> T:
    if urlsplit(settings.url).scheme not in DATABASES:
        raise ConfigurationError(
            "Keys are kept in the database of a server: `memory://` forgets them at once, and over HTTP none are made. "
            "Say which database, by --url or AIJOBS_URL, such as `sqlite:///jobs.db`."
        )
    return asyncio.run(_opened(settings.url, do))


async def _opened(url: str, do: Callable[[KeyStore, Clock], Awaitable[T]]) -> T:
    clock = SystemClock()
    store = open_store(url, clock, shared=True)
    try:
        return await do(store, clock)
    finally:
        await store.aclose()
