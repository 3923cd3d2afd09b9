"""Hooks and spans tell of every call, in facts without secrets."""

from __future__ import annotations

import httpx
import pytest
import respx
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.backends.http.hooks import HttpHooks, RequestSent, ResponseReceived, RetryPlanned
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import JobQuery, JobRequest
from backends.http.wire_words import JOB, event, problem, record, stream

pytestmark = pytest.mark.anyio

WRITE = JobRequest(type="ai_generation", payload={"prompt": "prompt-canary", "model": "gpt-5.2"})


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def told() -> list[object]:
    return []


@pytest.fixture
def backend(server: respx.Router, spans: InMemorySpanExporter, told: list[object]) -> HttpBackend:
    traced = TracerProvider()
    traced.add_span_processor(SimpleSpanProcessor(spans))
    hear = (told.append,)
    return HttpBackend(
        "http://jobs.test",
        hooks=HttpHooks(request=hear, response=hear, retry=hear, event=hear, tracer_provider=traced),
        chance=lambda: 0.5,
        open_transport=lambda: httpx.MockTransport(server.async_handler),
    )


async def test_hooks_are_told_of_attempts_answers_and_retries(
    server: respx.Router, backend: HttpBackend, told: list[object]
) -> None:
    answer = httpx.Response(200, json={"jobs": []}, headers={"x-request-id": "r1"})
    server.get("/api/jobs").mock(side_effect=[httpx.ConnectError("refused"), answer])
    await backend.list_jobs(JobQuery(type="secret-type"))
    assert told == [
        RequestSent("GET", "/api/jobs", None, 1),
        RetryPlanned("GET", "/api/jobs", None, 1, "no connection could be made", 0.125),
        RequestSent("GET", "/api/jobs", None, 2),
        ResponseReceived("GET", "/api/jobs", None, 2, 200, 0.0, "r1"),
    ]


async def test_hooks_are_told_of_streams_and_their_events(
    server: respx.Router, backend: HttpBackend, told: list[object]
) -> None:
    server.get(f"/api/jobs/{JOB}/events").mock(return_value=stream(event(1), event(2, "completed")))
    events = [one async for one in backend.events(JOB)]
    path = "/api/jobs/{}/events"
    assert told == [RequestSent("GET", path, JOB, 1), ResponseReceived("GET", path, JOB, 1, 200, 0.0, None), *events]


async def test_a_span_is_one_call_with_all_its_attempts(
    server: respx.Router, backend: HttpBackend, spans: InMemorySpanExporter
) -> None:
    server.post("/api/jobs").mock(side_effect=[httpx.Response(502), httpx.Response(201, json=record())])
    await backend.submit([WRITE])
    [span] = spans.get_finished_spans()
    assert (span.name, span.kind) == ("POST /api/jobs", SpanKind.CLIENT)
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "url.template": "/api/jobs",
        "server.address": "jobs.test",
        "gen_ai.request.model": "gpt-5.2",
        "http.response.status_code": 201,
        "http.request.resend_count": 1,
    }


async def test_a_span_of_a_refusal_names_its_code_and_not_its_text(
    server: respx.Router, backend: HttpBackend, spans: InMemorySpanExporter
) -> None:
    server.post("/api/jobs").mock(return_value=problem(422, "unknown_model"))
    with pytest.raises(InvalidRequestError):
        await backend.submit([WRITE])
    [span] = spans.get_finished_spans()
    assert (span.attributes or {})["error.type"] == "unknown_model"
    assert (span.status.status_code, span.status.description, span.events) == (StatusCode.ERROR, None, ())
