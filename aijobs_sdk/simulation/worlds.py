"""Which simulated world one is in: that of the `with mock()` around it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from aijobs_sdk.simulation.mock import Mock

_entered_here: ContextVar[Mock | None] = ContextVar("aijobs_mock", default=None)
_open: list[Mock] = []
"""All of this process whose block has not ended, the last one entered last.

Without a lock, which a fork could leave locked: `append`, `remove` and `tuple` are one step each.
"""
_known: WeakValueDictionary[str, Mock] = WeakValueDictionary()
"""All that were entered in this process, or before it was forked, and that somebody holds still; by name."""


@contextmanager
def inside(world: Mock) -> Iterator[None]:
    """Let this be the current world, as `current_mock()` tells it."""
    token = _entered_here.set(world)
    _open.append(world)
    _known[world.name] = world
    try:
        yield
    finally:
        _open.remove(world)
        with suppress(ValueError):  # left in another context than it was entered in, as fixtures may be
            _entered_here.reset(token)


def current_mock() -> Mock | None:
    """Return the world of the innermost `with mock()` that has not ended; None outside of any.

    That is the one that this thread or task entered or began in. One that began in none, as the threads of a pool do,
    is in the one that was entered last in this process.
    """
    here, opened = _entered_here.get(), tuple(_open)
    if here in opened:
        return here
    return opened[-1] if opened else None


def known_world(name: str) -> Mock | None:
    """Return the world of this name, ended or not; None where it is another process's."""
    return _known.get(name)
