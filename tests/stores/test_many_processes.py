"""Several processes over one database: what one submits, another runs, follows or cancels."""

from __future__ import annotations

import pickle
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

import aijobs_sdk as aijobs

SUBMIT_AND_LEAVE = """
    import os
    print(*(job.id for job in client.submit_many([client.request(type="test_job")] * 20)), flush=True)
    os._exit(1)
"""
RUN = """
    import sys
    job = client.submit(type="test_job", payload={"seconds": float(sys.argv[2]), "steps": int(sys.argv[3])})
    while job.refresh().status != "processing": pass
    print(job.id, flush=True)
    sys.stdin.readline()
"""
WORK = """
    import sys
    client.submit(type="test_job").wait()
    print("ready", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def process(script: str, url: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script with a client of its own, until the block ends."""
    begin = "import sys, aijobs_sdk as aijobs\nclient = aijobs.Client(sys.argv[1])\n"
    command = [sys.executable, "-c", begin + textwrap.dedent(script), url, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def line_of(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


@pytest.fixture
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_LEASE_SECONDS", "1")


@pytest.fixture
def client(database_url: str) -> Iterator[aijobs.Client]:
    with aijobs.Client(database_url) as client:
        yield client


@pytest.mark.usefixtures("short_leases")
def test_another_process_goes_on_with_what_is_pending(database_url: str) -> None:
    with process(SUBMIT_AND_LEAVE, database_url) as gone:
        ids = line_of(gone).split()
    with aijobs.Client(database_url) as client:
        ended = [client.job(one).wait(timeout=30).status for one in ids]
    assert ended == [aijobs.JobStatus.COMPLETED] * 20


@pytest.mark.usefixtures("short_leases")
def test_another_process_takes_over_when_one_is_killed(database_url: str) -> None:
    with process(RUN, database_url, "0.5", "0") as killed:
        job_id = line_of(killed)
    with aijobs.Client(database_url) as client:
        job = client.job(job_id).wait(timeout=30)
    assert (job.status, job.attempts) == (aijobs.JobStatus.COMPLETED, 2)


def test_a_job_is_followed_live_from_another_process_and_from_any_event_on(
    database_url: str, client: aijobs.Client
) -> None:
    with process(RUN, database_url, "1", "4") as running:
        job = client.job(line_of(running))
        followed = [(event.seq, job.refresh().status) for event in job.stream(after=2)]
    assert [seq for seq, _ in followed] == [3, 4, 5, 6, 7]
    assert followed[0][1] is aijobs.JobStatus.PROCESSING
    assert [event.seq for event in job.stream(after=5)] == [6, 7]


def test_processes_share_the_jobs_and_none_runs_twice(database_url: str, client: aijobs.Client) -> None:
    with process(WORK, database_url) as one, process(WORK, database_url) as another:
        assert [line_of(one), line_of(another)] == ["ready", "ready"]
        request = client.request(type="test_job", payload={"seconds": 0.02})
        jobs = [job.wait(timeout=60) for job in client.submit_many([request] * 300)]
    started = Counter(event.kind for job in jobs for event in client.job(job.id).events())
    assert started == {"accepted": 300, "started": 300, "completed": 300}
    assert len({job.worker_id for job in jobs}) > 1


def test_a_handle_works_in_another_process(database_url: str, client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"echo": "hello"})
    read = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.argv[1])).result(timeout=30).echo)"
    there = subprocess.check_output([sys.executable, "-c", read, pickle.dumps(job).hex()], text=True)
    assert there == "hello\n"


@pytest.mark.usefixtures("short_leases")
def test_a_job_is_cancelled_from_another_process_within_a_heartbeat(database_url: str, client: aijobs.Client) -> None:
    with process(RUN, database_url, "250", "0") as running:
        job = client.job(UUID(line_of(running)))
        assert job.cancel().status is aijobs.JobStatus.PROCESSING
        ended = job.wait(timeout=30)
    assert ended.cancelled()
    assert ended.attempts == 1
