"""A stream that breaks off goes on where it was: every event once, in order, and the last one always."""

from __future__ import annotations

import itertools
import pickle

import pytest

import aijobs_sdk as aijobs
from wire.programs import run
from wire.scripted_server import ScriptedServer
from wire.story import DONE, of_eight_events
from wire.weather import Weather, cut_after, ends_after, trickling


def cursors(server: ScriptedServer) -> list[str | None]:
    """Return where each stream was asked to go on."""
    return [one.headers.get("last-event-id") for one in server.journal if one.line.endswith("/events")]


@pytest.mark.parametrize("weather", [cut_after(2), ends_after(2)], ids=["cut", "ended"])
def test_a_stream_goes_on_after_the_last_event_that_came(
    server: ScriptedServer, client: aijobs.Client, weather: Weather
) -> None:
    job = client.job(server.api.add(of_eight_events()).id)
    server.forecast_forever(itertools.repeat(weather), on=f"GET /api/jobs/{job.id}/events")
    assert [event.seq for event in job.stream()] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert cursors(server) == [None, "2", "4", "6"]
    assert job.result() == DONE


def test_a_stream_from_the_middle_that_is_cut_repeats_nothing(server: ScriptedServer, client: aijobs.Client) -> None:
    job = client.job(server.api.add(of_eight_events()).id)
    server.forecast(cut_after(1), cut_after(1), on=f"GET /api/jobs/{job.id}/events")
    assert [event.seq for event in job.stream(after=3)] == [4, 5, 6, 7, 8]


def test_a_stream_that_trickles_is_read_like_any_other(server: ScriptedServer, client: aijobs.Client) -> None:
    job = client.job(server.api.add(of_eight_events()).id)
    server.forecast(trickling, on=f"GET /api/jobs/{job.id}/events")
    assert [event.seq for event in job.stream()] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert cursors(server) == [None]


def test_a_pickled_handle_goes_on_in_another_process(server: ScriptedServer, client: aijobs.Client) -> None:
    server.api.story = of_eight_events(every=0.1)
    job = client.submit(type="test_job")
    seen = [event.seq for event in itertools.islice(job.stream(), 4)]
    server.forecast(cut_after(2), on=f"GET /api/jobs/{job.id}/events")
    there = """
        import pickle, sys
        job = pickle.load(sys.stdin.buffer)
        print(*(event.seq for event in job.stream(after=4)), job.result().echo)
    """
    assert (seen, run(there, server, stdin=pickle.dumps(job))) == ([1, 2, 3, 4], ("5 6 7 8 done\n", ""))


def test_what_was_trimmed_is_passed_over(server: ScriptedServer, client: aijobs.Client) -> None:
    scripted = server.api.add(of_eight_events())
    scripted.trimmed = 5
    job = client.job(scripted.id)
    assert [event.seq for event in job.stream()] == [6, 7, 8]
    assert job.result() == DONE


def test_what_was_trimmed_while_a_stream_was_cut_is_passed_over(server: ScriptedServer, client: aijobs.Client) -> None:
    scripted = server.api.add(of_eight_events(every=0.2))
    job = client.job(scripted.id)
    server.forecast(cut_after(2), on=f"GET /api/jobs/{job.id}/events")
    events = job.stream()
    seen = [next(events).seq, next(events).seq]
    scripted.trimmed = 4
    assert seen + [event.seq for event in events] == [1, 2, 5, 6, 7, 8]


def test_a_log_that_is_gone_altogether_ends_the_stream(server: ScriptedServer, client: aijobs.Client) -> None:
    scripted = server.api.add(of_eight_events())
    scripted.trimmed = 8
    job = client.job(scripted.id)
    assert list(job.stream()) == []
    assert job.result(timeout=5) == DONE
