"""What every backend promises, wherever it runs its jobs."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from pydantic import BaseModel, SecretStr

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import (
    AIJobsError,
    DeadLetterNotFoundError,
    IdempotencyConflictError,
    InvalidRequestError,
    JobNotFoundError,
    ScheduleNotFoundError,
)
from aijobs_sdk.contract.events import JobEvent, JobRetrying, TextDelta
from aijobs_sdk.contract.health import BreakerState, Health
from aijobs_sdk.contract.job import Caller, Job, JobQuery, JobRequest, JobStatus, Priority
from aijobs_sdk.contract.records import DeadLetterQuery, UsageRow
from aijobs_sdk.contract.results import GenerationResult, ImageResult
from aijobs_sdk.contract.schedule import ScheduleRequest
from aijobs_sdk.contract.shapes import MOST_PROBLEMS
from aijobs_sdk.contract.store import Store
from aijobs_sdk.engine.context import text_of
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.script import fail, ok
from contract.conftest import OURS, THEIRS

pytestmark = pytest.mark.anyio


BEFORE_ALL_DAYS = datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))
AFTER_ALL_DAYS = datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))
ITSELF: list[object] = []
ITSELF.append(ITSELF)


class Login(BaseModel):
    user: str
    password: str


def a_test_job(**payload: object) -> JobRequest:
    return JobRequest(type="test_job", payload=payload)


def a_text(prompt: object = "Describe a river.", **payload: object) -> JobRequest:
    return JobRequest(type="ai_generation", payload={"prompt": prompt, "model": "gpt-5.2", **payload})


async def submit(backend: Backend, request: JobRequest) -> Job:
    [job] = await backend.submit([request])
    return job


async def events_of(backend: Backend, job: Job, *, after: int = 0) -> list[JobEvent]:
    return [event async for event in backend.events(job.id, after=after)]


async def over(backend: Backend, job: Job) -> Job:
    await events_of(backend, job)
    return await backend.get(job.id)


async def failed_job(backend: Backend, **fields: object) -> Job:
    return await over(backend, await submit(backend, JobRequest(type="test_job", payload={"fail": True}, **fields)))


async def turn_loop(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


def pictures(n: int = 1) -> JobRequest:
    return JobRequest(type="image_generation", payload={"prompt": "A red fox.", "n": n, "size": "1536x1024"})


def text_in(events: Sequence[JobEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def usage_around(backend: Backend, clock: Clock) -> Sequence[UsageRow]:
    day = timedelta(days=1)
    return await backend.usage(since=clock.now() - day, until=clock.now() + day)


async def test_a_submitted_job_runs_to_its_result(backend: Backend) -> None:
    job = await submit(backend, a_test_job(echo={"a": [1, None]}))
    assert job.status is JobStatus.PENDING
    done = await over(backend, job)
    assert done.status is JobStatus.COMPLETED
    assert done.result == {"echo": {"a": [1, None]}, "attempt": 1}


async def test_waiting_for_the_end_returns_the_job_as_it_ended(backend: Backend) -> None:
    alone = await submit(backend, a_test_job(steps=3, seconds=2))
    several = await backend.submit([a_test_job(seconds=1), a_test_job(fail=True)])
    ended = await asyncio.gather(*(backend.ended(job.id) for job in (alone, *several, alone)))
    assert [job.status for job in ended] == ["completed", "completed", "failed", "completed"]
    assert ended == [await backend.get(job.id) for job in ended]
    assert [await backend.ended(job.id) for job in ended] == ended


async def test_waiting_for_the_end_can_be_given_up_and_begun_again(backend: Backend) -> None:
    job = await submit(backend, a_test_job(steps=4, seconds=4))
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await backend.ended(job.id)
    assert (await backend.ended(job.id)).status is JobStatus.COMPLETED


async def test_many_jobs_come_back_in_the_order_they_were_asked_for(backend: Backend) -> None:
    jobs = await backend.submit([a_test_job(echo=n) for n in range(250)])
    assert [job.payload["echo"] for job in jobs] == list(range(250))


async def test_a_number_of_numpy_is_a_number(backend: Backend) -> None:
    request = a_test_job(steps=np.int64(2), seconds=np.float32(0.5), fail=np.bool_(0))
    job = await submit(backend, request)
    assert (job.payload["steps"], job.payload["seconds"]) == (2, 0.5)
    assert (await backend.ended(job.id)).status is JobStatus.COMPLETED


async def test_what_has_one_way_to_be_written_is_a_text_wherever_jobs_run(backend: Backend) -> None:
    """A cell of a table may be a UUID, a date or a Decimal: a payload takes it on every backend, or on none."""
    row = UUID(int=7), date(2026, 1, 2), datetime(2026, 1, 2, tzinfo=UTC), Decimal("1.50"), {1: (np.int64(3),)}
    echoed = await submit(backend, a_test_job(echo=row))
    asked = await submit(backend, a_text(row[0]))
    texts = [str(UUID(int=7)), "2026-01-02", "2026-01-02T00:00:00Z", "1.50", {"1": [3]}]
    assert (echoed.payload["echo"], asked.payload["prompt"]) == (texts, texts[0])


async def test_secrets_are_dropped_from_what_becomes_json_on_the_way(backend: Backend) -> None:
    job = await submit(backend, a_test_job(echo=Login(user="ada", password="hunter2")))
    assert job.payload == {"echo": {"user": "ada"}}


async def test_one_bad_request_of_many_stores_nothing(backend: Backend) -> None:
    with pytest.raises(InvalidRequestError, match=r"^requests\[1\]: .*`payload\.steps`") as refused:
        await backend.submit([a_test_job(), a_test_job(steps=-1)])
    assert [problem.field for problem in refused.value.fields] == ["requests[1].payload.steps"]
    assert (await backend.list_jobs(JobQuery())).jobs == ()


@pytest.mark.parametrize(
    ("request_", "field", "says"),
    [
        (a_text(""), "payload.prompt", "an empty text"),
        (a_text("  \n"), "payload.prompt", "white space"),
        (a_text(model="gpt-5.3"), "payload.model", "gpt-5.2"),
        (a_text(maxTokens=5), "payload.maxTokens", "max_tokens"),
        (a_text(model="gpt-image-1.5"), "payload.model", "images"),
        (a_text(temprature=1), "payload.temprature", "temperature"),
        (a_text(temperature=math.nan), "payload.temperature", "finite"),
        (a_test_job(echo=["NaN", {"deep": -math.inf}]), "payload.echo[1].deep", "finite"),
        (a_text(max_tokens=0), "payload.max_tokens", "greater"),
        (a_text(max_tokens=10**9), "payload.max_tokens", "at most"),
        (a_text(estimated_credits="1.1234567"), "payload.estimated_credits", "decimal"),
        (a_text("word " * 500_000), "payload.prompt", "at most 400,000"),
        (JobRequest(type="ai_generatoin", payload={}), "type", "ai_generation"),
        (JobRequest(type="ai_generation", payload={"prompt": "x"}), "payload.model", "required"),
        (JobRequest(type="test_job", payload={}, user_id="me"), "user_id", "UUID"),
        (JobRequest(type="test_job", payload={}, priority="urgent"), "priority", "high"),
        (JobRequest(type="test_job", payload={}, max_attempts=0), "max_attempts", "1 to 1,000,000"),
        (JobRequest(type="test_job", payload={}, max_attempts=3_000_000), "max_attempts", "1 to 1,000,000"),
        (JobRequest(type="test_job", payload={}, run_at=BEFORE_ALL_DAYS), "run_at", "calendar"),
        (JobRequest(type="test_job", payload={}, run_at=AFTER_ALL_DAYS), "run_at", "calendar"),
        (JobRequest(type="test_job", payload={}, idempotency_key=""), "idempotency_key", "255"),
        (JobRequest(type="test_job", payload={}, idempotency_key="a\x00b"), "idempotency_key", "NUL"),
        (JobRequest(type="test_job", payload={}, idempotency_key="\ud800"), "idempotency_key", "half of a character"),
        (a_test_job(echo=["\ud800"]), "payload.echo[0]", "half of a character"),
        (a_test_job(echo={"\ud800": 1}), "payload.echo", "half of a character"),
        (a_test_job(echo={"rows": ITSELF}), "payload.echo.rows[0]", "holds itself"),
        (a_test_job(echo={"rows": json.loads("[" * 63 + "]" * 63)}), "payload.echo", "64 levels"),
        (a_test_job(echo={"rows": json.loads("[" * 300 + "]" * 300)}), "payload.echo", "64 levels"),
        (a_test_job(echo=[10**5000]), "payload.echo[0]", "too many digits"),
        (a_test_job(echo=SecretStr("x")), "payload.echo", "SecretStr"),
        (a_test_job(echo=object()), "payload.echo", "JSON"),
    ],
)
async def test_bad_input_is_refused_by_the_name_of_its_field(
    backend: Backend, request_: JobRequest, field: str, says: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await backend.submit([request_])
    assert [problem.field for problem in refused.value.fields] == [field]
    assert says in str(refused.value)


async def test_a_payload_may_have_as_many_levels_on_every_backend(backend: Backend) -> None:
    echo = json.loads("[" * 63 + "]" * 63)
    requests = [a_test_job(echo=echo)] * 2
    jobs = await backend.submit(requests)
    assert [job.payload["echo"] for job in jobs] == [echo, echo]


async def test_refusals_are_known_before_anything_is_stored(backend: Backend) -> None:
    unknown = JobRequest(type="ai_generatoin", payload={})
    refused = await backend.refusals([a_text(), a_text(model="gpt-5"), a_test_job(), a_text(""), unknown])
    assert {place: error.fields[0].field for place, error in refused.items()} == {
        1: "payload.model",
        3: "payload.prompt",
        4: "type",
    }
    assert (await backend.list_jobs(JobQuery())).jobs == ()


async def test_of_many_problems_the_first_are_told(backend: Backend) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await backend.submit([a_test_job(**{f"no_field_{n}": n for n in range(1000)})])
    assert len(refused.value.fields) == MOST_PROBLEMS


async def test_a_refusal_of_one_among_many_says_which(backend: Backend) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await backend.submit([a_text(), a_text(model="gpt-5")])
    assert refused.value.fields[0].field == "requests[1].payload.model"


async def test_a_refusal_shows_the_shape_of_a_value_and_never_the_value(backend: Backend) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await backend.submit(
            [JobRequest(type="ai_generation", payload={"prompt": {"k": "hunter2"}, "model": "gpt-5.2"})]
        )
    assert "hunter2" not in str(refused.value)
    assert "an object with 1 field" in str(refused.value)


async def test_a_secret_is_dropped_before_it_is_stored_and_declared_fields_stay(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    job = await submit(backend, a_text(max_tokens=50, **{"API-Key": "sk-1", "authToken": "t"}))
    assert job.payload["max_tokens"] == 50
    assert {"API-Key", "authToken"}.isdisjoint(job.payload)
    assert "payload.API-Key" in caplog.text
    assert "sk-1" not in caplog.text


async def test_every_dispatch_is_logged_with_id_type_and_tenant(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="aijobs")
    job = await submit(backend, a_text("A secret plan"))
    assert f"dispatched job {job.id} type=ai_generation tenant={job.tenant_id}" in caplog.text
    assert "secret plan" not in caplog.text


async def test_a_priority_is_inherited_unless_the_call_says_its_own(backend: Backend) -> None:
    inherited = await submit(backend, a_test_job())
    said = await submit(backend, JobRequest(type="test_job", payload={}, priority="high"))
    assert (inherited.priority, said.priority) == (Priority.NORMAL, Priority.HIGH)


async def test_a_repeated_key_returns_the_first_job_and_another_payload_conflicts(backend: Backend) -> None:
    first = await submit(backend, JobRequest(type="test_job", payload={"echo": 1}, idempotency_key="k"))
    again = await submit(backend, JobRequest(type="test_job", payload={"echo": 1}, idempotency_key="k"))
    assert again.id == first.id
    with pytest.raises(IdempotencyConflictError):
        await submit(backend, JobRequest(type="test_job", payload={"echo": 2}, idempotency_key="k"))


async def test_concurrent_submits_with_one_key_make_one_job(backend: Backend) -> None:
    request = JobRequest(type="test_job", payload={}, idempotency_key="k")
    jobs = await asyncio.gather(*(submit(backend, request) for _ in range(64)))
    assert len({job.id for job in jobs}) == 1


async def test_an_unknown_job_is_not_found(backend: Backend) -> None:
    with pytest.raises(JobNotFoundError):
        await backend.get(uuid4())
    with pytest.raises(JobNotFoundError):
        await backend.ended(uuid4())
    with pytest.raises(JobNotFoundError):
        await backend.cancel(uuid4())
    with pytest.raises(JobNotFoundError):
        await anext(backend.events(uuid4()))


async def test_the_log_replays_and_then_follows_to_the_end(backend: Backend) -> None:
    job = await submit(backend, a_test_job(seconds=10, steps=4))
    live = await events_of(backend, job)
    assert [event.kind for event in live] == ["accepted", "started", *["progress"] * 4, "completed"]
    assert [event.seq for event in live] == list(range(1, 8))
    assert await events_of(backend, job) == live


async def test_a_second_reader_goes_on_exactly_after_a_number(backend: Backend) -> None:
    job = await submit(backend, a_test_job(steps=5))
    everything = await events_of(backend, job)
    assert await events_of(backend, job, after=3) == everything[3:]
    assert await events_of(backend, job, after=everything[-1].seq) == []
    assert await events_of(backend, job, after=-1) == everything


async def test_reading_without_following_ends_where_the_log_ends(backend: Backend, clock: Clock) -> None:
    job = await submit(backend, a_test_job(seconds=60))
    await clock.sleep(1)
    so_far = [event.kind async for event in backend.events(job.id, follow=False)]
    assert so_far == ["accepted", "started"]


async def test_a_running_job_stops_at_its_next_await_when_it_is_cancelled(backend: Backend, clock: Clock) -> None:
    job = await submit(backend, a_test_job(seconds=200))
    await clock.sleep(1)
    began = clock.now()
    await backend.cancel(job.id)
    ended = await over(backend, job)
    assert ended.cancelled()
    assert clock.now() - began < timedelta(seconds=1)


@pytest.mark.parametrize("turns", range(8))
async def test_a_cancel_holds_however_far_the_start_of_the_job_is(backend: Backend, clock: Clock, turns: int) -> None:
    job = await submit(backend, a_test_job(seconds=200))
    began = clock.now()
    await turn_loop(turns)
    await backend.cancel(job.id)
    assert (await over(backend, job)).cancelled()
    assert clock.now() - began < timedelta(seconds=1)


async def test_a_finished_job_stays_as_it_is_when_it_is_cancelled(backend: Backend) -> None:
    job = await submit(backend, a_test_job(echo="kept"))
    done = await over(backend, job)
    assert await backend.cancel(job.id) == done


async def test_a_passing_failure_is_tried_again_and_a_lasting_one_is_not(backend: Backend) -> None:
    passing = await over(backend, await submit(backend, a_test_job(fail_attempts=2)))
    lasting = await over(backend, await submit(backend, a_test_job(fail=True)))
    assert (passing.status, passing.attempts) == (JobStatus.COMPLETED, 3)
    assert (lasting.status, lasting.attempts) == (JobStatus.FAILED, 1)


async def test_a_job_out_of_attempts_fails_with_the_last_error(backend: Backend) -> None:
    job = await over(backend, await submit(backend, a_test_job(fail_attempts=9)))
    assert (job.status, job.attempts) == (JobStatus.FAILED, 3)
    assert job.error is not None
    assert (job.error.code, job.error.attempt) == ("told_to_fail", 3)


async def test_a_job_that_runs_past_its_limit_fails_cleanly(backend: Backend) -> None:
    job = await over(backend, await submit(backend, a_test_job(seconds=301)))
    assert job.error is not None
    assert (job.error.code, job.error.category) == ("job_timeout", ErrorCategory.TIMEOUT)


async def test_a_generation_leaves_a_document_its_lineage_and_its_usage(backend: Backend, clock: Clock) -> None:
    job = await over(backend, await submit(backend, a_text(estimated_credits="2.5")))
    result = GenerationResult.model_validate(job.result)
    document = await backend.document(result.document_id)
    [lineage] = await backend.lineage(result.document_id)
    [usage] = await usage_around(backend, clock)
    assert document is not None
    assert (document.title, document.content, document.status) == (result.title, result.content, "draft")
    assert (lineage.prompt_length, lineage.output_length) == (len("Describe a river."), len(result.content))
    assert (usage.credits_used, usage.input_tokens, usage.output_tokens) == (
        result.credits_used,
        result.input_tokens,
        result.output_tokens,
    )
    assert usage.credits_used == Decimal("2.5")
    assert usage.metadata["job_id"] == str(job.id)
    assert usage.metadata["metered_credits"] == format(result.metered_credits, "f")


async def test_a_retried_generation_leaves_one_document_and_one_usage_row(
    backend: Backend, clock: Clock, simulation: Simulation
) -> None:
    simulation.on(model="gpt-5.2").do(fail("truncate", after_tokens=40), fail("reset"), ok())
    job = await over(backend, await submit(backend, a_text()))
    assert (job.status, job.attempts) == (JobStatus.COMPLETED, 3)
    assert len(await usage_around(backend, clock)) == 1


async def test_a_failed_generation_leaves_nothing(backend: Backend, clock: Clock, simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail("content_filter"))
    job = await over(backend, await submit(backend, a_text()))
    assert job.error is not None
    assert job.error.category is ErrorCategory.CONTENT_FILTER
    assert await usage_around(backend, clock) == []


async def test_a_providers_retry_after_is_waited_out(backend: Backend, simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail(429, retry_after=20), ok())
    job = await submit(backend, a_text())
    [retrying] = [event for event in await events_of(backend, job) if isinstance(event, JobRetrying)]
    waited = (retrying.retry_at - retrying.at).total_seconds()
    assert 20 <= waited <= 22
    assert retrying.error.details["retry_after_seconds"] == 20


async def test_a_permanent_429_is_asked_once(backend: Backend, simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail("quota_exhausted") * 3)
    job = await over(backend, await submit(backend, a_text()))
    assert job.error is not None
    assert (job.attempts, job.error.category) == (1, ErrorCategory.QUOTA)


async def test_a_silent_provider_is_given_up_after_its_time_limit(
    backend: Backend, clock: Clock, simulation: Simulation
) -> None:
    simulation.on(model="gpt-5.2").do(fail("timeout") * 3)
    job = await submit(backend, JobRequest(type="ai_generation", payload=dict(a_text().payload), max_attempts=1))
    began = clock.now()
    ended = await over(backend, job)
    assert ended.error is not None
    assert ended.error.code == "provider_timeout"
    assert timedelta(seconds=30) <= clock.now() - began < timedelta(seconds=31)


async def test_an_answer_that_ends_without_its_marker_is_an_error(backend: Backend, simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail("truncate", after_tokens=30) * 3)
    job = await over(backend, await submit(backend, a_text()))
    assert job.error is not None
    assert (job.error.code, job.attempts) == ("stream_truncated", 3)


async def test_text_arrives_while_the_job_runs_and_adds_up_to_the_content(backend: Backend) -> None:
    job = await submit(backend, a_text())
    statuses, pieces = [], []
    async for event in backend.events(job.id):
        if isinstance(event, TextDelta):
            pieces.append(event.text)
            statuses.append((await backend.get(job.id)).status)
    done = await backend.get(job.id)
    assert len(pieces) > 1
    assert statuses[0] is JobStatus.PROCESSING
    assert done.result is not None
    assert "".join(pieces) == done.result["content"]


async def test_a_retry_that_writes_the_same_again_shows_nobody_anything_twice(
    backend: Backend, simulation: Simulation
) -> None:
    simulation.on(model="gpt-5.2").do(fail("truncate", after_tokens=200), ok())
    job = await submit(backend, a_text())
    events = await events_of(backend, job)
    done = await backend.get(job.id)
    assert done.result is not None
    assert text_in(events) == done.result["content"]


async def test_a_retry_that_writes_something_else_says_where_the_two_part(
    backend: Backend, simulation: Simulation
) -> None:
    simulation.on(model="gpt-5.2").do(fail("truncate", after_tokens=100), ok("# Another answer"))
    job = await submit(backend, a_text())
    deltas = [event for event in await events_of(backend, job) if isinstance(event, TextDelta)]
    assert deltas[-1].offset < len(deltas[0].text)
    assert text_of(deltas) == "# Another answer"


async def test_hostile_markup_reaches_no_reader(backend: Backend, simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(ok("# Hi\n\n<script>steal()</script>\n\nUse `<script>` with care."))
    job = await submit(backend, a_text())
    shown = text_in(await events_of(backend, job))
    assert "steal" not in shown
    assert "`<script>`" in shown
    assert shown == ((await backend.get(job.id)).result or {})["content"]


async def test_a_list_shows_this_tenants_jobs_newest_first(backend: Backend) -> None:
    jobs = await backend.submit([a_test_job() for _ in range(3)])
    page = await backend.list_jobs(JobQuery(limit=2))
    assert [job.id for job in page.jobs] == [jobs[2].id, jobs[1].id]
    assert page.next_cursor is not None
    assert (await backend.list_ids(JobQuery(limit=2))).ids == (jobs[2].id, jobs[1].id)


async def test_a_document_of_nobody_is_none(backend: Backend) -> None:
    assert await backend.document(UUID(int=99)) is None
    assert list(await backend.lineage(UUID(int=99))) == []


async def test_the_pictures_of_a_job_are_recorded_in_their_order(backend: Backend) -> None:
    done = await over(backend, await submit(backend, pictures(3)))
    images = await backend.images(done.id)
    result = ImageResult.model_validate(done.result)
    assert [(image.id, image.url) for image in images] == [(image.id, image.url) for image in result.images]
    assert {(image.width, image.height, image.media_type) for image in images} == {(1536, 1024, "image/png")}
    assert {(image.job_id, image.tenant_id, image.created_at) for image in images} == {
        (done.id, OURS.tenant_id, done.completed_at)
    }


async def test_a_job_that_drew_nothing_has_no_pictures(backend: Backend, simulation: Simulation) -> None:
    simulation.on().do(fail("content_filter"))
    failed = await over(backend, await submit(backend, pictures()))
    text = await over(backend, await submit(backend, a_text()))
    assert failed.status is JobStatus.FAILED
    assert [list(await backend.images(job_id)) for job_id in (failed.id, text.id, uuid4())] == [[], [], []]


async def test_pictures_of_another_tenant_are_as_if_they_were_not(
    backend: Backend, backend_for: Callable[[Caller], Backend]
) -> None:
    done = await over(backend, await submit(backend, pictures()))
    assert len(await backend.images(done.id)) == 1
    assert list(await backend_for(THEIRS).images(done.id)) == []


async def test_a_failed_job_leaves_a_dead_letter_and_a_completed_one_does_not(backend: Backend) -> None:
    failed = await over(backend, await submit(backend, a_test_job(fail_attempts=9, echo="kept")))
    await over(backend, await submit(backend, a_test_job()))
    [letter] = await backend.dead_letters(DeadLetterQuery())
    assert letter == await backend.dead_letter(failed.id)
    assert (letter.job_id, letter.payload["echo"], letter.error) == (failed.id, "kept", failed.error)
    assert [error.attempt for error in letter.errors] == [1, 2, 3]


async def test_dead_letters_are_narrowed_and_paged(backend: Backend, simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail("content_filter"))
    refused = await over(backend, await submit(backend, a_text()))
    told = [await failed_job(backend) for _ in range(3)]
    page = await backend.dead_letters(DeadLetterQuery(type="test_job", limit=2, offset=1))
    filtered = await backend.dead_letters(DeadLetterQuery(category=ErrorCategory.CONTENT_FILTER))
    assert len(page) == 2
    assert {letter.job_id for letter in page} <= {job.id for job in told}
    assert [letter.job_id for letter in filtered] == [refused.id]


async def test_a_replay_is_a_new_job_that_does_the_same(backend: Backend) -> None:
    somebody = UUID(int=77)
    failed = await failed_job(backend, priority="high", max_attempts=5, user_id=somebody)
    replay = await backend.replay(failed.id)
    assert replay.id != failed.id
    assert (replay.replay_of, replay.status, replay.attempts) == (failed.id, JobStatus.PENDING, 0)
    assert (replay.type, replay.payload, replay.priority) == (failed.type, failed.payload, Priority.HIGH)
    assert (replay.max_attempts, replay.user_id) == (5, somebody)
    assert await backend.get(failed.id) == failed


async def test_a_replay_may_succeed_where_the_job_failed(backend: Backend, simulation: Simulation) -> None:
    simulation.on(model="gpt-5.2").do(fail("quota_exhausted"))
    failed = await over(backend, await submit(backend, a_text()))
    simulation.on(model="gpt-5.2").do(ok())
    assert (await over(backend, await backend.replay(failed.id))).status is JobStatus.COMPLETED
    assert (await backend.get(failed.id)).status is JobStatus.FAILED


async def test_a_letter_names_its_newest_replay(backend: Backend) -> None:
    failed = await failed_job(backend)
    assert (await backend.dead_letter(failed.id)).replayed_as is None
    first = await backend.replay(failed.id)
    assert (await backend.dead_letter(failed.id)).replayed_as == first.id
    second = await backend.replay(failed.id)
    assert (await backend.dead_letter(failed.id)).replayed_as == second.id


async def test_a_replay_that_is_asked_for_again_with_its_key_is_made_once(backend: Backend) -> None:
    failed = await failed_job(backend)
    first = await backend.replay(failed.id, idempotency_key="once")
    other = await backend.replay(failed.id, idempotency_key="twice")
    assert (await backend.replay(failed.id, idempotency_key="once")).id == first.id
    assert (await backend.dead_letter(failed.id)).replayed_as == other.id


async def test_a_letter_replayed_by_somebody_since_it_was_read_is_not_replayed_again(backend: Backend) -> None:
    letter = await backend.dead_letter((await failed_job(backend)).id)
    theirs = await backend.replay(letter.job_id)
    assert (await backend.replay(letter.job_id, idempotency_key=letter.replay_key)).id == theirs.id
    newer = await backend.dead_letter(letter.job_id)
    assert (await backend.replay(letter.job_id, idempotency_key=newer.replay_key)).id != theirs.id


async def test_a_replay_that_fails_leaves_a_letter_of_its_own(backend: Backend) -> None:
    failed = await failed_job(backend)
    again = await over(backend, await backend.replay(failed.id))
    waiting = await backend.dead_letters(DeadLetterQuery(replayed=False))
    assert [letter.job_id for letter in waiting] == [again.id]


async def test_a_job_that_did_not_fail_has_no_letter_and_cannot_be_replayed(backend: Backend) -> None:
    done = await over(backend, await submit(backend, a_test_job()))
    with pytest.raises(DeadLetterNotFoundError, match=str(done.id)):
        await backend.replay(done.id)
    with pytest.raises(DeadLetterNotFoundError):
        await backend.dead_letter(uuid4())


async def test_dead_letters_of_another_tenant_are_as_if_they_were_not(
    backend: Backend, backend_for: Callable[[Caller], Backend]
) -> None:
    failed, theirs = await failed_job(backend), backend_for(THEIRS)
    assert list(await theirs.dead_letters(DeadLetterQuery())) == []
    with pytest.raises(DeadLetterNotFoundError):
        await theirs.dead_letter(failed.id)
    with pytest.raises(DeadLetterNotFoundError):
        await theirs.replay(failed.id)
    assert await theirs.purge_dead_letters(older_than=timedelta(0)) == 0
    assert (await backend.dead_letter(failed.id)).replayed_as is None


async def test_dead_letters_are_purged_by_their_age(backend: Backend, clock: Clock) -> None:
    old = await failed_job(backend)
    await clock.sleep(3600)
    young = await failed_job(backend)
    await clock.sleep(1)
    assert await backend.purge_dead_letters(older_than=timedelta(hours=1)) == 1
    assert [letter.job_id for letter in await backend.dead_letters(DeadLetterQuery())] == [young.id]
    assert (await backend.get(old.id)).status is JobStatus.FAILED


async def test_no_letter_is_older_than_the_calendar_and_no_age_is_below_zero(backend: Backend) -> None:
    await failed_job(backend)
    assert await backend.purge_dead_letters(older_than=timedelta.max) == 0
    with pytest.raises(InvalidRequestError, match="older_than"):
        await backend.purge_dead_letters(older_than=timedelta(seconds=-1))


@pytest.mark.parametrize("turns", range(8))
async def test_closing_gives_jobs_back_however_far_they_are(backend: Backend, turns: int) -> None:
    job = await submit(backend, a_test_job(seconds=100))
    await turn_loop(turns)
    await backend.aclose()
    given_back = await backend.get(job.id)
    assert (given_back.status, given_back.attempts) == (JobStatus.PENDING, 0)


async def test_whoever_waits_is_told_that_the_client_was_closed(backend: Backend) -> None:
    job = await submit(backend, a_test_job(seconds=100))
    waiting = [asyncio.create_task(backend.ended(job.id)), asyncio.create_task(events_of(backend, job))]
    await turn_loop(50)
    await backend.aclose()
    told = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert [isinstance(one, AIJobsError) and one.code for one in told] == ["client_closed"] * 2


async def test_health_is_an_answer_before_and_after_the_first_job(backend: Backend) -> None:
    before = await backend.health()
    assert (before.healthy, before.workers.running, before.breakers) == (True, False, ())
    await over(backend, await submit(backend, a_text()))
    after = await backend.health()
    assert (after.healthy, after.workers.running, after.workers.in_flight) == (True, True, 0)
    assert [(breaker.provider, breaker.state) for breaker in after.breakers] == [("openai", BreakerState.CLOSED)]


async def test_the_time_is_that_by_which_jobs_are_dated(backend: Backend) -> None:
    job = await submit(backend, a_test_job(seconds=100))
    assert timedelta(0) <= await backend.now() - job.created_at < timedelta(seconds=1)


async def test_health_is_a_fact_that_can_be_sent(backend: Backend) -> None:
    health = await backend.health()
    assert Health.model_validate_json(health.model_dump_json()) == health


def a_schedule(**fields: Any) -> ScheduleRequest:
    return ScheduleRequest(**({"name": "nightly", "cron": "0 3 * * *", "job": a_test_job()} | fields))


async def test_a_schedule_submits_a_job_each_time_it_is_due(backend: Backend, clock: Clock) -> None:
    schedule = await backend.schedule(a_schedule())
    await clock.sleep(2.5 * 24 * 3600)
    jobs = (await backend.list_jobs(JobQuery())).jobs
    assert [job.created_at - schedule.next_run_at for job in reversed(jobs)] == [timedelta(days=n) for n in range(3)]
    assert {job.status for job in jobs} == {JobStatus.COMPLETED}


async def test_a_schedule_says_what_it_came_to_and_when_it_is_due_again(backend: Backend, clock: Clock) -> None:
    first = await backend.schedule(a_schedule())
    await clock.sleep(24 * 3600)
    [job] = (await backend.list_jobs(JobQuery())).jobs
    [schedule] = await backend.schedules()
    assert (schedule.last_run_at, schedule.last_job_id) == (first.next_run_at, job.id)
    assert schedule.next_run_at == first.next_run_at + timedelta(days=1)


async def test_a_schedule_that_was_removed_submits_no_more(backend: Backend, clock: Clock) -> None:
    await backend.schedule(a_schedule())
    await backend.unschedule("nightly")
    await clock.sleep(2 * 24 * 3600)
    assert (await backend.list_jobs(JobQuery())).jobs == ()
    with pytest.raises(ScheduleNotFoundError, match="'nightly'"):
        await backend.unschedule("nightly")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"cron": "often"}, "cron"),
        ({"timezone": "Mars"}, "timezone"),
        ({"job": JobRequest(type="nothing", payload={})}, "type"),
        ({"job": JobRequest(type="test_job", payload={"seconds": -1})}, "payload.seconds"),
        ({"job": JobRequest(type="test_job", payload={}, idempotency_key="k")}, "idempotency_key"),
    ],
)
async def test_a_schedule_that_cannot_be_is_refused_by_name(
    backend: Backend, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await backend.schedule(a_schedule(**fields))
    assert [problem.field for problem in refused.value.fields] == [field]
    assert await backend.schedules() == []


@pytest.mark.parametrize("name", ["\x00", "a\x00b", "\ud800", "", ".", "..", "x" * 101, "é" * 70_000])
async def test_a_name_that_no_store_keeps_is_no_schedules(backend: Backend, name: str) -> None:
    with pytest.raises(ScheduleNotFoundError):
        await backend.unschedule(name)


async def test_times_that_nobody_was_there_for_are_made_up_for_once(
    backend: Backend, store: Store, clock: Clock
) -> None:
    await backend.schedule(a_schedule())
    await backend.aclose()
    await clock.sleep(5 * 24 * 3600)
    await submit(backend, a_test_job())  # which starts the workers
    await clock.sleep(1)
    assert len((await backend.list_jobs(JobQuery())).jobs) == 2
