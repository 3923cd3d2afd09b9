"""What can be read: each question is one query, answered from one state of the database."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Select, exists, func, select

from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import IdPage, Job, JobPage, JobQuery, JobState
from aijobs_sdk.contract.records import DeadLetter, DeadLetterQuery, Document, Image, LineageEvent, UsageRow
from aijobs_sdk.contract.store import Accepts
from aijobs_sdk.stores import pages
from aijobs_sdk.stores.admission import Bucket
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.ages import newest_age
from aijobs_sdk.stores.sql.rows import dead_letter_of_row, effect_of_row, event_of_row, job_of_row
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.sessions import session_on
from aijobs_sdk.stores.sql.statements import Statement, one_of
from aijobs_sdk.stores.sql.unreadable import readable

MOST_IDS = 10_000
"""In one query: SQLite takes 32,766 values, PostgreSQL 65,535."""
MOST_HELD = 4096
"""Jobs in hand that are named in one query, twice: of the others the next end is looked at in vain, and seldom."""
LARGEST_SEQ = 2**31 - 1
"""That the column has room for."""
_jobs, _events, _letters = schema.jobs.c, schema.events.c, schema.dead_letters.c
_NO_TYPE, _NO_JOB = "", UUID(int=0)
"""What a list holds that would be empty."""


def _next(types: int, held: int) -> Select[Any]:
    not_held = _jobs.id.not_in(one_of(_jobs.id, "held", held))
    return select(
        exists().where(schema.DUE, _jobs.type.in_(one_of(_jobs.type, "types", types))),
        select(func.min(_jobs.run_at)).where(schema.LATER).scalar_subquery(),
        select(func.min(_jobs.lease_until)).where(schema.RUNNING, not_held).scalar_subquery(),
        select(func.min(_jobs.overdue_at)).where(schema.RUNNING, not_held).scalar_subquery(),
    )


_NEXT = Statement(_next)
"""One statement, because idle workers ask it all the time: whether a job is due, and the next instants of each kind."""


def job(connection: Connection, tenant_id: UUID, job_id: UUID) -> Job | None:
    """Return a job of a tenant."""
    wanted = select(schema.jobs).where(_jobs.id == job_id, _jobs.tenant_id == tenant_id)
    row = connection.execute(wanted).mappings().one_or_none()
    return None if row is None else job_of_row(row)


def page(connection: Connection, tenant_id: UUID, query: JobQuery, before: int | None) -> JobPage:
    """Return one page of a tenant's jobs that are older than one, newest first."""
    shown, next_cursor = _page(connection, select(schema.jobs), tenant_id, query, before)
    return JobPage(jobs=tuple(readable(shown, job_of_row)), next_cursor=next_cursor)


def id_page(connection: Connection, tenant_id: UUID, query: JobQuery, before: int | None) -> IdPage:
    """Return the ids of that page."""
    shown, next_cursor = _page(connection, select(_jobs.id, _jobs.ordinal), tenant_id, query, before)
    return IdPage(ids=tuple(row["id"] for row in shown), next_cursor=next_cursor)


def _page(
    connection: Connection, rows: Select[Any], tenant_id: UUID, query: JobQuery, before: int | None
) -> tuple[Sequence[RowMapping], str | None]:
    """Return the rows of a page, and where the next one starts."""
    rows = rows.where(_jobs.tenant_id == tenant_id).order_by(_jobs.ordinal.desc())
    if before is not None:
        rows = rows.where(_jobs.ordinal < before)
    if query.status is not None:
        rows = rows.where(_jobs.state.in_([state.value for state in JobState if state.status is query.status]))
    if query.type is not None:
        rows = rows.where(_jobs.type == query.type)
    if query.document_id is not None:
        rows = rows.where(_jobs.document_id == query.document_id)
    if query.batch_id is not None:
        rows = rows.where(_jobs.batch_id == query.batch_id)
    found = connection.execute(rows.limit(query.limit + 1)).mappings().all()
    shown = found[: query.limit]
    return shown, str(shown[-1]["ordinal"]) if len(found) > query.limit else None


def read_cursor(connection: Connection, cursor: str) -> int:
    """Return the age of the job that a page ended with; it may be gone, and with it all that were newer.

    Raises:
        InvalidRequestError: no page can have given this cursor.
    """
    return pages.read_cursor(cursor, newest=newest_age(connection))


def events(connection: Connection, tenant_id: UUID, job_id: UUID, after: int, limit: int) -> list[JobEvent] | None:
    """Return part of a job's log; None where the tenant has no such job."""
    if connection.execute(select(_jobs.tenant_id).where(_jobs.id == job_id)).scalar() != tenant_id:
        return None
    known = max(0, min(int(after), LARGEST_SEQ))  # no driver takes a number that the column has no room for
    wanted = select(schema.events).where(_events.job_id == job_id, _events.seq > known)
    rows = connection.execute(wanted.order_by(_events.seq).limit(limit)).mappings()
    return [event_of_row(row) for row in rows]


def last_seq(connection: Connection, job_id: UUID) -> int | None:
    """Return how long a job's log is; None where the job is gone."""
    return connection.execute(select(_jobs.last_seq).where(_jobs.id == job_id)).scalar()


def last_seqs(connection: Connection, job_ids: Collection[UUID]) -> Mapping[UUID, int]:
    """Return how long these jobs' logs are; those that are gone have none."""
    found: dict[UUID, int] = {}
    for some in in_parts(job_ids):
        rows = connection.execute(select(_jobs.id, _jobs.last_seq).where(_jobs.id.in_(some)))
        found |= dict(rows.all())
    return found


def ended(connection: Connection, job_ids: Collection[UUID]) -> Sequence[UUID]:
    """Return those of these jobs that are over: some may be gone, as another process may have purged them already."""
    unfinished, under_way = _jobs.completed_at.is_(None), set[UUID]()
    for some in in_parts(job_ids):
        under_way |= set(connection.execute(select(_jobs.id).where(_jobs.id.in_(some), unfinished)).scalars())
    return [job_id for job_id in job_ids if job_id not in under_way]


def in_parts(job_ids: Collection[UUID]) -> Iterator[Sequence[UUID]]:
    """Yield these ids, so many at a time as one query may ask for."""
    asked = list(job_ids)
    return (asked[start : start + MOST_IDS] for start in range(0, len(asked), MOST_IDS))


class Work(NamedTuple):
    """What a worker can do next."""

    seconds: float | None
    """How long until then: 0 for now, None for never as things stand."""
    is_claimable: bool
    """Whether it is to claim a job, rather than to see to one that was lost."""


def next_work(connection: Connection, now: datetime, accepts: Accepts, held: Collection[UUID]) -> Work:
    """Return what there is to do next with jobs of these types, but for those that the one who asks has in hand."""
    session = session_on(connection)
    lists: Mapping[str, Sequence[object]] = {
        "types": list(open_types(session, accepts)) or [_NO_TYPE],
        "held": list(held) or [_NO_JOB],
    }
    [(due, run_at, *ends)] = _NEXT.read(session, lists)
    if due or (run_at is not None and run_at <= now):
        return Work(0.0, is_claimable=True)
    instants = [instant for instant in (run_at, *ends) if instant is not None]
    seconds = max(0.0, (min(instants) - now).total_seconds()) if instants else None
    return Work(seconds, is_claimable=False)


def open_types(session: Session, accepts: Accepts) -> Mapping[str, int]:
    """Return of which types more jobs may start, and how many."""
    capped = {name: most for name, most in accepts.items() if most is not None}
    room = dict.fromkeys(accepts, sys.maxsize) | capped
    if capped:
        running = select(_jobs.type, func.count()).where(schema.RUNNING, _jobs.type.in_(capped)).group_by(_jobs.type)
        for name, count in session.connection.execute(running):
            room[name] -= count
    return {name: more for name, more in room.items() if more > 0}


def active_jobs(connection: Connection, tenant_id: UUID) -> int:
    """Return how many unfinished jobs a tenant has."""
    theirs = select(func.count()).where(schema.UNFINISHED, _jobs.tenant_id == tenant_id)
    return connection.execute(theirs.select_from(schema.jobs)).scalar_one()


def full_at(connection: Connection, bucket: Bucket) -> datetime | None:
    """Return when a tenant may submit a whole burst of a type again, None where it never submitted any."""
    tenant_id, job_type = bucket
    rates = schema.rate_limits.c
    return connection.execute(
        select(rates.full_at).where(rates.tenant_id == tenant_id, rates.type == job_type)
    ).scalar()


def document(connection: Connection, tenant_id: UUID, document_id: UUID) -> Document | None:
    """Return a document."""
    table = schema.documents
    wanted = select(table).where(table.c.id == document_id, table.c.tenant_id == tenant_id)
    row = connection.execute(wanted).mappings().one_or_none()
    return None if row is None else effect_of_row(Document, row)


def lineage(connection: Connection, tenant_id: UUID, document_id: UUID) -> Sequence[LineageEvent]:
    """Return a document's history, oldest first."""
    table = schema.lineage
    wanted = select(table).where(table.c.document_id == document_id, table.c.tenant_id == tenant_id)
    rows = connection.execute(wanted.order_by(table.c.ordinal)).mappings()
    return [effect_of_row(LineageEvent, row) for row in rows]


class UsageSpan(NamedTuple):
    """Which usage is asked for."""

    since: datetime
    until: datetime
    after: UUID | None
    """Of the instant `since`, only rows beyond this id."""
    limit: int | None


def usage(connection: Connection, tenant_id: UUID, span: UsageSpan) -> Sequence[UsageRow]:
    """Return usage in a span of time, oldest first."""
    table = schema.query_usage
    within = (table.c.created_at >= span.since) & (table.c.created_at < span.until)
    wanted = select(table).where(table.c.tenant_id == tenant_id, within)
    if span.after is not None:
        wanted = wanted.where((table.c.created_at > span.since) | (table.c.id > span.after))
    rows = connection.execute(wanted.order_by(table.c.created_at, table.c.id).limit(span.limit)).mappings()
    return [effect_of_row(UsageRow, row) for row in rows]


def images(connection: Connection, tenant_id: UUID, job_id: UUID) -> Sequence[Image]:
    """Return the pictures that a job made, in their order."""
    table = schema.images
    wanted = select(table).where(table.c.job_id == job_id, table.c.tenant_id == tenant_id)
    rows = connection.execute(wanted.order_by(table.c.ordinal)).mappings()
    return [effect_of_row(Image, row) for row in rows]


def dead_letter(connection: Connection, tenant_id: UUID, job_id: UUID) -> DeadLetter | None:
    """Return what a failed job left behind."""
    wanted = select(schema.dead_letters).where(_letters.job_id == job_id, _letters.tenant_id == tenant_id)
    row = connection.execute(wanted).mappings().one_or_none()
    return None if row is None else dead_letter_of_row(row)


def dead_letters(connection: Connection, tenant_id: UUID, query: DeadLetterQuery) -> Sequence[DeadLetter]:
    """Return one page of dead letters, newest first."""
    wanted = select(schema.dead_letters).where(_letters.tenant_id == tenant_id)
    for name in ("category", "type", "provider", "region"):
        if (value := getattr(query, name)) is not None:
            wanted = wanted.where(_letters[name] == value)
    if query.replayed is not None:
        wanted = wanted.where(_letters.replayed_as.is_not(None) if query.replayed else _letters.replayed_as.is_(None))
    newest_first = wanted.order_by(_letters.failed_at.desc(), _letters.job_id)
    rows = connection.execute(newest_first.limit(query.limit).offset(query.offset)).mappings()
    return list(readable(rows, dead_letter_of_row))
