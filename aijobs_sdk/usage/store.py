"""The DuckDB file that usage is kept in: written by one process at a time, asked by many."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Condition, Lock
from typing import TypeAlias
from weakref import WeakValueDictionary, finalize
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError, StoreUnavailableError
from aijobs_sdk.contract.refusal import check_kind, path_of
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.table import UsageTable

try:
    import duckdb
except ModuleNotFoundError as missing:
    raise ConfigurationError(
        "Usage reports and Parquet files need DuckDB: pip install 'aijobs-sdk[usage]'. "
        "Exports to csv and jsonl work without it."
    ) from missing

Database: TypeAlias = duckdb.DuckDBPyConnection
DatabaseError = duckdb.Error

Value: TypeAlias = object
"""What a parameter of a statement may be: whatever DuckDB takes."""

LAYOUT = "1"
"""Which tables a store has. One that was made by a later version of this package is refused."""

_MOST_PAUSES = 100
"""So often a store that another process has open is tried again: a report of a large one takes less."""
_PAUSE_SECONDS = 0.1

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "memory_limit": "1GB",  # what does not fit goes to disk, beside the store
}


class UsageStore:
    """A file of usage, made where there is none; without a path one that lasts as long as this object.

    It is open only while somebody asks or writes, so that other processes have their turn in between.

    Raises:
        InvalidRequestError: the file is no store of usage, cannot be used, or is kept by another process for more than
            ten seconds; or it reckons in another time zone.
    """

    def __init__(self, path: str | Path | None = None, *, timezone: str | None = None) -> None:
        check_kind("timezone", timezone, str, "the name of a time zone, such as Europe/Berlin")
        self._forget: Callable[[], object] | None = None
        if path is None:
            folder = Path(tempfile.mkdtemp(prefix="aijobs-usage-"))
            self.path = folder / "usage.duckdb"
            self._forget = finalize(self, _delete, folder, made_by=os.getpid())  # at the program's end, too
        else:
            self.path = path_of("store", path)
        self._file = _open_file(self.path)
        self._closed = False
        self.timezone = self._settled(timezone)

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """Open the store for writing, in one transaction: all that the block does is kept, or nothing.

        It waits until nobody in this process asks the store any more; ask it before the block, and not within.
        """
        self._check_there()
        with _heeding_interrupts(), self._file.writing() as database:
            yield database

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """Give a session that can read the store and nothing else: no file, no network, no setting.

        Until the block ends all in this process who ask the store are told of the same state, and nobody can write.
        """
        self._check_there()
        with _heeding_interrupts(), self._file.reading() as session:
            yield session

    def ask(self, query: str, parameters: dict[str, Value] | None = None) -> UsageTable:
        """Return the answer to one SELECT."""
        with self.reading() as session:
            answer = session.execute(query, parameters or {})
            columns = tuple(column[0] for column in answer.description or ())
            return UsageTable(columns=columns, cells=tuple(answer.fetchall()))

    def close(self) -> None:
        """Let go of the file; one without a name is deleted."""
        self._closed = True
        if self._forget is not None:
            self._forget()

    def _settled(self, timezone: str | None) -> str:
        """Return in which zone the store reckons; a new one, or one whose making was cut off, is given its tables."""
        if self._file.is_there:
            with self.reading() as database:
                if _has_tables(database):
                    return _zone_of(database, self.path, timezone)
        with _heeding_interrupts(), self._file.writing() as database:
            if not _has_tables(database):  # another may have been first
                _make_tables(database, timezone)
            return _zone_of(database, self.path, timezone)

    def _check_there(self) -> None:
        if self._closed:
            raise InvalidRequestError("This usage was closed. Make another: aijobs.Usage(...).")
        if not self._file.is_there:  # DuckDB would write into a new file, without our tables
            raise InvalidRequestError(f"{self.path} is not there any more. Make the usage anew: aijobs.Usage(...).")


def _delete(folder: Path, *, made_by: int) -> None:
    """Delete a folder, unless this is a forked child of the process that made it: that one still has it."""
    if made_by == os.getpid():
        shutil.rmtree(folder, ignore_errors=True)


class _OpenFile:
    """A file of usage in this process: asked by many at once, or written by one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = Condition()
        self._reader: Database | None = None
        self._sessions = 0
        """How many read now, by the one reader. While they do, what they see does not change."""
        self._is_writing = False

    @property
    def is_there(self) -> bool:
        """Whether there is such a file now."""
        return self._path.exists()

    @contextmanager
    def writing(self) -> Iterator[Database]:
        with self._turn:
            self._turn.wait_for(lambda: not (self._sessions or self._is_writing))
            self._is_writing = True
        try:
            with _told_of_damage(self._path), _opened(self._path, read_only=False) as database, _transaction(database):
                yield database
        finally:
            with self._turn:
                self._is_writing = False
                self._turn.notify_all()

    @contextmanager
    def reading(self) -> Iterator[Database]:
        reader = self._join()
        try:
            with _told_of_damage(self._path), reader.cursor() as session:
                yield session
        finally:
            self._leave()

    def _join(self) -> Database:
        with self._turn:
            self._turn.wait_for(lambda: not self._is_writing)
            if self._reader is None:
                self._reader = _opened(self._path, read_only=True)
            self._sessions += 1
            return self._reader

    def _leave(self) -> None:
        with self._turn:
            self._sessions -= 1
            if not self._sessions and self._reader is not None:
                self._reader.close()
                self._reader = None
            self._turn.notify_all()


_finding = Lock()
_open_files: WeakValueDictionary[tuple[int, str], _OpenFile] = WeakValueDictionary()


def _open_file(path: Path) -> _OpenFile:
    """Return the one of this path: DuckDB has a file open once in a process, with the same settings for all."""
    real = os.path.realpath(path)
    with _finding:
        return _open_files.setdefault((os.getpid(), real), _OpenFile(Path(real)))  # a forked process has none open


def stored_instant(instant: datetime) -> datetime:
    """Return an instant as the store has it: UTC, without saying so."""
    return instant.astimezone(UTC).replace(tzinfo=None)


@contextmanager
def scratch_database() -> Iterator[Database]:
    """Open a database in memory, to turn files into others."""
    with _heeding_interrupts(), _connected(":memory:", read_only=False) as database:
        yield database


def is_one_query(sql: str) -> bool:
    """Return whether `sql` is a single statement that reads.

    Raises:
        DatabaseError: `sql` is not SQL.
    """
    kinds = [parsed.type for parsed in duckdb.extract_statements(sql)]
    return len(kinds) == 1 and kinds[0] in {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}


@contextmanager
def _heeding_interrupts() -> Iterator[None]:
    """Let Ctrl-C be a KeyboardInterrupt: DuckDB takes it in the midst of a query, and raises an error of its own."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None


@contextmanager
def _transaction(database: Database) -> Iterator[None]:
    database.execute("BEGIN TRANSACTION")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    try:
        database.execute("COMMIT")
    except duckdb.Error as error:
        raise StoreUnavailableError(
            f"Nothing was written to the store of usage: {error} Is the disk full? Make room, and do it again."
        ) from error


@contextmanager
def _told_of_damage(path: Path) -> Iterator[None]:
    """Let a part of the file that is gone or spoilt be told as that: DuckDB finds it where it reads."""
    try:
        yield
    except duckdb.Error as error:
        if not any(mark in str(error) for mark in ("Corrupt database file", f'enough bytes from file "{path}"')):
            raise
        raise StoreUnavailableError(
            f"{path} is damaged: {error} Use a copy of it, or ingest the exports into a new store."
        ) from error


def _opened(path: Path, *, read_only: bool) -> Database:
    database = _patiently_connected(path, read_only=read_only)
    if read_only:
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
    return database


def _patiently_connected(path: Path, *, read_only: bool) -> Database:
    """Open the store; while another process has it, wait for it to let go."""
    pauses = 0
    while True:
        try:
            return _connected(path, read_only=read_only)
        except duckdb.Error as error:
            if not _is_locked(error):
                raise InvalidRequestError(
                    f"{path} cannot be used as a store of usage: {error} Name another file for the usage."
                ) from error
            if pauses == _MOST_PAUSES:
                raise InvalidRequestError(
                    f"{path} is in use by another process, and has been for {pauses * _PAUSE_SECONDS:.0f} s: {error} "
                    "Try again when it is done, or end it."
                ) from error
        time.sleep(_PAUSE_SECONDS)
        pauses += 1


def _is_locked(error: duckdb.Error) -> bool:
    return isinstance(error, duckdb.IOException) and "lock" in str(error).lower()


def _connected(path: str | Path, *, read_only: bool) -> Database:
    database = duckdb.connect(path, read_only=read_only, config=_CONFIG)
    if database.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(True,)]:
        # A notebook would show a bar for every step. Where it cannot show one, DuckDB refuses even to turn it off.
        database.execute("SET enable_progress_bar = false")
    database.execute("SET GLOBAL TimeZone = 'UTC'")  # GLOBAL: a cursor is a session of its own
    return database


def _has_tables(database: Database) -> bool:
    return bool(database.execute("SELECT 1 FROM information_schema.tables LIMIT 1").fetchall())


def _make_tables(database: Database, timezone: str | None) -> None:
    zone = _known_zone(database, "UTC" if timezone is None else timezone)
    database.execute(statement("store/schema"))
    database.execute("INSERT INTO setting VALUES ('layout', ?), ('timezone', ?)", [LAYOUT, zone])


def _zone_of(database: Database, path: Path, timezone: str | None) -> str:
    """Return the time zone that a store reckons in; refuse a file that is none, or one that reckons otherwise."""
    found = database.execute("SELECT table_name FROM information_schema.tables").fetchall()
    if not {("setting",), ("entry",)} <= set(found):
        raise InvalidRequestError(f"{path} is a DuckDB file of something else. Name another file for the usage.")
    settings = dict(database.execute("SELECT name, value FROM setting").fetchall())
    if settings["layout"] != LAYOUT:
        raise InvalidRequestError(f"{path} was made by another version of aijobs-sdk. Ingest the exports anew.")
    if timezone is not None and timezone != settings["timezone"]:
        raise InvalidRequestError(
            f"{path} reckons days in {settings['timezone']}, not in {timezone}. "
            "Leave `timezone` out, or make another store."
        )
    return str(settings["timezone"])


def _known_zone(database: Database, name: str) -> str:
    try:
        zone = ZoneInfo(name).key
        database.execute("SELECT TIMESTAMPTZ '2026-01-01 00:00Z' AT TIME ZONE ?", [zone])  # it knows some fewer
    except (ZoneInfoNotFoundError, ValueError, duckdb.Error) as error:
        raise InvalidRequestError("`timezone` is no known time zone. Give a name such as Europe/Berlin.") from error
    return zone
