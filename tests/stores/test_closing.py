"""What a client over a database leaves behind: nothing, whether it was closed, dropped or forgotten."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import text

import aijobs_sdk as aijobs
from aijobs_sdk.stores.sql.database import Database

FORGETFUL = """
    import sys, aijobs_sdk as aijobs
    client = aijobs.Client(sys.argv[1])
    job = client.submit(type="test_job", payload={"seconds": 250})
    while job.refresh().status != "processing": pass
    print(job.id)
"""
FORGETFUL_WHILE_STREAMING = FORGETFUL + "    stream = job.stream()\n    next(stream)\n"
FORGETFUL_ASYNC = """
    import asyncio, sys, aijobs_sdk as aijobs
    async def main():
        client = aijobs.AsyncClient(sys.argv[1])
        job = await client.submit(type="test_job", payload={"seconds": 250})
        while (await job.refresh()).status != "processing": await asyncio.sleep(0.01)
        print(job.id)
    asyncio.run(main())
"""


class Held(NamedTuple):
    """How much this process has open."""

    files: int
    threads: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        return cls(len(list(Path("/dev/fd").iterdir())), threading.active_count())

    def exceeds(self, other: Held) -> bool:
        # Less may be: what other tests dropped goes at its own time.
        return self.files > other.files or self.threads > other.threads


def run(script: str, url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), url]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)


def use(url: str) -> aijobs.Client:
    client = aijobs.Client(url)
    assert client.submit(type="test_job").wait().status is aijobs.JobStatus.COMPLETED
    return client


def test_clients_that_were_closed_leave_no_thread_and_no_file_behind(database_url: str) -> None:
    use(database_url).close()
    before = Held.now()
    for _ in range(50):
        use(database_url).close()
    assert not Held.now().exceeds(before)


def test_clients_that_were_dropped_leave_no_thread_and_no_file_behind(database_url: str) -> None:
    use(database_url).close()
    before = Held.now()
    for _ in range(10):
        use(database_url)
    while Held.now().exceeds(before):
        time.sleep(0.02)


def test_what_is_written_or_read_after_the_end_leaves_no_connection_behind(database_url: str) -> None:
    database = Database(database_url)
    before = Held.now()
    database.close_for_good()
    with database.writing() as session:
        session.write("SELECT 1")
    assert database.read(lambda connection: connection.execute(text("SELECT 1")).scalar()) == 1
    assert not Held.now().exceeds(before)


def test_a_closed_client_can_be_used_again(database_url: str) -> None:
    client = use(database_url)
    client.close()
    client.close()
    assert client.submit(type="test_job").wait().status is aijobs.JobStatus.COMPLETED
    assert len(list(client.list())) == 2
    client.close()


def test_whoever_waits_while_the_client_is_closed_is_told_and_may_ask_again(database_url: str) -> None:
    client = aijobs.Client(database_url)
    job = client.submit(type="test_job", payload={"seconds": 0.5})
    waiting = job.future()
    while not job.refresh().running():
        time.sleep(0.01)
    client.close()
    with pytest.raises(aijobs.AIJobsError, match="was closed") as told:
        waiting.result(timeout=30)
    assert (told.value.code, job.wait(timeout=30).status) == ("client_closed", aijobs.JobStatus.COMPLETED)
    client.close()


def test_closing_gives_back_what_runs(database_url: str) -> None:
    with aijobs.Client(database_url) as client:
        job = client.submit(type="test_job", payload={"seconds": 250})
        while job.refresh().status is not aijobs.JobStatus.PROCESSING:
            time.sleep(0.01)
    assert (job.refresh().status, job.job.attempts) == (aijobs.JobStatus.PENDING, 0)
    client.close()


@pytest.mark.parametrize("script", [FORGETFUL, FORGETFUL_WHILE_STREAMING])
def test_a_script_that_forgets_to_close_ends_quietly(database_url: str, script: str) -> None:
    assert run(script, database_url).stderr == ""  # in far less time than the job takes


def test_an_async_program_that_forgets_to_close_gives_back_what_ran(database_url: str) -> None:
    ended = run(FORGETFUL_ASYNC, database_url)
    with aijobs.Client(database_url) as client:
        job = client.job(ended.stdout.strip()).refresh()
    assert (ended.stderr, job.status, job.job.attempts) == ("", aijobs.JobStatus.PENDING, 0)
