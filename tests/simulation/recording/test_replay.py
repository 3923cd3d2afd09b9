"""Which recorded answer is played when, what else ends an exchange, and what was never recorded."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from google.genai import errors

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.recording.exchange import Ended
from simulation.recording.recorded_run import (
    BEDROCK_SONNET,
    CHAT,
    MESSAGE,
    SONNET,
    bedrock_client,
    exchanges_in,
    google_client,
    in_time_of,
    living_in,
    openai_client,
    played_from,
    recorded_in,
    recording_in,
)

# The models of our table are on their way out at their vendor, and its library says so.
pytestmark = pytest.mark.filterwarnings("ignore:The model '.*claude-:DeprecationWarning")
OTHER: dict[str, Any] = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "Another thing"}]}
Network = Callable[[], Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


@pytest.fixture
def world() -> Mock:
    return Mock(7, "typical", virtual=True)


async def chat(http: Network, asked: Any = CHAT) -> str:
    return str((await openai_client(http).chat.completions.create(**asked)).choices[0].message.content)


async def two_chats(http: Network) -> list[str]:
    return [await chat(http), await chat(http)]


async def streamed(http: Network) -> tuple[str, list[float]]:
    """Return how a stream of chat ended, with the instants of its start, its events and its end."""
    now = asyncio.get_running_loop().time
    times = [now()]
    try:
        async for _ in await openai_client(http, timeout=30).chat.completions.create(**CHAT, stream=True):
            times.append(now())  # noqa: PERF401 - what came before a failure is to stay
    except (openai.APIError, ValueError) as error:
        return type(error).__name__, [*times, now()]
    return "ended", [*times, now()]


async def left_early(http: Network) -> int:
    stream = await openai_client(http).chat.completions.create(**CHAT, stream=True)
    async with stream:
        await anext(stream)
        await anext(stream)
    return 2


def nothing_recorded(path: Path) -> Path:
    aijobs.record(path).__enter__().close()
    return path


@pytest.mark.parametrize(
    "fault", ["truncate", "reset", "stall", "timeout", "connect_error", "error_event", "malformed_event", 503]
)
def test_a_failure_is_played_as_and_when_it_was(path: Path, world: Mock, fault: int | str) -> None:
    world.on().do(aijobs.fail(fault))
    ended, times = recorded_in(world, path, streamed)
    again, times_again = played_from(path, streamed)
    assert again == ended
    assert times_again == pytest.approx(times, abs=1e-3)


def test_a_recorder_holds_nothing_back(path: Path) -> None:
    plain = Mock(7, "typical", virtual=True)
    ended, times = in_time_of(plain, lambda: streamed(living_in(plain)))
    recorded, recorded_times = recorded_in(Mock(7, "typical", virtual=True), path, streamed)
    assert recorded == ended
    assert recorded_times == pytest.approx(times, abs=1e-5)  # instants are whole microseconds


def test_the_nth_equal_request_gets_the_nth_answer_and_later_ones_the_last(path: Path, world: Mock) -> None:
    world.on().do(aijobs.ok("First"))
    recorded_in(world, path, chat)
    world.on().do(aijobs.ok("Second"))
    recorded_in(world, path, chat)

    async def four(http: Network) -> list[str]:
        return [*await two_chats(http), *await two_chats(http)]

    assert played_from(path, four) == ["First", "Second", "Second", "Second"]


def test_equal_requests_are_told_by_when_they_began_not_by_when_they_ended(path: Path, world: Mock) -> None:
    async def overlapping(http: Network) -> list[str]:
        first = asyncio.create_task(chat(http))
        await asyncio.sleep(1)
        world.on().do(aijobs.ok("Short"))
        return [await chat(http), await first]

    world.on().do(aijobs.ok("Long " * 2000))
    short, long = recorded_in(world, path, overlapping)
    assert [one.ended_at < 10 for one in exchanges_in(path)] == [False, True]
    assert played_from(path, two_chats) == [long, short]


def test_the_same_request_to_two_hosts_is_two(path: Path, world: Mock) -> None:
    async def ask(http: Network, *hosts: str) -> list[str]:
        clients = [openai_client(http, f"https://{host}.example") for host in hosts]
        return [(await one.chat.completions.create(**CHAT)).id for one in clients]

    london, paris = recorded_in(world, path, lambda http: ask(http, "london", "paris"))
    assert london != paris
    assert played_from(path, lambda http: ask(http, "paris", "london")) == [paris, london]


def test_what_is_asked_last_alone_does_not_tell_requests_apart(path: Path, world: Mock) -> None:
    last = CHAT["messages"][0]
    longer = {"model": "gpt-5.2", "messages": [{"role": "assistant", "content": "Yes?"}, last]}

    async def both(http: Network) -> list[str]:
        return [await chat(http, longer), await chat(http)]

    told = recorded_in(world, path, both)
    assert len(set(told)) == 2
    assert played_from(path, both) == told


def test_who_leaves_early_is_recorded_so_and_whoever_stays_sees_the_stream_break(path: Path, world: Mock) -> None:
    world.on().do(aijobs.ok(tokens=500))
    recorded_in(world, path, left_early)
    assert [one.ended for one in exchanges_in(path)] == [Ended.LEFT]
    assert played_from(path, left_early) == 2
    assert played_from(path, streamed)[0] == "APIConnectionError"


def test_what_is_under_way_when_the_block_ends_is_kept(path: Path, world: Mock) -> None:
    async def hang(http: Network) -> list[Any]:
        return [await openai_client(http).chat.completions.create(**CHAT, stream=True)]

    with aijobs.record(path) as recorder:
        _ = in_time_of(world, lambda: hang(recording_in(world, recorder)))
    assert [(one.ended, one.status) for one in exchanges_in(path)] == [(Ended.LEFT, 200)]


def test_a_call_that_is_cancelled_before_its_answer_is_recorded_so(path: Path, world: Mock) -> None:
    async def give_up(http: Network) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(chat(http), 0.1)

    world.on().do(aijobs.fail("timeout"))
    recorded_in(world, path, give_up)
    assert [(one.ended, one.status, one.ended_at) for one in exchanges_in(path)] == [(Ended.LEFT, None, 0.1)]


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_a_packed_body_is_recorded_unpacked(path: Path, library: Any) -> None:
    packed = library.ByteStream(gzip.compress(b"[1]"))
    under = library.MockTransport(lambda _: library.Response(200, headers={"content-encoding": "gzip"}, stream=packed))

    async def get() -> Any:
        with aijobs.record(path) as recorder:
            client = library.AsyncClient(transport=recorder.transport(library, under=under))
            return await client.get("https://x.example/v1")

    assert asyncio.run(get()).json() == [1]
    [recorded] = exchanges_in(path)
    assert (recorded.body, recorded.headers) == (b"[1]", {})


@pytest.mark.parametrize("content", [b"", b"\xff\x00\xfe", "Grüße".encode()[:3]])
def test_any_body_can_be_read_again(path: Path, content: bytes) -> None:
    async def get(http: Network) -> bytes:
        return bytes((await http().get("https://x.example/v1/files/1/content")).content)

    with aijobs.record(path) as recorder:
        under = httpx2.MockTransport(lambda _: httpx2.Response(200, content=content))
        asyncio.run(get(lambda: httpx2.AsyncClient(transport=recorder.transport(httpx2, under=under))))
    assert played_from(path, get) == content


async def ask_anthropic(http: Network) -> Any:
    client = anthropic.AsyncAnthropic(api_key="sk-any", max_retries=0, http_client=http())
    return await client.messages.create(model=SONNET, **MESSAGE)


async def ask_bedrock(http: Network) -> Any:
    return await bedrock_client(http).messages.create(model=BEDROCK_SONNET, **MESSAGE)


async def ask_google(http: Network) -> Any:
    return await google_client(http).generate_content(model="gemini-3-flash-preview", contents="Hello")


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (chat, openai.NotFoundError),
        (ask_anthropic, anthropic.NotFoundError),
        (ask_bedrock, anthropic.NotFoundError),
        (ask_google, errors.ClientError),
    ],
)
def test_what_was_never_recorded_is_refused_in_its_vendors_words(
    path: Path, ask: Callable[[Network], Awaitable[Any]], error: type[Exception]
) -> None:
    with pytest.raises(error, match=r"run\.jsonl holds no answer to POST"):
        played_from(nothing_recorded(path), ask)


def test_the_refusal_names_the_nearest(path: Path, world: Mock) -> None:
    recorded_in(world, path, chat)
    with pytest.raises(openai.NotFoundError) as refused:
        played_from(path, streamed_answer)
    assert refused.value.code == "no_recording"
    assert "no answer to POST /v1/chat/completions (gpt-5.2, streamed)" in refused.value.message
    assert "nearest it holds is to POST /v1/chat/completions (gpt-5.2)." in refused.value.message


async def streamed_answer(http: Network) -> Any:
    return await openai_client(http).chat.completions.create(**CHAT, stream=True)


def test_the_refusal_says_when_only_the_body_differs(path: Path, world: Mock) -> None:
    recorded_in(world, path, chat)
    with pytest.raises(openai.NotFoundError, match="such a request with another body"):
        played_from(path, lambda http: chat(http, OTHER))


def test_a_path_that_no_vendor_has_is_refused_too(path: Path) -> None:
    with aijobs.mock(replay=nothing_recorded(path)) as sim:
        answer = in_time_of(sim, lambda: living_in(sim)().get("https://x.example/v2/strange"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_recording")


def test_what_was_never_recorded_may_be_simulated(path: Path, world: Mock) -> None:
    recorded_in(world, path, chat)
    with aijobs.mock(replay=path, replay_missing="simulate", strict=True) as sim:
        sim.on(prompt="Another*").do(aijobs.ok("Simulated"))
        answers = in_time_of(sim, lambda: asyncio.wait_for(chat(living_in(sim), OTHER), 60))
        in_time_of(sim, lambda: chat(living_in(sim)))
    assert answers == "Simulated"


def test_a_recording_that_nobody_asked_for_is_told(path: Path, world: Mock) -> None:
    recorded_in(world, path, two_chats)
    with pytest.warns(aijobs.UnusedRuleWarning, match=r"chat/completions \(gpt-5\.2\), 1 of 2"):  # noqa: SIM117
        with aijobs.mock(replay=path) as sim:
            in_time_of(sim, lambda: chat(living_in(sim)))


def test_a_strict_world_fails_for_a_recording_that_nobody_asked_for(path: Path, world: Mock) -> None:
    recorded_in(world, path, chat)
    with pytest.raises(AssertionError, match="No request came for these recordings"):
        played_from(path, lambda _: asyncio.sleep(0))
