"""Which of some new jobs a worker begins with at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from aijobs_sdk.contract.job import NewJob
from aijobs_sdk.contract.store import Taker


def taken_at_once(new: Sequence[NewJob], taker: Taker | None, now: datetime) -> Collection[UUID]:
    """Return the ids of the jobs that the taker has: of those that are due now, by priority, then by place."""
    if taker is None:
        return ()
    due = [one.job for one in new if one.job.type in taker.types and (one.run_at is None or one.run_at <= now)]
    if len(due) > taker.limit:
        due = sorted(due, key=lambda job: job.priority.rank)[: taker.limit]
    return {job.id for job in due}
