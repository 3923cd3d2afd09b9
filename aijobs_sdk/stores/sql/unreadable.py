"""Rows that are there and cannot be read: each is named, and keeps nobody from the others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar

from pydantic_core import from_json
from sqlalchemy import Connection, RowMapping, update

from aijobs_sdk.contract.errors import UnreadableRecordError
from aijobs_sdk.stores.sql import schema

log = logging.getLogger("aijobs.store")

T = TypeVar("T")
Columns = RowMapping | Mapping[str, Any]
"""The values of a row, by the names of its columns."""
AGAIN_AFTER = timedelta(hours=1)
"""So long what a worker cannot read is out of its way: somebody may mend it meanwhile, or install a newer version."""
_JSON = ("payload", "result", "error", "errors", "data", "metadata", "configuration", "settings", "standing", "holder")
_jobs = schema.jobs.c


def of_job(id_column: str) -> Callable[[Callable[[Columns], T]], Callable[[Columns], T]]:
    """Let what makes a fact of a row say which job's it is, where the row cannot be read; this column tells.

    It raises an UnreadableRecordError then.
    """

    def naming_it(make: Callable[[Columns], T]) -> Callable[[Columns], T]:
        @wraps(make)
        def made(row: Columns) -> T:
            try:
                return make(row)
            except (ValueError, LookupError, TypeError):
                job_id = row[id_column]
                # Without the cause: its words may show the payload.
                raise UnreadableRecordError(f"Job {job_id}", problem_of(row), job_id=job_id) from None

        return made

    return naming_it


def problem_of(row: Columns) -> str:
    """Return what is wrong with a row, without any of its values."""
    for name in _JSON:
        value = row.get(name)
        try:
            if value is not None:
                from_json(value)
        except (ValueError, TypeError):
            return f"its `{name}` is no JSON"
    return "it has a value that this version does not know"


def readable(rows: Iterable[Columns], make: Callable[[Columns], T]) -> Iterator[T]:
    """Yield what can be read; the log names the rest."""
    for row in rows:
        try:
            yield make(row)
        except UnreadableRecordError as error:
            log.error("left out: %s", error.message)  # noqa: TRY400 - no line of code is at fault


def set_aside(connection: Connection, errors: Collection[UnreadableRecordError], now: datetime) -> None:
    """Let workers look at these jobs again in an hour: those that wait, and those that run and were lost."""
    for error in errors:
        log.error("no worker looks at it for an hour: %s", error.message)
    ids, until = [error.job_id for error in errors], now + AGAIN_AFTER
    theirs = update(schema.jobs).where(_jobs.id.in_(ids))
    connection.execute(theirs.where(_jobs.queue.is_not(None)).values(queue="later", run_at=until))
    connection.execute(theirs.where(schema.RUNNING).values(lease_until=until, overdue_at=until))
