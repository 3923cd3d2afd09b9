"""All lines of a process: one for each model at each provider and region, so that none waits for another."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from aijobs_sdk.contract.health import PaceHealth
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.engine.limits import PaceLimits
from aijobs_sdk.engine.pace.line import Line
from aijobs_sdk.engine.pace.pace import Pace
from aijobs_sdk.engine.pace.turn import Asker, Ending, Place, Size, Turn

CROWDED_SHARE = 0.75
"""While so many of the places for jobs are taken by some that wait, the rest is kept for those that can go on."""
CROWDED_PATIENCE_SECONDS = 1.0
RETURNED = 2.0
"""A job that was sent away before waits so many times as long: it has come at its time."""
PAUSE_SPREAD = 0.1
"""A pause that a provider asked for is stretched by up to this share: other processes are told to wait as well."""


class Held(NamedTuple):
    """A turn, and the line to give it back to."""

    line: Line
    turn: Turn


class Paces:
    """Opens a line when its model is asked first. With the loop that a line belongs to, what it knows is gone."""

    def __init__(self, limits: PaceLimits, *, places: int, chance: Chance) -> None:
        self._limits = limits
        self._places = places
        self._chance = chance
        self._lines: dict[Place, Line] = {}

    async def turn(self, place: Place, asker: Asker, size: Size) -> Held:
        """Return the turn for a call, when it is there.

        Raises:
            ProviderBusyError: it will take too long; the error says when to come back.
        """
        line = self._line(place)
        return Held(line, line.turn_now(size) or await self._wait(line, size, asker))

    def end(self, held: Held, ending: Ending | None) -> None:
        """Take in how a call ended, None where it was not made, and let the next one begin."""
        if ending is None:
            held.line.give_back(held.turn)
            return
        if ending.pause_seconds is not None:
            draw = self._chance.draw("pause", *held.line.place, held.turn.number)
            ending = ending._replace(pause_seconds=ending.pause_seconds * (1.0 + PAUSE_SPREAD * draw))
        held.line.end(held.turn, ending)

    def health(self) -> tuple[PaceHealth, ...]:
        """Return how each line is, by name; those of other loops are left out."""
        here = asyncio.get_running_loop()
        return tuple(line.health() for _, line in sorted(self._lines.items()) if line.loop is here)

    async def _wait(self, line: Line, size: Size, asker: Asker) -> Turn:
        if asker.has_asked:
            return await line.wait(size)
        seconds = self._patience_seconds * (RETURNED if asker.was_sent_away else 1.0)
        return await line.wait_within(seconds, size, was_sent_away=asker.was_sent_away)

    @property
    def _patience_seconds(self) -> float:
        waiting = sum(map(len, self._lines.values()))
        if waiting and waiting >= CROWDED_SHARE * self._places:
            return min(CROWDED_PATIENCE_SECONDS, self._limits.patience_seconds)
        return self._limits.patience_seconds

    def _line(self, place: Place) -> Line:
        line, loop = self._lines.get(place), asyncio.get_running_loop()
        if line is None or line.loop is not loop:
            own = self._limits.of(place.model)
            line = Line(place, Pace(first_calls=self._limits.first_calls, own=own, now=loop.time()), loop)
            self._lines[place] = line
        return line
