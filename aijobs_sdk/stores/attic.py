"""Where this process's memory puts away what it need not have at hand: a database in a file without a name."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from aijobs_sdk.contract.errors import StoreUnavailableError

_TABLES: Final = """
PRAGMA journal_mode = MEMORY;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16384;  -- KiB: all that it takes of memory

CREATE TABLE jobs (
    age INTEGER PRIMARY KEY, id BLOB UNIQUE, tenant BLOB, batch BLOB, document BLOB, type TEXT, status TEXT,
    key INTEGER, completed_at INTEGER
);
CREATE INDEX jobs_of_tenant ON jobs (tenant, age);
CREATE INDEX jobs_of_batch ON jobs (batch, age) WHERE batch IS NOT NULL;
CREATE INDEX jobs_under_key ON jobs (key) WHERE key IS NOT NULL;
CREATE INDEX jobs_by_end ON jobs (completed_at);
CREATE TABLE contents (age INTEGER PRIMARY KEY, record BLOB, log BLOB);
CREATE TRIGGER forget AFTER DELETE ON jobs BEGIN DELETE FROM contents WHERE age = old.age; END;

CREATE TABLE records (number INTEGER PRIMARY KEY, kind TEXT, owner BLOB, at INTEGER, id BLOB, contents BLOB);
CREATE INDEX records_of ON records (kind, owner, at);

CREATE TABLE batches (number INTEGER PRIMARY KEY, id BLOB UNIQUE, tenant BLOB, name TEXT, record BLOB);
CREATE UNIQUE INDEX batches_of_tenant ON batches (tenant, name);
CREATE TABLE batch_rows (batch BLOB, place INTEGER, row BLOB, PRIMARY KEY (batch, place)) WITHOUT ROWID;
"""

_of_parents: list[sqlite3.Connection] = []
"""What a forked child inherited. It is never closed there, as its file is the parent's."""


class Attic:
    """A private SQLite database that begins when something is put away, and ends with its process.

    A forked child begins with an empty one, as two processes cannot write to one file without a name: it has what
    was at hand, and what was put away before stays with the parent.
    """

    def __init__(self) -> None:
        self._connection: sqlite3.Connection | None = None
        self._pid = os.getpid()

    @property
    def is_open(self) -> bool:
        """Whether this process may have put something away."""
        return self._connection is not None and self._pid == os.getpid()

    @property
    def database(self) -> sqlite3.Connection:
        """The database, with its tables."""
        if self._connection is not None and self._pid == os.getpid():
            return self._connection
        if self._connection is not None:
            _of_parents.append(self._connection)
        self._pid = os.getpid()
        # Whoever uses the store next may do so in another thread; never two at a time.
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.executescript(_TABLES)
        # Not at the program's end, when jobs may still be under way.
        weakref.finalize(self, _close, self._connection, self._pid).atexit = False
        return self._connection

    @contextmanager
    def one_step(self) -> Iterator[sqlite3.Connection]:
        """Let all that is written inside be kept, or none of it.

        Raises:
            StoreUnavailableError: there is no room.
        """
        database = self.database
        database.execute("BEGIN")
        try:
            yield database
            database.execute("COMMIT")
        except sqlite3.Error as error:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise StoreUnavailableError(
                f"The temporary file of this process's jobs cannot be written ({error}), and nothing of this was "
                "kept. Make room where temporary files are, or keep jobs in a database: `sqlite:///jobs.db`."
            ) from error
        except BaseException:
            database.execute("ROLLBACK")
            raise


def _close(connection: sqlite3.Connection, pid: int) -> None:
    if pid == os.getpid():
        connection.close()
