"""How long a task may go on with something."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class TimeLimit:
    """Cancels the running task, once, if the block is not over after so many seconds.

    `asyncio.timeout()` turns that into a `TimeoutError`, and costs a tenth of what an empty job costs in all. Here the
    block ends as the cancelled code lets it, and `exceeded` says why.
    """

    def __init__(self, seconds: float) -> None:
        self.exceeded = False
        self._seconds = seconds

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("A time limit is set inside a task.")
        self._task = task
        self._timer = task.get_loop().call_later(self._seconds, self._cancel)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self.exceeded:
            self._task.uncancel()

    def _cancel(self) -> None:
        self.exceeded = True
        self._task.cancel()
