"""The database behind an address: how to open it, what it says when it cannot be used, and whether that passes."""

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

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from aijobs_sdk.contract.errors import ConfigurationError, StoreUnavailableError
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
_PRIMARY_CODE = 0xFF
"""Of SQLite's error codes: the other bits say more about it."""
_PATIENCE = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
    "tcp_user_timeout": "20000",  # milliseconds, of them all
}
"""How long PostgreSQL's driver waits for a server or a network that is silent, where the address does not say: else it
would be a quarter of an hour and more."""
_PASSING_SQLSTATES = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available: the transaction was undone, and may be tried again."""


class Database:
    """One database, and the two ways into it: to read, and to write."""

    def __init__(self, address: str, *, synchronous: Literal["full", "normal"] = "full") -> None:
        self.url = _url_of(address)
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
        said = _first_line(error) if isinstance(error, self._driver.IntegrityError) else kind
        refused = RowRefusedError(f"{self.name} does not take what was to be written: {said}.")
        log.error("%s", refused)
        return refused

    def _refused(self, error: BaseException | None, *, connection_lost: bool = False) -> DatabaseError:
        refused = DatabaseError(self, error, connection_lost=connection_lost)
        if self.is_sqlite and _NO_TEXT in refused.message:
            self._takes_any_text = refused.passing = True  # one row is damaged: with a stand-in it alone is refused
            self._readers.dispose()
        return refused


class RowRefusedError(ValueError):
    """What was to be written is nothing that the database keeps, such as a second row of one id; the log says more."""


class DatabaseError(StoreUnavailableError):
    """The database refused, or was not there. Its own words, without any values."""

    def __init__(self, database: Database, error: BaseException | None, *, connection_lost: bool = False) -> None:
        said = _first_line(error)
        super().__init__(f"Cannot use {database.name}: {said}. {_advice(said)}")
        sqlstate = getattr(error, "sqlstate", None)
        self.passing = sqlstate in _PASSING_SQLSTATES
        """Whether the transaction was undone for a reason that may be gone the next time."""
        self.connection_lost = connection_lost or (sqlstate or "").startswith(("08", "57P"))
        """Whether nobody can say if the transaction was committed."""
        self.kept_out = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
        """Whether another program has locked the file, whatever was to be done in it."""

    def __reduce__(self) -> tuple[object, ...]:
        return StoreUnavailableError, (self.message,)


def file_of(address: str) -> Path:
    """Return the file that a `sqlite://` address names.

    Raises:
        ConfigurationError: there can be none at this address.
    """
    return Path(str(_url_of(address).database))


def _url_of(address: str) -> URL:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # the second of a port that is no number
        raise ConfigurationError(
            "Cannot read the database's address: write `sqlite:///jobs.db` or `postgresql://user@host/database`."
        ) from None
    if url.get_backend_name().lower() == "sqlite":
        if "?" in address:
            raise ConfigurationError("A `sqlite://` address takes no options, and no `?` in the name of its file.")
        return _checked_file(url)
    if address.count("@") > 1:  # the end of a password could be taken for the host, and shown
        raise ConfigurationError(
            "Cannot read the database's address: it has more than one `@`. Write `@` in a password as `%40`."
        )
    from aijobs_sdk.stores.sql.postgres.options import check_options  # noqa: PLC0415 - with PostgreSQL's driver

    check_options(url)
    return url.set(drivername="postgresql+psycopg").update_query_dict({**_PATIENCE, **url.query})


def _checked_file(url: URL) -> URL:
    if url.database in {None, "", ":memory:"}:
        raise ConfigurationError("`sqlite://` needs a file: `sqlite:///jobs.db`. To keep nothing, use `memory://`.")
    path = _whole_path(str(url.database))
    _check_name(path)
    if not _is_folder(path.parent):
        raise ConfigurationError(f"Cannot open {path}: there is no folder {path.parent}. Make it first.")
    if _is_folder(path):
        raise ConfigurationError(f"Cannot open {path}: it is a folder. Name a file in it: {path / 'jobs.db'}.")
    return url.set(drivername="sqlite+pysqlite", database=str(path))


def _whole_path(name: str) -> Path:
    try:
        return Path(name).expanduser().absolute()
    except RuntimeError:
        raise ConfigurationError(
            f"No home is known of the user that {name} begins with: write the whole path."
        ) from None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError as error:  # of a folder that is closed to this user
        raise ConfigurationError(f"Cannot open {path}: {error.strerror}. Let this user into its folder.") from None


def _check_name(path: Path) -> None:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # a name all the same
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it holds what no name can hold"
        raise ConfigurationError(f"No file can have the name that `sqlite://` is given: {why}.") from None


def _any_text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "\ufffd"  # which is no JSON: whoever reads the row learns that it is damaged


def _first_line(error: BaseException | None) -> str:
    diagnosis = getattr(getattr(error, "diag", None), "message_primary", None)
    return (
        str(diagnosis or error).strip().splitlines()[0].rstrip(".") if str(diagnosis or error).strip() else "no answer"
    )


_MORE_CONNECTIONS = "Let the server take more connections, some four for each process, or close others."
_ADVICE = {
    "is not a database": "The file is something else, or damaged: name another, or restore a copy.",
    "malformed": "The file is damaged: restore a copy, or move it away to begin anew.",
    "disk is full": "Free some space: what was stored is safe, and workers go on by themselves.",
    "readonly": "Make the file and its folder writable for this user.",
    "unable to open": "Make sure that this user can read and write the file and its folder.",
    "locked": "Another program keeps it locked; see that none holds a transaction open.",
    "I/O error": "See that the disk or network drive works and has room.",
    "permission denied": "Give this user the rights to make tables, and to read and write those that are there.",
    "read-only transaction": "This server or user only reads: name one that writes.",
    "no schema": "Name in its `search_path` a schema that is there, in which this user may make tables.",
    "does not exist": "Make it first, or name another.",
    "connection option": "See what stands behind the `?` of its address.",
    "authentication failed": "See that the user and the password of its address are right.",
    "no answer within": "See that the server, or a proxy before it, is not held up, and that nobody locks its tables.",
    "too many clients": _MORE_CONNECTIONS,
    "too many connections": _MORE_CONNECTIONS,
    "no such": "The file is not ours, or damaged: name another, or restore a copy.",
}


def _advice(said: str) -> str:
    return next(
        (advice for word, advice in _ADVICE.items() if word in said), "See that the server runs and can be reached."
    )
