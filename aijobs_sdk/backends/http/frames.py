"""Takes a stream of server-sent events apart (WHATWG HTML, 9.2), in bytes and within bounds."""

from __future__ import annotations

import re
from typing import NamedTuple

EVENT_STREAM = "text/event-stream"
MOST_BYTES = 16 * 2**20
"""The largest frame that is taken in: a stream that never ends one must not fill the memory."""

_LINE_END = re.compile(rb"\r\n|\n|\r")


class FrameTooLargeError(ValueError):
    """More came without an end than any frame is long."""


class Frame(NamedTuple):
    """One event of a stream; its `id` is in the data, too, and not looked at."""

    event: str
    data: bytes


class FrameReader:
    """What came so far of a frame that is not whole."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._line: list[bytes] = []
        self._line_bytes = 0
        self._event = b""
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, received: bytes) -> list[Frame]:
        """Return the frames that are whole by now.

        Raises:
            FrameTooLargeError: one grows beyond all bounds.
        """
        self._line.append(received)
        self._line_bytes += len(received)
        frames = self._take_lines() if b"\n" in received or b"\r" in received else []
        if self._line_bytes + self._data_bytes > self._most:
            raise FrameTooLargeError(f"a frame of more than {self._most:,} bytes")
        return frames

    def _take_lines(self) -> list[Frame]:
        *lines, rest = _lines(b"".join(self._line))
        self._line, self._line_bytes = [rest], len(rest)
        return [frame for line in lines if (frame := self._take(line)) is not None]

    def _take(self, line: bytes) -> Frame | None:
        if not line:
            return self._end()
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_bytes += len(value)
        elif name == b"event":
            self._event = value.removeprefix(b" ")
        return None

    def _end(self) -> Frame | None:
        event, data = self._event, self._data
        self._event, self._data, self._data_bytes = b"", [], 0
        return Frame(event.decode(errors="replace"), b"\n".join(data)) if data else None


def _lines(text: bytes) -> list[bytes]:
    """Return the lines of a text, the last one as far as it came."""
    if b"\r" not in text:
        return text.split(b"\n")
    if text.endswith(b"\r"):  # its other half may come with what is received next
        *lines, rest = _LINE_END.split(text[:-1])
        return [*lines, rest + b"\r"]
    return _LINE_END.split(text)
