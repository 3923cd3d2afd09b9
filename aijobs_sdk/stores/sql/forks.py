"""Nothing of a database is open at the moment of a fork, so that parent and child have nothing in common.

A child that inherits a connection, even one that it never uses, does harm: SQLite's library believes in the child
that the locks of the parent are its own (https://sqlite.org/howtocorrupt.html, 2.6), and a thread that held a mutex
in the parent does not exist in the child to let it go.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakSet


class ForkGate:
    """Whoever uses a database is inside; a fork waits until all have left, and keeps others out until it is over."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._inside = 0
        self._moved = threading.Condition(threading.Lock())
        _gates.add(self)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Let no fork happen meanwhile."""
        with self._moved:
            self._inside += 1
        try:
            yield
        finally:
            with self._moved:
                self._inside -= 1
                self._moved.notify_all()

    def shut(self) -> None:
        """Wait until nobody is inside, close the database, and let nobody in."""
        self._moved.acquire()
        while self._inside:
            self._moved.wait()
        self._close()

    def open(self) -> None:
        """Let everybody in again: in the parent and in the child."""
        self._moved.release()


_gates: WeakSet[ForkGate] = WeakSet()
_shut: list[ForkGate] = []
_forking = threading.Lock()
"""Two threads that fork do so one after the other."""


def _before_fork() -> None:
    _forking.acquire()
    for gate in list(_gates):
        gate.shut()
        _shut.append(gate)


def _after_fork() -> None:
    while _shut:
        _shut.pop().open()
    _forking.release()


if hasattr(os, "register_at_fork"):  # everywhere but on Windows, which has no forks
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
