"""Anthropic's messages, whole and streamed."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import JsonValue

from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.pieces import NO_PIECES, TimedText
from aijobs_sdk.simulation.wire.answered import Answer
from aijobs_sdk.simulation.wire.anthropic_blocks import Body
from aijobs_sdk.simulation.wire.anthropic_errors import error_body
from aijobs_sdk.simulation.wire.anthropic_models import id_of
from aijobs_sdk.simulation.wire.anthropic_reading import (
    asked_of,
    check_length,
    check_sampling,
    hides_thoughts,
    stops_of,
)
from aijobs_sdk.simulation.wire.calls import Call
from aijobs_sdk.simulation.wire.exchange import Chunk, Json, json_bytes
from aijobs_sdk.simulation.wire.prompt_cache import PromptCache, marked_prefixes

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use", "refusal": "refusal"}


def say(
    call: Call,
    body: Body,
    model_id: str,
    *,
    cache: PromptCache,
    stream: bool = False,
    tier: str = "standard",
) -> Message:
    """Return what a model answers to the body of a request for a message.

    Raises:
        Refused: the vendor does not accept it.
        Failed: the call fails before its answer begins.
    """
    model = call.model(model_id)
    check_length(body, model)
    check_sampling(body, model, call.request.headers.get("anthropic-version", ""))
    owner, prefixes = f"{call.identity.tenant}/{model_id}", marked_prefixes(body)
    cached = cache.tokens_of(owner, prefixes, call.now)
    asked = asked_of(body, model_id)._replace(stream=stream, cached_tokens=cached)
    answer = call.generate(asked)
    cache.keep(owner, prefixes, call.now)
    # Cut here, not by the core: the message has to tell which of the caller's sequences it was.
    is_free_text = answer.tool is None and asked.schema_ is None
    answer, stop_sequence = _up_to(answer, stops_of(body)) if is_free_text else (answer, None)
    longest = max((prefix.tokens for prefix in prefixes), default=0)
    return Message(
        answer=answer._replace(thinking=NO_PIECES) if hides_thoughts(body) else answer,
        model_id=id_of(model),
        signature=base64.b64encode(f"simulated-{call.token('signature')}".encode()).decode(),
        stop_sequence=stop_sequence,
        cache_written_tokens=max(0, min(longest, answer.input_tokens) - answer.cached_tokens),
        service_tier=tier,
    )


def _up_to(answer: Answer, stops: Sequence[str]) -> tuple[Answer, str | None]:
    """Return the answer up to the first of these, and which that was; None where none comes."""
    text = answer.text
    found = [(place, stop) for stop in stops if (place := text.find(stop)) >= 0]
    if not found:
        return answer, None
    place, stop = min(found)
    pieces = answer.pieces.characters(place)
    last = pieces[-1].offset_seconds if pieces else answer.starts_at_seconds
    shorter = answer._replace(
        pieces=pieces,
        ends_at_seconds=last if answer.fault is None else answer.ends_at_seconds,
        output_tokens=estimate_tokens(text[:place]) + answer.thinking_tokens,
    )
    return shorter, stop


class Event(NamedTuple):
    """One event of a streamed message."""

    at_seconds: float
    data: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One answer, with what only this vendor tells of it."""

    answer: Answer
    model_id: str
    signature: str
    """Vouches for the thoughts."""
    stop_sequence: str | None
    """Which of the caller's ended the text."""
    cache_written_tokens: int
    """How much of the input is cached from now on."""
    service_tier: str = "standard"

    @property
    def stop_reason(self) -> str:
        """Why the text ends."""
        if self.stop_sequence is not None:
            return "stop_sequence"
        return _STOP_REASONS[self.answer.finish]

    @property
    def input_tokens(self) -> int:
        """What was read, but for what the cache took in or gave."""
        return self.answer.input_tokens - self.answer.cached_tokens - self.cache_written_tokens

    def body(self) -> Json:
        """Return the message as one body."""
        return {
            **self._head(),
            "content": self._content(),
            **self._why(),
            "usage": self._usage(self.answer.output_tokens),
        }

    def events(self) -> Iterator[Event]:
        """Yield the message as a stream, up to where its fault breaks it off."""
        answer = self.answer
        empty: Json = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": self._usage(1)}
        yield Event(answer.starts_at_seconds, {"type": "message_start", "message": {**self._head(), **empty}})
        blocks = [block for block in (self._thinking(), self._writing()) if block is not None]
        for index, block in enumerate(blocks):
            yield Event(block.starts_at_seconds, _of_block("start", index, content_block=block.empty))
            if index == 0:
                yield Event(block.starts_at_seconds, {"type": "ping"})
            for at_seconds, delta in block.deltas:
                yield Event(at_seconds, _of_block("delta", index, delta=delta))
            if answer.fault is None or index < len(blocks) - 1:
                yield Event(block.ends_at_seconds, _of_block("stop", index))
        if answer.fault is None:
            yield from self._end()

    def _head(self) -> Json:
        return {"id": f"msg_{self.answer.id}", "type": "message", "role": "assistant", "model": self.model_id}

    def _content(self) -> list[JsonValue]:
        answer = self.answer
        content: list[JsonValue] = []
        if answer.thinking_tokens:
            content.append({"type": "thinking", "thinking": answer.thoughts, "signature": self.signature})
        if answer.tool is not None:
            content.append({**self._tool_use(), "input": dict(answer.arguments)})
        elif answer.text:
            content.append({"type": "text", "text": answer.text})
        return content

    def _tool_use(self) -> Json:
        return {"type": "tool_use", "id": f"toolu_{self.answer.id}", "name": self.answer.tool, "input": {}}

    def _thinking(self) -> _Block | None:
        answer = self.answer
        if not answer.thinking_tokens:
            return None
        empty: Json = {"type": "thinking", "thinking": "", "signature": ""}
        deltas = [Event(at, {"type": "thinking_delta", "thinking": text}) for at, text in answer.thinking]
        end = deltas[-1].at_seconds if deltas else answer.starts_at_seconds
        return _Block(empty, [*deltas, Event(end, {"type": "signature_delta", "signature": self.signature})])

    def _writing(self) -> _Block | None:
        answer = self.answer
        if not answer.pieces:
            return None
        if answer.tool is None:
            empty: Json = {"type": "text", "text": ""}
            return _Block(empty, [Event(at, {"type": "text_delta", "text": text}) for at, text in answer.pieces])
        parts = [TimedText(answer.pieces[0].offset_seconds, ""), *answer.pieces]
        deltas = [Event(at, {"type": "input_json_delta", "partial_json": text}) for at, text in parts]
        return _Block(self._tool_use(), deltas)

    def _end(self) -> Iterator[Event]:
        at_seconds = self.answer.ends_at_seconds
        usage = self._usage(self.answer.output_tokens)
        told: Json = {name: usage[name] for name in usage if name.endswith("_tokens")}
        yield Event(at_seconds, {"type": "message_delta", "delta": self._why(), "usage": told})
        yield Event(at_seconds, {"type": "message_stop"})

    def _why(self) -> Json:
        refusal: Json = {"type": "refusal", "category": "general_harms", "explanation": None}
        return {
            "stop_reason": self.stop_reason,
            "stop_sequence": self.stop_sequence,
            "stop_details": refusal if self.stop_reason == "refusal" else None,
        }

    def _usage(self, output_tokens: int) -> Json:
        written = self.cache_written_tokens
        return {
            "input_tokens": self.input_tokens,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": self.answer.cached_tokens,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": output_tokens,
            "output_tokens_details": {"thinking_tokens": self.answer.thinking_tokens},
            "service_tier": self.service_tier,
        }


class _Block(NamedTuple):
    """A part of a message as it is streamed: what it begins with, and what is added when."""

    empty: Json
    deltas: Sequence[Event]

    @property
    def starts_at_seconds(self) -> float:
        return self.deltas[0].at_seconds

    @property
    def ends_at_seconds(self) -> float:
        return self.deltas[-1].at_seconds


def _of_block(kind: str, index: int, **more: JsonValue) -> Json:
    return {"type": f"content_block_{kind}", "index": index, **more}


def server_sent(message: Message) -> Iterator[Chunk]:
    """Yield the message as server-sent events, with the bad event that its fault may end in."""
    for at_seconds, data in message.events():
        yield Chunk(at_seconds, _sse(str(data["type"]), json_bytes(data)))
    match message.answer.fault:
        case Fault(kind=FaultKind.ERROR_EVENT):
            error = error_body("overloaded_error", "Overloaded", message.answer.request_id)
            yield Chunk(message.answer.ends_at_seconds, _sse("error", json_bytes(error)))
        case Fault(kind=FaultKind.MALFORMED_EVENT):
            yield Chunk(message.answer.ends_at_seconds, _sse("content_block_delta", b'{"type": "content_block_'))


def _sse(kind: str, data: bytes) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), data)
