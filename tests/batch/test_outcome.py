"""An outcome promises to come back from a spool as it went there."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from aijobs_sdk.batch.keeping.outcome import Outcome, refused
from aijobs_sdk.batch.row import RowStatus

ANSWERED = Outcome(
    RowStatus.COMPLETED,
    content="A river is long.",
    answers=("Yes.", "A river is long."),
    output={"long": True},
    model="gpt-5.2",
    provider="openai",
    served_model="gpt-5.2-2025-12-11",
    finish_reason="stop",
    input_tokens=7,
    output_tokens=5,
    credits=Decimal("0.701000"),
    metered_credits=Decimal("12345678901234567890.000001"),
    attempts=2,
    latency_seconds=0.1,
    job_ids=(UUID(int=1), UUID(int=2**128 - 1)),
    sent_at=datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ended_at=datetime(1, 1, 1, tzinfo=UTC),
)


@pytest.mark.parametrize("outcome", [ANSWERED, Outcome(RowStatus.SKIPPED), refused("over_budget", "It costs more.")])
def test_it_comes_back_as_it_was(outcome: Outcome) -> None:
    assert repr(pickle.loads(pickle.dumps(outcome))) == repr(outcome)  # the zeros of an amount are a part of it
