"""What a panel costs the page, the kernel and the cells beside it: checks 3, 5 and 11 of the notebook's numbers."""

from __future__ import annotations

import json
import os

import pytest

from benchmarks.notebook.flood import flood
from services.jupyter import JupyterServer
from services.opening import Open

SECONDS = 30 if "AIJOBS_TORTURE" in os.environ else 5
MOST_MESSAGES_PER_SECOND = 11
MOST_CORES = 0.03
MOST_AGE_SECONDS = 1.0
"""What falls behind falls further behind, for seconds. How fast it is, `benchmarks.notebook` measures: 150 ms."""
MOST_MEGABYTES = 5
MANY = 200

LEFTOVERS = f"""
    from benchmarks.notebook.counting import Counting
    from benchmarks.notebook.leftovers import leave_behind
    left = leave_behind(lambda: Counting(total=1), {MANY})
"""

pytestmark = pytest.mark.timeout(600)  # the first of these tests may install the browser


def test_ten_thousand_rows_a_second_are_a_few_messages_that_are_painted_in_time(
    open_notebook: Open, jupyter: JupyterServer
) -> None:
    seen = flood(open_notebook, jupyter, "Counting(total)", SECONDS)
    assert 1 < seen.messages_per_second <= MOST_MESSAGES_PER_SECOND
    assert seen.age_seconds <= MOST_AGE_SECONDS
    assert seen.cpu["aijobs-display"] + seen.cpu["IOPub"] <= MOST_CORES
    assert seen.later == "later"
    assert not seen.refused


def test_two_hundred_that_were_shown_leave_nothing_behind(open_notebook: Open) -> None:
    notebook = open_notebook(LEFTOVERS, "import json; print(json.dumps(left))")
    notebook.run(0)
    widgets, megabytes = json.loads(notebook.run(1))
    assert widgets == 0
    assert megabytes <= MOST_MEGABYTES
    opened, closed = notebook.comms("comm_open"), notebook.comms("comm_close")
    assert len(opened) >= MANY
    assert opened <= closed


def test_later_cells_show_only_their_own_while_rows_are_counted(open_notebook: Open) -> None:
    notebook = open_notebook(
        """
        from benchmarks.notebook.counting import Counting, Work
        counting = Counting(total=20_000)
        """,
        "Work(counting, per_second=10_000, seconds=2).start(); counting.show()",
        "print('second')",
        "'third'",
        "import time; time.sleep(2)",
    )
    shown = [notebook.run(cell) for cell in range(5)]
    notebook.wait_for_text(1, "finished")
    assert [notebook.text(cell) for cell in range(5)] == [*shown[:1], notebook.text(1), *shown[2:]]
    assert shown[2:] == ["second", "[4]:\n'third'", ""]
