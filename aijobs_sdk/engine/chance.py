"""Chance that cannot be moved by concurrency: every draw is a function of its key."""

from __future__ import annotations

import random
from hashlib import blake2b
from struct import Struct
from typing import Annotated

from pydantic import AfterValidator

Draws = tuple[float, float, float]
"""Three numbers in [0, 1)."""
_THREE = Struct(">3Q")
_BELOW_ONE = 2.0**-53
_MOST_BITS = 1024
"""More than any hash has; Python writes no number of any length."""


def _check_seed(seed: int) -> int:
    if seed.bit_length() > _MOST_BITS:
        raise ValueError("is a whole number of too many digits")
    return seed


Seed = Annotated[int, AfterValidator(_check_seed)]
"""What all chance hangs on."""


class Chance:
    """Random numbers keyed by what they are for; the same seed and key give the same draw in any order, anywhere."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def draw(self, *key: str | int) -> float:
        """Return a number in [0, 1) that belongs to this key."""
        return int.from_bytes(self._digest(key)[:7]) / (1 << 56)

    def draws(self, *key: str | int) -> Draws:
        """Return three numbers that belong to this key: enough for most, and cheaper than a generator."""
        first, second, third = _THREE.unpack(self._digest(key, _THREE.size))
        return (first >> 11) * _BELOW_ONE, (second >> 11) * _BELOW_ONE, (third >> 11) * _BELOW_ONE

    def stream(self, *key: str | int) -> random.Random:
        """Return a generator of its own for this key."""
        return random.Random(int.from_bytes(self._digest(key)))  # noqa: S311 - simulation and jitter, not secrets

    def token(self, *key: str | int) -> bytes:
        """Return 16 bytes that belong to this key, to name something by."""
        return self._digest(key)

    def _digest(self, key: tuple[str | int, ...], size: int = 16) -> bytes:
        # repr keeps ("ab", "c") and ("a", "bc"), 1 and "1" apart.
        return blake2b(repr((self.seed, *key)).encode(), digest_size=size).digest()
