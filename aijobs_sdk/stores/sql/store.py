"""Jobs in a database: what was stored survives this process, and other processes may work on it, too."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from aijobs_sdk.contract.blocks import Block, Revision
from aijobs_sdk.contract.errors import JobNotFoundError
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import IdPage, Job, JobPage, JobQuery, NewJob
from aijobs_sdk.contract.keys import ApiKey
from aijobs_sdk.contract.records import (
    DeadLetter,
    DeadLetterQuery,
    Document,
    Image,
    LineageEvent,
    NewDocument,
    UsageRow,
)
from aijobs_sdk.contract.schedule import Schedule
from aijobs_sdk.contract.store import (
    NO_LIMITS,
    Accepts,
    Admission,
    Beat,
    Claim,
    Created,
    Lease,
    Outcome,
    Taker,
    Update,
)
from aijobs_sdk.contract.suggestions import Decision, Suggestion
from aijobs_sdk.engine.lifecycle import Extend, Take
from aijobs_sdk.engine.schedule import moved, postponed
from aijobs_sdk.stores.sql import blocks, commands, keys, queries, schedules, suggestions
from aijobs_sdk.stores.sql.batch_journals import BatchJournals

PURGED_AT_ONCE = 500


class SqlStore(BatchJournals):
    """A store in SQLite or PostgreSQL.

    Args:
        address: `sqlite:///jobs.db` or `postgresql://user@host/database`; tables are made and brought up to date.
        clock: what leases and delays are measured by.
        shared: whether other processes may write, and must be looked out for; off where time is virtual.
        synchronous: SQLite's: `full` survives a power cut, `normal` only the end of the process, at a lower price.

    Raises:
        ConfigurationError: there can be no database at this address.
        StoreUnavailableError: there is one that cannot be used, or that a newer version made.
    """

    async def create(
        self, jobs: Sequence[NewJob], *, admission: Admission = NO_LIMITS, taker: Taker | None = None
    ) -> Created:
        """Insert all of them or none."""
        create = commands.Create(tuple(jobs), admission, taker)
        created = await self._write(create, undo=None if taker is None else _give_back_new)
        if created.claims:
            self._here().news.leases_taken()
        return created

    async def wait_claimable(self, accepts: Accepts, holding: Collection[Lease] = ()) -> bool:
        """Return as soon as a job is due, or its worker lost."""
        news = self._here().news
        news.limited_types = {name for name, most in accepts.items() if most is not None}
        while not news.may_have_work:
            held = [lease.job_id for lease in islice(holding, queries.MOST_HELD)]
            work = await self._read(queries.next_work, self._clock.now(), accepts, held)
            if work.seconds == 0:
                return work.is_claimable
            await news.wait_for_work(work.seconds)
        return True

    async def claim(
        self,
        worker_id: str,
        accepts: Accepts,
        *,
        limit: int,
        lease_seconds: float,
        hard_limit_seconds: float,
    ) -> list[Claim]:
        """Take up to `limit` due jobs, by priority, then by age."""
        news = self._here().news
        news.may_have_work = False
        take = commands.TakeDue(limit, accepts, Take(worker_id, lease_seconds, hard_limit_seconds))
        claims = await self._write(take, undo=_give_back)
        news.may_have_work |= len(claims) == limit
        if claims:
            news.look_again()  # who waits did not know of these leases
        return claims

    async def heartbeat(self, leases: Sequence[Lease], *, lease_seconds: float) -> Mapping[Lease, Beat]:
        """Extend the leases still held."""
        return await self._write(commands.Heartbeat(tuple(leases), Extend(lease_seconds)))

    async def append(self, lease: Lease, updates: Sequence[Update]) -> None:
        """Add events to the job's log."""
        await self._write(commands.Append(lease, tuple(updates)))

    async def finish(self, lease: Lease, outcome: Outcome) -> Job:
        """End the attempt."""
        return await self._write(commands.Finish(lease, outcome))

    async def request_cancel(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Cancel a waiting job now; ask a running one to stop."""
        return await self._write(commands.Cancel(tenant_id, job_id))

    async def reap(self, holding: Collection[Lease] = ()) -> list[Job]:
        """Retry or fail every running job that nobody will end."""
        return await self._write(commands.Reap(holding))

    async def get(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Return the job as it stands."""
        job = self._at_hand().job(job_id)
        if job is None or job.tenant_id != tenant_id:  # what is another's takes as long as what is nobody's
            job = await self._read_of(tenant_id, queries.job, job_id)
        if job is None or job.tenant_id != tenant_id:
            raise JobNotFoundError(job_id)
        return job

    async def ended(self, tenant_id: UUID, job_id: UUID) -> Job:
        """Return the job once it is over."""
        while True:
            # It hears of every commit from now on, so that none falls between the look and the wait.
            with self._here().news.ends.awaited(job_id) as end:
                job = await self.get(tenant_id, job_id)
                if not job.is_final:
                    job = await end or job
            if job.is_final:
                return job

    async def list_jobs(self, tenant_id: UUID, query: JobQuery) -> JobPage:
        """Return one page of this tenant's jobs, newest first."""
        return await self._read_of(tenant_id, queries.page, query, await self._page_begins_before(query))

    async def list_ids(self, tenant_id: UUID, query: JobQuery) -> IdPage:
        """Return the ids of that page."""
        return await self._read_of(tenant_id, queries.id_page, query, await self._page_begins_before(query))

    async def _page_begins_before(self, query: JobQuery) -> int | None:
        return None if query.cursor is None else await self._read(queries.read_cursor, query.cursor)

    async def events(self, tenant_id: UUID, job_id: UUID, *, after: int, limit: int = 1000) -> list[JobEvent]:
        """Return up to `limit` events with `seq` > `after`."""
        recent = self._at_hand().get(job_id)
        if recent is not None and recent.job.tenant_id == tenant_id:
            return recent.log[max(after, 0) :][:limit]
        found = await self._read_of(tenant_id, queries.events, job_id, after, limit)
        if found is None:
            raise JobNotFoundError(job_id)
        return found

    async def wait_events(self, job_id: UUID, *, after: int) -> None:
        """Return as soon as the log holds an event with `seq` > `after`."""
        async with self._here().news.reader(job_id) as reader:
            # It hears of every commit from now on, so that none falls between the look and the wait.
            stirs = reader.stirs
            recent = self._at_hand().get(job_id)
            last_seq = await self._read(queries.last_seq, job_id) if recent is None else len(recent.log)
            if last_seq is None:
                return  # it was purged: who looks again learns of it
            reader.learn(last_seq)
            if reader.last_seq <= after and reader.stirs == stirs:
                await reader.longer.wait()

    async def document(self, tenant_id: UUID, document_id: UUID) -> Document | None:
        """Return one document of this tenant."""
        return await self._read_of(tenant_id, queries.document, document_id)

    async def lineage(self, tenant_id: UUID, document_id: UUID) -> Sequence[LineageEvent]:
        """Return the document's history, oldest first."""
        return await self._read_of(tenant_id, queries.lineage, document_id)

    async def usage(
        self,
        tenant_id: UUID,
        *,
        since: datetime,
        until: datetime,
        after: UUID | None = None,
        limit: int | None = None,
    ) -> Sequence[UsageRow]:
        """Return this tenant's usage in a span of time, oldest first."""
        return await self._read_of(tenant_id, queries.usage, queries.UsageSpan(since, until, after, limit))

    async def images(self, tenant_id: UUID, job_id: UUID) -> Sequence[Image]:
        """Return the pictures that a job of this tenant made."""
        return await self._read_of(tenant_id, queries.images, job_id)

    async def dead_letters(self, tenant_id: UUID, query: DeadLetterQuery) -> Sequence[DeadLetter]:
        """Return one page of this tenant's dead letters, newest first."""
        return await self._read_of(tenant_id, queries.dead_letters, query)

    async def dead_letter(self, tenant_id: UUID, job_id: UUID) -> DeadLetter | None:
        """Return what this tenant's failed job left behind."""
        return await self._read_of(tenant_id, queries.dead_letter, job_id)

    async def purge_dead_letters(self, tenant_id: UUID, *, failed_before: datetime) -> int:
        """Delete this tenant's dead letters of that age."""
        return await self._write(commands.PurgeDeadLetters(tenant_id, failed_before))

    async def purge_jobs(self, *, finished_before: datetime) -> int:
        """Delete jobs that ended before, with their logs, some at a time, so that others may write in between."""
        purged = 0
        try:
            while some := await self._write(commands.PurgeJobs(finished_before, PURGED_AT_ONCE)):
                purged += some
        finally:  # cut short, it has purged some all the same
            self._here().recent.clear()
        return purged

    async def put_schedule(self, schedule: Schedule) -> None:
        """Keep a schedule, in place of one of the same name."""
        await self._write(schedules.PutSchedule(schedule))
        self._here().news.schedules_changed()

    async def schedules(self, tenant_id: UUID) -> Sequence[Schedule]:
        """Return this tenant's schedules, by name."""
        return await self._read_of(tenant_id, schedules.schedules)

    async def delete_schedule(self, tenant_id: UUID, name: str) -> bool:
        """Forget a schedule of this tenant."""
        return await self._write(schedules.DeleteSchedule(tenant_id, name))

    async def wait_schedule(self, types: Collection[str]) -> None:
        """Return as soon as a schedule of these types is due."""
        while True:
            news = self._here().news
            seen = news.schedule_changes
            seconds = await self._read(schedules.seconds_to_schedule, self._clock.now(), types)
            if seconds == 0:
                return
            await news.wait_for_schedules(seconds, seen=seen)

    async def due_schedules(self, types: Collection[str]) -> Sequence[Schedule]:
        """Return schedules that are due now."""
        due = await self._read(schedules.due_schedules, self._clock.now(), types)
        if due.unreadable:
            await self._write(schedules.SetSchedulesAside(due.unreadable))
        return due.schedules

    async def run_schedule(
        self, schedule: Schedule, new: NewJob, *, next_run_at: datetime, admission: Admission = NO_LIMITS
    ) -> Created | None:
        """Insert the job that a due schedule comes to, and note it."""
        return await self._write(schedules.RunSchedule(schedule, commands.Create((new,), admission), next_run_at))

    async def move_schedule(self, schedule: Schedule, *, next_run_at: datetime, job_id: UUID | None) -> bool:
        """Note which job a due schedule came to, and when it is due again."""
        changed = moved(schedule, next_run_at=next_run_at, job_id=job_id)
        return await self._write(schedules.ChangeSchedule(schedule, changed))

    async def postpone_schedule(self, schedule: Schedule, *, until: datetime) -> bool:
        """Have a due schedule looked at later."""
        return await self._write(schedules.ChangeSchedule(schedule, postponed(schedule, until=until)))

    async def add_document(self, new: NewDocument) -> Document:
        """Keep a document with its blocks, or return the one that is there."""
        return await self._write(blocks.AddDocument(new))

    async def block(self, tenant_id: UUID, block_id: UUID) -> Block | None:
        """Return one block of this tenant."""
        return await self._read_of(tenant_id, blocks.block, block_id)

    async def blocks(self, tenant_id: UUID, document_id: UUID) -> Sequence[Block]:
        """Return the blocks of a document of this tenant, in their order."""
        return await self._read_of(tenant_id, blocks.blocks, document_id)

    async def revisions(self, tenant_id: UUID, block_id: UUID) -> Sequence[Revision]:
        """Return every text that a block of this tenant has had."""
        return await self._read_of(tenant_id, blocks.revisions, block_id)

    async def suggestions(self, tenant_id: UUID, block_id: UUID) -> Sequence[Suggestion]:
        """Return every text that was proposed for a block of this tenant."""
        return await self._read_of(tenant_id, suggestions.suggestions, block_id)

    async def decide_suggestion(self, decision: Decision) -> Suggestion:
        """Decide about a suggestion."""
        return await self._write(suggestions.DecideSuggestion(decision))

    async def put_key(self, key: ApiKey) -> None:
        """Keep an API key."""
        await self._write(keys.PutKey(key))

    async def key(self, key_id: str) -> ApiKey | None:
        """Return the key of this id."""
        return await self._read(keys.key, key_id)

    async def keys(self, tenant_id: UUID | None = None) -> Sequence[ApiKey]:
        """Return a tenant's keys, or all, oldest first."""
        return await self._read(keys.keys, tenant_id)

    async def revoke_key(self, key_id: str, *, at: datetime) -> bool:
        """Let a key count no more."""
        return await self._write(keys.RevokeKey(key_id, at))


def _give_back_new(created: Created) -> commands.GiveBack:
    return _give_back(created.claims)


def _give_back(claims: Sequence[Claim]) -> commands.GiveBack:
    return commands.GiveBack(tuple(claim.lease for claim in claims))
