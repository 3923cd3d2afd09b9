"""What stands between the first and the last sentence of every simulated answer: a piece of one long text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, islice
from random import Random
from typing import NamedTuple

from aijobs_sdk.providers.tokens import weight_of
from aijobs_sdk.simulation.phrases import CLAIMS, HEADINGS, LEADS, LIST_LEADS, TAILS

BLOCKS = 400
"""So long it is: three in five of them may begin an answer."""
KINDS = ("list", "headed", "plain", "plain", "plain")
BULLETS = 3
HALF_A_SENTENCE = 11


class Cut(NamedTuple):
    """A piece of text, and what it adds to an estimate of tokens."""

    text: str
    weight: float


class Scroll:
    """A text that is written once, in units that each begin with what parts them from the one before."""

    def __init__(self, rng: Random) -> None:
        self._texts: list[str] = []
        self._weights: list[float] = []
        self._beginnings: list[int] = []
        for block in _blocks(rng):
            if block.is_plain:  # a short answer is not all heading, or half a list
                self._beginnings.append(len(self._texts))
            self._texts += ["".join(phrases) for phrases in block.units]
            # Weights add up: no word, and no run of signs, reaches from one phrase into the next.
            self._weights += [sum(map(weight_of, phrases)) for phrases in block.units]
        self._before = list(accumulate(self._weights, initial=0.0))

    def cut(self, place: float, tokens: float) -> Cut:
        """Return about so many tokens of it, half a sentence more or less; after its end it begins anew.

        `place`, in [0, 1), chooses the paragraph that it begins with.
        """
        first = self._beginnings[int(place * len(self._beginnings))]
        upto = self._before[first] + tokens - HALF_A_SENTENCE
        texts, weight = [], 0.0
        while upto > self._before[-1]:
            texts += self._texts[first:]
            weight += sum(self._weights[first:])
            first, upto = 0, upto - self._before[-1]
        last = bisect_left(self._before, upto)
        return Cut("".join(texts + self._texts[first:last]), weight + sum(self._weights[first:last]))


@cache
def scroll() -> Scroll:
    """Return the one of this process: the same in every process."""
    return Scroll(Random(0))  # noqa: S311 - a text to look at


class _Block(NamedTuple):
    """A paragraph, under a heading or not, or a list: its sentences or bullets, in phrases."""

    units: Sequence[Sequence[str]]
    is_plain: bool = False


def _blocks(rng: Random) -> Iterator[_Block]:
    leads, claims, tails = _dealt(LEADS, rng), _dealt(CLAIMS, rng), _dealt(TAILS, rng)
    list_leads, headings = _dealt(LIST_LEADS, rng), _dealt(HEADINGS, rng)
    for _ in range(BLOCKS):
        kind = rng.choice(KINDS)
        if kind == "list":
            yield _list(next(list_leads), islice(claims, BULLETS))
            continue
        heading = ("## ", next(headings), "\n\n") if kind == "headed" else ()
        sentences = [(next(leads), " ", next(claims), next(tails)) for _ in range(rng.randint(2, 4))]
        units = [("\n\n", *heading, *sentences[0]), *((" ", *sentence) for sentence in sentences[1:])]
        yield _Block(units, is_plain=kind == "plain")


def _list(lead: str, claims: Iterable[str]) -> _Block:
    first, *others = (("- ", f"{claim[0].upper()}{claim[1:]}", ".") for claim in claims)
    return _Block([("\n\n", lead, "\n\n", *first), *(("\n", *other) for other in others)])


def _dealt(phrases: Sequence[str], rng: Random) -> Iterator[str]:
    """Yield phrases like cards that are dealt: none comes again before all have been seen."""
    while True:
        yield from rng.sample(phrases, len(phrases))
