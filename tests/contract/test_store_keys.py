"""API keys in every store: kept by id, listed by tenant, revoked once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.keys import ApiKey, Scope
from aijobs_sdk.contract.store import Store

pytestmark = pytest.mark.anyio

US, THEM = UUID(int=1), UUID(int=2)


def a_key(clock: Clock, key_id: str = "k1", *, minutes_old: float = 0, **fields: Any) -> ApiKey:
    key = {
        "id": key_id,
        "tenant_id": US,
        "user_id": UUID(int=10),
        "name": "Jürgen's laptop",
        "scopes": {Scope.READ, Scope.WRITE},
        "digest": "ab" * 32,
        "created_at": clock.now() - timedelta(minutes=minutes_old),
    }
    return ApiKey(**(key | fields))


async def test_a_key_reads_back_as_it_was_put(store: Store, clock: Clock) -> None:
    key = a_key(clock, expires_at=clock.now() + timedelta(days=90), revoked_at=clock.now())
    await store.put_key(key)
    assert await store.key("k1") == key


async def test_a_key_that_never_expires_reads_back_as_it_was_put(store: Store, clock: Clock) -> None:
    key = a_key(clock, scopes=set(Scope))
    await store.put_key(key)
    assert await store.key("k1") == key


async def test_there_is_no_key_of_an_unknown_id(store: Store, clock: Clock) -> None:
    await store.put_key(a_key(clock))
    assert await store.key("k2") is None


async def test_a_key_takes_the_place_of_one_of_the_same_id(store: Store, clock: Clock) -> None:
    await store.put_key(a_key(clock))
    changed = a_key(clock, name="other")
    await store.put_key(changed)
    assert await store.keys() == [changed]


async def test_keys_are_listed_oldest_first_of_all_tenants_or_of_one(store: Store, clock: Clock) -> None:
    await store.put_key(a_key(clock, "a", minutes_old=1))
    await store.put_key(a_key(clock, "b", minutes_old=2, tenant_id=THEM))
    await store.put_key(a_key(clock, "c", minutes_old=3))
    assert [key.id for key in await store.keys()] == ["c", "b", "a"]
    assert [key.id for key in await store.keys(US)] == ["c", "a"]


async def test_a_revoked_key_stays_and_says_when(store: Store, clock: Clock) -> None:
    await store.put_key(a_key(clock))
    await store.put_key(a_key(clock, "k2"))
    assert await store.revoke_key("k1", at=clock.now())
    assert [key.revoked_at for key in await store.keys()] == [clock.now(), None]


async def test_a_key_is_revoked_once(store: Store, clock: Clock) -> None:
    await store.put_key(a_key(clock))
    revoked_at = clock.now()
    assert await store.revoke_key("k1", at=revoked_at)
    assert not await store.revoke_key("k1", at=revoked_at + timedelta(days=1))
    assert (await store.keys())[0].revoked_at == revoked_at


async def test_a_key_that_is_not_there_cannot_be_revoked(store: Store, clock: Clock) -> None:
    assert not await store.revoke_key("k1", at=clock.now())
