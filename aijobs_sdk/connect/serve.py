"""A process that serves the job API, and runs the jobs that it takes in, until it is told to stop."""

from __future__ import annotations

import gc
import logging
import os
from collections import ChainMap
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.connect.credentials import read_credentials
from aijobs_sdk.connect.first_key import first_key
from aijobs_sdk.connect.listening import listen, serve_until_told, url_of
from aijobs_sdk.connect.logs import show_logs
from aijobs_sdk.connect.models import OwnModels, open_models
from aijobs_sdk.connect.servers import is_server
from aijobs_sdk.connect.settings import DEFAULT_PROFILE, Settings
from aijobs_sdk.connect.wiring import open_world, with_standard_types
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.keys import ApiKey
from aijobs_sdk.contract.provider import Provider
from aijobs_sdk.contract.refusal import checked
from aijobs_sdk.contract.store import Store
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.limits import ServerLimits
from aijobs_sdk.server.serving import new_server
from aijobs_sdk.simulation.mock import current_mock
from aijobs_sdk.sinks.prometheus import PrometheusMetrics

log = logging.getLogger("aijobs.server")


class Served(NamedTuple):
    """How callers find a server."""

    url: str
    new_key: SecretStr | None
    """What they show, where it was made just now."""


def run_server(
    url: str | None = None,
    *,
    host: str,
    port: int,
    concurrency: int | None = None,
    insecure_no_keys: bool = False,
    max_active_jobs: int | None = None,
    max_streams: int | None = None,
    requests_per_second: float | None = None,
    job_types: Iterable[JobType[Any]] = (),
    models: OwnModels = (),
    providers: Iterable[Provider] = (),
    seed: int = 0,
    profile: str = DEFAULT_PROFILE,
    artifacts: str | os.PathLike[str] | None = None,
    tell: Callable[[Served], None],
) -> None:
    """Serve the jobs of a store until SIGINT or SIGTERM. Jobs under way go back to pending then.

    A tenant may have `max_active_jobs` that are not over, follow `max_streams` event streams, and ask
    `requests_per_second` times a second; without a number, as many as it likes, or 100 streams.

    `tell` is told where it is, as soon as callers can come. A database keeps its keys: `aijobs keys create`. Where jobs
    are kept in memory nobody else could make one: AIJOBS_API_KEY says it, or one is made. Call it from the main thread.

    Raises:
        ConfigurationError: nothing can be served from there, or nobody can listen at this address.
        InvalidRequestError: an argument cannot be used; it is named.
    """
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
    settings = settings.replace(limits=settings.limits.replace(max_active_jobs=max_active_jobs))
    _refuse_what_nobody_could_ask(settings)
    registry = CollectorRegistry()
    table = open_models(settings, models)
    types = with_standard_types(table, job_types, settings)
    meter = Meter(PrometheusMetrics(registry))
    credentials = read_credentials(os.environ)
    world = open_world(settings, table, meter, credentials=credentials, providers=providers, simulated=simulated)
    backend = LocalBackend(world=world, types=types, caller=settings.caller)
    key, made = (None, None) if _keeps_keys(settings.url) else first_key(os.environ, settings.caller)
    app = create_app(
        backend.acting_for,
        keys=world.store,
        limits=_server_limits(max_streams, requests_per_second),
        metrics_text=lambda: generate_latest(registry).decode(),
        keyless=settings.caller if insecure_no_keys else None,
        lifespan=_lifespan(backend, world.store, key),
    )
    with listen(host, port) as listener:
        show_logs(ChainMap(dict(os.environ), {"AIJOBS_LOG": "info"}))
        _let_uvicorn_use(logging.getLogger("aijobs"))
        tell(Served(url_of(listener), None if insecure_no_keys else made))
        log.info("server runs up to %d jobs at a time: %s", settings.limits.concurrency, ", ".join(types))
        gc.freeze()  # what is there by now stays: nobody has to look through it again and again
        serve_until_told(new_server(app, host=host, port=port), listener)
        log.info("server has stopped")


def _server_limits(max_streams: int | None, requests_per_second: float | None) -> ServerLimits:
    limits = checked(ServerLimits, {"requests_per_second": requests_per_second}, "Cannot serve so")
    return limits if max_streams is None else limits.replace(max_streams_per_tenant=max_streams)


def _refuse_what_nobody_could_ask(settings: Settings) -> None:
    if is_server(settings.url):
        raise ConfigurationError(
            "A server serves the jobs of a store, and no other server's: `memory://`, `sqlite:///jobs.db` or "
            "`postgresql://…`, by --url or AIJOBS_URL."
        )
    if not _keeps_keys(settings.url) and not settings.limits.concurrency:
        raise ConfigurationError(
            "Jobs in `memory://` are known to their own process alone: with a concurrency of 0 nobody would run them."
        )


def _lifespan(
    backend: LocalBackend, store: Store, key: ApiKey | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if key is not None:
            await store.put_key(key)
        await backend.start()
        yield
        await backend.aclose()

    return lifespan


def _keeps_keys(url: str) -> bool:
    return urlsplit(url).scheme != "memory"


def _let_uvicorn_use(ours: logging.Logger) -> None:
    """Show what uvicorn warns of as our own lines are shown, so that a reader of JSON meets nothing else."""
    theirs = logging.getLogger("uvicorn")
    theirs.handlers = list(ours.handlers)
    theirs.propagate = False
