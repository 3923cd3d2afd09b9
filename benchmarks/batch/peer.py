"""One peer over an endpoint, alone in an interpreter of its own: `python peer.py NAME ADDRESS ROWS CONCURRENCY`.

It imports nothing of ours, so that peers may live in an environment that holds only them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable

MODEL = "gpt-4o-mini"


async def litellm_calls(address: str, prompts: list[str], concurrency: int) -> int:
    """Return how many answers litellm has."""
    import litellm  # type: ignore[import-not-found]  # noqa: PLC0415

    semaphore = asyncio.Semaphore(concurrency)

    async def ask(prompt: str) -> bool:
        async with semaphore:
            try:
                messages = [{"role": "user", "content": prompt}]
                call = litellm.acompletion(
                    model=f"openai/{MODEL}", messages=messages, api_base=address, api_key="made-up", num_retries=5
                )
                return bool((await call).choices[0].message.content)
            except litellm.exceptions.APIError:
                return False

    return sum(await asyncio.gather(*map(ask, prompts)))


async def langchain_calls(address: str, prompts: list[str], concurrency: int) -> int:
    """Return how many answers langchain's `abatch` has."""
    from langchain_openai import ChatOpenAI  # type: ignore[import-not-found]  # noqa: PLC0415

    chat = ChatOpenAI(model=MODEL, base_url=address, api_key="made-up", max_retries=6)
    answers = await chat.abatch(prompts, config={"max_concurrency": concurrency}, return_exceptions=True)
    return sum(not isinstance(answer, BaseException) for answer in answers)


async def curator_calls(address: str, prompts: list[str], concurrency: int) -> int:
    """Return how many answers curator has."""
    from bespokelabs import curator  # type: ignore[import-not-found]  # noqa: PLC0415

    limits = {"max_concurrent_requests": concurrency, "max_requests_per_minute": 1_000_000}
    backend = {"base_url": address, "api_key": "made-up", "max_tokens_per_minute": 1_000_000_000, **limits}
    llm = curator.LLM(model_name=MODEL, backend="openai", backend_params=backend)
    return len(await asyncio.to_thread(llm, prompts))


PEERS: dict[str, Callable[[str, list[str], int], Awaitable[int]]] = {
    "litellm": litellm_calls,
    "langchain": langchain_calls,
    "curator": curator_calls,
}


async def main(name: str, address: str, rows: int, concurrency: int) -> None:
    """Measure, and print what it took as JSON."""
    os.environ.update(OPENAI_API_KEY="made-up", TELEMETRY_ENABLED="0", CURATOR_DISABLE_CACHE="1")
    os.environ["CURATOR_CACHE_DIR"] = tempfile.mkdtemp()
    call = PEERS[name]
    await call(address, ["What is a river?"], 1)
    wall, cpu = time.perf_counter(), time.process_time()
    answered = await call(address, [f"What is river {n}?" for n in range(rows)], concurrency)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"wall_seconds": wall, "cpu_microseconds": cpu / rows * 1e6, "lost": rows - answered}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
