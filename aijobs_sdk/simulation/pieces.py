"""The pieces in which an answer comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, overload

from pydantic_core import to_json


class TimedText(NamedTuple):
    """A piece of the answer and when it comes, in seconds from the start of the call."""

    offset_seconds: float
    text: str


@dataclass(frozen=True)
class Pieces(Sequence[TimedText]):
    """All pieces, in order; in two columns, as many answers are sent whole, and never looked at piece by piece."""

    seconds: tuple[float, ...] = ()
    """When each comes."""
    texts: tuple[str, ...] = ()

    @staticmethod
    def of(pieces: Iterable[TimedText]) -> Pieces:
        """Return these pieces."""
        columns = tuple(zip(*pieces, strict=True))
        return Pieces(*columns) if columns else NO_PIECES

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[TimedText]:
        """Yield each with its second."""
        return map(TimedText, self.seconds, self.texts)

    @overload
    def __getitem__(self, place: int) -> TimedText: ...
    @overload
    def __getitem__(self, place: slice) -> Pieces: ...
    def __getitem__(self, place: int | slice) -> TimedText | Pieces:
        """Return a piece, or some of them."""
        if isinstance(place, slice):
            return Pieces(self.seconds[place], self.texts[place])
        return TimedText(self.seconds[place], self.texts[place])

    @cached_property
    def text(self) -> str:
        """Their words, joined."""
        return "".join(self.texts)

    @cached_property
    def as_json(self) -> tuple[bytes, ...]:
        """The words of each as a JSON string."""
        return tuple(map(to_json, self.texts))

    def first(self, count: int) -> Pieces:
        """Return the first pieces."""
        return self[:count]

    def characters(self, count: int) -> Pieces:
        """Return the pieces of so much of their text."""
        kept = []
        for piece in self:
            if count <= 0:
                break
            kept.append(piece._replace(text=piece.text[:count]))
            count -= len(piece.text)
        return Pieces.of(kept)

    def slower(self, factor: float) -> Pieces:
        """Return the pieces, each so many times later."""
        return Pieces(tuple([seconds * factor for seconds in self.seconds]), self.texts)

    def later(self, seconds: float) -> Pieces:
        """Return the pieces, each so much later."""
        return Pieces(tuple([offset + seconds for offset in self.seconds]), self.texts)


NO_PIECES = Pieces()
