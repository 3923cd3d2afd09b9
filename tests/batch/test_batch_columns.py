"""What columns hold is learnt row by row, in whatever order, and from a schema before any row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from aijobs_sdk.batch.columns.columns import Columns
from aijobs_sdk.batch.columns.kinds import ANYTHING, Kind, Sort, covers, either, kind_of
from aijobs_sdk.batch.columns.schema_columns import columns_of_schema

values = st.recursive(
    st.sampled_from([None, True, 1, 2**60, 2**70, 0.5, Decimal("1.5"), Decimal("1E+90"), "x", b"x", date.min])
    | st.sampled_from([datetime.min, datetime(2026, 1, 2, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=5,
)


def kind_of_all(cells: Sequence[object]) -> Kind:
    columns = Columns()
    for cell in cells:
        columns.note({"c": cell})
    return columns.kinds["c"]


@settings(deadline=None)
@given(cells=st.lists(values, min_size=1, max_size=4))
def test_the_kind_of_a_column_covers_all_of_its_cells(cells: list[object]) -> None:
    kind = kind_of_all(cells)
    assert all(covers(kind, cell) for cell in cells)


@settings(deadline=None)
@given(cells=st.lists(values, min_size=1, max_size=4))
def test_the_kind_of_a_column_does_not_hang_on_the_order_of_its_cells(cells: list[object]) -> None:
    assert kind_of_all(cells) == kind_of_all(cells[::-1])


@settings(deadline=None)
@given(one=values, other=values)
def test_covering_a_value_is_being_unchanged_by_its_kind(one: object, other: object) -> None:
    kind = kind_of(one)
    assert covers(kind, other) == (either(kind, kind_of(other)) == kind)


@settings(deadline=None)
@given(cells=st.lists(values, min_size=1, max_size=4))
def test_columns_come_back_from_their_json(cells: list[object]) -> None:
    columns = Columns({"b": kind_of_all(cells), "a": ANYTHING})
    again = Columns.from_json(columns.to_json())
    assert (again.names, again.kinds) == (("b", "a"), columns.kinds)


@pytest.mark.parametrize("written", ["no kind", {"decimal": "x"}, 7])
def test_columns_of_another_version_are_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"no kind|another version"):
        Columns.from_json({"columns": [["a", written]]})  # type: ignore[list-item]


def test_columns_stand_in_the_order_in_which_they_appear() -> None:
    columns = Columns()
    columns.note({"b": 1, "a": None})
    columns.note({"c": 1, "a": "x", "b": 2.5})
    assert columns.names == ("b", "a", "c")
    assert [kind.sort for kind in columns.kinds.values()] == [Sort.NUMBER, Sort.TEXT, Sort.INTEGER]


def test_an_object_of_many_names_is_text() -> None:
    columns = Columns()
    for number in range(200):
        columns.note({"counts": {f"word {number}": 1}})
    assert columns.kinds["counts"] == ANYTHING


class Colour(Enum):
    RED = "red"


class Part(BaseModel):
    name: str
    parts: list[Part] = []


class Answer(BaseModel):
    text: str
    count: int | None
    share: float
    sure: bool
    colour: Colour
    mood: Literal["good", "bad"]
    tags: list[str]
    part: Part
    either: int | str


def test_a_schema_says_the_columns_of_its_answers() -> None:
    kinds = columns_of_schema(Answer.model_json_schema()).kinds
    assert [kind.sort.value for kind in kinds.values()] == [
        *("text", "long", "number", "boolean", "text", "text", "list", "object", "anything")
    ]
    assert kinds["part"].fields["parts"].item == ANYTHING  # it holds itself
