"""A store is one file: written by one process at a time, asked by many, and never half written."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import duckdb
import pytest

from aijobs_sdk.contract.errors import InvalidRequestError, StoreUnavailableError
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.store import Database, DatabaseError, UsageStore, scratch_database
from usage.usage_entries import entries
from usage.usage_rows import usage_row

HOLD = """
import sys
import time
from aijobs_sdk.usage.store import UsageStore
store = UsageStore(sys.argv[1])
with getattr(store, sys.argv[2])():
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = UsageStore(tmp_path / "usage.duckdb", timezone="Europe/Berlin")
    entries(store, [usage_row(1)])
    store.close()
    return store.path


@pytest.fixture
def held(path: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """Another process that is writing to the store, or reading it."""
    command = [sys.executable, "-c", HOLD, str(path), request.param]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield
        process.communicate(b"\n")


@pytest.fixture(params=["reading", "writing", "scratch"])
def database(request: pytest.FixtureRequest, path: Path) -> AbstractContextManager[Database]:
    """Every way in which DuckDB is asked."""
    return scratch_database() if request.param == "scratch" else getattr(UsageStore(path), request.param)()


def test_ctrl_c_in_the_midst_of_a_query_is_a_keyboard_interrupt(database: AbstractContextManager[Database]) -> None:
    with pytest.raises(KeyboardInterrupt), database:
        raise RuntimeError("Query interrupted")  # as DuckDB does, where it hears of the signal first


def test_what_was_written_is_there_when_the_store_is_opened_again(path: Path) -> None:
    store = UsageStore(path)

    assert store.ask("SELECT count(*) FROM usage").cells == ((1,),)
    assert store.timezone == "Europe/Berlin"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, each time; it takes none."""
    seen: list[float] = []
    monkeypatch.setattr(time, "sleep", seen.append)
    return seen


@pytest.mark.parametrize("held", ["writing"], indirect=True)
def test_a_store_that_another_process_keeps_is_refused_after_ten_seconds_by_name_and_keeper(
    held: None, path: Path, pauses: list[float]
) -> None:
    with pytest.raises(InvalidRequestError, match=r"usage\.duckdb is in use by .* for 10 s: .*PID \d+") as caught:
        UsageStore(path)

    assert str(path) in str(caught.value)
    assert sum(pauses) == pytest.approx(10)


@pytest.mark.parametrize("does", ["reading", "writing"])
def test_who_writes_waits_for_another_process_that_is_soon_done(
    path: Path, does: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", HOLD, str(path), does]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        monkeypatch.setattr(time, "sleep", lambda _: process.communicate(b"\n"))
        entries(UsageStore(path), [usage_row(2)])

    assert UsageStore(path).ask("SELECT count(*) FROM usage").cells == ((2,),)


def test_a_store_that_another_process_writes_to_cannot_be_asked_meanwhile_and_can_be_afterwards(
    path: Path, pauses: list[float]
) -> None:
    store = UsageStore(path)
    command = [sys.executable, "-c", HOLD, str(path), "writing"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(InvalidRequestError, match="in use by another process"):
            store.ask("SELECT 1")
        process.communicate(b"\n")

    assert store.ask("SELECT count(*) FROM usage").cells == ((1,),)


@pytest.mark.parametrize("held", ["reading"], indirect=True)
def test_a_store_may_be_opened_and_asked_while_another_process_asks(held: None, path: Path) -> None:
    assert UsageStore(path).ask("SELECT count(*) FROM usage").cells == ((1,),)


def test_another_process_may_write_between_two_questions(path: Path) -> None:
    store = UsageStore(path)
    store.ask("SELECT 1")

    command = [sys.executable, "-c", HOLD, str(path), "writing"]
    written = subprocess.run(command, input=b"\n", capture_output=True, check=False)

    assert (written.returncode, store.ask("SELECT count(*) FROM usage").cells) == (0, ((1,),))


def test_a_writer_waits_until_nobody_asks_any_more(path: Path) -> None:
    store = UsageStore(path)
    with ThreadPoolExecutor(1) as thread:
        with store.reading() as session:
            written = thread.submit(entries, store, [usage_row(2)])
            seen = session.execute("SELECT count(*) FROM usage").fetchall()
            assert (written.done(), seen) == (False, [(1,)])
        written.result()

    assert store.ask("SELECT count(*) FROM usage").cells == ((2,),)


def test_many_stores_of_one_file_may_be_opened_asked_and_written_to_in_one_process(path: Path) -> None:
    other_name = path.parent / ".." / path.parent.name / path.name

    def ask(number: int) -> object:
        entries(UsageStore(path), [usage_row(number)])
        return UsageStore(other_name).ask("SELECT count(*) > 1 FROM usage").cells

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(ask, range(2, 22))) == {((True,),)}

    assert UsageStore(path).ask("SELECT count(*) FROM usage").cells == ((21,),)


def test_a_store_that_many_make_at_once_is_made_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(UsageStore, [tmp_path / "new.duckdb"] * 8))

    assert {store.timezone for store in stores} == {"UTC"}


def test_a_store_whose_making_was_cut_off_is_made(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "cut.duckdb")).close()

    assert UsageStore(tmp_path / "cut.duckdb").ask("SELECT count(*) FROM usage").cells == ((0,),)


def test_a_block_that_fails_leaves_nothing_behind(path: Path) -> None:
    store = UsageStore(path)

    with pytest.raises(DatabaseError, match="nowhere"), store.writing() as database:
        database.execute("DELETE FROM entry; SELECT * FROM nowhere")

    assert store.ask("SELECT count(*) FROM usage").cells == ((1,),)


def test_nothing_can_be_written_where_the_store_is_only_asked(path: Path) -> None:
    with UsageStore(path).reading() as session, pytest.raises(DatabaseError, match="read-only"):
        session.execute("DELETE FROM entry")


def test_a_store_that_was_deleted_is_told_of_and_not_made_again_without_its_tables(path: Path) -> None:
    store = UsageStore(path)
    path.unlink()

    with pytest.raises(InvalidRequestError, match=r"usage\.duckdb is not there any more"), store.writing():
        pass
    with pytest.raises(InvalidRequestError, match=r"usage\.duckdb is not there any more"):
        store.ask("FROM entry")
    assert not path.exists()


def test_a_store_is_found_from_another_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = UsageStore("usage.duckdb")
    monkeypatch.chdir(tmp_path.parent)

    assert store.ask("SELECT count(*) FROM entry").cells == ((0,),)


def test_a_store_of_which_a_part_is_gone_is_told_to_be_damaged(path: Path) -> None:
    """As a copy is that was cut off: it can be opened, and is found to be short only where it is read."""
    UsageStore(path, timezone="Europe/Berlin")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(
        StoreUnavailableError, match=r"usage\.duckdb is damaged: .* ingest the exports into a new store"
    ):
        ingest(UsageStore(path), [usage_row(1)])


def test_a_store_without_a_name_is_gone_when_it_is_closed() -> None:
    store = UsageStore()
    store.close()

    assert not store.path.parent.exists()
    with pytest.raises(InvalidRequestError, match="was closed"):
        store.ask("SELECT 1")


def test_a_store_without_a_name_is_gone_when_its_program_ends() -> None:
    forgetful = "from aijobs_sdk.usage.store import UsageStore\nstore = UsageStore()\nprint(store.path)"
    ended = subprocess.run([sys.executable, "-c", forgetful], capture_output=True, text=True, check=True)

    assert not Path(ended.stdout.strip()).parent.exists()


def test_a_store_without_a_name_outlives_a_forked_child() -> None:
    parent = "import os\nfrom aijobs_sdk.usage.store import UsageStore\nstore = UsageStore()\n"
    waits = "if child := os.fork():\n    os.waitpid(child, 0)\n    print(len(store.ask('FROM setting')))"
    asked = subprocess.run([sys.executable, "-c", parent + waits], capture_output=True, text=True, check=True)

    assert asked.stdout == "2\n"


def test_a_store_keeps_to_its_time_zone(path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="reckons days in Europe/Berlin, not in UTC"):
        UsageStore(path, timezone="UTC")


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "localtime", "posix/Europe/Berlin"])
def test_a_time_zone_that_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequestError, match="no known time zone"):
        UsageStore(timezone=name)


def test_a_file_of_something_else_is_not_taken_for_a_store(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "other.duckdb")) as other:
        other.execute("CREATE TABLE music (title VARCHAR)")
    tmp_path.joinpath("notes.txt").write_text("no database")

    with pytest.raises(InvalidRequestError, match="of something else"):
        UsageStore(tmp_path / "other.duckdb")
    with pytest.raises(InvalidRequestError, match="cannot be used as a store"):
        UsageStore(tmp_path / "notes.txt")


def test_a_store_of_another_version_is_refused(path: Path) -> None:
    with UsageStore(path).writing() as database:
        database.execute("UPDATE setting SET value = '99' WHERE name = 'layout'")

    with pytest.raises(InvalidRequestError, match="another version"):
        UsageStore(path)
