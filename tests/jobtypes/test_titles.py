"""A title is one short line of plain words, and never empty."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aijobs_sdk.jobtypes.markdown.sanitise import sanitise
from aijobs_sdk.jobtypes.markdown.titles import MAX_TITLE_CHARS, title_of

FAMILY = "👨‍👩‍👧"


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("Hello.\n\n# The Title\n\n# Another", "The Title"),
        ("# Closed ##", "Closed"),
        ("# C#", "C#"),
        ("   # Indented", "Indented"),
        ("Underlined\n===\n\nText.", "Underlined"),
        ("## Not this\n\n# This", "This"),
        ("#\n\n# After an empty one", "After an empty one"),
        ("```sh\n# a comment\n```\n\n# The Title", "The Title"),
        ("~~~\n# a comment\n```\n# still code\n~~~\n# The Title", "The Title"),
    ],
)
def test_the_first_h1_outside_code_is_the_title(content: str, title: str) -> None:
    assert title_of(content, "A prompt.") == title


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("# **Bold** and *soft* and ~~gone~~", "Bold and soft and gone"),
        ("# See [the docs](https://x.y/a_(b)) ![logo](x.png)", "See the docs logo"),
        ("# Why `snake_case` and snake_case_name", "Why snake_case and snake_case_name"),
        ("# AT&amp;T \\*stars\\* <b>x</b>", "AT&T *stars* x"),
        ("# The `<script>` tag", "The <script> tag"),
        ("# Use `**kwargs` and `*args`", "Use **kwargs and *args"),
        ("# 2 * 3 * 4", "2 * 3 * 4"),
    ],
)
def test_a_title_has_no_marks(content: str, title: str) -> None:
    assert title_of(content, "") == title


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("First one. Second one.", "First one"),
        ("Is it? It is.", "Is it?"),
        ("Wrapped\nover lines. Next.", "Wrapped over lines"),
        ("Dr. Smith met J. Doe, e.g. here. Next.", "Dr. Smith met J. Doe, e.g. here"),
        ("Version 3.11 of Node.js is out. Next.", "Version 3.11 of Node.js is out"),
        ("これはペンです。次の文。", "これはペンです"),
        ("你好吗？我很好。", "你好吗？"),  # noqa: RUF001 - a Chinese question
        ("🎉 Party time! More.", "🎉 Party time!"),
        ("## Introduction\nText.", "Introduction"),
        ("- [ ] Buy milk\n- Buy eggs", "Buy milk"),
        ("> Quoted words. More.", "Quoted words"),
        ("---\n\nAfter a rule", "After a rule"),
        ("```py\nx = 1\n```\nAfter code.", "After code"),
    ],
)
def test_without_an_h1_the_first_sentence_is_the_title(content: str, title: str) -> None:
    assert title_of(content, "A prompt.") == title


@pytest.mark.parametrize("content", ["", " \n\t", "```py\nx = 1\n```", "```\nnever closed", "---", "<br>"])
def test_an_answer_without_prose_is_named_after_its_prompt(content: str) -> None:
    assert title_of(content, "Sort a list. Be quick.") == "Sort a list"


def test_a_long_answer_is_not_named_after_the_mark_of_its_cut() -> None:
    assert title_of(sanitise("```py\n" + "x = 1\n" * 20_000), "Sort a list.") == "Sort a list"


def test_without_any_words_a_document_is_untitled() -> None:
    assert title_of("```\nx\n```", " ") == "Untitled"


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("# " + "word " * 40, "word " * 15 + "word…"),
        ("# " + "x" * 80, "x" * 80),
        ("# " + "x" * 81, "x" * 79 + "…"),
        ("字" * 100, "字" * 79 + "…"),
        ("# " + "a" * 79 + " b", "a" * 79 + "…"),
        (FAMILY * 40, FAMILY * 15 + "…"),
    ],
)
def test_a_long_title_is_cut_between_words_or_characters(content: str, title: str) -> None:
    assert title_of(content, "") == title


@given(content=st.text(), prompt=st.text())
def test_a_title_is_one_line_of_at_most_80_characters(content: str, prompt: str) -> None:
    title = title_of(content, prompt)

    assert 0 < len(title) <= MAX_TITLE_CHARS
    assert title.splitlines() == [title]


@pytest.mark.parametrize("marks", ["*a ", "e.g. ", ".", "# ", "`a ", "[a](("])
def test_a_title_is_looked_for_in_the_beginning_of_a_line_only(marks: str) -> None:
    assert title_of(marks * 500_000, "") == title_of(marks * 1_000, "")  # in all of it, it would take hours
