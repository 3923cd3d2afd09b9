"""The composition root: an address and settings become wired objects. Nobody else reads the environment."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5
from weakref import WeakValueDictionary

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.client.async_client import AsyncClient as AsyncClientOver
from aijobs_sdk.client.client import Client as ClientOver
from aijobs_sdk.client.portal import Portal
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import ConfigurationError, FieldProblem, InvalidRequestError
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.provider import Provider
from aijobs_sdk.contract.shapes import nearest, shape_of
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.job_type import JobType, JobTypes
from aijobs_sdk.engine.limits import Limits
from aijobs_sdk.jobtypes.ai_generation import ai_generation
from aijobs_sdk.jobtypes.test_job import test_job
from aijobs_sdk.providers.models import Model, ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.mock import Mock, current_mock
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.virtual_time import VirtualLoop
from aijobs_sdk.stores.memory import MemoryStore

LOCAL_TENANT = uuid5(NAMESPACE_URL, "aijobs:tenant:local")
LOCAL_USER = uuid5(NAMESPACE_URL, "aijobs:user:local")
DEFAULT_URL = "memory://"
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


class Settings(Fact):
    """What a client is wired by. `Settings.read()` fills in from the environment what the call left open."""

    url: str
    mock_mode: bool
    caller: Caller
    limits: Limits
    seed: int
    profile: str

    @classmethod
    def read(  # each argument is one thing a user may say instead of the environment
        cls,
        environment: Mapping[str, str],
        *,
        url: str | None = None,
        tenant_id: UUID | str | None = None,
        user_id: UUID | str | None = None,
        concurrency: int | None = None,
        seed: int = 0,
        profile: str = "fast",
    ) -> Settings:
        """Return the settings; what is said in the call comes before the environment.

        Raises:
            ConfigurationError: a variable cannot be used; it is named.
            InvalidRequestError: an argument cannot be used; it is named.
        """
        tenant = tenant_id or environment.get("AIJOBS_TENANT_ID") or LOCAL_TENANT
        user = user_id or environment.get("AIJOBS_USER_ID") or LOCAL_USER
        return cls(
            url=url or environment.get("AIJOBS_URL") or DEFAULT_URL,
            mock_mode=_switch(environment, "AI_MOCK_MODE", default=True),
            caller=Caller(tenant_id=_uuid(tenant, "tenant_id"), user_id=_uuid(user, "user_id")),
            limits=_limits(environment, concurrency),
            seed=seed,
            profile=profile,
        )


def connect(settings: Settings, *, job_types: Iterable[JobType[Any]] = (), models: Iterable[Model] = ()) -> Backend:
    """Return the backend behind an address.

    Raises:
        ConfigurationError: there is no such place, or this version cannot reach it.
    """
    scheme = urlsplit(settings.url).scheme
    if scheme != "memory":
        raise ConfigurationError(
            f"Cannot connect to a {scheme or 'nameless'!r} address: this version knows `memory://` only."
        )
    return _local(settings, ModelTable.load().with_models(*models), job_types)


class AsyncClient(AsyncClientOver):
    """A client for code that awaits: `AsyncClient()` runs jobs in this process, simulated.

    Args:
        url: where jobs run; AIJOBS_URL, then `memory://`, where it is None.
        tenant_id: whose jobs these are; AIJOBS_TENANT_ID, then a local tenant.
        user_id: who asks; AIJOBS_USER_ID, then a local user.
        job_types: types of your own, beside those that come with the SDK.
        models: models of your own, beside those in the table.
        concurrency: jobs that run at the same time in this process.
        seed: the simulation's; the same seed gives the same answers.
        profile: how the simulation behaves: `fast`, `typical` or `stress`.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        tenant_id: UUID | str | None = None,
        user_id: UUID | str | None = None,
        job_types: Iterable[JobType[Any]] = (),
        models: Iterable[Model] = (),
        concurrency: int | None = None,
        seed: int = 0,
        profile: str = "fast",
    ) -> None:
        _check_loop(current_mock())
        self._settings = Settings.read(
            os.environ,
            url=url,
            tenant_id=tenant_id,
            user_id=user_id,
            concurrency=concurrency,
            seed=seed,
            profile=profile,
        )
        _show_logs(os.environ)
        super().__init__(connect(self._settings, job_types=job_types, models=models))
        self._token = _remember(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (AsyncClient, self._token, self._settings)


class Client(ClientOver):
    """A client for code that blocks: `Client()` runs jobs in this process, simulated. It works in a notebook.

    Args:
        url: where jobs run; AIJOBS_URL, then `memory://`, where it is None.
        tenant_id: whose jobs these are; AIJOBS_TENANT_ID, then a local tenant.
        user_id: who asks; AIJOBS_USER_ID, then a local user.
        job_types: types of your own, beside those that come with the SDK.
        models: models of your own, beside those in the table.
        concurrency: jobs that run at the same time in this process.
        seed: the simulation's; the same seed gives the same answers.
        profile: how the simulation behaves: `fast`, `typical` or `stress`.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        tenant_id: UUID | str | None = None,
        user_id: UUID | str | None = None,
        job_types: Iterable[JobType[Any]] = (),
        models: Iterable[Model] = (),
        concurrency: int | None = None,
        seed: int = 0,
        profile: str = "fast",
    ) -> None:
        self._settings = Settings.read(
            os.environ,
            url=url,
            tenant_id=tenant_id,
            user_id=user_id,
            concurrency=concurrency,
            seed=seed,
            profile=profile,
        )
        _show_logs(os.environ)
        backend = connect(self._settings, job_types=job_types, models=models)
        super().__init__(AsyncClientOver(backend), _portal_of(current_mock()))
        self._token = _remember(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopen, (Client, self._token, self._settings)


_portal = Portal()
"""The thread that blocking clients share; it starts with the first call."""
_portals: WeakValueDictionary[int, Portal] = WeakValueDictionary()
"""By the id of a mock world, which its portal keeps alive: clients of one world share its time."""


def _portal_of(world: Mock | None) -> Portal:
    if world is None:
        return _portal
    return _portals.setdefault(id(world), Portal(lambda: world.new_loop(held=True)))


def _local(settings: Settings, models: ModelTable, job_types: Iterable[JobType[Any]]) -> LocalBackend:
    simulated = _simulated(settings)
    world = World(
        store=MemoryStore(simulated.clock),
        providers=_providers(settings, models, simulated),
        clock=simulated.clock,
        chance=Chance(settings.seed),
        limits=settings.limits,
    )
    types = JobTypes([ai_generation(models), test_job, *job_types])
    return LocalBackend(world=world, types=types, caller=settings.caller)


def _simulated(settings: Settings) -> Mock:
    return current_mock() or Mock(Simulation(settings.seed, settings.profile), virtual=False)


def _providers(settings: Settings, models: ModelTable, simulated: Mock) -> Mapping[str, Provider]:
    if not settings.mock_mode:
        return {}
    names = {route.provider for model in models for route in model.routes}
    return {name: SimulatedProvider(name, simulated.simulation, simulated.clock) for name in names}


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


def _switch(environment: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = environment.get(name, "").strip().lower()
    if not value:
        return default
    if value in _YES | _NO:
        return value in _YES
    raise ConfigurationError(f"{name} must be true or false, got {shape_of(value)}.")


def _limits(environment: Mapping[str, str], concurrency: int | None) -> Limits:
    limits = Limits()
    if (lease := environment.get("AIJOBS_LEASE_SECONDS")) is not None:
        limits = limits.model_copy(update={"lease_seconds": _positive(lease, "AIJOBS_LEASE_SECONDS")})
    if concurrency is not None:
        if concurrency < 1:
            raise _unusable("concurrency", "must be 1 or more")
        limits = limits.model_copy(update={"concurrency": concurrency})
    return limits


def _positive(text: str, name: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise ConfigurationError(f"{name} must be a number of seconds above 0, got {shape_of(text)}.")
    return number


def _uuid(value: UUID | str, name: str) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        raise _unusable(name, f"must be a UUID, got {shape_of(value)}") from None


def _unusable(name: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError(f"`{name}` {problem}.", fields=[FieldProblem(field=name, problem=problem)])


def _show_logs(environment: Mapping[str, str]) -> None:
    """Send our log to standard error at the level that AIJOBS_LOG names; unset, logging is the application's."""
    name = environment.get("AIJOBS_LOG", "").upper()
    if not name:
        return
    levels = logging.getLevelNamesMapping()
    if name not in levels:
        raise ConfigurationError(f"AIJOBS_LOG must be a log level.{nearest(name, levels)}")
    log = logging.getLogger("aijobs")
    log.setLevel(levels[name])
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        log.addHandler(handler)


_open: WeakValueDictionary[str, AsyncClient | Client] = WeakValueDictionary()
"""Clients of this process, so that a handle that is copied or unpickled here finds its own again."""


def _remember(client: AsyncClient | Client) -> str:
    token = uuid4().hex
    _open[token] = client
    return token


def _reopen(kind: type[AsyncClient | Client], token: str, settings: Settings) -> AsyncClient | Client:
    """Return the client a handle came from; in another process, a new one at the same address, with its own key."""
    return _open.get(token) or kind(
        settings.url,
        tenant_id=settings.caller.tenant_id,
        user_id=settings.caller.user_id,
        seed=settings.seed,
        profile=settings.profile,
    )
