"""Every way in which the vendors' own clients ask a model: one call of each, whole and streamed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2

from simulation.compat.examples import CHAT_TOOLS, CITY, CLAUDE_TOOLS, GOOGLE_TOOLS, RESPONSE_TOOLS, THINKING, Forecast
from simulation.compat.hosts import CLAUDE, CLAUDE_ON_BEDROCK, FLASH, GPT, PICTURE, Host

Extra = Mapping[str, Any]
Ask = Callable[[Host, str, Extra, float], Awaitable[Any]]
"""Takes a host, a prompt, more fields, and how many seconds of silence are borne; returns an answer or a stream."""
_JSON: dict[str, Any] = {"name": "forecast", "schema": CITY, "strict": True}
_CHAT: Mapping[str, Extra] = {
    "plain": {},
    "tools": {"tools": CHAT_TOOLS},
    "schema": {"response_format": {"type": "json_schema", "json_schema": _JSON}},
    "thinking": {"reasoning_effort": "low"},
    "short": {"max_completion_tokens": 9},
}
_RESPONSE: Mapping[str, Extra] = {
    "plain": {},
    "tools": {"tools": RESPONSE_TOOLS},
    "schema": {"text": {"format": {"type": "json_schema", **_JSON}}},
    "thinking": {"reasoning": {"effort": "low", "summary": "auto"}},
    "short": {"max_output_tokens": 9},
}
_PICTURE: Mapping[str, Extra] = {"plain": {}, "wide": {"size": "1536x1024"}}
_MESSAGE: Mapping[str, Extra] = {
    "plain": {},
    "tools": {"tools": CLAUDE_TOOLS},
    "schema": {"output_config": {"format": {"type": "json_schema", "schema": CITY}}},
    "thinking": {"thinking": THINKING},
    "short": {"max_tokens": 9},
}
_CONTENT: Mapping[str, Extra] = {
    "plain": {},
    "tools": {"tools": GOOGLE_TOOLS},
    "schema": {"response_mime_type": "application/json", "response_schema": Forecast},
    "thinking": {"thinking_config": {"include_thoughts": True, "thinking_level": "LOW"}},
    "short": {"max_output_tokens": 9},
}


async def _chat(host: Host, prompt: str, extra: Extra, silence: float, **more: Any) -> Any:
    create: Any = host.openai(timeout=_bearing(silence)).chat.completions.create
    return await create(model=GPT, messages=[{"role": "user", "content": prompt}], **extra, **more)


async def _chat_streamed(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    return await _chat(host, prompt, extra, silence, stream=True, stream_options={"include_usage": True})


async def _response(host: Host, prompt: str, extra: Extra, silence: float, **more: Any) -> Any:
    create: Any = host.openai(timeout=_bearing(silence)).responses.create
    return await create(model=GPT, input=prompt, **extra, **more)


async def _response_streamed(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    return await _response(host, prompt, extra, silence, stream=True)


async def _response_helper(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    return host.openai(timeout=_bearing(silence)).responses.stream(model=GPT, input=prompt, **extra)


async def _picture(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    generate: Any = host.openai(timeout=_bearing(silence)).images.generate
    return await generate(model=PICTURE, prompt=prompt, **extra)


async def _message(host: Host, prompt: str, extra: Extra, silence: float, **more: Any) -> Any:
    create: Any = host.anthropic(timeout=_bearing(silence)).messages.create
    return await create(**_claude(CLAUDE, prompt, extra), **more)


async def _message_streamed(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    return await _message(host, prompt, extra, silence, stream=True)


async def _message_helper(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    return host.anthropic(timeout=_bearing(silence)).messages.stream(**_claude(CLAUDE, prompt, extra))


async def _bedrock(host: Host, prompt: str, extra: Extra, silence: float, **more: Any) -> Any:
    create: Any = host.bedrock(timeout=_bearing(silence)).messages.create
    return await create(**_claude(CLAUDE_ON_BEDROCK, prompt, extra), **more)


async def _bedrock_streamed(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    return await _bedrock(host, prompt, extra, silence, stream=True)


async def _gemini(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    return await host.gemini(timeout=_milliseconds(silence)).generate_content(
        model=FLASH, contents=prompt, config=extra
    )


async def _gemini_streamed(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    models = host.gemini(timeout=_milliseconds(silence))
    return await models.generate_content_stream(model=FLASH, contents=prompt, config=extra)


async def _vertex(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    return await host.vertex(timeout=_milliseconds(silence)).generate_content(
        model=FLASH, contents=prompt, config=extra
    )


async def _vertex_streamed(host: Host, prompt: str, extra: Extra, silence: float) -> Any:
    models = host.vertex(timeout=_milliseconds(silence))
    return await models.generate_content_stream(model=FLASH, contents=prompt, config=extra)


def _bearing(silence: float) -> httpx2.Timeout:
    return httpx2.Timeout(60.0, read=silence)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _claude(model: str, prompt: str, extra: Extra) -> dict[str, Any]:
    return {"model": model, "max_tokens": 2000, "messages": [{"role": "user", "content": prompt}], **extra}


SURFACES: Mapping[str, tuple[Ask, Mapping[str, Extra]]] = {
    "OpenAI chat": (_chat, _CHAT),
    "OpenAI chat, streamed": (_chat_streamed, _CHAT),
    "OpenAI responses": (_response, _RESPONSE),
    "OpenAI responses, streamed": (_response_streamed, _RESPONSE),
    "OpenAI responses, stream helper": (_response_helper, _RESPONSE),
    "OpenAI images": (_picture, _PICTURE),
    "Anthropic messages": (_message, _MESSAGE),
    "Anthropic messages, streamed": (_message_streamed, _MESSAGE),
    "Anthropic messages, stream helper": (_message_helper, _MESSAGE),
    "Bedrock": (_bedrock, _MESSAGE),
    "Bedrock, streamed": (_bedrock_streamed, _MESSAGE),
    "Gemini": (_gemini, _CONTENT),
    "Gemini, streamed": (_gemini_streamed, _CONTENT),
    "Vertex AI": (_vertex, _CONTENT),
    "Vertex AI, streamed": (_vertex_streamed, _CONTENT),
}
"""By name: how to ask, and more fields to ask with."""
