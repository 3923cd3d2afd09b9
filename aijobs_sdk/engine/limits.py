"""How much and how long: the numbers an operator may turn."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Self

from pydantic import Field, model_validator

from aijobs_sdk.contract.given import Given

LONGEST_SECONDS = 1e9
"""Some thirty years: as good as for ever, and still within the calendar."""


class BreakerLimits(Given):
    """When a provider counts as broken, and how it is tried again."""

    failures: int = Field(default=20, ge=1)
    """So many failures among the recent calls open the breaker."""
    window_calls: int = Field(default=40, ge=1)
    """How many calls are recent, at most."""
    window_seconds: float = Field(default=60.0, gt=0, le=LONGEST_SECONDS)
    """How old a recent call is, at most."""
    open_seconds: float = Field(default=5.0, gt=0, le=LONGEST_SECONDS)
    """The first wait for a provider that failed; it doubles with each probe that fails."""
    longest_open_seconds: float = Field(default=60.0, gt=0, le=LONGEST_SECONDS)
    probes: int = Field(default=1, ge=1)
    """Calls at the same time that find out whether the provider is back."""
    probe_seconds: float = Field(default=60.0, gt=0, le=LONGEST_SECONDS)
    """A probe that has not ended after this long gives its place to another."""


class ModelPace(Given):
    """What some models may be asked at most, whatever their providers allow."""

    model: str = "*"
    """A glob over our names of models."""
    most_calls: int | None = Field(default=None, ge=1)
    """Calls under way at the same time, in this process; None: as many as the provider bears."""
    requests_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    tokens_per_minute: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Of requests and answers together. What is not used is saved up, for a minute."""


class PaceLimits(Given):
    """How calls to providers are paced."""

    first_calls: int = Field(default=16, ge=1)
    """Calls under way at the same time while nothing is known of what a provider bears."""
    patience_seconds: float = Field(default=10.0, gt=0, le=LONGEST_SECONDS)
    """A job that has to wait longer for its turn gives its place to others meanwhile."""
    models: tuple[ModelPace, ...] = ()
    """The last one that fits a model holds for it."""

    def of(self, model: str) -> ModelPace:
        """Return what holds for a model."""
        given = (one for one in reversed(self.models) if fnmatchcase(model, one.model))
        return next(given, ModelPace())


class Limits(Given):
    """What one worker process allows itself."""

    concurrency: int = Field(default=100, ge=0)
    """Attempts at the same time; with 0 other processes do all the work."""
    own_first: bool = False
    """Whether jobs that are made here are begun here as long as there is a place, before older ones of others: what a
    process wants that is there for one batch."""
    max_active_jobs: int | None = Field(default=None, ge=1)
    """Unfinished jobs one tenant may have; None: any number."""
    job_seconds: float = Field(default=300.0, gt=0, le=LONGEST_SECONDS)
    """One attempt may take this long; then it fails, cleanly."""
    hard_limit_seconds: float = Field(default=330.0, gt=0, le=LONGEST_SECONDS)
    """An attempt that is still there after this long is taken from its worker, whatever it does."""
    lease_seconds: float = Field(default=30.0, gt=0, le=LONGEST_SECONDS)
    """A worker that is silent for this long has lost its jobs."""
    grace_seconds: float = Field(default=0.0, ge=0, le=LONGEST_SECONDS)
    """How long running attempts may go on after a stop was asked for; then they are given back."""
    keep_jobs_seconds: float | None = Field(default=None, ge=0, le=LONGEST_SECONDS)
    """Jobs that ended longer ago are deleted, with their logs, once their idempotency keys are free; None: never."""
    snooze_limit_seconds: float = Field(default=3600.0, ge=0, le=LONGEST_SECONDS)
    """A job that first started longer ago than this fails where its provider has been broken, or has refused all, as
    long."""
    breaker: BreakerLimits = BreakerLimits()
    pace: PaceLimits | None = PaceLimits()
    """None: providers are asked as fast as jobs come."""

    @model_validator(mode="after")
    def _soft_before_hard(self) -> Self:
        if self.hard_limit_seconds <= self.job_seconds:
            raise ValueError("`hard_limit_seconds` must be above `job_seconds`, so that an attempt can end cleanly")
        return self

    @property
    def heartbeat_seconds(self) -> float:
        """How often a worker keeps its leases: it may miss one beat, and be late with the next."""
        return self.lease_seconds / 3
