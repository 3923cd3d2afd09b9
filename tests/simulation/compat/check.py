"""What a check of compatibility is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from simulation.compat.hosts import IN_PROCESS, OVER_HTTP

Act = Callable[[Any], Awaitable[None]]
"""Takes a host, and raises where the client does not get what it gets from the vendor."""


class Check(NamedTuple):
    """One thing that a vendor's own client can do."""

    surface: str
    name: str
    """What a user would look for."""
    act: Act
    hosts: tuple[str, ...]


class Surface:
    """The checks of one surface of a vendor, in the order in which they are written."""

    def __init__(self, name: str, *, hosts: tuple[str, ...] = (IN_PROCESS, OVER_HTTP)) -> None:
        self._name = name
        self._hosts = hosts
        self.checks: list[Check] = []

    def check(self, name: str) -> Callable[[Act], Act]:
        """Return a decorator that makes a check of a function."""

        def add(act: Act) -> Act:
            self.checks.append(Check(self._name, name, act, self._hosts))
            return act

        return add
