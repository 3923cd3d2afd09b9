"""What is in the database when all is over: read from its tables, because a query of ours could be wrong as well."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import Connection, func, select

from aijobs_sdk.contract.events import JobEvent, parse_event
from aijobs_sdk.contract.job import Job
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.rows import record_of_row

K = TypeVar("K")


class Evidence(NamedTuple):
    """What was answered, and what there is; the rest by the id of its job."""

    answers: Mapping[str, set[UUID]]
    """By idempotency key: every id that an answer to a submit named."""
    jobs: Sequence[Job]
    logs: Mapping[UUID, Sequence[JobEvent]]
    documents: Mapping[UUID, Sequence[UUID]]
    """The ids of the job's documents."""
    lineage: Mapping[UUID, Sequence[UUID]]
    """The ids of the documents that it tells of."""
    usage: Mapping[UUID, Sequence[UUID]]
    """The ids of the documents that were billed."""
    dead_letters: Sequence[UUID]


def read_evidence(database: Database, answers: Mapping[str, set[UUID]]) -> Evidence:
    """Return all of it, as it is now."""
    return database.read(_read, answers)


def unfinished(database: Database) -> int:
    """Return how many jobs have not ended."""
    return database.read(_unfinished)


def in_hand(database: Database) -> Mapping[int, Sequence[UUID]]:
    """Return which jobs each worker runs now, by its process id."""
    return database.read(_in_hand)


def _read(connection: Connection, answers: Mapping[str, set[UUID]]) -> Evidence:
    jobs, events = schema.jobs, schema.events
    documents, lineage, usage, letters = schema.documents, schema.lineage, schema.query_usage, schema.dead_letters
    logs: dict[UUID, list[JobEvent]] = defaultdict(list)
    for job_id, data in connection.execute(
        select(events.c.job_id, events.c.data).order_by(events.c.job_id, events.c.seq)
    ):
        logs[job_id].append(parse_event(json.loads(data)))
    billed = [json.loads(metadata) for metadata in connection.execute(select(usage.c.metadata)).scalars()]
    return Evidence(
        answers=answers,
        jobs=[record_of_row(row).job for row in connection.execute(select(jobs).order_by(jobs.c.ordinal)).mappings()],
        logs=logs,
        documents=_gathered(connection.execute(select(documents.c.job_id, documents.c.id))),
        lineage=_gathered(connection.execute(select(lineage.c.job_id, lineage.c.document_id))),
        usage=_gathered((UUID(row["job_id"]), UUID(row["document_id"])) for row in billed),
        dead_letters=connection.execute(select(letters.c.job_id)).scalars().all(),
    )


def _unfinished(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(schema.jobs).where(schema.UNFINISHED)).scalar_one()


def _in_hand(connection: Connection) -> Mapping[int, Sequence[UUID]]:
    running = connection.execute(select(schema.jobs.c.worker_id, schema.jobs.c.id).where(schema.RUNNING))
    # `worker-<process id>-<a draw>`, as `aijobs worker` calls itself
    return _gathered((int(worker_id.split("-")[1]), job_id) for worker_id, job_id in running)


def _gathered(rows: Iterable[tuple[K, UUID]]) -> dict[K, list[UUID]]:
    found: dict[K, list[UUID]] = defaultdict(list)
    for owner, one in rows:
        found[owner].append(one)
    return found
