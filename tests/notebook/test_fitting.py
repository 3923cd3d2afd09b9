"""Texts made to fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.notebook.fitting import cut, end_of


@given(st.text(), st.integers(1, 12))
def test_nothing_is_longer_than_was_asked_for(text: str, most: int) -> None:
    assert len(cut(text, most)) <= most
    assert len(end_of(text, most)) <= most


@given(st.text(max_size=12))
def test_what_fits_stays_as_it_is(text: str) -> None:
    assert cut(text, 12) == end_of(text, 12) == text


def test_what_is_cut_says_so() -> None:
    assert cut("the sound of the water", 10) == "the sound…"
    assert end_of("the sound of the water", 12) == "…the water"
