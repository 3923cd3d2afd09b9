"""The connections to a database: as many as are read by, and the one that writes."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TypeVar, TypeVarTuple, Unpack
from uuid import uuid4

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from aijobs_sdk.contract.errors import StoreUnavailableError
from aijobs_sdk.stores.sql.address import url_of
from aijobs_sdk.stores.sql.database_error import DatabaseError, RowRefusedError, first_line
from aijobs_sdk.stores.sql.forks import ForkGate
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.sessions import session_on

log = logging.getLogger("aijobs.store")

T = TypeVar("T")
Asked = TypeVarTuple("Asked")
BUSY_SECONDS = 5.0
"""How long a SQLite writer waits for the one before it, which may be another process."""
CHANNEL = "aijobs"
"""Where PostgreSQL tells other processes that something was written."""
RETRY_SECONDS = (0.05, 0.2, 0.8)
"""Waits before something is tried again that was undone, or whose connection was lost."""
_NO_TEXT = "Could not decode to UTF-8"
"""SQLite's driver, of a damaged text: whatever else the query would have found is lost with it."""


class Database:
    """One database, and the two ways into it: to read, and to write."""

    def __init__(self, address: str, *, synchronous: Literal["full", "normal"] = "full") -> None:
        self.url = url_of(address)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._path = Path(str(self.url.database)) if self.is_sqlite else None
        self._synchronous = synchronous
        self._readers = self._engine()
        self._writer = self._engine(journal_mode="WAL")  # not by who reads: that it is our file is seen only then
        self._driver = self._readers.dialect.loaded_dbapi
        """Whose errors come past SQLAlchemy: most statements go to it directly."""
        self._not_kept = (self._driver.IntegrityError, self._driver.DataError, OverflowError)
        """What is wrong with a row alone; the last is what SQLite's driver says of a number that has too many bits."""
        self._kept: Connection | None = None
        """The connection that writes: open until something goes wrong on it, or a fork or the end comes."""
        self._kept_file: tuple[int, int] | None = None
        """The file that it was opened on, whatever has that name now."""
        self._keeps = True
        self._one_writer = threading.Lock()
        self._gate = ForkGate(self.close)
        self._takes_any_text = False
        """Whether a stand-in meets a text that SQLite cannot decode: off until there is one, as it takes longer."""
        self._id = uuid4().hex

    @property
    def name(self) -> str:
        """Return what to call it in a message: the file, or the address without its password and options."""
        if self.is_sqlite:
            return str(self.url.database)
        return self.url.set(drivername="postgresql", query={}).render_as_string(hide_password=True)

    def close_when_unused(self) -> None:
        """Wait until nobody uses a connection, then close every one."""
        self._gate.shut()
        self._gate.open()

    def close_for_good(self) -> None:
        """Do so, and from now on close each connection after its use: what comes late has no end to be closed at."""
        self._keeps = False
        self.close_when_unused()

    @property
    def connect_arguments(self) -> Mapping[str, Any]:
        """Return what PostgreSQL's driver is told to connect by."""
        _, arguments = self._readers.dialect.create_connect_args(self.url)
        return arguments

    @property
    def token(self) -> str:
        """Return what tells the notifications of this store in this process from others'."""
        return f"{self._id}/{os.getpid()}"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a connection on which each query sees what was committed when it began.

        Raises:
            StoreUnavailableError: it cannot be reached or read.
        """
        with self._gate.inside(), self._explained():
            with self._readers.connect() as connection:
                try:
                    yield connection
                except self._driver.OperationalError:
                    connection.invalidate()  # else SQLAlchemy, past which it came, logs a traceback of its own
                    raise
            if not self._keeps:
                self._readers.dispose()

    def read(self, query: Callable[[Connection, Unpack[Asked]], T], *asked: *Asked) -> T:
        """Return what the query returns; it is asked again where a lost connection cut the answer short.

        Raises:
            StoreUnavailableError: it cannot be reached or read.
        """
        for seconds in RETRY_SECONDS:
            try:
                return self._read_once(query, *asked)
            except DatabaseError as error:
                if not (error.passing or error.connection_lost):
                    raise
            time.sleep(seconds)
        return self._read_once(query, *asked)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a transaction that is committed at the end; in SQLite nobody else writes meanwhile.

        Raises:
            StoreUnavailableError: it cannot be reached or written to; nothing was.
            RowRefusedError: something else can be written, and this not; nothing was.
        """
        with self.unbegun() as session:
            session.write("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
            yield session
            session.write("COMMIT")
            session.send()

    @contextmanager
    def unbegun(self) -> Iterator[Session]:
        """Lend the writing connection outside of any transaction; one that anything was raised over is closed.

        Raises:
            StoreUnavailableError: it cannot be reached or read.
        """
        with self._gate.inside(), self._one_writer, self._explained():
            if self._kept is None:
                self._kept = self._writer.connect()
                self._kept_file = self._file_there()
            elif self._file_there() != self._kept_file:
                raise StoreUnavailableError(
                    f"Cannot use {self.name}: it was deleted, moved or replaced while it was in use here, and what is "
                    "written to it would be lost. Put it back, or open what is there now with a new client or worker."
                )
            try:
                yield session_on(self._kept)
            except BaseException:
                self._drop_kept()  # with the transaction that was begun on it
                raise
            if not self._keeps:
                self._drop_kept()

    def close(self) -> None:
        """Close every connection that nobody uses at this moment; the next use opens new ones."""
        self._drop_kept()
        for engine in (self._readers, self._writer):
            engine.dispose()

    def _file_there(self) -> tuple[int, int] | None:
        """Return which file has the database's name, None where none has, or there is a server."""
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _drop_kept(self) -> None:
        kept, self._kept = self._kept, None
        if kept is None:
            return
        if not kept.invalidated:  # else SQLAlchemy has seen that it is lost, and would raise its own
            with suppress(self._driver.Error):  # it may be lost
                kept.connection.rollback()  # else a statement that failed could keep its locks
        kept.invalidate()
        kept.close()

    def _read_once(self, query: Callable[[Connection, Unpack[Asked]], T], *asked: *Asked) -> T:
        with self.reading() as connection:
            return query(connection, *asked)

    def _engine(self, **pragmas: str) -> Engine:
        # Transactions are ours to begin: the driver's own would be of the wrong kind, and come too late.
        if not self.is_sqlite:
            from aijobs_sdk.stores.sql.postgres import patience, poolers  # noqa: PLC0415 - with PostgreSQL's driver

            engine = create_engine(self.url, hide_parameters=True, isolation_level="AUTOCOMMIT", pool_size=2)
            event.listen(engine, "do_connect", patience.connect)
            event.listen(engine, "connect", poolers.greet)
            return engine
        engine = create_engine(
            self.url, hide_parameters=True, isolation_level="AUTOCOMMIT", connect_args={"timeout": BUSY_SECONDS}
        )
        pragmas |= {"synchronous": self._synchronous, "foreign_keys": "ON", "cache_size": "-32000"}
        event.listen(engine, "connect", lambda raw, _: self._set_up(raw, pragmas))
        return engine

    def _set_up(self, raw: sqlite3.Connection, pragmas: Mapping[str, str]) -> None:
        for one, value in pragmas.items():
            raw.execute(f"PRAGMA {one}={value}")
        if self._takes_any_text:
            raw.text_factory = _any_text

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._not_kept as error:
            raise self._row_refused(error) from None
        except DBAPIError as error:
            if isinstance(error.orig, self._not_kept):
                raise self._row_refused(error.orig) from None
            raise self._refused(error.orig, connection_lost=error.connection_invalidated) from None
        except self._driver.Error as error:
            raise self._refused(error, connection_lost=self._is_silence(error)) from None
        except PoolTimeoutError:
            raise StoreUnavailableError(f"{self.name} is too busy: no connection was free in time.") from None

    def _is_silence(self, error: Exception) -> bool:
        """Return whether the error is PostgreSQL's, and no answer of the server: it gives each of its own a code."""
        return isinstance(error, self._driver.OperationalError) and getattr(error, "sqlstate", "") is None

    def _row_refused(self, error: BaseException) -> RowRefusedError:
        kind = type(error).__name__
        # The words of other kinds may show the value.
        said = first_line(error) if isinstance(error, self._driver.IntegrityError) else kind
        refused = RowRefusedError(f"{self.name} does not take what was to be written: {said}.")
        log.error("%s", refused)
        return refused

    def _refused(self, error: BaseException | None, *, connection_lost: bool = False) -> DatabaseError:
        refused = DatabaseError(self.name, error, connection_lost=connection_lost)
        if self.is_sqlite and _NO_TEXT in refused.message:
            self._takes_any_text = refused.passing = True  # one row is damaged: with a stand-in it alone is refused
            self._readers.dispose()
        return refused


def _any_text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "\ufffd"  # which is no JSON: whoever reads the row learns that it is damaged
