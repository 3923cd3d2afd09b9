"""What a vendor's own client shows of a call: its events in their order, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from typing import Any, NamedTuple

import httpx2
from pydantic import BaseModel

OF_THE_HOST = frozenset(
    {"created", "created_at", "completed_at", "create_time", "ended_at", "expires_at", "results_url"}
    | {"sdk_http_response"}
)
"""Fields that tell the time or the address: each host has its own."""
ERROR_FIELDS = ("message", "status_code", "code", "type", "param", "status", "body", "details", "request_id")
ERROR_HEADERS = ("retry-after", "retry-after-ms", "x-request-id", "request-id", "x-amzn-requestid", "x-amzn-errortype")


class Shown(NamedTuple):
    """All that a program sees of a call."""

    events: list[Any]
    """A body is a single one."""
    ending: Mapping[str, Any] | None
    """What was raised; None for a good end."""


async def shown(call: Awaitable[Any]) -> Shown:
    """Return what a call shows, but for what differs between two hosts by their nature."""
    events, error = await outcome_of(call)
    return Shown([_plain(event) for event in events], None if error is None else _told(error))


async def outcome_of(call: Awaitable[Any]) -> tuple[list[Any], BaseException | None]:
    """Return the events of a call as the client gives them, and what it raised."""
    events: list[Any] = []
    (error,) = await asyncio.gather(_collect(events, call), return_exceptions=True)
    return events, error


async def _collect(events: list[Any], call: Awaitable[Any]) -> None:
    answered = await call
    if hasattr(answered, "__aenter__"):
        async with answered as stream:
            await _read(events, stream)
    elif hasattr(answered, "__aiter__"):
        await _read(events, answered)
    else:
        events.append(answered)


async def _read(events: list[Any], stream: AsyncIterator[Any]) -> None:
    async for event in stream:
        events.append(event)  # noqa: PERF401 - what came before a failure is to stay


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            fields = {**dict(value), **(value.model_extra or {}), "request_id": getattr(value, "_request_id", None)}
            return {"is": type(value).__name__, **_plain(fields)}
        case Mapping():
            return {name: _plain(one) for name, one in value.items() if name not in OF_THE_HOST}
        case list() | tuple():
            return [_plain(one) for one in value]
        case _:
            return value


def _told(error: BaseException) -> Mapping[str, Any]:
    if _is_no_connection(error):
        return {"is": "no connection"}
    fields = {name: _plain(getattr(error, name, None)) for name in ERROR_FIELDS}
    headers = getattr(getattr(error, "response", None), "headers", {})
    kept = {name: headers.get(name) for name in ERROR_HEADERS}
    return {"is": f"{type(error).__module__}.{type(error).__name__}", "text": str(error), **fields, **kept}


def _is_no_connection(error: BaseException) -> bool:
    """Whether there was none: a server that listens cannot refuse one, and breaks it off before it says a word."""
    disconnected = isinstance(error, httpx2.RemoteProtocolError) and "without sending a response" in str(error)
    return disconnected or isinstance(error, httpx2.ConnectError)
