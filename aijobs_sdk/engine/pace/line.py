"""Where calls wait for their turn at one model of one provider: who comes first is served first."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NamedTuple

from aijobs_sdk.contract.errors import ProviderBusyError
from aijobs_sdk.contract.health import PaceHealth
from aijobs_sdk.engine.pace.pace import Pace
from aijobs_sdk.engine.pace.turn import Ending, Place, Size, Turn

SOONER = 0.9
"""Those who are sent away come back at this share of the time between two turns: should there be more turns than was
thought, somebody is there to take them."""
LONGEST_AWAY_SECONDS = 30.0
"""Longer is only who waits for the end of a pause that the provider asked for."""


class _Waiting(NamedTuple):
    size: Size
    turn: asyncio.Future[Turn]


class Line:
    """Belongs to the event loop on which it was made. Whoever would wait too long is told when to come back."""

    def __init__(self, place: Place, pace: Pace, loop: asyncio.AbstractEventLoop) -> None:
        self.place = place
        self.pace = pace
        self.loop = loop
        self._waiting: deque[_Waiting] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._booked_until = 0.0
        """When the last of those who were sent away gets its turn."""

    def __len__(self) -> int:
        return len(self._waiting)

    def turn_now(self, size: Size) -> Turn | None:
        """Return the turn for a call, None where it has to wait."""
        if self._waiting:
            return None
        asked = self.pace.ask(self.loop.time(), size)
        return asked if isinstance(asked, Turn) else None

    async def wait_within(self, seconds: float, size: Size, *, was_sent_away: bool) -> Turn:
        """Return the turn for a call, when it is there; who `was_sent_away` does not stand behind others that were.

        Raises:
            ProviderBusyError: that takes longer.
        """
        now = self.loop.time()
        wait_seconds = self.pace.wait_behind(len(self), size, now)
        booked_seconds = 0.0 if was_sent_away else self._booked_until - now
        if max(wait_seconds, booked_seconds) > seconds:
            raise self._sent_away(size, wait_seconds, seconds)
        try:
            async with asyncio.timeout(seconds):
                return await self.wait(size)
        except TimeoutError:
            raise self._busy(seconds, spread_seconds=seconds) from None

    async def wait(self, size: Size) -> Turn:
        """Return the turn for a call, when it is there."""
        waiting = _Waiting(size, self.loop.create_future())
        self._waiting.append(waiting)
        self._serve()
        try:
            return await waiting.turn
        except asyncio.CancelledError:
            self._leave(waiting)
            raise

    def end(self, turn: Turn, ending: Ending) -> None:
        """Take in how a call ended, and let the next one begin."""
        self.pace.end(turn, ending, self.loop.time())
        self._serve()

    def give_back(self, turn: Turn) -> None:
        """Take back a turn that led to no call, and give it to the next one."""
        self.pace.give_back(turn, self.loop.time())
        self._serve()

    def health(self) -> PaceHealth:
        """Return how things are; ask on the line's own loop."""
        pace, now = self.pace, self.loop.time()
        return PaceHealth(
            **self.place._asdict(),
            in_flight=pace.window.in_flight,
            window=pace.window.size,
            waiting=len(self),
            calls_per_second=pace.calls_per_second,
            paused_seconds=pace.pause.seconds_left(now),
        )

    def _sent_away(self, size: Size, wait_seconds: float, patience_seconds: float) -> ProviderBusyError:
        """Return when to come back: a while before the turn that is booked, so that it is not missed.

        What is far off is not booked: much may be known better by then.
        """
        now = self.loop.time()
        gap_seconds = self.pace.wait_behind(len(self) + 1, size, now) - wait_seconds
        turn_at = max(self._booked_until, now + wait_seconds) + SOONER * gap_seconds
        away_seconds = turn_at - now - patience_seconds / 2
        if away_seconds > LONGEST_AWAY_SECONDS and self.pace.pause.seconds_left(now) < LONGEST_AWAY_SECONDS:
            return self._busy(LONGEST_AWAY_SECONDS / 2, spread_seconds=LONGEST_AWAY_SECONDS / 2)
        self._booked_until = turn_at
        return self._busy(max(away_seconds, patience_seconds / 2), spread_seconds=0.0)

    def _busy(self, seconds: float, *, spread_seconds: float) -> ProviderBusyError:
        silent_seconds = self.loop.time() - self.pace.heard_at
        return ProviderBusyError(
            self.place.provider, wait_seconds=seconds, spread_seconds=spread_seconds, silent_seconds=silent_seconds
        )

    def _leave(self, waiting: _Waiting) -> None:
        """Take out whoever waits no more; it may have been given its turn in the same moment."""
        if not waiting.turn.cancelled():
            self.give_back(waiting.turn.result())
            return
        if waiting in self._waiting:
            self._waiting.remove(waiting)
        self._serve()

    def _serve(self) -> None:
        """Give turns to those in front while there are any, and look again when the next one is due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            if self._waiting[0].turn.done():  # it was cancelled, and has not yet left
                self._waiting.popleft()
                continue
            now = self.loop.time()
            asked = self.pace.ask(now, self._waiting[0].size)
            if not isinstance(asked, Turn):
                if asked.seconds is not None:
                    self._timer = self.loop.call_later(asked.seconds, self._serve)
                return
            self._waiting.popleft().turn.set_result(asked)
        self._booked_until = 0.0
        self.pace.starved()
