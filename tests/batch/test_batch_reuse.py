"""Exactly what changed is paid for: rows are known by what they ask, not by where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

import aijobs_sdk as aijobs
from aijobs_sdk.batch.async_batch import AsyncBatch
from batch.batch_worlds import WatchedBackend, a_batch

pytestmark = pytest.mark.anyio

ROWS = [{"task": f"Sort letter {n}."} for n in range(300)]


class Ticket(BaseModel):
    topic: str
    urgency: int


def another_ticket() -> type[BaseModel]:
    """Return a model of the same name and schema whose validator is another."""

    class Ticket(BaseModel):
        topic: str
        urgency: int

        @field_validator("topic")
        @classmethod
        def in_capitals(cls, topic: str) -> str:
            return topic.upper()

    return Ticket


class Reuse:
    """A world in which a batch was run once by its name, and is run again in other ways."""

    def __init__(self, sim: aijobs.Mock, backend: WatchedBackend) -> None:
        self._sim = sim
        self._backend = backend

    async def calls(self, rows: Sequence[Mapping[str, object]], **options: Any) -> int:
        """Return how often providers are asked for the rows, if they are run by the name now."""
        before = len(self._sim.calls)
        batch = a_batch(self._backend, rows, name="letters", **options)
        done = await batch.run()
        assert [row.inputs for row in done] == list(rows)
        assert {row.status for row in done} == {"completed"}
        return len(self._sim.calls) - before


@pytest.fixture
def reuse(sim: aijobs.Mock, backend: WatchedBackend) -> Reuse:
    return Reuse(sim, backend)


async def test_rows_that_ask_the_same_are_one_call(reuse: Reuse) -> None:
    assert await reuse.calls(ROWS[:1] * 300) == 1


async def test_without_dedupe_each_of_them_is_a_call_and_none_is_repeated(reuse: Reuse) -> None:
    assert await reuse.calls(ROWS[:1] * 300, dedupe=False) == 300
    assert await reuse.calls(ROWS[:1] * 300, dedupe=False) == 0


async def test_rows_that_share_an_answer_say_whose_and_cost_nothing(backend: WatchedBackend) -> None:
    first, *others = await a_batch(backend, ROWS[:1] * 5).run()
    assert {(row.content, row.shared_with, row.credits) for row in others} == {(first.content, 0, Decimal(0))}
    assert first.shared_with is None


async def test_how_many_rows_share_an_answer_is_known_to_who_finds_the_batch_by_its_name(
    backend: WatchedBackend,
) -> None:
    own = a_batch(backend, ROWS[:1] * 5, name="letters")
    await own.run()
    found = AsyncBatch(backend, name="letters")
    await found.refresh()
    assert found.progress.shared == own.progress.shared == 4


@pytest.mark.parametrize(
    ("rows", "calls"),
    [
        ([*ROWS[:150], {"task": "Something else."}, *ROWS[151:]], 1),
        ([*ROWS, {"task": "One more."}], 1),
        (ROWS[::-1], 0),
        (ROWS[100:], 0),
        (ROWS + ROWS, 0),
    ],
    ids=["one edited", "one appended", "the other way round", "fewer", "each twice"],
)
async def test_only_what_was_never_asked_is_called(reuse: Reuse, rows: list[dict[str, str]], calls: int) -> None:
    assert await reuse.calls(ROWS) == 300
    assert await reuse.calls(rows) == calls


async def test_rows_that_come_back_are_not_called_again(reuse: Reuse) -> None:
    await reuse.calls(ROWS)
    await reuse.calls(ROWS[:10])
    assert await reuse.calls(ROWS) == 0


async def test_a_column_that_no_template_uses_changes_nothing(reuse: Reuse) -> None:
    await reuse.calls(ROWS)
    assert await reuse.calls([row | {"note": "seen"} for row in ROWS]) == 0


async def test_another_validator_of_the_same_schema_is_no_call_and_is_used(
    reuse: Reuse, backend: WatchedBackend
) -> None:
    await reuse.calls(ROWS[:20], output_model=Ticket)
    mended = another_ticket()
    assert await reuse.calls(ROWS[:20], output_model=mended) == 0
    rows = await a_batch(backend, ROWS[:20], name="letters", output_model=mended).run()
    assert all(row.output.topic.isupper() for row in rows)


@pytest.mark.parametrize(
    "changed",
    [{"model": "claude-sonnet-4.5"}, {"temperature": 0.5}, {"max_tokens": 90}, {"system": "Be brief."}],
    ids=lambda changed: next(iter(changed)),
)
async def test_another_way_to_ask_is_called_for_every_row(reuse: Reuse, changed: Mapping[str, Any]) -> None:
    await reuse.calls(ROWS)
    assert await reuse.calls(ROWS, **changed) == 300


@pytest.mark.parametrize("name", ["max_tokens", "temperature", "top_p"])
@pytest.mark.parametrize(
    "same", [1.0, "1", "1.0"], ids=["a column with a gap elsewhere", "a column of a CSV", "one with a gap in a CSV"]
)
async def test_a_number_in_another_form_is_no_call(reuse: Reuse, name: str, same: object) -> None:
    column = {name: "{number}"}
    assert await reuse.calls([{"task": "Sort letter 1.", "number": 1}], **column) == 1
    assert await reuse.calls([{"task": "Sort letter 1.", "number": same}], **column) == 0


@pytest.mark.parametrize("name", ["temperature", "top_p"])
async def test_a_fraction_that_a_csv_holds_is_no_call(reuse: Reuse, name: str) -> None:
    """The same rows from Parquet and from a CSV ask the same, and are paid for once."""
    column = {name: "{number}"}
    assert await reuse.calls([{"task": "Sort letter 1.", "number": 0.35}], **column) == 1
    assert await reuse.calls([{"task": "Sort letter 1.", "number": "0.350"}], **column) == 0


async def test_another_schema_is_called_for_every_row(reuse: Reuse) -> None:
    class Urgency(BaseModel):
        urgency: int

    await reuse.calls(ROWS, output_model=Ticket)
    assert await reuse.calls(ROWS, output_model=Urgency) == 300


async def test_another_way_to_run_changes_nothing(reuse: Reuse) -> None:
    await reuse.calls(ROWS)
    assert await reuse.calls(ROWS, concurrency=7, row_timeout=60, deadline=600, budget=1000) == 0
