"""Who waits for something to happen to a job, until the client is closed: then nobody here makes it happen any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar

from aijobs_sdk.contract.errors import CLIENT_CLOSED, AIJobsError

T = TypeVar("T")


class LocalWaits:
    """The waits under way on one backend."""

    def __init__(self) -> None:
        self.ends = 0
        """How often they were all ended."""
        self._waiting: set[asyncio.Task[object]] = set()

    async def wait_for(self, coming: Awaitable[T]) -> T:
        """Return what comes.

        Raises:
            AIJobsError: `client_closed`, it has not come by then.
        """
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("Only a task can wait.")
        cancelled_before = task.cancelling()
        self._waiting.add(task)
        try:
            return await coming
        except asyncio.CancelledError:
            if task in self._waiting or task.uncancel() > cancelled_before:
                raise  # by somebody else, if not by both
            raise _closed() from None
        finally:
            self._waiting.discard(task)

    def check_open(self, since: int) -> None:
        """Return where they were not ended since they had been ended so often.

        Raises:
            AIJobsError: `client_closed`, they were.
        """
        if self.ends != since:
            raise _closed()

    def end(self) -> None:
        """End them all, on whichever loop they are."""
        self.ends += 1
        ended = list(self._waiting)
        self._waiting.clear()
        for task in ended:
            with suppress(RuntimeError):  # its loop has ended, and the task with it
                task.get_loop().call_soon_threadsafe(task.cancel)


def _closed() -> AIJobsError:
    return AIJobsError(
        "The client was closed while something was under way. Its jobs wait until somebody works on them: ask again.",
        code=CLIENT_CLOSED,
    )
