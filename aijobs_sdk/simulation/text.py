"""Text that reads like an answer: Markdown about the prompt's own topic, of about the length that is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import takewhile
from random import Random
from typing import NamedTuple

from aijobs_sdk.providers.tokens import estimate_tokens, first_tokens, rounded, weight_of
from aijobs_sdk.simulation.phrases import CLAIMS, CLOSINGS, HEADINGS, LEADS, LIST_LEADS, OPENINGS, TAILS

TOPIC_CHARS = 60
BULLETS = 3
BLOCKS = ("list", "headed", "plain", "plain", "plain")
HALF_A_SENTENCE = 11
ROOM_FOR_A_LIST = 80
ROOM_FOR_A_HEADING = 120

HEAD_CHARS = 400
"""Where a prompt says what it is about; the rest may be a whole document."""
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_SENTENCE_END = re.compile(r"[.?!\n\u3002]")
_ASKING_WORDS = """
    a about all an and answer are as at by can could create dear describe do does draft explain for from generate give
    hello hey hi how i in is it list make me my of on or our please summarise summarize tell that the these this to
    translate us was we what when where which who why will with would write you your
"""
_ASKING = frozenset(_ASKING_WORDS.split())
# About one token each: a short word with the space before it, a run of signs, a run of white space.
_TOKEN = re.compile(r"\s?\w{1,10}|\s?[^\w\s]+|\s+")


def answer(prompt: str, tokens: int, rng: Random) -> str:
    """Return an answer of about that many tokens. It holds no HTML, whatever the prompt holds.

    Whole sentences, so it is up to half a sentence off; a length too short for a title and two sentences cuts them.
    """
    topic = _topic(prompt)
    begin = f"# {topic[0].upper()}{topic[1:]}\n\n{rng.choice(OPENINGS).format(topic=topic)}"
    end = rng.choice(CLOSINGS).format(topic=topic)
    frame = estimate_tokens(begin) + estimate_tokens(end)
    if frame > tokens:
        return first_tokens(f"{begin}\n\n{end}", tokens)
    return "\n\n".join((begin, *_body(rng, tokens - frame), end))


def head_of(prompt: str) -> str:
    """Return the part of a prompt that an answer hangs on."""
    return prompt[:HEAD_CHARS]


@lru_cache(64)  # a job's attempts write the same text
def pieces(text: str, tokens_per_event: int) -> tuple[str, ...]:
    """Return the text in pieces of about that many tokens, as a provider streams it; joined, they are the text."""
    tokens = _TOKEN.findall(text)
    starts = range(0, len(tokens), tokens_per_event)
    return tuple("".join(tokens[start : start + tokens_per_event]) for start in starts)


def _topic(prompt: str) -> str:
    """Return the words after "please write a …" in the first sentence that has any."""
    for sentence in _SENTENCE_END.split(head_of(prompt)):
        words = _WORD.findall(sentence)
        asking = sum(1 for _ in takewhile(lambda word: word.lower() in _ASKING, words))
        if topic := _shorten(words[asking:]):
            return topic
    return "your question"


def _shorten(words: list[str]) -> str:
    """Return as many words as a title has room for, without an "of the" left hanging at the end."""
    text = " ".join(words)
    if len(text) <= TOPIC_CHARS:
        return text
    kept = text[: TOPIC_CHARS + 1].rsplit(" ", 1)[0].split()
    while len(kept) > 1 and kept[-1].lower() in _ASKING:
        kept.pop()
    return " ".join(kept)[:TOPIC_CHARS]


def _body(rng: Random, tokens: int) -> Iterator[str]:
    """Yield paragraphs, headings and lists until about that many tokens are written."""
    material = _Material(rng)
    missing = tokens
    while missing > HALF_A_SENTENCE:
        block = material.block(at_most=missing)
        missing -= sum(part.tokens for part in block) + 1  # the empty line between two blocks
        yield "".join([part.text for part in block])


class _Part(NamedTuple):
    """Some of a text, and how much that is."""

    text: str
    tokens: int


def _part(*pieces: str) -> _Part:
    """Return a part of pieces that come again and again, each of which was weighed before."""
    return _Part("".join(pieces), rounded(sum(map(weight_of, pieces))))


class _Material:
    """Phrases dealt like cards: none comes again before all have been seen."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._leads = _deal(LEADS, rng)
        self._claims = _deal(CLAIMS, rng)
        self._tails = _deal(TAILS, rng)
        self._list_leads = _deal(LIST_LEADS, rng)
        self._headings = _deal(HEADINGS, rng)

    def block(self, *, at_most: int) -> list[_Part]:
        """Return the parts of the next block: mostly a paragraph, now and then under a heading, or a list."""
        kind = self._rng.choice(BLOCKS)
        if kind == "list" and at_most > ROOM_FOR_A_LIST:
            return [_part(next(self._list_leads), "\n"), *self._bullets()]
        sentences = self._sentences(at_most=at_most)
        if kind == "headed" and at_most > ROOM_FOR_A_HEADING:
            return [_part("## ", next(self._headings), "\n\n"), *sentences]
        return sentences

    def _sentences(self, *, at_most: int) -> list[_Part]:
        sentences: list[_Part] = []
        for _ in range(self._rng.randint(2, 4)):
            if at_most <= HALF_A_SENTENCE:
                break
            space = " " if sentences else ""
            sentences.append(_part(space, next(self._leads), " ", next(self._claims), next(self._tails)))
            at_most -= sentences[-1].tokens
        return sentences

    def _bullets(self) -> list[_Part]:
        claims = [next(self._claims) for _ in range(BULLETS)]
        return [_part(f"\n- {claim[0].upper()}{claim[1:]}.") for claim in claims]


def _deal(phrases: Sequence[str], rng: Random) -> Iterator[str]:
    while True:
        deck = list(phrases)
        while deck:
            place = int(rng.random() * len(deck))
            deck[place], deck[-1] = deck[-1], deck[place]
            yield deck.pop()
