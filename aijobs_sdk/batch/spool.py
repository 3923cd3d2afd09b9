"""Values by their place, in a file that is gone with whoever holds it: in memory are eight bytes of each."""

from __future__ import annotations

import os
import pickle
import tempfile
import weakref
from array import array
from struct import Struct
from threading import Lock
from typing import Generic, TypeVar

from aijobs_sdk.contract.errors import ConfigurationError

T = TypeVar("T")

WRITTEN_AT_ONCE = 1 << 20
"""Bytes that wait in memory; a small batch never touches the disk."""
READ_AT_ONCE = 4096
NOWHERE = -1
_LENGTH = Struct("<I")


class Spool(Generic[T]):
    """A list of values that need not fit into memory. Any thread may read while one writes."""

    def __init__(self) -> None:
        self._fd = NOWHERE
        self._offsets = array("q")
        self._written = 0
        self._waiting = bytearray()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, place: int) -> bool:
        return 0 <= place < len(self._offsets) and self._offsets[place] != NOWHERE

    def put(self, place: int, value: T) -> None:
        """Keep a value at a place, instead of one that is there already.

        Raises:
            ConfigurationError: there is no room for temporary files.
        """
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            while len(self._offsets) <= place:
                self._offsets.append(NOWHERE)
            offset = self._written + len(self._waiting)
            self._waiting += _LENGTH.pack(len(data))
            self._waiting += data
            if len(self._waiting) >= WRITTEN_AT_ONCE:
                self._write()
            self._offsets[place] = offset

    def drop(self, place: int) -> None:
        """Forget the value at a place."""
        if place in self:
            self._offsets[place] = NOWHERE

    def get(self, place: int) -> T:
        """Return the value at a place.

        Raises:
            KeyError: there is none.
        """
        with self._lock:
            if place not in self:
                raise KeyError(place)
            data = self._data_at(self._offsets[place])
        value: T = pickle.loads(data)  # noqa: S301 - of our own making, in a file that nobody else can open
        return value

    def _data_at(self, offset: int) -> bytes | bytearray:
        if (start := offset - self._written) >= 0:
            (length,) = _LENGTH.unpack_from(self._waiting, start)
            return self._waiting[start + _LENGTH.size : start + _LENGTH.size + length]
        head = self._read(offset, READ_AT_ONCE)
        (length,) = _LENGTH.unpack_from(head)
        end = _LENGTH.size + length
        return (head if len(head) >= end else self._read(offset, end))[_LENGTH.size : end]

    def _read(self, offset: int, size: int) -> bytes:
        return os.pread(self._fd, size, offset)

    def _write(self) -> None:
        try:
            if self._fd == NOWHERE:
                self._open()
            with memoryview(self._waiting) as waiting:
                written = 0
                while written < len(waiting):
                    # At its place: a disk that filled up has taken a part of it the last time.
                    written += os.pwrite(self._fd, waiting[written:], self._written + written)
        except OSError as error:
            raise _no_room(error) from error
        self._written += len(self._waiting)
        self._waiting = bytearray()

    def _open(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as file:
            self._fd = os.dup(file.fileno())
        # Not at the program's end, when a run may still be going on.
        weakref.finalize(self, os.close, self._fd).atexit = False


def _no_room(error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"Cannot keep the rows of this batch in {tempfile.gettempdir()}: {error.strerror or error}. Make room there, "
        "or name another folder in TMPDIR."
    )
