"""What jobs left behind, in this process's memory: documents and their history, usage, pictures, dead letters."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar, assert_never
from uuid import UUID

from aijobs_sdk.contract.records import DeadLetter, DeadLetterQuery, Document, Effects, Image, LineageEvent, UsageRow
from aijobs_sdk.contract.usage_pages import place_of
from aijobs_sdk.stores.attic import Attic
from aijobs_sdk.stores.attic_records import Record, RecordsInAttic
from aijobs_sdk.stores.backlog import Backlog

T = TypeVar("T")

RECORDS_A_JOB = 3
"""Of most: a document, its beginning, and what it cost."""


class RecordsInMemory:
    """The part of the memory store that keeps what jobs left behind."""

    def __init__(self, attic: Attic, at_hand: int) -> None:
        self._away = RecordsInAttic(attic)
        self._documents: dict[UUID, Document] = {}
        self._lineage: defaultdict[UUID, list[LineageEvent]] = defaultdict(list)
        self._usage: defaultdict[UUID, deque[UsageRow]] = defaultdict(deque)
        self._images: defaultdict[UUID, list[Image]] = defaultdict(list)
        self._records = Backlog[Record](at_hand * RECORDS_A_JOB, self._put_away)
        """What is in these, in the order in which it came. Each by itself: what holds several is one more to keep."""
        self._dead_letters: dict[UUID, DeadLetter] = {}

    async def document(self, tenant_id: UUID, document_id: UUID) -> Document | None:
        """Return one document of this tenant."""
        document = self._document(document_id)
        return document if document is not None and document.tenant_id == tenant_id else None

    async def lineage(self, tenant_id: UUID, document_id: UUID) -> Sequence[LineageEvent]:
        """Return the document's history, oldest first."""
        events = [*self._away.lineage(document_id), *self._lineage.get(document_id, ())]
        return [event for event in events if event.tenant_id == tenant_id]

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
        at_hand = (row for row in self._usage.get(tenant_id, ()) if since <= row.created_at < until)
        if after is not None:
            at_hand = (row for row in at_hand if place_of(row) > (since, after))
        away = self._away.usage(tenant_id, since, until, after, limit)
        return sorted([*away, *at_hand], key=place_of)[:limit]

    async def images(self, tenant_id: UUID, job_id: UUID) -> Sequence[Image]:
        """Return the pictures that a job of this tenant made."""
        images = [*self._away.images(job_id), *self._images.get(job_id, ())]
        return [image for image in images if image.tenant_id == tenant_id]

    async def dead_letters(self, tenant_id: UUID, query: DeadLetterQuery) -> Sequence[DeadLetter]:
        """Return one page of this tenant's dead letters, newest first."""
        theirs = (one for one in self._dead_letters.values() if one.tenant_id == tenant_id and _asked_for(one, query))
        newest_first = sorted(theirs, key=_failed_at, reverse=True)
        return newest_first[query.offset : query.offset + query.limit]

    async def dead_letter(self, tenant_id: UUID, job_id: UUID) -> DeadLetter | None:
        """Return what this tenant's failed job left behind."""
        letter = self._dead_letters.get(job_id)
        return letter if letter is not None and letter.tenant_id == tenant_id else None

    async def purge_dead_letters(self, tenant_id: UUID, *, failed_before: datetime) -> int:
        """Delete this tenant's dead letters of that age."""
        old = [
            one.job_id
            for one in self._dead_letters.values()
            if one.tenant_id == tenant_id and one.failed_at < failed_before
        ]
        for job_id in old:
            del self._dead_letters[job_id]
        return len(old)

    def _mark_replayed(self, letter_id: UUID, *, tenant_id: UUID, replay: UUID) -> None:
        letter = self._dead_letters.get(letter_id)
        if letter is not None and letter.tenant_id == tenant_id:
            self._dead_letters[letter_id] = letter.replace(replayed_as=replay)

    def _document(self, document_id: UUID) -> Document | None:
        return self._documents.get(document_id) or self._away.document(document_id)

    def _keep(self, effects: Effects) -> None:
        records: list[Record] = [*effects.documents, *effects.lineage, *effects.usage, *effects.images]
        for record in records:
            match record:
                case Document():
                    self._documents[record.id] = record
                case LineageEvent():
                    self._lineage[record.document_id].append(record)
                case UsageRow():
                    self._usage[record.tenant_id].append(record)
                case Image():
                    self._images[record.job_id].append(record)
                case _:
                    assert_never(record)
            self._records.add(record)

    def _put_away(self, oldest: Sequence[Record]) -> None:
        self._away.put(oldest)
        for record in oldest:
            match record:
                case Document():
                    self._documents.pop(record.id, None)
                case LineageEvent():
                    _drop_oldest(self._lineage, record.document_id)
                case UsageRow():
                    _drop_oldest(self._usage, record.tenant_id)
                case Image():
                    _drop_oldest(self._images, record.job_id)
                case _:
                    assert_never(record)


def _drop_oldest(shelves: dict[UUID, list[T]] | dict[UUID, deque[T]], owner: UUID) -> None:
    of_owner = shelves[owner]
    del of_owner[0]
    if not of_owner:
        del shelves[owner]


def _failed_at(letter: DeadLetter) -> datetime:
    return letter.failed_at


def _asked_for(letter: DeadLetter, query: DeadLetterQuery) -> bool:
    return (
        query.category in {None, letter.error.category}
        and query.type in {None, letter.type}
        and query.provider in {None, letter.error.provider}
        and query.region in {None, letter.error.region}
        and query.replayed in {None, letter.replayed_as is not None}
    )
