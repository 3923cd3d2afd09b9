"""What only Google has: its words for errors and ends, its events, calls without ids, and its credentials."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import google.auth
import httpx2
import pytest
from google.auth.credentials import Credentials
from google.auth.exceptions import RefreshError, TransportError

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import Finished, GenerationRequest, Message, TextChunk, ToolCall
from aijobs_sdk.providers.credentials import VertexKeys
from aijobs_sdk.providers.network import Network
from aijobs_sdk.providers.vertex.adapter import Vertex
from aijobs_sdk.providers.vertex.client import VertexClient
from aijobs_sdk.providers.vertex.credentials import made_up_credentials
from aijobs_sdk.providers.vertex.request import content_request

SECRET = "the words of a prompt"
USAGE = {"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 6}
WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {"place": {"type": "string"}}}}
streamed_or_not = pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])


class Answered(NamedTuple):
    text: str
    finished: Finished


class Packets(httpx2.AsyncByteStream):
    """An answer in packets that end anywhere."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for start in range(0, len(self._data), 7):
            yield self._data[start : start + 7]


class Body(httpx2.AsyncByteStream):
    """Some bytes of an answer, after which nothing comes and nobody hangs up."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.reading = asyncio.Event()
        self.is_closed = False

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        yield self._data
        self.reading.set()
        await asyncio.get_running_loop().create_future()

    async def aclose(self) -> None:
        self.is_closed = True


def vertex(answer: Callable[[httpx2.Request], httpx2.Response], **keys: Any) -> Vertex:
    """Return the adapter over a network in which Google answers so."""
    network = Network(open_transport=lambda: httpx2.MockTransport(answer))
    return Vertex(VertexKeys(**{"project": "made-up", "is_anonymous": True, **keys}), network=network)


def request(**changes: Any) -> GenerationRequest:
    asked = {
        "model": "gemini-3-flash",
        "model_id": "gemini-3-flash-preview",
        "region": "europe-west2",
        "prompt": SECRET,
        "tenant_id": UUID(int=1),
        "job_id": UUID(int=2),
        "attempt": 1,
        "idempotency_token": "step",
        "draw_key": "job",
    }
    return GenerationRequest.model_validate(asked | changes)


async def answer_of(adapter: Vertex, asked: GenerationRequest) -> Answered:
    async with aclosing(adapter.stream(asked)) as chunks:
        *texts, finished = [chunk async for chunk in chunks]
    assert isinstance(finished, Finished)
    return Answered("".join(one.text for one in texts if isinstance(one, TextChunk)), finished)


def ask(response: httpx2.Response, **changes: Any) -> Answered:
    return asyncio.run(answer_of(vertex(lambda _: response), request(**changes)))


def error_of(response: httpx2.Response, **changes: Any) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        ask(response, **changes)
    return raised.value


def sent_by(adapter_keys: Mapping[str, Any], **changes: Any) -> httpx2.Request:
    """Return the one request that is sent."""
    sent: list[httpx2.Request] = []

    def answer(one: httpx2.Request) -> httpx2.Response:
        sent.append(one)
        return httpx2.Response(200, json=event("Yes.", finishReason="STOP", usage=USAGE))

    asyncio.run(answer_of(vertex(answer, **adapter_keys), request(streamed=False, **changes)))
    [one] = sent
    return one


def event(*texts: str, usage: Any = None, parts: Any = (), **candidate: Any) -> dict[str, Any]:
    content = {"role": "model", "parts": [*({"text": text} for text in texts), *parts]}
    head = {"modelVersion": "gemini-3-flash-preview", "responseId": "r"}
    return {"candidates": [{"content": content, **candidate}], "usageMetadata": usage or {}, **head}


def framed(*bodies: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(body, ensure_ascii=False).encode() + b"\r\n\r\n" for body in bodies)


def stream(content: bytes, **headers: str) -> httpx2.Response:
    return httpx2.Response(200, headers={"content-type": "text/event-stream", **headers}, stream=Packets(content))


END = event("", finishReason="STOP", usage=USAGE)


def refused(code: int, status: str, *details: Mapping[str, Any], message: str = SECRET) -> dict[str, Any]:
    return {"error": {"code": code, "status": status, "message": message, "details": list(details)}}


def quota(quota_id: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota_id}]}


def reason(name: str, **metadata: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": name, "metadata": metadata}


PER_MINUTE, PER_DAY = "GenerateRequestsPerMinutePerProjectPerModel", "GenerateRequestsPerDayPerProjectPerModel"
TOO_LONG = "The input token count (1200293) exceeds the maximum number of tokens allowed (1048576)."
TOO_LONG_AS_WELL = (
    "Unable to submit request because the input token count is 40000 but model only supports up to 32768."
)


@streamed_or_not
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (refused(429, "RESOURCE_EXHAUSTED"), "rate_limited"),
        (refused(429, "RESOURCE_EXHAUSTED", quota(PER_MINUTE)), "rate_limited"),
        (refused(429, "RESOURCE_EXHAUSTED", quota(PER_DAY)), "quota_exhausted"),
        (refused(429, "RESOURCE_EXHAUSTED", reason("RATE_LIMIT_EXCEEDED", quota_limit=PER_DAY)), "quota_exhausted"),
        (refused(429, "RESOURCE_EXHAUSTED", reason("RATE_LIMIT_EXCEEDED", quota_limit=PER_MINUTE)), "rate_limited"),
        (refused(403, "PERMISSION_DENIED", reason("BILLING_DISABLED")), "quota_exhausted"),
        (refused(403, "PERMISSION_DENIED", reason("IAM_PERMISSION_DENIED")), "invalid_api_key"),
        (refused(401, "UNAUTHENTICATED"), "invalid_api_key"),
        (refused(404, "NOT_FOUND"), "model_not_found"),
        (refused(400, "INVALID_ARGUMENT"), "bad_request"),
        (refused(400, "INVALID_ARGUMENT", message=TOO_LONG), "context_too_long"),
        (refused(400, "INVALID_ARGUMENT", message=TOO_LONG_AS_WELL), "context_too_long"),
        (refused(400, "FAILED_PRECONDITION"), "bad_request"),
        (refused(503, "UNAVAILABLE"), "provider_unavailable"),
        (refused(504, "DEADLINE_EXCEEDED"), "provider_unavailable"),
    ],
)
def test_an_error_means_what_its_words_say(body: Any, code: str, streamed: bool) -> None:
    assert error_of(httpx2.Response(body["error"]["code"], json=body), streamed=streamed).code == code
    assert error_of(httpx2.Response(body["error"]["code"], json=[body]), streamed=streamed).code == code


@streamed_or_not
@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"\xe9", b"null", b'"no"', b"[]", b"[" * 10**5, b'{"error": "no"}', b'{"error": {"details": 1}}'],
)
def test_an_error_without_words_means_what_its_status_says(content: bytes, streamed: bool) -> None:
    error = error_of(httpx2.Response(429, content=content, headers={"retry-after": "7"}), streamed=streamed)
    assert (error.code, error.retry_after_seconds) == ("rate_limited", 7)


@streamed_or_not
@pytest.mark.parametrize(("status", "content"), [(202, b"{}"), (204, b""), (206, b"<html>")])
def test_a_good_status_without_an_answer_is_an_error_that_may_pass(status: int, content: bytes, streamed: bool) -> None:
    """As from the other vendors: it says nothing against the request."""
    error = error_of(httpx2.Response(status, content=content), streamed=streamed)
    assert (error.code, error.retryable) == ("invalid_response", True)
    assert f"answered {status}" in str(error)


def test_names_are_shown_and_sentences_are_not() -> None:
    violation = {"field": "contents[0].parts", "description": SECRET}
    body = refused(400, "INVALID_ARGUMENT", reason(SECRET), {"fieldViolations": [violation]})

    error = error_of(httpx2.Response(400, json=body))

    assert "(bad request, INVALID_ARGUMENT, contents[0].parts)" in str(error)
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("headers", "details", "seconds"),
    [
        ({}, [{"retryDelay": "7.5s"}], 7.5),
        ({"retry-after": "3"}, [], 3),
        ({"retry-after": "3"}, [{"retryDelay": "8s"}], 8),
        ({}, [{"retryDelay": "soon"}], None),
        ({"retry-after": "3"}, [quota(PER_DAY), {"retryDelay": "8s"}], None),
    ],
)
def test_the_wait_is_read_where_waiting_helps(headers: Any, details: Any, seconds: float | None) -> None:
    body = refused(429, "RESOURCE_EXHAUSTED", *details)

    assert error_of(httpx2.Response(429, headers=headers, json=body)).retry_after_seconds == seconds


@streamed_or_not
@pytest.mark.parametrize(
    ("why", "code"),
    [
        ("SAFETY", "refused"),
        ("PROHIBITED_CONTENT", "content_filtered"),
        ("BLOCKLIST", "content_filtered"),
        ("SPII", "content_filtered"),
        ("RECITATION", "content_filtered"),
        ("IMAGE_SAFETY", "content_filtered"),
        ("MODEL_ARMOR", "content_filtered"),
        ("MALFORMED_FUNCTION_CALL", "invalid_tool_call"),
        ("UNEXPECTED_TOOL_CALL", "invalid_tool_call"),
        ("MALFORMED_RESPONSE", "invalid_response"),
        ("OTHER", "provider_unavailable"),
        ("A_REASON_OF_NEXT_YEAR", "provider_unavailable"),
    ],
)
def test_a_bad_end_is_an_error_that_names_it(why: str, code: str, streamed: bool) -> None:
    body = event("Some words", finishReason=why, usage=USAGE)
    response = stream(framed(body)) if streamed else httpx2.Response(200, json=body)

    error = error_of(response, streamed=streamed)

    assert error.code == code
    assert why in str(error)


@streamed_or_not
@pytest.mark.parametrize("why", ["SAFETY", "JAILBREAK", "OTHER"])
def test_a_blocked_prompt_is_filtered(why: str, streamed: bool) -> None:
    body = {"promptFeedback": {"blockReason": why}, "usageMetadata": {"promptTokenCount": 4}}
    response = stream(framed(body)) if streamed else httpx2.Response(200, json=body)

    assert error_of(response, streamed=streamed).code == "content_filtered"


@pytest.mark.parametrize(("why", "reason_"), [("STOP", "stop"), ("MAX_TOKENS", "length"), ("CONTINUATION", "length")])
def test_a_good_end_is_told(why: str, reason_: str) -> None:
    body = event("Some words", finishReason=why, usage=USAGE)

    assert ask(httpx2.Response(200, json=body), streamed=False).finished.finish_reason == reason_


@streamed_or_not
def test_thoughts_are_counted_and_not_told(streamed: bool) -> None:
    usage = USAGE | {"thoughtsTokenCount": 30, "cachedContentTokenCount": 3, "toolUsePromptTokenCount": 1}
    parts = [{"text": "Hm.", "thought": True}, {"text": "Yes.", "thoughtSignature": "c2lnbmVk"}]
    body = event(parts=parts, finishReason="STOP", usage=usage)

    answer = ask(stream(framed(body)) if streamed else httpx2.Response(200, json=body), streamed=streamed)

    assert answer.text == "Yes."
    counts = answer.finished.input_tokens, answer.finished.output_tokens
    assert counts == (5, 32)
    assert (answer.finished.cached_input_tokens, answer.finished.reasoning_tokens) == (3, 30)


@streamed_or_not
@pytest.mark.parametrize("count", [10**30, 2**63, -1, 1.5, "many"])
@pytest.mark.parametrize("name", ["promptTokenCount", "candidatesTokenCount"])
def test_counts_that_cannot_be_are_an_error_that_may_pass(name: str, count: object, streamed: bool) -> None:
    body = event("Yes.", finishReason="STOP", usage=USAGE | {name: count})
    response = stream(framed(body)) if streamed else httpx2.Response(200, json=body)

    assert error_of(response, streamed=streamed).code == "invalid_response"


@streamed_or_not
@pytest.mark.parametrize("body", [{}, event("Some words"), event("Some words", finishReason="STOP")])
def test_an_answer_without_an_end_and_its_usage_is_truncated(body: Any, streamed: bool) -> None:
    response = stream(framed(body)) if streamed else httpx2.Response(200, json=body)

    assert error_of(response, streamed=streamed).code == "stream_truncated"


@streamed_or_not
@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"[]",
        b'{"candidates": [{"content": ',
        b'{"candidates": [{"content": 1}]}',
        json.dumps(event("Y?s", finishReason="STOP", usage=USAGE)).encode().replace(b"?", b"\xe2\x82"),
    ],
)
def test_what_is_no_answer_is_unreadable(content: bytes, streamed: bool) -> None:
    response = stream(b"data: " + content + b"\n\n") if streamed else httpx2.Response(200, content=content)

    assert error_of(response, streamed=streamed).code == "invalid_response"


@pytest.mark.parametrize(
    "content",
    [
        framed(event("Yes\u2028No"), END).replace(b"\r", b""),
        b": still here\n\n" + framed(event("Yes\u2028No"), END),
        framed(event("Yes\u2028"), event("No"), END).replace(b"data: ", b"event: message\r\ndata:"),
        framed(event("Yes\u2028No"), END)[:-4] + b"\n\n" + framed(event("after the end")),
    ],
    ids=["lf", "comment", "field", "more"],
)
def test_events_are_read_however_they_are_framed(content: bytes) -> None:
    assert ask(stream(content)).text == "Yes\u2028No"


def test_a_compressed_stream_is_read() -> None:
    assert ask(stream(gzip.compress(framed(event("Yes."), END)), **{"content-encoding": "gzip"})).text == "Yes."


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (refused(503, "UNAVAILABLE"), "provider_unavailable"),
        (refused(500, "INTERNAL"), "provider_unavailable"),
        (refused(429, "RESOURCE_EXHAUSTED"), "rate_limited"),
        (refused(429, "RESOURCE_EXHAUSTED", quota(PER_DAY)), "quota_exhausted"),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("frame", [b"", b"data: "])
def test_an_error_may_end_a_stream(body: Any, code: str, indent: int | None, frame: bytes) -> None:
    lines = json.dumps(body, indent=indent).encode().replace(b"\n", b"\r\n" + frame)

    error = error_of(stream(framed(event("Some words")) + frame + lines + b"\r\n\r\n"))

    assert error.code == code
    assert SECRET not in str(error)


def test_a_stream_that_stops_within_an_event_is_truncated() -> None:
    assert error_of(stream(framed(event("Some words")) + b'data: {"candidates": [{"con')).code == "stream_truncated"


def test_a_model_may_repeat_itself() -> None:
    assert ask(stream(framed(event("ha "), event("ha "), END))).text == "ha ha "


def test_an_event_that_is_sent_twice_is_told_by_its_running_total() -> None:
    totals = {"promptTokenCount": 4, "candidatesTokenCount": 1}

    assert ask(stream(framed(event("ha ", usage=totals), event("ha ", usage=totals), END))).text == "ha "


def calls(*places: str) -> dict[str, Any]:
    parts = [{"functionCall": {"name": "weather", "args": {"place": place}}} for place in places]
    return event(parts=parts, finishReason="STOP", usage=USAGE)


def test_calls_get_ids_that_an_attempt_at_the_same_step_makes_up_again() -> None:
    first = ask(httpx2.Response(200, json=calls("Rome", "Oslo")), streamed=False, tools=[WEATHER]).finished.tool_calls
    again = ask(stream(framed(calls("Rome", "Oslo"))), attempt=2, tools=[WEATHER]).finished.tool_calls
    other = ask(stream(framed(calls("Rome"))), idempotency_token="other", tools=[WEATHER]).finished.tool_calls

    assert again == first
    assert len({call.id for call in (*first, *other)}) == 3


@streamed_or_not
def test_a_call_keeps_the_signature_that_google_wants_back(streamed: bool) -> None:
    parts = [{"functionCall": {"name": "weather", "args": {}}, "thoughtSignature": "c2lnbmVk"}]
    body = event(parts=parts, finishReason="STOP", usage=USAGE)
    said = stream(framed(body)) if streamed else httpx2.Response(200, json=body)

    [call] = ask(said, streamed=streamed, tools=[WEATHER]).finished.tool_calls

    assert call.signature == "c2lnbmVk"
    assert "c2lnbmVk" not in repr(call)


@streamed_or_not
def test_what_is_told_as_null_is_nothing(streamed: bool) -> None:
    usage = {"promptTokenCount": 4, "candidatesTokenCount": None, "thoughtsTokenCount": None}
    begun = event("Yes.", finishReason=None, groundingMetadata=None) | {"usageMetadata": None, "promptFeedback": None}
    over = {"candidates": [{"content": None, "finishReason": "STOP"}], "usageMetadata": usage, "error": None}
    whole = event("Yes.", finishReason="STOP", parts=[{"text": None, "thought": None}], usage=usage)

    answer = ask(stream(framed(begun, over)) if streamed else httpx2.Response(200, json=whole), streamed=streamed)

    assert answer.text == "Yes."
    assert (answer.finished.input_tokens, answer.finished.output_tokens) == (4, 0)


@pytest.mark.parametrize("called", [{"name": "weather"}, {"name": "weather", "args": None}])
def test_a_call_without_arguments_is_one(called: Any) -> None:
    body = event(parts=[{"functionCall": called}], finishReason="STOP", usage=USAGE)

    [call] = ask(httpx2.Response(200, json=body), streamed=False, tools=[WEATHER]).finished.tool_calls

    assert call.arguments == {}


def test_an_outcome_of_a_call_that_nobody_made_is_refused_before_it_is_sent() -> None:
    made = Message(role="assistant", tool_calls=(ToolCall(id="a", name="weather", arguments={}),))
    said = (made, Message(role="tool", tool_call_id="b", content=SECRET))

    error = error_of(httpx2.Response(500), messages=said)

    assert (error.code, error.retryable) == ("bad_request", False)


def test_an_image_that_is_no_base64_is_refused_before_it_is_sent() -> None:
    assert error_of(httpx2.Response(500), images=[{"url": "data:image/png;base64,=A="}]).code == "bad_request"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("europe-west2", "europe-west2-aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        (None, "aiplatform.googleapis.com"),
    ],
)
def test_a_region_leads_to_its_host(region: str | None, host: str) -> None:
    url = sent_by({}, region=region).url

    assert url.host == host
    assert f"/projects/made-up/locations/{region or 'global'}/" in url.path


def test_another_base_url_is_asked_at_the_same_path() -> None:
    url = sent_by({"base_url": "http://127.0.0.1:8080/google"}).url

    assert str(url).startswith("http://127.0.0.1:8080/google/v1beta1/projects/made-up/locations/europe-west2/")


def test_the_environment_of_googles_library_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sent_by({})
    for name in ("GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_GENAI_API_VERSION"):
        monkeypatch.setenv(name, "other")

    after = sent_by({})

    assert (after.url, after.headers) == (before.url, before.headers)


@streamed_or_not
def test_time_is_limited_for_connecting_alone(streamed: bool) -> None:
    limits: list[Any] = []

    def answer(one: httpx2.Request) -> httpx2.Response:
        limits.append(one.extensions["timeout"])
        return httpx2.Response(500)

    with pytest.raises(ProviderError):
        asyncio.run(answer_of(vertex(answer), request(streamed=streamed)))

    assert limits == [{"connect": 10, "read": None, "write": None, "pool": None}]


def test_leaving_a_stream_closes_its_connection_at_once() -> None:
    async def main() -> tuple[bool, int]:
        body = Body(framed(event("Some"), event(" words")))
        adapter = vertex(lambda _: httpx2.Response(200, stream=body))
        chunks = adapter.stream(request())
        await anext(chunks)
        tasks = len(asyncio.all_tasks())
        await chunks.aclose()
        return body.is_closed, len(asyncio.all_tasks()) - tasks

    assert asyncio.run(main()) == (True, 0)


def test_an_answer_that_nobody_reads_is_closed() -> None:
    async def main() -> bool:
        body = Body(framed(event("Some words")))
        network = Network(open_transport=lambda: httpx2.MockTransport(lambda _: httpx2.Response(200, stream=body)))
        client = VertexClient(
            project="p", location="global", base_url=None, credentials=made_up_credentials(), network=network
        )
        async with client.streamed(content_request(request(), {})):
            pass
        return body.is_closed

    assert asyncio.run(main())


@pytest.mark.parametrize("status", [200, 503], ids=["answer", "error"])
def test_cancelling_a_call_closes_its_connection_at_once(status: int) -> None:
    async def main() -> bool:
        body = Body(framed(event("Some words")))
        adapter = vertex(lambda _: httpx2.Response(status, stream=body))
        call = asyncio.create_task(answer_of(adapter, request()))
        await body.reading.wait()
        call.cancel()
        await asyncio.wait([call])
        return body.is_closed and call.cancelled()

    assert asyncio.run(main())


class Tokens(Credentials):
    """Credentials that Google would find."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.refreshed_in: list[threading.Thread] = []
        self._error = error
        self._quota_project_id = "payer"

    def refresh(self, request: object) -> None:
        self.refreshed_in.append(threading.current_thread())
        if self._error is not None:
            raise self._error
        self.token = "fetched"


def found(monkeypatch: pytest.MonkeyPatch, tokens: Tokens) -> list[threading.Thread]:
    """Let these be the credentials that are found, and note where they are looked for."""
    looked_in: list[threading.Thread] = []

    def default(scopes: list[str]) -> tuple[Tokens, str]:
        looked_in.append(threading.current_thread())
        return tokens, "a project"

    monkeypatch.setattr(google.auth, "default", default)
    return looked_in


def test_credentials_are_found_and_renewed_once_and_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens()
    looked_in = found(monkeypatch, tokens)
    sent: list[httpx2.Request] = []

    def answer(one: httpx2.Request) -> httpx2.Response:
        sent.append(one)
        return stream(framed(END))

    async def main(adapter: Vertex) -> None:
        regions = ("europe-west2", "europe-west4") * 3
        async with asyncio.TaskGroup() as calls:
            for region in regions:
                calls.create_task(answer_of(adapter, request(region=region)))

    asyncio.run(main(vertex(answer, is_anonymous=False)))

    assert [len(looked_in), len(tokens.refreshed_in), len(sent)] == [1, 1, 6]
    assert threading.main_thread() not in {*looked_in, *tokens.refreshed_in}
    assert {one.headers["authorization"] for one in sent} == {"Bearer fetched"}
    assert {one.headers["x-goog-user-project"] for one in sent} == {"payer"}


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (TransportError("/home/me/key.json"), "connection_failed", True),  # type: ignore[no-untyped-call]
        (RefreshError("/home/me/key.json", retryable=True), "connection_failed", True),  # type: ignore[no-untyped-call]
        (RefreshError("/home/me/key.json"), "invalid_api_key", False),  # type: ignore[no-untyped-call]
        (PermissionError("/home/me/key.json"), "invalid_api_key", False),
    ],
)
def test_a_token_that_cannot_be_fetched_is_an_error_that_tells_no_path(
    monkeypatch: pytest.MonkeyPatch, error: Exception, code: str, retryable: bool
) -> None:
    found(monkeypatch, Tokens(error))

    with pytest.raises(ProviderError) as raised:
        asyncio.run(answer_of(vertex(lambda _: stream(framed(END)), is_anonymous=False), request()))

    assert (raised.value.code, raised.value.retryable) == (code, retryable)
    assert "key.json" not in str(raised.value)


@pytest.mark.parametrize("content", [None, "", "no JSON", "{}", '{"type": "service_account", "private_key": "no"}'])
def test_a_key_file_that_is_none_is_an_error_of_authentication(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))

    with pytest.raises(ProviderError, match="GOOGLE_APPLICATION_CREDENTIALS") as raised:
        asyncio.run(answer_of(vertex(lambda _: stream(framed(END)), is_anonymous=False), request()))

    assert (raised.value.code, raised.value.category) == ("invalid_api_key", "authentication")
    assert str(path) not in str(raised.value)


def test_nobody_is_asked_for_a_made_up_token(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_in = found(monkeypatch, Tokens())

    assert sent_by({}).headers["authorization"] == "Bearer made-up"
    assert looked_in == []
