"""OpenAI's responses: items instead of choices, and an event for each beginning and end."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from pydantic import JsonValue

from aijobs_sdk.providers.model import Model
from aijobs_sdk.simulation.faults import Fault, FaultKind
from aijobs_sdk.simulation.wire.answered import REFUSAL, REFUSAL_PIECES, Answer
from aijobs_sdk.simulation.wire.asked import Asked, beside_texts
from aijobs_sdk.simulation.wire.calls import Call
from aijobs_sdk.simulation.wire.exchange import Chunk, HttpResponse, Json, json_bytes
from aijobs_sdk.simulation.wire.openai_reading import (
    Body,
    allowed,
    check_sampling,
    images_in,
    last_of_user,
    listed,
    missing,
    refuse_unanswered,
    schema,
    text_model,
    text_of,
    thinking_tokens,
    tools,
    whole_number,
)
from aijobs_sdk.simulation.wire.openai_stored import Stored, StoredResponses
from aijobs_sdk.simulation.wire.openai_turns import check_items

ENCRYPTED = "reasoning.encrypted_content"
"""What callers ask for who keep their conversations themselves."""
_LOGPROBS = "message.output_text.logprobs"
_UNANSWERED = ("top_logprobs", "background", "prompt")


class Responses:
    """`POST /v1/responses`, over those that are kept."""

    def __init__(self, stored: StoredResponses) -> None:
        self._stored = stored

    def create(self, call: Call) -> HttpResponse:
        """Answer it."""
        body = call.body()
        items = _items(body)
        model = text_model(call, str(body["model"]))
        check_sampling(body, model)
        before = self._stored.turns_before(call, body)
        asked = _asked(body, [*before, *items], model)
        answer = call.generate(asked)
        response = _Response(body, asked, answer)
        if body.get("store", True) and answer.fault is None:
            stored = Stored(response.completed, items, before)
            self._stored.keep(call, response.id, stored, answer_tokens=answer.output_tokens)
        return call.stream(answer, response.events()) if asked.stream else call.whole(answer, response.completed())


def _items(body: Body) -> Sequence[JsonValue]:
    if not isinstance(body.get("model"), str):
        raise missing("model")
    refuse_unanswered(body, _UNANSWERED)
    if _LOGPROBS in listed(body.get("include")):
        refuse_unanswered(body, ["include"])
    given = body.get("input")
    items: Sequence[JsonValue] = [{"role": "user", "content": given}] if isinstance(given, str) else listed(given)
    if not items:
        raise missing("input")
    return items


def _asked(body: Body, messages: Sequence[JsonValue], model: Model) -> Asked:
    check_items(messages)
    offered = tools(body)
    callable_ = allowed(body, offered)
    text = body.get("text")
    wanted = schema(text.get("format"), "text.format") if isinstance(text, dict) else None
    said = [text_of(message) for message in messages]
    last = last_of_user(messages)
    reasoning = body.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    return Asked(
        model_id=str(body["model"]),
        prompt=said[last],
        context="\n".join([str(body.get("instructions") or ""), *said[:last], *said[last + 1 :]]).strip(),
        max_output_tokens=whole_number(body, "max_output_tokens"),
        stream=body.get("stream") is True,
        tools=() if any(map(_is_tool_result, messages[-2:])) else callable_,
        schema_=wanted,
        thinking_tokens=thinking_tokens(effort, model, "reasoning.effort"),
        other_tokens=beside_texts(images=sum(map(images_in, messages)), tools=offered, schema=wanted),
    )


class _Response:
    """One response, at any moment of its making."""

    def __init__(self, body: Body, asked: Asked, answer: Answer) -> None:
        self._body = body
        self._asked = asked
        self._answer = answer
        self._numbers = count()

    @property
    def id(self) -> str:
        """Return what it is asked for by."""
        return f"resp_{self._answer.id}"

    def completed(self) -> Json:
        """Return it as it is in the end."""
        return {
            **self._head(self._last_status),
            "incomplete_details": {"reason": "max_output_tokens"} if self._last_status == "incomplete" else None,
            "completed_at": self._answer.created,
            "output": [*self._thoughts(), self._item(self._answer.text, self._last_status)],
            "usage": self._usage(),
        }

    def events(self) -> Iterator[Chunk]:
        """Yield what a stream says of it."""
        answer = self._answer
        begins = answer.starts_at_seconds
        yield self._event(begins, "response.created", response=self._head("in_progress"))
        yield self._event(begins, "response.in_progress", response=self._head("in_progress"))
        if answer.thinking:
            yield from self._thinking_events()
        yield from self._calling() if answer.tool is not None else self._writing()
        if answer.fault is not None:
            yield from self._broken(answer.fault)
            return
        ended = self.completed()
        yield self._event(answer.ends_at_seconds, f"response.{ended['status']}", response=ended)

    def _thinking_events(self) -> Iterator[Chunk]:
        [whole] = self._thoughts()
        pieces = self._answer.thinking
        first, last = pieces[0].offset_seconds, pieces[-1].offset_seconds
        yield self._event(first, "response.output_item.added", output_index=0, item={**whole, "summary": []})
        if self._shows_thoughts:
            yield from self._summary_part({"item_id": whole["id"], "output_index": 0, "summary_index": 0})
        yield self._event(last, "response.output_item.done", output_index=0, item=whole)

    def _summary_part(self, place: Json) -> Iterator[Chunk]:
        pieces, text = self._answer.thinking, self._answer.thoughts
        last = pieces[-1].offset_seconds
        empty = {"type": "summary_text", "text": ""}
        added = "response.reasoning_summary_part.added"
        yield self._event(pieces[0].offset_seconds, added, **place, part=empty)
        for piece in pieces:
            yield self._event(piece.offset_seconds, "response.reasoning_summary_text.delta", **place, delta=piece.text)
        yield self._event(last, "response.reasoning_summary_text.done", **place, text=text)
        yield self._event(last, "response.reasoning_summary_part.done", **place, part={**empty, "text": text})

    def _writing(self) -> Iterator[Chunk]:
        yield self._added({**self._item("", "in_progress"), "content": []})
        if self._says_text:
            yield from self._text_part()
        if self._answer.finish == "refusal":
            yield from self._refusal_part()
        if self._answer.fault is None:
            yield self._done()

    def _text_part(self) -> Iterator[Chunk]:
        answer, place = self._answer, self._place_of_part(0)
        yield self._event(answer.starts_at_seconds, "response.content_part.added", **place, part=_text_content(""))
        yield from self._deltas("response.output_text.delta", {**place, "logprobs": []})
        if answer.fault is not None:
            return
        ends = answer.ends_at_seconds
        yield self._event(ends, "response.output_text.done", **place, text=answer.text, logprobs=[])
        yield self._event(ends, "response.content_part.done", **place, part=_text_content(answer.text))

    def _refusal_part(self) -> Iterator[Chunk]:
        ends, place = self._answer.ends_at_seconds, self._place_of_part(int(self._says_text))
        yield self._event(ends, "response.content_part.added", **place, part=_refusal_content(""))
        for words in REFUSAL_PIECES:
            yield self._event(ends, "response.refusal.delta", **place, delta=words)
        yield self._event(ends, "response.refusal.done", **place, refusal=REFUSAL)
        yield self._event(ends, "response.content_part.done", **place, part=_refusal_content(REFUSAL))

    def _calling(self) -> Iterator[Chunk]:
        answer = self._answer
        place: Json = {"item_id": f"fc_{answer.id}", "output_index": self._index}
        yield self._added(self._item("", "in_progress"))
        yield from self._deltas("response.function_call_arguments.delta", place)
        if answer.fault is not None:
            return
        done = {**place, "arguments": answer.text}
        yield self._event(answer.ends_at_seconds, "response.function_call_arguments.done", **done)
        yield self._done()

    def _added(self, item: Json) -> Chunk:
        begins = self._answer.starts_at_seconds
        return self._event(begins, "response.output_item.added", output_index=self._index, item=item)

    def _deltas(self, kind: str, place: Mapping[str, JsonValue]) -> Iterator[Chunk]:
        for piece in self._answer.pieces:
            yield self._event(piece.offset_seconds, kind, **place, delta=piece.text)

    def _done(self) -> Chunk:
        item = self._item(self._answer.text, self._last_status)
        return self._event(
            self._answer.ends_at_seconds, "response.output_item.done", output_index=self._index, item=item
        )

    def _broken(self, fault: Fault) -> Iterator[Chunk]:
        ends = self._answer.ends_at_seconds
        match fault.kind:
            case FaultKind.ERROR_EVENT:
                said = "The server had an error while processing your request."
                yield self._event(ends, "error", code="server_error", message=said, param=None)
            case FaultKind.MALFORMED_EVENT:
                yield Chunk(ends, b'event: response.output_text.delta\ndata: {"type": "response.\n\n')

    def _event(self, at_seconds: float, kind: str, **fields: object) -> Chunk:
        data = json_bytes({"type": kind, "sequence_number": next(self._numbers), **fields})
        return Chunk(at_seconds, b"event: %s\ndata: %s\n\n" % (kind.encode(), data))

    @property
    def _last_status(self) -> str:
        return "incomplete" if self._answer.finish == "length" else "completed"

    @property
    def _shows_thoughts(self) -> bool:
        """Whether the caller asked for a summary: without, it is told only that there were thoughts."""
        reasoning = self._body.get("reasoning")
        return isinstance(reasoning, dict) and any(reasoning.get(name) for name in ("summary", "generate_summary"))

    @property
    def _says_text(self) -> bool:
        return bool(self._answer.pieces) or self._answer.finish != "refusal"

    def _place_of_part(self, content_index: int) -> Json:
        return {"item_id": f"msg_{self._answer.id}", "output_index": self._index, "content_index": content_index}

    @property
    def _index(self) -> int:
        return 1 if self._answer.thinking else 0

    def _thoughts(self) -> list[Json]:
        if not self._answer.thinking:
            return []
        summary: JsonValue = {"type": "summary_text", "text": self._answer.thoughts}
        item: Json = {"id": f"rs_{self._answer.id}", "type": "reasoning"}
        item["summary"] = [summary] if self._shows_thoughts else []
        if ENCRYPTED in listed(self._body.get("include")):
            item["encrypted_content"] = base64.b64encode(f"simulated-{self._answer.id}".encode()).decode()
        return [item]

    def _item(self, text: str, status: str) -> Json:
        answer = self._answer
        if answer.tool is None:
            content = [_text_content(text)] if self._says_text else []
            if answer.finish == "refusal":
                content.append(_refusal_content(REFUSAL))
            item: Json = {"id": f"msg_{answer.id}", "type": "message", "status": status}
            return {**item, "role": "assistant", "content": [*content]}
        item = {"id": f"fc_{answer.id}", "type": "function_call", "status": status, "call_id": f"call_{answer.id}"}
        return {**item, "name": answer.tool, "arguments": text}

    def _head(self, status: str) -> Json:
        body = self._body
        reasoning = body.get("reasoning")
        return {
            "id": self.id,
            "object": "response",
            "created_at": self._answer.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": body.get("instructions"),
            "max_output_tokens": self._asked.max_output_tokens,
            "metadata": body.get("metadata") or {},
            "model": self._asked.model_id,
            "output": [],
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "previous_response_id": body.get("previous_response_id"),
            "reasoning": reasoning if isinstance(reasoning, dict) else {"effort": None, "summary": None},
            "service_tier": "default",
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": [_full(tool) for tool in listed(body.get("tools"))],
            "top_p": body.get("top_p", 1.0),
            "truncation": "disabled",
            "usage": None,
        }

    def _usage(self) -> Json:
        answer = self._answer
        return {
            "input_tokens": answer.input_tokens,
            "input_tokens_details": {"cached_tokens": answer.cached_tokens, "cache_write_tokens": 0},
            "output_tokens": answer.output_tokens,
            "output_tokens_details": {"reasoning_tokens": answer.thinking_tokens},
            "total_tokens": answer.input_tokens + answer.output_tokens,
        }


def _text_content(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _refusal_content(words: str) -> Json:
    return {"type": "refusal", "refusal": words}


def _full(tool: JsonValue) -> JsonValue:
    return {"strict": True, **tool} if isinstance(tool, dict) and tool.get("type") == "function" else tool


def _is_tool_result(item: JsonValue) -> bool:
    return isinstance(item, dict) and item.get("type") == "function_call_output"
