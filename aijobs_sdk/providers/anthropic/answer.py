"""How Claude's answers are read, whole and streamed: only what is needed, and nothing that is not as expected."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from typing import Literal

import anthropic
import httpx2
from pydantic import BaseModel, JsonValue, ValidationError

from aijobs_sdk.contract.provider import Finished, GenerationChunk, GenerationRequest, TextChunk, ToolCall
from aijobs_sdk.providers.anthropic.allowances import allowances
from aijobs_sdk.providers.anthropic.failures import request_id
from aijobs_sdk.providers.failures import BAD_TOOL_CALL, REFUSED, TRUNCATED, UNREADABLE
from aijobs_sdk.providers.tool_calls import tool_call
from aijobs_sdk.providers.whole_number import CountIfAny, TokenCount

_FINISH_REASONS: Mapping[str, Literal["stop", "length", "tool_calls"]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
}


class _Read(BaseModel):
    """A part of an answer that is read; what else is sent is ignored."""


class _OutputDetails(_Read):
    thinking_tokens: CountIfAny = 0


class _Usage(_Read):
    input_tokens: TokenCount | None = None
    cache_creation_input_tokens: TokenCount | None = None
    cache_read_input_tokens: TokenCount | None = None
    output_tokens: TokenCount | None = None
    output_tokens_details: _OutputDetails | None = None

    def and_then(self, later: _Usage) -> _Usage:
        """Return the counts with those that are told anew; each is of all until then."""
        return self.model_copy(update={name: count for name, count in later if count is not None})


class _Block(_Read):
    type: str
    text: str = ""
    id: str = ""
    name: str = ""
    input: JsonValue = None
    """An object; while it is streamed, its JSON as far as it came."""

    def called(self, request: GenerationRequest, provider: str) -> ToolCall:
        """Return the call that this block is.

        Raises:
            ProviderError: it cannot be made.
        """
        if not isinstance(self.input, str | dict):
            raise BAD_TOOL_CALL.error(provider)
        return tool_call(provider, request.tools, id=self.id, name=self.name, arguments=self.input)


class Answer(_Read):
    """A message of the model."""

    id: str
    model: str
    content: list[_Block] = []
    stop_reason: str | None = None
    usage: _Usage

    @property
    def text(self) -> str:
        """All that it says."""
        return "".join(block.text for block in self.content if block.type == "text")

    def finished(self, request: GenerationRequest, provider: str, headers: Mapping[str, str]) -> Finished:
        """Return the end of the answer; its id is that of the request, by which support finds it, where it has one.

        Raises:
            ProviderError: it is no good end.
        """
        if self.stop_reason == "refusal":
            raise REFUSED.error(provider)
        if self.stop_reason in {None, "pause_turn"}:  # a pause is for tools that run at Anthropic: there is more
            raise TRUNCATED.error(provider)
        reason = _FINISH_REASONS.get(str(self.stop_reason))
        usage = self.usage
        if reason is None or usage.input_tokens is None or usage.output_tokens is None:
            raise UNREADABLE.error(provider)
        # A call that was cut off with the text is none.
        calls = [block for block in self.content if block.type == "tool_use" and reason == "tool_calls"]
        cached = usage.cache_read_input_tokens or 0
        return Finished(
            finish_reason=reason,
            input_tokens=usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0),
            output_tokens=usage.output_tokens,
            cached_input_tokens=cached,
            reasoning_tokens=usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else 0,
            tool_calls=tuple(block.called(request, provider) for block in calls),
            served_model=self.model,
            response_id=request_id(headers) or self.id,
            allowances=allowances(headers),
        )


class _Error(_Read):
    """What comes in place of an answer."""

    type: Literal["error"]
    error: dict[str, JsonValue]


def read_whole(response: httpx2.Response) -> Answer:
    """Return an answer that came in one piece.

    Raises:
        APIStatusError: it is an error, as gateways send some under a good status.
        ValueError: it is something else.
    """
    try:
        return Answer.model_validate_json(response.content)
    except ValidationError:
        told = _Error.model_validate_json(response.content)
        raise anthropic.APIStatusError("", response=response, body=told.model_dump()) from None


class _Delta(_Read):
    type: str | None = None
    text: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class _Event(_Read):
    """Any event: what it holds besides is looked at once its type is known, as there are more types than these."""

    type: str
    index: int = -1
    message: JsonValue = None
    content_block: JsonValue = None
    delta: JsonValue = None
    usage: JsonValue = None


async def read_events(
    events: AsyncIterable[object], request: GenerationRequest, provider: str, headers: Mapping[str, str]
) -> AsyncGenerator[GenerationChunk]:
    """Yield the answer while it comes, and then its end.

    An event of which there is one a message or one a block is taken once. A piece of text carries no number: two that
    are the same in a row may well be meant, and are both taken.

    Raises:
        ProviderError: it has no good end.
        ValueError: something is not as expected.
    """
    reading = _Reading()
    async for event in events:
        if text := reading.take(_Event.model_validate(event)):
            yield TextChunk(text=text)
        if reading.is_over:
            yield reading.answer().finished(request, provider, headers)
            return
    raise TRUNCATED.error(provider)


class _Reading:
    """What was read of one message."""

    def __init__(self) -> None:
        self.is_over = False
        self._begun: Answer | None = None
        self._blocks: dict[int, _Block] = {}
        self._parts: dict[int, list[str]] = {}
        self._ended: set[int] = set()

    def take(self, event: _Event) -> str:
        """Take in an event, and return the text that it adds."""
        match event.type:
            case "message_start":
                self._begun = self._begun or Answer.model_validate(event.message)
            case "content_block_start" if event.index not in self._blocks:
                block = self._blocks[event.index] = _Block.model_validate(event.content_block)
                return block.text
            case "content_block_delta" if event.index not in self._ended:
                return self._add(event.index, _Delta.model_validate(event.delta))
            case "content_block_stop":
                self._ended.add(event.index)
            case "message_delta":
                answer = self.answer()
                # A later one may tell of the usage alone.
                answer.stop_reason = _Delta.model_validate(event.delta).stop_reason or answer.stop_reason
                answer.usage = answer.usage.and_then(_Usage.model_validate(event.usage))
            case "message_stop":
                self.is_over = True
        return ""

    def answer(self) -> Answer:
        """Return the message as far as it came.

        Raises:
            ValueError: it did not begin.
        """
        if self._begun is None:
            raise ValueError("no message has begun")
        for index, parts in self._parts.items():
            self._blocks[index].input = "".join(parts)
        self._begun.content = list(self._blocks.values())
        return self._begun

    def _add(self, index: int, delta: _Delta) -> str:
        if index not in self._blocks:
            raise ValueError("no block has this index")
        if delta.type == "input_json_delta":
            self._parts.setdefault(index, []).append(delta.partial_json)
        return delta.text if delta.type == "text_delta" else ""
