"""How long somebody may be waited for, in all: what is done between two waits is not cut short."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class WaitLimit:
    """Ends the waits inside it that are not over so many seconds after it was entered.

    `asyncio.timeout_at()` around each wait does so as well, and sets and clears a timer each time: of an answer in
    pieces that is a tenth of the price.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._is_over = False
        self._waiting: asyncio.Task[object] | None = None
        self._has_cancelled = False
        """Whether the wait under way was cancelled from here."""

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(self.seconds, self._end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()

    async def wait_for(self, coming: Awaitable[T]) -> T:
        """Return what comes; what is there already comes at any time.

        Raises:
            TimeoutError: it does not come in time.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A limited wait is one of a task.")
        cancelled_before = task.cancelling()
        self._waiting = task
        if self._is_over:
            self._loop.call_soon(self._cancel)
        try:
            return await coming
        except asyncio.CancelledError as cancelled:
            if self._has_cancelled and task.cancelling() - 1 <= cancelled_before:
                raise TimeoutError from cancelled
            raise  # by somebody else, if not by both
        finally:
            self._waiting = None
            if self._has_cancelled:
                self._has_cancelled = False
                task.uncancel()

    def _end(self) -> None:
        self._is_over = True
        self._cancel()

    def _cancel(self) -> None:
        if self._waiting is not None and not self._has_cancelled:
            self._has_cancelled = True
            self._waiting.cancel()
