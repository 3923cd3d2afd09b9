"""A run that was recorded over a socket, played back in this process and over HTTP."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import httpx2
import openai
import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.recording.exchange import Ended
from aijobs_sdk.simulation.recording.file import RecordingFile
from aijobs_sdk.simulation.recording.recorder import Recorder
from mock_server.server import running
from simulation.recording.recorded_run import (
    CHAT,
    FAR,
    SECRETS,
    STREAMED_CHAT,
    a_world,
    exchanges_in,
    in_time_of,
    living_in,
    openai_client,
    recording_to,
    seen,
    the_run,
)

# The models of our table are on their way out at their vendor, and its library says so.
pytestmark = pytest.mark.filterwarnings("ignore:The model '.*claude-:DeprecationWarning")


class Recorded(NamedTuple):
    path: Path
    seen: list[Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A run against a server on this machine, recorded."""
    path = tmp_path_factory.mktemp("recorded") / "run.jsonl"
    with running(a_world) as url, aijobs.record(path) as recorder:
        return Recorded(path, asyncio.run(the_run(recording_to(recorder), url)))


def playing(path: Path) -> Callable[[], Mock]:
    def new_world() -> Mock:
        world = Mock(virtual=False)
        world.play(path)
        return world

    return new_world


async def arrivals(client: Any, url: str, now: Callable[[], float]) -> list[tuple[float, bytes]]:
    """Return the pieces of the streamed chat, and when they came."""
    began = now()
    async with client.stream("POST", f"{url}/v1/chat/completions", json=STREAMED_CHAT) as response:
        return [(now() - began, data) async for data in response.aiter_raw() if data]


def test_the_run_has_failures_in_it(run: Recorded) -> None:
    refused, answered, truncated = run.seen[:3]
    assert refused[0] == "RateLimitError"
    assert answered[0]["choices"][0]["finish_reason"] == "stop"
    assert truncated[-1]["choices"][0]["finish_reason"] is None


def test_every_client_sees_the_same_again_in_this_process(run: Recorded) -> None:
    with aijobs.mock(replay=run.path, strict=True) as sim:
        assert in_time_of(sim, lambda: the_run(living_in(sim))) == run.seen


def test_every_client_sees_the_same_again_over_http(run: Recorded) -> None:
    with running(playing(run.path)) as url:
        assert asyncio.run(the_run(httpx2.AsyncClient, url)) == run.seen


def test_clients_on_the_older_library_see_the_same_again(run: Recorded) -> None:
    with pytest.warns(aijobs.UnusedRuleWarning), aijobs.mock(replay=run.path) as sim:
        assert in_time_of(sim, lambda: arrivals(living_in(sim, httpx)(), FAR, lambda: sim.now))


def test_pieces_come_one_by_one_at_the_seconds_at_which_they_came(run: Recorded) -> None:
    with pytest.warns(aijobs.UnusedRuleWarning), aijobs.mock(replay=run.path) as sim:
        came = in_time_of(sim, lambda: arrivals(living_in(sim)(), FAR, lambda: sim.now))
    recorded = [(chunk.at, chunk.data) for chunk in exchanges_in(run.path)[2].chunks]
    assert [data for _, data in came] == [data for _, data in recorded]
    assert [at for at, _ in came] == pytest.approx([at for at, _ in recorded], abs=1e-5)


def test_over_http_no_piece_comes_before_its_second(run: Recorded) -> None:
    async def main(url: str) -> list[tuple[float, bytes]]:
        async with httpx2.AsyncClient() as client:
            return await arrivals(client, url, time.monotonic)

    with running(playing(run.path)) as url:
        came = asyncio.run(main(url))
    recorded = exchanges_in(run.path)[2]
    assert b"".join(data for _, data in came) == recorded.body
    assert recorded.chunks[-1].at <= came[-1][0]


def test_a_stream_is_recorded_in_pieces_with_their_times(run: Recorded) -> None:
    times = [chunk.at for chunk in exchanges_in(run.path)[5].chunks]
    assert len(times) > 1
    assert times == sorted(times)
    assert times[-1] > times[0]


@pytest.mark.parametrize("secret", SECRETS)
def test_the_file_holds_neither_keys_nor_prompts(run: Recorded, secret: str) -> None:
    assert secret.encode() not in run.path.read_bytes()


def test_the_journal_shows_what_was_played(run: Recorded) -> None:
    with aijobs.mock(replay=run.path, strict=True) as sim:
        in_time_of(sim, lambda: the_run(living_in(sim)))
    told = [(call.provider, call.model, call.attempt, call.outcome) for call in sim.calls]
    assert told[:3] == [
        ("openai", "gpt-5.2", 1, "rate_limited"),
        ("openai", "gpt-5.2", 2, "ok"),
        ("openai", "gpt-5.2", 1, "stream_truncated"),
    ]
    assert told[6] == ("bedrock", "claude-sonnet-4.5", 1, "ok")


def test_the_verdict_is_on_callers_of_a_recording_too(run: Recorded) -> None:
    with aijobs.mock(replay=run.path, strict=True) as sim:
        in_time_of(sim, lambda: the_run(living_in(sim)))
    assert [one.kind for one in sim.verdict().findings] == ["retry_after_ignored", "truncated_stream_accepted"]


def test_the_journal_of_the_server_shows_what_was_played(run: Recorded) -> None:
    async def chat(url: str) -> None:
        async with openai_client(httpx2.AsyncClient, url) as client:
            with pytest.raises(openai.RateLimitError) as refused:
                await client.chat.completions.create(**CHAT)
        assert refused.value.response.headers["retry-after"] == "20"

    with running(playing(run.path)) as url:
        asyncio.run(chat(url))
        [call] = httpx.get(f"{url}/_sim/journal").json()["calls"]
    assert (call["outcome"], call["retry_after_seconds"]) == ("rate_limited", 20.0)


def test_a_reset_of_the_server_rewinds_the_recording(run: Recorded) -> None:
    body, headers = {**CHAT}, {"authorization": "Bearer any"}
    with running(playing(run.path)) as url:
        first = httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers)
        httpx.post(f"{url}/_sim/reset").raise_for_status()
        second = httpx.post(f"{url}/v1/chat/completions", json=body, headers=headers)
    assert [first.status_code, second.status_code] == [429, 429]


async def broken_chat(http: Callable[[], Any], url: str) -> Any:
    async with openai_client(http, url) as client:
        return await seen(client.chat.completions.create(**STREAMED_CHAT))


@pytest.mark.parametrize("fault", ["reset", "connect_error"])
def test_a_connection_that_broke_breaks_again_on_both_hosts(tmp_path: Path, fault: str) -> None:
    def new_world() -> Mock:
        world = Mock(7, virtual=False)
        world.on().do(aijobs.fail(fault))
        return world

    path = tmp_path / "broken.jsonl"
    with running(new_world) as url, aijobs.record(path) as recorder:
        told = asyncio.run(broken_chat(recording_to(recorder), url))
    assert told == ("APIConnectionError", "Connection error.")
    with running(playing(path)) as url:
        assert asyncio.run(broken_chat(httpx2.AsyncClient, url)) == told
    with aijobs.mock(replay=path, strict=True) as sim:
        assert in_time_of(sim, lambda: broken_chat(living_in(sim), FAR)) == told


def test_nobody_at_the_address_is_recorded_as_refused(tmp_path: Path) -> None:
    path = tmp_path / "refused.jsonl"
    with aijobs.record(path) as recorder:
        asyncio.run(broken_chat(recording_to(recorder), "http://127.0.0.1:1"))
    assert [one.ended for one in exchanges_in(path)] == [Ended.REFUSED]


def test_a_server_without_its_recording_ends_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mock_server", "--port", "0", "--replay", str(tmp_path / "gone.jsonl")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode != 0
    assert "gone.jsonl: No such file or directory." in ended.stderr


ODD = [(b"x-request-id", b"caf\xe9"), (b"x-ratelimit-limit-requests", "\u20ac".encode())]


async def ask(network: Any) -> httpx2.Response:
    async with httpx2.AsyncClient(transport=network, base_url=FAR) as client:
        return await client.post("/v1/chat/completions", json=CHAT)


def answering(**answer: Any) -> httpx2.MockTransport:
    return httpx2.MockTransport(lambda _: httpx2.Response(**answer))


def test_headers_that_are_not_in_ascii_come_through_and_come_again_byte_by_byte(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    with aijobs.record(path) as recorder:
        seen_first = asyncio.run(ask(recorder.transport(httpx2, under=answering(status_code=200, headers=ODD))))
    with aijobs.mock(replay=path, strict=True) as sim:
        seen_again = in_time_of(sim, lambda: ask(sim.transport(httpx2)))
    assert seen_first.headers.raw[:2] == seen_again.headers.raw == ODD


def test_an_answer_that_could_not_be_played_reaches_its_caller_and_is_told_at_the_end(tmp_path: Path) -> None:
    recorder = Recorder(RecordingFile(tmp_path / "odd.jsonl"))
    answer = asyncio.run(ask(recorder.transport(httpx2, under=answering(status_code=799, text="no"))))
    assert (answer.status_code, answer.text) == (799, "no")
    with pytest.raises(aijobs.ConfigurationError, match=r"1 exchanges are missing in .*: an answer had the status 799"):
        recorder.close()
