"""The fixed words of the contract read as the texts that they are."""

from __future__ import annotations

import pickle
from collections import Counter

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.word import Word


@pytest.mark.parametrize(
    "word",
    [
        aijobs.JobStatus.COMPLETED,
        aijobs.RowStatus.FAILED,
        aijobs.BatchState.PAUSED,
        aijobs.ErrorCategory.RATE_LIMIT,
    ],
)
def test_a_word_shows_as_its_text_and_equals_it(word: Word) -> None:
    assert repr(word) == repr(word.value)
    assert f"{word}" == str(word) == word.value
    assert word == word.value


def test_counts_of_words_are_readable() -> None:
    counts = Counter([aijobs.JobStatus.COMPLETED, aijobs.JobStatus.COMPLETED, aijobs.JobStatus.FAILED])
    assert repr(dict(counts)) == "{'completed': 2, 'failed': 1}"
    assert counts["completed"] == 2  # type: ignore[index]  # a text finds it as well


def test_a_word_stays_itself_on_its_travels() -> None:
    assert pickle.loads(pickle.dumps(aijobs.JobStatus.FAILED)) is aijobs.JobStatus.FAILED
