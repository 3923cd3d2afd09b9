"""A file that is not a usable database: the error names it, says what is wrong and what to do, and nothing changes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import aijobs_sdk as aijobs

PAGE = 4096
NOBODY = 65534
AIJOBS = [sys.executable, "-c", "from aijobs_sdk.cli.main import main; main()"]


def something_else(path: Path) -> None:
    path.write_text("name,amount\nAda,1\n" * 100)


def cut_off(path: Path) -> None:
    make_database(path)
    os.truncate(path, path.stat().st_size // 2)


def without_its_first_page(path: Path) -> None:
    make_database(path)
    overwrite(path, page=0)


def without_its_second_page(path: Path) -> None:
    make_database(path)
    overwrite(path, page=1)


def of_a_newer_version(path: Path) -> None:
    make_database(path)
    execute(path, "UPDATE alembic_version SET version_num = '0999'")


def of_another_program(path: Path) -> None:
    execute(path, "CREATE TABLE jobs (title)", "INSERT INTO jobs VALUES ('gardener')")


def of_another_program_with_migrations(path: Path) -> None:
    execute(path, "CREATE TABLE alembic_version (version_num)", "INSERT INTO alembic_version VALUES ('ae1027a6acf')")


def make_database(path: Path) -> None:
    with aijobs.Client(f"sqlite:///{path}") as client:
        client.submit(type="test_job", payload={"echo": "x" * 10_000}).wait()


def overwrite(path: Path, *, page: int) -> None:
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(bytes(range(256)) * (PAGE // 256))


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


BAD_FILES = [
    pytest.param(something_else, "is not a database", "name another", id="something else"),
    pytest.param(cut_off, "malformed", "restore a copy", id="cut off"),
    pytest.param(without_its_first_page, "is not a database", "restore a copy", id="first page overwritten"),
    pytest.param(without_its_second_page, "malformed", "restore a copy", id="second page overwritten"),
    pytest.param(of_a_newer_version, "newer version", "pip install -U", id="newer version"),
    pytest.param(of_another_program, "a table 'jobs'", "Name another", id="another program's"),
    pytest.param(of_another_program_with_migrations, "'ae1027a6acf'", "Name another", id="another program's, too"),
]


@pytest.mark.parametrize(("make", "wrong", "advice"), BAD_FILES)
def test_a_file_that_cannot_be_used_is_named_and_left_as_it_was(
    tmp_path: Path, make: Callable[[Path], None], wrong: str, advice: str
) -> None:
    path = tmp_path / "bad.db"
    make(path)
    before = path.read_bytes()
    with pytest.raises(aijobs.StoreUnavailableError) as refused:
        aijobs.Client(f"sqlite:///{path}")
    assert [part for part in (str(path), wrong, advice) if part not in refused.value.message] == []
    assert path.read_bytes() == before


@pytest.mark.parametrize("make", [something_else, cut_off, of_a_newer_version])
def test_the_command_line_ends_with_2_and_one_message(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "bad.db"
    make(path)
    command = [*AIJOBS, "submit", "Hi", "--model", "gpt-5.2", "--url", f"sqlite:///{path}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert ended.stderr.startswith("Error: ")
    assert str(path) in ended.stderr


@pytest.mark.parametrize(
    ("place", "what_to_do"),
    [("", "Name a file in it"), ("nowhere/jobs.db", "Make it first"), ("a_file/jobs.db", "Make it first")],
)
def test_a_place_where_no_file_can_be_is_refused(tmp_path: Path, place: str, what_to_do: str) -> None:
    (tmp_path / "a_file").touch()
    with pytest.raises(aijobs.ConfigurationError, match=what_to_do):
        aijobs.Client(f"sqlite:///{tmp_path / place}")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a?b.db", "no `?`"),
        ("a.db?mode=ro", "takes no options"),
        ("a%00b.db", "No file can have the name"),
        ("a\ud800b.db", "No file can have the name"),
        ("n" * 300, "name too long"),
    ],
)
def test_an_address_that_no_file_can_have_is_refused_and_makes_none(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(aijobs.ConfigurationError, match=says):
        aijobs.Client(f"sqlite:///{tmp_path}/{name}").list()
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_may_be_written_in_any_case(tmp_path: Path) -> None:
    with aijobs.Client(f"SQLITE:///{tmp_path}/jobs.db") as client:
        assert list(client.list()) == []
    assert (tmp_path / "jobs.db").is_file()


def test_a_file_that_is_taken_away_while_it_is_used_takes_no_more_jobs_until_it_is_back(tmp_path: Path) -> None:
    path, elsewhere = tmp_path / "jobs.db", tmp_path / "elsewhere.db"
    with aijobs.Client(f"sqlite:///{path}") as client:
        client.submit(type="test_job").wait(timeout=10)
        path.rename(elsewhere)
        with pytest.raises(aijobs.StoreUnavailableError, match="deleted, moved or replaced"):
            client.submit(type="test_job")
        assert not client.health().healthy
        elsewhere.rename(path)
        assert client.submit(type="test_job").wait(timeout=10).status is aijobs.JobStatus.COMPLETED


def test_damage_that_shows_later_fails_what_meets_it_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with aijobs.Client(f"sqlite:///{path}") as client:
        job = client.submit(type="test_job", payload={"echo": "x" * 5 * PAGE})
        job.wait()
    overwrite(path, page=path.read_bytes().index(b"x" * (PAGE - 4)) // PAGE)
    with aijobs.Client(f"sqlite:///{path}") as client:
        with pytest.raises(aijobs.StoreUnavailableError, match="malformed"):
            client.job(job.id).refresh()
        assert client.submit(type="test_job").wait().status is aijobs.JobStatus.COMPLETED


READ_ONLY = [
    pytest.param(0o444, 0o777, "Make the file and its folder writable", id="file"),
    pytest.param(0o666, 0o555, "Make", id="folder"),
    pytest.param(0o444, 0o555, "Make", id="both"),
]


@pytest.mark.parametrize(("file_mode", "folder_mode", "advice"), READ_ONLY)
def test_what_may_only_be_read_is_named(public_folder: Path, file_mode: int, folder_mode: int, advice: str) -> None:
    path = public_folder / "jobs.db"
    make_database(path)
    path.chmod(file_mode)
    public_folder.chmod(folder_mode)
    with without_privileges(), pytest.raises(aijobs.StoreUnavailableError, match=advice) as refused:
        aijobs.Client(f"sqlite:///{path}").submit(type="test_job")
    assert str(path) in refused.value.message


def test_a_new_file_in_a_folder_that_may_only_be_read_is_refused(public_folder: Path) -> None:
    public_folder.chmod(0o555)
    with without_privileges(), pytest.raises(aijobs.StoreUnavailableError, match="can read and write") as refused:
        aijobs.Client(f"sqlite:///{public_folder}/jobs.db")
    assert str(public_folder / "jobs.db") in refused.value.message
    assert list(public_folder.iterdir()) == []


@pytest.mark.parametrize("place", ["jobs.db", "deeper/jobs.db"])
def test_a_folder_that_is_closed_to_this_user_is_named(public_folder: Path, place: str) -> None:
    (public_folder / "deeper").mkdir()
    public_folder.chmod(0o600)
    with without_privileges(), pytest.raises(aijobs.ConfigurationError, match="Let this user into") as refused:
        aijobs.Client(f"sqlite:///{public_folder / place}")
    assert str(public_folder) in refused.value.message


def test_a_home_of_nobody_is_refused() -> None:
    with pytest.raises(aijobs.ConfigurationError, match="write the whole path"):
        aijobs.Client("sqlite:///~no-such-user/jobs.db")


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that everybody reaches; those of pytest are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)
        Path(name).chmod(0o777)  # else only root could take it away


@contextmanager
def without_privileges() -> Iterator[None]:
    """Let permissions bind us, though we may be root, whom none does."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
