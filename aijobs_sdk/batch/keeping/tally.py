"""What finished rows add up to."""

from __future__ import annotations

from decimal import Decimal

from aijobs_sdk.batch.keeping.outcome import Outcome
from aijobs_sdk.batch.row import RowStatus


class Tally:
    """Adds up finished rows; what was added can be taken out again."""

    def __init__(self) -> None:
        self.completed = self.failed = self.skipped = self.shared = self.retries = 0
        self.input_tokens = self.output_tokens = 0
        self.credits = self.metered_credits = Decimal(0)

    def add(self, outcome: Outcome, *, sharing: int = 0, times: int = 1) -> None:
        """Count one more finished row, and so many that share its answer; with `times` -1 they count no more."""
        rows = times * (1 + sharing)
        self.completed += rows * (outcome.status is RowStatus.COMPLETED)
        self.failed += rows * (outcome.status is RowStatus.FAILED)
        self.skipped += rows * (outcome.status is RowStatus.SKIPPED)
        self.shared += times * sharing
        self.retries += times * max(0, outcome.attempts - len(outcome.job_ids))  # a turn's first attempt is none
        self.input_tokens += times * (outcome.input_tokens or 0)
        self.output_tokens += times * (outcome.output_tokens or 0)
        self.credits += times * (outcome.credits or 0)
        self.metered_credits += times * (outcome.metered_credits or 0)
