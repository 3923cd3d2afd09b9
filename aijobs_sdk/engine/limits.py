"""How much and how long: the numbers an operator may turn."""

from __future__ import annotations

from pydantic import Field

from aijobs_sdk.contract.model import Fact


class Limits(Fact):
    """What one worker process allows itself."""

    concurrency: int = Field(default=100, ge=0)
    """Attempts at the same time; with 0 other processes do all the work."""
    job_seconds: float = Field(default=300.0, gt=0)
    """One attempt may take this long; then it fails, cleanly."""
    hard_limit_seconds: float = Field(default=330.0, gt=0)
    """An attempt that is still there after this long is taken from its worker, whatever it does."""
    lease_seconds: float = Field(default=30.0, gt=0)
    """A worker that is silent for this long has lost its jobs."""
    grace_seconds: float = Field(default=0.0, ge=0)
    """How long running attempts may go on after a stop was asked for; then they are given back."""

    @property
    def heartbeat_seconds(self) -> float:
        """How often a worker keeps its leases: it may miss one beat, and be late with the next."""
        return self.lease_seconds / 3
