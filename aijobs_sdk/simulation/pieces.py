"""The pieces in which an answer comes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from pydantic_core import to_json


class TimedText(NamedTuple):
    """A piece of the answer and when it comes, in seconds from the start of the call."""

    offset_seconds: float
    text: str


class Pieces(tuple[TimedText, ...]):
    """All pieces, in order. What is asked of them again and again is worked out once."""

    @staticmethod
    def at(seconds: Iterable[float], texts: Iterable[str]) -> Pieces:
        """Return these texts, each with its second; there may be more seconds than texts."""
        return Pieces(map(TimedText._make, zip(seconds, texts, strict=False)))

    @cached_property
    def text(self) -> str:
        """Their words, joined."""
        return "".join([piece.text for piece in self])

    @cached_property
    def seconds(self) -> tuple[float, ...]:
        """When each comes."""
        return tuple([piece.offset_seconds for piece in self])

    @cached_property
    def as_json(self) -> tuple[bytes, ...]:
        """The words of each as a JSON string."""
        return tuple([to_json(piece.text) for piece in self])

    def first(self, count: int) -> Pieces:
        """Return the first pieces."""
        return Pieces(self[:count])

    def characters(self, count: int) -> Pieces:
        """Return the pieces of so much of their text."""
        kept = []
        for piece in self:
            if count <= 0:
                break
            kept.append(piece._replace(text=piece.text[:count]))
            count -= len(piece.text)
        return Pieces(kept)

    def slower(self, factor: float) -> Pieces:
        """Return the pieces, each so many times later."""
        return Pieces([TimedText(seconds * factor, text) for seconds, text in self])

    def later(self, seconds: float) -> Pieces:
        """Return the pieces, each so much later."""
        return Pieces([TimedText(offset + seconds, text) for offset, text in self])


NO_PIECES = Pieces()
