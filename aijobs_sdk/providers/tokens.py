"""How many tokens a text is, near enough for an estimate, with nothing but the standard library."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class _Class(NamedTuple):
    pattern: str
    per_match: float = 0.0
    per_character: float = 0.0


# Weights fitted to o200k_base, OpenAI's vocabulary since GPT-4o: least relative error over half of the documents of the
# kinds that `benchmarks/token_estimates.py` measures. On the 1,868 of the other half, a document's mean error is under
# 5 % in English, Markdown, Python, JSON, Greek and Korean, and 7 to 13 % in other languages. Weak spots: European
# languages in Latin letters, and short prompts, both 5 % too few.
# A match of `word` ends after six letters; what is left of a longer word is `word_rest`, and costs by the letter.
_CLASSES = {
    "word_rest": _Class(r"(?<=[A-Za-z])[A-Za-z]+", per_character=0.167),
    "word": _Class(r"[A-Za-z]{1,6}", per_match=0.889),
    "digits": _Class(r"[0-9]{1,3}", per_match=1.450),
    "punctuation": _Class(r"[!-/:-@\[-`{-~]+", per_match=0.386, per_character=0.202),
    "newlines": _Class(r"[\r\n]+", per_match=1.810),
    "spaces": _Class(r"[ \t]{2,}", per_match=0.311),
    "latin_extended": _Class(r"[\u00c0-\u024f\u1e00-\u1eff]+", per_character=1.040),
    "greek": _Class(r"[\u0370-\u03ff]+", per_character=0.399),
    "cyrillic": _Class(r"[\u0400-\u052f]+", per_match=0.929, per_character=0.200),
    "hebrew": _Class(r"[\u0590-\u05ff]+", per_character=0.470),
    "arabic": _Class(r"[\u0600-\u06ff\u0750-\u077f]+", per_match=0.566, per_character=0.240),
    "indic": _Class(r"[\u0900-\u0dff]+", per_match=0.860, per_character=0.273),
    "thai": _Class(r"[\u0e00-\u0e7f]+", per_character=0.406),
    "han": _Class(r"[\u3400-\u4dbf\u4e00-\u9fff]+", per_character=0.764),
    "kana": _Class(r"[\u3040-\u30ff]+", per_character=0.655),
    "hangul": _Class(r"[\uac00-\ud7af]+", per_character=0.725),
    "other": _Class(r"[^\s]", per_character=1.181),
}
_ANY_CLASS = re.compile("|".join(f"(?P<{name}>{kind.pattern})" for name, kind in _CLASSES.items()))
SHORT_CHARS = 8_000
"""Up to here a text is remembered with its estimate: one call asks for the same text several times."""
SHORT_WORD_CHARS = 32
"""Up to here a word is remembered: most of any text are words that come again and again."""
_WORD = re.compile(r"\s*+\S++\s*+|\s++")
"""With the space around it. No class reaches from one word into the next, so that their weights add up."""
_LESS_THAN_HALF = 0.499999


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a current model reads in this text: 0 for none, else at least 1.

    Takes time in proportion to the length, whatever the text is, and never opens a file or a socket.
    """
    if not text:
        return 0
    return _remembered(text) if len(text) <= SHORT_CHARS else _estimate(text)


@lru_cache(4_096)
def weight_of(text: str) -> float:
    """Return what a short text adds to the estimate of one that it is a part of, and that is put together of many.

    Parts add up where no word, and no run of signs, reaches from one into the next; `rounded()` is the estimate.
    """
    return _weight_of_words(text)


def rounded(weight: float) -> int:
    """Return the estimate of a text of this weight."""
    return max(1, round(weight))


def first_tokens(text: str, tokens: int) -> str:
    """Return the longest beginning of the text, in whole words, that is estimated at no more than that many tokens.

    A word of more than 32 characters, such as JSON without spaces, is cut within.
    """
    if tokens < 1:
        return ""
    left, end = tokens + _LESS_THAN_HALF, 0  # more would be rounded up
    for word in _WORD.finditer(text):
        weight = _weight(word[0])
        if weight > left:
            return text[: end + _fitting(word[0], left)] if len(word[0]) > SHORT_WORD_CHARS else text[:end]
        left -= weight
        end = word.end()
    return text


def _fitting(word: str, most: float) -> int:
    """Return where a beginning of the word ends that weighs no more than that."""
    end = 0
    for match in _ANY_CLASS.finditer(word):
        most -= _weight_of_match(match)
        if most < 0:
            break
        end = match.end()
    return end


def _estimate(text: str) -> int:
    return rounded(_weight_of_words(text))


def _weight_of_words(text: str) -> float:
    words = _WORD.findall(text)
    # One list, not a call for each word: of the simulation's work this is the largest part.
    return sum([_known_weight(word) if len(word) <= SHORT_WORD_CHARS else _weigh(word) for word in words])


def _weight(word: str) -> float:
    return _known_weight(word) if len(word) <= SHORT_WORD_CHARS else _weigh(word)


def _weigh(word: str) -> float:
    return sum(map(_weight_of_match, _ANY_CLASS.finditer(word)))


def _weight_of_match(match: re.Match[str]) -> float:
    kind = _CLASSES[match.lastgroup or "other"]
    return kind.per_match + kind.per_character * (match.end() - match.start())


_known_weight = lru_cache(16_384)(_weigh)
_remembered = lru_cache(512)(_estimate)
