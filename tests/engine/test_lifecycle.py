"""The table of transitions, and that nothing gets past it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.job import Job, JobState, JobStatus, NewJob, Priority
from aijobs_sdk.contract.records import Effects
from aijobs_sdk.contract.store import Cancelled, Done, Fail, Progress, Release, Retry
from aijobs_sdk.engine.lifecycle import Command, Extend, Report, RequestCancel, Take, accept, advance
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.engine.transitions import TABLE, ForbiddenTransitionError, Verb

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ERROR = ErrorInfo(code="busy", category=ErrorCategory.PROVIDER, message="Busy.", retryable=True)
COMMANDS: dict[Verb, Command] = {
    Verb.CLAIM: Take("w1", 30, 330),
    Verb.EXTEND: Extend(30),
    Verb.REPORT: Report((Progress(50, "Half"),)),
    Verb.COMPLETE: Done({}, Effects()),
    Verb.RETRY: Retry(ERROR, 1),
    Verb.FAIL: Fail(ERROR),
    Verb.RELEASE: Release(),
    Verb.REQUEST_CANCEL: RequestCancel(),
    Verb.CANCEL: Cancelled(),
}
EVERY_PAIR = [(state, verb) for state in JobState for verb in Verb]


def record_in(state: JobState) -> JobRecord:
    job = Job(
        id=UUID(int=1),
        tenant_id=UUID(int=2),
        user_id=UUID(int=3),
        type="test_job",
        status=JobStatus.PENDING,
        priority=Priority.NORMAL,
        payload={},
        created_at=NOW,
    )
    fresh = accept(NewJob(job=job, fingerprint="", draw_key=""), NOW).record
    return fresh._replace(state=state, job=job.model_copy(update={"status": state.status, "attempts": 1}))


@pytest.mark.parametrize(("state", "verb"), [pair for pair in EVERY_PAIR if pair in TABLE])
def test_what_the_table_allows_leads_where_it_says(state: JobState, verb: Verb) -> None:
    after, _ = advance(record_in(state), COMMANDS[verb], NOW)
    assert after.state is TABLE[state, verb]
    assert after.job.status is after.state.status


@pytest.mark.parametrize(("state", "verb"), [pair for pair in EVERY_PAIR if pair not in TABLE])
def test_what_the_table_does_not_allow_cannot_happen(state: JobState, verb: Verb) -> None:
    with pytest.raises(ForbiddenTransitionError):
        advance(record_in(state), COMMANDS[verb], NOW)


@pytest.mark.parametrize(("state", "verb"), list(TABLE))
def test_events_are_numbered_on_from_the_record(state: JobState, verb: Verb) -> None:
    before = record_in(state)
    after, events = advance(before, COMMANDS[verb], NOW)
    assert [event.seq for event in events] == list(range(before.last_seq + 1, after.last_seq + 1))


def test_a_retry_of_a_job_that_had_its_attempts_fails_it() -> None:
    record = record_in(JobState.RUNNING)
    spent = record._replace(job=record.job.model_copy(update={"attempts": 3, "max_attempts": 3}))
    after, _ = advance(spent, Retry(ERROR, 1), NOW)
    assert (after.state, after.job.error) == (JobState.FAILED, ERROR)


def test_a_final_state_has_no_way_out() -> None:
    ways_out = [(start, end) for (start, _), end in TABLE.items() if start.is_final and end is not start]
    assert ways_out == []


def test_the_documented_diagram_is_the_table() -> None:
    drawn = Path("docs/lifecycle.md").read_text("utf-8")
    arrows = [f"    {start} --> {end}: {verb}" for (start, verb), end in TABLE.items() if start is not end]
    assert "\n".join(sorted(arrows)) in drawn
