from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from aijobs_sdk.contract.errors import ProviderError
from aijobs_sdk.contract.provider import Finished, GenerationChunk, Provider, TextChunk
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.provider import SimulatedProvider
from aijobs_sdk.simulation.script import fail, ok
from aijobs_sdk.simulation.virtual_time import EPOCH, VirtualClock
from simulation.worlds import a_request, run_virtual


class LateClock:
    """Sleeps longer than it was asked to, as real clocks do."""

    def __init__(self, late_seconds: float) -> None:
        self.instant = EPOCH
        self._late = timedelta(seconds=late_seconds)
        self.sleeps = 0

    def now(self) -> datetime:
        return self.instant

    async def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        self.instant += timedelta(seconds=seconds) + self._late


async def chunks_of(provider: Provider) -> list[GenerationChunk]:
    return [chunk async for chunk in provider.stream(a_request())]


async def timed_chunks_of(provider: Provider) -> list[tuple[float, GenerationChunk]]:
    return [(asyncio.get_running_loop().time(), chunk) async for chunk in provider.stream(a_request())]


def text_of(chunks: Sequence[GenerationChunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


@pytest.fixture
def sim() -> Simulation:
    return Simulation(7, "typical")


@pytest.fixture
def provider(sim: Simulation) -> Provider:
    return SimulatedProvider("openai", sim, VirtualClock())


def test_every_piece_comes_when_the_plan_says(sim: Simulation, provider: Provider) -> None:
    timed, _ = run_virtual(timed_chunks_of(provider))
    planned = [piece.offset_seconds for piece in sim.plan(a_request()).pieces]
    assert [at for at, _ in timed[:-1]] == pytest.approx(planned, abs=2e-6)


def test_the_end_marker_is_last_and_only_once(provider: Provider) -> None:
    chunks, _ = run_virtual(chunks_of(provider))
    assert [isinstance(chunk, Finished) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]


def test_pieces_that_are_due_together_come_as_one(sim: Simulation) -> None:
    clock = LateClock(late_seconds=1000)
    chunks = asyncio.run(chunks_of(SimulatedProvider("openai", sim, clock)))
    assert (len(chunks), clock.sleeps) == (2, 1)
    assert text_of(chunks) == "".join(piece.text for piece in sim.plan(a_request()).pieces)


def test_a_clock_that_oversleeps_does_not_make_the_answer_drift(sim: Simulation) -> None:
    clock = LateClock(late_seconds=0.005)
    asyncio.run(chunks_of(SimulatedProvider("openai", sim, clock)))
    late = (clock.instant - EPOCH).total_seconds() - sim.plan(a_request()).ends_at_seconds
    assert late == pytest.approx(0.005, abs=1e-3)


def test_a_truncated_answer_just_stops(sim: Simulation, provider: Provider) -> None:
    sim.on().do(fail("truncate", after_tokens=20))
    chunks, _ = run_virtual(chunks_of(provider))
    assert chunks
    assert not any(isinstance(chunk, Finished) for chunk in chunks)


def test_a_fault_is_raised_in_the_providers_name(sim: Simulation, provider: Provider) -> None:
    sim.on().do(fail(429, retry_after=20))
    with pytest.raises(ProviderError, match=r"^openai answered 429") as caught:
        run_virtual(chunks_of(provider))
    assert (caught.value.provider, caught.value.retry_after_seconds) == ("openai", 20)


def test_a_time_out_is_ended_by_the_callers_own_limit(sim: Simulation, provider: Provider) -> None:
    sim.on().do(fail("timeout"))

    async def impatient() -> float:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(chunks_of(provider), timeout=60)
        return asyncio.get_running_loop().time()

    assert run_virtual(impatient())[0] == 60


def test_whoever_waits_out_a_time_out_gets_an_error(sim: Simulation, provider: Provider) -> None:
    sim.on().do(fail("timeout", seconds=30))
    with pytest.raises(ProviderError) as caught:
        run_virtual(chunks_of(provider))
    assert caught.value.code == "provider_timeout"


def test_a_model_that_declines_is_an_error_that_no_repetition_mends(sim: Simulation, provider: Provider) -> None:
    sim.on().do(fail("refusal"))
    with pytest.raises(ProviderError, match=r"^openai declined to answer") as caught:
        run_virtual(chunks_of(provider))
    assert (caught.value.code, caught.value.category, caught.value.retryable) == ("refused", "content_filter", False)


def test_a_cut_answer_is_a_good_one_that_says_so(sim: Simulation, provider: Provider) -> None:
    whole, _ = run_virtual(chunks_of(provider))
    sim.on().do(fail("max_tokens", after_tokens=20))
    chunks, _ = run_virtual(chunks_of(provider))
    assert text_of(whole).startswith(text_of(chunks))
    assert isinstance(chunks[-1], Finished)
    assert chunks[-1].finish_reason == "length"
    assert chunks[-1].output_tokens == pytest.approx(20, abs=1)
    assert [call.outcome for call in sim.calls] == ["ok", "ok"]


@pytest.mark.parametrize("kind", ["bad_tool_args", "unknown_tool"])
def test_what_is_odd_in_the_call_of_a_tool_changes_no_text(sim: Simulation, provider: Provider, kind: str) -> None:
    whole, _ = run_virtual(chunks_of(provider))
    sim.on().do(fail(kind))
    odd, _ = run_virtual(chunks_of(provider))
    assert odd == whole


def test_every_call_is_in_the_journal(sim: Simulation, provider: Provider) -> None:
    sim.on().do(ok("short"))
    run_virtual(chunks_of(provider))
    assert [call.outcome for call in sim.calls] == ["ok"]
