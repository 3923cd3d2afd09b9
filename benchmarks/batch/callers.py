"""Ways to have one answer for each of many rows, each measured in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

MODEL = "gpt-5.2"


class Load(NamedTuple):
    """What is asked for."""

    address: str
    """Of the endpoint, with what it is to do; empty: in mock mode."""
    rows: int
    concurrency: int
    milliseconds: int = 50
    url: str = "memory://"
    name: str | None = None


class Cost(NamedTuple):
    """What it took."""

    wall_seconds: float
    cpu_microseconds: float
    """Of this process, for one row."""
    lost: int
    """Rows without an answer."""
    megabytes: float
    """The most that was resident."""


def prompts(rows: int) -> list[str]:
    """Return a prompt for each row, none like another."""
    return [f"What is river {n}?" for n in range(rows)]


def ours(load: Load) -> Cost:
    """Run a batch: check, lanes, budget, jobs, events, documents, usage rows and results included."""
    os.environ.update(AI_MOCK_MODE="false", OPENAI_API_KEY="made-up", OPENAI_BASE_URL=load.address)
    import aijobs_sdk as aijobs  # noqa: PLC0415 - in this process alone

    async def main() -> Cost:
        async with aijobs.AsyncClient(load.url, concurrency=load.concurrency) as client:
            await (await client.submit("What is a river?", model=MODEL, stream=False)).result()  # builds what is shared
            with measured(load) as cost:
                batch = client.batch(
                    prompts(load.rows), prompt="{text}", model=MODEL, concurrency=load.concurrency, name=load.name
                )
                rows = await batch.run()
            return cost.of(sum(row.content is not None for row in rows))

    return asyncio.run(main())


def ours_simulated(load: Load) -> Cost:
    """Run a batch in mock mode, whose answers take as long as the endpoint's."""
    import aijobs_sdk as aijobs  # noqa: PLC0415 - in this process alone
    from benchmarks.batch.steady import steady_world  # noqa: PLC0415

    async def main() -> Cost:
        async with aijobs.AsyncClient(load.url, concurrency=load.concurrency) as client:
            await (await client.submit("What is a river?", model=MODEL, stream=False)).result()
            with measured(load) as cost:
                batch = client.batch(prompts(load.rows), prompt="{text}", model=MODEL, concurrency=load.concurrency)
                rows = await batch.run()
            return cost.of(sum(row.content is not None for row in rows))

    with steady_world(load.milliseconds / 1000):
        return asyncio.run(main())


def adapter_alone(load: Load) -> Cost:
    """Call our adapter of OpenAI and nothing else of ours: no engine, no batch."""
    return asyncio.run(_adapter(load))


async def _adapter(load: Load) -> Cost:
    from uuid import uuid4  # noqa: PLC0415

    from pydantic import SecretStr  # noqa: PLC0415

    from aijobs_sdk.contract.provider import GenerationRequest, TextChunk  # noqa: PLC0415 - in this process alone
    from aijobs_sdk.providers.credentials import Credentials, OpenAIKeys  # noqa: PLC0415
    from aijobs_sdk.providers.registry import open_providers  # noqa: PLC0415

    keys = OpenAIKeys(api_key=SecretStr("made-up"), base_url=load.address)
    provider = open_providers(Credentials(openai=keys)).ready["openai"]
    semaphore = asyncio.Semaphore(load.concurrency)

    async def ask(prompt: str) -> bool:
        job_id = uuid4()
        request = GenerationRequest(
            model=MODEL,
            model_id=MODEL,
            prompt=prompt,
            streamed=False,
            tenant_id=job_id,
            job_id=job_id,
            attempt=1,
            idempotency_token=str(job_id),
            draw_key=prompt,
        )
        async with semaphore, aclosing(provider.stream(request)) as chunks:
            return any([isinstance(chunk, TextChunk) async for chunk in chunks])

    await ask("What is a river?")
    with measured(load) as cost:
        answers = await asyncio.gather(*map(ask, prompts(load.rows)))
    await provider.aclose()
    return cost.of(sum(answers))


def openai_default(load: Load) -> Cost:
    """Call OpenAI's library as it comes, behind a semaphore."""
    return asyncio.run(_openai(load, on_aiohttp=False))


def openai_on_aiohttp(load: Load) -> Cost:
    """Call OpenAI's library on its own aiohttp client, which has to be asked for: the fastest transport it takes."""
    return asyncio.run(_openai(load, on_aiohttp=True))


async def _openai(load: Load, *, on_aiohttp: bool) -> Cost:
    import httpx2  # noqa: PLC0415 - in this process alone
    import openai  # noqa: PLC0415

    limits = httpx2.Limits(max_connections=load.concurrency)
    client = openai.AsyncOpenAI(
        api_key="made-up",
        base_url=load.address,
        http_client=openai.DefaultAioHttpClient(limits=limits) if on_aiohttp else None,
    )
    semaphore = asyncio.Semaphore(load.concurrency)

    async def ask(prompt: str) -> str | None:
        async with semaphore:
            try:
                return (await client.responses.create(model=MODEL, input=prompt)).output_text
            except openai.OpenAIError:
                return None

    async with client:
        await ask("What is a river?")
        with measured(load) as cost:
            answers = await asyncio.gather(*map(ask, prompts(load.rows)))
        return cost.of(sum(answer is not None for answer in answers))


@dataclass
class Measured:
    """A measurement under way."""

    load: Load
    wall: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=time.process_time)

    def of(self, answered: int) -> Cost:
        """Return what it took to have so many answers."""
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return Cost(self.wall, self.cpu / self.load.rows * 1e6, self.load.rows - answered, megabytes)


@contextmanager
def measured(load: Load) -> Iterator[Measured]:
    """Measure what is done inside."""
    cost = Measured(load)
    yield cost
    cost.wall, cost.cpu = time.perf_counter() - cost.wall, time.process_time() - cost.cpu


def refused(address: str) -> int:
    """Return how many requests of a run the endpoint has refused."""
    with urllib.request.urlopen(f"{address}/refused") as answer:
        return int(json.load(answer)["refused"])


Caller = Callable[[Load], Cost]
