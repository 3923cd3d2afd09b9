"""What goes together, under which name, and how it is taken apart again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aijobs_sdk.batch.economy.chunks import MOST_BYTES, MOST_ROWS, Chunk, Chunks, Part
from aijobs_sdk.batch.running.chunk_jobs import has_tries_left, part_of, unpacked
from aijobs_sdk.batch.running.course import Course
from aijobs_sdk.batch.running.work import Work
from aijobs_sdk.contract.error_info import ErrorCategory, ErrorInfo
from aijobs_sdk.contract.job import Job, JobStatus, Priority

BATCH = UUID(int=7)
BUSY = ErrorInfo(code="overloaded", category=ErrorCategory.PROVIDER, message="Busy.", retryable=True)


def a_part(number: int = 0, *, retry: int = 0, model: str = "gpt-5.2", prompt: str = "Hello.") -> Part:
    return Part(Course(number), Work(f"{number:032x}", retry=retry), {"model": model, "prompt": prompt})


def a_job(parts: list[Part], **changes: Any) -> Job:
    job = Job(
        id=UUID(int=1),
        tenant_id=UUID(int=2),
        user_id=UUID(int=3),
        type="ai_generation_batch",
        status=JobStatus.PROCESSING,
        priority=Priority.NORMAL,
        payload={"items": [part.item(BATCH) for part in parts]},
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return job.replace(**changes)


def cut(parts: list[Part]) -> list[int]:
    """Return how many rows there are in each chunk."""
    chunks = Chunks()
    full = [chunk for part in parts if (chunk := chunks.add(part)) is not None]
    return [len(chunk.parts) for chunk in (*full, *chunks.rest())]


def test_a_chunk_holds_so_many_rows_and_no_more() -> None:
    assert cut([a_part(n) for n in range(2 * MOST_ROWS + 1)]) == [MOST_ROWS, MOST_ROWS, 1]


def test_a_chunk_holds_so_many_bytes_but_for_a_row_that_is_larger_alone() -> None:
    large, larger = "x" * (MOST_BYTES // 2), "x" * (MOST_BYTES + 1)
    assert cut([a_part(0, prompt=large), a_part(1, prompt=large), a_part(2, prompt=larger), a_part(3)]) == [1, 1, 1, 1]


def test_rows_of_one_model_go_together() -> None:
    assert sorted(cut([a_part(n, model=("a", "b", "b")[n % 3]) for n in range(9)])) == [3, 6]


def test_the_same_rows_at_the_same_try_are_the_same_chunk() -> None:
    names = [Chunk([a_part(0), a_part(1, retry=retry)]).name for retry in (0, 0, 1)]
    assert names[0] == names[1] != names[2]


def test_every_third_try_is_the_last_and_all_three_draw_the_same() -> None:
    items = [a_part(retry=retry).item(BATCH) for retry in range(4)]
    assert [item["attempt"] for item in items] == [1, 2, 3, 1]
    assert len({item["draw_key"] for item in items[:3]}) == 1
    assert items[3]["draw_key"] != items[0]["draw_key"]


def test_a_chunk_under_way_is_a_job_under_way_for_each_row() -> None:
    jobs = [*unpacked(a_job([a_part(0), a_part(1)]))]
    assert [(job.id, job.type, job.status) for job in jobs] == [(UUID(int=1), "ai_generation", "processing")] * 2


def test_a_row_has_its_own_result_or_error() -> None:
    parts = [a_part(0), a_part(1)]
    good, bad = (part.work.idempotency_key(BATCH) for part in parts)
    result = {"results": {good: {"content": "Hi."}}, "errors": {bad: BUSY.model_dump(mode="json")}}
    job = a_job(parts, status=JobStatus.COMPLETED, result=result)
    first, second = (part_of(job, part.work) for part in parts)
    assert (first.status, first.result, first.error) == ("completed", {"content": "Hi."}, None)
    assert (second.status, second.result, second.error) == ("failed", None, BUSY)


def test_a_failure_that_may_pass_leaves_tries_until_the_third() -> None:
    parts = [a_part(retry=retry) for retry in range(3)]
    jobs = [*unpacked(a_job(parts, status=JobStatus.FAILED, error=BUSY))]
    assert [has_tries_left(job) for job in jobs] == [True, True, False]


def test_a_job_of_one_row_is_itself() -> None:
    job = a_job([], type="ai_generation")
    assert [*unpacked(job)] == [job]
    assert part_of(job, a_part().work) is job
