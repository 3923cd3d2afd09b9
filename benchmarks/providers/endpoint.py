"""A vendor on this machine that takes its time and says the same to everybody: `endpoint.py` prints its port."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

WORDS = 200
EVENTS = 50
TEXT = " ".join(["river"] * WORDS)
USAGE: Mapping[str, Any] = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": WORDS,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 20 + WORDS,
}


def response(status: str, text: str | None) -> dict[str, Any]:
    """Return OpenAI's object for one answer, at its beginning or at its end."""
    content: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
    message = {"type": "message", "id": "msg_1", "status": status, "role": "assistant", "content": [content]}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "model": "gpt-5.2-2025-12-11",
        "output": [] if text is None else [message],
        "usage": None if text is None else USAGE,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": 1.0,
        "top_p": 1.0,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
    }


def events() -> Iterator[bytes]:
    """Yield a stream of the same answer."""
    pieces = TEXT.split(" ")
    size = WORDS // EVENTS
    told: list[dict[str, Any]] = [{"type": "response.created", "response": response("in_progress", None)}]
    for n in range(EVENTS):
        delta = " ".join(pieces[n * size : (n + 1) * size]) + " "
        place = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
        told.append({"type": "response.output_text.delta", **place, "delta": delta})
    told.append({"type": "response.completed", "response": response("completed", TEXT)})
    for number, event in enumerate(told):
        data = json.dumps({**event, "sequence_number": number})
        yield f"event: {event['type']}\ndata: {data}\n\n".encode()


LIMITS = {
    "x-ratelimit-limit-requests": "60000",
    "x-ratelimit-remaining-requests": "59000",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000000",
    "x-ratelimit-remaining-tokens": "149000000",
    "x-ratelimit-reset-tokens": "400ms",
}
"""What OpenAI tells with each answer; so much that nobody has to wait."""
WHOLE = json.dumps(response("completed", TEXT)).encode()
STREAM = b"".join(events())


async def answer(request: web.Request) -> web.Response:
    """Answer when the time has come that the path asks for, in milliseconds, with limits if it says `told`."""
    asked = await request.json()
    headers = LIMITS if request.match_info["limits"] == "told" else None
    await asyncio.sleep(int(request.match_info["milliseconds"]) / 1000)
    if asked.get("stream"):
        return web.Response(body=STREAM, headers=headers, content_type="text/event-stream")
    return web.Response(body=WHOLE, headers=headers, content_type="application/json")


async def serve() -> None:
    """Serve on a free port until the process is ended."""
    app = web.Application()
    app.router.add_post("/{milliseconds}/{limits}/responses", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
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
