"""What was made for each key and used lately: made once, and forgotten when too much else was asked for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps the values of the `at_most` keys that were asked for last."""

    def __init__(self, make: Callable[[K], V], *, at_most: int) -> None:
        self._make = make
        self._at_most = at_most
        self._values: OrderedDict[K, V] = OrderedDict()

    def __getitem__(self, key: K) -> V:
        if key not in self._values:
            self._values[key] = self._make(key)
            if len(self._values) > self._at_most:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]

    def __len__(self) -> int:
        return len(self._values)
