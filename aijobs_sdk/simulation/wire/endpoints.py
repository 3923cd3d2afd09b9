"""All simulated vendors behind one door: a request goes in, and out comes what is answered, and when."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, Protocol
from uuid import UUID

from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.wire.calls import Call, Failed, Identity, Refused, fingerprint
from aijobs_sdk.simulation.wire.exchange import (
    Chunk,
    Ending,
    Headers,
    HttpRequest,
    HttpResponse,
    Json,
    json_response,
)

Handler = Callable[[Call], HttpResponse]
DRAW_KEY, ATTEMPT, JOB, TENANT = "x-aijobs-draw-key", "x-aijobs-attempt", "x-aijobs-job-id", "x-aijobs-tenant-id"
"""Headers by which a caller says what the draws of a call hang on; others are told apart by what they ask. With the
last two the caller is a job of ours, and its draws are those that it would get without a wire."""
_PATHS = 1024
"""Paths of which it is remembered where they lead."""
MOST_REPEATS = 100_000
"""Different requests that are remembered; one that comes again after so many others counts as new."""


class Route(NamedTuple):
    """One path of a vendor."""

    method: str
    path: re.Pattern[str]
    handler: Handler


def route(method: str, path: str, handler: Handler) -> Route:
    """Return a route; `{name}` in the path stands for a part without a slash, `{name*}` for any part."""
    pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    return Route(method, re.compile(pattern), handler)


class Vendor(Protocol):
    """How one vendor sounds."""

    @property
    def name(self) -> str:
        """Return `openai`, `anthropic`, `bedrock` or `google`."""
        ...

    @property
    def routes(self) -> Sequence[Route]:
        """Return its paths."""
        ...

    def key(self, request: HttpRequest) -> str | None:
        """Return the key that the caller shows, None where it shows none."""
        ...

    def refuse(self, call: Call, refused: Refused) -> HttpResponse:
        """Return what it answers to a request that it does not accept."""
        ...

    def fail(self, call: Call, fault: Fault) -> HttpResponse:
        """Return what it answers where it fails with a status."""
        ...

    def headers(self, call: Call) -> Headers:
        """Return what every answer carries."""
        ...


class Recorded(Protocol):
    """Answers that were recorded; they come before simulated ones."""

    def answer(
        self, request: HttpRequest, *, tenant: str, vendor: str | None, at_seconds: float
    ) -> HttpResponse | None:
        """Return what was answered then; None where the simulation is to answer.

        Raises:
            Refused: nothing was recorded, and nothing else is to answer.
        """
        ...


class Endpoints:
    """Answers requests as the vendors would. It knows no clock: whoever asks says what time it is."""

    def __init__(
        self, vendors: Sequence[Vendor], world: Simulation, table: ModelTable, *, keys_required: bool = True
    ) -> None:
        self._routes = [(vendor, one) for vendor in vendors for one in vendor.routes]
        self._world = world
        self._table = table
        self._keys_required = keys_required
        self._repeats = _Repeats()
        self._found = lru_cache(_PATHS)(self._find)
        self._recorded: Recorded | None = None

    def play(self, recorded: Recorded) -> None:
        """Let these answers come before simulated ones from now on."""
        self._recorded = recorded

    def answer(self, request: HttpRequest, *, now: datetime) -> HttpResponse | None:
        """Return what is answered; None where no vendor has such a path."""
        found = self._found(request.method, request.path)
        if not found:
            return self._at_no_vendors(request, now=now)
        # Some vendors have a path in common: the key tells whose client is calling.
        vendor, handler, params = found[0]
        if len(found) > 1:
            vendor, handler, params = next((one for one in found if one[0].key(request)), found[0])
        try:
            played = self._played(vendor, request, now=now)
        except Refused as refused:
            return vendor.refuse(self._call(vendor, request, params, now=now), refused)
        return played or self._served(vendor, handler, self._call(vendor, request, params, now=now))

    def _at_no_vendors(self, request: HttpRequest, *, now: datetime) -> HttpResponse | None:
        try:
            return self._played(None, request, now=now)
        except Refused as refused:
            error: Json = {"message": refused.message, "code": refused.code}
            return json_response({"error": error}, status=refused.status)

    def _played(self, vendor: Vendor | None, request: HttpRequest, *, now: datetime) -> HttpResponse | None:
        if self._recorded is None:
            return None
        key = None if vendor is None else vendor.key(request)
        return self._recorded.answer(
            request,
            tenant=self._world.stands_for(key or ""),
            vendor=None if vendor is None else vendor.name,
            at_seconds=self._world.seconds_at(now),
        )

    def _find(self, method: str, path: str) -> Sequence[tuple[Vendor, Handler, Mapping[str, str]]]:
        return [
            (vendor, one.handler, match.groupdict())
            for vendor, one in self._routes
            if one.method == method and (match := one.path.fullmatch(path))
        ]

    def _call(self, vendor: Vendor, request: HttpRequest, params: Mapping[str, str], *, now: datetime) -> Call:
        tenant = self._world.stands_for(vendor.key(request) or "")
        return Call(
            request,
            vendor=vendor.name,
            params=params,
            identity=self._repeats.identity(request, tenant=tenant),
            world=self._world,
            table=self._table,
            now=now,
        )

    def _served(self, vendor: Vendor, handler: Handler, call: Call) -> HttpResponse:
        if self._keys_required and not vendor.key(call.request):
            handler = _without_key
        try:
            response = handler(call)
        except Refused as refused:
            response = vendor.refuse(call, refused)
        except Failed as failed:
            response = _failing(vendor, call, failed)
        if call.is_broken:
            self._repeats.failed(call)
        return response._replace(headers={**vendor.headers(call), **response.headers})


def _without_key(_: Call) -> HttpResponse:
    raise Refused(401, "You didn't provide an API key.", code="invalid_api_key")


class _Repeats:
    """Tells a caller's next try of a failed request from a new one that asks the same."""

    def __init__(self) -> None:
        self._tries: dict[tuple[str, str], tuple[int, int]] = {}
        """By tenant and fingerprint: how many such requests were there before, and how often this one failed."""

    def identity(self, request: HttpRequest, *, tenant: str) -> Identity:
        if (key := request.headers.get(DRAW_KEY)) is not None:
            said = request.headers.get(ATTEMPT, "")
            attempt = int(said) if said.isdecimal() else 1
            job_id = _uuid_in(request.headers, JOB)
            if job_id is not None:
                tenant = str(_uuid_in(request.headers, TENANT) or tenant)
            return Identity(tenant, key, 0, attempt, job_id)
        asked = (tenant, fingerprint(request))
        number, failures = self._tries.pop(asked, (0, 0))
        self._tries[asked] = (number + 1, 0)
        if len(self._tries) > MOST_REPEATS:
            del self._tries[next(iter(self._tries))]  # the one that has not come for the longest time
        return Identity(*asked, number, failures + 1)

    def failed(self, call: Call) -> None:
        """Let the next equal request be another try of this one."""
        who = call.identity
        if call.request.headers.get(DRAW_KEY) is None:
            self._tries[who.tenant, who.key] = (who.occurrence, who.attempt)


def _uuid_in(headers: Mapping[str, str], name: str) -> UUID | None:
    try:
        return UUID(headers.get(name, ""))
    except ValueError:
        return None


def _failing(vendor: Vendor, call: Call, failed: Failed) -> HttpResponse:
    fault = failed.fault
    if fault.kind is FaultKind.CONNECT_ERROR:
        return HttpResponse(0, {}, (), failed.at_seconds, Ending.REFUSED)
    if fault.status is None:
        # A body that never comes, or never as a whole: nothing of it can be read.
        return HttpResponse(200, {"content-type": "application/json"}, (), failed.at_seconds, Ending.RESET)
    response = vendor.fail(call, fault)
    chunks = tuple(Chunk(failed.at_seconds, chunk.data) for chunk in response.chunks)
    return response._replace(chunks=chunks, ends_at_seconds=failed.at_seconds)
