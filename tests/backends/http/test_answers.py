"""What a newer server says is read as far as this version understands it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from aijobs_sdk.backends.http.answers import Object, read_event, read_fact, read_now
from aijobs_sdk.contract.batches import BatchRecord, BatchState, BatchWish
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.events import JobFailed, JobProgressed, UnknownEvent
from aijobs_sdk.contract.job import Job, JobStatus, Priority
from backends.http.wire_words import JOB, NOW, a_batch, record

ODD_ERROR: dict[str, JsonValue] = {"code": "x", "category": "astral", "message": "m", "moon": "full"}


def an_event(kind: str, **fields: JsonValue) -> Object:
    return {"kind": kind, "job_id": str(JOB), "seq": 1, "at": NOW, "progress": 1, "message": "", **fields}


def test_new_fields_are_left_out_and_the_payload_is_not_touched() -> None:
    job = read_fact(Job, record(payload={"status": "odd", "x": {"y": 1}}, mood="calm", error=ODD_ERROR))
    assert job.payload == {"status": "odd", "x": {"y": 1}}
    assert job.error is not None
    assert job.error.category is ErrorCategory.INTERNAL


def test_a_status_of_a_newer_server_reads_as_one_that_goes_on() -> None:
    job = read_fact(Job, record(status="hibernating", priority="urgent"))
    assert (job.status, job.priority) == (JobStatus.PROCESSING, Priority.NORMAL)


def test_a_status_of_a_newer_server_with_an_end_reads_as_failed() -> None:
    job = read_fact(Job, record(status="expired", completed_at=NOW))
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error.code == "unknown_status"


def test_words_of_a_newer_server_about_a_batch_read_as_ones_that_do_no_harm() -> None:
    batch = read_fact(BatchRecord, a_batch(wish="rewind", standing={"state": "thinking", "completed": 3}))
    assert (batch.wish, batch.standing.state, batch.standing.completed) == (BatchWish.PAUSE, BatchState.RUNNING, 3)


def test_an_event_with_new_fields_and_words_stays_what_it_is() -> None:
    assert isinstance(read_event(an_event("progress", status="hibernating", mood="calm")), JobProgressed)
    failed = read_event(an_event("failed", status="failed", error=ODD_ERROR))
    assert isinstance(failed, JobFailed)
    assert failed.error.category is ErrorCategory.INTERNAL


def test_an_event_of_a_known_kind_and_another_form_is_an_unknown_one() -> None:
    event = read_event(an_event("progress", status="processing", progress={"steps": 3}))
    assert isinstance(event, UnknownEvent)
    assert event.data["progress"] == {"steps": 3}


@pytest.mark.parametrize("name", ["kind", "job_id", "seq", "at"])
def test_what_is_no_event_is_none(name: str) -> None:
    data = an_event("lottery")
    del data[name]
    with pytest.raises(ValueError, match=r"event|[Ff]ield"):
        read_event(data)


def test_what_is_no_job_is_none() -> None:
    with pytest.raises(ValueError, match="validation error"):
        read_fact(Job, {"id": "x"})


def test_a_servers_time_is_an_instant() -> None:
    assert read_now(b'{"now": "2026-01-01T02:00:00+02:00", "mood": "calm"}') == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("body", [b'{"now": "2026-01-01T00:00:00"}', b'{"now": 7}', b'{"then": "x"}', b"noon"])
def test_what_does_not_say_the_time_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_now(body)
