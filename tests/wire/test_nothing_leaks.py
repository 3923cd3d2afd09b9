"""Whatever happens on the wire, neither the key nor what was asked for is written down anywhere."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from traceback import TracebackException

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from pydantic import SecretStr

import aijobs_sdk as aijobs
from aijobs_sdk.backends.http.backend import HttpBackend
from aijobs_sdk.backends.http.hooks import HttpHooks
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.client.async_client import AsyncClient
from aijobs_sdk.client.client import Client
from aijobs_sdk.client.portal import Portal
from wire.exchange import problem
from wire.scripted_server import KEY, ScriptedServer
from wire.story import fails, takes
from wire.weather import lost, reset, says, status

PROMPT = "prompt-canary-9d3f"
HURRIED = HttpLimits(timeout_seconds=0.5, retry_seconds=0.5)


@dataclass
class Watched:
    """A client that soon gives up, and somebody at every place where one can listen to it."""

    client: Client
    spans: InMemorySpanExporter
    log: pytest.LogCaptureFixture
    told: list[object]
    """What hooks were told."""

    def written(self) -> str:
        return f"{self.log.text}{[span.to_json() for span in self.spans.get_finished_spans()]}{self.told}"


@pytest.fixture
def watched(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> Iterator[Watched]:
    caplog.set_level(logging.DEBUG)
    spans, told, traced = InMemorySpanExporter(), list[object](), TracerProvider()
    traced.add_span_processor(SimpleSpanProcessor(spans))
    hooks = HttpHooks((told.append,), (told.append,), (told.append,), (told.append,), tracer_provider=traced)
    backend = HttpBackend(server.url, api_key=SecretStr(KEY), user_id=None, limits=HURRIED, hooks=hooks)
    with Client(AsyncClient(backend), Portal()) as client:
        yield Watched(client, spans, caplog, told)


def a_job(server: ScriptedServer, client: Client) -> None:
    server.api.story = takes(0.2)
    job = client.submit(PROMPT, model="gpt-5.2")
    list(job.stream())
    job.wait(timeout=10)


def a_lost_reply(server: ScriptedServer, client: Client) -> None:
    server.forecast(lost, on="POST")
    client.submit(PROMPT, model="gpt-5.2")


def a_failure(server: ScriptedServer, client: Client) -> None:
    server.api.story = fails("content_filtered", "The provider refused the answer.")
    client.submit(PROMPT, model="gpt-5.2").result(timeout=10)


def a_key_that_is_refused(server: ScriptedServer, client: Client) -> None:
    server.api.key = "aij_other"
    client.submit(PROMPT, model="gpt-5.2")


def a_field_that_is_refused(server: ScriptedServer, client: Client) -> None:
    server.forecast(says(problem(422, "invalid_payload", "`payload.model` is none of ours.")))
    client.submit(PROMPT, model="gpt-5.2")


def bad_gateways(server: ScriptedServer, client: Client) -> None:
    server.forecast(*[status(502)] * 20)
    client.submit(PROMPT, model="gpt-5.2")


def broken_lines(server: ScriptedServer, client: Client) -> None:
    server.forecast(*[reset] * 20)
    client.submit(PROMPT, model="gpt-5.2")


def an_error_of(act: Callable[[ScriptedServer, Client], None], server: ScriptedServer, client: Client) -> Exception:
    with pytest.raises(aijobs.AIJobsError) as raised:
        act(server, client)
    return raised.value


GOING_WELL = [a_job, a_lost_reply]
GOING_WRONG = [a_failure, a_key_that_is_refused, a_field_that_is_refused, bad_gateways, broken_lines]
wrong = pytest.mark.parametrize("act", GOING_WRONG, ids=lambda act: act.__name__)


@pytest.mark.parametrize("act", GOING_WELL, ids=lambda act: act.__name__)
def test_what_goes_well_is_written_down_without_key_or_prompt(
    server: ScriptedServer, watched: Watched, act: Callable[[ScriptedServer, Client], None]
) -> None:
    act(server, watched.client)
    assert "POST /api/jobs" in watched.log.text
    assert watched.told
    assert KEY not in watched.written()
    assert PROMPT not in watched.written()


@wrong
def test_what_goes_wrong_is_written_down_without_key_or_prompt(
    server: ScriptedServer, watched: Watched, act: Callable[[ScriptedServer, Client], None]
) -> None:
    error = an_error_of(act, server, watched.client)
    written = f"{watched.written()}{error}{error!r}"
    assert KEY not in written
    assert PROMPT not in written


@wrong
def test_a_traceback_with_locals_holds_no_key(
    server: ScriptedServer, watched: Watched, act: Callable[[ScriptedServer, Client], None]
) -> None:
    error = an_error_of(act, server, watched.client)
    shown = "".join(TracebackException.from_exception(error, capture_locals=True).format())
    assert "server = " in shown
    assert KEY not in shown


def test_one_span_tells_of_each_call_and_its_attempts(server: ScriptedServer, watched: Watched) -> None:
    server.forecast(status(502), on="POST /api/jobs")
    watched.client.submit(PROMPT, model="gpt-5.2")
    [submit] = watched.spans.get_finished_spans()
    assert submit.kind is SpanKind.CLIENT
    assert (submit.attributes or {})["http.request.resend_count"] == 1


def test_nothing_of_ours_shows_its_key(server: ScriptedServer) -> None:
    with aijobs.Client(server.url, api_key=KEY) as client:
        job = client.submit("hi", model="gpt-5.2")
        backend = HttpBackend(server.url, api_key=SecretStr(KEY), user_id=None)
        assert KEY not in f"{client!r}{job!r}{backend!r}{vars(client)}{vars(backend)}"


def test_nothing_that_travels_holds_the_key(server: ScriptedServer, client: aijobs.Client) -> None:
    job = client.submit("hi", model="gpt-5.2")
    error = an_error_of(a_failure, server, client)
    assert KEY.encode() not in b"".join(pickle.dumps(one) for one in (client, job, error))


def test_a_key_that_breaks_its_header_is_refused_unshown(server: ScriptedServer) -> None:
    with pytest.raises(aijobs.AIJobsError) as refused:
        aijobs.Client(server.url, api_key=f"{KEY}\r\nX-Other: 1").health()
    assert KEY not in f"{refused.value}{refused.value!r}"
    assert server.journal == []


@pytest.mark.parametrize("kind", [aijobs.Client, aijobs.AsyncClient])
def test_a_key_of_the_environment_that_breaks_its_header_is_in_no_traceback(
    monkeypatch: pytest.MonkeyPatch, kind: type[aijobs.Client | aijobs.AsyncClient]
) -> None:
    monkeypatch.setenv("AIJOBS_API_KEY", f"{KEY} and a blank")
    with pytest.raises(aijobs.ConfigurationError) as refused:
        kind("http://jobs.test")
    shown = "".join(TracebackException.from_exception(refused.value, capture_locals=True).format())
    assert "api_key = " in shown
    assert KEY not in shown
