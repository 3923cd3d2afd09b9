"""Which worlds are open in this process, and which of them whoever asks is in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Generic, Protocol, TypeVar
from weakref import WeakValueDictionary


class _Named(Protocol):
    name: str


W = TypeVar("W", bound=_Named)


class Worlds(Generic[W]):
    """Those of one kind, of the whole process: its threads, its tasks, and children that are forked."""

    def __init__(self) -> None:
        self._entered_here: ContextVar[W | None] = ContextVar("aijobs_mock", default=None)
        self._open: list[W] = []
        """Those whose block has not ended, the last one entered last.

        Without a lock, which a fork could leave locked: `append`, `remove` and `tuple` are one step each.
        """
        self._known: WeakValueDictionary[str, W] = WeakValueDictionary()
        """All that were entered in this process, or before it was forked, and that somebody holds still; by name."""

    @contextmanager
    def inside(self, world: W) -> Iterator[None]:
        """Let this be the current one."""
        token = self._entered_here.set(world)
        self._open.append(world)
        self._known[world.name] = world
        try:
            yield
        finally:
            self._open.remove(world)
            with suppress(ValueError):  # left in another context than it was entered in, as fixtures may be
                self._entered_here.reset(token)

    def current(self) -> W | None:
        """Return the innermost that has not ended, of those that this thread or task entered or began in.

        One that began in none, as the threads of a pool do, is in the one that was entered last in this process.
        """
        here, opened = self._entered_here.get(), tuple(self._open)
        if here in opened:
            return here
        return opened[-1] if opened else None

    def known(self, name: str) -> W | None:
        """Return the one of this name, ended or not; None where it is another process's."""
        return self._known.get(name)
