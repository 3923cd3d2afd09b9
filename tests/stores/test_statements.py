"""Many rows in one statement come to the database as they are, whatever of them is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine

from aijobs_sdk.stores.sql.column_types import Identifier, Instant
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.sessions import session_on
from aijobs_sdk.stores.sql.statements import inserting, updating

NAMES = ["number", "owner", "at", "text"]
THINGS = Table(
    "things",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("owner", Identifier),
    Column("at", Instant),
    Column("text", Text),
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def rows_of(count: int, *, every: int) -> list[list[Any]]:
    """Return rows of which one in so many has all its values, and each other no more than its number and a text."""
    whole = [[n, UUID(int=n), NOW + timedelta(seconds=n), f"text {n}"] for n in range(count)]
    return [row if n % every == every - 1 else [n, None, None, row[-1]] for n, row in enumerate(whole)]


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        THINGS.create(connection)
        yield session_on(connection)
    engine.dispose()


def kept(session: Session) -> list[tuple[Any, ...]]:
    found = session.connection.execute(THINGS.select().order_by(THINGS.c.number))
    return [tuple(row) for row in found]


COUNTS = pytest.mark.parametrize("count", [1, 3, 64, 150])
EVERY = pytest.mark.parametrize("every", [1, 2, 100, 1000])


@COUNTS
@EVERY
def test_rows_are_added_as_they_are(session: Session, count: int, every: int) -> None:
    rows = rows_of(count, every=every)
    inserting(THINGS, NAMES).write(session, rows)
    assert kept(session) == [tuple(row) for row in rows]


@COUNTS
@EVERY
def test_rows_are_changed_to_what_they_are_now(session: Session, count: int, every: int) -> None:
    inserting(THINGS, NAMES).write(session, rows_of(count, every=1))
    rows = rows_of(count, every=every)
    updating(THINGS, NAMES[1:], where=["number"]).write(session, ([*row[1:], row[0]] for row in rows))
    assert kept(session) == [tuple(row) for row in rows]
