"""OpenAI: texts by the Responses API, pictures by the Images API, through its own library."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import httpx2
import openai
from pydantic import BaseModel, Field, JsonValue

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import (
    Finished,
    GenerationChunk,
    GenerationRequest,
    ImageRequest,
    Message,
    Picture,
    TextChunk,
    Tool,
)
from aijobs_sdk.providers.credentials import OpenAIKeys
from aijobs_sdk.providers.failures import (
    BROKEN_OFF,
    CONTEXT_TOO_LONG,
    FILTERED,
    MODEL_NOT_FOUND,
    QUOTA_EXHAUSTED,
    REFUSED,
    TIMED_OUT,
    TRUNCATED,
    UNREADABLE,
    Failure,
    status_failure,
)
from aijobs_sdk.providers.network import REAL, Network
from aijobs_sdk.providers.per_loop import PerLoop
from aijobs_sdk.providers.retry_after import retry_after_seconds
from aijobs_sdk.providers.schemas import Schema, closed_schema, has_open_objects
from aijobs_sdk.providers.tool_calls import tool_call
from aijobs_sdk.providers.transport import TIMEOUT, new_http_client, transport_failure

_FAILURES: Mapping[str, Failure] = {
    "billing_hard_limit_reached": QUOTA_EXHAUSTED,
    "bio_policy": FILTERED,
    "content_filter": FILTERED,
    "content_policy_violation": FILTERED,
    "context_length_exceeded": CONTEXT_TOO_LONG,
    "credit_balance_exhausted": QUOTA_EXHAUSTED,
    "cyber_policy": FILTERED,
    "image_content_policy_violation": FILTERED,
    "insufficient_quota": QUOTA_EXHAUSTED,
    "misalignment_policy_violation": FILTERED,
    "model_not_found": MODEL_NOT_FOUND,
    "moderation_blocked": FILTERED,
    "rate_limit_exceeded": status_failure(429),
    "server_error": BROKEN_OFF,
    "vector_store_timeout": TIMED_OUT,
}
"""What OpenAI's error codes mean; where one is not listed, the status says it."""
_RESPONSES = "/responses"
_NAME = re.compile(r"[\w.\[\]-]{1,64}")
"""What may be shown of an error: the code, and the name of a parameter. Its text may quote the prompt or the key."""


class OpenAI:
    """Asks OpenAI. One pool of connections on each event loop serves all calls."""

    name = "openai"

    def __init__(self, keys: OpenAIKeys, *, network: Network = REAL) -> None:
        self._keys = keys
        self._network = network
        self._clients: PerLoop[str | None, openai.AsyncOpenAI] = PerLoop(self._open, openai.AsyncOpenAI.close)

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield the answer in pieces and then one `Finished`; closing the generator ends the call.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        with _translated():
            if request.streamed:
                async with await self._open_stream(request) as events:
                    async for chunk in _read_events(events.response, request):
                        yield chunk
            else:
                response = _Response.model_validate_json(await self._ask(request))
                yield TextChunk(text=response.text)
                yield response.finished(request)

    async def draw(self, request: ImageRequest) -> Picture:
        """Return the picture.

        Raises:
            ProviderError: whatever went wrong, translated.
        """
        with _translated():
            answer = await self._client(request).images.with_raw_response.generate(
                **images_request(request), extra_headers=self._headers(request)
            )
            drawn = _Drawn.model_validate_json(answer.content)
            return drawn.picture(served_model=request.model_id)

    async def aclose(self) -> None:
        """Close the connections of the running loop; the next call opens new ones."""
        await self._clients.aclose()

    # By `post()`, as `responses.create()` spends half of its time on walking through the request and on an object for
    # every part of the answer.

    async def _ask(self, request: GenerationRequest) -> bytes:
        answer = await self._client(request).post(
            _RESPONSES, cast_to=httpx2.Response, body=responses_request(request), options=self._options(request)
        )
        return answer.content

    async def _open_stream(self, request: GenerationRequest) -> openai.AsyncStream[object]:
        return await self._client(request).post(
            _RESPONSES,
            cast_to=object,
            body=responses_request(request),
            options=self._options(request),
            stream=True,
            stream_cls=openai.AsyncStream[object],
        )

    def _options(self, request: GenerationRequest) -> openai.RequestOptions:
        # The library would draw a key of its own for every call, and send none.
        return {"headers": self._headers(request), "idempotency_key": request.idempotency_token}

    def _client(self, request: GenerationRequest | ImageRequest) -> openai.AsyncOpenAI:
        return self._clients.get(self._keys.base_url or request.endpoint)

    def _open(self, base_url: str | None) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(
            api_key="" if self._keys.api_key is None else self._keys.api_key.get_secret_value(),
            base_url=base_url,
            max_retries=0,
            timeout=TIMEOUT,
            http_client=new_http_client(self._network),
        )

    def _headers(self, request: GenerationRequest | ImageRequest) -> dict[str, str]:
        return {"Idempotency-Key": request.idempotency_token, **self._network.tags(request)}


def responses_request(request: GenerationRequest) -> dict[str, Any]:
    """Return the fields of `POST /v1/responses`. Nothing is stored at OpenAI."""
    asked: dict[str, Any] = {
        "model": request.model_id,
        "input": [item for message in request.conversation for item in _items(message)],
        "instructions": request.system,
        "max_output_tokens": request.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "reasoning": None if request.reasoning_effort is None else {"effort": request.reasoning_effort.value},
        "tools": [_tool(tool) for tool in request.tools] or None,
        "text": None if request.output_schema is None else {"format": _format(request.output_schema)},
        "store": False,
        "stream": request.streamed or None,
        # Random padding of each event, against readers of encrypted traffic: a third more bytes.
        "stream_options": {"include_obfuscation": False} if request.streamed else None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def images_request(request: ImageRequest) -> dict[str, Any]:
    """Return the fields of `POST /v1/images/generations`."""
    return {
        "model": request.model_id,
        "prompt": request.prompt,
        "size": request.size,
        "quality": request.quality,
        "n": 1,
        "output_format": "png",
    }


def _items(message: Message) -> Iterator[dict[str, JsonValue]]:
    match message.role:
        case "user":
            pictures: list[JsonValue] = [
                {"type": "input_image", "image_url": image.url, "detail": "auto"} for image in message.images
            ]
            text: JsonValue = {"type": "input_text", "text": message.content}
            yield {"role": "user", "content": [*pictures, text] if pictures else message.content}
        case "assistant":
            if message.content:
                yield {"role": "assistant", "content": message.content}
            for call in message.tool_calls:
                arguments = json.dumps(call.arguments, ensure_ascii=False)
                yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}
        case "tool":
            yield {"type": "function_call_output", "call_id": message.tool_call_id, "output": message.content}


def _tool(tool: Tool) -> dict[str, JsonValue]:
    parameters = closed_schema(tool.parameters)
    strict = not has_open_objects(parameters)
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": parameters if strict else dict(tool.parameters),
        "strict": strict,
    }


def _format(schema: Schema) -> dict[str, JsonValue]:
    closed = closed_schema(schema)
    strict = not has_open_objects(closed)
    return {"type": "json_schema", "name": "answer", "schema": closed if strict else dict(schema), "strict": strict}


class _Read(BaseModel):
    """A part of an answer that is read; what else OpenAI sends is ignored."""


class _Content(_Read):
    type: str
    text: str = ""


class _Item(_Read):
    type: str
    content: list[_Content] | None = None
    call_id: str = ""
    name: str = ""
    arguments: str = ""


class _InputDetails(_Read):
    cached_tokens: int = 0


class _OutputDetails(_Read):
    reasoning_tokens: int = 0


class _Usage(_Read):
    input_tokens: int
    output_tokens: int
    input_tokens_details: _InputDetails = _InputDetails()
    output_tokens_details: _OutputDetails = _OutputDetails()


class _Incomplete(_Read):
    reason: str = ""


class _Error(_Read):
    code: str | None = None


class _Response(_Read):
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

    def finished(self, request: GenerationRequest) -> Finished:
        """Return the end of the answer.

        Raises:
            ProviderError: it is no good end.
        """
        if self.error is not None:
            raise _broken_off(self.error.code).error(OpenAI.name)
        if any(one.type == "refusal" for one in self._contents()):
            raise REFUSED.error(OpenAI.name)
        if self.usage is None:
            raise TRUNCATED.error(OpenAI.name)
        calls = [
            tool_call(OpenAI.name, request.tools, id=item.call_id, name=item.name, arguments=item.arguments)
            for item in self.output
            if item.type == "function_call"
        ]
        return Finished(
            finish_reason="tool_calls" if calls else self._finish_reason(),
            input_tokens=self.usage.input_tokens,
            output_tokens=self.usage.output_tokens,
            cached_input_tokens=self.usage.input_tokens_details.cached_tokens,
            reasoning_tokens=self.usage.output_tokens_details.reasoning_tokens,
            tool_calls=tuple(calls),
            served_model=self.model,
            response_id=self.id,
        )

    def _contents(self) -> Iterator[_Content]:
        for item in self.output:
            yield from item.content or ()

    def _finish_reason(self) -> Literal["stop", "length"]:
        if self.status != "incomplete":
            return "stop"
        if self.incomplete_details is not None and self.incomplete_details.reason == "content_filter":
            raise FILTERED.error(OpenAI.name)
        return "length"


class _Event(_Read):
    """Any event: what it holds besides is looked at once its type is known, as there are more types than these."""

    type: str
    sequence_number: int | None = None
    delta: JsonValue = None
    response: JsonValue = None
    error: JsonValue = None
    code: JsonValue = None


class _Drawn(_Read):
    class Datum(_Read):
        b64_json: str

    data: list[Datum] = Field(min_length=1)
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


async def _read_events(response: httpx2.Response, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
    last = -1
    async for sent in httpx2.EventSource(response):
        event = _Event.model_validate_json(sent.data)
        if event.sequence_number is not None:
            if event.sequence_number <= last:  # it was sent twice
                continue
            last = event.sequence_number
        match event.type:
            case "response.output_text.delta":
                yield TextChunk(text=str(event.delta))
            case "response.completed" | "response.incomplete" | "response.failed":
                yield _Response.model_validate(event.response).finished(request)
                return
            case "error":
                code = event.error.get("code") if isinstance(event.error, dict) else event.code
                raise _broken_off(code).error(OpenAI.name)
    raise TRUNCATED.error(OpenAI.name)


def _broken_off(code: JsonValue) -> Failure:
    """Return what one of OpenAI's error codes means in an answer that had begun well."""
    return _FAILURES.get(str(code), BROKEN_OFF)


@contextmanager
def _translated() -> Iterator[None]:
    """Let nothing out but ProviderErrors. What OpenAI or pydantic say may quote a prompt, an answer or a key."""
    try:
        yield
    except openai.APIStatusError as error:
        raise _refused(error) from None
    except (openai.APIConnectionError, httpx2.HTTPError, httpx2.StreamError) as error:
        raise (transport_failure(error) or UNREADABLE).error(OpenAI.name) from error
    except (openai.OpenAIError, ValueError):  # a body that is no JSON, or not that of an answer
        raise UNREADABLE.error(OpenAI.name) from None


def _refused(error: openai.APIStatusError) -> ProviderError:
    """Return what it means that OpenAI answered with a status from 400 on."""
    failure = _FAILURES.get(error.code or "") or status_failure(error.status_code)
    named = [f"{what} {name}" for what, name in (("code", error.code), ("parameter", error.param)) if _is_name(name)]
    return failure.replace(
        happened=f"answered {error.status_code}",
        reason=", ".join([failure.reason, *named]),
        retry_after_seconds=retry_after_seconds(error.response.headers) if failure.retryable else None,
    ).error(OpenAI.name)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None
