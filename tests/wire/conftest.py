"""A scripted server, and clients that ask it over real sockets and in real time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

import aijobs_sdk as aijobs
from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.client.async_client import AsyncClient
from aijobs_sdk.client.client import Client
from aijobs_sdk.client.portal import Portal
from wire.scripted_server import KEY, ScriptedServer


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Real time: the server's thread lives in it."""
    return "asyncio", {}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[aijobs.Client]:
    with aijobs.Client(server.url, api_key=KEY) as opened:
        yield opened


@pytest.fixture
def impatient(server: ScriptedServer) -> Iterator[Client]:
    """A client that takes a silence of half a second for a broken line."""
    limits = HttpLimits(timeout_seconds=0.5, stream_idle_seconds=0.5)
    backend = HttpBackend(server.url, api_key=SecretStr(KEY), user_id=None, limits=limits)
    with Client(AsyncClient(backend), Portal()) as opened:
        yield opened
