"""Which job a line of a log belongs to: known to every line that is written while the job's handler runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextvars import ContextVar

from aijobs_sdk.contract.job import Job

_JOB: ContextVar[Job | None] = ContextVar("aijobs_job", default=None)

FIELDS = ("job_id", "task_id", "tenant_id", "attempt")


def log_as(job: Job) -> None:
    """Let this task, and every task and `asyncio.to_thread` it starts from now on, log as part of the job."""
    _JOB.set(job)  # never reset: an attempt has a task of its own, and the context ends with it


def log_fields() -> Mapping[str, str | int]:
    """Return the job's fields, empty outside of any job."""
    job = _JOB.get()
    if job is None:
        return {}
    return {
        "job_id": str(job.id),
        "task_id": job.task_id or "",
        "tenant_id": str(job.tenant_id),
        "attempt": job.attempts,
    }


class JobLogFilter(logging.Filter):
    """Gives each record the attributes `job_id`, `task_id`, `tenant_id` and `attempt`; None outside of any job.

    Add it to a handler of your own: `handler.addFilter(aijobs.JobLogFilter())`. On a logger it would miss what the
    loggers below it write. It lets every record pass.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the attributes."""
        fields = log_fields()
        for name in FIELDS:
            setattr(record, name, fields.get(name))
        return True
