"""The runs of a batch, one at a time: awaited, or in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import anyio

from aijobs_sdk.batch.operation.operation import Operation
from aijobs_sdk.batch.place import LoopPlace
from aijobs_sdk.contract.batches import BatchState
from aijobs_sdk.contract.errors import CLIENT_CLOSED, AIJobsError, BatchPausedError
from aijobs_sdk.contract.refusal import check_seconds


class Runs:
    """Runs an operation for whoever calls. What it says of itself may be asked from any thread."""

    def __init__(self, operation: Operation, *, tell_the_end: Callable[[], None]) -> None:
        self._operation = operation
        self._tell_the_end = tell_the_end
        self._one_at_a_time = anyio.Lock()
        """Not of one loop, as asyncio's are."""
        self._background: asyncio.Task[None] | None = None
        self._wanted = 0
        """How many runs are under way, or wait for the one that is."""
        self._trouble: Exception | None = None
        self.place = LoopPlace()
        """Where a run was begun last."""

    @property
    def is_going_on(self) -> bool:
        """Whether a run is under way, or about to be."""
        background = self._background
        return self._one_at_a_time.locked() or (background is not None and not background.done())

    @property
    def has_an_end_to_come(self) -> bool:
        """Whether there is a run of whose end it will be told."""
        background = self._background
        return self._wanted > 0 or (background is not None and not background.done())

    @property
    def trouble(self) -> Exception | None:
        """What ended the last run that did not end as runs do."""
        if self._trouble is not None and self._background is not None and self._background.done():
            # Whoever asks shows it, so that nobody need be told that a task of ours has failed unseen.
            _ = self._background.cancelled() or self._background.exception()
        return self._trouble

    async def run(self) -> None:
        """Run to the end, after whoever runs already.

        Raises:
            InvalidRequestError, BatchPausedError, BatchHeldError: as of a batch's `run()`.
        """
        self._forget_what_broke()
        self._operation.helm.allow()
        await self._run_through()
        self._raise_if_paused()

    def start(self) -> asyncio.Task[None]:
        """Run in the background, unless that is done already; return that run."""
        if self._background is None or self._background.done():
            self._operation.helm.allow()
            self._background = asyncio.create_task(self._run_through())
            self._background.add_done_callback(self._heed_closing)
        return self._background

    async def wait(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - one meaning everywhere: seconds this call may take
        """Return once the run in the background is over; begin it if nobody did.

        Raises:
            TimeoutError: it is not over yet; it keeps running.
            InvalidRequestError, BatchPausedError, BatchHeldError: as of `run()`.
        """
        check_seconds("timeout", timeout)
        run = self._background
        await self.until_over(self.start() if run is None or run.cancelled() else run, timeout)

    async def until_over(self, run: asyncio.Task[None], timeout: float | None = None) -> None:  # noqa: ASYNC109 - as above
        """Return once this run in the background is over.

        Raises:
            TimeoutError: it is not over yet; it keeps running.
            InvalidRequestError, BatchPausedError, BatchHeldError: as of `run()`.
        """
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(run)
        except TimeoutError:
            if run.done():
                raise
            done = self._operation.known.progress
            raise TimeoutError(
                f"{done.finished} of {done.total} rows are finished after {timeout:g} s; the batch keeps running. "
                "Wait again, or cancel() it."
            ) from None
        finally:
            self._forget_what_broke()
        self._raise_if_paused()

    async def retry_failures(self) -> None:
        """Run the failed rows again, in the background."""
        if not await self.reopen_failures():
            self.start()

    async def reopen_failures(self) -> bool:
        """Let the failed rows be sent again; return whether the run that is under way does that."""
        if await self._operation.steering.retry_in_this_run():
            return True
        async with self._one_at_a_time:  # one that is about to begin, or in another process, learns of rows by itself
            await self._operation.steering.retry_failures()
        return False

    async def _run_through(self) -> None:
        self.place.note()
        self._wanted += 1
        try:
            async with self._one_at_a_time:  # a second run finds the rows of the first one finished
                await self._run()
        finally:
            self._wanted -= 1
            if not self._wanted:  # else it is no end: the next run goes on where this one was interrupted
                self._tell_the_end()

    async def _run(self) -> None:
        self._trouble = None
        try:
            await self._operation.run()
        except Exception as trouble:
            self._trouble = trouble
            raise

    def _heed_closing(self, background: asyncio.Task[None]) -> None:
        """Let nobody be told that a task failed unseen where the client was closed under it: whoever did so knows."""
        if isinstance(self._trouble, AIJobsError) and self._trouble.code == CLIENT_CLOSED:
            _ = background.cancelled() or background.exception()

    def _forget_what_broke(self) -> None:
        """Forget a run in the background that did not end as runs do: who waits from now on waits for another."""
        background = self._background
        if background is not None and background.done() and not background.cancelled() and background.exception():
            self._background = None

    def _raise_if_paused(self) -> None:
        # Not raised by the run itself: one in the background, that nobody waits for, would have failed unseen.
        if self._operation.known.state is BatchState.PAUSED:
            done = self._operation.known.progress
            raise BatchPausedError(done.reason, finished=done.finished, total=done.total)
