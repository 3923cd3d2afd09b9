"""Where stores keep their jobs: empty at first, and opened as often as a test likes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Protocol

import psycopg

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.store import Store
from aijobs_sdk.stores.memory import MemoryStore
from aijobs_sdk.stores.memory_jobs import AT_HAND
from aijobs_sdk.stores.sql.database import Database
from aijobs_sdk.stores.sql.migrate import migrate
from aijobs_sdk.stores.sql.schema import metadata
from aijobs_sdk.stores.sql.store import SqlStore

_EMPTY = "; ".join(f"DELETE FROM {table}" for table in metadata.tables)

SUPERUSER, ORDINARY = "postgres", "aijobs_app"
_MAKE_ROLE = f"""
DO $$ BEGIN CREATE ROLE {ORDINARY} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$
"""


class Place(Protocol):
    """One place, of one kind."""

    def open(self, clock: Clock, *, shared: bool = False) -> Store:
        """Return a store that finds what others left here; it hears of what they write from now on if it is shared."""
        ...


class InMemory:
    """This process, which forgets nothing while it lives."""

    def __init__(self, *, at_hand: int = AT_HAND) -> None:
        self._at_hand = at_hand
        self._store: MemoryStore | None = None

    def open(self, clock: Clock, *, shared: bool = False) -> Store:
        self._store = self._store or MemoryStore(clock, at_hand=self._at_hand)
        return self._store


class InDatabase:
    """A database with tables, but no rows."""

    def __init__(self, url: str) -> None:
        self._url = url

    def open(self, clock: Clock, *, shared: bool = False) -> Store:
        return SqlStore(self._url, clock, shared=shared)


def make_tables(url: str) -> None:
    """Prepare a database that `copy_of` or `emptied` is given."""
    database = Database(url)
    migrate(database)
    database.close()


def copy_of(template: Path, folder: Path) -> InDatabase:
    """Return a new SQLite file, copied from an empty one: making tables takes ten times as long."""
    path = folder / f"{len(list(folder.iterdir()))}.db"
    shutil.copy(template, path)
    return InDatabase(f"sqlite:///{path}")


def owned_by_an_ordinary_role(url: str) -> str:
    """Give a PostgreSQL database to a role without privileges, and return its address for that role.

    The suites are run so, because no policy holds the superuser that tests come as otherwise.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_MAKE_ROLE)
        connection.execute(f"ALTER DATABASE {connection.info.dbname} OWNER TO {ORDINARY}")
    return url.replace(f"//{SUPERUSER}@", f"//{ORDINARY}@")


def emptied(url: str) -> InDatabase:
    """Return a PostgreSQL database without its rows, in 7 ms: a new one takes 300."""
    with psycopg.connect(url.replace(f"//{ORDINARY}@", f"//{SUPERUSER}@")) as connection:
        connection.execute("SET session_replication_role = replica")  # lineage refuses to be deleted otherwise
        connection.execute(_EMPTY)
    return InDatabase(url)
