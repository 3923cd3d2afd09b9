"""One row of a batch, with what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from aijobs_sdk.contract.error_info import ErrorInfo, shown_error
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.showing import folded, heading, known_facts, long_text, short_repr, tokens_text, values_table
from aijobs_sdk.contract.word import Word
from aijobs_sdk.markup import markup

FIXED_COLUMNS = (
    "index",
    "status",
    "content",
    "error",
    "model",
    "input_tokens",
    "output_tokens",
    "credits",
    "attempts",
)
"""What a batch adds to the input's columns, in this order; programs rely on these."""
MORE_COLUMNS = (
    "metered_credits",
    "provider",
    "served_model",
    "finish_reason",
    "latency_seconds",
    "shared_with",
    "job_id",
)
"""What stands behind them where all is asked for."""
ALL_COLUMNS = (*FIXED_COLUMNS, *MORE_COLUMNS)


class RowStatus(Word):
    """Where a row stands."""

    PENDING = "pending"
    """Not sent yet, or under way."""
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not sent, because a column that its prompt needs is empty, and the caller wanted that."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more becomes of it by itself."""
        return self is not RowStatus.PENDING


class BatchRow(Fact):
    """An input row and its outcome."""

    index: int
    """The row's place in the input, from 0; where each row is asked of several models, its place among all of these."""
    inputs: Mapping[str, Any]
    status: RowStatus
    content: str | None = None
    """The text as it came, also of an answer that does not fit its model; of a conversation the last answer."""
    answers: tuple[str, ...] = ()
    """Of a conversation all of them, the first first; else empty."""
    output: Any = None
    """The answer as an instance of `output_model`, or as a dict where a schema was asked for."""
    error: ErrorInfo | None = None
    model: str
    """The one that answered; else the one that was asked."""
    provider: str | None = None
    served_model: str | None = None
    """Its name in the provider's own words, with its version."""
    finish_reason: str | None = None
    """`stop`, `tool_calls`, or `length` for an answer that was cut off."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    credits: Decimal | None = None
    """As billed, over all turns; 0 where another row's answer is shared; None for a row that has none."""
    metered_credits: Decimal | None = None
    """By the provider's own token counts."""
    attempts: int = 0
    """Over all turns, at least one each."""
    latency_seconds: float | None = None
    """From the moment it was sent to its end."""
    shared_with: int | None = None
    """The index of the row that asked the same first, and paid for the answer."""
    job_id: UUID | None = None
    """The last job of the row; None where it never became one."""

    def __repr__(self) -> str:
        return short_repr(self)

    def _repr_html_(self) -> str:
        is_paid = self.input_tokens is not None
        spent = {
            "model": self.model,
            "tokens": tokens_text(self.input_tokens, self.output_tokens) if is_paid else None,
            "credits": self.credits,
            "attempts": self.attempts,
            "finish_reason": self.finish_reason,
        }
        return markup(
            heading(f"Row {self.index + 1:,}", self.status),
            values_table(self.inputs),
            None if self.content is None else long_text(self.content, whole="content"),
            None if self.error is None else shown_error(self.error),
            folded("output", {} if self.output is None else {type(self.output).__name__: self.output}),
            known_facts(spent),
        )
