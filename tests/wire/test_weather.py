"""A wait is ended by the job or by its deadline, never by the weather."""

from __future__ import annotations

import itertools
import time

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.client.client import Client
from wire.exchange import Frame, problem
from wire.scripted_server import ScriptedServer
from wire.story import DONE, Story, hears_of, is_for_a_while, of_eight_events, takes
from wire.weather import Weather, away, cut_after, garbled, reset, says, silence, status, with_stray

STRAY = Frame("lottery", '{"numbers": [4, 8, 15]}')
A_DAY = status(429, retry_after=86400)
WEATHERS: dict[str, tuple[Weather, ...]] = {
    "502": (status(502), status(502)),
    "503": (status(503), status(503)),
    "reset": (reset, reset),
    "silence": (silence, silence),
    "cut": (cut_after(0), cut_after(1)),
    "garbled": (garbled(2), garbled(3)),
    "a stray frame": (with_stray(STRAY), with_stray(STRAY)),
    "everything": (status(502), reset, silence, status(429, retry_after=1), garbled(2), with_stray(STRAY), away(1)),
}


@pytest.mark.parametrize("weathers", WEATHERS.values(), ids=WEATHERS.keys())
def test_a_wait_survives(server: ScriptedServer, impatient: Client, weathers: tuple[Weather, ...]) -> None:
    server.api.story = of_eight_events(every=0.1)
    job = impatient.submit(type="test_job")
    server.forecast(*weathers)
    assert job.result(timeout=30) == DONE


@pytest.mark.parametrize("weathers", WEATHERS.values(), ids=WEATHERS.keys())
def test_a_stream_survives(server: ScriptedServer, impatient: Client, weathers: tuple[Weather, ...]) -> None:
    server.api.story = of_eight_events(every=0.1)
    job = impatient.submit(type="test_job")
    server.forecast(*weathers, on=f"GET /api/jobs/{job.id}/events")
    assert [event.seq for event in job.stream()] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_submit_survives_bad_gateways_and_broken_lines(server: ScriptedServer, impatient: Client) -> None:
    server.forecast(status(502), reset, silence, status(503, retry_after=0))
    job = impatient.submit(type="test_job")
    assert list(server.api.jobs) == [job.id]


def test_a_wait_survives_an_outage(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = takes(1)
    job = client.submit(type="test_job")
    server.forecast(away(3))
    assert job.result(timeout=30) == DONE


def test_a_submit_survives_an_outage(server: ScriptedServer, client: aijobs.Client) -> None:
    server.forecast(away(3))
    assert client.submit(type="test_job").result(timeout=30) == DONE


def test_a_wait_that_is_told_when_to_come_back_comes_then(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = takes(2)
    job = client.submit(type="test_job")
    server.forecast(status(429, retry_after=1))
    job.wait(timeout=10)
    _, refused, again, *_ = server.journal
    assert 1.0 <= again.at - refused.at <= 1.5


def test_a_submit_that_is_told_when_to_come_back_comes_then(server: ScriptedServer, client: aijobs.Client) -> None:
    server.forecast(status(429, retry_after=1))
    client.submit(type="test_job")
    refused, again = server.journal
    assert 1.0 <= again.at - refused.at <= 1.5


def test_nobody_sleeps_past_the_deadline_of_a_wait(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = takes(2)
    job = client.submit(type="test_job")
    server.forecast_forever(itertools.repeat(A_DAY))
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        job.wait(timeout=1)
    assert 0.9 <= time.monotonic() - began <= 1.5


def test_a_submit_that_is_to_come_back_tomorrow_says_so_at_once(server: ScriptedServer, client: aijobs.Client) -> None:
    refusal = problem(429, "rate_limited", "Too many jobs in a short time.", retry_after=86400)
    server.forecast_forever(itertools.repeat(says(refusal)))
    began = time.monotonic()
    with pytest.raises(aijobs.RateLimitedError) as refused:
        client.submit(type="test_job")
    assert refused.value.retry_after_seconds == 86400
    assert time.monotonic() - began <= 2


def test_a_refusal_that_does_not_say_when_to_come_back_is_one_all_the_same(
    server: ScriptedServer, client: aijobs.Client
) -> None:
    server.forecast(says(problem(429, "rate_limited", "Too many jobs in a short time.")))
    with pytest.raises(aijobs.RateLimitedError):
        client.submit(type="test_job")


def test_a_lookup_that_is_refused_without_a_time_is_made_again(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = takes(2)
    job = client.submit(type="test_job")
    server.forecast(says(problem(429, "rate_limited", "Too many requests in a short time.")))
    assert job.wait(timeout=10).is_final


@pytest.mark.parametrize("story", [hears_of("lottery"), is_for_a_while("hibernating")], ids=["event", "status"])
def test_what_a_newer_server_says_disturbs_nobody(server: ScriptedServer, client: aijobs.Client, story: Story) -> None:
    server.api.story = story
    job = client.submit(type="test_job")
    assert [event.seq for event in job.stream()] == [1, 2, 3, 4]
    assert job.result(timeout=10) == DONE


def test_a_status_of_a_newer_server_is_waited_out(server: ScriptedServer, client: aijobs.Client) -> None:
    job = client.job(server.api.add(is_for_a_while("hibernating")).id)
    assert not job.done()
    assert job.result(timeout=10) == DONE


def test_fields_of_a_newer_server_are_passed_over(server: ScriptedServer, client: aijobs.Client) -> None:
    scripted = server.api.add(takes(0.2))
    scripted.of_a_newer_version = {"mood": "sunny"}
    job = client.job(scripted.id)
    assert [event.kind for event in job.stream()] == ["accepted", "started", "completed"]
    assert job.result(timeout=10) == DONE
