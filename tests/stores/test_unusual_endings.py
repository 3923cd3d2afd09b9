"""Whatever a handler raises or hands over, its job ends at once and is told of as its own, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs

HALF_A_CHARACTER = "\ud800"


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
}
HANDED_OVER: dict[str, dict[str, Any]] = {
    "half a character": {"a": HALF_A_CHARACTER},
    "half a key": {HALF_A_CHARACTER: 1},
    "more digits than are read": {"a": 10**5000},
    "a number that is none": {"a": float("nan")},
}


@aijobs.job_type("raise")
async def raise_it(context: aijobs.JobContext, payload: Named) -> NoReturn:
    raise RAISED[payload.what]


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


@aijobs.job_type("set effects")
async def set_effects(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    context.effects = "a document"  # type: ignore[assignment]
    return {}


@aijobs.job_type("tell")
async def tell(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    await context.progress(100 / 3, "a third\x00")
    await context.progress(150, HALF_A_CHARACTER)
    await context.progress(-5, "back")
    await context.progress(float("nan"), "nobody knows")
    await context.write(f"{HALF_A_CHARACTER} is half")
    return {}


TYPES: list[aijobs.JobType[Any]] = [raise_it, raise_in_a_task, raise_in_a_thread, hand_over, set_effects, tell]


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


@pytest.mark.parametrize("what", HANDED_OVER)
def test_a_result_that_no_store_can_keep_is_refused(client: aijobs.Client, what: str) -> None:
    assert error_of(client, "hand over", what=what).code == "invalid_result"


def test_effects_that_are_none_fail_the_job_and_leave_nothing(client: aijobs.Client) -> None:
    assert error_of(client, "set effects").code == "handler_error"


def test_progress_is_whole_percent_within_bounds_and_every_text_can_be_kept(client: aijobs.Client) -> None:
    job = client.submit(type="tell")
    job.wait(timeout=10)
    told = [(one.progress, one.message) for one in job.events() if isinstance(one, aijobs.StatusEvent)]
    assert told[2:-1] == [(33, "a third?"), (100, "?"), (0, "back"), (0, "nobody knows")]
    assert "".join(job.stream_text()) == "? is half"
