"""A vendor that counts: answers OpenAI's Responses API, and writes down each call, in a file that no crash can lose."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from aiohttp import web

ASKED, ANSWERED = "asked", "answered"


class Endpoint:
    """Answers every prompt after a while, and first notes that it was asked, and then that it has answered."""

    def __init__(self, calls: str, latency_seconds: float) -> None:
        self._calls = os.open(calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._latency_seconds = latency_seconds

    async def respond(self, request: web.Request) -> web.Response:
        asked: Mapping[str, Any] = await request.json()
        prompt = asked["input"][-1]["content"]
        key = request.headers.get("Idempotency-Key", "")
        self._note(ASKED, prompt, key)
        await asyncio.sleep(self._latency_seconds)
        self._note(ANSWERED, prompt, key)
        return web.json_response(_answer(asked["model"], f"Answer to {prompt}"))

    def _note(self, what: str, prompt: str, key: str) -> None:
        os.write(self._calls, f"{json.dumps([what, prompt, key])}\n".encode())


def _answer(model: str, text: str) -> Mapping[str, object]:
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
    return {"id": "resp_1", "model": model, "status": "completed", "output": [said], "usage": usage}


async def _serve(calls: str, latency_seconds: float) -> None:
    app = web.Application()
    app.router.add_post("/v1/responses", Endpoint(calls, latency_seconds).respond)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"ENDPOINT=http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)  # noqa: T201 - it is how one finds it
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], float(sys.argv[2])))
