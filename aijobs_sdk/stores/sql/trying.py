"""Finds out whether a database can be written to, by writing: what is read-only or full says so, and nothing grows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Update, select, update

from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.statements import Statement
from aijobs_sdk.stores.sql.unit_of_work import UnitOfWork

ROOM_BYTES = 65_536
"""For which a SQLite file must have room, or be able to get it."""
_marks = schema.marks.c
_TRIES = "tries"
# Looked for first: even to insert nothing, PostgreSQL waits for whoever changes the row that is there.
_BEGIN = f"""
INSERT INTO marks (name, value) SELECT '{_TRIES}', 0 WHERE NOT EXISTS (SELECT 1 FROM marks WHERE name = '{_TRIES}')
ON CONFLICT (name) DO NOTHING
"""  # noqa: S608 - our own words
_TAKE_ROOM = f"INSERT INTO marks (name, value) VALUES ('room', zeroblob({ROOM_BYTES}))"  # noqa: S608


def _count() -> Update:
    # Who finds it locked need not wait: somebody else is writing. A wait here could close a ring of waits.
    free = select(_marks.name).where(_marks.name == _TRIES).with_for_update(skip_locked=True)
    return update(schema.marks).where(_marks.name.in_(free)).values(value=_marks.value + 1)


_COUNT = Statement(_count)


class TryWriting(NamedTuple):
    """Count this try in a row of its own: a change that stays, of which there is never more than one."""

    def jobs(self) -> Sequence[UUID]:
        """Return the jobs it needs to read."""
        return ()

    def run(self, work: UnitOfWork) -> None:
        """Do it."""
        if work.session.dialect.name == "sqlite":
            _look_for_room(work.session)
        work.session.write(_BEGIN)
        _COUNT.write(work.session)
        work.session.send()


def _look_for_room(session: Session) -> None:
    """Take some, and give it back: a file that is full is refused more, though a row of it could still be changed."""
    session.write("SAVEPOINT room")
    session.write(_TAKE_ROOM)
    session.write("ROLLBACK TO room")
    session.write("RELEASE room")
