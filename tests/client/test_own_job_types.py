"""Job types of a user's own: one function, one payload model."""

from __future__ import annotations

import functools
import math
import threading
import typing
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, Secret, SecretStr

import aijobs_sdk as aijobs


class Shout(BaseModel):
    text: str


class Nothing(BaseModel):
    pass


class Loud(BaseModel):
    loud: str


@aijobs.job_type("shout", priority=aijobs.Priority.HIGH, max_attempts=1)
async def shout(context: aijobs.JobContext, payload: Shout) -> Loud:
    await context.progress(50, "Taking a breath")
    return Loud(loud=payload.text.upper())


@aijobs.job_type("where")
def where(context: aijobs.JobContext, payload: Nothing) -> dict[str, str]:
    return {"thread": threading.current_thread().name}


@aijobs.job_type("crash")
async def crash(context: aijobs.JobContext, payload: Nothing) -> dict[str, str]:
    raise RuntimeError("the prompt was: my secret")


@aijobs.job_type("unspeakable")
async def unspeakable(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    return {"not json": object()}


@aijobs.job_type("stubborn")
async def stubborn(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
    await context.clock.sleep(400)
    return {}


@aijobs.job_type("silent_retry")
async def silent_retry(context: aijobs.JobContext, payload: Nothing) -> dict[str, int]:
    if context.attempt == 1:
        await context.write("Half an ans")
        raise aijobs.ProviderError(
            "Gone.", code="gone", category=aijobs.ErrorCategory.PROVIDER, provider="nobody", retryable=True
        )
    return {"attempt": context.attempt}


@pytest.fixture
def client() -> aijobs.Client:
    with aijobs.mock():
        return aijobs.Client(job_types=[shout, where, crash, unspeakable, stubborn, silent_retry])


def test_a_type_of_ones_own_is_asked_for_by_its_name(client: aijobs.Client) -> None:
    job = client.submit(type="shout", payload=Shout(text="hey"))
    assert job.result().model_dump() == {"loud": "HEY"}
    assert "Taking a breath" in [event.message for event in job.events() if isinstance(event, aijobs.StatusEvent)]


def test_its_payload_is_checked_before_anything_is_stored(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match=r"`payload\.text` is required"):
        client.submit(type="shout", payload={})
    assert list(client.list()) == []


def test_its_jobs_inherit_what_the_type_says(client: aijobs.Client) -> None:
    job = client.submit(type="shout", payload={"text": "hey"}).job
    assert (job.priority, job.max_attempts) == (aijobs.Priority.HIGH, 1)


def test_a_function_that_is_not_async_runs_in_a_thread(client: aijobs.Client) -> None:
    assert client.submit(type="where").result().model_dump()["thread"] != "aijobs"


def test_a_function_that_a_decorator_stands_before_is_awaited_as_it_would_be() -> None:
    @aijobs.job_type("decorated")
    @_told_of
    async def decorated(context: aijobs.JobContext, payload: Shout) -> Loud:
        await context.progress(50, "Half-way")
        return Loud(loud=payload.text)

    with aijobs.Client(job_types=[decorated]) as client:
        result = client.submit(type="decorated", payload=Shout(text="hey")).result(timeout=10)
        assert result.model_extra == {"loud": "hey"}


def _told_of(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def told(*args: Any) -> Any:
        return function(*args)

    return told


def test_as_many_functions_block_at_a_time_as_there_are_jobs() -> None:
    everybody = threading.Barrier(80)

    @aijobs.job_type("meet")
    def meet(context: aijobs.JobContext, payload: Nothing) -> dict[str, int]:
        return {"place": everybody.wait(timeout=60)}

    with aijobs.Client(job_types=[meet]) as client:
        jobs = [client.submit(type="meet") for _ in range(everybody.parties)]
        assert sorted(job.result().model_dump()["place"] for job in jobs) == list(range(80))


def test_a_crash_is_told_by_its_place_and_not_by_its_text(
    client: aijobs.Client, caplog: pytest.LogCaptureFixture
) -> None:
    error = client.submit(type="crash").wait().error
    assert error is not None
    assert (error.code, error.details["exception"]) == ("handler_error", "RuntimeError")
    assert "my secret" not in caplog.text + error.message
    assert "in crash" in caplog.text


def test_a_result_that_json_cannot_hold_fails_the_job(client: aijobs.Client) -> None:
    error = client.submit(type="unspeakable").wait().error
    assert error is not None
    assert error.code == "invalid_result"


class Measured(BaseModel):
    sizes: list[float]


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (Measured(sizes=[1.0, math.nan]), "a Measured, which is not an object that JSON can hold: see `sizes.1`."),
        ({"sizes": [1, "a word"]}, "an object with 1 fields, which is not Measured: see `sizes.1`."),
        ({}, "an object with 0 fields, which is not Measured: see `sizes`."),
    ],
)
def test_a_result_that_cannot_be_is_told_with_its_field_and_without_its_value(result: Any, says: str) -> None:
    """A Measured that "is not Measured" told nobody what was wrong with it."""

    @aijobs.job_type("measure")
    async def measure(context: aijobs.JobContext, payload: Nothing) -> Measured:
        return typing.cast("Measured", result)

    with aijobs.mock(), aijobs.Client(job_types=[measure]) as client:
        error = client.submit(type="measure").wait().error
    assert error is not None
    assert error.message == f"The handler of 'measure' returned {says}"


def list_in_list(levels: int) -> list[Any]:
    held: list[Any] = []
    for _ in range(levels - 1):
        held = [held]
    return held


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (list_in_list(300), "`a[0]` is nested too deep: 200 levels are the most"),
        (list_in_list(201), "`a[0]` is nested too deep: 200 levels are the most"),
        ([1, 10**5000], "`a[1]` is a whole number of too many digits"),
        (["\ud800"], "`a[0]` holds half of a character (a lone surrogate)"),
    ],
    ids=["deep", "a little too deep", "digits", "half"],
)
def test_a_result_that_nobody_could_read_again_is_told_with_its_place_and_why(held: Any, says: str) -> None:
    @aijobs.job_type("hold")
    async def hold(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
        return {"a": held}

    with aijobs.mock(), aijobs.Client(job_types=[hold]) as client:
        error = client.submit(type="hold").wait().error
    assert error is not None
    assert error.message.endswith(f"which is not an object that JSON can hold: {says}.")


def test_a_retry_that_writes_nothing_takes_back_what_was_shown(client: aijobs.Client) -> None:
    job = client.submit(type="silent_retry")
    assert job.wait().attempts == 2
    deltas = [event for event in job.events() if isinstance(event, aijobs.TextDelta)]
    assert [(delta.text, delta.offset) for delta in deltas] == [("Half an ans", 0), ("", 0)]


def test_a_job_may_not_run_for_ever(client: aijobs.Client) -> None:
    error = client.submit(type="stubborn").wait().error
    assert error is not None
    assert error.code == "job_timeout"


def test_a_payload_model_may_be_local_to_a_function() -> None:
    class Local(BaseModel):
        n: int

    @aijobs.job_type("local")
    async def local(context: aijobs.JobContext, payload: Local) -> dict[str, int]:
        return {"n": payload.n}

    assert local.payload_model is Local


def test_a_function_without_a_payload_model_is_no_job_type() -> None:
    with pytest.raises(TypeError, match="payload model"):

        @aijobs.job_type("nothing")  # type: ignore[type-var]
        async def nothing(context: aijobs.JobContext, payload: dict[str, Any]) -> dict[str, Any]:
            return payload


def test_a_model_without_a_name_of_its_own_is_no_payload_model() -> None:
    with pytest.raises(TypeError, match="pydantic payload model"):

        @aijobs.job_type("anything")
        async def anything(context: aijobs.JobContext, payload: BaseModel) -> dict[str, Any]:
            return {}


def test_two_types_of_one_name_are_refused() -> None:
    with pytest.raises(aijobs.InvalidRequestError, match="shout"):
        aijobs.Client(job_types=[shout, shout])


def test_a_handler_that_writes_what_is_no_text_is_told_where_it_does_so() -> None:
    @aijobs.job_type("raw")
    async def raw(context: aijobs.JobContext, payload: Nothing) -> dict[str, str]:
        with pytest.raises(TypeError, match="takes a text, got 3 bytes"):
            await context.write(b"raw", soon=False)  # type: ignore[arg-type] # as a stream's pieces come
        await context.write("cooked")
        return {}

    with aijobs.mock(), aijobs.Client(job_types=[raw]) as client:
        assert "".join(client.submit(type="raw").stream_text()) == "cooked"


def test_what_need_not_be_seen_soon_goes_before_the_next_progress() -> None:
    @aijobs.job_type("scribble")
    async def scribble(context: aijobs.JobContext, payload: Nothing) -> dict[str, str]:
        await context.write("Half, ", soon=False)
        await context.write("and half.", soon=False)
        await context.progress(50, "Half way")
        return {}

    with aijobs.mock(), aijobs.Client(job_types=[scribble]) as client:
        events = list(client.submit(type="scribble").stream())

    assert [event.kind for event in events] == ["accepted", "started", "delta", "progress", "completed"]
    assert [event.text for event in events if isinstance(event, aijobs.TextDelta)] == ["Half, and half."]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"name": ""}, "`name`"),
        ({"name": "a\x00b"}, "`name`"),
        ({"name": 5}, "`name`"),
        ({"max_attempts": 0}, "`max_attempts`"),
        ({"max_attempts": "3"}, "`max_attempts` of job type 'own' must be a whole number from 1 up, got a text"),
        ({"max_running": 0}, "`max_running`"),
        ({"priority": "urgent"}, "`priority`"),
    ],
)
def test_what_a_type_says_of_itself_is_checked_where_it_is_made(arguments: dict[str, Any], says: str) -> None:
    async def run(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
        return {}

    with pytest.raises(ValueError, match=says):
        aijobs.job_type(**{"name": "own", **arguments})(run)


def test_a_priority_may_be_its_word() -> None:
    @aijobs.job_type("urgent", priority="high")  # type: ignore[arg-type]
    async def urgent(context: aijobs.JobContext, payload: Nothing) -> dict[str, Any]:
        return {}

    assert aijobs.Client(job_types=[urgent]).submit(type="urgent").job.priority is aijobs.Priority.HIGH


def test_a_rate_is_a_rate_and_a_handler_returns() -> None:
    async def yields(context: aijobs.JobContext, payload: Nothing) -> Any:
        yield {}

    with pytest.raises(TypeError, match="yields"):
        aijobs.job_type("yields")(yields)
    with pytest.raises(TypeError, match="`rate`"):
        aijobs.job_type("rated", rate=5)(crash.run)  # type: ignore[arg-type]


def test_a_secret_that_would_be_stored_as_asterisks_is_refused_where_the_type_is_made() -> None:
    class Guarded(BaseModel):
        api_key: SecretStr | None = None

    async def run(context: aijobs.JobContext, payload: Guarded) -> dict[str, Any]:
        return {}

    with pytest.raises(TypeError, match="`api_key` of Guarded"):
        aijobs.job_type("guarded")(run)


class Login(BaseModel):
    name: str
    password: Secret[str]


class Tree(BaseModel):
    branches: list[Tree] = []
    logins: dict[str, Login | None] = {}


def test_such_a_secret_is_refused_however_deep_it_is() -> None:
    async def run(context: aijobs.JobContext, payload: Tree) -> dict[str, Any]:
        return {}

    with pytest.raises(TypeError, match=r"`logins\.password` of Tree"):
        aijobs.job_type("guarded")(run)
