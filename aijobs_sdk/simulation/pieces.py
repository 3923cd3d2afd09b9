"""The pieces in which an answer comes."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import NamedTuple, overload

from pydantic_core import to_json

_SHORT_WORD = r"\S{1,10}+\s*+"  # about a token


@lru_cache(64)  # a job's attempts write the same text
def pieces(text: str, tokens_per_event: int) -> tuple[str, ...]:
    """Return the text in pieces of about that many tokens, as a provider streams it; joined, they are the text."""
    return tuple(_piece(tokens_per_event).findall(text))


@cache
def _piece(most: int) -> re.Pattern[str]:
    return re.compile(rf"\s*+(?:{_SHORT_WORD}){{1,{most}}}+|\s++")


class TimedText(NamedTuple):
    """A piece of the answer and when it comes, in seconds from the start of the call."""

    offset_seconds: float
    text: str


class Pieces(Sequence[TimedText]):
    """All pieces, in order; in two columns, as many answers are sent whole, and never looked at piece by piece."""

    @property
    @abstractmethod
    def seconds(self) -> tuple[float, ...]:
        """When each comes."""

    @property
    @abstractmethod
    def texts(self) -> tuple[str, ...]:
        """What each says."""

    @property
    @abstractmethod
    def text(self) -> str:
        """Their words, joined."""

    @staticmethod
    def of(pieces: Iterable[TimedText]) -> Pieces:
        """Return these pieces."""
        columns = tuple(zip(*pieces, strict=True))
        return GivenPieces(*columns) if columns else NO_PIECES

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
            return GivenPieces(self.seconds[place], self.texts[place])
        return TimedText(self.seconds[place], self.texts[place])

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
        return GivenPieces(tuple([seconds * factor for seconds in self.seconds]), self.texts)

    def later(self, seconds: float) -> Pieces:
        """Return the pieces, each so much later."""
        return GivenPieces(tuple([offset + seconds for offset in self.seconds]), self.texts)


@dataclass(frozen=True)
class GivenPieces(Pieces):
    """Pieces that are known, each with its time."""

    seconds: tuple[float, ...] = ()
    texts: tuple[str, ...] = ()

    @cached_property
    def text(self) -> str:
        """Their words, joined."""
        return "".join(self.texts)


@dataclass(frozen=True)
class EvenPieces(Pieces):
    """A text that comes at one speed, and comes apart only where somebody looks at its pieces."""

    whole: str
    tokens_per_event: int
    begins_at_seconds: float
    ends_at_seconds: float

    @property
    def text(self) -> str:
        """Their words, joined."""
        return self.whole

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """What each says."""
        return pieces(self.whole, self.tokens_per_event)

    @cached_property
    def seconds(self) -> tuple[float, ...]:
        """When each comes: one when it begins, and one when it ends."""
        gap = (self.ends_at_seconds - self.begins_at_seconds) / max(1, len(self.texts) - 1)
        return tuple([self.begins_at_seconds + gap * place for place in range(len(self.texts))])


NO_PIECES = GivenPieces()
