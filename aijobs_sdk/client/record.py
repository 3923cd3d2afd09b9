"""What is known of a job, as attributes: the same for the handle that blocks and the one that awaits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.job import Job, JobStatus


class HasRecord(ABC):
    """Tells of its job by the job's record; how fresh that is, each says itself."""

    __slots__ = ()

    @property
    @abstractmethod
    def job(self) -> Job:
        """The record."""

    @property
    def type(self) -> str:
        """The job's type."""
        return self.job.type

    @property
    def status(self) -> JobStatus:
        """Where the job stands."""
        return self.job.status

    @property
    def progress(self) -> int:
        """How far it is, 0 to 100."""
        return self.job.progress

    @property
    def message(self) -> str:
        """What it does now, in words."""
        return self.job.message

    @property
    def error(self) -> ErrorInfo | None:
        """Why it failed."""
        return self.job.error

    @property
    def attempts(self) -> int:
        """How many attempts were begun so far."""
        return self.job.attempts

    @property
    def created_at(self) -> datetime:
        """When it was submitted."""
        return self.job.created_at

    @property
    def started_at(self) -> datetime | None:
        """When its first attempt began; None while it waits for that."""
        return self.job.started_at

    @property
    def completed_at(self) -> datetime | None:
        """When it was over, one way or another; None until then."""
        return self.job.completed_at
