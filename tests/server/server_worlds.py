"""Worlds to be served, and keys to ask them by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import UnreadableRecordError
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.keys import ApiKey, Scope
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.ai_generation import ai_generation
from aijobs_sdk.jobtypes.blocks.job_types import block_job_types
from aijobs_sdk.jobtypes.test_job import test_job as do_as_told
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.server.api_keys import new_key
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.stores.memory import MemoryStore

OURS = Caller(tenant_id=UUID(int=1), user_id=UUID(int=10))
THEIRS = Caller(tenant_id=UUID(int=2), user_id=UUID(int=20))
NOBODYS = UUID(int=99)


def new_backend(clock: Clock, kind: type[LocalBackend] = LocalBackend) -> LocalBackend:
    """Return a backend in memory, with simulated providers."""
    models = ModelTable.load()
    simulation = Simulation(seed=1, profile="instant")
    names = {route.provider for model in models for route in model.routes}
    world = World(
        store=MemoryStore(clock),
        providers={name: SimulatedProvider(name, simulation, clock) for name in names},
        clock=clock,
        chance=Chance(1),
        limits=Limits(),
    )
    types = JobTypes([ai_generation(models), *block_job_types(models), do_as_told])
    return kind(world=world, types=types, caller=OURS)


class KeyRing:
    """Keys that were made for a test, found as in a store."""

    def __init__(self) -> None:
        self.kept: dict[str, ApiKey] = {}
        self.damaged: set[str] = set()

    async def key(self, key_id: str) -> ApiKey | None:
        if key_id in self.damaged:
            raise UnreadableRecordError(f"API key {key_id}", "it has a value that this version does not know")
        return self.kept.get(key_id)

    def cut(self, caller: Caller, *scopes: Scope, expires_at: datetime | None = None) -> str:
        """Return the text of a new key, for everything where no scope is named."""
        key, secret = new_key(
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            name="test",
            scopes=scopes or tuple(Scope),
            now=datetime(2026, 1, 1, tzinfo=UTC),
            expires_at=expires_at,
        )
        self.kept[key.id] = key
        return secret.get_secret_value()


def bearer(key: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {key}"}


def a_test_job(**payload: Any) -> dict[str, Any]:
    return {"type": "test_job", "payload": payload}
