"""What is around every answer: an id by which it is found in the log, and a word where nobody else has one."""

from __future__ import annotations

import logging
import re
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aijobs_sdk.server.problems import error_response, internal_error_response, invalid_field

log = logging.getLogger("aijobs.server")

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Envelope:
    """Gives every answer an `X-Request-Id`, and turns what escaped every route into an answer that shows nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        begun = False

        async def send_with_id(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
                log.debug("%s %s %d request=%s", scope["method"], _route(scope), message["status"], request_id)
            await send(message)

        app = _no_nul if _holds_nul(scope) else self._app
        try:
            await app(scope, receive, send_with_id)
        except ClientDisconnect:
            log.debug("%s %s: the caller left request=%s", scope["method"], _route(scope), request_id)
        except Exception:
            log.exception("%s %s broke request=%s", scope["method"], _route(scope), request_id)
            if begun:
                raise  # half an answer must not look like a whole one: the server breaks the connection
            await internal_error_response(request_id)(scope, receive, send_with_id)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _SANE.fullmatch(given) else str(uuid4())


def _route(scope: Scope) -> str:
    """Return the route's path, with names where the request had values: a log is no place for what callers send."""
    return getattr(scope.get("route"), "path", "(no route)")


def _holds_nul(scope: Scope) -> bool:
    return "\x00" in scope["path"] or b"%00" in scope["query_string"]


async def _no_nul(scope: Scope, receive: Receive, send: Send) -> None:
    # No name and no id has one, and not every database can be asked for it.
    await error_response(invalid_field("address", "must not hold NUL"))(scope, receive, send)
