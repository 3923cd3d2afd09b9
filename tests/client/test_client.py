"""The client for code that blocks, as a notebook or a script uses it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import copy
import pickle
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import aijobs_sdk as aijobs


@pytest.fixture
def client() -> aijobs.Client:
    with aijobs.mock():
        return aijobs.Client()


def test_a_job_is_submitted_and_its_result_comes_back(client: aijobs.Client) -> None:
    job = client.submit("Write a haiku about rivers", model="claude-sonnet-4.5")
    result = job.result(timeout=60)
    assert result.content
    assert (result.model, result.provider) == ("claude-sonnet-4.5", "bedrock")
    assert job.done()


def test_a_picture_is_asked_for_in_the_words_of_a_call(tmp_path: Path) -> None:
    with aijobs.Client(artifacts=tmp_path) as client:
        job = client.submit("a red fox", type="image_generation", size="1024x1536", quality="low", n=2)
        estimate = client.estimate("a red fox", type="image_generation", size="1024x1536", quality="low", n=2)
        request = client.request("a red fox", type="image_generation", size="1024x1536", quality="low", n=2)
        result = job.result()
    assert [(image.width, image.height) for image in result.images] == [(1024, 1536)] * 2
    assert (estimate.output_tokens, estimate.credits) == (result.output_tokens, result.credits_used)
    assert request.payload == {"prompt": "a red fox", "size": "1024x1536", "quality": "low", "n": 2}


def test_the_pictures_of_a_job_can_be_looked_up(tmp_path: Path) -> None:
    with aijobs.Client(artifacts=tmp_path) as client:
        job = client.submit("a red fox", type="image_generation", n=2)
        assert [image.id for image in job.result().images] == [image.id for image in client.images(str(job.id))]


def test_what_belongs_to_a_picture_is_refused_for_a_text(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.InvalidRequestError, match=r"`payload.size` is not a field") as refused:
        client.submit("hi", model="gpt-5.2", size="1024x1024")
    assert [problem.field for problem in refused.value.fields] == ["payload.size"]


def test_the_client_works_inside_a_running_loop(client: aijobs.Client) -> None:
    async def cell() -> str:
        return client.submit("hi", model="gpt-5.2").result().content

    assert asyncio.run(cell())


def test_the_async_client_speaks_the_same_words() -> None:
    async def cell() -> str:
        async with aijobs.AsyncClient() as client:
            job = await client.submit("hi", model="gpt-5.2")
            return (await job).content

    assert asyncio.run(cell())


def test_an_async_client_survives_its_loop() -> None:
    client = aijobs.AsyncClient()

    async def cell() -> str:
        return (await (await client.submit("hi", model="gpt-5.2")).result()).content

    assert asyncio.run(cell())
    assert asyncio.run(cell())


def test_a_job_whose_loop_ended_runs_again_on_the_next() -> None:
    async_client = aijobs.AsyncClient()

    async def begin() -> aijobs.AsyncJobHandle[aijobs.JobResult]:
        job = await async_client.submit(type="test_job", payload={"seconds": 0.2})
        await asyncio.sleep(0.05)
        return job

    job = asyncio.run(begin())
    finished = asyncio.run(job.wait(timeout=10))
    assert (finished.status, finished.attempts) == (aijobs.JobStatus.COMPLETED, 1)


def test_a_handle_tells_when_its_job_was_begun_and_how_often() -> None:
    with aijobs.mock() as sim:
        sim.on().do(aijobs.fail(429, retry_after=20), aijobs.ok())
        job = aijobs.Client().submit("hi", model="gpt-5.2")
        ended_at_first = job.completed_at
        record = job.wait()
    assert (job.attempts, job.created_at, job.started_at) == (2, record.created_at, record.started_at)
    assert (ended_at_first, job.completed_at) == (None, record.completed_at)


def test_a_job_runs_from_its_first_attempt_to_its_end(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"seconds": 60})
    next(job.stream(after=1))
    assert job.running()
    job.wait()
    assert not job.running()


def test_a_time_out_is_pythons_own_and_leaves_the_job_running(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"seconds": 120})
    with pytest.raises(TimeoutError, match="keeps running"):
        job.wait(timeout=5)
    assert job.status is aijobs.JobStatus.PROCESSING
    assert job.wait().status is aijobs.JobStatus.COMPLETED


def test_a_failed_job_raises_what_happened(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"fail": True})
    with pytest.raises(aijobs.JobFailedError, match="failed after 1 attempt") as failed:
        job.result()
    assert failed.value.info.code == failed.value.code == "told_to_fail"
    assert failed.value.job.id == job.id
    assert job.exception() is not None


def test_an_outcome_shows_the_callers_lines_and_not_our_loops(client: aijobs.Client) -> None:
    with pytest.raises(aijobs.InvalidRequestError) as refused:
        client.submit("")
    assert {Path(str(entry.path)).name for entry in refused.traceback} == {"test_client.py", "client.py", "portal.py"}


def test_a_cancelled_job_raises_an_error_of_its_own(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"seconds": 200})
    job.cancel()
    with pytest.raises(aijobs.JobCancelledError):
        job.result()
    assert job.cancelled()
    assert job.status is aijobs.JobStatus.FAILED


def test_a_completed_job_has_no_exception(client: aijobs.Client) -> None:
    assert client.submit(type="test_job").exception() is None


def test_the_stream_goes_on_after_the_event_last_seen(client: aijobs.Client) -> None:
    job = client.submit("hi", model="gpt-5.2")
    first, second, *_ = job.stream()
    assert (first.kind, second.kind) == ("accepted", "started")
    rest = list(job.stream(after=second.seq))
    assert [event.seq for event in rest] == list(range(3, len(rest) + 3))
    assert rest[-1].kind == "completed"


def test_streamed_text_adds_up_to_the_content(client: aijobs.Client) -> None:
    job = client.submit("hi", model="gpt-5.2")
    pieces = list(job.stream_text())
    assert len(pieces) > 1
    assert "".join(pieces) == job.result().content


def test_leaving_a_stream_early_leaves_the_job_alone(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"seconds": 10, "steps": 5})
    for event in job.stream():
        if event.kind == "progress":
            break
    assert job.wait().status is aijobs.JobStatus.COMPLETED


def test_events_so_far_come_without_waiting(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"seconds": 1000})
    assert [event.kind for event in job.events()][:1] == ["accepted"]


def test_a_handle_by_id_asks_nobody_until_it_must(client: aijobs.Client) -> None:
    known = client.submit(type="test_job", payload={"echo": 1})
    attached = client.job(str(known.id))
    assert repr(attached) == f"<Job {known.id}>"
    assert attached.result().model_dump()["echo"] == 1
    with pytest.raises(aijobs.JobNotFoundError):
        client.job(uuid4()).wait()


def test_waiting_for_many_says_which_are_done(client: aijobs.Client) -> None:
    quick = client.submit(type="test_job", payload={"seconds": 1})
    slow = client.submit(type="test_job", payload={"seconds": 100})
    done, not_done = aijobs.wait([slow, quick], return_when="FIRST_COMPLETED")
    assert (done, not_done) == ([quick], [slow])
    assert aijobs.wait([slow, quick]).not_done == []


def test_waiting_for_many_returns_when_its_time_is_over(client: aijobs.Client) -> None:
    never = client.submit(type="test_job", payload={"seconds": 250})
    assert aijobs.wait([never], timeout=5) == ([], [never])


def test_the_first_failure_ends_a_wait_for_it(client: aijobs.Client) -> None:
    slow = client.submit(type="test_job", payload={"seconds": 200})
    bad = client.submit(type="test_job", payload={"seconds": 1, "fail": True})
    done, _ = aijobs.wait([slow, bad], return_when="FIRST_EXCEPTION")
    assert done == [bad]


def test_jobs_come_as_they_complete(client: aijobs.Client) -> None:
    slow, quick = (client.submit(type="test_job", payload={"seconds": seconds}) for seconds in (50, 5))
    assert list(aijobs.as_completed([slow, quick])) == [quick, slow]


def test_a_job_that_is_named_twice_is_waited_for_once(client: aijobs.Client) -> None:
    job = client.submit(type="test_job")
    assert aijobs.wait([job, job]).done == [job]
    assert list(aijobs.as_completed([job, job])) == [job]


def test_a_document_may_be_asked_for_by_its_id_in_writing(client: aijobs.Client) -> None:
    made = client.submit("A haiku.", model="gpt-5.2").result().document_id
    found = client.document(str(made))
    assert found is not None
    assert (found.id, len(client.lineage(str(made)))) == (made, 1)


def test_a_future_is_the_standard_librarys(client: aijobs.Client) -> None:
    good = client.submit(type="test_job", payload={"echo": "x"}).future()
    bad = client.submit(type="test_job", payload={"fail": True}).future()
    concurrent.futures.wait([good, bad], timeout=10)
    assert good.result().model_dump()["echo"] == "x"
    assert isinstance(bad.exception(), aijobs.JobFailedError)


def test_a_list_goes_over_all_pages(client: aijobs.Client) -> None:
    jobs = client.submit_many([client.request(type="test_job") for _ in range(7)])
    aijobs.wait(jobs)
    listed = [job.id for job in client.list(status="completed", limit=3)]
    assert listed == [job.id for job in reversed(jobs)]


def test_a_misspelt_option_is_an_error_that_names_the_right_one(client: aijobs.Client) -> None:
    with pytest.raises(TypeError, match="max_tokens"):
        client.submit("hi", model="gpt-5.2", max_tokns=5)  # type: ignore[call-overload]


def test_a_handle_travels_without_the_key(client: aijobs.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIJOBS_API_KEY", "aj-very-secret")
    job = client.submit("hi", model="gpt-5.2")
    data = pickle.dumps(job)
    assert b"very-secret" not in data
    assert pickle.loads(data).result() == job.result()


def test_a_copied_handle_is_the_same_job(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"echo": 3})
    assert copy.deepcopy(job).result() == job.result()


def test_errors_survive_pickling_whole(client: aijobs.Client) -> None:
    error = client.submit(type="test_job", payload={"fail": True}).exception()
    again = pickle.loads(pickle.dumps(error))
    assert isinstance(error, aijobs.JobFailedError)
    assert isinstance(again, aijobs.JobFailedError)
    assert (str(again), again.job, again.info) == (str(error), error.job, error.info)


def test_a_closed_client_gives_its_jobs_back_and_may_be_used_again(client: aijobs.Client) -> None:
    job = client.submit(type="test_job", payload={"seconds": 30})
    client.close()
    assert job.wait().status is aijobs.JobStatus.COMPLETED


@pytest.mark.parametrize(
    "wait",
    [
        lambda job: job.result(),
        lambda job: list(job.stream()),
        lambda job: aijobs.wait([job]),
        lambda job: list(aijobs.as_completed([job])),
    ],
    ids=["result", "stream", "wait", "as_completed"],
)
def test_a_thread_that_waits_is_told_that_the_client_was_closed(wait: Callable[[Any], object]) -> None:
    with aijobs.mock(clock="real"):
        client = aijobs.Client()
    job = client.submit(type="test_job", payload={"seconds": 60})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait, job)
        while not waiting.done():  # it may not have begun at the first time
            client.close()
            time.sleep(0.05)
    with pytest.raises(aijobs.AIJobsError, match="was closed"):
        waiting.result()


def test_the_same_seed_gives_the_same_answers() -> None:
    def answers(seed: int) -> list[str]:
        with aijobs.mock(seed=seed):
            client = aijobs.Client()
        jobs = [client.submit("Describe a lake", model="gpt-5.2") for _ in range(3)]
        return [job.result().content for job in jobs]

    assert answers(7) == answers(7)
    assert answers(7) != answers(8)
    assert len(set(answers(7))) == 3


def test_a_mock_scripts_the_world_and_tells_what_was_asked() -> None:
    with aijobs.mock(seed=7) as sim:
        sim.on(model="gpt-5.2").do(aijobs.fail(429, retry_after=20) * 2, aijobs.ok())
        job = aijobs.Client().submit("hello", model="gpt-5.2")
        job.result()
    assert [call.outcome for call in sim.calls] == ["rate_limited", "rate_limited", "ok"]
    assert 40 <= sim.now < 50


def test_real_providers_need_to_be_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_MOCK_MODE", "false")
    with aijobs.Client() as client:
        error = client.submit("hi", model="gpt-5.2").wait().error
    assert error is not None
    assert (error.code, error.retryable) == ("provider_not_configured", False)
    assert "AI_MOCK_MODE" in error.message


def test_a_mock_world_is_simulated_whatever_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_MOCK_MODE", "false")
    with aijobs.mock():
        assert aijobs.Client().submit("hi", model="gpt-5.2").result().content


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AI_MOCK_MODE", "perhaps"),
        ("AIJOBS_LEASE_SECONDS", "-1"),
        ("AIJOBS_LEASE_SECONDS", "1e300"),
        ("AIJOBS_LOG", "loud"),
        ("AIJOBS_LOG_FORMAT", "xml"),
        ("AIJOBS_MODELS", "n" * 300),
    ],
)
def test_an_unusable_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(aijobs.ConfigurationError, match=name):
        aijobs.Client()


def test_a_folder_for_pictures_in_the_home_of_nobody_is_refused() -> None:
    with pytest.raises(aijobs.InvalidRequestError, match="write the whole path") as refused:
        aijobs.Client(artifacts="~no-such-user/pictures")
    assert [problem.field for problem in refused.value.fields] == ["artifacts"]


@pytest.mark.parametrize(
    "name", ["AI_MOCK_MODE", "AIJOBS_LEASE_SECONDS", "AIJOBS_TENANT_ID", "AIJOBS_LOG", "AIJOBS_URL"]
)
def test_an_empty_setting_is_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "")
    assert aijobs.Client().submit(type="test_job").wait(timeout=10).status is aijobs.JobStatus.COMPLETED


def test_an_address_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(aijobs.ConfigurationError, match="ftp"):
        aijobs.Client("ftp://somewhere")


def test_an_async_client_lives_in_virtual_time_on_a_loop_of_its_world() -> None:
    async def cell() -> aijobs.Job:
        client = aijobs.AsyncClient()
        return await (await client.submit(type="test_job", payload={"seconds": 250})).wait()

    with aijobs.mock() as sim, asyncio.Runner(loop_factory=sim.new_loop) as runner:
        job = runner.run(cell())
    assert job.status is aijobs.JobStatus.COMPLETED
    assert sim.now >= 250


def test_virtual_time_is_refused_on_a_loop_of_real_time() -> None:
    async def cell() -> None:
        with aijobs.mock():
            aijobs.AsyncClient()

    with pytest.raises(aijobs.ConfigurationError, match="clock='real'"):
        asyncio.run(cell())


def test_what_is_written_of_a_job_shows_no_prompt_and_no_answer() -> None:
    """A log line, or a traceback with its variables, tells which job it is, and how it stands."""
    with aijobs.mock() as sim, aijobs.Client() as client:
        sim.on().do(aijobs.ok(text="answer-canary"), aijobs.fail(400))
        done, failed = (client.submit("prompt-canary", model="gpt-5.2") for _ in range(2))
        request = client.request("prompt-canary", model="gpt-5.2")
        written = f"{done.wait()} {failed.wait()!r} {client.dead_letters()!r} {request!r}"
    assert "canary" not in written
    assert f"Job(id={failed.id!r}, " in written
