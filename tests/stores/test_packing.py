"""What is finished is packed: it comes back as it was, and no garbage collection walks through it."""

from __future__ import annotations

import gc
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.events import JobAccepted, JobEvent, JobFailed, JobRetrying, TextDelta, UnknownEvent
from aijobs_sdk.contract.job import Job, JobStatus
from aijobs_sdk.contract.records import Document, Image, LineageEvent, UsageRow
from aijobs_sdk.engine.lifecycle import accept
from aijobs_sdk.engine.record import JobRecord
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.stores.packed_jobs import pack_log, pack_record, unpack_log, unpack_record
from aijobs_sdk.stores.packed_records import Record, packed
from aijobs_sdk.stores.packing import Packing, from_bytes, to_bytes
from contract.new_jobs import US, new_job

CLOCK = SystemClock()
NOW = CLOCK.now()
ERROR = ErrorInfo(code="broken", category=ErrorCategory.INTERNAL, message="It broke.", details={"n": [1, None]})
IDS: dict[str, Any] = {"id": uuid4(), "tenant_id": US}
DOCUMENT = Document(
    **IDS, author_id=US, job_id=uuid4(), title="T", content="\udc80", configuration={"goals": ["g"]}, created_at=NOW
)
LINEAGE = LineageEvent(
    **IDS,
    document_id=uuid4(),
    job_id=uuid4(),
    model="m",
    provider="p",
    prompt_length=1,
    output_length=2,
    actor_id=US,
    at=NOW,
)
USAGE = UsageRow(
    **IDS,
    user_id=US,
    query_type="text_generation",
    model="m",
    provider="p",
    input_tokens=1,
    output_tokens=2,
    credits_used=Decimal("0.000105"),
    metadata={"document_id": "d", "quoted": ["1", 2]},
    month_year="2026-01",
    created_at=NOW,
)
IMAGE = Image(
    **IDS, user_id=US, job_id=uuid4(), url="file:///p.png", media_type="image/png", width=1, height=2, created_at=NOW
)
RECORDS: list[Record] = [DOCUMENT, LINEAGE, USAGE, IMAGE]


def a_record(**fields: Any) -> JobRecord:
    new = new_job(CLOCK, payload={"deep": [None, {"ü": "\udc80"}]}, batch_id=uuid4(), idempotency_key="k")
    record = accept(new, NOW).record
    return record._replace(job=record.job.replace(**fields), lease_until=NOW + timedelta(seconds=30))


JOBS = {
    "accepted": a_record(),
    "completed": a_record(status=JobStatus.COMPLETED, result={"content": "…", "tool_calls": [{"id": 1}]}),
    "failed": a_record(status=JobStatus.FAILED, error=ERROR)._replace(errors=(ERROR, ERROR)),
}


def a_log(job: Job) -> list[JobEvent]:
    stands: dict[str, Any] = {"job_id": job.id, "at": NOW, "progress": 0, "message": "…"}
    return [
        JobAccepted(**stands, seq=1, status=JobStatus.PENDING),
        TextDelta(job_id=job.id, seq=2, at=NOW, text="Ha", offset=0, attempt=1),
        JobRetrying(**stands, seq=3, status=JobStatus.PENDING, attempt=1, error=ERROR, retry_at=NOW),
        UnknownEvent(job_id=job.id, seq=4, at=NOW, kind="weather", data={"sky": ["blue"]}),
        JobFailed(**stands, seq=5, status=JobStatus.FAILED, error=ERROR),
    ]


@pytest.mark.parametrize("record", JOBS.values(), ids=JOBS)
def test_a_job_comes_back_as_it_was(record: JobRecord) -> None:
    assert unpack_record(from_bytes(to_bytes(pack_record(record)))) == record
    back = unpack_record(pack_record(record))
    assert back == record
    assert (type(back.state), type(back.job.status)) == (type(record.state), JobStatus)


def test_a_log_comes_back_as_it_was() -> None:
    log = a_log(JOBS["failed"].job)
    assert unpack_log(pack_log(log), log[0].job_id) == log


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_what_a_job_left_behind_comes_back_as_it_was(record: Record) -> None:
    packing = Packing(type(record))
    assert packing.unpack(packing.pack(record)) == record


@pytest.mark.parametrize("record", JOBS.values(), ids=JOBS)
def test_no_garbage_collection_walks_through_what_is_packed(record: JobRecord) -> None:
    kept = [pack_record(record), pack_log(a_log(record.job)), *map(packed, RECORDS)]
    gc.collect()
    assert not any(map(gc.is_tracked, kept))


def test_a_text_that_a_document_and_a_log_hold_is_kept_once() -> None:
    text = "An answer. " * 100
    document = packed(DOCUMENT.replace(content=text))
    delta = pack_log([TextDelta(job_id=US, seq=1, at=NOW, text=text, offset=0, attempt=1)])
    assert any(one is text for one in document)
    assert any(one is text for one in delta)
