"""What this process knows of a batch: its rows, what became of them, what that cost, and how far it is."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid4

from pydantic import BaseModel

from aijobs_sdk.batch.journal.holders import runner_of
from aijobs_sdk.batch.journal.restore import Restored
from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.batch.operation.stopwatch import Stopwatch
from aijobs_sdk.batch.options import BatchOptions
from aijobs_sdk.batch.progress import BatchProgress, progress_here, progress_of
from aijobs_sdk.batch.running.budget import Budget
from aijobs_sdk.batch.running.course import Courses
from aijobs_sdk.contract.batches import BatchRecord, BatchStanding, BatchState


class Known:
    """All that is known here of one batch: read and noted by whoever takes its rows in, runs, follows or steers it.

    May be read from any thread.

    Args:
        name: of its journal; None: it has none.
        options: how its rows are run; of those of a journal only what the caller said.
        output_model: what each answer has to fit.
    """

    def __init__(self, name: str | None, *, options: BatchOptions, output_model: type[BaseModel] | None) -> None:
        self.name = name
        self.id: UUID = uuid4()
        """Its journal's, once that is open."""
        self.options = options
        self.output_model = output_model
        self.ledger = Ledger(dedupe=options.dedupe, output_model=output_model, is_kept=name is not None)
        self.is_loaded = False
        """Whether all rows were taken in."""
        self.courses = Courses()
        self.budget = Budget(options.budget)
        self.watch = Stopwatch()
        self.state, self.reason = BatchState.OPEN, ""
        self.seen: BatchRecord | None = None
        """While another process runs it: how far that is."""

    @property
    def progress(self) -> BatchProgress:
        """How far the batch is."""
        seen = self.seen
        if seen is not None:
            noted = progress_of(seen.standing, total=seen.rows, budget=self.options.budget)
            return noted._replace(shared=self.ledger.tally.shared)  # which nobody notes
        return progress_here(
            self.ledger,
            running=sum(course.job_id is not None for course in list(self.courses.values())),
            elapsed_seconds=self.watch.seconds,
            budget=self.options.budget,
            state=self.state,
            reason=self.reason,
        )

    def standing(self) -> BatchStanding:
        """Return what a journal notes of that."""
        return self.progress.standing()

    def standing_since(self, noted: BatchStanding) -> BatchStanding:
        """Return how far the rows are by what became of them since somebody noted that who runs them no more."""
        self.seen = None
        has_more = noted.state is BatchState.FINISHED and not self.is_all_over  # than whoever finished it was given
        state = BatchState.OPEN if has_more else noted.state
        return self.standing().replace(state=state, reason=noted.reason, elapsed_seconds=noted.elapsed_seconds)

    @property
    def has_lost_its_runner(self) -> bool:
        """Whether, as was last seen, another process ran it and died."""
        seen = self.seen
        if seen is None or seen.standing.state is not BatchState.RUNNING:
            return False
        return runner_of(seen) is None

    @property
    def is_all_over(self) -> bool:
        """Whether no row is to be sent any more."""
        return self.is_loaded and next(self.ledger.unfinished(), None) is None

    def see(self, record: BatchRecord) -> None:
        """Note where it stands by what another process has noted."""
        self.state, self.reason = record.standing.state, record.standing.reason
        self.seen = record

    def end(self, reason: str | None) -> None:
        """Note where it stands after a run that ended early for this reason, or in its own time.

        Whatever was to end it: where every row is over, nothing was left to be stopped.
        """
        ended_early = None if self.is_all_over else reason
        match ended_early:
            case None:
                self.state, self.reason = BatchState.FINISHED, ""
            case "":
                self.state, self.reason = BatchState.CANCELLED, ""
            case _:
                self.state, self.reason = BatchState.PAUSED, ended_early

    def go_by(self, options: BatchOptions) -> None:
        """Have the rows run in this way from now on."""
        self.options = options
        self.budget.cap = options.budget

    def go_on_from(self, restored: Restored) -> None:
        """Take over what a journal knows of the rows that are not over, and of the cost of all."""
        restored.courses.set_aside_as(self.courses)
        self.courses = restored.courses
        self.budget.spent, self.budget.unwatched = restored.spent, restored.unwatched
        self.budget.reserved = sum((one.reserved for one in restored.courses.values()), Decimal(0))
