"""Models that answer only so many calls at a time, and are slower the more there are."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from itertools import accumulate
from typing import Any

import httpx2
import openai
import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.journal import Call
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.plan import Plan
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.virtual_time import VirtualClock
from mock_server.app import MockApp
from simulation.worlds import a_request, run_virtual

NAMES = ("one", "two", "three", "four", "five")
RIVERS: list[Any] = [{"role": "user", "content": "Tell me about rivers"}]


def a_world(max_concurrency: int, load_factor: float = 1.0) -> Simulation:
    sim = Simulation(7)
    sim.capacity(model="gpt-*", max_concurrency=max_concurrency, load_factor=load_factor)
    return sim


def begin(sim: Simulation, name: str, at_seconds: float = 0.0, *, provider: str = "openai", **changes: object) -> Plan:
    """Let a call begin; its number in the journal is that of the calls before."""
    request = a_request(draw_key=name, prompt=name, **changes)
    plan = sim.plan(request, at_seconds=at_seconds, provider=provider)
    sim.record(request, plan, at_seconds=at_seconds, provider=provider)
    return plan


def alone(name: str) -> Plan:
    """Return how the same call goes where nobody else calls."""
    return begin(Simulation(7), name)


def worked(call: Call) -> tuple[float, float]:
    """Return when something was done for a call, and until when."""
    assert call.started_at_seconds is not None
    assert call.ends_at_seconds is not None
    return call.started_at_seconds + call.queued_seconds, call.ends_at_seconds


def most_at_once(calls: list[tuple[float, float]]) -> int:
    """Return how many calls there were at the busiest moment; one that begins as another ends comes after it."""
    steps = sorted([(round(start, 4), 1) for start, _ in calls] + [(round(end, 4), -1) for _, end in calls])
    return max(accumulate(step for _, step in steps))


def test_three_calls_on_one_place_end_one_after_another() -> None:
    sim = a_world(1)
    ends = [begin(sim, name).ends_at_seconds for name in NAMES[:3]]
    assert ends == pytest.approx(list(accumulate(alone(name).ends_at_seconds for name in NAMES[:3])))


def test_the_journal_tells_how_long_a_call_waited_in_line() -> None:
    sim = a_world(1)
    first = begin(sim, "one")
    begin(sim, "two", 0.01)
    assert [call.queued_seconds for call in sim.calls] == [0, pytest.approx(first.ends_at_seconds - 0.01)]


@pytest.mark.parametrize(("taken", "factor"), [(0, 1), (1, 1.5), (2, 2), (4, 3)])
def test_a_call_is_slower_by_the_share_of_places_that_others_take(taken: int, factor: float) -> None:
    sim = a_world(4, load_factor=3)
    _ = [begin(sim, name) for name in NAMES[:taken]]
    plan = begin(sim, "slow")
    assert plan.ttft_seconds - plan.queued_seconds == pytest.approx(alone("slow").ttft_seconds * factor)
    assert plan.ends_at_seconds - plan.queued_seconds == pytest.approx(alone("slow").ends_at_seconds * factor)
    assert plan.pieces[-1].offset_seconds == plan.ends_at_seconds


def test_load_changes_no_word_and_no_outcome() -> None:
    sim = a_world(1, load_factor=9)
    plans = [begin(sim, name) for name in NAMES]
    texts = [[piece.text for piece in plan.pieces] for plan in plans]
    assert texts == [[piece.text for piece in alone(name).pieces] for name in NAMES]
    assert [plan.ending for plan in plans] == [alone(name).ending for name in NAMES]


def test_a_caller_who_leaves_early_frees_its_place() -> None:
    sim = a_world(1)
    begin(sim, "one")
    sim.close(0, read_to_end=False)
    assert begin(sim, "two", 0.001) == alone("two")


def test_a_caller_who_leaves_the_line_lets_the_next_move_up() -> None:
    sim = a_world(1)
    first = begin(sim, "one")
    begin(sim, "two")
    sim.close(1, read_to_end=False)
    assert begin(sim, "three", 0.001).queued_seconds == pytest.approx(first.ends_at_seconds - 0.001)


def test_a_place_is_free_at_the_end_of_its_call() -> None:
    sim = a_world(1)
    first = begin(sim, "one")
    assert begin(sim, "two", first.ends_at_seconds) == alone("two")


@pytest.mark.parametrize("other", [{"model": "claude-opus-4.5"}, {"provider": "azure"}, {"model": "gpt-mine"}])
def test_each_model_of_each_provider_has_a_line_of_its_own(other: Mapping[str, Any]) -> None:
    sim = a_world(1)
    begin(sim, "one")
    assert begin(sim, "two", **other).queued_seconds == 0


@pytest.mark.parametrize("fault", [429, 503, "connect_error", "quota_exhausted"])
def test_a_call_that_is_turned_away_neither_waits_nor_takes_a_place(fault: int | str) -> None:
    sim = a_world(1, load_factor=3)
    sim.on(prompt="away").do(aijobs.fail(fault))
    begin(sim, "away")
    first = begin(sim, "one")
    assert (first.queued_seconds, begin(sim, "away").queued_seconds) == (0, 0)
    assert begin(sim, "two").queued_seconds == first.ends_at_seconds


def test_a_provider_that_has_fallen_silent_works_on_others() -> None:
    sim = a_world(1, load_factor=3)
    sim.on(prompt="silent").do(aijobs.fail("stall", after_tokens=20, seconds=600))
    silent = begin(sim, "silent")
    assert begin(sim, "one").queued_seconds == pytest.approx(silent.ends_at_seconds - 600)


def test_a_silence_is_as_long_on_a_busy_provider() -> None:
    sim = a_world(2, load_factor=3)
    sim.on(prompt="silent").do(aijobs.fail("stall", after_tokens=20, seconds=600))
    begin(sim, "one")
    silent = begin(sim, "silent")
    assert silent.ends_at_seconds - silent.busy_seconds == pytest.approx(600)


def test_of_two_capacities_the_later_holds() -> None:
    sim = a_world(1)
    sim.capacity(max_concurrency=2)
    begin(sim, "one")
    assert begin(sim, "two").queued_seconds == 0
    assert begin(sim, "three").queued_seconds > 0


@pytest.mark.parametrize("profile", ["instant", "fast", "typical"])
def test_without_a_capacity_no_call_changes_another(profile: str) -> None:
    sim = Simulation(7, profile)
    together = [begin(sim, str(n)) for n in range(50)]
    assert together == [begin(Simulation(7, profile), str(n)) for n in range(50)]


def test_on_a_bad_day_many_calls_wait_in_line_and_are_slow() -> None:
    sim = Simulation(7, "stress")
    plans = [begin(sim, str(n)) for n in range(100)]
    assert plans[0].queued_seconds == 0
    assert sum(plan.queued_seconds > 0 for plan in plans) > 20


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("max_concurrency", 0),
        ("max_concurrency", -1),
        ("max_concurrency", 1.5),
        ("load_factor", 0.5),
        ("load_factor", -1),
        ("load_factor", float("nan")),
        ("load_factor", float("inf")),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_its_name(field: str, bad: Any) -> None:
    given = {"max_concurrency": 8, field: bad}
    with pytest.raises(InvalidRequestError, match=field) as refused:
        Simulation().capacity(**given)
    assert [one.field for one in refused.value.fields] == [field]


def test_jobs_stand_in_line_and_all_succeed() -> None:
    with aijobs.mock(seed=7) as sim:
        sim.capacity(model="gpt-*", max_concurrency=2)
        client = aijobs.Client()
        jobs = [client.submit(f"Chapter {n}", model="gpt-5.2") for n in range(10)]
        assert [job.wait().status for job in jobs] == ["completed"] * 10
    assert sorted(call.queued_seconds > 0 for call in sim.calls) == [False] * 2 + [True] * 8
    assert most_at_once([worked(call) for call in sim.calls]) == 2
    assert sim.now == pytest.approx(max(end for _, end in map(worked, sim.calls)), abs=1e-5)


def test_who_leaves_a_simulated_provider_frees_its_place() -> None:
    sim = a_world(1)
    provider = SimulatedProvider("openai", sim, VirtualClock())

    async def leave_and_come_again() -> None:
        async with aclosing(provider.stream(a_request())) as answer:
            await anext(answer)
        _ = [chunk async for chunk in provider.stream(a_request(draw_key="again"))]

    run_virtual(leave_and_come_again())
    assert [(call.queued_seconds, call.read_to_end) for call in sim.calls] == [(0, False), (0, True)]


def openai_in(sim: Mock) -> openai.AsyncOpenAI:
    http = httpx2.AsyncClient(transport=sim.transport(httpx2))
    return openai.AsyncOpenAI(api_key="any", max_retries=0, http_client=http)


async def ask(vendor: openai.AsyncOpenAI, content: str = "Tell me about rivers") -> float:
    """Return when the whole answer was there."""
    question: list[Any] = [{"role": "user", "content": content}]
    await vendor.chat.completions.create(model="gpt-5.2", messages=question)
    return asyncio.get_running_loop().time()


async def ask_for_a_stream(vendor: openai.AsyncOpenAI) -> float:
    """Return when the last event was there."""
    stream = await vendor.chat.completions.create(model="gpt-5.2", messages=RIVERS, stream=True)
    _ = [event async for event in stream]
    return asyncio.get_running_loop().time()


async def ask_at_once(sim: Mock, times: int) -> list[float]:
    async with openai_in(sim) as vendor:
        return await asyncio.gather(*[ask(vendor, f"Tell me about river {n}") for n in range(times)])


def test_eight_calls_of_openais_library_share_two_places() -> None:
    with aijobs.mock(seed=7, profile="typical") as sim, asyncio.Runner(loop_factory=sim.new_loop) as runner:
        sim.on().do(aijobs.ok(tokens=300))
        sim.capacity(max_concurrency=2, load_factor=1.5)
        answered = runner.run(ask_at_once(sim, 8))
    assert sorted(answered) == pytest.approx(sorted(end for _, end in map(worked, sim.calls)), abs=1e-5)
    assert most_at_once([worked(call) for call in sim.calls]) == 2
    assert [call.read_to_end for call in sim.calls] == [True] * 8


@pytest.mark.parametrize("asking", [ask, ask_for_a_stream])
def test_who_leaves_a_call_of_a_vendors_library_frees_its_place(
    asking: Callable[[openai.AsyncOpenAI], Awaitable[float]],
) -> None:
    async def leave_and_come_again() -> None:
        async with openai_in(sim) as vendor:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(asking(vendor), timeout=4)
            await ask(vendor, "Hello")

    with aijobs.mock(seed=7, profile="typical") as sim, asyncio.Runner(loop_factory=sim.new_loop) as runner:
        sim.on().do(aijobs.ok(tokens=1000))
        sim.capacity(max_concurrency=1)
        runner.run(leave_and_come_again())
    assert [(call.queued_seconds, call.read_to_end) for call in sim.calls] == [(0, False), (0, True)]


def test_a_client_that_bears_no_silence_leaves_the_line() -> None:
    async def come_twice() -> None:
        async with openai_in(sim) as vendor:
            first = asyncio.create_task(ask(vendor))
            await asyncio.sleep(0.5)
            with pytest.raises(openai.APITimeoutError):
                await ask(vendor.with_options(timeout=2), "Hello")
            await first

    with aijobs.mock(seed=7, profile="typical") as sim, asyncio.Runner(loop_factory=sim.new_loop) as runner:
        sim.on().do(aijobs.ok(tokens=1000))
        sim.capacity(max_concurrency=1)
        runner.run(come_twice())
    assert [call.read_to_end for call in sim.calls] == [True, False]


async def serve(app: MockApp, *, leaves: bool) -> None:
    """Let the application serve one streamed call, whose caller may leave at its first bytes."""
    body = json.dumps({"model": "gpt-5.2", "messages": RIVERS, "stream": True}).encode()
    headers = [(b"authorization", b"Bearer any")]
    path = "/v1/chat/completions"
    inbox: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
    inbox.put_nowait({"type": "http.request", "body": body})

    async def send(message: Mapping[str, Any]) -> None:
        if leaves and message["type"] == "http.response.body":
            inbox.put_nowait({"type": "http.disconnect"})

    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
    await app(scope, inbox.get, send)


@pytest.mark.anyio
@pytest.mark.parametrize("leaves", [True, False])
async def test_the_server_sees_who_leaves(leaves: bool) -> None:
    world = Mock(virtual=False)
    await serve(MockApp(lambda: world), leaves=leaves)
    assert [call.read_to_end for call in world.calls] == [not leaves]
