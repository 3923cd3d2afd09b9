"""All simulated vendors behind one door: a request goes in, and out comes what is answered, and when."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import NamedTuple, Protocol

from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.faults import BatchFault, Fault, FaultKind
from aijobs_sdk.simulation.wire.calls import Call, Failed, LookedAt, Refused
from aijobs_sdk.simulation.wire.exchange import (
    Chunk,
    Ending,
    Headers,
    HttpRequest,
    HttpResponse,
    Json,
    json_response,
)
from aijobs_sdk.simulation.wire.identities import Repeats

Handler = Callable[[Call], HttpResponse]
_SHOWN_TO = {
    "x-goog-api-key": "google",
    "anthropic-version": "anthropic",
    "x-api-key": "anthropic",
    "x-amz-date": "bedrock",
    "authorization": "openai",
}
"""Whose client is calling, by the first of these headers that it sends."""
_PATHS = 1024
"""Paths of which it is remembered where they lead."""


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
        self._vendors = {vendor.name: vendor for vendor in vendors}
        self._routes = [(vendor, one) for vendor in vendors for one in vendor.routes]
        self._world = world
        self._table = table
        self._keys_required = keys_required
        self._repeats = Repeats()
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

    def nowhere(self, request: HttpRequest, *, now: datetime) -> HttpResponse | None:
        """Return what the vendor whose client is calling says of a path that it has not; None of any other client."""
        names = (name for header, name in _SHOWN_TO.items() if header in request.headers)
        vendor = self._vendors.get(next(names, ""))
        return None if vendor is None else self._served(vendor, _nowhere, self._call(vendor, request, {}, now=now))

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
            prepare=partial(self._line, vendor, now),
        )

    def _line(self, vendor: Vendor, now: datetime, request: HttpRequest) -> _Line:
        found = [(one, handler) for one, handler, _ in self._found(request.method, request.path) if one is vendor]
        handler = found[0][1] if found else _nowhere
        call = self._call(vendor, request, {}, now=now)
        call.is_batched = True
        return _Line(vendor, handler, call, self._repeats)

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
            self._repeats.failed(call.identity, call.request)
        return response._replace(headers={**vendor.headers(call), **response.headers})


def _without_key(_: Call) -> HttpResponse:
    raise Refused(401, "You didn't provide an API key.", code="invalid_api_key")


def _nowhere(call: Call) -> HttpResponse:
    raise Refused(404, f"Invalid URL ({call.request.method} {call.request.path})", code="not_found")


class _Line:
    """A request that came in a batch."""

    def __init__(self, vendor: Vendor, handler: Handler, call: Call, repeats: Repeats) -> None:
        self._vendor = vendor
        self._handler = handler
        self._call = call
        self._repeats = repeats

    def fault(self) -> BatchFault | None:
        self._call.only_looks = True
        try:
            self._handler(self._call)
        except LookedAt as seen:
            return seen.fault
        except Refused:  # and so it will be when its turn comes
            return None
        finally:
            self._call.only_looks = False
        return None

    def answer(self, now: datetime) -> HttpResponse:
        self._call.as_of(now)
        try:
            return self._handler(self._call)
        except Refused as refused:
            return self._vendor.refuse(self._call, refused)
        except Failed as failed:  # whatever befell it, the vendor can tell of it
            return self._vendor.fail(self._call, failed.fault)
        finally:
            self._call.request.end(read_to_end=True)
            if self._call.is_broken:
                self._repeats.failed(self._call.identity, self._call.request)


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
