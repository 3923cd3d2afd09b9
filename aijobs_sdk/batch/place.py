"""Where a batch or a job is looked after, for whoever asks something of it from another thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Protocol


class Place(Protocol):
    """A loop, as seen from any thread."""

    @property
    def is_there(self) -> bool:
        """Whether anything can be run there now."""
        ...

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> Future[None]:
        """Run something there, in the background.

        Raises:
            RuntimeError: it has just ended.
        """
        ...


class LoopPlace:
    """The loop that it was seen on last."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_there(self) -> bool:
        """Whether the loop runs."""
        return self._loop is not None and self._loop.is_running()

    def note(self) -> None:
        """Take note of the loop that runs here, if one does."""
        with suppress(RuntimeError):
            self._loop = asyncio.get_running_loop()

    def start(self, function: Callable[[], Coroutine[Any, Any, None]]) -> Future[None]:
        """Run something on it, in the background.

        Raises:
            RuntimeError: it has ended.
        """
        if self._loop is None or not self._loop.is_running():
            raise RuntimeError("The loop that it was on has ended.")
        return asyncio.run_coroutine_threadsafe(function(), self._loop)
