"""Lines in a log: few, one at a time, and none for what went well in no time."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest

from aijobs_sdk.notebook.hub import Hub
from aijobs_sdk.notebook.panel import Panel
from aijobs_sdk.notebook.snapshot import BatchSnapshot, Command, Phase
from aijobs_sdk.notebook.surfaces.lines import LinesSurface, say
from panels.views import batch_snapshot, batch_view


class Growing:
    """A batch of 4,000 rows that finishes ten a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def snapshot(self) -> BatchSnapshot:
        done = min(int(10 * self.now), 4000)
        phase = Phase.FINISHED if done == 4000 else Phase.RUNNING
        return batch_snapshot(completed=done, failed=0, causes=(), phase=phase)

    def steer(self, command: Command) -> None:
        raise NotImplementedError


class Log(io.StringIO):
    """Keeps when each line was written."""

    def __init__(self, batch: Growing) -> None:
        super().__init__()
        self.batch = batch
        self.at: list[float] = []

    def write(self, text: str) -> int:
        self.at.append(self.batch.now)
        return super().write(text)


def watched_for(seconds: float, *, says_at_once: bool) -> Log:
    """Return what a log holds of so many seconds of a batch that the hub looks at ten times a second."""
    batch = Growing()
    log = Log(batch)
    hub = Hub(clock=batch.clock)
    panel = Panel(batch, LinesSurface(says_at_once=says_at_once, stream=log, clock=batch.clock))
    hub._thread = object()  # type: ignore[assignment] # this test is the hub's thread
    hub.add(panel)
    for tenth in range(1, round(10 * seconds) + 1):
        batch.now = tenth / 10
        hub._go_round()
    hub.finish(panel)
    return log


@pytest.mark.parametrize("says_at_once", [True, False])
def test_two_lines_are_never_less_than_ten_seconds_apart_but_the_last(says_at_once: bool) -> None:
    log = watched_for(300, says_at_once=says_at_once)
    *at, _ = log.at
    assert len(at) > 25
    assert min(later - earlier for earlier, later in pairwise(at)) >= 10


def test_what_is_over_within_ten_seconds_leaves_no_line() -> None:
    assert watched_for(9.5, says_at_once=False).getvalue() == ""


def test_what_was_asked_for_by_name_says_at_once_how_it_stands_and_how_it_ended() -> None:
    first, last = watched_for(9.5, says_at_once=True).getvalue().splitlines()
    assert first.startswith("captions-v3: 0 of 4,000 rows, ")
    assert last.startswith("captions-v3: 95 of 4,000 rows, ")


def test_the_last_line_says_how_it_ended() -> None:
    *_, last = watched_for(400, says_at_once=False).getvalue().splitlines()
    assert last == "captions-v3: 4,000 of 4,000 rows, finished, 26.04 of 500.00 credits"


def test_a_log_that_is_closed_stops_nothing() -> None:
    closed = io.StringIO()
    closed.close()
    LinesSurface(says_at_once=True, stream=closed).finish(batch_view())


def test_a_program_without_standard_error_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    say("nobody hears this")


def test_a_line_goes_where_standard_error_is_by_now(capsys: pytest.CaptureFixture[str]) -> None:
    LinesSurface(says_at_once=True).draw(batch_view(title="spring"))
    assert capsys.readouterr().err.startswith("spring: 1,240 of 4,000 rows")
