"""A backend behind a real socket: what a client sees through the server, on the loop of the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache

import uvicorn
from starlette.routing import BaseRoute

from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.keys import ApiKey, Scope
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.server.api_keys import new_key
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.serving import open_listener
from server.server_worlds import new_backend


class Served(HttpBackend):
    """A client that closes what it asks together with itself, as there is nobody else who would."""

    behind: Backend

    async def aclose(self) -> None:
        await super().aclose()
        await self.behind.aclose()


class Keys:
    """Keys that were made for a test."""

    def __init__(self) -> None:
        self._keys: dict[str, ApiKey] = {}

    async def key(self, key_id: str) -> ApiKey | None:
        return self._keys.get(key_id)

    def client(self, url: str, behind: LocalBackend, caller: Caller) -> Served:
        """Return a client that may do everything in this tenant."""
        key, secret = new_key(
            tenant_id=caller.tenant_id,
            user_id=caller.user_id,
            name="test",
            scopes=frozenset(Scope),
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
        self._keys[key.id] = key
        client = Served(url, api_key=secret)
        client.behind = behind.acting_for(caller)
        return client


@asynccontextmanager
async def served(local: LocalBackend) -> AsyncIterator[Callable[[Caller], Backend]]:
    """Serve a backend; yield how any caller asks for it."""
    keys = Keys()
    app = create_app(local.acting_for, keys=keys)
    app.router.routes[1:] = _known_routes()
    config = uvicorn.Config(app, loop="none", lifespan="off", log_level="warning")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with open_listener("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        # Not `serve()`, which looks ten times a second whether it is to stop: in an hour of virtual time that is most.
        await server.startup(sockets=[listener])
        yield lambda caller: keys.client(url, local, caller)
        await server.shutdown(sockets=[listener])


@cache
def _known_routes() -> list[BaseRoute]:
    """Return all routes but the first, which tells of the application itself: to work them out takes 40 ms."""
    return create_app(new_backend(SystemClock()).acting_for, keys=Keys()).router.routes[1:]
