"""The answer of a job as far as it is written."""

from __future__ import annotations

from aijobs_sdk.notebook.fitting import end_of


class Written:
    """Puts the pieces of an answer together as they come; its end may be read from any thread."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0

    def add(self, text: str, *, offset: int) -> None:
        """Take in a piece that begins at `offset`: where that lies further back, what stood there is written anew."""
        while self._length > offset:
            last = self._pieces.pop()
            self._length -= len(last)
            if self._length < offset:
                text = last[: offset - self._length] + text
                offset = self._length
        if text:
            self._pieces.append(text)
            self._length += len(text)

    def end(self, characters: int) -> str:
        """Return its end, so many characters at most."""
        return end_of("".join(self._pieces[-characters - 1 :]), characters)  # a piece has one character at least
