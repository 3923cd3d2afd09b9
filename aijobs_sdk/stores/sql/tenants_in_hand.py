"""What the tenants of one transaction have, and how fast they submit: as far as somebody asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.store import Admission
from aijobs_sdk.stores.admission import Bucket, buckets_of, check_active, full_at_after
from aijobs_sdk.stores.sql import queries, schema
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.statements import replacing

_KEEP_RATE = replacing(schema.rate_limits, ("tenant_id", "type", "full_at"), changed=("full_at",))


class TenantsInHand:
    """What a transaction knows of tenants. `flush` writes what it has gathered, before jobs are counted."""

    def __init__(self, session: Session, now: datetime, *, flush: Callable[[], None]) -> None:
        self._session = session
        self._now = now
        self._flush = flush
        self._active: dict[UUID, int] = {}
        """Unfinished jobs of each tenant that somebody asked about, kept up to date from then on."""
        self._full_at: dict[Bucket, datetime] = {}
        self._spent: dict[Bucket, datetime] = {}

    def admit(self, jobs: Sequence[Job], admission: Admission) -> None:
        """Let these new jobs in; the rates they are taken from are kept for all who come after.

        Raises:
            TooManyJobsError, RateLimitedError: they may not, now.
        """
        check_active(jobs, admission, self._active_jobs(jobs, admission))
        spent = full_at_after(jobs, admission, self._buckets(jobs, admission), self._now)
        self._full_at |= spent
        self._spent |= spent

    def count(self, tenant_id: UUID, jobs: int) -> None:
        """Count jobs that began, or ended where it is -1."""
        if tenant_id in self._active:
            self._active[tenant_id] += jobs

    def write(self) -> None:
        """Write which rates were used."""
        _KEEP_RATE.write(self._session, [[*bucket, full_at] for bucket, full_at in self._spent.items()])
        self._spent.clear()

    def _active_jobs(self, jobs: Sequence[Job], admission: Admission) -> Mapping[UUID, int]:
        """Return how many unfinished jobs these jobs' tenants have, where it matters."""
        if admission.max_active_jobs is None:
            return {}
        for tenant_id in {job.tenant_id for job in jobs} - self._active.keys():
            self._flush()
            self._active[tenant_id] = queries.active_jobs(self._session.connection, tenant_id)
        return self._active

    def _buckets(self, jobs: Sequence[Job], admission: Admission) -> Mapping[Bucket, datetime]:
        """Return how full the buckets are that these jobs are taken from."""
        for bucket in buckets_of(jobs, admission).keys() - self._full_at.keys():
            if (full_at := queries.full_at(self._session.connection, bucket)) is not None:
                self._full_at[bucket] = full_at
        return self._full_at
