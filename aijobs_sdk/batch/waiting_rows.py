"""Rows that are over and wait for whoever looks at them one by one; None is the end."""

from __future__ import annotations

import asyncio


class WaitingRows(asyncio.Queue[int | None]):
    """A queue in which a row waits once: what is asked again meanwhile is told of twice. The end is behind all rows."""

    def _init(self, maxsize: int) -> None:
        self._queue: dict[int | None, None] = {}

    def _put(self, item: int | None) -> None:
        if item is None:
            self._queue.pop(None, None)  # of a run before the one that has ended now
        self._queue[item] = None

    def _get(self) -> int | None:
        item = next(iter(self._queue))
        del self._queue[item]
        return item
