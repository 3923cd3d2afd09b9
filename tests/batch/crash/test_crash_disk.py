"""What a batch does about its disk: one that is full ends the run with a clear word, and nothing is half-written."""

from __future__ import annotations

import resource

import pytest

import aijobs_sdk as aijobs
from batch.crash.crash_worlds import ONLY_LONG, Place, answers, tasks, wait_until
from batch.crash.kernel import NAME

pytestmark = [
    pytest.mark.timeout(180),
    # Whoever started a runner drops it while it ends: it is to outlive them.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

ROWS = 100


@ONLY_LONG
def test_a_disk_that_fills_up_loses_no_row_and_ends_no_run(place: Place, client: aijobs.Client) -> None:
    rows = [{"task": task} for task in tasks(ROWS)]
    batch = client.batch(rows, prompt="{task}", model="gpt-5.2", name=NAME, concurrency=10)
    batch.start()
    wait_until(lambda: place.calls() >= 20)
    [runner] = place.runners
    _, most = resource.prlimit(runner, resource.RLIMIT_FSIZE)
    resource.prlimit(runner, resource.RLIMIT_FSIZE, (place.bytes_of_the_store, most))
    wait_until(lambda: "disk" in place.log() or not place.runners)
    resource.prlimit(runner, resource.RLIMIT_FSIZE, (most, most))
    assert [row.content for row in batch.wait()] == answers(tasks(ROWS))
    assert place.calls() - ROWS <= 10  # an answer that cannot be kept is asked for again


def test_no_room_for_temporary_files_is_said_before_anything_is_sent(place: Place) -> None:
    asked = [f"Task {n}, with something more to say about it." for n in range(20_000)]
    refused = place.run(asked, largest_file=700_000)
    assert refused["error"] == "ConfigurationError"
    assert "Cannot keep the rows of this batch in" in refused["message"]
    assert place.calls() == 0
