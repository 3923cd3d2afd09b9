"""A provider that acts out the simulation's plans, in this process."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import AsyncGenerator
from datetime import datetime

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.provider import Finished, GenerationChunk, GenerationRequest, TextChunk
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.pieces import Pieces
from aijobs_sdk.simulation.plan import Plan


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
        started_at = self._clock.now()
        seconds = self._simulation.seconds_at(started_at)
        plan = self._plan(request, seconds)
        # The engine, which alone calls providers, fails an attempt whose answer has no end marker.
        number = self._simulation.record(request, plan, at_seconds=seconds, provider=self.name, notices_truncation=True)
        read_to_end = False
        try:
            sent = 0
            while sent < len(plan.pieces):
                elapsed = await self._reach(started_at, plan.pieces[sent].offset_seconds)
                due = bisect_right(plan.pieces, elapsed, lo=sent, key=lambda piece: piece.offset_seconds)
                yield TextChunk(text=Pieces(plan.pieces[sent:due]).text)
                sent = due
            await self._reach(started_at, plan.ends_at_seconds)
            read_to_end = True
            if isinstance(plan.ending, Finished):
                yield plan.ending
            elif not plan.ending.is_silent:
                raise plan.ending.error(self.name)
        finally:
            self._simulation.close(number, read_to_end=read_to_end)

    def _plan(self, request: GenerationRequest, seconds: float) -> Plan:
        _, refused = self._simulation.admit(request, seconds)
        return refused or self._simulation.plan(request, at_seconds=seconds, provider=self.name)

    async def _reach(self, started_at: datetime, offset_seconds: float) -> float:
        """Return once that many seconds have passed since the start, and how many have."""
        # Measured from the start each time: a sum of sleeps would drift.
        elapsed = (self._clock.now() - started_at).total_seconds()
        if elapsed < offset_seconds:
            await self._clock.sleep(offset_seconds - elapsed)
            elapsed = max(offset_seconds, (self._clock.now() - started_at).total_seconds())
        return elapsed
