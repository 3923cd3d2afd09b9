"""A provider that acts out the simulation's plans, in this process."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncGenerator
from datetime import datetime

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.provider import (
    Allowances,
    Finished,
    GenerationChunk,
    GenerationRequest,
    ImageRequest,
    Picture,
    TextChunk,
)
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.direct import (
    called,
    check_askable,
    heard,
    other_tokens,
    thinking_tokens,
    tool_called,
    written,
)
from aijobs_sdk.simulation.drawing import draw
from aijobs_sdk.simulation.faults import Fault
from aijobs_sdk.simulation.plan import Plan

SAY_WHAT_IS_LEFT = frozenset({"openai", "anthropic"})
"""Vendors that tell of limits with every answer, as they do over the wire."""


class SimulatedProvider:
    """Stands in for the vendor of this name. No packet leaves the machine."""

    def __init__(self, name: str, simulation: Simulation, clock: Clock) -> None:
        self.name = name
        self._simulation = simulation
        self._clock = clock

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[GenerationChunk]:
        """Yield what the simulation has decided, when it is due; pieces that are due together come as one.

        A truncated answer just stops, without a `Finished`, as it does with the vendors' own libraries.

        Raises:
            ProviderError: the simulation decided so.
        """
        check_askable(request, self.name)
        started_at = self._clock.now()
        seconds = self._simulation.seconds_at(started_at)
        left, plan = self._plan(heard(request), seconds)
        tool = tool_called(request, plan, self._simulation, self.name)
        # The engine, which alone calls providers, fails an attempt whose answer has no end marker.
        number = self._simulation.record(request, plan, at_seconds=seconds, provider=self.name, notices_truncation=True)
        read_to_end = False
        try:
            if request.streamed and tool is None:
                async for piece in self._pieces(plan, started_at):
                    yield piece
            await self._reach(started_at, plan.ends_at_seconds)
            read_to_end = True
            if isinstance(plan.ending, Fault):
                if not plan.ending.is_silent:
                    raise plan.ending.error(self.name, left)
            elif tool is not None:
                yield called(tool, plan, _with(left, plan.ending), self.name)
            else:
                if not request.streamed:
                    yield TextChunk(text=plan.pieces.text)
                yield _with(left, plan.ending)
        finally:
            self._simulation.close(number, read_to_end=read_to_end)

    async def _pieces(self, plan: Plan, started_at: datetime) -> AsyncGenerator[TextChunk]:
        sent, seconds, texts = 0, plan.pieces.seconds, plan.pieces.texts
        while sent < len(texts):
            elapsed = await self._reach(started_at, seconds[sent])
            due = bisect_right(seconds, elapsed, lo=sent)
            yield TextChunk(text="".join(texts[sent:due]))
            sent = due

    async def draw(self, request: ImageRequest) -> Picture:
        """Return the picture when it is due.

        Raises:
            ProviderError: the simulation decided so.
        """
        return await draw(request, simulation=self._simulation, clock=self._clock, provider=self.name)

    async def aclose(self) -> None:
        """Do nothing: no connection was opened."""

    def _plan(self, request: GenerationRequest, seconds: float) -> tuple[Allowances | None, Plan]:
        """Return what the vendor says is left of its limits, and what happens."""
        others = other_tokens(request)
        left, refused = self._simulation.admit(request, seconds, other_tokens=others)
        said = left.said() if self.name in SAY_WHAT_IS_LEFT else None
        return said, refused or self._simulation.plan(
            request,
            written=written(request, self._simulation, self.name),
            thinking_tokens=thinking_tokens(request),
            other_tokens=others,
            at_seconds=seconds,
            provider=self.name,
        )

    async def _reach(self, started_at: datetime, offset_seconds: float) -> float:
        """Return once that many seconds have passed since the start, and how many have."""
        # Measured from the start each time: a sum of sleeps would drift.
        elapsed = (self._clock.now() - started_at).total_seconds()
        if elapsed < offset_seconds:
            await self._clock.sleep(offset_seconds - elapsed)
            elapsed = max(offset_seconds, (self._clock.now() - started_at).total_seconds())
        return elapsed


def _with(left: Allowances | None, finished: Finished) -> Finished:
    return finished if left is None else finished.replace(allowances=left)
