"""How the server is: for probes, load balancers, Prometheus and people."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from aijobs_sdk.contract.health import Health
from aijobs_sdk.server.answers import answer, answers_with, refuses_with
from aijobs_sdk.server.auth import Operator, Reader
from aijobs_sdk.server.forms import NowOut, StatusOut
from aijobs_sdk.server.problems import Refusal
from aijobs_sdk.server.site import NOBODY, site_of

router = APIRouter(tags=["operations"])


@router.get("/healthz", responses={200: {"model": StatusOut}})
async def is_alive() -> Response:
    """Say that the process answers."""
    return answer(StatusOut(status="ok"))


@router.get("/readyz", responses={200: {"model": StatusOut}, 503: {"model": StatusOut}})
async def is_ready(request: Request) -> Response:
    """Say whether jobs can be taken in and read; `/api/health` says what is amiss."""
    healthy = (await site_of(request).backend_for(NOBODY).health()).healthy
    return answer(StatusOut(status="ready" if healthy else "unavailable"), 200 if healthy else 503)


@router.get("/api/health", responses=answers_with(Health))
async def get_health(reader: Reader) -> Response:
    """Say how store, workers and providers are."""
    return answer(await reader.backend.health())


@router.get("/api/time", responses=answers_with(NowOut))
async def get_time(reader: Reader) -> Response:
    """Say what time it is here, by the clock that jobs and usage are dated by."""
    return answer(NowOut(now=await reader.backend.now()))


@router.get(
    "/metrics",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **refuses_with(404)},
)
async def show_metrics(operator: Operator) -> Response:
    """Show the metrics of the whole server, for Prometheus."""
    if operator.site.metrics_text is None:
        raise Refusal(404, "not_found", "This server keeps no metrics for Prometheus.")
    return PlainTextResponse(operator.site.metrics_text(), media_type="text/plain; version=0.0.4; charset=utf-8")
