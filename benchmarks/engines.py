"""Engines that run no-op jobs in this process, ours and the peers', each used as its documentation says."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import NamedTuple

import aijobs_sdk as aijobs

Wait = Callable[[], Awaitable[object]]
"""Returns once the job is done and its result was seen."""
Submit = Callable[[], Awaitable[Wait]]
"""Starts one no-op job and returns the way to wait for it."""


class Engine(NamedTuple):
    """Somebody who runs jobs."""

    name: str
    package: str
    open: Callable[[], AbstractAsyncContextManager[Submit]]


@asynccontextmanager
async def async_client() -> AsyncGenerator[Submit]:
    """Open our `AsyncClient`."""
    async with aijobs.AsyncClient() as client:

        async def submit() -> Wait:
            return (await client.submit(type="test_job")).result

        yield submit


@asynccontextmanager
async def blocking_client() -> AsyncGenerator[Submit]:
    """Open our `Client`: its jobs run on a loop in another thread, so that blocking this one holds up nothing."""
    with aijobs.Client() as client:

        async def submit() -> Wait:
            return awaitable(client.submit(type="test_job").result)

        yield submit


@asynccontextmanager
async def taskiq(poll_seconds: float) -> AsyncGenerator[Submit]:
    """Open Taskiq's InMemoryBroker; it would forget all but 100 results."""
    broker = import_module("taskiq").InMemoryBroker(max_stored_results=-1)
    task = broker.task(task_name="no_op")(async_no_op)
    await broker.startup()

    async def submit() -> Wait:
        return partial((await task.kiq()).wait_result, check_interval=poll_seconds)

    yield submit
    await broker.shutdown()


@asynccontextmanager
async def huey(first_poll_seconds: float, longest_poll_seconds: float) -> AsyncGenerator[Submit]:
    """Open Huey's MemoryHuey with two worker threads."""
    queue = import_module("huey").MemoryHuey()
    task = queue.task()(no_op)
    consumer = queue.create_consumer(workers=2, initial_delay=first_poll_seconds, max_delay=longest_poll_seconds)
    consumer.start()

    async def submit() -> Wait:
        return awaitable(partial(task().get, blocking=True, max_delay=longest_poll_seconds))

    yield submit
    consumer.stop(graceful=True)


@asynccontextmanager
async def dramatiq() -> AsyncGenerator[Submit]:
    """Open Dramatiq's StubBroker and StubBackend with the eight worker threads it comes with."""
    package = import_module("dramatiq")
    backend = import_module("dramatiq.results.backends").StubBackend()
    broker = import_module("dramatiq.brokers.stub").StubBroker()
    broker.add_middleware(import_module("dramatiq.results").Results(backend=backend))
    actor = package.actor(no_op, broker=broker, store_results=True)
    worker = package.Worker(broker, worker_timeout=100)  # how long it takes to notice that it is to stop
    worker.start()

    async def submit() -> Wait:
        return awaitable(partial(actor.send().get_result, backend=backend, block=True))

    yield submit
    worker.stop()


OURS = Engine("AsyncClient", "aijobs_sdk", async_client)
OURS_BLOCKING = Engine("Client", "aijobs_sdk", blocking_client)
PEERS = (
    Engine("Taskiq InMemoryBroker", "taskiq", partial(taskiq, 0.2)),
    Engine("Taskiq, polling every 2 ms", "taskiq", partial(taskiq, 0.002)),
    Engine("MemoryHuey", "huey", partial(huey, 0.1, 1.0)),
    Engine("MemoryHuey, polling every 1 ms", "huey", partial(huey, 0.001, 0.001)),
    Engine("Dramatiq StubBroker", "dramatiq", dramatiq),
)


def no_op() -> int:
    """Return at once."""
    return 1  # Huey keeps no result that is None


async def async_no_op() -> int:
    """Return at once."""
    return 1


def awaitable(blocking: Callable[[], object]) -> Wait:
    """Return a wait that blocks this thread: the jobs run in others."""

    async def wait() -> object:
        return blocking()

    return wait
