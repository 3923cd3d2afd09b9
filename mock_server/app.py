"""The simulation as an ASGI application: the vendors, acted out in time as it decided, and the job API over it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.providers.economy import limits_of
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.wire.endpoints import Endpoints
from aijobs_sdk.simulation.wire.exchange import HttpRequest, HttpResponse, json_response
from mock_server.control import Control
from mock_server.job_api import JobApi
from mock_server.stage import Receive, Scope, Send, Stage, break_off, play_through
from mock_server.times import REAL, Time

MOST_BODY_BYTES = 20_000_000
MOST_BATCH_BYTES: Mapping[str, int] = {
    "/v1/files": limits_of("openai").max_bytes,
    "/v1/messages/batches": limits_of("anthropic").max_bytes,
}
"""Where many requests come at once."""
FORM_BYTES = 10_000
"""What stands around a file, at most."""


class MockApp:
    """Answers at the vendors' own paths, at `/api` as the job API, and at `/_sim` for whoever directs the scene."""

    def __init__(self, new_world: Callable[[], Mock], *, keys_required: bool = True, time: Time = REAL) -> None:
        """Answer from a world, and after each reset from a new one; both live in this time.

        Raises:
            ConfigurationError: a world, or the key or the place for pictures in the environment, cannot be used.
        """
        self.time = time
        self._keys_required = keys_required
        self._stage = Stage()
        self.jobs = JobApi(keys_required=keys_required)
        self._control = Control(new_world, self._enter, time.advance)
        self._endpoints: Endpoints
        self._clock: Clock
        self._control.reset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan" or JobApi.is_asked(scope["path"]):
            await self.jobs.app(scope, receive, send)  # type: ignore[arg-type]  # Starlette's own words for the same
            return
        began_at = self.time.now()

        def elapsed() -> float:
            return self.time.now() - began_at

        most = MOST_BATCH_BYTES.get(scope["path"], MOST_BODY_BYTES)
        try:
            async with self._stage.stay():
                body = await _body(receive, most + FORM_BYTES)
        except _LeftError:
            return
        except TimeoutError:
            await break_off(scope)
            return
        if body is None:
            await play_through(_error(413, f"A request here may have {most:,} bytes."), elapsed, scope, send)
            return
        request = HttpRequest(
            scope["method"],
            scope["path"],
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
            query=scope["query_string"].decode("latin-1"),
        )
        response = await self._answer(request)
        try:
            await self._stage.play(response, request, scope, receive, send, elapsed=elapsed)
            request.end(read_to_end=True)
        finally:
            request.end(read_to_end=False)

    def clear_stage(self) -> None:
        """End what is under way and would take its time, so that the server can stop."""
        self._stage.clear()
        self.jobs.streams.end_all()

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/_sim"):
            return await self._control.answer(request)
        now = self._clock.now()
        answer = self._endpoints.answer(request, now=now) or self._endpoints.nowhere(request, now=now)
        return answer or _error(404, f"No simulated vendor has {request.method} {request.path}.")

    def _enter(self, world: Mock) -> None:
        self._clock = world.clock
        self._endpoints = world.endpoints(keys_required=self._keys_required)
        self.jobs.enter(world)


class _LeftError(Exception):
    """The caller left before its request was whole: nobody knows what it was to be, or waits for an answer."""


async def _body(receive: Receive, most: int) -> bytes | None:
    """Return the request's body, None where it is longer than that.

    Raises:
        _LeftError: it is not whole, and never will be.
    """
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _LeftError
        part, more = message.get("body", b""), message.get("more_body", False)
        parts.append(part)
        size += len(part)
        if size > most:
            return None
    return b"".join(parts) if len(parts) > 1 else parts[0]


def _error(status: int, message: str) -> HttpResponse:
    return json_response({"error": {"message": message}}, status=status)
