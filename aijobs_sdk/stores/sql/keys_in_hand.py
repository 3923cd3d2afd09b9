"""The idempotency keys of one transaction: who holds them, and which are taken here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete

from aijobs_sdk.contract.job import Job, NewJob
from aijobs_sdk.stores.idempotency import Holder, Key, key_of, still_counts
from aijobs_sdk.stores.sql import schema
from aijobs_sdk.stores.sql.jobs_in_hand import JobsInHand
from aijobs_sdk.stores.sql.session import Session
from aijobs_sdk.stores.sql.statements import Values, replacing, updating

_POINT_KEY = updating(schema.idempotency_keys, ("job_id",), where=("tenant_id", "key"))
_KEY = ("tenant_id", "key", "job_id")
# The row is made or locked in one statement: of two who want a new key, the second waits here for the first.
_TAKE_OR_READ_KEY = replacing(schema.idempotency_keys, _KEY, changed=("key",), returning=_KEY)


class KeysInHand:
    """What a transaction has of keys. `again`: it may have been committed without our knowing."""

    def __init__(self, session: Session, jobs: JobsInHand, now: datetime, *, again: bool) -> None:
        self._session = session
        self._jobs = jobs
        self._now = now
        self._again = again
        self._holders: dict[Key, UUID | None] = {}
        """The jobs that keys find; None for a key that is free, and taken for one of ours."""
        self._moved: dict[Key, UUID] = {}
        """Of these, those of which the database still knows another."""
        self._reserved: dict[Key, UUID] = {}
        """Free keys that were taken for new jobs, before anybody could say whether those are accepted."""

    def take(self, jobs: Iterable[NewJob]) -> None:
        """Find out who holds the keys of these jobs, in one query, and keep others from taking those that are free."""
        wanted: dict[Key, UUID] = {}
        for new in jobs:
            if (key := key_of(new.job)) is not None and key not in self._holders:
                wanted.setdefault(key, new.job.id)
        if not wanted:
            return
        unread: list[Values] = [[*key, wanted[key]] for key in sorted(wanted)]
        found = {(tenant_id, word): job_id for tenant_id, word, job_id in _TAKE_OR_READ_KEY.read(self._session, unread)}
        self._jobs.read(job_id for key, job_id in found.items() if self._again or job_id != wanted[key])
        for key, job_id in found.items():
            is_free = job_id == wanted[key] and job_id not in self._jobs
            self._holders[key] = None if is_free else job_id
            if is_free:
                self._reserved[key] = job_id

    def holders(self, jobs: Sequence[NewJob]) -> dict[Key, Holder]:
        """Return who holds the keys of these jobs now; they stay so until the transaction ends."""
        self.take(jobs)
        keys = [key for new in jobs if (key := key_of(new.job)) is not None]
        records = {key: self._jobs.get(job_id) for key in keys if (job_id := self._holders[key]) is not None}
        return {
            key: Holder(record.job.id, record.fingerprint)
            for key, record in records.items()
            if record is not None and still_counts(record.job, self._now)
        }

    def give(self, job: Job) -> None:
        """Let a new job's key find it from now on."""
        if (key := key_of(job)) is None:
            return
        self._holders[key] = job.id
        if self._reserved.pop(key, None) != job.id:
            self._moved[key] = job.id

    def forget(self) -> None:
        """Find out anew, when it is needed, who holds which key."""
        self._holders.clear()

    def write(self) -> None:
        """Write which keys find another job than before."""
        _POINT_KEY.write(self._session, [[job_id, *key] for key, job_id in self._moved.items()])
        self._moved.clear()

    def let_go(self) -> None:
        """Free the keys that were taken for nobody."""
        keys = schema.idempotency_keys.c
        for (tenant_id, word), job_id in self._reserved.items():
            free = (keys.tenant_id == tenant_id) & (keys.key == word) & (keys.job_id == job_id)
            self._session.connection.execute(delete(schema.idempotency_keys).where(free))
