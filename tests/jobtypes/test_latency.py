"""How long the answer took is in its usage row: of the attempt that completed, and of no other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.events import JobStarted
from aijobs_sdk.jobtypes.latency import latency_text

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(0, "0"), (1, "0.000001"), (1_500_000, "1.5"), (10_000_000, "10"), (3_600_000_123, "3600.000123"), (-5, "0")],
)
def test_a_latency_is_exact_plain_decimal_text_and_never_below_zero(microseconds: int, text: str) -> None:
    assert latency_text(START, START + timedelta(microseconds=microseconds)) == text


def test_a_latency_leaves_out_attempts_that_came_to_nothing() -> None:
    with aijobs.mock(seed=7) as sim, aijobs.Client() as client:
        sim.on().do(aijobs.fail(429, retry_after=20), aijobs.ok())
        job = client.submit("Describe a river.", model="gpt-5.2")
        job.result()
        [row] = client.usage("2026-01")
        [_, second] = [event for event in job.events() if isinstance(event, JobStarted)]

    latency = Decimal(str(row.metadata["latency_seconds"]))
    assert 0 < latency < 20
    assert str(latency) == latency_text(second.at, row.created_at)
