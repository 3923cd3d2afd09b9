"""How jobs that ended long ago are found and deleted; those of a batch stay as long as it does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, delete, select, tuple_

from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.ages import keep_newest_age

_jobs, _keys = schema.jobs.c, schema.idempotency_keys.c


def delete_old_jobs(
    connection: Connection, finished_before: datetime, *, keys_count_since: datetime, limit: int
) -> int:
    """Delete some jobs that ended before, with logs and keys; return how many there were."""
    keyless = _jobs.idempotency_key.is_(None) | (_jobs.completed_at <= keys_count_since)
    old = (_jobs.completed_at < finished_before) & keyless
    ids = _alone(connection, old, limit) or _of_batches_that_are_gone(connection, old, limit)
    if ids:
        keep_newest_age(connection)
        _delete(connection, ids)
    return len(ids)


def _delete(connection: Connection, ids: Sequence[UUID]) -> None:
    # By what the table is sorted by: to find the keys of some jobs by these alone, all that there are would be read.
    theirs = select(_jobs.tenant_id, _jobs.idempotency_key).where(_jobs.id.in_(ids), _jobs.idempotency_key.is_not(None))
    connection.execute(
        delete(schema.idempotency_keys).where(tuple_(_keys.tenant_id, _keys.key).in_(theirs), _keys.job_id.in_(ids))
    )
    connection.execute(delete(schema.events).where(schema.events.c.job_id.in_(ids)))
    connection.execute(delete(schema.jobs).where(_jobs.id.in_(ids)))


def _alone(connection: Connection, old: ColumnElement[bool], limit: int) -> Sequence[UUID]:
    return _taken(connection, select(_jobs.id).where(schema.ENDED_ALONE, old), limit)


def _of_batches_that_are_gone(connection: Connection, old: ColumnElement[bool], limit: int) -> Sequence[UUID]:
    """Return old jobs that came to name a batch as it was deleted, or one that never was."""
    there = select(schema.batches.c.id)
    gone = select(_jobs.batch_id).distinct().where(schema.OF_A_BATCH, _jobs.batch_id.not_in(there))
    return _taken(connection, select(_jobs.id).where(schema.OF_A_BATCH, _jobs.batch_id.in_(gone), old), limit)


def _taken(connection: Connection, theirs: Select[UUID], limit: int) -> Sequence[UUID]:
    # What another deletes at this moment is its own to count.
    return connection.execute(theirs.limit(limit).with_for_update(skip_locked=True)).scalars().all()
