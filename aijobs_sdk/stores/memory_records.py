"""What jobs left behind, in this process's memory: documents and their history, usage, pictures, dead letters."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from aijobs_sdk.contract.records import DeadLetter, DeadLetterQuery, Document, Effects, Image, LineageEvent, UsageRow
from aijobs_sdk.stores.attic import Attic
from aijobs_sdk.stores.attic_records import RecordsInAttic
from aijobs_sdk.stores.backlog import Backlog
from aijobs_sdk.stores.packed_records import (
    Kind,
    PackedRecord,
    Record,
    packed,
    unpack_document,
    unpack_image,
    unpack_lineage,
    unpack_usage,
    usage_place,
)
from aijobs_sdk.stores.packing import microseconds

RECORDS_A_JOB = 3
"""Of most: a document, its beginning, and what it cost."""


class RecordsInMemory:
    """The part of the memory store that keeps what jobs left behind: packed, as most of it is never asked for."""

    def __init__(self, attic: Attic, at_hand: int) -> None:
        self._away = RecordsInAttic(attic)
        self._of_owner: dict[tuple[Kind, bytes], tuple[PackedRecord, ...]] = {}
        """By what it is, and whose, oldest first: in tuples, as most are of one."""
        self._usage: defaultdict[bytes, deque[PackedRecord]] = defaultdict(deque)
        self._records = Backlog[PackedRecord](at_hand * RECORDS_A_JOB, self._put_away)
        """What is in these, in the order in which it came."""
        self._begun_documents: dict[UUID, Document] = {}
        """Those that no job made: they stay."""
        self._dead_letters: dict[UUID, DeadLetter] = {}

    async def document(self, tenant_id: UUID, document_id: UUID) -> Document | None:
        """Return one document of this tenant."""
        document = self._document(document_id)
        return document if document is not None and document.tenant_id == tenant_id else None

    async def lineage(self, tenant_id: UUID, document_id: UUID) -> Sequence[LineageEvent]:
        """Return the document's history, oldest first."""
        events = map(unpack_lineage, self._contents("lineage", document_id))
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
        begins, ends = usage_place(since, after), microseconds(until)
        at_hand = self._usage.get(tenant_id.bytes, ())
        found = [row for row in at_hand if begins < _place(row) < (ends, b"")]
        found += self._away.usage(tenant_id, after=begins, until=ends, limit=limit)
        found.sort(key=_place)
        return [unpack_usage(contents) for _, _, _, _, *contents in found[:limit]]

    async def images(self, tenant_id: UUID, job_id: UUID) -> Sequence[Image]:
        """Return the pictures that a job of this tenant made."""
        images = map(unpack_image, self._contents("image", job_id))
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
        if (begun := self._begun_documents.get(document_id)) is not None:
            return begun
        return next(map(unpack_document, self._contents("document", document_id)), None)

    def _check_new(self, effects: Effects) -> None:
        """Refuse a second document of one id, as every store does: it would be there, and nobody would find it."""
        for document in effects.documents:
            if self._document(document.id) is not None:
                raise ValueError(f"There is a document {document.id} already.")

    def _keep(self, effects: Effects) -> None:
        records: list[Record] = [*effects.documents, *effects.lineage, *effects.usage, *effects.images]
        for row in map(packed, records):
            kind, owner, *_ = row
            if kind == "usage":
                self._usage[owner].append(row)
            else:
                self._of_owner[kind, owner] = (*self._of_owner.get((kind, owner), ()), row)
            self._records.add(row)

    def _contents(self, kind: Kind, owner: UUID) -> list[Sequence[Any]]:
        at_hand = self._of_owner.get((kind, owner.bytes), ())
        return [*self._away.of(kind, owner), *(contents for _, _, _, _, *contents in at_hand)]

    def _put_away(self, oldest: Sequence[PackedRecord]) -> None:
        self._away.put(oldest)
        for kind, owner, *_ in oldest:
            if kind == "usage":
                self._usage[owner].popleft()
            elif rest := self._of_owner[kind, owner][1:]:
                self._of_owner[kind, owner] = rest
            else:
                del self._of_owner[kind, owner]


def _place(row: PackedRecord) -> tuple[int, bytes]:
    _, _, at, row_id, *_ = row
    return at or 0, row_id or b""


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
