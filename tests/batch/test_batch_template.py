"""What a prompt template takes, and how it refuses the rest."""

from __future__ import annotations

import pytest

from aijobs_sdk.batch.asking.template import Template
from aijobs_sdk.contract.errors import InvalidRequestError

ROW = {"text": "Tides", "price": 1.5, "turns": ["first", "second"], "who": {"name": "Ada"}, "nothing": None, "n": 3}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("Summarise: {text}", "Summarise: Tides"),
        ("{price:.2f} for {n}", "1.50 for 3"),
        ("{turns[1]}, {turns[-2]}", "second, first"),
        ("{who[name]}", "Ada"),
        ("{text!r}", "'Tides'"),
        ('{{"topic": "{text}"}}', '{"topic": "Tides"}'),
        ("no holes", "no holes"),
    ],
)
def test_holes_are_filled_from_the_columns(template: str, filled: str) -> None:
    assert Template(template, name="prompt").fill(ROW, index=0) == filled


@pytest.mark.parametrize(
    "template", ["{", "}", "{}", "{0}", "{text.__class__}", "{text[}", "{text!z}", "{text:{n}}", "{text[0][}"]
)
def test_a_broken_template_is_refused_before_any_row(template: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"`prompt` .*; write "):
        Template(template, name="prompt")


@pytest.mark.parametrize("hole", ["{}", "{0}", "{a.b}"])
def test_a_hole_that_names_no_column_is_told_once_and_with_the_ways_out(hole: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        Template(hole, name="prompt")
    assert str(refused.value) == (
        f"`prompt` has a hole {hole} that names no column; write {{column}} or {{column[0]}}. A column whose name is a "
        "number, or holds a dot, a colon or a bracket, has to be renamed, or read by a function as `prompt`."
    )


@pytest.mark.parametrize("column", ["a:b", "a:>3", "a[b]"])
def test_a_column_that_no_template_can_name_is_said_to_be_one(column: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"no template can name the column .*; rename it, or ask"):
        Template(f"{{{column}}}", name="prompt").fill({column: "x"}, index=0)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{txt}", "there is no column 'txt'. Did you mean 'text'?"),
        ("{zzz}", "there is no column 'zzz'. Known: n, nothing, price, text, turns, who."),
        ("{nothing}", "{nothing} is empty there; fill it or leave the row out."),
        ("{turns[9]}", "{turns[9]} finds nothing at [9] in a list of 2."),
        ("{turns[0][x]}", "{turns[0][x]} finds nothing at [x] in a text of 5 characters."),
        ("{who[age]}", "{who[age]} finds nothing at [age] in an object with 1 fields."),
        ("{text:.2f}", "{text:.2f} cannot format a text of 5 characters."),
        ("{text:>99999999999999999999}", "cannot format a text of 5 characters."),
    ],
)
def test_a_row_that_cannot_fill_it_is_named(template: str, problem: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        Template(template, name="prompt").fill(ROW, index=16)
    assert str(refused.value).startswith("Row 17 (index 16): the prompt template cannot be filled: ")
    assert str(refused.value).endswith(problem)
    assert [problem.field for problem in refused.value.fields] == ["rows[16]"]


def test_errors_hold_nothing_of_a_cell() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        Template("{text:d}", name="prompt").fill({"text": "my password"}, index=0)
    assert "my password" not in str(refused.value)
