from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.engine.chance import Draws
from aijobs_sdk.providers.tokens import estimate_tokens
from aijobs_sdk.simulation.pieces import EvenPieces, pieces
from aijobs_sdk.simulation.text import answer

NUMBER = st.floats(min_value=0, max_value=1, exclude_max=True)
DRAWS = st.tuples(NUMBER, NUMBER, NUMBER)
HALF = (0.5, 0.5, 0.5)


@given(text=st.text(), tokens_per_event=st.integers(min_value=1, max_value=20))
def test_pieces_joined_are_the_text(text: str, tokens_per_event: int) -> None:
    assert "".join(pieces(text, tokens_per_event)) == text


@given(text=st.text(min_size=1), tokens_per_event=st.integers(min_value=1, max_value=20))
def test_no_piece_is_empty(text: str, tokens_per_event: int) -> None:
    assert all(pieces(text, tokens_per_event))


@given(text=st.text(), tokens_per_event=st.integers(min_value=1, max_value=20))
def test_even_pieces_are_the_text_from_its_begin_to_its_end(text: str, tokens_per_event: int) -> None:
    even = EvenPieces(text, tokens_per_event, 1.0, 3.0)
    assert (even.text, even.texts) == (text, pieces(text, tokens_per_event))
    assert list(even.seconds) == sorted(even.seconds)
    assert even.seconds[:1] == (1.0,)[: len(even)]
    assert len(even) < 2 or even.seconds[-1] == pytest.approx(3.0)


@given(prompt=st.text(), tokens=st.integers(min_value=1, max_value=2_000), draws=DRAWS)
def test_no_prompt_brings_html_into_the_answer(prompt: str, tokens: int, draws: Draws) -> None:
    assert not set("<>&") & set(answer(prompt, tokens, draws).text)


@given(prompt=st.text(), tokens=st.integers(min_value=1, max_value=2_000), draws=DRAWS)
def test_an_answer_says_how_many_tokens_it_is(prompt: str, tokens: int, draws: Draws) -> None:
    written = answer(prompt, tokens, draws)
    assert written.tokens == estimate_tokens(written.text)


@given(tokens=st.integers(min_value=60, max_value=3_000), draws=DRAWS)
def test_an_answer_is_about_as_long_as_wanted(tokens: int, draws: Draws) -> None:
    text = answer("Write a haiku about rivers", tokens, draws).text
    assert estimate_tokens(text) == pytest.approx(tokens, abs=0.03 * tokens + 15)


@given(tokens=st.integers(min_value=1, max_value=35))
def test_a_very_short_answer_is_never_longer_than_wanted(tokens: int) -> None:
    assert estimate_tokens(answer("Write a haiku about rivers", tokens, HALF).text) <= tokens


def test_the_same_draws_give_the_same_answer() -> None:
    assert answer("On rivers", 300, HALF) == answer("On rivers", 300, HALF)


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("Write a haiku about rivers", "# Haiku about rivers"),
        ("Hello! Please explain why the sky is blue.", "# Sky is blue"),
        ("Summarise: the report of the second quarter", "# Report of the second quarter"),
        ("<script>alert(1)</script>", "# Script alert 1 script"),
        ("写一首关于河流的俳句", "# 写一首关于河流的俳句"),
        ("???", "# Your question"),
    ],
)
def test_the_title_is_made_of_the_prompts_own_words(prompt: str, title: str) -> None:
    assert answer(prompt, 200, HALF).text.splitlines()[0] == title


def test_a_long_answer_has_a_list_and_headings() -> None:
    text = answer("Write about rivers", 2_000, HALF).text
    assert "\n- " in text
    assert "\n## " in text


def test_the_answer_comes_back_to_the_topic_at_its_end() -> None:
    assert "*rivers*" in answer("Write about rivers", 400, HALF).text.rpartition("\n\n")[2]
