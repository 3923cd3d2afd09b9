"""How far a batch is: a snapshot that costs nothing to take."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from aijobs_sdk.batch.keeping.ledger import Ledger
from aijobs_sdk.contract.batches import BatchStanding, BatchState
from aijobs_sdk.contract.showing import heading, known_facts, tokens_text
from aijobs_sdk.markup import markup


class BatchProgress(NamedTuple):
    """Counts and sums of a batch at one moment."""

    total: int
    completed: int
    failed: int
    running: int
    retries: int
    """Attempts beyond the first, of the rows that are finished."""
    input_tokens: int
    output_tokens: int
    credits: Decimal
    """As billed."""
    elapsed_seconds: float
    skipped: int = 0
    shared: int = 0
    """Of the completed and failed rows, those that share the answer of another row."""
    metered_credits: Decimal = Decimal(0)
    budget: Decimal | None = None
    """What it may cost; None: any amount."""
    state: BatchState = BatchState.OPEN
    reason: str = ""
    """Why it is paused, and what to do."""

    @property
    def finished(self) -> int:
        """Rows that are over, one way or another."""
        return self.completed + self.failed + self.skipped

    @property
    def rows_per_second(self) -> float:
        """Finished rows by the time they took."""
        return self.finished / self.elapsed_seconds if self.elapsed_seconds > 0 else 0.0

    @property
    def eta_seconds(self) -> float | None:
        """How long the rest will take at this rate; None before the first row is finished."""
        return (self.total - self.finished) / self.rows_per_second if self.rows_per_second else None

    def _repr_html_(self) -> str:
        counts = {
            "done": f"{self.finished:,} of {self.total:,}",
            "ok": self.completed,
            "failed": self.failed,
            "skipped": self.skipped or None,
            "running": self.running,
            "tokens": tokens_text(self.input_tokens, self.output_tokens),
            "credits": self.credits,
            "budget": self.budget,
        }
        return markup(heading("Batch", self.state, self.reason), known_facts(counts))

    def standing(self) -> BatchStanding:
        """Return what a journal notes of it."""
        return BatchStanding(**{name: getattr(self, name) for name in BatchStanding.model_fields})


def progress_of(standing: BatchStanding, *, total: int, budget: Decimal | None) -> BatchProgress:
    """Return how far a batch is that another process runs, as it noted last."""
    return BatchProgress(total=total, budget=budget, **dict(standing))


def progress_here(
    ledger: Ledger, *, running: int, elapsed_seconds: float, budget: Decimal | None, state: BatchState, reason: str
) -> BatchProgress:
    """Return how far a batch is by its ledger."""
    return BatchProgress(
        total=len(ledger),
        running=running,
        elapsed_seconds=elapsed_seconds,
        budget=budget,
        state=state,
        reason=reason,
        **vars(ledger.tally),
    )
