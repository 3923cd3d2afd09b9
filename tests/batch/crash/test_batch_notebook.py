"""Notebook manners: a batch in a real kernel prints nothing a row, lets itself be interrupted, and needs no kernel."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator

import pytest

from batch.crash.crash_worlds import ONLY_LONG, Place, answers, tasks, wait_until
from cells import Cells, running_cells

ROWS = 100
ALL_ANSWERED = repr(json.dumps(answers(tasks(ROWS))))

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def notebook(place: Place) -> Iterator[Cells]:
    first = f"""
        import json, aijobs_sdk as aijobs
        rows = [{{"task": f"Task {{n}}."}} for n in range({ROWS})]
        client = aijobs.Client()
        batch = client.batch(rows, prompt="{{task}}", model="gpt-5.2", name="tasks", concurrency=10)
    """
    with running_cells(os.environ | place.environment | {"AIJOBS_URL": place.url}, first) as cells:
        yield cells


@ONLY_LONG
def test_a_cell_that_runs_a_batch_prints_nothing_and_shows_it_once(notebook: Cells) -> None:
    notebook.shown.clear()
    assert notebook.run("it = json.dumps([row.content for row in batch.run()])") == ALL_ANSWERED
    assert {"stream", "execute_result"}.isdisjoint(notebook.shown)
    assert notebook.shown.count("display_data") == 1


def test_an_interrupt_ends_the_cell_and_not_the_batch(notebook: Cells, place: Place) -> None:
    waiting = notebook.start("batch.run()")
    wait_until(lambda: place.calls() >= 10)
    began = time.monotonic()
    notebook.interrupt()
    assert notebook.result_of(waiting) == "KeyboardInterrupt"
    assert time.monotonic() - began <= 3  # issue 7 promises 2; one of them the cell waits for a second interrupt
    assert len(place.runners) == 1
    assert notebook.run("it = json.dumps([row.content for row in batch.run()])") == ALL_ANSWERED
    assert place.asked() == dict.fromkeys(tasks(ROWS), 1)


@ONLY_LONG
def test_a_batch_needs_nothing_of_a_kernel_that_is_busy(notebook: Cells, place: Place) -> None:
    spins = f"""
        batch.start()
        while sum(1 for line in open({str(place.calls_file)!r})) < {2 * ROWS}:
            pass
        it = "all answered"
    """
    assert notebook.run(spins) == "'all answered'"
    assert place.answered() == dict.fromkeys(tasks(ROWS), 1)
