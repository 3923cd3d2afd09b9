"""Anthropic: messages, their batches and the list of models, as its reference describes them."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import NamedTuple

from pydantic import JsonValue

from aijobs_sdk.providers.models import Model
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.faults import OVERLOADED, Fault, FaultKind
from aijobs_sdk.simulation.plan import TimedText
from aijobs_sdk.simulation.rate_limits import Allowance
from aijobs_sdk.simulation.wire.answered import Answer
from aijobs_sdk.simulation.wire.asked import Asked, Tool
from aijobs_sdk.simulation.wire.calls import Call, Failed, Refused
from aijobs_sdk.simulation.wire.endpoints import route
from aijobs_sdk.simulation.wire.exchange import Chunk, Headers, HttpRequest, HttpResponse, json_bytes, json_text

Json = dict[str, JsonValue]
THINKING_TOKENS = {"low": 200, "medium": 600, "high": 1500, "xhigh": 3000, "max": 6000}
"""About how much an effort thinks, where its budget allows: own choice."""
LEAST_BUDGET_TOKENS = 1024
LEAST_CACHED_TOKENS = 1024
"""Shorter beginnings of a prompt are not cached, marked or not."""
CACHE_LIFETIME = timedelta(minutes=5)
CACHED_PREFIXES = 10_000
BATCH_LIFETIME = timedelta(hours=24)
_ROLES = ("user", "assistant", "system")


class Anthropic:
    """`/v1`, as the `anthropic` library calls it."""

    name = "anthropic"

    def __init__(self) -> None:
        self._cache = PromptCache()
        self._batches: dict[tuple[str, str], _Batch] = {}
        self.routes = (
            route("POST", "/v1/messages", self._messages),
            route("POST", "/v1/messages/count_tokens", _count_tokens),
            route("POST", "/v1/messages/batches", self._new_batch),
            route("GET", "/v1/messages/batches/{id}", self._batch),
            route("GET", "/v1/messages/batches/{id}/results", self._batch_results),
            route("GET", "/v1/models", _models),
            route("GET", "/v1/models/{id}", _model),
        )

    def key(self, request: HttpRequest) -> str | None:
        """Return the key that the caller shows."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return request.headers.get("x-api-key", bearer).strip() or None

    def refuse(self, call: Call, refused: Refused) -> HttpResponse:
        """Return what it answers to a request that it does not accept."""
        return call.reply(_refusal(call, refused), status=refused.status)

    def fail(self, call: Call, fault: Fault) -> HttpResponse:
        """Return what it answers where it fails with a status."""
        response = call.reply(_failure(call, fault), status=fault.status or HTTPStatus.INTERNAL_SERVER_ERROR)
        if fault.retry_after_seconds is None:
            return response
        return response._replace(headers={**response.headers, "retry-after": str(math.ceil(fault.retry_after_seconds))})

    def headers(self, call: Call) -> Headers:
        """Return what every answer carries."""
        left = call.allowances
        headers = {"request-id": f"req_{call.request_id}", "anthropic-organization-id": "org-simulated"}
        for name, one in (("requests", left.requests), ("tokens", left.tokens), ("input-tokens", left.tokens)):
            headers |= _limit_headers(name, one, call.now)
        return headers

    def _messages(self, call: Call) -> HttpResponse:
        body = call.body()
        stream = body.get("stream") is True
        message = say(call, body, _model_id(body), cache=self._cache, stream=stream)
        if not stream:
            return call.whole(message.answer, message.body())
        return call.stream(message.answer, _server_sent(message))

    def _new_batch(self, call: Call) -> HttpResponse:
        batch = _run_batch(call, self._cache)
        self._batches[call.identity.tenant, str(batch.facts["id"])] = batch
        return call.reply(batch.facts)

    def _batch(self, call: Call) -> HttpResponse:
        return call.reply(self._known_batch(call).facts)

    def _batch_results(self, call: Call) -> HttpResponse:
        lines = Chunk(0.0, self._known_batch(call).results)
        return HttpResponse(HTTPStatus.OK, {"content-type": "application/x-jsonl"}, (lines,), 0.0)

    def _known_batch(self, call: Call) -> _Batch:
        batch = self._batches.get((call.identity.tenant, call.params["id"]))
        if batch is None:
            raise Refused(404, f"No message batch {call.params['id']} is known.", code="not_found")
        return batch


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
        return {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use"}[self.answer.finish]

    @property
    def input_tokens(self) -> int:
        """What was read, but for what the cache took in or gave."""
        return self.answer.input_tokens - self.answer.cached_tokens - self.cache_written_tokens

    def body(self) -> Json:
        """Return the message as one body."""
        return {
            **self._head(),
            "content": self._content(),
            "stop_reason": self.stop_reason,
            "stop_sequence": self.stop_sequence,
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
            content.append({**self._tool_use(), "input": json.loads(answer.text)})
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
        why: Json = {"stop_reason": self.stop_reason, "stop_sequence": self.stop_sequence}
        yield Event(at_seconds, {"type": "message_delta", "delta": why, "usage": told})
        yield Event(at_seconds, {"type": "message_stop"})

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


def say(
    call: Call,
    body: Mapping[str, JsonValue],
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
    _check_length(body, model)
    owner, prefixes = f"{call.identity.tenant}/{model_id}", _marked(body)
    cached = cache.tokens_of(owner, prefixes, call.now)
    asked = asked_of(body, model_id).replace(stream=stream, cached_tokens=cached)
    answer = _in_words(call.generate(asked))
    cache.keep(owner, prefixes, call.now)
    # Cut here, not by the core: the message has to tell which of the caller's sequences it was.
    is_free_text = answer.tool is None and asked.schema_ is None
    answer, stop_sequence = _up_to(answer, _stops(body)) if is_free_text else (answer, None)
    longest = max((prefix.tokens for prefix in prefixes), default=0)
    return Message(
        answer=replace(answer, thinking=()) if _hides_thoughts(body) else answer,
        model_id=_id_of(model),
        signature=base64.b64encode(f"simulated-{call.token('signature')}".encode()).decode(),
        stop_sequence=stop_sequence,
        cache_written_tokens=max(0, min(longest, answer.input_tokens) - answer.cached_tokens),
        service_tier=tier,
    )


def asked_of(body: Mapping[str, JsonValue], model_id: str) -> Asked:
    """Return what the body of a request for a message asks.

    Raises:
        Refused: its messages are none.
    """
    messages = _checked_messages(body)
    said = [_text_of(message.get("content")) for message in messages]
    asking = [place for place, message in enumerate(messages) if _is_from_the_user(message)]
    last = asking[-1] if asking else len(said) - 1
    system = _text_of(body.get("system"))
    return Asked(
        model_id=model_id,
        prompt=said[last],
        context="\n".join(filter(None, [system, *said[:last], *said[last + 1 :]])),
        max_output_tokens=_whole_number(body.get("max_tokens")),
        tools=() if _answers_a_call(messages[-1]) else _tools(body),
        schema_=_schema(body),
        thinking_tokens=_thinking_tokens(body),
    )


def _server_sent(message: Message) -> Iterator[Chunk]:
    for at_seconds, data in message.events():
        yield Chunk(at_seconds, _sse(str(data["type"]), json_bytes(data)))
    match message.answer.fault:
        case Fault(kind=FaultKind.ERROR_EVENT):
            error = _error("overloaded_error", "Overloaded", message.answer.request_id)
            yield Chunk(message.answer.ends_at_seconds, _sse("error", json_bytes(error)))
        case Fault(kind=FaultKind.MALFORMED_EVENT):
            yield Chunk(message.answer.ends_at_seconds, _sse("content_block_delta", b'{"type": "content_block_'))


def _sse(kind: str, data: bytes) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), data)


def _model_id(body: Mapping[str, JsonValue]) -> str:
    model_id = body.get("model")
    if not isinstance(model_id, str) or not model_id:
        raise _invalid("model", "Field required")
    return model_id


def _check_length(body: Mapping[str, JsonValue], model: Model) -> None:
    if body.get("max_tokens") is None:
        raise _invalid("max_tokens", "Field required")
    tokens = _whole_number(body["max_tokens"])
    if tokens is None:
        raise _invalid("max_tokens", "Input should be a valid integer")
    if tokens < 1:
        raise _invalid("max_tokens", "Input should be greater than or equal to 1")
    if model.max_output_tokens is not None and tokens > model.max_output_tokens:
        raise _invalid("max_tokens", f"{tokens} is above the {model.max_output_tokens} that {model.name} can write")
    if (budget := _budget(body)) is not None and budget >= tokens:
        raise _invalid("max_tokens", "must be greater than thinking.budget_tokens")


def _checked_messages(body: Mapping[str, JsonValue]) -> Sequence[Mapping[str, JsonValue]]:
    messages = body.get("messages")
    if messages is None:
        raise _invalid("messages", "Field required")
    if not isinstance(messages, list) or not messages:
        raise _invalid("messages", "at least one message is required")
    for place, message in enumerate(messages):
        _check_message(message, f"messages.{place}", is_last=place == len(messages) - 1)
    return [message for message in messages if isinstance(message, Mapping)]


def _check_message(message: JsonValue, where: str, *, is_last: bool) -> None:
    if not isinstance(message, Mapping):
        raise _invalid(where, "Input should be an object")
    if message.get("role") not in _ROLES:
        raise _invalid(f"{where}.role", "Input should be 'user', 'assistant' or 'system'")
    content = message.get("content")
    if not isinstance(content, (str, list)):
        raise _invalid(f"{where}.content", "Field required" if content is None else "Input should be a string or list")
    if not content and not (is_last and message["role"] == "assistant"):
        raise _invalid(where, "must have non-empty content, unless it is a final assistant message")


def _invalid(field: str, problem: str) -> Refused:
    return Refused(400, f"{field}: {problem}", code="invalid_request", param=field)


def _whole_number(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _blocks(content: JsonValue) -> Sequence[Mapping[str, JsonValue]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, Mapping)] if isinstance(content, list) else []


def _text_of(content: JsonValue) -> str:
    return "\n".join(filter(None, map(_block_text, _blocks(content))))


def _block_text(block: Mapping[str, JsonValue]) -> str:
    match block.get("type"):
        case "tool_result":
            return _text_of(block.get("content"))
        case "tool_use":
            return json_text(block.get("input"))
        case _:
            return str(block.get("text", ""))


def _is_from_the_user(message: Mapping[str, JsonValue]) -> bool:
    """Whether a person speaks in it: what a tool returned goes under the same role."""
    return message["role"] == "user" and any(
        block.get("type") != "tool_result" for block in _blocks(message["content"])
    )


def _answers_a_call(message: Mapping[str, JsonValue]) -> bool:
    return any(block.get("type") == "tool_result" for block in _blocks(message["content"]))


def _tools(body: Mapping[str, JsonValue]) -> tuple[Tool, ...]:
    choice = body.get("tool_choice")
    wanted = choice if isinstance(choice, Mapping) else {}
    if wanted.get("type") == "none":
        return ()
    # Those without a schema run at the vendor.
    found = [(one.get("name"), one["input_schema"]) for one in _blocks(body.get("tools")) if "input_schema" in one]
    return tuple(
        Tool(name=str(name), parameters=schema if isinstance(schema, Mapping) else {})
        for name, schema in found
        if wanted.get("type") != "tool" or wanted.get("name") == name
    )


def _schema(body: Mapping[str, JsonValue]) -> Mapping[str, JsonValue] | None:
    config = body.get("output_config")
    # As `output_format`, callers wrote it while it was a beta.
    wanted = config.get("format") if isinstance(config, Mapping) else body.get("output_format")
    schema = wanted.get("schema") if isinstance(wanted, Mapping) else None
    return schema if isinstance(schema, Mapping) else None


def _thinking(body: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    thinking = body.get("thinking")
    return thinking if isinstance(thinking, Mapping) else {}


def _hides_thoughts(body: Mapping[str, JsonValue]) -> bool:
    return _thinking(body).get("display") == "omitted"


def _budget(body: Mapping[str, JsonValue]) -> int | None:
    thinking = _thinking(body)
    if thinking.get("type") != "enabled":
        return None
    budget = _whole_number(thinking.get("budget_tokens"))
    if budget is None or budget < LEAST_BUDGET_TOKENS:
        raise _invalid(
            "thinking.enabled.budget_tokens", f"Input should be greater than or equal to {LEAST_BUDGET_TOKENS}"
        )
    return budget


def _thinking_tokens(body: Mapping[str, JsonValue]) -> int:
    config = body.get("output_config")
    effort = config.get("effort") if isinstance(config, Mapping) else None
    usual = THINKING_TOKENS.get(str(effort), THINKING_TOKENS["high"])
    match _thinking(body).get("type"):
        case "enabled":
            return min(usual, _budget(body) or usual)
        case "adaptive":
            return usual
        case _:
            return 0


def _in_words(answer: Answer) -> Answer:
    """Return the answer as text where a script gave it one that no tool can be called with."""
    if answer.tool is None or answer.fault is not None or answer.text.startswith("{"):
        return answer
    return replace(answer, tool=None, finish="stop")


def _stops(body: Mapping[str, JsonValue]) -> Sequence[str]:
    stops = body.get("stop_sequences")
    return [stop for stop in stops if isinstance(stop, str) and stop] if isinstance(stops, list) else []


def _up_to(answer: Answer, stops: Sequence[str]) -> tuple[Answer, str | None]:
    """Return the answer up to the first of these, and which that was; None where none comes."""
    text = answer.text
    found = [(place, stop) for stop in stops if (place := text.find(stop)) >= 0]
    if not found:
        return answer, None
    place, stop = min(found)
    pieces = _first_characters(answer.pieces, place)
    last = pieces[-1].offset_seconds if pieces else answer.starts_at_seconds
    shorter = replace(
        answer,
        pieces=pieces,
        ends_at_seconds=last if answer.fault is None else answer.ends_at_seconds,
        output_tokens=estimate_tokens(text[:place]) + answer.thinking_tokens,
    )
    return shorter, stop


def _first_characters(pieces: Sequence[TimedText], count: int) -> Sequence[TimedText]:
    kept = []
    for piece in pieces:
        if count <= 0:
            break
        kept.append(piece._replace(text=piece.text[:count]))
        count -= len(piece.text)
    return kept


class Prefix(NamedTuple):
    """The beginning of a prompt, up to where the caller marked it as worth caching."""

    digest: bytes
    tokens: int


class PromptCache:
    """The beginnings of prompts that callers had cached in the last five minutes."""

    def __init__(self) -> None:
        self._kept_until: OrderedDict[tuple[str, bytes], datetime] = OrderedDict()

    def tokens_of(self, owner: str, prefixes: Sequence[Prefix], now: datetime) -> int:
        """Return how many tokens of these are cached: those of the longest that is."""
        known = [one.tokens for one in prefixes if self._kept_until.get((owner, one.digest), now) > now]
        return max(known, default=0)

    def keep(self, owner: str, prefixes: Sequence[Prefix], now: datetime) -> None:
        """Cache these from now on."""
        for one in prefixes:
            self._kept_until[owner, one.digest] = now + CACHE_LIFETIME
            self._kept_until.move_to_end((owner, one.digest))
        while len(self._kept_until) > CACHED_PREFIXES:
            self._kept_until.popitem(last=False)


def _marked(body: Mapping[str, JsonValue]) -> Sequence[Prefix]:
    messages = _blocks(body.get("messages"))
    blocks = [*_blocks(body.get("system")), *(block for one in messages for block in _blocks(one.get("content")))]
    ends = [place + 1 for place, block in enumerate(blocks) if block.get("cache_control")]
    if body.get("cache_control"):
        ends.append(len(blocks))
    texts = ["\n".join(map(_block_text, blocks[:end])) for end in ends]
    prefixes = [
        Prefix(hashlib.blake2b(text.encode(), digest_size=16).digest(), estimate_tokens(text)) for text in texts
    ]
    return [prefix for prefix in prefixes if prefix.tokens >= LEAST_CACHED_TOKENS]


def _count_tokens(call: Call) -> HttpResponse:
    body = call.body()
    model_id = _model_id(body)
    call.model(model_id)
    asked = asked_of(body, model_id)
    return call.reply({"input_tokens": estimate_tokens(asked.context) + estimate_tokens(asked.prompt)})


class _Batch(NamedTuple):
    """A batch that has ended, as all do at once."""

    facts: Json
    results: bytes


def _run_batch(call: Call, cache: PromptCache) -> _Batch:
    requests = _batched(call.body())
    results = [_batch_result(call, custom_id, params, cache) for custom_id, params in requests.items()]
    kinds = [str(result["type"]) for result in results]
    lines: list[Json] = [
        {"custom_id": custom_id, "result": result} for custom_id, result in zip(requests, results, strict=True)
    ]
    batch_id = f"msgbatch_{call.token('batch')}"
    host = call.request.headers.get("host", "api.anthropic.com")
    scheme = "http" if ":" in host else "https"  # only a host of one's own has a port
    facts: Json = {
        "id": batch_id,
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": {
            "processing": 0,
            "succeeded": kinds.count("succeeded"),
            "errored": kinds.count("errored"),
            "canceled": 0,
            "expired": 0,
        },
        "created_at": _instant(call.now),
        "ended_at": _instant(call.now),
        "expires_at": _instant(call.now + BATCH_LIFETIME),
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": f"{scheme}://{host}/v1/messages/batches/{batch_id}/results",
    }
    return _Batch(facts, b"".join(json_bytes(line) + b"\n" for line in lines))


def _batched(body: Mapping[str, JsonValue]) -> Mapping[str, Mapping[str, JsonValue]]:
    """Return what each request of the batch asks, by the caller's name for it."""
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        raise _invalid("requests", "at least one request is required")
    named: dict[str, Mapping[str, JsonValue]] = {}
    for place, one in enumerate(requests):
        params = one.get("params") if isinstance(one, Mapping) else None
        custom_id = one.get("custom_id") if isinstance(one, Mapping) else None
        if not isinstance(custom_id, str) or not isinstance(params, Mapping):
            raise _invalid(f"requests.{place}", "custom_id and params are required")
        if custom_id in named:
            raise _invalid(f"requests.{place}.custom_id", f"{custom_id!r} is there twice")
        named[custom_id] = params
    return named


def _batch_result(batch: Call, custom_id: str, params: Mapping[str, JsonValue], cache: PromptCache) -> Json:
    call = copy(batch)
    call.identity = replace(batch.identity, key=f"{batch.identity.key}/{custom_id}")
    try:
        message = say(call, params, _model_id(params), cache=cache, tier="batch")
    except Refused as refused:
        return {"type": "errored", "error": _refusal(call, refused)}
    except Failed as failed:
        return {"type": "errored", "error": _failure(call, failed.fault)}
    return {"type": "succeeded", "message": message.body()}


def _models(call: Call) -> HttpResponse:
    here = [model for model in call.table if any(way.provider == Anthropic.name for way in model.routes)]
    ids = [_id_of(model) for model in here]
    data: list[JsonValue] = [_facts_of(model) for model in here]
    first, last = (ids[0], ids[-1]) if ids else (None, None)
    return call.reply({"data": data, "has_more": False, "first_id": first, "last_id": last})


def _model(call: Call) -> HttpResponse:
    return call.reply(_facts_of(call.model(call.params["id"])))


def _facts_of(model: Model) -> Json:
    model_id = _id_of(model)
    day = re.search(r"-(\d{4})(\d{2})(\d{2})$", model_id)
    return {
        "type": "model",
        "id": model_id,
        "display_name": model.name.replace("-", " ").title(),
        "created_at": f"{'-'.join(day.groups()) if day else '1970-01-01'}T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": model.context_window,
        "max_tokens": model.max_output_tokens,
    }


def _id_of(model: Model) -> str:
    """Return this vendor's own name for the model, or ours where it is only to be had elsewhere."""
    return next((way.model_id for way in model.routes if way.provider == Anthropic.name), model.name)


def _limit_headers(name: str, one: Allowance | None, now: datetime) -> dict[str, str]:
    if one is None:
        return {}
    # Told in whole seconds, and never too early.
    reset = now.replace(microsecond=0) + timedelta(seconds=math.ceil(one.reset_seconds + now.microsecond / 1e6))
    return {
        f"anthropic-ratelimit-{name}-limit": str(one.limit),
        f"anthropic-ratelimit-{name}-remaining": str(one.remaining),
        f"anthropic-ratelimit-{name}-reset": _instant(reset),
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _error(kind: str, message: str, request_id: str, error_code: str | None = None) -> Json:
    error: Json = {"type": kind, "message": message}
    if error_code is not None:
        error["details"] = {"error_code": error_code}
    return {"type": "error", "error": error, "request_id": f"req_{request_id}"}


def _refusal(call: Call, refused: Refused) -> Json:
    message = "x-api-key header is required" if refused.code == "invalid_api_key" else refused.message
    return _error(_kind_of(refused.status), message, call.request_id)


def _failure(call: Call, fault: Fault) -> Json:
    status = fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
    error_code = SPEND_LIMIT if fault.kind is FaultKind.QUOTA else None
    message = _MESSAGES.get(str(fault.kind)) or _MESSAGES[_kind_of(status)]
    return _error(_kind_of(status), message, call.request_id, error_code)


def _kind_of(status: int) -> str:
    usual = "api_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    return _KINDS.get(status, usual)


SPEND_LIMIT = "enforced_spend_limit_reached"
_KINDS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.PAYMENT_REQUIRED: "billing_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "request_too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
    HTTPStatus.GATEWAY_TIMEOUT: "timeout_error",
    OVERLOADED: "overloaded_error",
}
_MESSAGES: Mapping[str, str] = {
    FaultKind.QUOTA: f"The monthly limit of API usage is spent ({SPEND_LIMIT}). Waiting does not help.",
    FaultKind.CONTENT_FILTER: "Output blocked by content filtering policy",
    FaultKind.CONTEXT_TOO_LONG: "prompt is too long: it does not fit into the context window of this model",
    "invalid_request_error": "The request was not accepted.",
    "authentication_error": "invalid x-api-key",
    "billing_error": "There is a problem with the billing of this account.",
    "permission_error": "This API key may not use the requested resource.",
    "not_found_error": "Not found",
    "request_too_large": "Request exceeds the maximum size",
    "rate_limit_error": "This request would exceed the rate limit of your organization.",
    "timeout_error": "The request took too long to process.",
    "api_error": "Internal server error",
    "overloaded_error": "Overloaded",
}
