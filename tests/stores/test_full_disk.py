"""A disk that fills up and is emptied again, under a client that goes on using it."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

import aijobs_sdk as aijobs

BIG = "x" * 100_000
NO_LIMIT = 2**31 - 2


class Disk:
    """Has room for every transaction, or, while it is full, for none that makes the file longer."""

    def __init__(self) -> None:
        self._connections: list[sqlite3.Connection] = []
        self._pages = NO_LIMIT

    @property
    def full(self) -> bool:
        return self._pages != NO_LIMIT

    @full.setter
    def full(self, full: bool) -> None:
        self._pages = 1 if full else NO_LIMIT
        for connection in self._connections:
            with suppress(sqlite3.ProgrammingError):  # it was closed
                self._limit(connection)

    def add(self, connection: sqlite3.Connection, _: object) -> None:
        self._connections.append(connection)
        self._limit(connection)

    def _limit(self, connection: sqlite3.Connection) -> None:
        # A limit below what the file has already is taken as exactly that.
        connection.execute(f"PRAGMA max_page_count={self._pages}")


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    event.listen(Engine, "connect", disk.add)
    yield disk
    event.remove(Engine, "connect", disk.add)


@pytest.fixture
def client(tmp_path: Path, disk: Disk) -> Iterator[aijobs.Client]:
    with aijobs.Client(f"sqlite:///{tmp_path}/jobs.db") as client:
        client.submit(type="test_job").wait()
        yield client
        disk.full = False


def wait_until_logged(text: str, caplog: pytest.LogCaptureFixture) -> None:
    while text not in caplog.text:
        time.sleep(0.02)


def test_a_job_for_which_there_is_no_room_is_refused_whole(client: aijobs.Client, disk: Disk, tmp_path: Path) -> None:
    disk.full = True
    requests = [client.request(type="test_job", payload={"echo": echo}) for echo in ("small", BIG)]
    with pytest.raises(aijobs.StoreUnavailableError, match=r"disk is full\. Free some space") as refused:
        client.submit_many(requests)
    assert f"{tmp_path}/jobs.db" in refused.value.message
    assert len(list(client.list())) == 1


def test_a_full_disk_is_not_healthy_until_there_is_room(client: aijobs.Client, disk: Disk) -> None:
    disk.full = True
    full = client.health()
    disk.full = False
    assert (full.healthy, client.health().healthy) == (False, True)
    assert "disk is full. Free some space" in (full.store.problem or "")


def test_the_same_client_goes_on_once_there_is_room(client: aijobs.Client, disk: Disk) -> None:
    disk.full = True
    with pytest.raises(aijobs.StoreUnavailableError):
        client.submit(type="test_job", payload={"echo": BIG})
    disk.full = False
    assert client.submit(type="test_job", payload={"echo": BIG}).wait().status is aijobs.JobStatus.COMPLETED


def test_a_result_waits_for_room(client: aijobs.Client, disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    job = client.submit(type="test_job", payload={"echo": BIG, "seconds": 0.2})
    while job.refresh().status is aijobs.JobStatus.PENDING:
        time.sleep(0.01)
    with caplog.at_level(logging.WARNING, "aijobs"):
        disk.full = True
        wait_until_logged("the store is away", caplog)
        assert job.refresh().status is aijobs.JobStatus.PROCESSING
        disk.full = False
        done = job.wait(timeout=30)
    assert (done.status, done.attempts) == (aijobs.JobStatus.COMPLETED, 1)
    assert [event.kind for event in job.events()] == ["accepted", "started", "completed"]
