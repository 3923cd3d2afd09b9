"""Jobs that a test asks a store to keep."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.job import Job, JobStatus, NewJob, Priority

US, THEM = UUID(int=1), UUID(int=2)


def new_job(clock: Clock, *, fingerprint: str = "same", **fields: Any) -> NewJob:
    """Return a job of ours, like any other but for these fields."""
    job = {
        "id": uuid4(),
        "tenant_id": US,
        "user_id": UUID(int=10),
        "type": "test_job",
        "status": JobStatus.PENDING,
        "priority": Priority.NORMAL,
        "payload": {},
        "created_at": clock.now(),
    }
    return NewJob(job=Job(**(job | fields)), fingerprint=fingerprint, draw_key="1")
