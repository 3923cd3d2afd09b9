"""Every refusal of an argument reads the same, wherever it is made."""

from __future__ import annotations

import pytest

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.refusal import bad_argument, in_words


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        ("must be 1 to 9", "`limit` must be 1 to 9."),
        ("is none. Did you mean `most`?", "`limit` is none. Did you mean `most`?"),
        ("is none. Known: a, b.", "`limit` is none. Known: a, b."),
    ],
)
def test_a_refusal_names_the_argument_and_ends_its_sentence_once(problem: str, message: str) -> None:
    refused = bad_argument("limit", problem)

    assert (refused.message, refused.code) == (message, "invalid_request")
    assert refused.fields == (FieldProblem(field="limit", problem=problem),)


def test_several_problems_are_told_one_after_the_other() -> None:
    problems = [FieldProblem(field="a", problem="is missing"), FieldProblem(field="b.c", problem="must be above 0")]

    assert in_words(problems) == "`a` is missing, `b.c` must be above 0"
    assert in_words(problems, between="; ") == "`a` is missing; `b.c` must be above 0"
