"""Jobs run behind an address: each method of a backend is a question to the server there."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4

from pydantic import SecretStr
from pydantic_core import to_json

from aijobs_sdk.backends.http.address import address_of
from aijobs_sdk.backends.http.answers import (
    as_fact,
    as_lines,
    as_list,
    as_part,
    read_fact,
    read_now,
    read_object,
    read_refusals,
)
from aijobs_sdk.backends.http.asked import json_of, jsons_of, to_submit
from aijobs_sdk.backends.http.backoff import Chance
from aijobs_sdk.backends.http.health import away
from aijobs_sdk.backends.http.hooks import HttpHooks
from aijobs_sdk.backends.http.limits import HttpLimits
from aijobs_sdk.backends.http.lookups import read_job
from aijobs_sdk.backends.http.pools import OpenTransport
from aijobs_sdk.backends.http.question import Question
from aijobs_sdk.backends.http.session import Session
from aijobs_sdk.contract.batches import BatchChange, BatchItem, BatchRecord, BatchRequest, Hold
from aijobs_sdk.contract.blocks import Block, DocumentRequest, Revision
from aijobs_sdk.contract.errors import (
    AIJobsError,
    InvalidRequestError,
    ScheduleNotFoundError,
    ServerUnavailableError,
    StoreUnavailableError,
)
from aijobs_sdk.contract.estimate import Estimate
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.health import Health
from aijobs_sdk.contract.job import IdPage, Job, JobPage, JobQuery, JobRequest
from aijobs_sdk.contract.plain_text import is_plain
from aijobs_sdk.contract.records import DeadLetter, DeadLetterQuery, Document, Image, LineageEvent, UsageRow
from aijobs_sdk.contract.schedule import LONGEST_NAME, Schedule, ScheduleRequest
from aijobs_sdk.contract.suggestions import Suggestion
from aijobs_sdk.providers.per_loop import PerLoop

T = TypeVar("T")


class HttpBackend:
    """A server, asked on behalf of one caller: of the key's tenant, and of its user where `user_id` is None.

    Every call is tried again while there is time, and what it asks for is done once however often it is sent. Each
    event loop has connections of its own, so that a client outlives its loop and a forked process has new ones.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: SecretStr | None = None,
        user_id: UUID | None = None,
        limits: HttpLimits = HttpLimits(),  # noqa: B008 - a frozen fact
        hooks: HttpHooks = HttpHooks(),  # noqa: B008 - as above
        chance: Chance = random.random,
        open_transport: OpenTransport | None = None,
    ) -> None:
        self._address = address_of(url, api_key)
        self._user_id = user_id
        self._limits = limits
        self._hooks = hooks
        self._chance = chance
        self._open_transport = open_transport
        self._sessions = PerLoop[str, Session](self._open, Session.aclose)

    def __repr__(self) -> str:
        if not hasattr(self, "_address"):  # its constructor refused it, and a traceback with variables shows it
            return object.__repr__(self)
        return f"HttpBackend({self._address.shown!r})"

    async def submit(self, requests: Sequence[JobRequest]) -> list[Job]:
        """Have the server check, then store all of them or none; one key for all attempts, so that none comes twice."""
        match requests:
            case []:
                return []
            case [request]:
                session = self._session
                question = to_submit(json_of(request, self._user_id), model=request.payload.get("model"))
                job = await session.calls.ask(question, as_fact(Job))
                session.ends.expect(job)
                return [job]
            case _:
                session = self._session
                question = to_submit(jsons_of(requests, self._user_id))
                jobs = await session.calls.ask(question, as_list(Job, "jobs"))
                session.lookups.expect(jobs)
                return jobs

    async def refusals(self, requests: Sequence[JobRequest]) -> Mapping[int, InvalidRequestError]:
        """Return which of these `submit()` would refuse, and why."""
        question = Question(method="POST", path="/api/jobs/refusals", body=jsons_of(requests, self._user_id))
        return await self._ask(question, read_refusals)

    async def estimate(self, requests: Sequence[JobRequest]) -> list[Estimate]:
        """Return what each of these would cost."""
        question = Question(method="POST", path="/api/jobs/estimates", body=jsons_of(requests, self._user_id))
        return await self._ask(question, as_list(Estimate, "estimates"))

    async def get(self, job_id: UUID) -> Job:
        """Return the job as it stands."""
        return await self._session.lookups.get(job_id)

    async def list_jobs(self, query: JobQuery) -> JobPage:
        """Return one page of jobs, newest first."""
        question = Question(method="GET", path="/api/jobs", query=query.model_dump(mode="json"))
        return await self._ask(question, as_fact(JobPage))

    async def list_ids(self, query: JobQuery) -> IdPage:
        """Return the ids of one page of jobs, newest first; a server has no shorter answer than the jobs."""
        page = await self.list_jobs(query)
        return IdPage(ids=tuple(job.id for job in page.jobs), next_cursor=page.next_cursor)

    async def cancel(self, job_id: UUID) -> Job:
        """Ask the job to stop."""
        question = Question(method="DELETE", path="/api/jobs/{}", names=(job_id,), job_id=job_id)
        return await self._ask(question, partial(read_job, job_id))

    async def ended(self, job_id: UUID) -> Job:
        """Return the job once it is over; no break on the way ends it."""
        return await self._session.ends.of(job_id, self._told if self._hooks.event else None)

    async def events(self, job_id: UUID, *, after: int = 0, follow: bool = True) -> AsyncGenerator[JobEvent]:
        """Yield events with `seq` > `after`, and stop after the terminal one; no break on the way ends it."""
        after = max(int(after), 0)  # which is before the first as well, and what a server takes
        if not follow:
            for event in await self._session.logs.read(job_id, after=after):
                yield self._told(event)
            return
        async with aclosing(self._session.watch.follow(job_id, after)) as events:
            async for event in events:
                yield self._told(event)

    def _told(self, event: JobEvent) -> JobEvent:
        for told in self._hooks.event:
            told(event)
        return event

    async def document(self, document_id: UUID) -> Document | None:
        """Return a document."""
        question = Question(method="GET", path="/api/documents/{}", names=(document_id,))
        try:
            return await self._ask(question, as_fact(Document))
        except AIJobsError as error:
            if error.code == "document_not_found":
                return None
            raise

    async def create_document(self, request: DocumentRequest) -> Document:
        """Begin a document; one key for all attempts, so that none is begun twice."""
        author_id = request.author_id or self._user_id
        body = to_json(request.replace(author_id=author_id), exclude_none=True)
        question = Question(method="POST", path="/api/documents", body=body, idempotency_key=str(uuid4()))
        return await self._ask(question, _begun)

    async def blocks(self, document_id: UUID) -> Sequence[Block]:
        """Return the blocks of a document, in their order."""
        question = Question(method="GET", path="/api/documents/{}/blocks", names=(document_id,))
        return await self._ask(question, as_list(Block, "blocks"))

    async def revisions(self, block_id: UUID) -> Sequence[Revision]:
        """Return every text that a block has had, oldest first."""
        question = Question(method="GET", path="/api/blocks/{}/revisions", names=(block_id,))
        return await self._ask(question, as_list(Revision, "revisions"))

    async def suggestions(self, block_id: UUID) -> Sequence[Suggestion]:
        """Return every text that was proposed for a block, oldest first."""
        question = Question(method="GET", path="/api/blocks/{}/suggestions", names=(block_id,))
        return await self._ask(question, as_list(Suggestion, "suggestions"))

    async def apply_suggestion(self, suggestion_id: UUID) -> Suggestion:
        """Make a proposed text the block's own."""
        return await self._decide("/api/suggestions/{}/apply", suggestion_id)

    async def reject_suggestion(self, suggestion_id: UUID) -> Suggestion:
        """Leave the block as it is."""
        return await self._decide("/api/suggestions/{}/reject", suggestion_id)

    async def _decide(self, path: str, suggestion_id: UUID) -> Suggestion:
        return await self._ask(Question(method="POST", path=path, names=(suggestion_id,)), as_fact(Suggestion))

    async def lineage(self, document_id: UUID) -> Sequence[LineageEvent]:
        """Return a document's history."""
        question = Question(method="GET", path="/api/documents/{}/lineage", names=(document_id,))
        try:
            return await self._ask(question, as_list(LineageEvent, "lineage"))
        except AIJobsError as error:
            if error.code == "document_not_found":
                return []
            raise

    async def images(self, job_id: UUID) -> Sequence[Image]:
        """Return the records of the pictures that a job made."""
        question = Question(method="GET", path="/api/jobs/{}/images", names=(job_id,), job_id=job_id)
        try:
            return await self._ask(question, as_list(Image, "images"))
        except AIJobsError as error:
            if error.code == "job_not_found":
                return []
            raise

    async def usage(
        self, *, since: datetime, until: datetime, after: UUID | None = None, limit: int | None = None
    ) -> Sequence[UsageRow]:
        """Return usage rows of a span of time."""
        query = {
            "since": since.isoformat(),
            "until": until.isoformat(),
            "after": None if after is None else str(after),
            "limit": limit,
            "format": "jsonl",
        }
        question = Question(method="GET", path="/api/usage", query=query)
        return await self._ask(question, as_lines(UsageRow))

    async def dead_letters(self, query: DeadLetterQuery) -> Sequence[DeadLetter]:
        """Return one page of what failed jobs left behind, newest first, of as many answers as it fills."""
        letters: list[DeadLetter] = []
        go_on_at: int | None = query.offset
        while go_on_at is not None and len(letters) < query.limit:
            part = query.replace(offset=go_on_at, limit=query.limit - len(letters))
            question = Question(method="GET", path="/api/dead-letters", query=part.model_dump(mode="json"))
            some, go_on_at = await self._ask(question, as_part(DeadLetter, "dead_letters", go_on="next_offset"))
            letters += some
        return letters

    async def dead_letter(self, job_id: UUID) -> DeadLetter:
        """Return what one failed job left behind."""
        question = Question(method="GET", path="/api/dead-letters/{}", names=(job_id,), job_id=job_id)
        return await self._ask(question, as_fact(DeadLetter))

    async def replay(self, job_id: UUID, *, idempotency_key: str | None = None) -> Job:
        """Submit a failed job once more, as a new job; one key for all attempts, so that it is made once."""
        key = (await self.dead_letter(job_id)).replay_key if idempotency_key is None else idempotency_key
        question = Question(
            method="POST",
            path="/api/dead-letters/{}/replay",
            names=(job_id,),
            idempotency_key=key,
            job_id=job_id,
        )
        return await self._ask(question, as_fact(Job))

    async def purge_dead_letters(self, *, older_than: timedelta) -> int:
        """Delete the letters of jobs that failed longer ago than this; the count is that of the last attempt."""
        query = {"older_than_seconds": older_than.total_seconds()}
        question = Question(method="DELETE", path="/api/dead-letters", query=query)
        return await self._ask(question, lambda body: int(str(read_object(body).get("purged"))))

    async def schedule(self, request: ScheduleRequest) -> Schedule:
        """Submit a job again and again from now on."""
        job = json_of(request.job, self._user_id, place="job.")
        rest = to_json({"cron": request.cron, "timezone": request.timezone})
        body = rest.removesuffix(b"}") + b',"job":' + job + b"}"
        question = Question(method="PUT", path="/api/schedules/{}", names=(request.name,), body=body)
        return await self._ask(question, as_fact(Schedule))

    async def schedules(self) -> Sequence[Schedule]:
        """Return this tenant's schedules, by name."""
        return await self._ask(Question(method="GET", path="/api/schedules"), as_list(Schedule, "schedules"))

    async def unschedule(self, name: str) -> None:
        """Submit no more of a schedule."""
        # No schedule is called so, and no address can hold it, or end with it.
        if not is_plain(name) or name in {"", ".", ".."} or len(name) > LONGEST_NAME:
            raise ScheduleNotFoundError(name)
        question = Question(method="DELETE", path="/api/schedules/{}", names=(name,), done_if=ScheduleNotFoundError)
        await self._ask(question, bytes)

    async def open_batch(self, request: BatchRequest) -> BatchRecord:
        """Begin the journal of a batch, or return the one of this name."""
        return await self._session.batches.open(request)

    async def batch(self, name: str) -> BatchRecord:
        """Return the batch of this name."""
        return await self._session.batches.find(name)

    async def batches(self) -> Sequence[BatchRecord]:
        """Return this tenant's batches, the newest first."""
        return await self._session.batches.all()

    async def change_batch(self, batch_id: UUID, change: BatchChange) -> BatchRecord:
        """Change what is said."""
        return await self._session.batches.change(batch_id, change)

    async def hold_batch(self, batch_id: UUID, hold: Hold) -> BatchRecord:
        """Take the batch, keep it, or give it back."""
        return await self._session.batches.hold(batch_id, hold)

    async def put_batch_rows(self, batch_id: UUID, rows: Sequence[BatchItem]) -> None:
        """Keep these rows, in as many requests as they need; one that is too large alone is named."""
        await self._session.batches.put_rows(batch_id, rows)

    async def batch_rows(self, batch_id: UUID, *, start: int = 0, limit: int = 1000) -> Sequence[BatchItem]:
        """Return up to `limit` rows from the index `start` on, in their order."""
        return await self._session.batches.rows(batch_id, start=start, limit=limit)

    async def delete_batch(self, batch_id: UUID) -> None:
        """Forget a batch and its rows."""
        await self._session.batches.delete(batch_id)

    async def now(self) -> datetime:
        """Return what time it is at the server."""
        return await self._ask(Question(method="GET", path="/api/time"), read_now)

    async def health(self) -> Health:
        """Return how the server says it is, or that it does not answer."""
        now = asyncio.get_running_loop().time
        began = now()
        seconds = self._limits.health_seconds
        question = Question(method="GET", path="/api/health")
        try:
            async with asyncio.timeout(seconds):
                return await self._session.calls.ask(question, as_fact(Health), retry_seconds=seconds)
        except TimeoutError:
            return away(f"{self._address.shown} did not answer in time", now() - began)
        except (ServerUnavailableError, StoreUnavailableError) as error:
            return away(error.message, now() - began)

    async def aclose(self) -> None:
        """Close the connections of the running loop; jobs go on. The next call opens new ones."""
        await self._sessions.aclose()

    @property
    def _session(self) -> Session:
        return self._sessions.get("")

    def _open(self, _: str) -> Session:
        return Session(
            self._address,
            limits=self._limits,
            hooks=self._hooks,
            chance=self._chance,
            open_transport=self._open_transport,
        )

    async def _ask(self, question: Question, read: Callable[[bytes], T]) -> T:
        return await self._session.calls.ask(question, read)


def _begun(body: bytes) -> Document:
    return read_fact(Document, read_object(body).get("document"))
