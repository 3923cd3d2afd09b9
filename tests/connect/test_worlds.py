"""Which world a client is made in: that of the `mock()` that is open around it, wherever in the process that is."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

import aijobs_sdk as aijobs
from client.scripts import run

REAL = "<Client memory://, real>"


@pytest.fixture(autouse=True)
def _real_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_MOCK_MODE", "false")


def made_here() -> str:
    return repr(aijobs.Client())


def in_seed(seed: int) -> str:
    return f"<Client memory://, simulated (aijobs.mock, seed {seed})>"


@contextmanager
def open_in_another_thread(seed: int) -> Iterator[None]:
    opened, done = threading.Event(), threading.Event()

    def live() -> None:
        with aijobs.mock(seed=seed):
            opened.set()
            done.wait(10)

    with ThreadPoolExecutor() as thread:
        thread.submit(live)
        opened.wait(10)
        try:
            yield
        finally:
            done.set()


def test_a_thread_begun_inside_is_inside() -> None:
    with aijobs.mock(seed=7), ThreadPoolExecutor() as threads:
        assert threads.submit(made_here).result() == in_seed(7)


def test_a_thread_that_was_there_before_is_inside() -> None:
    with ThreadPoolExecutor() as threads:
        threads.submit(made_here).result()
        with aijobs.mock(seed=7):
            assert threads.submit(made_here).result() == in_seed(7)
        assert threads.submit(made_here).result() == REAL


def test_jobs_of_a_client_made_in_a_thread_go_by_the_script_and_its_time() -> None:
    with aijobs.mock() as sim, ThreadPoolExecutor() as threads:
        sim.on().do(aijobs.fail(429, retry_after="10m"), aijobs.ok("Hello"))
        job = threads.submit(lambda: aijobs.Client().submit("hi", model="gpt-5.2")).result()
        assert job.result().content == "Hello"
        assert sim.now > 600


def test_clients_made_in_many_threads_share_the_time_of_their_world() -> None:
    with aijobs.mock(), ThreadPoolExecutor(8) as threads:
        clients = list(threads.map(lambda _: aijobs.Client(), range(8)))
        done, _ = aijobs.wait([client.submit(type="test_job") for client in clients])  # refuses jobs of several worlds
    assert len(done) == 8


def test_two_threads_are_each_in_the_world_that_they_entered() -> None:
    both = threading.Barrier(2)

    def live(seed: int) -> str:
        with aijobs.mock(seed=seed):
            both.wait(10)
            made = made_here()
            both.wait(10)
            return made

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(live, [1, 2])) == [in_seed(1), in_seed(2)]


def test_whoever_entered_none_is_in_that_of_another_thread_until_it_ends() -> None:
    with open_in_another_thread(seed=3):
        assert made_here() == in_seed(3)
    assert made_here() == REAL


def test_whoever_left_one_is_in_that_of_another_thread() -> None:
    with open_in_another_thread(seed=3):
        with aijobs.mock(seed=4):
            assert made_here() == in_seed(4)
        assert made_here() == in_seed(3)


def test_a_thread_is_in_the_innermost_of_nested_worlds() -> None:
    with ThreadPoolExecutor() as threads, aijobs.mock(seed=1):
        with aijobs.mock(seed=2):
            assert threads.submit(made_here).result() == in_seed(2)
        assert threads.submit(made_here).result() == made_here() == in_seed(1)


def test_worlds_may_end_in_the_order_in_which_they_began() -> None:
    first, second = aijobs.mock(seed=1), aijobs.mock(seed=2)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert made_here() == in_seed(2)
    second.__exit__(None, None, None)
    assert made_here() == REAL


def test_a_world_may_be_left_in_another_context_than_it_was_entered_in() -> None:
    world, context = aijobs.mock(seed=1), contextvars.copy_context()
    context.run(world.__enter__)
    assert made_here() == in_seed(1)
    world.__exit__(None, None, None)
    assert made_here() == context.run(made_here) == REAL


def test_a_context_that_outlives_a_world_is_in_it_no_more() -> None:
    with aijobs.mock(seed=1):
        context = contextvars.copy_context()
    assert context.run(made_here) == REAL


def test_a_child_forked_inside_is_inside() -> None:
    ended = run("""
        import os, aijobs_sdk as aijobs
        os.environ["AI_MOCK_MODE"] = "false"
        with aijobs.mock(seed=7):
            aijobs.Client().submit(type="test_job").result()
            if os.fork() == 0:
                print(repr(aijobs.Client()), flush=True)
                print(aijobs.Client().submit(type="test_job", payload={"seconds": 100}).wait().status, flush=True)
                os._exit(0)
            os.wait()
    """)
    assert (ended.stdout, ended.stderr) == (f"{in_seed(7)}\ncompleted\n", "")
