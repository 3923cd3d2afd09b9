"""Whatever a handler raises or hands over, its job ends at once and is told of as its own, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.events import JobRetrying
from aijobs_sdk.contract.records import Document, Effects, UsageRow

HALF_A_CHARACTER = "\ud800"
ONE_ID = UUID(int=7)


class Nothing(BaseModel):
    pass


class Named(BaseModel):
    what: str


class OutcomeError(BaseException):
    """No `Exception`, as test frameworks and others end things."""


RAISED: dict[str, BaseException] = {
    "OutcomeError": OutcomeError(),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "SystemExit": SystemExit(),
    "StopIteration": StopIteration(),
    "CancelledError": asyncio.CancelledError(),
}
HANDED_OVER: dict[str, dict[str, Any]] = {
    "half a character": {"a": HALF_A_CHARACTER},
    "half a key": {HALF_A_CHARACTER: 1},
    "more digits than are read": {"a": 10**5000},
    "a number that is none": {"a": float("nan")},
}


def _provider_error(message: str = "It failed.", **odd: Any) -> aijobs.ProviderError:
    told: dict[str, Any] = {"code": "odd", "category": ErrorCategory.PROVIDER, "provider": "ours", "retryable": False}
    return aijobs.ProviderError(message, **(told | odd))


TOLD_ODDLY: dict[str, aijobs.AIJobsError] = {
    "a code that is none": _provider_error(code="No code!"),
    "a kind that is none": _provider_error(category="unheard of"),
    "a refusal without a code": aijobs.InvalidRequestError("Not so.", code=""),
}
MESSAGES = {"NUL": ("a\x00b", "a?b"), "half a character": (f"a{HALF_A_CHARACTER}b", "a?b")}
WAITS = {"endless": float("inf"), "past the calendar": 1e300, "none": float("nan"), "back in time": -5.0}


@aijobs.job_type("raise")
async def raise_it(context: aijobs.JobContext, payload: Named) -> NoReturn:
    raise RAISED[payload.what]


@aijobs.job_type("end a generator")
async def end_a_generator(context: aijobs.JobContext, payload: Nothing) -> NoReturn:
    raise GeneratorExit


@aijobs.job_type("end a generator in a task")
async def end_a_generator_in_a_task(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    return await asyncio.create_task(_ended())


async def _ended() -> NoReturn:
    raise GeneratorExit


@aijobs.job_type("end a generator in a thread")
def end_a_generator_in_a_thread(context: aijobs.JobContext, payload: Nothing) -> NoReturn:
    raise GeneratorExit


@aijobs.job_type("tell oddly")
async def tell_oddly(context: aijobs.JobContext, payload: Named) -> NoReturn:
    raise TOLD_ODDLY[payload.what]


@aijobs.job_type("fail with a message")
async def fail_with_a_message(context: aijobs.JobContext, payload: Named) -> NoReturn:
    raise _provider_error(MESSAGES[payload.what][0], provider=MESSAGES[payload.what][0])


@aijobs.job_type("ask to wait")
async def ask_to_wait(context: aijobs.JobContext, payload: Named) -> NoReturn:
    raise _provider_error(category=ErrorCategory.RATE_LIMIT, retryable=True, retry_after_seconds=WAITS[payload.what])


@aijobs.job_type("come back")
async def come_back(context: aijobs.JobContext, payload: Named) -> NoReturn:
    context.come_back(WAITS[payload.what])


@aijobs.job_type("raise in a task")
async def raise_in_a_task(context: aijobs.JobContext, payload: Named) -> dict[str, Any]:
    return await asyncio.create_task(_raised(payload.what))


async def _raised(what: str) -> NoReturn:
    raise RAISED[what]


@aijobs.job_type("raise in a thread")
def raise_in_a_thread(context: aijobs.JobContext, payload: Named) -> NoReturn:
    raise RAISED[payload.what]


@aijobs.job_type("hand over")
async def hand_over(context: aijobs.JobContext, payload: Named) -> dict[str, Any]:
    return HANDED_OVER[payload.what]


@aijobs.job_type("cancel itself")
async def cancel_itself(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(1)
    return {}


@aijobs.job_type("set effects")
async def set_effects(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    context.effects = "a document"  # type: ignore[assignment]
    return {}


@aijobs.job_type("write a document")
async def write_a_document(context: aijobs.JobContext, payload: Named) -> dict[str, Any]:
    job = context.job
    document = Document(
        id=ONE_ID,
        tenant_id=job.tenant_id,
        author_id=job.user_id,
        job_id=job.id,
        title=payload.what,
        content=payload.what,
        created_at=context.clock.now(),
    )
    context.effects = Effects(documents=(document,))
    return {}


@aijobs.job_type("use many tokens")
async def use_many_tokens(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    job = context.job
    row = UsageRow(
        id=uuid4(),
        tenant_id=job.tenant_id,
        user_id=job.user_id,
        query_type="text_generation",
        model="m",
        provider="ours",
        input_tokens=2**64,
        output_tokens=0,
        credits_used=Decimal(1),
        month_year="2026-01",
        created_at=context.clock.now(),
    )
    context.effects = Effects(usage=(row,))
    return {}


@aijobs.job_type("tell")
async def tell(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    await context.progress(100 / 3, "a third\x00")
    await context.progress(150, HALF_A_CHARACTER)
    await context.progress(-5, "back")
    await context.progress(float("nan"), "nobody knows")
    await context.write(f"{HALF_A_CHARACTER} is half")
    return {}


TYPES: list[aijobs.JobType[Any]] = [
    raise_it,
    raise_in_a_task,
    raise_in_a_thread,
    end_a_generator,
    end_a_generator_in_a_task,
    end_a_generator_in_a_thread,
    hand_over,
    cancel_itself,
    set_effects,
    write_a_document,
    use_many_tokens,
    tell,
    tell_oddly,
    fail_with_a_message,
    ask_to_wait,
    come_back,
]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def client(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[aijobs.Client]:
    urls = {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path}/jobs.db"}
    url = urls.get(request.param) or request.getfixturevalue("postgres_url")
    with aijobs.Client(url, job_types=TYPES) as client:
        yield client


def error_of(client: aijobs.Client, job_type: str, **payload: object) -> aijobs.ErrorInfo:
    job = client.submit(type=job_type, payload=payload, max_attempts=1).wait(timeout=10)
    assert job.error is not None
    assert [one.id for one in client.list()] == [job.id]
    return job.error


@pytest.mark.parametrize("job_type", ["raise", "raise in a task", "raise in a thread"])
@pytest.mark.parametrize("what", RAISED)
def test_whatever_it_raises_is_its_own_failure(client: aijobs.Client, job_type: str, what: str) -> None:
    assert error_of(client, job_type, what=what).code == "handler_error"


@pytest.mark.parametrize("job_type", ["end a generator", "end a generator in a task", "end a generator in a thread"])
def test_what_python_ends_coroutines_by_is_a_handlers_own_failure(client: aijobs.Client, job_type: str) -> None:
    """Its job is not left to its lease, as the job of a handler whose loop is gone."""
    assert error_of(client, job_type).code == "handler_error"


@pytest.mark.parametrize("what", TOLD_ODDLY)
def test_an_error_that_cannot_be_told_is_the_handlers_own(client: aijobs.Client, what: str) -> None:
    assert error_of(client, "tell oddly", what=what).code == "handler_error"


@pytest.mark.parametrize("what", MESSAGES)
def test_a_message_that_no_store_can_keep_is_told_all_the_same(client: aijobs.Client, what: str) -> None:
    error = error_of(client, "fail with a message", what=what)
    assert (error.code, error.message, error.provider) == ("odd", MESSAGES[what][1], MESSAGES[what][1])


@pytest.mark.parametrize("what", WAITS)
def test_however_long_a_provider_asks_to_wait_the_attempt_ends(client: aijobs.Client, what: str) -> None:
    job = client.submit(type="ask to wait", payload={"what": what}, max_attempts=2)
    ended = next(event for event in job.stream() if event.kind in {"retrying", "failed"})
    assert isinstance(ended, JobRetrying)
    assert (ended.error.code, ended.retry_at - ended.at <= timedelta(days=1.1)) == ("odd", True)
    job.cancel()


@pytest.mark.parametrize("what", WAITS)
def test_a_handler_that_would_come_back_at_no_time_has_failed(client: aijobs.Client, what: str) -> None:
    assert error_of(client, "come back", what=what).code == "handler_error"


@pytest.mark.parametrize("what", HANDED_OVER)
def test_a_result_that_no_store_can_keep_is_refused(client: aijobs.Client, what: str) -> None:
    assert error_of(client, "hand over", what=what).code == "invalid_result"


def test_a_handler_that_cancels_itself_has_failed(client: aijobs.Client) -> None:
    assert error_of(client, "cancel itself").code == "handler_error"


def test_effects_that_are_none_fail_the_job_and_leave_nothing(client: aijobs.Client) -> None:
    assert error_of(client, "set effects").code == "handler_error"


def test_a_second_document_of_one_id_is_refused_and_the_first_stays(client: aijobs.Client) -> None:
    first, second = [
        client.submit(type="write a document", payload={"what": what}).wait(timeout=10) for what in ("one", "two")
    ]
    assert (first.error, second.error and second.error.code) == (None, "invalid_result")
    kept = client.document(ONE_ID)
    assert kept is not None
    assert kept.content == "one"
    assert client.health().store.away_since is None


def test_a_number_that_a_store_has_no_room_for_ends_its_own_job_alone(client: aijobs.Client) -> None:
    jobs = client.submit_many([client.request(type=one, payload={}) for one in ("use many tokens", "tell") * 5])
    assert [job.wait(timeout=10).status.is_final for job in jobs] == [True] * 10
    assert {job.job.error and job.job.error.code for job in jobs[::2]} <= {None, "invalid_result"}
    assert {job.job.error for job in jobs[1::2]} == {None}


def test_progress_is_whole_percent_within_bounds_and_every_text_can_be_kept(client: aijobs.Client) -> None:
    job = client.submit(type="tell")
    job.wait(timeout=10)
    told = [(one.progress, one.message) for one in job.events() if isinstance(one, aijobs.StatusEvent)]
    assert told[2:-1] == [(33, "a third?"), (100, "?"), (0, "back"), (0, "nobody knows")]
    assert "".join(job.stream_text()) == "? is half"
