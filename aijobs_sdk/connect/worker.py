"""A process that does nothing but run jobs, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections import ChainMap
from collections.abc import Iterable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from aijobs_sdk.client.portal import Portal
from aijobs_sdk.connect.credentials import read_credentials
from aijobs_sdk.connect.logs import show_logs
from aijobs_sdk.connect.models import OwnModels, open_models
from aijobs_sdk.connect.servers import is_server
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.connect.showing import without_password
from aijobs_sdk.connect.stop_bell import StopBell
from aijobs_sdk.connect.wiring import open_world, with_standard_types
from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.contract.provider import Provider
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobType, JobTypes
from aijobs_sdk.engine.limits import LONGEST_SECONDS
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.engine.workers import WorkerPool
from aijobs_sdk.simulation.mock import current_mock

log = logging.getLogger("aijobs.worker")

DEFAULT_GRACE_SECONDS: float = 8
"""`docker stop` kills after 10."""
LONGEST_GRACE_SECONDS = 86_400.0
OVERTIME_SECONDS = 5.0
"""How long a stop may take when the grace period is over: a handler may block the loop, and a store may be away."""


def run_worker(
    url: str | None = None,
    *,
    concurrency: int | None = None,
    grace_seconds: float = DEFAULT_GRACE_SECONDS,
    keep_jobs: timedelta | None = None,
    job_types: Iterable[JobType[Any]] = (),
    models: OwnModels = (),
    providers: Iterable[Provider] = (),
    seed: int = 0,
    profile: str = "fast",
    artifacts: str | os.PathLike[str] | None = None,
) -> bool:
    """Run jobs until SIGINT or SIGTERM; return whether all that ran then has ended or was given back.

    Jobs that ended longer ago than `keep_jobs` are deleted; None keeps all. Pictures are kept in the folder, or at the
    URL, that `artifacts` names; where it is None, AIJOBS_ARTIFACTS does.

    The first signal ends the claims, and running jobs have the grace period; the second gives them back at once;
    with the third they run again when their leases have run out. Call it from the main thread.

    Raises:
        ConfigurationError: no worker can work there.
        InvalidRequestError: an argument cannot be used; it is named.
    """
    if not 0 <= grace_seconds <= LONGEST_GRACE_SECONDS:
        raise InvalidRequestError(f"A grace period is 0 to {LONGEST_GRACE_SECONDS:,.0f} seconds.")
    simulated = current_mock()
    settings = Settings.read(
        os.environ,
        simulated=simulated is not None,
        url=url,
        concurrency=concurrency,
        seed=seed,
        profile=profile,
        artifacts=artifacts,
    )
    limits = settings.limits.replace(grace_seconds=grace_seconds, keep_jobs_seconds=_keep_seconds(keep_jobs))
    settings = settings.replace(limits=limits)
    _refuse_what_has_no_database(settings)
    table = open_models(settings, models)
    credentials = read_credentials(os.environ)
    world = open_world(settings, table, Meter(), credentials=credentials, providers=providers, simulated=simulated)
    worker = _Worker(world, with_standard_types(table, job_types, settings))
    show_logs(ChainMap(dict(os.environ), {"AIJOBS_LOG": "info"}))
    portal = Portal()
    with StopBell() as bell:
        working = portal.start(worker.work, without_password(settings.url))
        working.add_done_callback(bell.ring)
        return _attend(worker, working, bell, patience_seconds=grace_seconds + OVERTIME_SECONDS)


class _Worker:
    """A pool at work on the loop of a thread, and what the main thread tells it, which waits for no answer."""

    def __init__(self, world: World, types: JobTypes) -> None:
        self._world = world
        self._types = types
        self._pool = WorkerPool(world, types, worker_id=f"worker-{os.getpid()}-{uuid4().hex[:8]}")
        self._told_to_stop = asyncio.Event()
        self._loop: Future[asyncio.AbstractEventLoop] = Future()

    async def work(self, place: str) -> None:
        """Return when the pool has stopped; raise the bug that ended it, if one did."""
        self._loop.set_result(asyncio.get_running_loop())
        self._pool.start()
        log.info(
            "worker %s runs up to %d jobs at a time from %s: %s",
            self._pool.worker_id,
            self._world.limits.concurrency,
            place,
            ", ".join(self._types),
        )
        broken = asyncio.create_task(self._pool.until_broken())
        told = asyncio.create_task(self._told_to_stop.wait())
        await asyncio.wait([broken, told], return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not broken.done():
            broken.cancel()
        await self._pool.stop()
        await self._world.aclose()
        log.info("worker %s has stopped", self._pool.worker_id)
        if not broken.cancelled():
            broken.result()

    def stop(self, told_by: signal.Signals) -> None:
        """Take no more jobs, and end within the grace period."""
        log.info("%s: no more jobs are taken; a second signal gives back at once what is under way", told_by.name)
        self._loop.result().call_soon_threadsafe(self._told_to_stop.set)

    def hurry(self, told_by: signal.Signals) -> None:
        """Give back what is under way."""
        log.info("%s again: what is under way is given back", told_by.name)
        self._loop.result().call_soon_threadsafe(self._pool.hurry)


def _attend(worker: _Worker, working: Future[None], bell: StopBell, *, patience_seconds: float) -> bool:
    """Pass signals on until the worker has ended; return whether it did so in time."""
    told_by = bell.wait()
    for tell, seconds in ((worker.stop, patience_seconds), (worker.hurry, OVERTIME_SECONDS)):
        if told_by is None:
            break
        tell(told_by)
        try:
            told_by = bell.wait(seconds)
        except TimeoutError:
            break
    if not working.done():
        log.warning("ended in the middle of jobs: they run again when their leases have run out")
        return False
    working.result()
    return True


def _keep_seconds(keep_jobs: timedelta | None) -> float | None:
    """Return how long jobs are kept; longer than the calendar can tell is as good as for ever."""
    if keep_jobs is None:
        return None
    if keep_jobs < timedelta(0):
        raise bad_argument("keep_jobs", "must not be below zero")
    return min(keep_jobs.total_seconds(), LONGEST_SECONDS)


def _refuse_what_has_no_database(settings: Settings) -> None:
    if is_server(settings.url):
        raise ConfigurationError(
            "A worker takes jobs from a database, not from a server: say which, by --url or AIJOBS_URL, such as "
            "`sqlite:///jobs.db` or `postgresql://user@host/database`."
        )
    if urlsplit(settings.url).scheme == "memory":
        raise ConfigurationError(
            "A worker at `memory://` would have nothing to do: no other process can submit to it. Say where jobs are "
            "kept, by --url or AIJOBS_URL, such as `sqlite:///jobs.db`."
        )
