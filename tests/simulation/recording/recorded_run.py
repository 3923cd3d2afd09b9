"""One run of the vendors' own clients, streamed and whole, with failures in it: to be recorded and to be played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import anthropic
import httpx2
import openai
from google.genai import Client, types

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.recording.exchange import Exchange
from aijobs_sdk.simulation.recording.file import Recording

T = TypeVar("T")
OPENAI_KEY, ANTHROPIC_KEY = "sk-proj-NobodyMayReadThis", "sk-ant-NobodyMayReadThat"
AWS_KEY, GOOGLE_KEY = "AKIANOBODYMAYREADIT", "AIzaNobodyMayReadThose"
PROMPT = "Where does the heron sleep in winter?"
RULES = "You know all about herons and tell it briefly."
SECRETS = (OPENAI_KEY, ANTHROPIC_KEY, AWS_KEY, GOOGLE_KEY, PROMPT, RULES, "heron")
CHAT: dict[str, Any] = {"model": "gpt-5.2", "messages": [{"role": "user", "content": PROMPT}]}
STREAMED_CHAT = CHAT | {"messages": [{"role": "user", "content": "And in spring?"}], "stream": True}
MESSAGE: dict[str, Any] = {"max_tokens": 300, "messages": CHAT["messages"]}
SONNET, BEDROCK_SONNET = "claude-sonnet-4-5", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
ANSWER = "It does not sleep where you would look for it. " * 6
FAR = "https://vendor.example"
"""A host that is never reached."""


def a_world(*, virtual: bool = False) -> Mock:
    """Return a world in which OpenAI fails twice before it answers."""
    world = Mock(7, "fast", virtual=virtual)
    world.on().do(aijobs.ok(ANSWER).forever())
    world.on(model="gpt-5.2", prompt="Where*").do(aijobs.fail(429, retry_after=20), aijobs.ok(ANSWER))
    world.on(model="gpt-5.2", prompt="And*").do(aijobs.fail("truncate", after_tokens=20))
    return world


async def the_run(http: Callable[[], Any], url: str = FAR) -> list[Any]:
    """Return what the clients saw, in order."""
    async with http() as shared:
        return await _the_run(lambda: shared, url)


async def _the_run(http: Callable[[], Any], url: str) -> list[Any]:
    gpt = openai_client(http, url)
    claude = anthropic.AsyncAnthropic(api_key=ANTHROPIC_KEY, base_url=url, max_retries=0, http_client=http())
    bedrock = bedrock_client(http, url)
    gemini = google_client(http, url)
    return [
        await seen(gpt.chat.completions.create(**CHAT)),
        await seen(gpt.chat.completions.create(**CHAT)),
        await seen(gpt.chat.completions.create(**STREAMED_CHAT)),
        await seen(gpt.responses.create(model="gpt-5-mini", input=PROMPT, instructions=RULES)),
        await seen(claude.messages.create(model=SONNET, **MESSAGE)),
        await seen(claude.messages.create(model=SONNET, **MESSAGE, stream=True)),
        await seen(bedrock.messages.create(model=BEDROCK_SONNET, **MESSAGE)),
        await seen(bedrock.messages.create(model=BEDROCK_SONNET, **MESSAGE, stream=True)),
        await seen(gemini.generate_content(model="gemini-3-flash-preview", contents=PROMPT)),
        await seen(gemini.generate_content_stream(model="gemini-3-flash-preview", contents=PROMPT)),
    ]


def openai_client(http: Callable[[], Any], url: str = FAR, **options: Any) -> openai.AsyncOpenAI:
    """Return OpenAI's own client over this network."""
    known: dict[str, Any] = {"api_key": OPENAI_KEY, "max_retries": 0}
    return openai.AsyncOpenAI(base_url=f"{url}/v1", http_client=http(), **known | options)


def bedrock_client(http: Callable[[], Any], url: str = FAR) -> anthropic.AsyncAnthropicBedrock:
    """Return Anthropic's own client for Bedrock over this network."""
    keys: Any = {"aws_access_key": AWS_KEY, "aws_secret_key": "never sent"}
    return anthropic.AsyncAnthropicBedrock(
        aws_region="eu-west-2", base_url=url, max_retries=0, http_client=http(), **keys
    )


def google_client(http: Callable[[], Any], url: str = FAR) -> Any:
    """Return the models of Google's own client over this network."""
    options = types.HttpOptions(base_url=url, httpx_async_client=http())
    return Client(api_key=GOOGLE_KEY, http_options=options).aio.models


async def seen(call: Awaitable[Any]) -> Any:
    """Return an answer, the events of a stream, or the class and the words of an error, without what is masked."""
    try:
        answer = await call
        events = [event async for event in answer] if isinstance(answer, AsyncIterable) else [answer]
    except (openai.OpenAIError, anthropic.AnthropicError) as error:
        return type(error).__name__, str(error)
    return [event.model_dump(exclude={"instructions", "sdk_http_response"}) for event in events]


def recording_to(recorder: aijobs.Recorder, library: Any = httpx2) -> Callable[[], Any]:
    """Return a maker of HTTP clients that are recorded."""
    return lambda: library.AsyncClient(transport=recorder.transport(library))


def recording_in(world: Mock, recorder: aijobs.Recorder) -> Callable[[], Any]:
    """Return a maker of HTTP clients whose network is a simulated world, and which are recorded."""
    return lambda: httpx2.AsyncClient(transport=recorder.transport(httpx2, under=world.transport(httpx2)))


def living_in(world: Mock, library: Any = httpx2) -> Callable[[], Any]:
    """Return a maker of HTTP clients whose network is a simulated world."""
    return lambda: library.AsyncClient(transport=world.transport(library))


def in_time_of(world: Mock, play: Callable[[], Awaitable[T]]) -> T:
    """Return what the coroutine returns, in virtual time."""

    async def main() -> T:
        return await play()

    with asyncio.Runner(loop_factory=world.new_loop) as runner:
        return runner.run(main())


def recorded_in(world: Mock, path: Path, play: Callable[[Callable[[], Any]], Awaitable[T]]) -> T:
    """Return what the coroutine returns when it is played in a simulated world and recorded."""
    with aijobs.record(path) as recorder:
        return in_time_of(world, lambda: play(recording_in(world, recorder)))


def played_from(path: Path, play: Callable[[Callable[[], Any]], Awaitable[T]]) -> T:
    """Return what the coroutine returns when it is played from a recording."""
    with aijobs.mock(replay=path, strict=True) as sim:
        return in_time_of(sim, lambda: play(living_in(sim)))


def exchanges_in(path: Path) -> list[Exchange]:
    """Return what a file holds."""
    return list(Recording.load(path).exchanges)
