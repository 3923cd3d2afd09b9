"""A future whose callbacks may block and ask the client, as those of an executor's futures may."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def called_back_apart(running: Future[T]) -> Future[T]:
    """Return a future that ends as this one does, in a thread of its own; cancelling it cancels this one.

    Whoever is called back on the portal's thread, where this one ends, must not block: all clients would stand still.
    """
    apart: Future[T] = Future()

    def pass_on_cancel(_: Future[T]) -> None:
        if apart.cancelled():
            running.cancel()

    def pass_on_end(_: Future[T]) -> None:
        passing = threading.Thread(target=_end_alike, args=(running, apart), name="aijobs-future", daemon=True)
        try:
            passing.start()
        except RuntimeError:  # the program ends, and no thread begins any more
            _end_alike(running, apart)

    apart.add_done_callback(pass_on_cancel)
    running.add_done_callback(pass_on_end)
    return apart


def _end_alike(ended: Future[T], other: Future[T]) -> None:
    if ended.cancelled():
        other.cancel()
    if not other.set_running_or_notify_cancel():
        return
    if (error := ended.exception()) is not None:
        other.set_exception(error)
    else:
        other.set_result(ended.result())
