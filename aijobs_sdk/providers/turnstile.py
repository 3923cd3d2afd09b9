"""Lets a few through with each turn of the event loop, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque

PER_TURN = 4
"""Few enough that those who follow get their turn, enough that a turn costs each of them little."""


class Turnstile:
    """Stands where many wait for the same thing and have much to do once they have it.

    Without it, all whose answers came in one turn of the loop do their work before the first of the jobs that follow
    them sends its request, and so the answers to those come at once again: the loop is idle and then late, by turns.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._passed = 0
        """How many have gone through in this turn."""

    async def enter(self) -> None:
        """Return in this turn, or in the first after those of whoever came before."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # the one before has ended, and whoever waited there with it
            self._loop, self._passed = loop, 0
            self._waiting.clear()
        if self._passed < PER_TURN and not self._waiting:
            self._let_through(loop)
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        await turn

    def _let_through(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._passed:
            loop.call_soon(self._next_turn, loop)
        self._passed += 1

    def _next_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            return
        self._passed = 0
        while self._waiting and self._passed < PER_TURN:
            turn = self._waiting.popleft()
            if not turn.done():  # whoever was cancelled has gone
                turn.set_result(None)
                self._let_through(loop)
