"""The job API over the simulated world: with each new world it begins anew, and its keys stay."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from aijobs_sdk.backends.local import LocalBackend
from aijobs_sdk.connect.first_key import first_key
from aijobs_sdk.connect.models import open_models
from aijobs_sdk.connect.settings import Settings
from aijobs_sdk.connect.wiring import open_world, with_standard_types
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.keys import ApiKey
from aijobs_sdk.engine.meter import Meter
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.server.app import create_app
from aijobs_sdk.server.open_streams import OpenStreams
from aijobs_sdk.server.site import Site
from aijobs_sdk.simulation.mock import Mock

_PATHS = ("/api/", "/healthz", "/readyz", "/metrics")


class JobApi:
    """Jobs in memory, in whichever world is entered last."""

    def __init__(self, *, keys_required: bool) -> None:
        """Begin without a world.

        Raises:
            ConfigurationError: AIJOBS_API_KEY or AIJOBS_ARTIFACTS cannot be used.
        """
        self._settings = Settings.read({}, url="memory://", artifacts=os.environ.get("AIJOBS_ARTIFACTS"))
        self._models = open_models(self._settings, ())
        self._types = with_standard_types(self._models, (), self._settings)
        self._backend: LocalBackend | None = None
        self._moving: set[asyncio.Task[None]] = set()
        self._key, self.new_key = first_key(os.environ, self._settings.caller)
        """What callers show, where it was made just now; it opens everything there is."""
        self.app: FastAPI = create_app(
            self._backend_for,
            keys=self,
            keyless=None if keys_required else self._settings.caller,
            lifespan=self._lifespan,
        )

    @staticmethod
    def is_asked(path: str) -> bool:
        """Whether a path is the job API's, and no vendor's."""
        return path.startswith(_PATHS)

    @property
    def streams(self) -> OpenStreams:
        """Whoever follows jobs."""
        site = self.app.state.site
        assert isinstance(site, Site)  # noqa: S101 - `create_app` has put it there
        return site.streams

    async def key(self, key_id: str) -> ApiKey | None:
        """Return the one key there is, by its id."""
        return self._key if key_id == self._key.id else None

    def enter(self, world: Mock) -> None:
        """Run jobs in this world from now on; those of the world before are gone, and nobody follows them any more."""
        opened = open_world(self._settings, self._models, Meter(), credentials=Credentials.made_up(), simulated=world)
        entered = LocalBackend(world=opened, types=self._types, caller=self._settings.caller)
        left, self._backend = self._backend, entered
        if left is not None:
            self.streams.end_present()
            moving = asyncio.get_running_loop().create_task(_move(left, entered))
            self._moving.add(moving)
            moving.add_done_callback(self._moving.discard)

    def _backend_for(self, caller: Caller) -> LocalBackend:
        assert self._backend is not None  # noqa: S101 - a world is entered before anybody is served
        return self._backend.acting_for(caller)

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        if self._backend is not None:
            await self._backend.start()
        yield
        await asyncio.gather(*self._moving)
        if self._backend is not None:
            await self._backend.aclose()


async def _move(left: LocalBackend, entered: LocalBackend) -> None:
    await entered.start()  # first: by the next reset it may be the one that is left
    await left.aclose()
