"""From settings to the backend behind an address."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.connect.models import OwnModels, open_models
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.provider import Provider
from aijobs_sdk.contract.store import Store
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobType, JobTypes
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.engine.metrics import Metrics
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.jobtypes.ai_generation import ai_generation
from aijobs_sdk.jobtypes.artifacts import open_artifacts
from aijobs_sdk.jobtypes.blocks.job_types import block_job_types
from aijobs_sdk.jobtypes.economy.job_types import economy_job_types
from aijobs_sdk.jobtypes.image_generation import image_generation
from aijobs_sdk.jobtypes.test_job import test_job
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.registry import open_providers
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.providers import simulated_providers
from aijobs_sdk.stores.memory import MemoryStore

DATABASES = frozenset({"sqlite", "postgresql", "postgres"})


def open_backend(
    settings: Settings,
    *,
    credentials: Credentials,
    job_types: Iterable[JobType[Any]] = (),
    models: OwnModels = (),
    providers: Iterable[Provider] = (),
    metrics: Metrics | None = None,
    simulated: Mock | None = None,
) -> Backend:
    """Return the backend behind an address; its providers are those of `open_world()`.

    Raises:
        ConfigurationError: there is no such place, or this version cannot reach it.
    """
    if urlsplit(settings.url).scheme == "memory" and not settings.limits.concurrency:
        raise ConfigurationError(
            "Jobs in `memory://` are known to their own process alone: no other could run or show them. Say which "
            "database to use, by a URL or AIJOBS_URL, such as `sqlite:///jobs.db`."
        )
    table = open_models(settings, models)
    types = with_standard_types(table, job_types, settings)
    world = open_world(
        settings, table, Meter(metrics), credentials=credentials, providers=providers, simulated=simulated
    )
    return LocalBackend(world=world, types=types, caller=settings.caller)


def with_standard_types(models: ModelTable, job_types: Iterable[JobType[Any]], settings: Settings) -> JobTypes:
    """Return these job types beside those that come with the SDK, over these models.

    Raises:
        ConfigurationError: nothing can be kept at the URL for pictures.
    """
    # What a simulated provider bills is estimated, and its first answer need not wait for a vocabulary.
    exactly, vocabularies = not settings.mock_mode, settings.vocabularies
    texts = ai_generation(models, quotes_by_vocabulary=exactly, vocabularies=vocabularies)
    blocks = block_job_types(models, quotes_by_vocabulary=exactly, vocabularies=vocabularies)
    economy = economy_job_types(models, quotes_by_vocabulary=exactly, vocabularies=vocabularies)
    pictures = image_generation(models, open_artifacts(settings.artifacts))
    return JobTypes([texts, *economy, pictures, *blocks, test_job, *job_types])


def open_world(
    settings: Settings,
    models: ModelTable,
    meter: Meter,
    *,
    credentials: Credentials,
    providers: Iterable[Provider] = (),
    simulated: Mock | None = None,
) -> World:
    """Return what jobs touch: the store at the address, the providers of these models, time and chance.

    `providers` come before those of the same name that come with the SDK; in mock mode all are simulated, as in the
    world `simulated` where there is one.

    Raises:
        ConfigurationError: there is no such place, or this version cannot reach it.
    """
    if simulated is None and settings.mock_mode:
        simulated = Mock(settings.seed, settings.profile, virtual=False)
    clock = SystemClock() if simulated is None else simulated.clock
    if simulated is None:
        found = open_providers(credentials)
        found = found._replace(ready={**found.ready, **{one.name: one for one in providers}})
    else:
        found = simulated_providers(simulated, models)
    return World(
        store=open_store(settings.url, clock, shared=simulated is None or not simulated.virtual),
        providers=found.ready,
        missing=found.missing,
        clock=clock,
        chance=_chance(simulated),
        limits=settings.limits,
        meter=meter,
    )


def open_store(url: str, clock: Clock, *, shared: bool) -> Store:
    """Return the store at an address; `shared` with other processes, whose doings it has to hear of.

    Raises:
        ConfigurationError: there is no such place, or this version cannot reach it.
    """
    scheme, *rest = urlsplit(url)
    if scheme == "memory":
        if any(rest):
            raise ConfigurationError("`memory://` names no place: say it without anything behind it.")
        return MemoryStore(clock)
    if scheme not in DATABASES:
        kind = f"a {scheme}: address" if scheme else "an address without a scheme"
        raise ConfigurationError(
            f"Cannot connect to {kind}. Leave the URL and AIJOBS_URL out to run jobs in this process, or say "
            "`memory://`, `sqlite:///jobs.db`, `postgresql://user@host/database`, or `https://host` of a job API."
        )
    try:
        from aijobs_sdk.stores.sql.store import SqlStore  # noqa: PLC0415 - an extra, and slow to import

        return SqlStore(url, clock, shared=shared)  # which loads its driver
    except ModuleNotFoundError as missing:
        raise ConfigurationError(
            f"A database needs {missing.name}: pip install 'aijobs-sdk[sql]'. `memory://` needs nothing."
        ) from None


def _chance(simulated: Mock | None) -> Chance:
    # Among real providers the jitter of two processes must differ; in a simulated world everything hangs on the seed.
    return Chance(secrets.randbits(64) if simulated is None else simulated.seed)
