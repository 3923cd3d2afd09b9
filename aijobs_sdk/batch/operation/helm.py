"""Where a run is steered from: by its caller, and by what others have written into its journal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import assert_never

import anyio

from aijobs_sdk.batch.operation.known import Known
from aijobs_sdk.batch.options import BatchOptions, read_options
from aijobs_sdk.batch.running.run import Run
from aijobs_sdk.contract.batches import BatchRecord, BatchWish

CANCELLED = ""
PAUSED = "Somebody paused it."


class Helm:
    """Passes on to the run, while there is one, what is wanted of it; what was wanted before it began holds as well."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._run: Run | None = None
        self._before_it: anyio.CancelScope | None = None
        self.stopped: str | None = None
        """Why a run is to end, also one that has not begun yet; None where it is not."""

    @property
    def has_a_run(self) -> bool:
        """Whether this process runs the batch now."""
        return self._run is not None

    def can_take_up(self) -> bool:
        """Return whether there is a run that goes on, and would send more rows."""
        return self._run is not None and self._run.can_take_up

    @property
    def ends_for(self) -> str | None:
        """Why the run that there is sends no more rows, and only waits for those under way; None where it does."""
        return None if self._run is None else self._run.reason

    def take_up(self, rows: Sequence[int]) -> None:
        """Have rows that were over sent again, by a run that can."""
        if self._run is not None:
            self._run.take_up(rows)

    @contextmanager
    def unless_stopped(self) -> Iterator[None]:
        """Do inside what comes before a run; it is broken off where that is to end."""
        with anyio.CancelScope() as scope:
            self._before_it = scope
            if self.stopped is not None:
                scope.cancel()
            try:
                yield
            finally:
                self._before_it = None

    @contextmanager
    def steering(self, run: Run) -> Iterator[None]:
        """Steer this run inside."""
        self._run = run
        if self.stopped is not None:
            run.halt(self.stopped)
        try:
            yield
        finally:
            self._run = None

    def allow(self) -> None:
        """Forget that an earlier run was stopped."""
        self.stopped = None

    def pause(self) -> None:
        """Have no more rows sent, and those under way end."""
        self._stop(PAUSED)
        if self._run is not None:
            self._run.halt(PAUSED)

    async def cancel(self) -> None:
        """Have no more rows sent, and those under way asked to stop."""
        self._stop(CANCELLED)
        if self._run is not None:
            await self._run.cancel()

    def _stop(self, why: str) -> None:
        self.stopped = why
        if self._before_it is not None:
            self._before_it.cancel()

    def go_by(self, options: BatchOptions) -> None:
        """Have the rows run in this way; a run that waits for room in the budget looks again."""
        self._known.go_by(options)
        if self._run is not None:
            self._run.look_again()

    def heed(self, record: BatchRecord) -> None:
        """Do what somebody else wants of the run that there is."""
        if self._run is None:
            return
        budget = read_options(record.settings).budget
        if budget != self._known.options.budget:
            self.go_by(self._known.options.replace(budget=budget))
        match record.wish:
            case BatchWish.RUN:
                pass
            case BatchWish.PAUSE:
                self._run.halt(PAUSED)
            case BatchWish.CANCEL:
                self._run.cancel_soon()
            case _:
                assert_never(record.wish)
