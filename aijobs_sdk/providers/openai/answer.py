"""What OpenAI answers, whole or in events: only what is needed of it is read."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Literal

import httpx2
from pydantic import BaseModel, Field, JsonValue, ValidationError

from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.contract.provider import (
    Allowances,
    Finished,
    GenerationChunk,
    GenerationRequest,
    Picture,
    TextChunk,
    ToolCall,
)
from aijobs_sdk.providers.event_stream import read_events, read_out
from aijobs_sdk.providers.failures import BROKEN_OFF, FILTERED, REFUSED, TRUNCATED, UNREADABLE, Failure
from aijobs_sdk.providers.openai.allowances import allowances
from aijobs_sdk.providers.openai.failures import NAME, broken_off
from aijobs_sdk.providers.tool_calls import tool_call
from aijobs_sdk.providers.whole_number import CountIfAny, TokenCount

_text_chunk = unchecked(TextChunk)
_GOOD_ENDS = frozenset({"completed", "incomplete"})
_BAD_ENDS: Mapping[str, Failure] = {
    "cancelled": BROKEN_OFF,
    "failed": BROKEN_OFF,
    "in_progress": TRUNCATED,
    "queued": TRUNCATED,
}
"""What it means that an answer is not over, or is and tells no error."""


class _Read(BaseModel):
    """A part of an answer that is read; what else OpenAI sends is ignored."""


class _Content(_Read):
    type: str
    text: str = ""


class _Item(_Read):
    type: str
    content: list[_Content] | None = None
    # Some say null of items that are no calls.
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None

    def called(self, request: GenerationRequest) -> ToolCall:
        """Return the call that this item is.

        Raises:
            ProviderError: it cannot be made.
        """
        arguments = self.arguments or ""
        return tool_call(NAME, request.tools, id=self.call_id or "", name=self.name or "", arguments=arguments)


class _InputDetails(_Read):
    cached_tokens: CountIfAny = 0


class _OutputDetails(_Read):
    reasoning_tokens: CountIfAny = 0


class _Usage(_Read):
    input_tokens: TokenCount
    output_tokens: TokenCount
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None

    @property
    def cached(self) -> int:
        """Those of the input that OpenAI still knew."""
        return 0 if self.input_tokens_details is None else self.input_tokens_details.cached_tokens

    @property
    def reasoning(self) -> int:
        """Those of the output that are not in the text."""
        return 0 if self.output_tokens_details is None else self.output_tokens_details.reasoning_tokens


class _Incomplete(_Read):
    reason: str | None = None


class _Error(_Read):
    code: JsonValue = None
    """A name; of gateways, a number as well."""


class Response(_Read):
    """An answer, whole or as far as it is."""

    id: str
    model: str
    status: str
    output: list[_Item] = []
    usage: _Usage | None = None
    incomplete_details: _Incomplete | None = None
    error: _Error | None = None

    @property
    def text(self) -> str:
        """All that it says."""
        return "".join(one.text for one in self._contents() if one.type == "output_text")

    def text_after(self, sent: str) -> str:
        """Return what it says beyond what came in pieces: all of it, where who stands between held them back."""
        return self.text[len(sent) :] if self.text.startswith(sent) else ""

    def finished(self, request: GenerationRequest, left: Allowances | None = None) -> Finished:
        """Return the end of the answer, with what OpenAI says is left of its limits.

        Raises:
            ProviderError: it is no good end.
        """
        if self.error is not None:
            raise broken_off(self.error.code).error(NAME)
        if self.status not in _GOOD_ENDS:
            raise _BAD_ENDS.get(self.status, UNREADABLE).error(NAME)
        if any(one.type == "refusal" for one in self._contents()):
            raise REFUSED.error(NAME)
        if self.usage is None:  # a gateway may leave it out, and nobody could tell what the answer costs
            raise UNREADABLE.replace(reason="it does not say how many tokens were used").error(NAME)
        calls = [item.called(request) for item in self.output if item.type == "function_call" and not self._is_cut]
        return Finished(
            finish_reason="tool_calls" if calls else self._finish_reason(),
            input_tokens=self.usage.input_tokens,
            output_tokens=self.usage.output_tokens,
            cached_input_tokens=self.usage.cached,
            reasoning_tokens=self.usage.reasoning,
            tool_calls=tuple(calls),
            served_model=self.model,
            response_id=self.id,
            allowances=left,
        )

    def _contents(self) -> Iterator[_Content]:
        for item in self.output:
            yield from item.content or ()

    @property
    def _is_cut(self) -> bool:
        return self.status == "incomplete"

    def _finish_reason(self) -> Literal["stop", "length"]:
        if not self._is_cut:
            return "stop"
        if self.incomplete_details is not None and self.incomplete_details.reason == "content_filter":
            raise FILTERED.error(NAME)
        return "length"


class _Event(_Read):
    """Any event: what it holds besides is looked at once its type is known, as there are more types than these."""

    type: str = ""
    """Empty where it is not told, as in the errors of gateways."""
    sequence_number: int | None = None
    delta: JsonValue = None
    response: JsonValue = None
    error: JsonValue = None
    code: JsonValue = None

    def failure(self) -> Failure:
        """Return what this is, where an answer or an event of one was expected: an error, or nothing that is known."""
        if self.error is None and self.type != "error":
            return UNREADABLE
        return broken_off(self.error.get("code") if isinstance(self.error, dict) else self.code)


class _Datum(_Read):
    b64_json: str


class Drawn(_Read):
    """Pictures."""

    data: list[_Datum] = Field(min_length=1)
    usage: _Usage | None = None
    output_format: str = "png"

    def picture(self, *, served_model: str) -> Picture:
        """Return the one picture that was asked for."""
        usage = self.usage or _Usage(input_tokens=0, output_tokens=0)
        return Picture(
            data=base64.b64decode(self.data[0].b64_json, validate=True),
            media_type=f"image/{self.output_format}",
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            served_model=served_model,
        )


def read_whole(body: bytes) -> Response:
    """Return an answer that came in one piece.

    Raises:
        ProviderError: it is an error, as gateways send some under a good status.
        ValueError: it is something else.
    """
    try:
        return Response.model_validate_json(body)
    except ValidationError:
        raise _Event.model_validate_json(body).failure().error(NAME) from None


def _text(delta: JsonValue) -> TextChunk:
    """Return a piece; pydantic, which refuses what is no text, is not asked about what is one."""
    return _text_chunk(text=delta) if isinstance(delta, str) else TextChunk.model_validate({"text": delta})


async def read_stream(response: httpx2.Response, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
    """Yield the answer while it comes, and then its end.

    Raises:
        ProviderError: it has no good end.
        ValueError: something is not as expected.
    """
    last, sent = -1, list[str]()
    async with aclosing(read_events(response)) as events:
        async for body in events:
            event = _Event.model_validate_json(body)
            if event.sequence_number is not None:
                if event.sequence_number <= last:  # it was sent twice
                    continue
                last = event.sequence_number
            match event.type:
                case "response.output_text.delta":
                    piece = _text(event.delta)
                    sent.append(piece.text)
                    yield piece
                case "response.completed" | "response.incomplete" | "response.failed":
                    whole = Response.model_validate(event.response)
                    finished = whole.finished(request, allowances(response.headers))
                    await read_out(events)
                    if rest := whole.text_after("".join(sent)):
                        yield TextChunk(text=rest)
                    yield finished
                    return
                case "error" | "":
                    raise event.failure().error(NAME)
    raise TRUNCATED.error(NAME)
