"""An `AsyncClient` and the loops on which it is used: one after the other, and each in the time of its world."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import aijobs_sdk as aijobs


async def submitted(client: aijobs.AsyncClient) -> object:
    return await client.submit(type="test_job")


async def told_the_time(client: aijobs.AsyncClient) -> object:
    return await client.now()


async def closed(client: aijobs.AsyncClient) -> object:
    await client.close()
    return None


@contextmanager
def loop_in_another_thread() -> Iterator[asyncio.AbstractEventLoop]:
    begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def live() -> None:
        over = asyncio.Event()
        begun.set_result((asyncio.get_running_loop(), over))
        await over.wait()

    with ThreadPoolExecutor() as thread:
        thread.submit(asyncio.run, live())
        loop, over = begun.result()
        try:
            yield loop
        finally:
            loop.call_soon_threadsafe(over.set)


@pytest.mark.parametrize("ask", [submitted, told_the_time])
def test_a_client_in_virtual_time_is_refused_on_a_loop_of_real_time(
    ask: Callable[[aijobs.AsyncClient], Coroutine[None, None, object]], caplog: pytest.LogCaptureFixture
) -> None:
    with aijobs.mock():
        client = aijobs.AsyncClient()
    with pytest.raises(aijobs.ConfigurationError, match=r"asyncio\.Runner\(loop_factory=sim\.new_loop\)"):
        asyncio.run(ask(client))
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def test_a_client_that_was_refused_a_loop_works_on_one_of_its_world() -> None:
    with aijobs.mock() as sim:
        client = aijobs.AsyncClient()
    with pytest.raises(aijobs.ConfigurationError):
        asyncio.run(submitted(client))
    with asyncio.Runner(loop_factory=sim.new_loop) as runner:
        assert runner.run(submitted(client))


@pytest.mark.parametrize("ask", [submitted, closed])
def test_a_client_is_refused_while_it_is_in_use_on_another_loop(
    ask: Callable[[aijobs.AsyncClient], Coroutine[None, None, object]],
) -> None:
    client = aijobs.AsyncClient()
    with loop_in_another_thread() as loop:
        job = asyncio.run_coroutine_threadsafe(client.submit(type="test_job", payload={"seconds": 0.3}), loop).result()
        with pytest.raises(aijobs.ConfigurationError, match="in use on another running loop: make one for each"):
            asyncio.run(ask(client))
        done = asyncio.run_coroutine_threadsafe(job.wait(timeout=5), loop).result()
    assert (done.status, done.attempts) == (aijobs.JobStatus.COMPLETED, 1)


def test_a_client_goes_on_where_another_thread_has_ended_its_loop() -> None:
    client = aijobs.AsyncClient()
    with loop_in_another_thread() as loop:
        asyncio.run_coroutine_threadsafe(submitted(client), loop).result()
    assert asyncio.run(submitted(client))


def test_of_loops_that_come_at_once_one_has_the_client() -> None:
    client, both = aijobs.AsyncClient(), threading.Barrier(2)

    def is_refused(_: int) -> bool:
        async def ask() -> bool:
            both.wait(10)
            refused = False
            try:
                await submitted(client)
            except aijobs.ConfigurationError:
                refused = True
            both.wait(10)
            return refused

        return asyncio.run(ask())

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(is_refused, range(2))) == [False, True]


def test_threads_may_share_a_client_that_blocks() -> None:
    client = aijobs.Client()
    with ThreadPoolExecutor(4) as threads:
        ended = threads.map(lambda _: client.submit(type="test_job").wait(timeout=10), range(20))
    assert {job.attempts for job in ended} == {1}
