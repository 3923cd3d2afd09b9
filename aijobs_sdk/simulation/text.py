"""Text that reads like an answer: Markdown about the prompt's own topic, of about the length that is wanted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from typing import NamedTuple

from aijobs_sdk.engine.chance import Draws
from aijobs_sdk.providers.tokens import estimate_tokens, first_tokens, rounded, weight_of
from aijobs_sdk.simulation.phrases import CLOSINGS, OPENINGS
from aijobs_sdk.simulation.scroll import scroll

TOPIC_CHARS = 60

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


def answer(prompt: str, tokens: int, draws: Draws) -> Written:
    """Return an answer of about that many tokens. It holds no HTML, whatever the prompt holds.

    Whole sentences, so it is up to half a sentence off; a length too short for a title and two sentences cuts them.
    """
    topic = _topic(prompt)
    for_opening, for_closing, for_body = draws
    title = f"{topic[0].upper()}{topic[1:]}"
    opening, closing = _drawn(_openings(), for_opening), _drawn(_closings(), for_closing)
    weight = weight_of(title) + 2 * weight_of(topic) + opening.weight + closing.weight
    beginning, end = f"# {title}\n\n{opening.about(topic)}", f"\n\n{closing.about(topic)}"
    if weight > tokens:
        return Written.of(beginning + end).first(tokens)
    body = scroll().cut(for_body, tokens - weight)
    return Written(f"{beginning}{body.text}{end}", rounded(weight + body.weight))


def head_of(prompt: str) -> str:
    """Return the part of a prompt that an answer hangs on."""
    return prompt[:HEAD_CHARS]


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


class _Around(NamedTuple):
    """A sentence with a place for the topic; no word, and no run of signs, reaches into it."""

    before: str
    after: str
    weight: float
    """What it adds to an estimate; an opening's holds the signs of the title, too."""

    def about(self, topic: str) -> str:
        """Return the sentence."""
        return f"{self.before}{topic}{self.after}"


@cache
def _openings() -> Sequence[_Around]:
    return [_around(opening, weight_of("# ") + weight_of("\n\n")) for opening in OPENINGS]


@cache
def _closings() -> Sequence[_Around]:
    return [_around(closing, weight_of("\n\n")) for closing in CLOSINGS]


def _around(sentence: str, more: float) -> _Around:
    before, _, after = sentence.partition("{topic}")
    return _Around(before, after, weight_of(before) + weight_of(after) + more)


def _drawn(sentences: Sequence[_Around], draw: float) -> _Around:
    return sentences[int(draw * len(sentences))]
