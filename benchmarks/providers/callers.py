"""Ways to have many answers from one vendor, each measured in a process of its own."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

MODEL = "gpt-5.2"


class Load(NamedTuple):
    """What is asked for."""

    address: str
    calls: int
    concurrency: int
    streamed: bool


class Cost(NamedTuple):
    """What it took."""

    wall_seconds: float
    cpu_microseconds: float
    """Of this process, for one call."""


def ours(load: Load) -> Cost:
    """Run jobs in memory: engine, events, sanitiser, document, lineage and usage row included."""
    os.environ.update(AI_MOCK_MODE="false", OPENAI_API_KEY="made-up", OPENAI_BASE_URL=load.address)
    import aijobs_sdk as aijobs  # noqa: PLC0415 - in this process alone

    async def main() -> Cost:
        async with aijobs.AsyncClient(concurrency=load.concurrency) as client:

            async def run(prompts: Sequence[str]) -> None:
                jobs = [await client.submit(prompt, model=MODEL, stream=load.streamed) for prompt in prompts]
                for job in jobs:
                    await job.result()

            cost = await _cost(run, load)
            assert len(await client.usage()) == load.calls + 1  # each is billed, and the warm-up
            return cost

    return asyncio.run(main())


def openai_default(load: Load) -> Cost:
    """Call OpenAI's library as it comes, behind a semaphore."""
    return asyncio.run(_openai(load, on_aiohttp=False))


def openai_on_aiohttp(load: Load) -> Cost:
    """Call OpenAI's library on its own aiohttp client, which has to be asked for."""
    return asyncio.run(_openai(load, on_aiohttp=True))


async def _openai(load: Load, *, on_aiohttp: bool) -> Cost:
    import httpx2  # noqa: PLC0415 - in this process alone
    import openai  # noqa: PLC0415

    limits = httpx2.Limits(max_connections=load.concurrency)
    client = openai.AsyncOpenAI(
        api_key="made-up",
        base_url=load.address,
        max_retries=0,
        http_client=openai.DefaultAioHttpClient(limits=limits) if on_aiohttp else None,
    )
    semaphore = asyncio.Semaphore(load.concurrency)

    async def ask(prompt: str) -> None:
        async with semaphore:
            if load.streamed:
                stream = await client.responses.create(model=MODEL, input=prompt, stream=True)
                text = "".join([event.delta async for event in stream if event.type == "response.output_text.delta"])
            else:
                text = (await client.responses.create(model=MODEL, input=prompt)).output_text
            assert text

    async def run(prompts: Sequence[str]) -> None:
        await asyncio.gather(*map(ask, prompts))

    async with client:
        return await _cost(run, load)


async def _cost(run: Callable[[Sequence[str]], Awaitable[None]], load: Load) -> Cost:
    await run(["What is a river?"])  # the first call builds what later ones share
    gc.collect()  # of what importing and building left, which is nobody's call
    wall, cpu = time.perf_counter(), time.process_time()
    await run([f"What is river {n}?" for n in range(load.calls)])
    cpu = time.process_time() - cpu
    return Cost(time.perf_counter() - wall, cpu / load.calls * 1e6)
