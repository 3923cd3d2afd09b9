"""The application: routes, around them what every answer has, and behind them a world that somebody else owns."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cache, partial

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from aijobs_sdk.contract.backend import Backend
from aijobs_sdk.contract.errors import AIJobsError
from aijobs_sdk.contract.job import Caller
from aijobs_sdk.server import (
    batches,
    dead_letters,
    documents,
    events,
    jobs,
    operations,
    records,
    report_builder,
    schedules,
    suggestions,
)
from aijobs_sdk.server.description import describe, operation_id
from aijobs_sdk.server.envelope import Envelope
from aijobs_sdk.server.event_stream import EventStream
from aijobs_sdk.server.heads import Heads
from aijobs_sdk.server.limits import ServerLimits
from aijobs_sdk.server.open_streams import OpenStreams
from aijobs_sdk.server.pace import Pace
from aijobs_sdk.server.problems import Refusal, answer_error, answer_invalid_parameters, answer_refusal
from aijobs_sdk.server.site import Keys, Site

_ROUTERS = (
    jobs.router,
    events.router,
    documents.router,
    suggestions.router,
    records.router,
    report_builder.router,
    dead_letters.router,
    schedules.router,
    batches.router,
    operations.router,
)


_ROUTES = [route for router in _ROUTERS for route in router.routes if isinstance(route, APIRoute)]
_STREAMS = (EventStream, StreamingResponse)


def create_app(
    backend_for: Callable[[Caller], Backend],
    *,
    keys: Keys,
    limits: ServerLimits = ServerLimits(),  # noqa: B008 - it never changes
    metrics_text: Callable[[], str] | None = None,
    keyless: Caller | None = None,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    shows_docs: bool = False,
) -> FastAPI:
    """Return the job API over a world: `backend_for` returns how a caller sees it, and is asked at each request.

    `keyless` is for whom callers of this machine act who show no key; nobody, unless it is given. `lifespan` runs
    around all requests, on the loop that serves them: whoever made the world opens and closes it there. `shows_docs`
    puts a page at `/api/docs` from which a browser can try every route; it loads its scripts from elsewhere.
    """
    app = FastAPI(
        openapi_url="/api/openapi.json",
        docs_url="/api/docs" if shows_docs else None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=operation_id,
    )
    app.state.site = Site(
        backend_for=backend_for,
        keys=keys,
        limits=limits,
        streams=OpenStreams(per_tenant=limits.max_streams_per_tenant),
        pace=Pace(limits.requests_per_second),
        metrics_text=metrics_text,
        keyless=keyless,
    )
    app.add_exception_handler(AIJobsError, answer_error)
    app.add_exception_handler(RequestValidationError, answer_invalid_parameters)
    app.add_exception_handler(HTTPException, answer_refusal)
    app.add_exception_handler(405, _answer_wrong_method)
    app.add_middleware(Heads, can_be_asked=_has_head)
    app.add_middleware(Envelope)
    for router in _ROUTERS:
        app.include_router(router)
    app.openapi = cache(partial(describe, app))  # type: ignore[method-assign]  # as FastAPI's own page says
    return app


async def _answer_wrong_method(request: Request, _: Exception) -> Response:
    # The framework names the methods of the first route of this address, and there may be several.
    path = request.scope["path"]
    methods = {method for route in _routes_at(path) for method in route.methods or ()}
    allowed = ", ".join(sorted(methods | {"HEAD"} if _has_head(path) else methods))
    detail = f"Nothing here answers {request.method}; what does is {allowed}."
    return await answer_refusal(request, Refusal(405, "method_not_allowed", detail, headers={"Allow": allowed}))


def _has_head(path: str) -> bool:
    """Whether what GET says here has an end, and so a head that can be told without it."""
    return any("GET" in (route.methods or ()) and route.response_class not in _STREAMS for route in _routes_at(path))


def _routes_at(path: str) -> list[APIRoute]:
    return [route for route in _ROUTES if route.path_regex.match(path)]
