"""Engines that keep no-op jobs in a database and run them in this process, each used as its documentation says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import aijobs_sdk as aijobs
from benchmarks.engines import Submit, Wait, async_no_op, awaitable, no_op


class Queue(NamedTuple):
    """The ways in that an engine has."""

    submit: Submit
    submit_many: Callable[[int], Awaitable[list[Wait]]] | None = None
    """Starts so many in one call."""


class DurableEngine(NamedTuple):
    """Somebody who keeps jobs at the address of an empty database."""

    name: str
    package: str
    open: Callable[[str], AbstractAsyncContextManager[Queue]]


@asynccontextmanager
async def async_client(url: str) -> AsyncGenerator[Queue]:
    """Open our `AsyncClient`; its SQLite is `synchronous=FULL`."""
    async with aijobs.AsyncClient(url) as client:

        async def submit() -> Wait:
            return (await client.submit(type="test_job")).result

        async def submit_many(jobs: int) -> list[Wait]:
            requests = [client.request(type="test_job") for _ in range(jobs)]
            return [handle.result for handle in await client.submit_many(requests)]

        yield Queue(submit, submit_many)


@asynccontextmanager
async def huey(kind: str, first_poll_seconds: float, longest_poll_seconds: float, url: str) -> AsyncGenerator[Queue]:
    """Open Huey with two worker threads."""
    where = {"filename": url.removeprefix("sqlite:///")} if kind == "SqliteHuey" else {"dsn": url}
    queue = getattr(import_module("huey"), kind)(**where)
    task = queue.task()(no_op)
    consumer = queue.create_consumer(workers=2, initial_delay=first_poll_seconds, max_delay=longest_poll_seconds)
    consumer.start()

    async def submit() -> Wait:
        return awaitable(partial(task().get, blocking=True, max_delay=longest_poll_seconds))

    yield Queue(submit)
    consumer.stop(graceful=True)
    queue.storage.close()


@asynccontextmanager
async def dbos_started(url: str) -> AsyncGenerator[Queue]:
    """Open DBOS, whose workflows start at once in a thread of their own."""
    async with _dbos(url) as dbos:
        workflow = dbos.workflow()(no_op)
        dbos.launch()

        async def submit() -> Wait:
            return awaitable(dbos.start_workflow(workflow).get_result)

        yield Queue(submit)


@asynccontextmanager
async def dbos_started_async(url: str) -> AsyncGenerator[Queue]:
    """Open DBOS, whose workflows start at once on this loop."""
    async with _dbos(url) as dbos:
        workflow = dbos.workflow()(async_no_op)
        dbos.launch()

        async def submit() -> Wait:
            wait: Wait = (await dbos.start_workflow_async(workflow)).get_result
            return wait

        yield Queue(submit)


@asynccontextmanager
async def dbos_queued(poll_seconds: float, url: str) -> AsyncGenerator[Queue]:
    """Open DBOS with a queue, which its worker polls, as does whoever waits."""
    async with _dbos(url) as dbos:
        workflow = dbos.workflow()(async_no_op)
        dbos.launch()
        await dbos.register_queue_async("bench", polling_interval_sec=poll_seconds)

        async def submit() -> Wait:
            handle = await dbos.enqueue_workflow_async("bench", workflow)
            return partial(handle.get_result, polling_interval_sec=poll_seconds)

        yield Queue(submit)


@asynccontextmanager
async def procrastinate(concurrency: int, poll_seconds: float, url: str) -> AsyncGenerator[Queue]:
    """Open Procrastinate with one worker, which PostgreSQL wakes; it keeps no results, so their status is polled."""
    package = import_module("procrastinate")
    app = package.App(connector=package.PsycopgConnector(conninfo=url))
    task = app.task(async_no_op, name="no_op")
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        worker = asyncio.create_task(app.run_worker_async(concurrency=concurrency, install_signal_handlers=False))

        status_of, succeeded = app.job_manager.get_job_status_async, package.jobs.Status.SUCCEEDED

        def until_done(job_id: int) -> Wait:
            async def wait() -> None:
                while await status_of(job_id) is not succeeded:  # noqa: ASYNC110 - there is nothing to wait on
                    await asyncio.sleep(poll_seconds)

            return wait

        async def submit() -> Wait:
            return until_done(await task.defer_async())

        async def submit_many(jobs: int) -> list[Wait]:
            return [until_done(job_id) for job_id in await task.batch_defer_async(*[{}] * jobs)]

        yield Queue(submit, submit_many)
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


OURS = DurableEngine("AsyncClient", "aijobs_sdk", async_client)
_DBOS = (
    DurableEngine("DBOS, start_workflow", "dbos", dbos_started),
    DurableEngine("DBOS, start_workflow_async", "dbos", dbos_started_async),
    DurableEngine("DBOS, queue", "dbos", partial(dbos_queued, 1.0)),
    DurableEngine("DBOS, queue, polling every 20 ms", "dbos", partial(dbos_queued, 0.02)),
)
ON_SQLITE = (
    DurableEngine("SqliteHuey", "huey", partial(huey, "SqliteHuey", 0.1, 1.0)),
    DurableEngine("SqliteHuey, polling every 1 ms", "huey", partial(huey, "SqliteHuey", 0.001, 0.001)),
    *_DBOS,
)
ON_POSTGRES = (
    DurableEngine("Procrastinate", "procrastinate", partial(procrastinate, 1, 0.002)),
    DurableEngine("Procrastinate, 10 at a time", "procrastinate", partial(procrastinate, 10, 0.002)),
    *_DBOS,
    DurableEngine("PostgresHuey", "huey", partial(huey, "PostgresHuey", 0.1, 1.0)),
    DurableEngine("PostgresHuey, polling every 1 ms", "huey", partial(huey, "PostgresHuey", 0.001, 0.001)),
)


@asynccontextmanager
async def _dbos(url: str) -> AsyncGenerator[Any]:
    dbos = import_module("dbos").DBOS
    dbos(config={"name": "bench", "system_database_url": url, "log_level": "CRITICAL"})
    yield dbos
    await asyncio.to_thread(partial(dbos.destroy, destroy_registry=True))
