from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any
from uuid import UUID

import httpx2
import openai
import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.mock import Mock
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.script import Step, fail, ok
from aijobs_sdk.simulation.verdict import Verdict
from aijobs_sdk.simulation.virtual_time import VirtualClock
from aijobs_sdk.simulation.wire.endpoints import Endpoints
from aijobs_sdk.simulation.wire.openai import OpenAI
from aijobs_sdk.simulation.wire.transport import transport_under
from simulation.worlds import a_request, run_virtual

Waits = Callable[[int], float]


@pytest.fixture
def sim() -> Simulation:
    return Simulation(7)


async def naive(sim: Simulation, attempts: int, wait: Waits) -> None:
    """A caller that retries whatever happens."""
    provider = SimulatedProvider("openai", sim, VirtualClock())
    for attempt in range(1, attempts + 1):
        try:
            _ = [chunk async for chunk in provider.stream(a_request(attempt=attempt))]
        except ProviderError:
            await asyncio.sleep(wait(attempt))


def verdict_on(sim: Simulation, *steps: Step | tuple[Step, ...], attempts: int, wait: Waits) -> list[str]:
    sim.on().do(*steps)
    run_virtual(naive(sim, attempts, wait))
    return [finding.kind for finding in sim.verdict().findings]


@pytest.mark.parametrize(
    ("step", "attempts", "wait", "kinds"),
    [
        (fail(429, retry_after=20), 2, lambda _: 0, ["retry_after_ignored"]),
        (fail(429, retry_after=20), 2, lambda _: 19.9, ["retry_after_ignored"]),
        (fail(429, retry_after=20), 2, lambda _: 20, []),
        (fail(401), 2, lambda _: 5, ["retried_what_must_not_be"]),
        (fail("quota_exhausted"), 2, lambda _: 5, ["retried_what_must_not_be"]),
        (fail(503), 2, lambda _: 0, ["no_backoff"]),
        (fail(503), 2, lambda _: 2, []),
        (fail(503), 4, lambda _: 0.01, ["no_backoff"]),
        (fail(503), 4, lambda _: 5, ["no_backoff"]),
        (fail(503), 3, lambda _: 5, []),
        (fail(503), 4, lambda attempt: 2**attempt, []),
        (fail(503), 10, lambda attempt: 2**attempt, []),
        (fail(503), 11, lambda attempt: 2**attempt, ["retry_storm"]),
        (ok(), 2, lambda _: 0, []),
    ],
)
def test_each_bad_habit_is_found_and_a_good_one_is_not(
    sim: Simulation, step: Step, attempts: int, wait: Waits, kinds: list[str]
) -> None:
    assert verdict_on(sim, step * attempts, attempts=attempts, wait=wait) == kinds


def test_giving_up_at_once_is_no_fault(sim: Simulation) -> None:
    assert verdict_on(sim, fail(503), attempts=1, wait=lambda _: 0) == []


def test_how_many_attempts_are_a_storm_is_for_the_reader_to_say(sim: Simulation) -> None:
    verdict_on(sim, fail(503) * 4, attempts=4, wait=lambda attempt: 2**attempt)
    assert [finding.attempt for finding in sim.verdict(many_attempts=3).of("retry_storm")] == [4]


def test_a_verdict_says_in_sentences_what_is_wrong_and_nothing_of_the_prompt(sim: Simulation) -> None:
    verdict_on(sim, fail(429, retry_after=20), attempts=2, wait=lambda _: 1)
    with pytest.raises(AssertionError) as caught:
        sim.verdict().assert_ok()
    assert "attempt 2) came again 1 s after attempt 1, where it had been asked to wait 20 s." in str(caught.value)
    assert str(UUID(int=2)) in str(caught.value)
    assert "haiku" not in str(caught.value)


def test_a_host_without_a_clock_gets_no_findings_about_time(sim: Simulation) -> None:
    sim.on().do(fail(429, retry_after=20), fail(503))
    for attempt in (1, 2, 3):
        request = a_request(attempt=attempt)
        sim.record(request, sim.plan(request))
    assert sim.verdict().ok


def test_steps_of_one_job_are_judged_apart(sim: Simulation) -> None:
    for token in ("draft", "review"):
        request = a_request(idempotency_token=token)
        sim.record(request, sim.plan(request), at_seconds=0)
    assert (len(sim.calls), sim.verdict().ok) == (2, True)


def test_the_journal_says_whether_the_caller_stayed_to_the_end(sim: Simulation) -> None:
    sim.on().do(fail("timeout"))

    async def impatient() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(naive(sim, 1, lambda _: 0), timeout=60)
        await naive(sim, 2, lambda _: 0)

    run_virtual(impatient())
    assert [call.read_to_end for call in sim.calls] == [False, True, True]


@pytest.mark.parametrize(
    "steps",
    [
        (fail(429, retry_after=20) * 2, ok()),
        (fail(503) * 2, ok()),
        (fail(503).forever(),),
        (fail("truncate") * 2, ok()),
        (fail("truncate").forever(),),
        (fail("timeout"), fail("reset"), ok()),
        (fail(401),),
        (fail("quota_exhausted"),),
        (fail(429, retry_after=0) * 2, ok()),
        (fail(503, retry_after=0) * 2, ok()),
    ],
)
def test_our_own_jobs_behave(steps: tuple[Step | tuple[Step, ...], ...]) -> None:
    with aijobs.mock(seed=7) as sim:
        sim.on().do(*steps)
        aijobs.wait([aijobs.Client().submit(f"hi {n}", model="gpt-5.2") for n in range(5)])
    assert len(sim.calls) >= 5
    sim.verdict().assert_ok()


@pytest.mark.parametrize("model", ["claude-sonnet-4.5", "gpt-5.2", "gemini-3-flash"])
def test_our_own_jobs_wait_as_long_as_the_wire_tells_them(model: str) -> None:
    with aijobs.mock(seed=1, fidelity="wire") as sim:
        sim.on().do(fail(429, retry_after=20) * 2, ok())
        assert aijobs.Client().submit("hi", model=model).wait().attempts == 3
    sim.verdict().assert_ok()
    told = None if model.startswith("claude") else 20  # Bedrock, who serves Claude, never says how long
    assert [call.retry_after_seconds for call in sim.calls] == [told, told, None]


def test_our_own_jobs_behave_on_a_bad_day() -> None:
    with aijobs.mock(seed=7, profile="stress") as sim:
        sim.limit(model="gpt-*", requests_per_minute=30)
        client = aijobs.Client()
        aijobs.wait([client.submit(f"hi {n}", model=("gpt-5.2", "gemini-3-flash")[n % 2]) for n in range(200)])
    assert len(sim.calls) > 220
    sim.verdict().assert_ok()


def test_a_job_that_has_one_attempt_did_not_take_its_broken_answer_for_whole() -> None:
    with aijobs.mock() as sim:
        sim.on().do(fail("truncate"))
        job = aijobs.Client().submit("hi", model="gpt-5.2", max_attempts=1).wait()
    assert job.status == "failed"
    assert sim.verdict() == Verdict(findings=())


@pytest.fixture
def mocked() -> Iterator[Mock]:
    with aijobs.mock(seed=7) as sim:
        yield sim


async def text_from(client: openai.AsyncOpenAI) -> str:
    """What a caller gets that looks at no end marker."""
    stream = await client.chat.completions.create(
        model="gpt-5.2", messages=[{"role": "user", "content": "hi"}], stream=True
    )
    return "".join([text async for text in _deltas(stream)])


async def _deltas(stream: AsyncIterator[openai.types.chat.ChatCompletionChunk]) -> AsyncIterator[str]:
    async for chunk in stream:
        yield chunk.choices[0].delta.content or ""


def over_the_wire(sim: Mock, caller: Callable[[openai.AsyncOpenAI], Coroutine[Any, Any, str]] = text_from) -> str:
    async def main() -> str:
        transport = transport_under(httpx2, Endpoints([OpenAI()], sim, ModelTable.load()), sim.clock)
        http = httpx2.AsyncClient(transport=transport)
        return await caller(openai.AsyncOpenAI(api_key="k", max_retries=2, http_client=http))

    with asyncio.Runner(loop_factory=sim.new_loop) as runner:
        return runner.run(main())


async def text_at_any_price(client: openai.AsyncOpenAI) -> str:
    hasty = client.with_options(max_retries=0)
    with contextlib.suppress(openai.RateLimitError):
        await text_from(hasty)
    return await text_from(hasty)


def test_a_caller_that_takes_a_broken_answer_for_whole_is_found(mocked: Mock) -> None:
    mocked.on().do(fail("truncate", after_tokens=20))
    assert over_the_wire(mocked)
    assert [finding.kind for finding in mocked.verdict().findings] == ["truncated_stream_accepted"]


def test_a_vendors_client_that_waits_as_told_is_not_blamed(mocked: Mock) -> None:
    mocked.on().do(fail(429, retry_after=20), ok())
    assert over_the_wire(mocked)
    assert (len(mocked.calls), mocked.verdict().ok) == (2, True)


def test_a_vendors_client_that_repeats_an_exhausted_quota_is_found(mocked: Mock) -> None:
    mocked.on().do(fail("quota_exhausted"), ok())
    assert over_the_wire(mocked)
    assert [finding.kind for finding in mocked.verdict().findings] == ["retried_what_must_not_be"]


def test_a_caller_that_does_not_wait_is_found_over_the_wire_as_well(mocked: Mock) -> None:
    mocked.on().do(fail(429, retry_after=20), ok())
    assert over_the_wire(mocked, text_at_any_price)
    assert [finding.kind for finding in mocked.verdict().findings] == ["retry_after_ignored"]
