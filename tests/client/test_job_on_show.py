"""A job on show: what its event log tells, and nothing is asked of a job that is known to be over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel, JsonValue

import aijobs_sdk as aijobs
from aijobs_sdk.notebook.fitting import end_of
from aijobs_sdk.notebook.hub import hub
from aijobs_sdk.notebook.snapshot import Command, JobSnapshot, Phase
from batch.batch_worlds import until

PROMPT, MODEL = "Write about rivers.", "gpt-5.2"


@pytest.fixture
def sim() -> Iterator[aijobs.Mock]:
    with aijobs.mock(seed=7) as world:
        yield world
    hub.close()


@pytest.fixture
def client(sim: aijobs.Mock) -> aijobs.Client:
    return aijobs.Client()


def now(job: aijobs.JobHandle[Any] | aijobs.AsyncJobHandle[Any]) -> JobSnapshot:
    return job.on_show.snapshot()


def seen(job: aijobs.JobHandle[Any], is_so: Callable[[JobSnapshot], object]) -> JobSnapshot:
    """Return how the job stands once that is so."""
    while not is_so(shown := now(job)):
        time.sleep(0.002)
    return shown


def is_over(shown: JobSnapshot) -> bool:
    return shown.phase.is_final


def test_a_job_that_was_just_submitted_may_be_cancelled(client: aijobs.Client) -> None:
    job = client.submit(PROMPT, model=MODEL)
    assert now(job) == JobSnapshot(
        title=f"Job {str(job.id)[:8]}",
        phase=Phase.READY,
        model="gpt-5.2",
        message="Accepted",
        max_attempts=3,
        commands=(Command.CANCEL,),
    )


def test_it_is_followed_to_its_end_where_it_is_shown(client: aijobs.Client) -> None:
    job = client.submit(PROMPT, model=MODEL)
    job.show()
    shown, result = seen(job, is_over), job.result()
    assert (shown.phase, shown.percent, shown.attempt, shown.commands) == (Phase.FINISHED, 100, 1, ())
    assert (shown.input_tokens, shown.output_tokens) == (result.input_tokens, result.output_tokens)
    assert (shown.credits, shown.tail and shown.tail.text) == (result.credits_used, end_of(result.content, 240))


def test_it_shows_the_end_of_what_is_written_so_far(sim: aijobs.Mock) -> None:
    async def cell() -> tuple[JobSnapshot, str]:
        job = await aijobs.AsyncClient().submit(PROMPT, model=MODEL)
        job.show()
        await until(lambda: now(job).tail is not None)
        return now(job), (await job).content

    with asyncio.Runner(loop_factory=sim.new_loop) as runner:
        shown, content = runner.run(cell())
    assert (shown.phase, shown.tail is not None) == (Phase.RUNNING, True)
    assert content.startswith(shown.tail.text if shown.tail else "?")


def test_a_job_that_is_tried_again_says_why(sim: aijobs.Mock, client: aijobs.Client) -> None:
    sim.on().do(aijobs.fail(429, retry_after=5), aijobs.ok())
    job = client.submit(PROMPT, model=MODEL)
    states: list[JobSnapshot] = []
    job.on_show._after = _noting(job.on_show._after, states)  # type: ignore[method-assign]
    job.show()
    end = seen(job, is_over)
    errors = {state.error.code for state in states if state.error is not None}
    assert (errors, end.phase, end.attempt, end.error) == ({"rate_limited"}, Phase.FINISHED, 2, None)


def _noting(after: Callable[..., JobSnapshot], states: list[JobSnapshot]) -> Callable[..., JobSnapshot]:
    def noted(*args: object) -> JobSnapshot:
        states.append(after(*args))
        return states[-1]

    return noted


def test_a_failed_job_says_what_of(sim: aijobs.Mock, client: aijobs.Client) -> None:
    sim.on().do(aijobs.fail("content_filter").forever())
    job = client.submit(PROMPT, model=MODEL)
    job.show()
    shown = seen(job, is_over)
    assert (shown.phase, shown.error and shown.error.code) == (Phase.FAILED, "content_filtered")


def test_a_click_cancels_it(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"seconds": 250})
    job.on_show.steer(Command.CANCEL)
    job.wait()
    assert (now(job).phase, now(job).commands, now(job).error) == (Phase.CANCELLED, (), None)


def test_whoever_learns_that_it_is_over_tells_its_panel(client: aijobs.Client) -> None:
    job = client.submit(PROMPT, model=MODEL)
    job.wait()
    assert now(job).phase is Phase.FINISHED


def test_a_job_that_is_known_to_be_over_is_not_asked_about(client: aijobs.Client) -> None:
    job = client.submit(PROMPT, model=MODEL)
    job.wait()
    job.on_show._place = NoPlace()
    job.show()
    assert not hub.has(job.on_show)


class NoPlace:
    """Where nothing may be run."""

    is_there = True

    def start(self, function: object) -> Future[None]:
        raise AssertionError(f"{function} was asked for.")


def test_a_job_attached_by_its_id_is_followed_as_well(client: aijobs.Client) -> None:
    submitted = client.submit(PROMPT, model=MODEL)
    job = client.job(submitted.id)
    before = now(job)
    job.show()
    shown = seen(job, is_over)
    assert (before.phase, before.model) == (Phase.READY, "")
    assert (shown.phase, shown.model, shown.max_attempts) == (Phase.FINISHED, "gpt-5.2", 3)


def test_an_id_of_no_job_is_an_end_that_says_so(client: aijobs.Client) -> None:
    job = client.job(uuid4())
    job.show()
    shown = seen(job, is_over)
    assert (shown.phase, shown.error and shown.error.code) == (Phase.FAILED, "job_not_found")


def test_what_comes_in_the_way_is_a_note(client: aijobs.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(_: object) -> None:
        raise ConnectionResetError("The line is dead.")

    job = client.submit(type="test_job", payload={"seconds": 250})
    monkeypatch.setattr(job.on_show._backend, "cancel", lost)
    job.on_show.steer(Command.CANCEL)
    shown = seen(job, lambda one: one.note)
    assert (shown.note, shown.commands) == ("The line is dead.", (Command.CANCEL,))


def test_what_came_in_the_way_is_over_once_it_is_followed_again(
    client: aijobs.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(_: object) -> None:
        raise ConnectionResetError("The line is dead.")

    job = client.job(client.submit(PROMPT, model=MODEL).id)
    with monkeypatch.context() as away:
        away.setattr(job.on_show._backend, "get", lost)
        job.show()
        seen(job, lambda one: one.note)
    job.show()
    assert seen(job, lambda one: one.phase is not Phase.READY).note == ""


def test_a_panel_is_over_once_the_client_of_its_job_is_closed(sim: aijobs.Mock, client: aijobs.Client) -> None:
    """Nobody learns what becomes of the job: it is drawn for the last time, and not looked at until the kernel ends."""
    sim.on().do(aijobs.fail("stall", seconds=3600).forever())
    job = client.submit(PROMPT, model=MODEL)
    job.show()
    seen(job, lambda one: one.phase is Phase.RUNNING)
    client.close()
    shown = seen(job, lambda one: one.note)
    hub.look_now(job.on_show)
    assert (hub.has(job.on_show), shown.is_last, shown.commands) == (False, True, ())
    assert "The client was closed" in shown.note


def test_a_job_whose_client_was_closed_is_followed_again_once_it_is_shown_again(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"seconds": 3600})
    job.show()
    client.close()
    seen(job, lambda one: one.is_last)
    job.show()
    assert not now(job).is_abandoned


@pytest.mark.parametrize("said", [None, "a few", "NaN", ["2.5"]])
def test_a_type_of_your_own_may_mean_something_else_by_the_same_words(sim: aijobs.Mock, said: JsonValue) -> None:
    async def run(context: aijobs.JobContext, payload: Own) -> OwnResult:
        return OwnResult(credits_used=said, input_tokens=said)

    own = aijobs.JobType(name="own", payload_model=Own, run=run)
    job = aijobs.Client(job_types=[own]).submit(type="own", payload={"model": said})
    job.wait()
    job.show()

    assert (now(job).phase, now(job).credits, now(job).input_tokens) == (Phase.FINISHED, None, None)
    assert now(job).model == (said if isinstance(said, str) else "")


class Own(BaseModel):
    model: JsonValue = None


class OwnResult(aijobs.JobResult):
    credits_used: JsonValue
    input_tokens: JsonValue


def test_its_panel_is_one_however_often_it_is_shown(client: aijobs.Client) -> None:
    job = client.submit(PROMPT, model=MODEL)
    assert job.on_show is job.on_show
    assert job.on_loop.on_show is job.on_loop.on_show


def test_its_page_holds_the_final_numbers(client: aijobs.Client) -> None:
    job = client.submit(PROMPT, model=MODEL)
    result = job.result()
    assert f"{result.output_tokens:,} out" in job._repr_html_()
