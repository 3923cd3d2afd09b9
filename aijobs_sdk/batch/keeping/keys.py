"""Which rows ask the same: sixteen bytes a row, in one piece of memory."""

from __future__ import annotations

from array import array
from hashlib import blake2b

KEY_BYTES = 16


class Keys:
    """The keys of rows by their index; once all are known, rows are found by their key."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._sorted: array[int] | None = None
        """Indices in the order of their keys, the first row of a key before its others."""

    def __len__(self) -> int:
        return len(self._bytes) // KEY_BYTES

    def __getitem__(self, index: int) -> bytes:
        return bytes(self._bytes[index * KEY_BYTES : (index + 1) * KEY_BYTES])

    def add(self, key: str) -> None:
        """Note the key of the next row, in hexadecimal."""
        self._bytes += bytes.fromhex(key)
        self._sorted = None

    @property
    def digest(self) -> str:
        """What tells these keys, in this order, from others."""
        return blake2b(self._bytes, digest_size=KEY_BYTES).hexdigest()

    def rows_of(self, key: str) -> array[int]:
        """Return the indices of the rows that have this key, in their order."""
        order, wanted = self._order(), bytes.fromhex(key)
        start = self._first_at(wanted)
        end = start
        while end < len(order) and self[order[end]] == wanted:
            end += 1
        return order[start:end]

    def nth_of(self, key: str, place: int) -> int | None:
        """Return the row that stands at this place, from 0, among those that have this key; None if they are fewer."""
        order, wanted = self._order(), bytes.fromhex(key)
        at = self._first_at(wanted) + place
        return order[at] if at < len(order) and self[order[at]] == wanted else None

    def places(self) -> array[int]:
        """Return by index at which place, from 0, a row stands among those that have the same key."""
        places = array("q", bytes(8 * len(self)))
        place, last = 0, b""
        for index in self._order():
            place, last = (place + 1 if self[index] == last else 0), self[index]
            places[index] = place
        return places

    def leaders(self) -> array[int]:
        """Return by index the first row that has the same key: for most rows that is themselves."""
        leaders = array("q", bytes(8 * len(self)))
        leader, last = 0, b""
        for index in self._order():
            if (key := self[index]) != last:
                leader, last = index, key
            leaders[index] = leader
        return leaders

    def _order(self) -> array[int]:
        if self._sorted is None:
            self._sorted = array("q", sorted(range(len(self)), key=self.__getitem__))
        return self._sorted

    def _first_at(self, wanted: bytes) -> int:
        order = self._order()
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            if self[order[middle]] < wanted:
                low = middle + 1
            else:
                high = middle
        return low
