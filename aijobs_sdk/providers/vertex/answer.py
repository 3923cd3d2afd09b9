"""What Gemini answers, whole or in events."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Literal

from pydantic import Field, JsonValue

from aijobs_sdk.contract.provider import Finished, GenerationRequest, ToolCall
from aijobs_sdk.providers.failures import BROKEN_OFF, FILTERED, TRUNCATED
from aijobs_sdk.providers.tool_calls import tool_call
from aijobs_sdk.providers.vertex.failures import NAME, GoogleError, Read, ended_badly
from aijobs_sdk.providers.whole_number import TokenCount

_ENDS: Mapping[str, Literal["stop", "length"]] = {
    "CONTINUATION": "length",  # of one request; more could be asked for, in another
    "MAX_TOKENS": "length",
    "STOP": "stop",
}
"""The good ones of Google's reasons to end."""


class _FunctionCall(Read):
    name: str = ""
    args: Mapping[str, JsonValue] = Field(default_factory=dict)


class _Part(Read):
    text: str = ""
    thought: bool = False
    function_call: _FunctionCall | None = None
    thought_signature: str | None = None


class _Content(Read):
    parts: tuple[_Part, ...] = ()


class _Candidate(Read):
    content: _Content = _Content()
    finish_reason: str | None = None


class _PromptFeedback(Read):
    block_reason: str | None = None


class _Usage(Read):
    prompt_token_count: TokenCount | None = None
    tool_use_prompt_token_count: TokenCount = 0
    cached_content_token_count: TokenCount = 0
    candidates_token_count: TokenCount = 0
    thoughts_token_count: TokenCount = 0

    @property
    def written(self) -> int:
        """All tokens that were written so far."""
        return self.candidates_token_count + self.thoughts_token_count


class _Response(Read):
    """A whole answer, or an event of one: they have the same fields."""

    candidates: tuple[_Candidate, ...] = ()
    prompt_feedback: _PromptFeedback | None = None
    usage_metadata: _Usage = _Usage()
    model_version: str | None = None
    response_id: str | None = None
    error: GoogleError | None = None


class Answer:
    """What is known of an answer, from all that has come of it."""

    def __init__(self, request: GenerationRequest) -> None:
        self._request = request
        self._calls: list[ToolCall] = []
        self._last = _Response()
        self._finish_reason: str | None = None
        self._body = b""

    @property
    def is_whole(self) -> bool:
        """Whether its end has come."""
        return self._finish_reason is not None and self._last.usage_metadata.prompt_token_count is not None

    def read(self, body: bytes) -> str:
        """Return the words in an event, or in the whole answer.

        Raises:
            ProviderError: it says that there is no answer, or none that can be used.
            ValueError: it cannot be read.
        """
        response = _Response.model_validate_json(body)
        # Totals grow from event to event. Without them, an event sent twice looks like a model that repeats itself.
        if body == self._body and response.usage_metadata.written:
            return ""
        self._body, self._last = body, response
        if response.error is not None:
            raise response.error.failure(BROKEN_OFF).error(NAME)
        if response.prompt_feedback is not None and response.prompt_feedback.block_reason is not None:
            raise FILTERED.error(NAME)
        return "".join(self._said(candidate) for candidate in response.candidates[:1])

    def finished(self) -> Finished:
        """Return the end of the answer.

        Raises:
            ProviderError: it has none.
        """
        usage = self._last.usage_metadata
        if self._finish_reason is None or usage.prompt_token_count is None:
            raise TRUNCATED.error(NAME)
        end = _ENDS[self._finish_reason]
        calls = self._calls if end == "stop" else ()  # of a call that was cut off, arguments are missing
        return Finished(
            finish_reason="tool_calls" if calls else end,
            input_tokens=usage.prompt_token_count + usage.tool_use_prompt_token_count,
            output_tokens=usage.written,
            cached_input_tokens=usage.cached_content_token_count,
            reasoning_tokens=usage.thoughts_token_count,
            tool_calls=tuple(calls),
            served_model=self._last.model_version,
            response_id=self._last.response_id,
        )

    def _said(self, candidate: _Candidate) -> str:
        if candidate.finish_reason is not None and candidate.finish_reason not in _ENDS:
            raise ended_badly(candidate.finish_reason)
        self._finish_reason = candidate.finish_reason or self._finish_reason
        parts = candidate.content.parts
        for part in parts:
            if part.function_call is not None:
                call = self._call(part.function_call)
                self._calls.append(call.replace(signature=part.thought_signature))
        return "".join(part.text for part in parts if not part.thought)

    def _call(self, called: _FunctionCall) -> ToolCall:
        # Gemini's calls have no ids. The next attempt at the same step makes up the same.
        step = f"{self._request.idempotency_token}/{len(self._calls)}"
        digest = blake2b(step.encode(), digest_size=12).hexdigest()
        return tool_call(NAME, self._request.tools, id=f"call_{digest}", name=called.name, arguments=called.args)
