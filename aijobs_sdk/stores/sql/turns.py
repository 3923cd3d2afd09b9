"""The turns that the commands of one transaction take: each tenant's behind its own wall, then the engine's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from aijobs_sdk.stores.sql.batches import ChangeBatch, ClearAway, DeleteBatch, HoldBatch, OpenBatch, PutBatchRows
from aijobs_sdk.stores.sql.blocks import AddDocument
from aijobs_sdk.stores.sql.commands import (
    Cancel,
    Command,
    Create,
    PurgeDeadLetters,
)
from aijobs_sdk.stores.sql.keys import PutKey
from aijobs_sdk.stores.sql.schedules import DeleteSchedule, PutSchedule, RunSchedule
from aijobs_sdk.stores.sql.suggestions import DecideSuggestion


class Turn(NamedTuple):
    """Commands that may reach the same rows."""

    tenant_id: UUID | None
    """Whose rows; None: every tenant's."""
    places: Sequence[int]
    """Where these commands stand among all of the transaction."""


def turns(commands: Sequence[Command[Any]]) -> Iterator[Turn]:
    """Yield the turns, tenants in the order of their ids, so that no two processes wait for each other in a ring."""
    places: defaultdict[UUID | None, list[int]] = defaultdict(list)
    for place, command in enumerate(commands):
        places[_tenant_of(command)].append(place)
    for_all = places.pop(None, [])
    yield from (Turn(tenant_id, places[tenant_id]) for tenant_id in sorted(filter(None, places)))
    yield Turn(None, for_all)


def _tenant_of(command: object) -> UUID | None:
    """Return the one tenant on whose behalf a command was given, None for the engine's own and the operator's."""
    match command:
        case Cancel(tenant_id=tenant_id) | DeleteSchedule(tenant_id=tenant_id) | PurgeDeadLetters(tenant_id=tenant_id):
            return tenant_id
        case ChangeBatch() | HoldBatch() | PutBatchRows() | DeleteBatch() | ClearAway():
            return command.tenant_id
        case OpenBatch(new=batch):
            return batch.tenant_id
        case PutSchedule(schedule=schedule) | RunSchedule(schedule=schedule):
            return schedule.tenant_id
        case PutKey(key=key):
            return key.tenant_id
        case AddDocument(new=new_document):
            return new_document.document.tenant_id
        case DecideSuggestion(decision=decision):
            return decision.tenant_id
        case Create(new=new):
            tenants = {one.job.tenant_id for one in new}
            return tenants.pop() if len(tenants) == 1 else None
        case _:
            return None
