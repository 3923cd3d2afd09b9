"""The seam to where the truth is kept. One suite of promises (tests/contract) holds every store to it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from pydantic import JsonValue

from aijobs_sdk.contract.batch_store import BatchStore
from aijobs_sdk.contract.block_store import BlockStore
from aijobs_sdk.contract.error_info import ErrorInfo
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import IdPage, Job, JobPage, JobQuery, NewJob, Rate
from aijobs_sdk.contract.key_store import KeyStore
from aijobs_sdk.contract.records import DeadLetter, DeadLetterQuery, Document, Effects, Image, LineageEvent, UsageRow
from aijobs_sdk.contract.schedule import Schedule

Accepts = Mapping[str, int | None]
"""What a worker can run: job types, each with how many may run at once over all workers; None: as many as there are."""
DUE_AT_ONCE = 100
"""Schedules that a worker is handed at a time."""
IDEMPOTENCY_HOURS = 24
"""So long after its job ended an idempotency key still finds it."""


class Lease(NamedTuple):
    """A worker's right to write to one job. The fence grows with each claim; a write with an old one is refused."""

    job_id: UUID
    fence: int


class Admission(NamedTuple):
    """How much one tenant may have, and how fast it may submit."""

    max_active_jobs: int | None = None
    """Unfinished jobs at a time; None: any number."""
    rates: Mapping[str, Rate] = {}
    """By job type; a type that is not here may come at any rate."""


NO_LIMITS = Admission()


class Claim(NamedTuple):
    """A job in a worker's hands."""

    job: Job
    lease: Lease
    draw_key: str


class Taker(NamedTuple):
    """A worker with free places, which begins with new jobs as they are made: nobody has to find them first."""

    worker_id: str
    types: Collection[str]
    """What it runs, without the types of which only so many may run at once."""
    limit: int
    lease_seconds: float
    hard_limit_seconds: float


class Created(NamedTuple):
    """What became of new jobs."""

    jobs: list[Job]
    """One each, in order, as they were accepted."""
    claims: Sequence[Claim] = ()
    """Those of them that the taker has to begin with."""


class Beat(NamedTuple):
    """What a heartbeat learns about one lease."""

    lost: bool
    cancel_requested: bool


class Progress(NamedTuple):
    """How far the handler is, 0 to 100, in words a person can read."""

    percent: int
    message: str


class Text(NamedTuple):
    """More of the answer: it is now `answer[:offset] + text`."""

    text: str
    offset: int


Update = Progress | Text


class Done(NamedTuple):
    """The attempt succeeded: result, effects and the rest of the log are committed together."""

    result: Mapping[str, JsonValue]
    effects: Effects
    updates: Sequence[Update] = ()
    """What the log lacks: it comes before the end."""


class Retry(NamedTuple):
    """The attempt failed; another may begin after the delay, or the job fails where it has had all its attempts."""

    error: ErrorInfo
    delay_seconds: float


class Fail(NamedTuple):
    """The attempt failed, and with it the job."""

    error: ErrorInfo


class Cancelled(NamedTuple):
    """The attempt stopped because it was asked to."""


class Release(NamedTuple):
    """The attempt is given back unharmed and does not count; another may begin after the delay."""

    delay_seconds: float = 0.0


Outcome = Done | Retry | Fail | Cancelled | Release


class Store(BlockStore, KeyStore, BatchStore, Protocol):
    """Jobs, their logs and what they left behind. Every method is one atomic step."""

    async def create(
        self, jobs: Sequence[NewJob], *, admission: Admission = NO_LIMITS, taker: Taker | None = None
    ) -> Created:
        """Insert all of them or none. The taker has the first that are due, in the same step.

        A job whose tenant has used its idempotency key before is not inserted: the first job is returned. A key
        is free again IDEMPOTENCY_HOURS after its job ended. A job with `replay_of` marks that dead letter as replayed.

        Raises:
            IdempotencyConflictError: a key was used for another type or payload; nothing was inserted.
            InvalidRequestError: two of them that differ have one key.
            TooManyJobsError: a tenant would have more unfinished jobs than it may.
            RateLimitedError: a tenant submits jobs of a type faster than it may.
        """
        ...

    async def wait_claimable(self, accepts: Accepts, holding: Collection[Lease] = ()) -> bool:
        """Return True as soon as `claim()` has something to do, False as soon as only `reap(holding)` has.

        It may return True too early, and nothing too late.
        """
        ...

    async def claim(
        self,
        worker_id: str,
        accepts: Accepts,
        *,
        limit: int,
        lease_seconds: float,
        hard_limit_seconds: float,
    ) -> list[Claim]:
        """Take up to `limit` due jobs of these types, by priority, then by age. Counts an attempt for each."""
        ...

    async def heartbeat(self, leases: Sequence[Lease], *, lease_seconds: float) -> Mapping[Lease, Beat]:
        """Extend the leases still held; say of each whether it was lost or its job is to be cancelled."""
        ...

    async def append(self, lease: Lease, updates: Sequence[Update]) -> None:
        """Add events to the job's log.

        Raises:
            LeaseLostError: the fence is old; nothing was written.
        """
        ...

    async def finish(self, lease: Lease, outcome: Outcome) -> Job:
        """End the attempt; return the job as it stands now.

        The same outcome may be said again by a worker that heard no reply: it ends the attempt once.

        Raises:
            LeaseLostError: the fence is old; nothing was written.
        """
        ...

    async def request_cancel(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Cancel a waiting job now; ask a running one to stop; leave a finished one as it is.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        ...

    async def reap(self, holding: Collection[Lease] = ()) -> list[Job]:
        """Retry or fail every running job whose lease has run out or that is past its hard limit; return them all.

        A worker that asks is alive, though it may be late with its heartbeat: what it is `holding` is not lost.
        """
        ...

    async def get(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Return the job as it stands.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        ...

    async def ended(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Return the job once it is over, however it ended.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        ...

    async def list_jobs(self, tenant_id: UUID, query: JobQuery) -> JobPage:
        """Return one page of this tenant's jobs, newest first."""
        ...

    async def list_ids(self, tenant_id: UUID, query: JobQuery) -> IdPage:
        """Return the ids of that page, for whoever needs no more of its jobs; of those, too, that cannot be read."""
        ...

    async def events(self, tenant_id: UUID, job_id: UUID, *, after: int, limit: int = 1000) -> list[JobEvent]:
        """Return up to `limit` events with `seq` > `after`, in order; empty where there are none yet.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        ...

    async def wait_events(self, job_id: UUID, *, after: int) -> None:
        """Return as soon as the log holds an event with `seq` > `after`. It may return too early, never too late."""
        ...

    async def document(self, tenant_id: UUID, document_id: UUID) -> Document | None:
        """Return one document of this tenant."""
        ...

    async def lineage(self, tenant_id: UUID, document_id: UUID) -> Sequence[LineageEvent]:
        """Return the document's history, oldest first."""
        ...

    async def usage(
        self,
        tenant_id: UUID,
        *,
        since: datetime,
        until: datetime,
        after: UUID | None = None,
        limit: int | None = None,
    ) -> Sequence[UsageRow]:
        """Return this tenant's usage with `since` <= `created_at` < `until`, oldest first, ties by id.

        At most `limit` rows. `after` leaves out those of the instant `since` up to this id.
        """
        ...

    async def images(self, tenant_id: UUID, job_id: UUID) -> Sequence[Image]:
        """Return the pictures that a job of this tenant made, in their order."""
        ...

    async def dead_letters(self, tenant_id: UUID, query: DeadLetterQuery) -> Sequence[DeadLetter]:
        """Return one page of this tenant's dead letters, newest first."""
        ...

    async def dead_letter(self, tenant_id: UUID, job_id: UUID) -> DeadLetter | None:
        """Return what this tenant's failed job left behind."""
        ...

    async def purge_dead_letters(self, tenant_id: UUID, *, failed_before: datetime) -> int:
        """Delete this tenant's dead letters of that age; return how many there were."""
        ...

    async def purge_jobs(self, *, finished_before: datetime) -> int:
        """Delete jobs of every tenant that ended before, with their logs; return how many there were.

        Documents, lineage, usage, images and dead letters stay, and so does a job whose idempotency key still counts.
        """
        ...

    async def put_schedule(self, schedule: Schedule) -> None:
        """Keep a schedule, in place of the tenant's own of the same name."""
        ...

    async def schedules(self, tenant_id: UUID) -> Sequence[Schedule]:
        """Return this tenant's schedules, by name."""
        ...

    async def delete_schedule(self, tenant_id: UUID, name: str) -> bool:
        """Forget a schedule of this tenant; return whether there was one."""
        ...

    async def wait_schedule(self, types: Collection[str]) -> None:
        """Return as soon as a schedule of these job types is due. It may return too early, never too late."""
        ...

    async def due_schedules(self, types: Collection[str]) -> Sequence[Schedule]:
        """Return schedules of every tenant that are due now, at most DUE_AT_ONCE, the one that was due first first."""
        ...

    async def run_schedule(
        self, schedule: Schedule, new: NewJob, *, next_run_at: datetime, admission: Admission = NO_LIMITS
    ) -> Created | None:
        """Insert the job that a due schedule comes to, as `create()` does, and note it and when it is due again.

        Return None, and change nothing, where somebody else has done so, has removed it, or put another in its place.
        """
        ...

    async def move_schedule(self, schedule: Schedule, *, next_run_at: datetime, job_id: UUID | None) -> bool:
        """Note which job a due schedule came to, and when it is due again.

        Return False, and change nothing, where somebody else has done so, or has put another in its place.
        """
        ...

    async def postpone_schedule(self, schedule: Schedule, *, until: datetime) -> bool:
        """Have a due schedule looked at later; the time that it was due stays the one that its next job is for.

        Return False, and change nothing, where somebody else has moved it, or has put another in its place.
        """
        ...

    async def try_writing(self) -> None:
        """Return once something was written; the store is no larger for it, however often that is.

        Raises:
            StoreUnavailableError: nothing can be, whether what is there can be read or not.
        """
        ...

    async def aclose(self) -> None:
        """Let go of whatever the store holds open; what was stored stays."""
        ...
