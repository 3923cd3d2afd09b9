"""`aijobs.Client` and `aijobs.AsyncClient`: an address in, a client out; handles find their way back to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

from pydantic import SecretStr

from aijobs_sdk.client.async_client import AsyncClient as AsyncClientOver
from aijobs_sdk.client.client import Client as ClientOver
from aijobs_sdk.client.portal import Portal
from aijobs_sdk.connect.connection import Connection, connect, out_of_reach, reconnect
from aijobs_sdk.connect.models import OwnModels
from aijobs_sdk.connect.servers import is_server
from aijobs_sdk.connect.settings import DEFAULT_PROFILE, Settings
from aijobs_sdk.contract.provider import Provider
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
        connection = connect(
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
        self._settle(connection, token=uuid4().hex)

    def _settle(self, connection: Connection, *, token: str) -> None:
        super().__init__(connection.backend, connection.detaching)
        self._connection, self._token = connection, token
        _open[token] = self

    def __reduce__(self) -> tuple[Any, ...]:
        return _way_back(AsyncClient, self._token, self._connection)

    def __repr__(self) -> str:
        return self._connection.standpoint.text("AsyncClient") if _is_open(self) else object.__repr__(self)

    def _repr_html_(self) -> str:
        return self._connection.standpoint.html("AsyncClient")


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
        connection = connect(
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
        self._settle(connection, token=uuid4().hex)

    def _settle(self, connection: Connection, *, token: str) -> None:
        super().__init__(AsyncClientOver(connection.backend, connection.detaching), _portal_of(connection.world))
        self._connection, self._token = connection, token
        _open[token] = self

    def __reduce__(self) -> tuple[Any, ...]:
        return _way_back(Client, self._token, self._connection)

    def __repr__(self) -> str:
        return self._connection.standpoint.text("Client") if _is_open(self) else object.__repr__(self)

    def _repr_html_(self) -> str:
        return self._connection.standpoint.html("Client")


def _is_open(client: AsyncClient | Client) -> bool:
    """Return False for one whose constructor refused its arguments: a traceback with variables shows it, too."""
    return hasattr(client, "_connection")


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


def _way_back(kind: type[AsyncClient | Client], token: str, connection: Connection) -> tuple[Any, ...]:
    """Return what is pickled of a client: how to find it in this process, and how to open it anew in another."""
    settings = connection.settings
    if is_server(settings.url):
        return _reopen_at_server, (kind, token, settings.url, settings.named_user)
    return _reopen, (kind, token, settings, connection.world_name)


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
    connection = out_of_reach(settings, world_name) if is_elsewhere else reconnect(settings, world)
    client = kind.__new__(kind)
    client._settle(connection, token=token if is_elsewhere else uuid4().hex)  # noqa: SLF001 - what its constructor does
    return client


def _reopen_at_server(
    kind: type[AsyncClient | Client], token: str, url: str, user_id: UUID | None
) -> AsyncClient | Client:
    """Return the client a handle came from; in another process, a new one at the same server, with the key there."""
    return _open.get(token) or kind(url, user_id=user_id)
