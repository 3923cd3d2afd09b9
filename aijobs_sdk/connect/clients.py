"""`aijobs.Client` and `aijobs.AsyncClient`: an address in, a client out; handles find their way back to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

from pydantic import SecretStr

from aijobs_sdk.batch.own_process import ATTACHED, Detaching
from aijobs_sdk.client.async_client import AsyncClient as AsyncClientOver
from aijobs_sdk.client.client import Client as ClientOver
from aijobs_sdk.client.portal import Portal
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
from aijobs_sdk.simulation.mock import Mock, current_mock, known_world
from aijobs_sdk.simulation.virtual_time import running_virtual_loop

if TYPE_CHECKING:
    from aijobs_sdk.backends.http.hooks import HttpHooks
    from aijobs_sdk.backends.http.limits import HttpLimits


class AsyncClient(AsyncClientOver):
    """A client for code that awaits: `AsyncClient()` runs jobs in this process, simulated.

    Args:
        url: where jobs run; AIJOBS_URL, then `memory://`, where it is None.
        api_key: the key of a server at `http://…` or `https://…`; AIJOBS_API_KEY where it is None.
        tenant_id: whose jobs these are; AIJOBS_TENANT_ID, then a local tenant. At a server the key says it.
        user_id: who asks; AIJOBS_USER_ID, then a local user, or the one that a server's key is for.
        job_types: types of your own, beside those that come with the SDK.
        models: models of your own, or the path of a file of them, beside those in the table and in AIJOBS_MODELS.
        providers: vendors of your own, beside those that come with the SDK; only where AI_MOCK_MODE is off.
        api_keys: keys by vendor (`openai`, `anthropic`, `bedrock`), before those in the environment.
        concurrency: jobs that run at the same time in this process; 0: none, as workers elsewhere run them.
        limits: all that an operator may turn: time limits, leases, unfinished jobs a tenant.
        seed: the simulation's; the same seed gives the same answers.
        profile: how the simulation behaves: `instant`, `fast`, `typical` or `stress`.
        metrics: who is told what happens, in numbers, such as `PrometheusMetrics()`.
        artifacts: where pictures are kept, a folder or a URL such as `s3://bucket/pictures`; AIJOBS_ARTIFACTS, then the
            folder `aijobs-artifacts`, where it is None.
        http_limits: how long a server may take, and how often it is asked again.
        http_hooks: functions that are told of each request to a server, and where its spans go.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | SecretStr | None = None,
        tenant_id: UUID | str | None = None,
        user_id: UUID | str | None = None,
        job_types: Iterable[JobType[Any]] = (),
        models: OwnModels = (),
        providers: Iterable[Provider] = (),
        api_keys: Mapping[str, str | SecretStr] | None = None,
        concurrency: int | None = None,
        limits: Limits | None = None,
        seed: int = 0,
        profile: str = DEFAULT_PROFILE,
        metrics: Metrics | None = None,
        artifacts: str | os.PathLike[str] | None = None,
        http_limits: HttpLimits | None = None,
        http_hooks: HttpHooks | None = None,
    ) -> None:
        simulated = current_mock()
        _check_loop(simulated)
        wiring = _connect(
            simulated,
            url=url,
            api_key=api_key,
            tenant_id=tenant_id,
            user_id=user_id,
            job_types=job_types,
            models=models,
            providers=providers,
            api_keys=api_keys,
            concurrency=concurrency,
            limits=limits,
            seed=seed,
            profile=profile,
            metrics=metrics,
            artifacts=artifacts,
            http_limits=http_limits,
            http_hooks=http_hooks,
        )
        self._settle(wiring, token=uuid4().hex)

    def _settle(self, wiring: _Wiring, *, token: str) -> None:
        super().__init__(wiring.backend, wiring.detaching)
        self._wiring, self._token = wiring, token
        _open[token] = self

    def __reduce__(self) -> tuple[Any, ...]:
        return _way_back(AsyncClient, self._token, self._wiring)

    def __repr__(self) -> str:
        return self._wiring.standpoint.text("AsyncClient")

    def _repr_html_(self) -> str:
        return self._wiring.standpoint.html("AsyncClient")


class Client(ClientOver):
    """A client for code that blocks: `Client()` runs jobs in this process, simulated. It works in a notebook.

    Args:
        url: where jobs run; AIJOBS_URL, then `memory://`, where it is None.
        api_key: the key of a server at `http://…` or `https://…`; AIJOBS_API_KEY where it is None.
        tenant_id: whose jobs these are; AIJOBS_TENANT_ID, then a local tenant. At a server the key says it.
        user_id: who asks; AIJOBS_USER_ID, then a local user, or the one that a server's key is for.
        job_types: types of your own, beside those that come with the SDK.
        models: models of your own, or the path of a file of them, beside those in the table and in AIJOBS_MODELS.
        providers: vendors of your own, beside those that come with the SDK; only where AI_MOCK_MODE is off.
        api_keys: keys by vendor (`openai`, `anthropic`, `bedrock`), before those in the environment.
        concurrency: jobs that run at the same time in this process; 0: none, as workers elsewhere run them.
        limits: all that an operator may turn: time limits, leases, unfinished jobs a tenant.
        seed: the simulation's; the same seed gives the same answers.
        profile: how the simulation behaves: `instant`, `fast`, `typical` or `stress`.
        metrics: who is told what happens, in numbers, such as `PrometheusMetrics()`.
        artifacts: where pictures are kept, a folder or a URL such as `s3://bucket/pictures`; AIJOBS_ARTIFACTS, then the
            folder `aijobs-artifacts`, where it is None.
        http_limits: how long a server may take, and how often it is asked again.
        http_hooks: functions that are told of each request to a server, and where its spans go.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | SecretStr | None = None,
        tenant_id: UUID | str | None = None,
        user_id: UUID | str | None = None,
        job_types: Iterable[JobType[Any]] = (),
        models: OwnModels = (),
        providers: Iterable[Provider] = (),
        api_keys: Mapping[str, str | SecretStr] | None = None,
        concurrency: int | None = None,
        limits: Limits | None = None,
        seed: int = 0,
        profile: str = DEFAULT_PROFILE,
        metrics: Metrics | None = None,
        artifacts: str | os.PathLike[str] | None = None,
        http_limits: HttpLimits | None = None,
        http_hooks: HttpHooks | None = None,
    ) -> None:
        wiring = _connect(
            current_mock(),
            url=url,
            api_key=api_key,
            tenant_id=tenant_id,
            user_id=user_id,
            job_types=job_types,
            models=models,
            providers=providers,
            api_keys=api_keys,
            concurrency=concurrency,
            limits=limits,
            seed=seed,
            profile=profile,
            metrics=metrics,
            artifacts=artifacts,
            http_limits=http_limits,
            http_hooks=http_hooks,
        )
        self._settle(wiring, token=uuid4().hex)

    def _settle(self, wiring: _Wiring, *, token: str) -> None:
        super().__init__(AsyncClientOver(wiring.backend, wiring.detaching), _portal_of(wiring.world))
        self._wiring, self._token = wiring, token
        _open[token] = self

    def __reduce__(self) -> tuple[Any, ...]:
        return _way_back(Client, self._token, self._wiring)

    def __repr__(self) -> str:
        return self._wiring.standpoint.text("Client")

    def _repr_html_(self) -> str:
        return self._wiring.standpoint.html("Client")


class _Wiring(NamedTuple):
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


def _connect(
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
) -> _Wiring:
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
        backend = open_server(settings, key, limits=http_limits, hooks=http_hooks, simulated=world)
        detaching = detaching_at(settings, api_key=key)
        return _Wiring(settings, None, None, backend, detaching, standpoint(settings))
    credentials = read_credentials(os.environ, api_keys)
    own = own_models(models)
    own_types = members_of("job_types", job_types, JobType, "job types, made with `@aijobs.job_type`")
    own_providers = members_of("providers", providers, Provider, "providers")  # type: ignore[type-abstract]
    backend = open_backend(
        settings,
        credentials=credentials,
        job_types=own_types,
        models=own,
        providers=own_providers,
        metrics=metrics,
        simulated=world,
    )
    detaching = detaching_at(settings, credentials=credentials, models=own, providers=own_providers, simulated=world)
    world_name = None if world is None else world.name
    return _Wiring(settings, world, world_name, backend, detaching, standpoint(settings, world))


_portal = Portal()
"""The thread that blocking clients share; it starts with the first call."""
_portals: WeakValueDictionary[int, Portal] = WeakValueDictionary()
"""By the id of a mock world, which its portal keeps alive: clients of one world share its time."""
_finding_portal = threading.Lock()


def _portal_of(world: Mock | None) -> Portal:
    if world is None:
        return _portal
    with _finding_portal:
        return _portals.setdefault(id(world), Portal(lambda: world.new_loop(held=True)))


def _check_loop(world: Mock | None) -> None:
    if world is not None and world.virtual:
        with suppress(RuntimeError):  # none runs here yet: the clock looks again with the first call
            running_virtual_loop()


_open: WeakValueDictionary[str, AsyncClient | Client] = WeakValueDictionary()
"""Clients of this process, so that a handle that is copied or unpickled here finds its own again."""


def _way_back(kind: type[AsyncClient | Client], token: str, wiring: _Wiring) -> tuple[Any, ...]:
    """Return what is pickled of a client: how to find it in this process, and how to open it anew in another."""
    settings = wiring.settings
    if is_server(settings.url):
        return _reopen_at_server, (kind, token, settings.url, settings.named_user)
    return _reopen, (kind, token, settings, wiring.world_name)


def _reopen(
    kind: type[AsyncClient | Client], token: str, settings: Settings, world_name: str | None
) -> AsyncClient | Client:
    """Return the client a handle came from; in another process, a new one at the same address, as simulated as it was.

    One of a mock world that this process does not know keeps its token, so that it is itself again at home.
    """
    if (known := _open.get(token)) is not None:
        return known
    world = current_mock() if world_name is None else known_world(world_name)
    is_elsewhere = world_name is not None and world is None
    wiring = _elsewhere(settings, world_name) if is_elsewhere else _reconnect(settings, world)
    client = kind.__new__(kind)
    client._settle(wiring, token=token if is_elsewhere else uuid4().hex)  # noqa: SLF001 - what its constructor does
    return client


def _reconnect(settings: Settings, world: Mock | None) -> _Wiring:
    return _connect(
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


def _elsewhere(settings: Settings, world_name: str | None) -> _Wiring:
    nothing = cast("Backend", Elsewhere())
    return _Wiring(settings, None, world_name, nothing, ATTACHED, standpoint_elsewhere(settings))


def _reopen_at_server(
    kind: type[AsyncClient | Client], token: str, url: str, user_id: UUID | None
) -> AsyncClient | Client:
    """Return the client a handle came from; in another process, a new one at the same server, with the key there."""
    return _open.get(token) or kind(url, user_id=user_id)
