from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeVar

import anthropic
import boto3
import httpx2
import pytest
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError

import aijobs_sdk as aijobs
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.wire import event_stream
from aijobs_sdk.simulation.wire.bedrock import Bedrock
from aijobs_sdk.simulation.wire.endpoints import Endpoints
from aijobs_sdk.simulation.wire.exchange import Ending, HttpRequest, HttpResponse
from aijobs_sdk.simulation.wire.transport import transport_under

# The models of our table are on their way out at their vendor, and its library says so.
pytestmark = pytest.mark.filterwarnings("ignore:The model '.*claude-:DeprecationWarning")

T = TypeVar("T")
Client = anthropic.AsyncAnthropicBedrock
MODEL = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = f"arn:aws:bedrock:eu-west-2:123456789012:inference-profile/{MODEL}"
ASKED: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 2000,
    "messages": [{"role": "user", "content": "Tell me about rivers"}],
}
TALK: dict[str, Any] = {
    "modelId": MODEL,
    "messages": [{"role": "user", "content": [{"text": "Tell me about rivers"}]}],
}
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": PARAMETERS}}}]}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
SAME_JOB = {"x-aijobs-draw-key": "job"}


@pytest.fixture
def sim() -> Iterator[Mock]:
    with aijobs.mock(seed=7) as world:
        yield world


@pytest.fixture
def boto(sim: Mock) -> Iterator[Any]:
    with hosted(Endpoints([Bedrock()], sim, ModelTable.load())) as url:
        client = boto3.client(
            "bedrock-runtime",
            region_name="eu-west-2",
            endpoint_url=url,
            aws_access_key_id="AKIA",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}),
        )
        yield client
        client.close()


@contextmanager
def hosted(endpoints: Endpoints) -> Iterator[str]:
    """Serve the endpoints on this machine: boto3 has no seam under which they could be put."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = HttpRequest("POST", self.path, headers=headers, body=body)
            response = endpoints.answer(asked, now=datetime(2026, 1, 1, tzinfo=UTC))
            assert response is not None
            self._write(response)

        def _write(self, response: HttpResponse) -> None:
            body = b"".join(chunk.data for chunk in response.chunks)
            is_whole = response.ending is Ending.WHOLE
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body) + (0 if is_whole else 1)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = not is_whole

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(sim: Mock, main: Callable[[Client], Awaitable[T]], **options: Any) -> T:
    async def inside() -> T:
        endpoints = Endpoints([Bedrock()], sim, ModelTable.load())
        signer = {} if "api_key" in options else {"aws_access_key": "AKIA", "aws_secret_key": "secret"}
        async with httpx2.AsyncClient(transport=transport_under(httpx2, endpoints, sim.clock)) as http:
            known: Any = {"aws_region": "eu-west-2", "max_retries": 0, "http_client": http}
            return await main(Client(**{**known, **signer, **options}))

    with asyncio.Runner(loop_factory=sim.new_loop) as runner:
        return runner.run(inside())


def create(sim: Mock, **changes: Any) -> Any:
    return run(sim, lambda client: client.messages.create(**{**ASKED, **changes}))


def stream(sim: Mock, **changes: Any) -> list[Any]:
    async def collect(client: Client) -> list[Any]:
        return [event async for event in await client.messages.create(**{**ASKED, **changes}, stream=True)]

    return run(sim, collect)


def final_message(sim: Mock, **changes: Any) -> Any:
    async def last(client: Client) -> Any:
        async with client.messages.stream(**{**ASKED, **changes}) as events:
            return await events.get_final_message()

    return run(sim, last)


def frames_in(data: bytes) -> Sequence[Any]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return list(buffer)


def test_a_frame_is_read_as_it_was_written() -> None:
    (read,) = frames_in(event_stream.event("chunk", '{"text": "Größe"}'.encode()))
    assert read.headers == {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    assert json.loads(read.payload) == {"text": "Größe"}


def test_frames_follow_each_other_without_a_gap() -> None:
    first, second = event_stream.event("a", b"{}"), event_stream.exception("b", b"")
    assert [read.payload for read in frames_in(first + second)] == [b"{}", b""]


def test_a_damaged_frame_is_noticed() -> None:
    with pytest.raises(ChecksumMismatch):
        frames_in(event_stream.damaged(event_stream.event("chunk", b"{}")))


def test_a_message_is_the_one_of_the_models_vendor(sim: Mock) -> None:
    message = create(sim)
    assert (message.model, message.stop_reason) == ("claude-sonnet-4-5-20250929", "end_turn")
    assert message.content[0].text
    assert message.usage.output_tokens > 0


def test_a_stream_says_what_the_whole_message_says(sim: Mock) -> None:
    whole = create(sim, extra_headers=SAME_JOB)
    streamed = final_message(sim, extra_headers=SAME_JOB)
    assert streamed.content[0].text == whole.content[0].text
    assert streamed.usage == whole.usage


def test_the_last_event_of_a_stream_measures_it(sim: Mock) -> None:
    last = stream(sim)[-1]
    assert last.type == "message_stop"
    measured = last.model_extra["amazon-bedrock-invocationMetrics"]
    assert measured["inputTokenCount"] > 0
    assert measured["outputTokenCount"] > 0


def test_the_headers_of_a_whole_answer_measure_it(sim: Mock) -> None:
    async def ask(client: Client) -> tuple[Any, Any]:
        raw = await client.messages.with_raw_response.create(**ASKED)
        return raw.headers, await raw.parse()

    headers, message = run(sim, ask)
    assert len(headers["x-amzn-requestid"]) == 36
    assert headers["x-amzn-bedrock-input-token-count"] == str(message.usage.input_tokens)
    assert headers["x-amzn-bedrock-output-token-count"] == str(message.usage.output_tokens)
    assert int(headers["x-amzn-bedrock-invocation-latency"]) >= 0


@pytest.mark.parametrize("model", [MODEL, MODEL.removeprefix("eu."), PROFILE])
def test_a_model_is_known_by_its_profile_and_without_its_region(sim: Mock, model: str) -> None:
    assert create(sim, model=model).stop_reason == "end_turn"


def test_a_bearer_key_is_a_key(sim: Mock) -> None:
    message = run(sim, lambda client: client.messages.create(**ASKED), api_key="bearer")
    assert message.stop_reason == "end_turn"


def test_two_requests_that_one_key_signed_share_its_limits(sim: Mock) -> None:
    sim.limit(requests_per_minute=1)

    async def ask_twice(client: Client) -> None:
        await client.messages.create(**ASKED)
        await client.messages.create(**{**ASKED, "max_tokens": 10})

    with pytest.raises(anthropic.RateLimitError):
        run(sim, ask_twice)


FAULTS = [
    (400, 400, "ValidationException"),
    ("auth", 403, "UnrecognizedClientException"),
    (403, 403, "AccessDeniedException"),
    (404, 404, "ResourceNotFoundException"),
    (408, 408, "ModelTimeoutException"),
    (424, 424, "ModelErrorException"),
    (429, 429, "ThrottlingException"),
    ("quota_exhausted", 429, "ThrottlingException"),
    (500, 500, "InternalServerException"),
    (503, 503, "ServiceUnavailableException"),
    ("overloaded", 503, "ServiceUnavailableException"),
    ("content_filter", 400, "ValidationException"),
    ("context_too_long", 400, "ValidationException"),
]


@pytest.mark.parametrize(("fault", "status", "kind"), FAULTS)
def test_every_failure_has_its_status_and_class(sim: Mock, fault: int | str, status: int, kind: str) -> None:
    sim.on().do(aijobs.fail(fault))
    with pytest.raises(anthropic.APIStatusError) as caught:
        create(sim)
    assert caught.value.status_code == status
    assert caught.value.response.headers["x-amzn-errortype"] == kind


@pytest.mark.parametrize(("fault", "status", "kind"), FAULTS)
def test_boto3_raises_every_failure_by_its_class(
    sim: Mock, boto: Any, fault: int | str, status: int, kind: str
) -> None:
    sim.on().do(aijobs.fail(fault))
    with pytest.raises(ClientError) as caught:
        boto.converse(**TALK)
    error = caught.value.response
    assert (error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"]) == (status, kind)
    assert error["Error"]["Message"]
    assert error["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"model": "claude-9"}, "model identifier is invalid"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"extra_body": {"anthropic_version": None}}, "anthropic_version"),
    ],
)
def test_a_request_that_is_wrong_is_refused(sim: Mock, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(anthropic.BadRequestError, match=problem) as caught:
        create(sim, **changes)
    assert caught.value.response.headers["x-amzn-errortype"] == "ValidationException"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset", httpx2.RemoteProtocolError),
        ("malformed_event", ChecksumMismatch),
        ("error_event", anthropic.APIStatusError),
        ("stall", httpx2.ReadTimeout),
    ],
)
def test_a_stream_can_break_off(sim: Mock, kind: str, error: type[Exception]) -> None:
    sim.on().do(aijobs.fail(kind, after_tokens=10))
    with pytest.raises(error):
        stream(sim, timeout=5)


def test_a_truncated_stream_just_stops(sim: Mock) -> None:
    sim.on().do(aijobs.fail("truncate", after_tokens=10))
    assert stream(sim)[-1].type == "content_block_delta"


def test_packets_may_end_in_the_middle_of_frames(sim: Mock) -> None:
    sim.on().do(aijobs.fail("split_utf8"), aijobs.ok())
    assert final_message(sim, extra_headers=SAME_JOB).content == final_message(sim, extra_headers=SAME_JOB).content


def events_of(boto: Any, **changes: Any) -> list[dict[str, Any]]:
    return list(boto.converse_stream(**{**TALK, **changes})["stream"])


def deltas_in(events: Sequence[dict[str, Any]]) -> list[Any]:
    return [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]


def test_boto3_reads_a_conversation(sim: Mock, boto: Any) -> None:
    sim.on().do(aijobs.ok("Rivers run."))
    answered = boto.converse(**TALK)
    usage = answered["usage"]
    assert answered["output"]["message"] == {"role": "assistant", "content": [{"text": "Rivers run."}]}
    assert answered["stopReason"] == "end_turn"
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answered["metrics"]["latencyMs"] >= 0


def test_boto3_streams_a_conversation(sim: Mock, boto: Any) -> None:
    sim.on().do(aijobs.ok("Rivers run to the sea."))
    events = events_of(boto)
    names = [next(iter(event)) for event in events]
    assert names[0] == "messageStart"
    assert names[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    assert set(names[1:-3]) == {"contentBlockDelta"}
    assert "".join(delta["text"] for delta in deltas_in(events)) == "Rivers run to the sea."
    assert events[-1]["metadata"]["usage"]["outputTokens"] > 0


def test_boto3_reads_the_call_of_a_tool(boto: Any) -> None:
    answered = boto.converse(**TALK, toolConfig=TOOLS)
    (block,) = answered["output"]["message"]["content"]
    assert answered["stopReason"] == "tool_use"
    assert block["toolUse"]["name"] == "weather"
    assert isinstance(block["toolUse"]["input"]["city"], str)


def test_boto3_streams_the_call_of_a_tool(boto: Any) -> None:
    events = events_of(boto, toolConfig=TOOLS)
    (start,) = (event["contentBlockStart"] for event in events if "contentBlockStart" in event)
    assert start["start"]["toolUse"]["name"] == "weather"
    assert "city" in json.loads("".join(delta["toolUse"]["input"] for delta in deltas_in(events)))


def test_no_tool_is_called_once_one_has_answered(boto: Any) -> None:
    call = {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Bonn"}}}
    result = {"toolResult": {"toolUseId": "t1", "content": [{"json": {"sky": "rain"}}]}}
    turns = [*TALK["messages"], {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    assert boto.converse(modelId=MODEL, messages=turns, toolConfig=TOOLS)["stopReason"] == "end_turn"


def test_boto3_reads_signed_thoughts(boto: Any) -> None:
    answered = boto.converse(**TALK, additionalModelRequestFields=THINKING)
    thought, text = answered["output"]["message"]["content"]
    assert thought["reasoningContent"]["reasoningText"]["text"]
    assert thought["reasoningContent"]["reasoningText"]["signature"]
    assert text["text"]


def test_boto3_streams_signed_thoughts(boto: Any) -> None:
    deltas = deltas_in(events_of(boto, additionalModelRequestFields=THINKING))
    thoughts = [delta["reasoningContent"] for delta in deltas if "reasoningContent" in delta]
    assert thoughts[0]["text"]
    assert thoughts[-1]["signature"]
    assert deltas[-1]["text"]


def test_boto3_reads_structured_output(boto: Any) -> None:
    wanted = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(PARAMETERS)}}}
    answered = boto.converse(**TALK, outputConfig={"textFormat": wanted})
    assert "city" in json.loads(answered["output"]["message"]["content"][0]["text"])


@pytest.mark.parametrize(
    ("limits", "reason"), [({"maxTokens": 5}, "max_tokens"), ({"stopSequences": ["run"]}, "stop_sequence")]
)
def test_the_limits_of_a_conversation_hold(sim: Mock, boto: Any, limits: dict[str, Any], reason: str) -> None:
    sim.on().do(aijobs.ok("Rivers run, and run, and then run into the sea at last."))
    assert boto.converse(**TALK, inferenceConfig=limits)["stopReason"] == reason


def test_a_marked_prompt_is_written_to_the_cache_and_then_read(boto: Any) -> None:
    rules = [{"text": "Answer as a geographer would. " * 300}, {"cachePoint": {"type": "default"}}]
    first = boto.converse(**TALK, system=rules)["usage"]
    second = boto.converse(**TALK, system=rules)["usage"]
    assert first["cacheWriteInputTokens"] > 1024
    assert second["cacheReadInputTokens"] == first["cacheWriteInputTokens"]


def test_boto3_streams_a_models_own_events(boto: Any) -> None:
    asked = {"anthropic_version": "bedrock-2023-05-31", **ASKED}
    del asked["model"]
    answered = boto.invoke_model_with_response_stream(modelId=MODEL, body=json.dumps(asked))
    events = [json.loads(event["chunk"]["bytes"]) for event in answered["body"]]
    assert answered["contentType"] == "application/json"
    assert events[0]["type"] == "message_start"
    assert events[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0


@pytest.mark.parametrize(("kind", "error"), [("error_event", EventStreamError), ("malformed_event", ChecksumMismatch)])
def test_boto3_notices_a_stream_that_goes_wrong(sim: Mock, boto: Any, kind: str, error: type[Exception]) -> None:
    sim.on().do(aijobs.fail(kind, after_tokens=10))
    with pytest.raises(error):
        events_of(boto)


def test_a_stream_that_is_refused_raises_before_it_begins(sim: Mock, boto: Any) -> None:
    sim.on().do(aijobs.fail(429))
    with pytest.raises(boto.exceptions.ThrottlingException):
        boto.converse_stream(**TALK)


def test_an_error_inside_a_stream_has_its_class(sim: Mock, boto: Any) -> None:
    sim.on().do(aijobs.fail("error_event"))
    with pytest.raises(EventStreamError) as caught:
        events_of(boto)
    assert caught.value.response["Error"]["Code"] == "serviceUnavailableException"


def test_a_truncated_conversation_has_no_end(sim: Mock, boto: Any) -> None:
    sim.on().do(aijobs.fail("truncate", after_tokens=10))
    assert next(iter(events_of(boto)[-1])) == "contentBlockDelta"


def test_boto3_has_a_document_read(boto: Any) -> None:
    document = {"document": {"format": "txt", "name": "Water", "source": {"text": "water " * 1000}}}
    asked = [{"role": "user", "content": [document, {"text": "Tell me about rivers"}]}]
    answered = boto.converse(modelId=MODEL, messages=asked)
    assert answered["usage"]["inputTokens"] > 800
