"""Futures of jobs are those of `concurrent.futures`: what they call back may do what it likes."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest
from pydantic import BaseModel

import aijobs_sdk as aijobs
from client.scripts import run

Handle = aijobs.JobHandle[aijobs.JobResult]


@pytest.fixture
def client() -> Iterator[aijobs.Client]:
    with aijobs.Client(profile="instant") as client:
        yield client


def called_back(job: Handle, ask: Callable[[], object]) -> object:
    """Return what a callback of the job's future gets when it asks."""
    answer: Future[object] = Future()
    job.future().add_done_callback(lambda _: answer.set_result(ask()))
    return answer.result(timeout=10)


def a_job(client: aijobs.Client) -> Handle:
    return client.submit(type="test_job", payload={"echo": "x", "seconds": 0.1})


def test_a_callback_may_ask_about_the_job(client: aijobs.Client) -> None:
    job = a_job(client)
    assert called_back(job, lambda: (job.status, job.done(), len(job.events()) > 2)) == ("completed", True, True)


def test_a_callback_may_submit_the_next_job_and_wait_for_it(client: aijobs.Client) -> None:
    assert called_back(a_job(client), lambda: a_job(client).result(timeout=10)) == a_job(client).result()


def test_callbacks_run_in_the_order_in_which_they_were_added(client: aijobs.Client) -> None:
    future, called = a_job(client).future(), list[int]()
    future.add_done_callback(lambda _: called.append(1))
    future.add_done_callback(lambda _: called.append(2))
    last = threading.Event()
    future.add_done_callback(lambda _: last.set())
    assert last.wait(10)
    assert called == [1, 2]


def test_a_future_that_is_cancelled_ends_the_waiting_and_not_the_job(client: aijobs.Client) -> None:
    job = a_job(client)
    future = job.future()
    assert future.cancel()
    done, _ = concurrent.futures.wait([future], timeout=10)
    assert done == {future}
    assert (future.cancelled(), job.wait(timeout=10).status) == (True, aijobs.JobStatus.COMPLETED)


def test_what_is_known_of_a_finished_job_is_not_asked_for_again(client: aijobs.Client) -> None:
    job = a_job(client)
    job.wait()
    client.close()
    del job.portal  # whoever asked would need it
    assert (job.done(), job.running(), job.cancelled(), job.status, job.progress) == (
        True,
        False,
        False,
        aijobs.JobStatus.COMPLETED,
        100,
    )


def test_a_blocking_call_on_the_clients_own_thread_is_refused() -> None:
    class Nothing(BaseModel): ...

    @aijobs.job_type("asks")
    async def asks(context: aijobs.JobContext, payload: Nothing) -> dict[str, str]:
        with pytest.raises(aijobs.ConfigurationError) as refused:
            asking.submit(type="test_job")
        return {"refusal": str(refused.value)}

    asking = aijobs.Client(job_types=[asks])
    refusal = asking.submit(type="asks").result(timeout=10).model_dump()["refusal"]
    assert "use `aijobs.AsyncClient`, or `asyncio.to_thread()`" in refusal


def test_a_script_may_end_while_a_future_is_waited_for_by_a_callback() -> None:
    ended = run("""
        import aijobs_sdk as aijobs
        job = aijobs.Client().submit(type="test_job", payload={"seconds": 250})
        job.future().add_done_callback(lambda done: print(done.cancelled()))
    """)
    assert (ended.returncode, ended.stderr) == (0, "")
