"""The ages of jobs, which order them and are what cursors say: no job gets one that another had, though that be gone.

PostgreSQL numbers from a sequence, which never goes back. SQLite gives a new job the number after the largest that is
there: once the newest jobs are purged, a mark says from where to go on.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, select, text

from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.statements import Statement

_NEWEST = "newest job"
_newest_there = select(func.coalesce(func.max(schema.jobs.c.ordinal), 0)).scalar_subquery()
_mark = select(schema.marks.c.value).where(schema.marks.c.name == _NEWEST)
_KEEP = text(
    "INSERT INTO marks (name, value) VALUES (:name, :age) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE excluded.value > marks.value"
)


def _past_those_there() -> Select[Any]:
    return _mark.where(schema.marks.c.value > _newest_there)


_PAST_THOSE_THERE = Statement(_past_those_there)


def newest_age(connection: Connection) -> int:
    """Return the largest age that any job has had, 0 where there was none."""
    there, kept = connection.execute(select(_newest_there, _mark.scalar_subquery())).one()
    newest: int = max(there, kept or 0)
    return newest


def keep_newest_age(connection: Connection) -> None:
    """Remember it: jobs are about to be deleted."""
    connection.execute(_KEEP, {"name": _NEWEST, "age": newest_age(connection)})


def next_age(session: Session) -> int | None:
    """Return the age that the next job must be given; None where the database gives it by itself."""
    if session.dialect.name == "postgresql":
        return None
    for (newest,) in _PAST_THOSE_THERE.read(session):
        age: int = newest + 1
        return age
    return None
