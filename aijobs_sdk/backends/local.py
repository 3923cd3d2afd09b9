"""Jobs run in this process, by workers that start with the first call."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from aijobs_sdk.backends.local_workers import LocalWorkers
from aijobs_sdk.contract.batches import BatchChange, BatchItem, BatchRecord, BatchRequest, Hold
from aijobs_sdk.contract.blocks import Block, DocumentRequest, Revision
from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import (
    BatchNotFoundError,
    DeadLetterNotFoundError,
    InvalidRequestError,
    ScheduleNotFoundError,
)
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.events import JobEvent, TerminalEvent
from aijobs_sdk.contract.health import Health
from aijobs_sdk.contract.job import Caller, IdPage, Job, JobPage, JobQuery, JobRequest, NewJob
from aijobs_sdk.contract.plain_text import is_plain
from aijobs_sdk.contract.records import DeadLetter, DeadLetterQuery, Document, Image, LineageEvent, UsageRow
from aijobs_sdk.contract.schedule import Schedule, ScheduleRequest
from aijobs_sdk.contract.store import Created, Taker
from aijobs_sdk.contract.suggestions import Suggestion, SuggestionStatus
from aijobs_sdk.contract.usage_pages import check_page_rows
from aijobs_sdk.engine.batches import check_hold, check_rows_at_once, new_batch
from aijobs_sdk.engine.context import World
from aijobs_sdk.engine.dispatch import admission_of, checked_jobs, estimates_of, find_refusals, get_ready, store_jobs
from aijobs_sdk.engine.documents import new_document
from aijobs_sdk.engine.health import check_health
from aijobs_sdk.engine.job_type import JobTypes
from aijobs_sdk.engine.schedule import checked_schedule
from aijobs_sdk.engine.suggestions import new_decision
from aijobs_sdk.engine.turns import Turns


class LocalBackend:
    """A store and the workers that empty it, for one caller."""

    def __init__(self, *, world: World, types: JobTypes, caller: Caller, workers: LocalWorkers | None = None) -> None:
        self._world = world
        self._types = types
        self._admission = admission_of(world.limits, types)
        self._caller = caller
        self._workers = workers or LocalWorkers(world, types)
        self._waits = self._workers.waits
        self._turns = Turns()

    def acting_for(self, caller: Caller) -> LocalBackend:
        """Return the same backend as somebody else sees it: one store, and the same workers."""
        return LocalBackend(world=self._world, types=self._types, caller=caller, workers=self._workers)

    async def start(self) -> None:
        """Begin to work, before anybody asks for anything."""
        await self._workers.ensure()

    async def submit(self, requests: Sequence[JobRequest]) -> list[Job]:
        """Check, then store all of them or none."""
        await self._workers.ensure()
        await get_ready(requests, self._types)
        new = await checked_jobs(
            requests, caller=self._caller, types=self._types, clock=self._world.clock, turns=self._turns
        )
        created = await self._workers.take_in(len(new), partial(self._store, new))
        return created.jobs

    async def _store(self, new: Sequence[NewJob], taker: Taker | None) -> Created:
        world = self._world
        return await store_jobs(new, store=world.store, meter=world.meter, admission=self._admission, taker=taker)

    async def refusals(self, requests: Sequence[JobRequest]) -> Mapping[int, InvalidRequestError]:
        """Return which of these `submit()` would refuse, and why."""
        await get_ready(requests, self._types)
        return find_refusals(requests, caller=self._caller, types=self._types)

    async def estimate(self, requests: Sequence[JobRequest]) -> list[Estimate]:
        """Return what each of these would cost."""
        await get_ready(requests, self._types)
        return await estimates_of(requests, self._types, turns=self._turns)

    async def get(self, job_id: UUID) -> Job:
        """Return the job as it stands."""
        return await self._world.store.get(self._caller.tenant_id, job_id)

    async def list_jobs(self, query: JobQuery) -> JobPage:
        """Return one page of jobs, newest first."""
        return await self._world.store.list_jobs(self._caller.tenant_id, query)

    async def list_ids(self, query: JobQuery) -> IdPage:
        """Return the ids of one page of jobs, newest first."""
        return await self._world.store.list_ids(self._caller.tenant_id, query)

    async def cancel(self, job_id: UUID) -> Job:
        """Ask the job to stop."""
        await self._workers.ensure()
        job = await self._world.store.request_cancel(self._caller.tenant_id, job_id)
        self._workers.nudge()
        if job.cancelled() or not job.is_final:
            await self._tidy_up_after(job)
        return job

    async def _tidy_up_after(self, job: Job) -> None:
        """Submit what the type of a cancelled job wants done, however many jobs the tenant has."""
        if job.type in self._types and (request := self._types[job.type].after_cancel(job)) is not None:
            world = self._world
            new = await checked_jobs(
                [request], caller=self._caller, types=self._types, clock=world.clock, turns=self._turns
            )
            await store_jobs(new, store=world.store, meter=world.meter)

    async def ended(self, job_id: UUID) -> Job:
        """Return the job once it is over."""
        await self._workers.ensure()
        return await self._waits.wait_for(self._world.store.ended(self._caller.tenant_id, job_id))

    async def events(self, job_id: UUID, *, after: int = 0, follow: bool = True) -> AsyncGenerator[JobEvent]:
        """Yield events with `seq` > `after`, and stop after the terminal one."""
        await self._workers.ensure()
        store, ends = self._world.store, self._waits.ends
        while True:
            # Asked before the log is read, so that the terminal event cannot fall in between.
            over = (await store.get(self._caller.tenant_id, job_id)).is_final
            events = await store.events(self._caller.tenant_id, job_id, after=after)
            for event in events:
                yield event
                if isinstance(event, TerminalEvent):
                    return
                after = event.seq
            if not events:
                if over or not follow:
                    return
                self._waits.check_open(ends)  # whoever reads slowly may not have waited then
                await self._waits.wait_for(store.wait_events(job_id, after=after))

    async def document(self, document_id: UUID) -> Document | None:
        """Return a document."""
        return await self._world.store.document(self._caller.tenant_id, document_id)

    async def create_document(self, request: DocumentRequest) -> Document:
        """Begin a document with blocks, or return the one that its idempotency key began."""
        new = new_document(request, caller=self._caller, clock=self._world.clock)
        return await self._world.store.add_document(new)

    async def blocks(self, document_id: UUID) -> Sequence[Block]:
        """Return the blocks of a document, in their order."""
        return await self._world.store.blocks(self._caller.tenant_id, document_id)

    async def revisions(self, block_id: UUID) -> Sequence[Revision]:
        """Return every text that a block has had, oldest first."""
        return await self._world.store.revisions(self._caller.tenant_id, block_id)

    async def suggestions(self, block_id: UUID) -> Sequence[Suggestion]:
        """Return every text that was proposed for a block, oldest first."""
        return await self._world.store.suggestions(self._caller.tenant_id, block_id)

    async def apply_suggestion(self, suggestion_id: UUID) -> Suggestion:
        """Make a proposed text the block's own."""
        return await self._decide(suggestion_id, SuggestionStatus.APPLIED)

    async def reject_suggestion(self, suggestion_id: UUID) -> Suggestion:
        """Leave the block as it is."""
        return await self._decide(suggestion_id, SuggestionStatus.REJECTED)

    async def _decide(self, suggestion_id: UUID, status: SuggestionStatus) -> Suggestion:
        decision = new_decision(suggestion_id, status, caller=self._caller, clock=self._world.clock)
        return await self._world.store.decide_suggestion(decision)

    async def lineage(self, document_id: UUID) -> Sequence[LineageEvent]:
        """Return a document's history."""
        return await self._world.store.lineage(self._caller.tenant_id, document_id)

    async def images(self, job_id: UUID) -> Sequence[Image]:
        """Return the records of the pictures that a job made."""
        return await self._world.store.images(self._caller.tenant_id, job_id)

    async def usage(
        self, *, since: datetime, until: datetime, after: UUID | None = None, limit: int | None = None
    ) -> Sequence[UsageRow]:
        """Return usage rows of a span of time."""
        check_page_rows(limit)
        tenant_id = self._caller.tenant_id
        return await self._world.store.usage(tenant_id, since=since, until=until, after=after, limit=limit)

    async def dead_letters(self, query: DeadLetterQuery) -> Sequence[DeadLetter]:
        """Return one page of what failed jobs left behind, newest first."""
        return await self._world.store.dead_letters(self._caller.tenant_id, query)

    async def dead_letter(self, job_id: UUID) -> DeadLetter:
        """Return what one failed job left behind."""
        letter = await self._world.store.dead_letter(self._caller.tenant_id, job_id)
        if letter is None:
            raise DeadLetterNotFoundError(job_id)
        return letter

    async def replay(self, job_id: UUID, *, idempotency_key: str | None = None) -> Job:
        """Submit a failed job once more, as a new job."""
        letter = await self.dead_letter(job_id)
        [job] = await self.submit([letter.replay_request(idempotency_key=idempotency_key)])
        return job

    async def purge_dead_letters(self, *, older_than: timedelta) -> int:
        """Delete the letters of jobs that failed longer ago than this."""
        if older_than < timedelta(0):
            problem = FieldProblem(field="older_than", problem="must not be below zero")
            raise InvalidRequestError("`older_than` must not be below zero.", fields=[problem])
        try:
            failed_before = self._world.clock.now() - older_than
        except OverflowError:  # before the calendar begins
            return 0
        return await self._world.store.purge_dead_letters(self._caller.tenant_id, failed_before=failed_before)

    async def schedule(self, request: ScheduleRequest) -> Schedule:
        """Submit a job again and again from now on."""
        await self._workers.ensure()
        await get_ready([request.job], self._types)
        schedule = checked_schedule(request, caller=self._caller, types=self._types, clock=self._world.clock)
        await self._world.store.put_schedule(schedule)
        return schedule

    async def schedules(self) -> Sequence[Schedule]:
        """Return this tenant's schedules, by name."""
        return await self._world.store.schedules(self._caller.tenant_id)

    async def unschedule(self, name: str) -> None:
        """Submit no more of a schedule."""
        if not is_plain(name) or not await self._world.store.delete_schedule(self._caller.tenant_id, name):
            raise ScheduleNotFoundError(name)

    async def open_batch(self, request: BatchRequest) -> BatchRecord:
        """Begin the journal of a batch, or return the one of this name."""
        return await self._world.store.open_batch(new_batch(request, caller=self._caller, clock=self._world.clock))

    async def batch(self, name: str) -> BatchRecord:
        """Return the batch of this name."""
        if not is_plain(name) or (found := await self._world.store.batch(self._caller.tenant_id, name)) is None:
            raise BatchNotFoundError(name)
        return found

    async def batches(self) -> Sequence[BatchRecord]:
        """Return the batches there are, the newest first."""
        return await self._world.store.batches(self._caller.tenant_id)

    async def change_batch(self, batch_id: UUID, change: BatchChange) -> BatchRecord:
        """Change what is said."""
        return await self._world.store.change_batch(self._caller.tenant_id, batch_id, change)

    async def hold_batch(self, batch_id: UUID, hold: Hold) -> BatchRecord:
        """Take the batch, keep it, or give it back."""
        check_hold(hold)
        return await self._world.store.hold_batch(self._caller.tenant_id, batch_id, hold)

    async def put_batch_rows(self, batch_id: UUID, rows: Sequence[BatchItem]) -> None:
        """Keep these rows."""
        check_rows_at_once(len(rows), field="rows")
        await self._world.store.put_batch_rows(self._caller.tenant_id, batch_id, rows)

    async def batch_rows(self, batch_id: UUID, *, start: int = 0, limit: int = 1000) -> Sequence[BatchItem]:
        """Return up to `limit` rows from the index `start` on."""
        check_rows_at_once(limit, field="limit")
        return await self._world.store.batch_rows(self._caller.tenant_id, batch_id, start=start, limit=limit)

    async def delete_batch(self, batch_id: UUID) -> None:
        """Forget a batch and its rows; its jobs stay."""
        if not await self._world.store.delete_batch(self._caller.tenant_id, batch_id):
            raise BatchNotFoundError(str(batch_id))

    async def now(self) -> datetime:
        """Return what time it is in the world of these jobs."""
        return self._world.clock.now()

    async def health(self) -> Health:
        """Return how things are here. It starts no worker: whoever asks may be there to ask only."""
        return await check_health(self._world, self._caller, self._workers.pool)

    async def aclose(self) -> None:
        """Stop the workers and close the store; jobs under way go back to pending. The next call opens both again."""
        await self._workers.stop()
        await self._world.aclose()
