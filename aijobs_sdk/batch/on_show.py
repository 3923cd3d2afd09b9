"""A batch on show: how it stands, in numbers, and what whoever watches may ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any, assert_never

from aijobs_sdk.batch.journal.detach import LOOKED_AT_SECONDS, RUNNER_DIED
from aijobs_sdk.batch.operation.operation import Operation
from aijobs_sdk.batch.place import Place
from aijobs_sdk.batch.progress import BatchProgress
from aijobs_sdk.batch.runs import Runs
from aijobs_sdk.contract.batches import BatchState
from aijobs_sdk.notebook.amounts import credits_text
from aijobs_sdk.notebook.fitting import cut
from aijobs_sdk.notebook.show import Pulse, on_show
from aijobs_sdk.notebook.snapshot import TAIL_CHARACTERS, BatchSnapshot, Command, Phase, Tail

READING = "Its rows are being read and checked."
ENDING = "Those under way are waited for."
CANCELLING = "It is being cancelled."
_READ_OF_ANSWER = 4 * TAIL_CHARACTERS
"""Of an answer so much is looked at, to show that much of it without its line breaks."""


class BatchOnShow:
    """What the panel of one batch shows and steers.

    Args:
        operation: the batch at work.
        runs: its runs.
        place: where these are.
    """

    def __init__(self, operation: Operation, runs: Runs, place: Place) -> None:
        self._operation = operation
        self._known = operation.known
        self._runs = runs
        self._place = place
        self._calls = 0
        """Calls that run it, or are about to."""
        self._refusal = ""
        """Why what was asked for last was not done."""
        self._is_followed = False
        """Whether somebody looks after what another process notes."""
        self._tail: tuple[int, Tail | None] | None = None
        """Of which row, and its answer."""
        self.aside = ""
        """What whoever waits for it has to say, before everything else."""

    def at(self, place: Place) -> BatchOnShow:
        """Return the same for a batch that runs elsewhere."""
        return BatchOnShow(self._operation, self._runs, place)

    def follow(self) -> None:
        """Learn from here on how far it is, as long as another process runs it."""
        if not self._operation.books.are_open_to_others or not self._place.is_there:
            return
        self._begin(self._follow)

    def snapshot(self) -> BatchSnapshot:
        """Return how it stands: from any thread, without waiting; equal where nothing changed."""
        progress = self._known.progress
        ledger = self._known.ledger
        phase = self._phase(progress.state)
        return BatchSnapshot(
            title=self._known.name or "Batch",
            phase=phase,
            models=ledger.models,
            total=progress.total,
            completed=progress.completed,
            failed=progress.failed,
            skipped=progress.skipped,
            running=progress.running,
            retries=progress.retries,
            elapsed_seconds=progress.elapsed_seconds,
            input_tokens=progress.input_tokens,
            output_tokens=progress.output_tokens,
            credits=progress.credits,
            budget=progress.budget,
            causes=ledger.causes.told(),
            note=self._note(phase, progress),
            tail=None if phase.is_final else self._last_answer(),
            commands=self._commands(phase, progress),
        )

    def steer(self, command: Command) -> None:
        """Have something done about it, and return at once; from any thread. `note` says what came in the way."""
        self._refusal = ""
        self._begin(partial(self._do, command))

    @contextmanager
    def while_called(self) -> Iterator[Pulse | None]:
        """Keep it on show while a call runs it, which it does from here on, whatever its loop has heard of it."""
        self._calls, self._refusal, is_called = self._calls + 1, "", True
        try:
            with on_show(self) as pulse:
                try:
                    yield pulse
                finally:  # before it is drawn for the last time
                    self._calls, is_called = self._calls - 1, False
        finally:
            self._calls -= is_called

    def _begin(self, function: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            self._place.start(function).add_done_callback(self._heed_end)
        except RuntimeError as gone:  # its loop has ended
            self._refusal = _in_words(gone)

    async def _follow(self) -> None:
        if self._is_followed:
            return
        self._is_followed = True
        try:
            while not self._is_going_on and await self._operation.books.glance():  # noqa: ASYNC110 - it is of another process
                await asyncio.sleep(LOOKED_AT_SECONDS)
        finally:
            self._is_followed = False

    async def _do(self, command: Command) -> None:
        match command:
            case Command.START | Command.RESUME:
                self._runs.start()
            case Command.PAUSE:
                await self._operation.steering.pause()
            case Command.CANCEL:
                await self._operation.steering.cancel()
            case Command.RETRY_FAILED:
                await self._runs.retry_failures()
            case _:
                assert_never(command)
        await self._follow()  # where another process is asked, it is heard of from there

    def _heed_end(self, done: Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self._refusal = _in_words(error)

    @property
    def _is_going_on(self) -> bool:
        return self._calls > 0 or self._runs.is_going_on

    def _phase(self, state: BatchState) -> Phase:
        if self._is_going_on:  # before it has begun, and between a run and the one that retries its failures
            return Phase.RUNNING
        match state:
            case BatchState.OPEN:
                return Phase.READY
            case BatchState.RUNNING:
                return Phase.PAUSED if self._known.has_lost_its_runner else Phase.RUNNING
            case BatchState.PAUSED:
                return Phase.PAUSED
            case BatchState.FINISHED:
                return Phase.FINISHED
            case BatchState.CANCELLED:
                return Phase.CANCELLED
            case _:
                assert_never(state)

    def _note(self, phase: Phase, progress: BatchProgress) -> str:
        if self.aside or self._refusal:
            return self.aside or self._refusal
        if phase is Phase.RUNNING:
            return self._note_of_a_run(progress)
        if (trouble := self._runs.trouble) is not None:
            return _in_words(trouble)
        return RUNNER_DIED if self._known.has_lost_its_runner else progress.reason

    def _note_of_a_run(self, progress: BatchProgress) -> str:
        if (why := self._operation.helm.ends_for) is not None:
            return f"{why} {ENDING}" if why else CANCELLING
        return "" if self._known.is_loaded or progress.state is not BatchState.OPEN else READING

    def _commands(self, phase: Phase, progress: BatchProgress) -> tuple[Command, ...]:
        if not self._place.is_there:
            return ()
        match phase:
            case Phase.READY:
                return (Command.START,)
            case Phase.RUNNING if (why := self._operation.helm.ends_for) is not None:
                is_being_cancelled = not why and not self._refusal
                return () if is_being_cancelled else (Command.CANCEL,)
            case Phase.RUNNING:
                retry = (Command.RETRY_FAILED,) if progress.failed and self._operation.helm.can_take_up() else ()
                return (Command.PAUSE, Command.CANCEL, *retry)
            case Phase.PAUSED:
                return (Command.RESUME, Command.CANCEL, *((Command.RETRY_FAILED,) if progress.failed else ()))
            case Phase.FINISHED | Phase.FAILED | Phase.CANCELLED:
                return ()
            case _:
                assert_never(phase)

    def _last_answer(self) -> Tail | None:
        """Return how the answer begins that came last; it is read when it is looked at."""
        ledger = self._known.ledger
        index = ledger.answered_last
        if index is None:
            return None
        known = self._tail
        if known is None or known[0] != index:
            try:
                text = ledger.outcome(index).content or ""
            except KeyError:  # it is being asked again
                return None
            known = self._tail = (index, Tail(label=f"row {index + 1:,}", text=_beginning(text)))
        return known[1]

    def in_a_line(self) -> str:
        """Return it in one line, such as `'captions' finished 4,000/4,000 rows, 128 failed, 84.00 credits`."""
        now = self.snapshot()
        name = f"{self._known.name!r} " if self._known.name else ""
        if not now.total:
            return f"{name}{now.phase}"
        failed = f", {now.failed:,} failed" if now.failed else ""
        rows = f"{now.finished:,}/{now.total:,} rows"
        return f"{name}{now.phase} {rows}{failed}, {credits_text(now.credits)} credits"


def _in_words(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _beginning(text: str) -> str:
    return cut(" ".join(text[:_READ_OF_ANSWER].split()), TAIL_CHARACTERS)
