"""What a client is made of: its arguments and the environment in, a backend and all that stands beside it out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID

from pydantic import SecretStr

from aijobs_sdk.batch.own_process import ATTACHED, Detaching
from aijobs_sdk.connect.credentials import read_credentials
from aijobs_sdk.connect.detaching import detaching_at
from aijobs_sdk.connect.displays import suggest_displays
from aijobs_sdk.connect.elsewhere import Elsewhere
from aijobs_sdk.connect.logs import show_logs
from aijobs_sdk.connect.models import OwnModels, own_models
from aijobs_sdk.connect.servers import is_server, open_server, read_api_key, refuse_what_a_server_decides
from aijobs_sdk.connect.settings import DEFAULT_PROFILE, Settings
from aijobs_sdk.connect.showing import Standpoint, standpoint, standpoint_elsewhere
from aijobs_sdk.connect.wiring import open_backend
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.provider import Provider
from aijobs_sdk.contract.refusal import check_kind, members_of
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.engine.metrics import Metrics
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.simulation.mock import Mock

if TYPE_CHECKING:
    from aijobs_sdk.backends.http.hooks import HttpHooks
    from aijobs_sdk.backends.http.limits import HttpLimits


class Connection(NamedTuple):
    """What a client is made of."""

    settings: Settings
    world: Mock | None
    """That of the `mock()` in which it was made, where this process knows it."""
    world_name: str | None
    """The name of that world, wherever it is."""
    backend: Backend
    detaching: Detaching
    """How its batches get a process of their own."""
    standpoint: Standpoint


def connect(
    world: Mock | None,
    *,
    simulated: bool = False,
    url: str | None,
    tenant_id: UUID | str | None,
    user_id: UUID | str | None,
    limits: Limits | None,
    seed: int,
    profile: str,
    artifacts: str | os.PathLike[str] | None,
    api_key: str | SecretStr | None = None,
    job_types: Iterable[JobType[Any]] = (),
    models: OwnModels = (),
    providers: Iterable[Provider] = (),
    api_keys: Mapping[str, str | SecretStr] | None = None,
    concurrency: int | None = None,
    metrics: Metrics | None = None,
    http_limits: HttpLimits | None = None,
    http_hooks: HttpHooks | None = None,
) -> Connection:
    """Return what a client is made of.

    `world` is that of the `mock()` in which it is made, asked for once: another thread may leave one meanwhile. Outside
    of any, `simulated` says that it lives in a world of its own, whatever AI_MOCK_MODE says.
    """
    settings = Settings.read(
        os.environ,
        simulated=simulated or world is not None,
        url=url,
        tenant_id=tenant_id,
        user_id=user_id,
        concurrency=concurrency,
        limits=limits,
        seed=seed,
        profile=profile,
        artifacts=artifacts,
    )
    check_kind("metrics", metrics, Metrics, "who is told of numbers, such as `aijobs.InMemoryMetrics()`")
    key = read_api_key(os.environ, api_key)
    show_logs(os.environ)
    suggest_displays(os.environ)
    if is_server(settings.url):
        refuse_what_a_server_decides(
            {
                "tenant_id": tenant_id,
                "job_types": job_types,
                "models": models,
                "providers": providers,
                "api_keys": api_keys,
                "concurrency": concurrency,
                "limits": limits,
                "seed": seed,
                "profile": profile != DEFAULT_PROFILE,
                "metrics": metrics,
                "artifacts": artifacts,
            }
        )
        return _at_server(settings, key, limits=http_limits, hooks=http_hooks, simulated=world)
    own_types = members_of("job_types", job_types, JobType, "job types, made with `@aijobs.job_type`")
    own_providers = members_of("providers", providers, Provider, "providers")  # type: ignore[type-abstract]
    return _here(
        settings,
        world,
        credentials=read_credentials(os.environ, api_keys),
        job_types=own_types,
        models=own_models(models),
        providers=own_providers,
        metrics=metrics,
    )


def reconnect(settings: Settings, world: Mock | None) -> Connection:
    """Return what a client in another process is made of, so that it is at the same address, as simulated as it was."""
    return connect(
        world,
        simulated=settings.mock_mode,
        url=settings.url,
        tenant_id=settings.caller.tenant_id,
        user_id=settings.caller.user_id,
        limits=settings.limits,
        seed=settings.seed,
        profile=settings.profile,
        artifacts=settings.artifacts,
    )


def out_of_reach(settings: Settings, world_name: str | None) -> Connection:
    """Return what a client of a mock world is made of that is another process's."""
    nothing = cast("Backend", Elsewhere())
    return Connection(settings, None, world_name, nothing, ATTACHED, standpoint_elsewhere(settings))


def _at_server(
    settings: Settings,
    key: SecretStr | None,
    *,
    limits: HttpLimits | None,
    hooks: HttpHooks | None,
    simulated: Mock | None,
) -> Connection:
    backend = open_server(settings, key, limits=limits, hooks=hooks, simulated=simulated)
    return Connection(settings, None, None, backend, detaching_at(settings, api_key=key), standpoint(settings))


def _here(
    settings: Settings,
    world: Mock | None,
    *,
    credentials: Credentials,
    job_types: Sequence[JobType[Any]],
    models: OwnModels,
    providers: Sequence[Provider],
    metrics: Metrics | None,
) -> Connection:
    backend = open_backend(
        settings,
        credentials=credentials,
        job_types=job_types,
        models=models,
        providers=providers,
        metrics=metrics,
        simulated=world,
    )
    detaching = detaching_at(settings, credentials=credentials, models=models, providers=providers, simulated=world)
    world_name = None if world is None else world.name
    return Connection(settings, world, world_name, backend, detaching, standpoint(settings, world))
