"""A cell that is run again: what it had shown is gone from the page."""

from __future__ import annotations

import pytest

from aijobs_sdk.notebook.frontend import CellRun, current_cell_run

FIRST = CellRun("cell", "first")


@pytest.mark.parametrize("other", [FIRST, CellRun("another", "second"), None])
def test_what_the_same_run_shows_and_what_other_cells_show_stays(other: CellRun | None) -> None:
    assert not FIRST.clears(other)


def test_the_next_run_of_a_cell_clears_what_it_showed() -> None:
    assert CellRun("cell", "second").clears(FIRST)


def test_outside_of_a_notebook_there_are_no_cells() -> None:
    assert current_cell_run() is None
