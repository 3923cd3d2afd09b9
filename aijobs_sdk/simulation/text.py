"""Text that reads like an answer: Markdown about the prompt's own topic, of about the length that is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
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
_SHORT_WORD = r"\S{1,10}+\s*+"  # about a token


class Written(NamedTuple):
    """A text, and how many tokens that is estimated at."""

    text: str
    tokens: int

    @staticmethod
    def of(text: str) -> Written:
        """Return a text that nobody has counted yet."""
        return Written(text, estimate_tokens(text))

    def first(self, most_tokens: int) -> Written:
        """Return as much of it as so many tokens are, in whole words."""
        return self if self.tokens <= most_tokens else Written.of(first_tokens(self.text, most_tokens))


def answer(prompt: str, tokens: int, rng: Random) -> Written:
    """Return an answer of about that many tokens. It holds no HTML, whatever the prompt holds.

    Whole sentences, so it is up to half a sentence off; a length too short for a title and two sentences cuts them.
    """
    topic = _topic(prompt)
    draft, end = _Draft(), _Draft()
    draft.add("# ", f"{topic[0].upper()}{topic[1:]}", "\n\n", *_about(topic, rng.choice(OPENINGS)))
    end.add("\n\n", *_about(topic, rng.choice(CLOSINGS)))
    if draft.weight + end.weight > tokens:
        return Written.of(draft.text + end.text).first(tokens)
    _write_body(draft, rng, tokens - end.weight)
    draft.add(*end.phrases)
    return Written(draft.text, rounded(draft.weight))


def head_of(prompt: str) -> str:
    """Return the part of a prompt that an answer hangs on."""
    return prompt[:HEAD_CHARS]


@lru_cache(64)  # a job's attempts write the same text
def pieces(text: str, tokens_per_event: int) -> tuple[str, ...]:
    """Return the text in pieces of about that many tokens, as a provider streams it; joined, they are the text."""
    return tuple(_piece(tokens_per_event).findall(text))


@cache
def _piece(most: int) -> re.Pattern[str]:
    return re.compile(rf"\s*+(?:{_SHORT_WORD}){{1,{most}}}+|\s++")


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
    return " ".join(kept)[:TOPIC_CHARS].rstrip("'\u2019-")  # a cut word ends in a letter, as the others do


def _about(topic: str, sentence: str) -> tuple[str, str, str]:
    """Return a sentence in phrases, the topic in its place."""
    before, _, after = sentence.partition("{topic}")
    return before, topic, after


class _Phrase(NamedTuple):
    """A phrase, and what it adds to an estimate."""

    text: str
    weight: float


@cache
def _weighed(phrases: Sequence[str]) -> list[_Phrase]:
    return [_Phrase(phrase, weight_of(phrase)) for phrase in phrases]


class _Draft:
    """A text that is being put together of phrases that come again and again, each of which was weighed before."""

    def __init__(self) -> None:
        self.phrases: list[str] = []
        self.weight = 0.0

    def add(self, *phrases: str) -> None:
        """Write on. No word, and no run of signs, may reach from one phrase into the next."""
        self.phrases += phrases
        self.weight += sum(map(weight_of, phrases))

    def add_sentence(self, space: str, lead: _Phrase, claim: _Phrase, tail: _Phrase) -> None:
        """Write on: half of all that is written. Spaces weigh nothing."""
        self.phrases += (space, lead.text, " ", claim.text, tail.text)
        self.weight += lead.weight + claim.weight + tail.weight

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.phrases)


def _write_body(draft: _Draft, rng: Random, tokens: float) -> None:
    """Add paragraphs, headings and lists until the draft has about that many tokens."""
    material = _Material(rng)
    while tokens - draft.weight > HALF_A_SENTENCE:
        draft.add("\n\n")
        material.write_block(draft, tokens)


class _Material:
    """Phrases dealt like cards: none comes again before all have been seen."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._leads = _deal(LEADS, rng)
        self._claims = _deal(CLAIMS, rng)
        self._tails = _deal(TAILS, rng)
        self._list_leads = _deal(LIST_LEADS, rng)
        self._headings = _deal(HEADINGS, rng)

    def write_block(self, draft: _Draft, tokens: float) -> None:
        """Add the next block: mostly a paragraph, now and then under a heading, or a list."""
        kind, room = self._rng.choice(BLOCKS), tokens - draft.weight
        if kind == "list" and room > ROOM_FOR_A_LIST:
            draft.add(next(self._list_leads).text)
            self._write_bullets(draft)
            return
        if kind == "headed" and room > ROOM_FOR_A_HEADING:
            draft.add("## ", next(self._headings).text, "\n\n")
        self._write_sentences(draft, tokens)

    def _write_sentences(self, draft: _Draft, tokens: float) -> None:
        space = ""
        for _ in range(self._rng.randint(2, 4)):
            if space and tokens - draft.weight <= HALF_A_SENTENCE:
                return
            draft.add_sentence(space, next(self._leads), next(self._claims), next(self._tails))
            space = " "

    def _write_bullets(self, draft: _Draft) -> None:
        mark = "\n\n- "
        for _ in range(BULLETS):
            claim = next(self._claims).text
            draft.add(mark, f"{claim[0].upper()}{claim[1:]}", ".")
            mark = "\n- "


def _deal(phrases: Sequence[str], rng: Random) -> Iterator[_Phrase]:
    while True:
        deck = _weighed(phrases).copy()
        while deck:
            place = int(rng.random() * len(deck))
            deck[place], deck[-1] = deck[-1], deck[place]
            yield deck.pop()
