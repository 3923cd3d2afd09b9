"""What the routes of one application share: whom it knows, what it lets in, and the backend of each caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

from starlette.requests import Request

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.contract.keys import ApiKey
from aijobs_sdk.server.limits import ServerLimits
from aijobs_sdk.server.open_streams import OpenStreams
from aijobs_sdk.server.pace import Pace

NOBODY = Caller(tenant_id=UUID(int=0), user_id=UUID(int=0))
"""Who asks how the server is: a tenant that has nothing."""


class Keys(Protocol):
    """Where keys are looked up."""

    async def key(self, key_id: str) -> ApiKey | None:
        """Return the record of a key, None where there is none."""
        ...


@dataclass(frozen=True)
class Site:
    """One application's share of the world."""

    backend_for: Callable[[Caller], Backend]
    """Asked at each request: a backend is how one world is seen by somebody, and costs nothing."""
    keys: Keys
    limits: ServerLimits
    streams: OpenStreams
    pace: Pace
    metrics_text: Callable[[], str] | None
    keyless: Caller | None
    """For whom callers of this machine act who show no key; None: they are refused."""


class Visitor(NamedTuple):
    """Somebody who was let in: for whom they act, and what they may ask."""

    caller: Caller
    backend: Backend
    site: Site
    may_stay: Callable[[], Awaitable[bool]]
    """Asked again and again by answers that last: whether this visitor would still be let in."""


def site_of(request: Request) -> Site:
    """Return the site that a request was sent to."""
    site = request.app.state.site
    assert isinstance(site, Site)  # noqa: S101 - `create_app` has put it there
    return site
