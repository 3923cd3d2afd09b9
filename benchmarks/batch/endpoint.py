"""A vendor on this machine with a rate limit of its own, for both of OpenAI's APIs: `endpoint.py` prints its port."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from aiohttp import web

from benchmarks.providers.endpoint import TEXT, WHOLE, WORDS

CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "gpt-5.2-2025-12-11",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": TEXT}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 20, "completion_tokens": WORDS, "total_tokens": 20 + WORDS},
}
ANSWERS = {"responses": WHOLE, "completions": json.dumps(CHAT).encode()}
REFUSAL = json.dumps(
    {"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}}
).encode()
RESET_SECONDS = 1
"""What a refusal tells to wait, where it tells anything."""


class Bucket:
    """So many requests a second, and as many in a burst."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.refused = 0
        self._left, self._at = rate, time.monotonic()

    def take(self) -> bool:
        """Return whether one more request is let in."""
        now = time.monotonic()
        self._left, self._at = min(self.rate, self._left + (now - self._at) * self.rate), now
        if self._left < 1:
            self.refused += 1
            return False
        self._left -= 1
        return True

    def headers(self) -> dict[str, str]:
        """Return what OpenAI tells of such a limit."""
        remaining = int(self._left)
        return {
            "x-ratelimit-limit-requests": str(int(self.rate * 60)),
            "x-ratelimit-remaining-requests": str(remaining),
            "x-ratelimit-reset-requests": f"{(self.rate - self._left) / self.rate:.3f}s",
        }


class Endpoint:
    """Answers in its own time; by path: milliseconds, requests a second (0: any number), whether headers tell of it."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    async def answer(self, request: web.Request) -> web.Response:
        """Answer when the time has come that the path asks for."""
        await request.read()
        path = request.match_info
        headers: dict[str, str] = {}
        if path["rate"] != "0":
            bucket = self._bucket(f"{path['run']}/{path['rate']}", float(path["rate"]))
            let_in = bucket.take()
            headers = bucket.headers() if path["headers"] == "told" else {}
            if not let_in:
                again = {"retry-after": str(RESET_SECONDS)} if headers else {}
                return web.Response(status=429, body=REFUSAL, headers=headers | again, content_type="application/json")
        await asyncio.sleep(int(path["milliseconds"]) / 1000)
        body = ANSWERS[request.path.rpartition("/")[2]]
        return web.Response(body=body, headers=headers, content_type="application/json")

    async def refused(self, request: web.Request) -> web.Response:
        """Tell how many requests of a run were refused."""
        buckets = (one for name, one in self._buckets.items() if name.startswith(f"{request.match_info['run']}/"))
        return web.json_response({"refused": sum(bucket.refused for bucket in buckets)})

    def _bucket(self, name: str, rate: float) -> Bucket:
        return self._buckets.setdefault(name, Bucket(rate))


async def serve() -> None:
    """Serve on a free port until the process is ended."""
    endpoint, app = Endpoint(), web.Application()
    at = "/{run}/{milliseconds}/{rate}/{headers}"
    app.router.add_post(at + "/responses", endpoint.answer)
    app.router.add_post(at + "/chat/completions", endpoint.answer)
    app.router.add_get("/{run}/refused", endpoint.refused)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    try:
        import uvloop
    except ModuleNotFoundError:
        asyncio.run(serve())
    else:
        uvloop.run(serve())
    sys.exit()
