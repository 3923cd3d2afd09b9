"""An application over a world in memory, asked in process on virtual time, or over a socket in real time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import FastAPI

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.serving import serving
from aijobs_sdk.simulation.virtual_time import VirtualClock
from server.server_worlds import OURS, THEIRS, KeyRing, bearer, new_backend


@pytest.fixture
def keys() -> KeyRing:
    """The keys that the server knows."""
    return KeyRing()


@pytest.fixture
async def backend() -> AsyncIterator[LocalBackend]:
    """The world behind the application."""
    backend = new_backend(VirtualClock())
    yield backend
    await backend.aclose()


@pytest.fixture
def app(backend: LocalBackend, keys: KeyRing) -> FastAPI:
    """The application, as most are."""
    return create_app(backend.acting_for, keys=keys)


@pytest.fixture
async def client(app: FastAPI, keys: KeyRing) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of our tenant who may do everything."""
    async with new_client(app, keys.cut(OURS)) as client:
        yield client


@pytest.fixture
async def theirs(app: FastAPI, keys: KeyRing) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody of another tenant."""
    async with new_client(app, keys.cut(THEIRS)) as client:
        yield client


def new_client(app: FastAPI, key: str | None = None) -> httpx.AsyncClient:
    """Return a client that asks in process; it reads whole answers only."""
    headers = {} if key is None else bearer(key)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost", headers=headers)


@pytest.fixture
def socket_client(keys: KeyRing) -> Iterator[httpx.Client]:
    """Somebody of our tenant who asks over a socket, in real time."""
    backend = new_backend(SystemClock())
    with (
        serving(create_app(backend.acting_for, keys=keys)) as url,
        httpx.Client(base_url=url, headers=bearer(keys.cut(OURS)), timeout=10) as client,
    ):
        yield client
