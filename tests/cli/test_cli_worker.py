"""`aijobs worker` as an operator runs it: real processes, real signals, one SQLite file."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import aijobs_sdk
from aijobs_sdk.connect.worker import run_worker
from aijobs_sdk.contract.job import JobStatus
from cli.held_jobs import TYPES

AIJOBS = [sys.executable, "-c", "from aijobs_sdk.cli.main import main; main()"]
HERE = Path(__file__).parent
A_MINUTE = 60

Start = Callable[..., subprocess.Popen[str]]
Job = aijobs_sdk.JobHandle[Any]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/jobs.db"


@pytest.fixture
def client(url: str) -> Iterator[aijobs_sdk.Client]:
    """A program that submits and asks, and runs nothing."""
    with aijobs_sdk.Client(url, concurrency=0, job_types=TYPES) as client:
        yield client


@pytest.fixture
def start(url: str) -> Iterator[Start]:
    """Start workers that are at work when this returns, and gone when the test is over."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        command = [*AIJOBS, "worker", "--url", url, "--job-types", "held_jobs:TYPES", *options]
        worker = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=HERE)
        started.append(worker)
        read_until(worker, "runs up to")
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.communicate()


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """The file that held jobs wait for."""
    return tmp_path / "released"


def read_until(worker: subprocess.Popen[str], said: str) -> None:
    assert worker.stderr is not None
    assert any(said in line for line in worker.stderr), f"it ended without saying {said!r}"


def running(client: aijobs_sdk.Client, released: Path, job_type: str = "held") -> Job:
    """Return a job that a worker has begun."""
    job = client.submit(type=job_type, payload={"path": str(released)})
    assert "started" in (event.kind for event in job.stream())
    return job


def ended(worker: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code, and what was said to the end."""
    _, said = worker.communicate(timeout=A_MINUTE)
    return worker.returncode, said


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_worker_and_another_one_finishes_its_jobs(
    client: aijobs_sdk.Client, start: Start, released: Path, told: signal.Signals
) -> None:
    first = start("--grace", "0.2")
    done = client.submit(type="test_job").wait(A_MINUTE)
    jobs = [running(client, released) for _ in range(3)]
    first.send_signal(told)
    code, said = ended(first)
    assert (code, "has stopped" in said, "Traceback" in said) == (0, True, False)
    assert [(job.status, job.job.attempts) for job in jobs] == [(JobStatus.PENDING, 0)] * 3
    released.touch()
    start()
    assert [(job.wait(A_MINUTE).status, job.job.attempts) for job in jobs] == [(JobStatus.COMPLETED, 1)] * 3
    assert client.job(done.id).job == done


def test_a_job_may_end_within_the_grace_period_and_none_begins_in_it(
    client: aijobs_sdk.Client, start: Start, released: Path
) -> None:
    worker = start("--grace", "3600")
    job = running(client, released)
    worker.send_signal(signal.SIGTERM)
    read_until(worker, "jobs under way: 1; they have 3600 s to end")
    late = client.submit(type="test_job")
    released.touch()
    assert ended(worker)[0] == 0
    assert (job.status, [event.kind for event in late.events()]) == (JobStatus.COMPLETED, ["accepted"])


def test_a_second_signal_gives_back_at_once_what_is_under_way(
    client: aijobs_sdk.Client, start: Start, released: Path
) -> None:
    worker = start("--grace", "3600")
    job = running(client, released)
    worker.send_signal(signal.SIGTERM)
    read_until(worker, "jobs under way: 1")
    worker.send_signal(signal.SIGTERM)
    code, said = ended(worker)
    assert (code, "SIGTERM again" in said, "jobs given back: 1" in said) == (0, True, True)
    assert (job.status, job.job.attempts) == (JobStatus.PENDING, 0)


def test_a_handler_in_a_thread_keeps_no_worker_from_ending(
    client: aijobs_sdk.Client, start: Start, released: Path
) -> None:
    worker = start("--grace", "0")
    job = running(client, released, "held_in_thread")
    worker.send_signal(signal.SIGTERM)
    assert ended(worker)[0] == 0
    assert (job.status, job.job.attempts) == (JobStatus.PENDING, 0)


def test_a_handler_that_blocks_the_loop_is_left_to_its_lease(
    client: aijobs_sdk.Client, start: Start, released: Path
) -> None:
    worker = start("--grace", "3600")
    job = running(client, released, "held_loop")
    worker.send_signal(signal.SIGTERM)
    read_until(worker, "SIGTERM: no more jobs are taken")
    worker.send_signal(signal.SIGTERM)
    read_until(worker, "SIGTERM again")
    worker.send_signal(signal.SIGTERM)
    code, said = ended(worker)
    assert code == 1
    assert "they run again when their leases have run out" in said
    assert job.status is JobStatus.PROCESSING


def test_a_worker_runs_what_another_process_submitted_and_left(
    client: aijobs_sdk.Client, start: Start, url: str, released: Path
) -> None:
    released.touch()
    payload = released.with_name("payload.json")
    payload.write_text(f'{{"path": "{released}"}}')
    submit = [*AIJOBS, "submit", "--no-wait", "--url", url, "--type", "held", "--payload", str(payload)]
    left = subprocess.run(
        [*submit, "--job-types", "held_jobs:held"], cwd=HERE, capture_output=True, text=True, check=True
    )
    job = client.job(left.stdout.strip())
    assert [event.kind for event in job.events()] == ["accepted"]
    worker = start()
    read_until(worker, f"job {job.id} type=held attempt=1")
    assert job.status is JobStatus.COMPLETED


def test_an_age_beyond_the_calendar_keeps_every_job(client: aijobs_sdk.Client, start: Start) -> None:
    start("--keep", "99999999999w")
    job = client.submit(type="test_job")
    assert job.wait(timeout=A_MINUTE).status is JobStatus.COMPLETED


def test_jobs_that_have_yet_to_end_are_kept(url: str) -> None:
    with pytest.raises(aijobs_sdk.InvalidRequestError, match="`keep_jobs` must not be below zero"):
        run_worker(url, keep_jobs=timedelta(days=-1))
