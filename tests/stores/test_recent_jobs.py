"""Jobs at hand: whole logs only, unfinished ones forgotten at once, and never more than there is room for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from aijobs_sdk.contract.job import Job, JobStatus, NewJob, Priority
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Done
from aijobs_sdk.engine.lifecycle import Take, accept, advance
from aijobs_sdk.engine.record import Step
from aijobs_sdk.stores.sql import recent_jobs
from aijobs_sdk.stores.sql.recent_jobs import RecentJobs

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def accepted(prompt: str = "Hello") -> Step:
    job = Job(
        id=uuid4(),
        tenant_id=UUID(int=1),
        user_id=UUID(int=2),
        type="test_job",
        status=JobStatus.PENDING,
        priority=Priority.NORMAL,
        payload={"prompt": prompt},
        created_at=NOW,
    )
    return accept(NewJob(job=job, fingerprint=None, draw_key="1"), NOW)


def add(recent: RecentJobs, *steps: Step) -> None:
    for step in steps:
        recent.add(step.record, step.events)


def run(first: Step) -> tuple[Step, Step]:
    started = advance(first.record, Take("w", 30, 330), NOW)
    return started, advance(started.record, Done({}, Effects()), NOW)


def test_a_job_is_at_hand_with_its_whole_log() -> None:
    recent, first = RecentJobs(), accepted()
    add(recent, first, *run(first))
    found = recent.get(first.record.job.id)
    assert found is not None
    assert [event.kind for event in found.log] == ["accepted", "started", "completed"]
    assert found.job.status is JobStatus.COMPLETED


def test_a_running_job_whose_beginning_was_not_seen_is_not_at_hand() -> None:
    recent, first = RecentJobs(), accepted()
    started, _ = run(first)
    add(recent, started)
    assert recent.job(first.record.job.id) is None


def test_what_another_process_may_have_changed_is_forgotten_and_not_taken_up_again() -> None:
    recent, open_job, ended = RecentJobs(), accepted(), accepted()
    add(recent, ended, *run(ended), open_job)
    recent.forget_unfinished()
    started, _ = run(open_job)
    add(recent, started)
    assert recent.job(open_job.record.job.id) is None
    assert recent.get(ended.record.job.id) is not None


def test_how_a_forgotten_job_ended_is_at_hand_and_its_log_is_not() -> None:
    recent, first = RecentJobs(), accepted()
    add(recent, first)
    recent.forget_unfinished()
    add(recent, *run(first))
    assert recent.get(first.record.job.id) is None
    found = recent.job(first.record.job.id)
    assert found is not None
    assert found.status is JobStatus.COMPLETED


def test_of_the_jobs_that_ended_only_the_last_have_their_logs_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_jobs, "MOST_LOGS", 1)
    recent, older, newer = RecentJobs(), accepted(), accepted()
    add(recent, older, *run(older), newer, *run(newer))
    assert recent.get(older.record.job.id) is None
    assert recent.get(newer.record.job.id) is not None
    found = recent.job(older.record.job.id)
    assert found is not None
    assert found.status is JobStatus.COMPLETED


def test_what_ended_long_ago_is_forgotten_and_makes_room() -> None:
    recent, ended, open_job = RecentJobs(), accepted("x" * recent_jobs.MOST_CHARS), accepted()
    add(recent, ended, *run(ended), open_job)
    recent.forget_ended(NOW)
    assert recent.get(ended.record.job.id) is not None
    recent.forget_ended(NOW + timedelta(seconds=1))
    assert recent.job(ended.record.job.id) is None
    younger = accepted("ten chars.")
    add(recent, younger, *run(younger))
    assert recent.get(open_job.record.job.id) is not None
    assert recent.get(younger.record.job.id) is not None


@pytest.mark.parametrize("logs", [500, 1])
@pytest.mark.parametrize(("most", "value"), [("MOST_JOBS", 2), ("MOST_CHARS", 25)])
def test_there_are_never_more_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch, most: str, value: int, logs: int
) -> None:
    monkeypatch.setattr(recent_jobs, "MOST_LOGS", logs)
    monkeypatch.setattr(recent_jobs, most, value)
    recent, jobs = RecentJobs(), [accepted("ten chars.") for _ in range(3)]
    for first in jobs:
        add(recent, first, *run(first))
    assert [recent.job(first.record.job.id) is not None for first in jobs] == [False, True, True]
