"""The right answer in the right row, whatever fails, and whoever answers first."""

from __future__ import annotations

import os

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.job import JobQuery
from aijobs_sdk.simulation.scenario import Scenario
from batch.batch_worlds import WatchedBackend, a_batch

pytestmark = pytest.mark.anyio

KINDS = ["broken"] * 10 + ["at first busy"] * 20 + ["silent at first"] * 5 + ["well"] * 65
MANY = 5000 if "AIJOBS_TORTURE" in os.environ else 1000
ROWS = [{"task": f"Row {n} is {KINDS[n * 37 % 100]}."} for n in range(MANY)]


@pytest.fixture
def rough(sim: aijobs.Mock) -> aijobs.Mock:
    """A world of random latency in which a tenth of the rows fails for good, and a quarter at first."""
    sim.load(Scenario(profile="typical"))
    sim.on().do(aijobs.ok(tokens=20).forever())
    sim.on(prompt="*is at first busy.").do(aijobs.fail(503), aijobs.ok(tokens=20))
    sim.on(prompt="*is silent at first.").do(aijobs.fail("timeout"), aijobs.ok(tokens=20))
    sim.on(prompt="*is broken.").do(aijobs.fail("content_filter").forever())
    return sim


async def answers_by_prompt(backend: WatchedBackend) -> dict[str, str | None]:
    """Return what each job came to, as the store knows it: by what was asked, not by rows."""
    answers: dict[str, str | None] = {}
    query: JobQuery | None = JobQuery(limit=1000)
    while query is not None:
        page = await backend.list_jobs(query)
        answers |= {str(job.payload["prompt"]): job.result and str(job.result["content"]) for job in page.jobs}
        query = None if page.next_cursor is None else query.model_copy(update={"cursor": page.next_cursor})
    return answers


@pytest.mark.usefixtures("rough")
async def test_each_of_many_rows_has_its_own_answer_or_its_own_error(backend: WatchedBackend) -> None:
    rows = await a_batch(backend, ROWS, concurrency=200).run()
    assert [row.inputs for row in rows] == ROWS
    answers = await answers_by_prompt(backend)
    assert [row.content for row in rows] == [answers[row["task"]] for row in ROWS]
    assert [row.status == "failed" for row in rows] == ["broken" in row["task"] for row in ROWS]
    assert [row.error is None for row in rows] == ["broken" not in row["task"] for row in ROWS]


@pytest.mark.usefixtures("rough")
async def test_a_frame_is_as_high_as_the_input_and_empty_where_a_row_failed(backend: WatchedBackend) -> None:
    batch = a_batch(backend, ROWS[:500], concurrency=50)
    await batch.run()
    frame = batch.to_pandas()
    assert list(frame["task"]) == [row["task"] for row in ROWS[:500]]
    assert list(frame["content"].isna()) == ["broken" in row["task"] for row in ROWS[:500]]
    assert list(frame["error"].isna()) == ["broken" not in row["task"] for row in ROWS[:500]]
