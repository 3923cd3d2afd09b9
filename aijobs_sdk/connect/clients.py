"""`aijobs.Client` and `aijobs.AsyncClient`: an address in, a client out; handles find their way back to it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

from pydantic import SecretStr

from aijobs_sdk.batch.journal.detach import Detaching
from aijobs_sdk.client.async_client import AsyncClient as AsyncClientOver
from aijobs_sdk.client.client import Client as ClientOver
from aijobs_sdk.client.portal import Portal
from aijobs_sdk.connect.credentials import read_credentials
from aijobs_sdk.connect.detaching import detaching_at
from aijobs_sdk.connect.displays import suggest_displays
from aijobs_sdk.connect.logs import show_logs
from aijobs_sdk.connect.models import OwnModels, own_models
from aijobs_sdk.connect.servers import is_server, open_server, read_api_key, refuse_what_a_server_decides
from aijobs_sdk.connect.settings import DEFAULT_PROFILE, Settings
from aijobs_sdk.connect.showing import standpoint
from aijobs_sdk.connect.wiring import open_backend
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.contract.provider import Provider
from aijobs_sdk.contract.refusal import check_kind, members_of
from aijobs_sdk.engine.job_type import JobType
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.engine.metrics import Metrics
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.virtual_time import VirtualLoop
from aijobs_sdk.simulation.worlds import current_mock

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
        settings, backend, detaching = _connect(
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
        super().__init__(backend, detaching)
        self._settings = settings
        self._token = _remember(self)
        self._standpoint = standpoint(settings, simulated)

    def __reduce__(self) -> tuple[Any, ...]:
        return _way_back(self, self._token, self._settings)

    def __repr__(self) -> str:
        return self._standpoint.text("AsyncClient")

    def _repr_html_(self) -> str:
        return self._standpoint.html("AsyncClient")


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
        simulated = current_mock()
        settings, backend, detaching = _connect(
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
        super().__init__(AsyncClientOver(backend, detaching), _portal_of(simulated))
        self._settings = settings
        self._token = _remember(self)
        self._standpoint = standpoint(settings, simulated)

    def __reduce__(self) -> tuple[Any, ...]:
        return _way_back(self, self._token, self._settings)

    def __repr__(self) -> str:
        return self._standpoint.text("Client")

    def _repr_html_(self) -> str:
        return self._standpoint.html("Client")


def _connect(
    simulated: Mock | None,
    *,
    url: str | None,
    api_key: str | SecretStr | None,
    tenant_id: UUID | str | None,
    user_id: UUID | str | None,
    job_types: Iterable[JobType[Any]],
    models: OwnModels,
    providers: Iterable[Provider],
    api_keys: Mapping[str, str | SecretStr] | None,
    concurrency: int | None,
    limits: Limits | None,
    seed: int,
    profile: str,
    metrics: Metrics | None,
    artifacts: str | os.PathLike[str] | None,
    http_limits: HttpLimits | None,
    http_hooks: HttpHooks | None,
) -> tuple[Settings, Backend, Detaching]:
    """Return what a client is wired by, the backend at its address, and how its batches get a process of their own.

    `simulated` is the world in which it is made, asked for once: another thread may enter or leave one meanwhile.
    """
    settings = Settings.read(
        os.environ,
        simulated=simulated is not None,
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
        backend = open_server(settings, key, limits=http_limits, hooks=http_hooks, simulated=simulated)
        return settings, backend, detaching_at(settings, api_key=key)
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
        simulated=simulated,
    )
    detaching = detaching_at(
        settings, credentials=credentials, models=own, providers=own_providers, simulated=simulated
    )
    return settings, backend, detaching


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
    if world is None or not world.virtual:
        return
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    if not isinstance(loop, VirtualLoop):
        raise ConfigurationError(
            "Virtual time needs a loop of its own: use `aijobs.Client` here, or `aijobs.mock(clock='real')`, "
            "or run with `asyncio.Runner(loop_factory=sim.new_loop)`."
        )


_open: WeakValueDictionary[str, AsyncClient | Client] = WeakValueDictionary()
"""Clients of this process, so that a handle that is copied or unpickled here finds its own again."""


def _remember(client: AsyncClient | Client) -> str:
    token = uuid4().hex
    _open[token] = client
    return token


def _way_back(client: AsyncClient | Client, token: str, settings: Settings) -> tuple[Any, ...]:
    """Return what is pickled of a client: how to find it in this process, and how to open it anew in another."""
    kind = AsyncClient if isinstance(client, AsyncClient) else Client
    if is_server(settings.url):
        return _reopen_at_server, (kind, token, settings.url, settings.named_user)
    return _reopen, (kind, token, settings)


def _reopen(kind: type[AsyncClient | Client], token: str, settings: Settings) -> AsyncClient | Client:
    """Return the client a handle came from; in another process, a new one at the same address."""
    return _open.get(token) or kind(
        settings.url,
        tenant_id=settings.caller.tenant_id,
        user_id=settings.caller.user_id,
        limits=settings.limits,
        seed=settings.seed,
        profile=settings.profile,
        artifacts=settings.artifacts,
    )


def _reopen_at_server(
    kind: type[AsyncClient | Client], token: str, url: str, user_id: UUID | None
) -> AsyncClient | Client:
    """Return the client a handle came from; in another process, a new one at the same server, with the key there."""
    return _open.get(token) or kind(url, user_id=user_id)
