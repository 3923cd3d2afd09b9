"""HEAD is answered as GET is, without the body (RFC 9110, 9.3.2): probes and load balancers ask so."""

from __future__ import annotations

from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """Lets the routes behind it be asked by HEAD, where they say that they can be."""

    def __init__(self, app: ASGIApp, *, can_be_asked: Callable[[str], bool]) -> None:
        self._app = app
        self._can_be_asked = can_be_asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or not self._can_be_asked(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def send_no_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, send_no_body)
