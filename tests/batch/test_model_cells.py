"""Pydantic models and dataclasses in cells: what is asked, and which rows are the same, is so in each process."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import BaseModel, ConfigDict, Field, RootModel, computed_field
from pydantic.dataclasses import dataclass as pydantic_dataclass

from aijobs_sdk.batch.reading.rows import open_rows

SEAS = frozenset({"sea", "bay", "cape", "delta", "fjord", "gulf"})
IN_ORDER = ["bay", "cape", "delta", "fjord", "gulf", "sea"]


class Tagged(BaseModel):
    tags: frozenset[str]


class Written(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True)
    tags: set[str] = Field(alias="labels")


class Deep(BaseModel):
    parts: list[Tagged]
    by_name: dict[str, set[str]]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)
    groups: frozenset[frozenset[str]]


class Bare(RootModel[dict[str, set[str]]]):
    pass


@pydantic_dataclass
class Place:
    tags: set[str] = Field(serialization_alias="labels")


@dataclass
class Pier:
    places: list[Place]
    tags: frozenset[str]


class OfDataclasses(BaseModel):
    piers: tuple[Pier, ...]


class Computed(BaseModel):
    names: list[str]

    @computed_field
    def tags(self) -> set[str]:
        return set(self.names)


@pytest.mark.parametrize(
    ("cell", "plain"),
    [
        (Tagged(tags=SEAS), {"tags": IN_ORDER}),
        (Written(labels=set(SEAS)), {"labels": IN_ORDER}),
        (
            Deep(parts=[Tagged(tags=SEAS)], by_name={"all": set(SEAS)}),
            {"parts": [{"tags": IN_ORDER}], "by_name": {"all": IN_ORDER}},
        ),
        (Frozen(groups=frozenset({SEAS, frozenset({"a"})})), {"groups": [["a"], IN_ORDER]}),
        (Bare({"all": set(SEAS)}), {"all": IN_ORDER}),
        (
            OfDataclasses(piers=(Pier(places=[Place(tags=set(SEAS))], tags=SEAS),)),
            {"piers": [{"places": [{"tags": IN_ORDER}], "tags": IN_ORDER}]},
        ),
        (Computed(names=["sea", "bay"]), {"names": ["sea", "bay"], "tags": ["bay", "sea"]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_sets_of_a_model_are_lists_in_the_order_of_their_items(cell: BaseModel, plain: object) -> None:
    [row] = list(open_rows([{"cell": cell}]))
    assert row["cell"] == plain


def test_a_dataclass_is_written_with_its_sets_in_the_order_of_their_items() -> None:
    pier = Pier(places=[Place(tags=set(SEAS))], tags=SEAS)
    [row] = list(open_rows([{"cell": pier}]))
    in_order = "{'bay', 'cape', 'delta', 'fjord', 'gulf', 'sea'}"
    assert str(row["cell"]) == f"Pier(places=[Place(tags={in_order})], tags={in_order})"
    assert row["cell"] == pier
