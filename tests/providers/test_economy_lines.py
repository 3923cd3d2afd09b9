"""What leaves for a vendor's batch, and what comes back of it that is odd: with vendors that say what a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import pytest

from aijobs_sdk.contract.economy import BatchAnswer, BatchOutcome, BatchProvider, RemoteBatch, RemoteState
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.providers.credentials import Credentials
from aijobs_sdk.providers.economy_rows import custom_id, mark_of
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.network import Network
from aijobs_sdk.providers.registry import open_providers

T = TypeVar("T")
MODELS = {"openai": "gpt-5.2", "anthropic": "claude-sonnet-4.5"}
MARK = mark_of("one")
GOLDEN = [
    path
    for path in sorted((Path(__file__).parent / "golden").glob("*.json"))
    if path.stem.startswith(tuple(MODELS)) and "picture" not in path.stem
]


class Vendor:
    """A vendor whose one batch is over, with these files of results."""

    def __init__(self, name: str, *, answers: bytes = b"", errors: bytes | None = None) -> None:
        self.name = name
        self.sent: list[httpx2.Request] = []
        self._answers, self._errors = answers, errors

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Return what it says."""
        self.sent.append(request)
        match request.url.path.rsplit("/", 1)[-1]:
            case "files":
                return httpx2.Response(200, json={"id": "file-in"})
            case "content" | "results":
                return httpx2.Response(200, content=self._errors if "errors" in request.url.path else self._answers)
            case _:
                return httpx2.Response(200, json=self._openais() if self.name == "openai" else _ANTHROPICS)

    def run(self, play: Callable[[BatchProvider], Awaitable[T]]) -> T:
        """Return what comes of asking it."""

        async def main() -> T:
            network = Network(open_transport=lambda: httpx2.MockTransport(self.answer))
            provider = open_providers(Credentials.made_up(), network).ready[self.name]
            assert isinstance(provider, BatchProvider)
            try:
                return await play(provider)
            finally:
                await provider.aclose()

        return asyncio.run(main())

    def results(self, *numbers: int) -> Mapping[int, BatchOutcome]:
        """Return what became of these requests, by their numbers."""

        async def play(provider: BatchProvider) -> Mapping[int, BatchOutcome]:
            asked = {UUID(int=number): a_request(self.name, number) for number in numbers}
            batch = RemoteBatch(
                provider=self.name, id="batch_1", state=RemoteState.ENDED, total=1, created_at=datetime.now(UTC)
            )
            async with aclosing(provider.batch_results(batch, asked)) as rows:
                return {row.job_id.int: row.outcome async for row in rows}

        return self.run(play)

    def _openais(self) -> Mapping[str, object]:
        files = {"output_file_id": "answers", "error_file_id": None if self._errors is None else "errors"}
        return {"id": "batch_1", "status": "completed", "created_at": 1_790_000_000, **files}


_ANTHROPICS = {"id": "batch_1", "processing_status": "ended", "created_at": "2026-11-26T00:00:00Z"}


def a_request(provider: str, number: int, *, model: str | None = None, **changes: object) -> GenerationRequest:
    asked_of = ModelTable.load().get(model or MODELS[provider]).via(provider)
    asked = {
        "model": asked_of.name,
        "model_id": asked_of.route.model_id,
        "endpoint": asked_of.route.endpoint,
        "prompt": "Write a haiku about rivers",
        "tenant_id": UUID(int=1),
        "job_id": UUID(int=number),
        "attempt": 1,
        "idempotency_token": "step",
        "draw_key": "job",
    }
    return GenerationRequest.model_validate(asked | changes)


def name_of(number: int) -> str:
    return custom_id(UUID(int=number), MARK)


def openais(number: int, text: str, *, status: int = 200) -> bytes:
    """Return a line of OpenAI's results."""
    said = [{"type": "message", "content": [{"type": "output_text", "text": text}]}]
    usage = {"input_tokens": 3, "output_tokens": 2}
    body = {"id": "resp_1", "model": "gpt-5.2", "status": "completed", "output": said, "usage": usage}
    line = {"custom_id": name_of(number), "response": {"status_code": status, "body": body}, "error": None}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def anthropics(number: int, text: str) -> bytes:
    """Return a line of Anthropic's results."""
    usage = {"input_tokens": 3, "output_tokens": 2}
    message = {
        "id": "msg_1",
        "model": "claude",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": usage,
    }
    line = {"custom_id": name_of(number), "result": {"type": "succeeded", "message": message}}
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


LINES: Mapping[str, Callable[[int, str], bytes]] = {"openai": openais, "anthropic": anthropics}


@pytest.fixture(params=LINES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def sent_as_batch(provider: str, requests: Sequence[GenerationRequest]) -> list[Any]:
    """Return the requests of a batch as they leave."""
    vendor = Vendor(provider)
    vendor.run(lambda to: to.submit_batch(requests, token="one"))
    if provider == "anthropic":
        return list(json.loads(vendor.sent[0].content)["requests"])
    _, head, rest = vendor.sent[0].content.partition(b'{"custom_id"')
    lines = (head + rest).split(b"\r\n--")[0].splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_batch_asks_what_a_single_call_asks(path: Path) -> None:
    golden = json.loads(path.read_text("utf-8"))
    request = a_request(golden["provider"], 7, model=golden["model"], **golden["ask"])
    [line] = sent_as_batch(golden["provider"], [request])

    body = {field: value for field, value in golden["body"].items() if field not in {"stream", "stream_options"}}
    assert line.pop("custom_id") == name_of(7)
    expected = {"method": "POST", "url": "/v1/responses", "body": body}
    assert line == (expected if golden["provider"] == "openai" else {"params": body})


def test_openais_batch_is_made_of_the_file_and_carries_its_mark() -> None:
    vendor = Vendor("openai")
    vendor.run(lambda to: to.submit_batch([a_request("openai", 1)], token="one"))

    upload, create = vendor.sent
    assert str(upload.url) == "https://eu.api.openai.com/v1/files"
    assert json.loads(create.content) == {
        "input_file_id": "file-in",
        "endpoint": "/v1/responses",
        "completion_window": "24h",
        "metadata": {"aijobs_batch": MARK},
    }


def test_no_more_is_sent_than_was_counted(name: str) -> None:
    requests = [a_request(name, number, prompt="Ünï ☂ " * number) for number in range(1, 30)]
    vendor = Vendor(name)

    async def count_and_send(to: BatchProvider) -> int:
        await to.submit_batch(requests, token="one")
        return sum([await to.batch_bytes(request) for request in requests])

    counted = vendor.run(count_and_send)
    assert counted - 100 < len(vendor.sent[0].content) < counted + 1_000


def test_a_text_may_hold_the_ends_of_lines_of_other_worlds(name: str) -> None:
    text = "one\u2028two\x85three\x0bfour"
    outcome = Vendor(name, answers=LINES[name](1, text)).results(1)[1]

    assert isinstance(outcome, BatchAnswer)
    assert outcome.text == text


@pytest.mark.parametrize("cut", [60, 90, -3])
def test_a_line_that_cannot_be_read_is_an_error_of_its_request_alone(name: str, cut: int) -> None:
    broken = LINES[name](1, "lost").strip()[:cut]
    outcomes = Vendor(name, answers=broken + b"\n" + LINES[name](2, "good")).results(1, 2)

    assert isinstance(outcomes[1], ProviderError)
    assert outcomes[1].code in {"invalid_response", "batch_result_missing"}
    assert isinstance(outcomes[2], BatchAnswer)


def test_an_answer_that_was_not_asked_for_is_left_out_with_a_warning(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    lines = LINES[name](1, "mine") + LINES[name](9, "a secret") + LINES[name](1, "again") + b'{"custom_id": "x"}\n'
    outcomes = Vendor(name, answers=lines).results(1)

    assert isinstance(outcomes[1], BatchAnswer)
    assert (list(outcomes), outcomes[1].text) == ([1], "mine")
    assert len(caplog.messages) == 3
    assert "a secret" not in caplog.text


def test_a_request_without_a_result_is_missing(name: str) -> None:
    missing = Vendor(name).results(1)[1]

    assert isinstance(missing, ProviderError)
    assert (missing.code, missing.retryable) == ("batch_result_missing", True)


def test_both_of_openais_files_are_read() -> None:
    error = {"custom_id": name_of(2), "response": None, "error": {"code": "batch_expired", "message": "late"}}
    vendor = Vendor("openai", answers=openais(1, "good"), errors=json.dumps(error).encode())
    outcomes = vendor.results(1, 2)

    assert isinstance(outcomes[1], BatchAnswer)
    assert isinstance(outcomes[2], ProviderError)
    assert outcomes[2].code == "batch_expired"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("overloaded_error", "provider_unavailable"),
        ("rate_limit_error", "rate_limited"),
        ("invalid_request_error", "bad_request"),
        ("a new one", "provider_unavailable"),
    ],
)
def test_anthropics_errors_mean_what_they_mean_outside_of_batches(kind: str, code: str) -> None:
    error = {"type": "error", "error": {"type": kind, "message": "your prompt was: secret"}}
    line = {"custom_id": name_of(1), "result": {"type": "errored", "error": error}}
    outcome = Vendor("anthropic", answers=json.dumps(line).encode()).results(1)[1]

    assert isinstance(outcome, ProviderError)
    assert outcome.code == code
    assert "secret" not in outcome.message
