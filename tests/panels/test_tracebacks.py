"""What a cell shows of an error that tells no more by its lines of code."""

from __future__ import annotations

import pytest

from panels.kernel import running_kernel

PAUSED = "import aijobs_sdk as aijobs; raise aijobs.BatchPausedError('Somebody paused it.', finished=3, total=9)"


@pytest.mark.timeout(180)
def test_a_pause_is_one_line() -> None:
    with running_kernel() as kernel:
        kernel.start(PAUSED)
        shown = kernel.wait_for("error")
    said = "BatchPausedError: 3 of 9 rows are finished. Somebody paused it. `run()` goes on."
    assert shown.content["traceback"] == [said]
