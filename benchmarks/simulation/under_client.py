"""One round of calls through the real AsyncOpenAI, over the simulated network of this process."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import httpx2
from openai import APITimeoutError, AsyncOpenAI

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.mock import Mock
from benchmarks.simulation.question import MAX_TOKENS, MODEL, PATH, PROMPT, body, headers

REFUSALS = 30
RETRY_AFTER_SECONDS = 20
STALL_SECONDS = 3_600
"""More than the ten minutes of silence that the client bears unless it is told otherwise."""
_BUSY, _STALLED = "Is it busy?", "Are you there?"


class Waited(NamedTuple):
    """How long something took, on our clock and on the client's."""

    wall_ms: float
    virtual_seconds: float


class Pace(NamedTuple):
    """How many a second, the next only when the last is done."""

    calls: float
    streams: float


class Figures(NamedTuple):
    """What one round came to."""

    refused: Waited
    stalled: Waited
    simulated: Pace
    ready_made: Pace
    """The same client, answered with bytes that need no making: what it costs alone."""


def figures(seconds: float) -> Figures:
    """Measure everything once, each pace for so many seconds."""
    with aijobs.mock(profile="typical") as sim, asyncio.Runner(loop_factory=sim.new_loop) as runner:
        sim.on(prompt=_BUSY).do(aijobs.fail(429, retry_after=RETRY_AFTER_SECONDS) * REFUSALS, aijobs.ok(tokens=300))
        sim.on(prompt=_STALLED).do(aijobs.fail("stall", after_tokens=10, seconds=STALL_SECONDS))
        refused, stalled = runner.run(_waits(sim))
    with aijobs.mock(profile="instant") as sim, asyncio.Runner(loop_factory=sim.new_loop) as runner:
        network = sim.transport(httpx2)
        simulated = runner.run(_pace(network, seconds))
        ready_made = runner.run(_pace(runner.run(_replay(network)), seconds))
    return Figures(refused, stalled, simulated, ready_made)


def _client(network: httpx2.AsyncBaseTransport) -> AsyncOpenAI:
    return AsyncOpenAI(api_key="k", max_retries=REFUSALS, http_client=httpx2.AsyncClient(transport=network))


async def _waits(sim: Mock) -> tuple[Waited, Waited]:
    client = _client(sim.transport(httpx2))
    await _stream(client, PROMPT)  # the first builds what later ones share

    async def until_given_up() -> None:
        try:
            await _stream(client, _STALLED)
        except APITimeoutError:
            return
        raise AssertionError("The client waited for a stream that never went on.")

    return await _timed(sim, lambda: _stream(client, _BUSY)), await _timed(sim, until_given_up)


async def _timed(sim: Mock, wait: Callable[[], Awaitable[None]]) -> Waited:
    before, start = sim.now, time.perf_counter()
    await wait()
    return Waited((time.perf_counter() - start) * 1000, sim.now - before)


async def _pace(network: httpx2.AsyncBaseTransport, seconds: float) -> Pace:
    client = _client(network)
    calls = await _per_second(lambda: _call(client), seconds)
    return Pace(calls, await _per_second(lambda: _stream(client, PROMPT, max_tokens=MAX_TOKENS), seconds))


async def _per_second(act: Callable[[], Awaitable[None]], seconds: float) -> float:
    await act()
    done, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        await act()
        done += 1
    return done / (time.perf_counter() - start)


async def _call(client: AsyncOpenAI) -> None:
    await client.chat.completions.create(
        model=MODEL, max_tokens=MAX_TOKENS, messages=[{"role": "user", "content": PROMPT}]
    )


async def _stream(client: AsyncOpenAI, prompt: str, *, max_tokens: int | None = None) -> None:
    chunks = await client.chat.completions.create(
        model=MODEL, max_tokens=max_tokens, messages=[{"role": "user", "content": prompt}], stream=True
    )
    async for _ in chunks:
        pass


async def _replay(network: httpx2.AsyncBaseTransport) -> httpx2.MockTransport:
    """Return a network that gives the same two answers, a whole one and a stream, for ever."""
    answers = {}
    async with httpx2.AsyncClient(transport=network, base_url="https://api.openai.com", headers=headers()) as http:
        for stream in (False, True):
            answer = await http.post(PATH, content=body(stream=stream))
            answers[stream] = answer.headers, answer.content

    def answer_again(request: httpx2.Request) -> httpx2.Response:
        fields, content = answers[bool(json.loads(request.content).get("stream"))]
        return httpx2.Response(200, headers=fields, content=content)

    return httpx2.MockTransport(answer_again)
