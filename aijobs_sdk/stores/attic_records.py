"""What jobs left behind, put away: documents, their history, usage, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import assert_never
from uuid import UUID

from aijobs_sdk.contract.records import Document, Image, LineageEvent, UsageRow
from aijobs_sdk.stores.attic import Attic
from aijobs_sdk.stores.packing import Packing, microseconds

Record = Document | LineageEvent | UsageRow | Image

_document, _lineage, _usage, _image = Packing(Document), Packing(LineageEvent), Packing(UsageRow), Packing(Image)
_FIND = "SELECT contents FROM records WHERE kind = ? AND owner = ? ORDER BY number"
_FIND_USAGE = """
SELECT contents FROM records WHERE kind = 'usage' AND owner = :tenant AND at >= :since AND at < :until
AND (at > :since OR id > :after) ORDER BY at, id LIMIT :limit
"""
_INSERT = "INSERT INTO records (kind, owner, at, id, contents) VALUES (?, ?, ?, ?, ?)"

_BEFORE_ANY_ID = b""
_NO_LIMIT = -1

_Row = tuple[str, bytes, int | None, bytes | None, bytes]


class RecordsInAttic:
    """Records in few bytes, by whose they are: a document's history by the document, a tenant's usage by the tenant."""

    def __init__(self, attic: Attic) -> None:
        self._attic = attic

    def put(self, records: Iterable[Record]) -> None:
        """Put what completed jobs left behind away.

        Raises:
            StoreUnavailableError: there is no room; all is as before.
        """
        with self._attic.one_step() as database:
            database.executemany(_INSERT, map(_row_of, records))

    def document(self, document_id: UUID) -> Document | None:
        """Return one document."""
        return next((_document.unpack(one) for one in self._found("document", document_id)), None)

    def lineage(self, document_id: UUID) -> list[LineageEvent]:
        """Return a document's history, oldest first."""
        return [_lineage.unpack(one) for one in self._found("lineage", document_id)]

    def usage(
        self, tenant_id: UUID, since: datetime, until: datetime, after: UUID | None, limit: int | None
    ) -> list[UsageRow]:
        """Return a tenant's usage in a span of time, oldest first."""
        if not self._attic.is_open:
            return []
        asked = {
            "tenant": tenant_id.bytes,
            "since": microseconds(since),
            "until": microseconds(until),
            "after": _BEFORE_ANY_ID if after is None else after.bytes,
            "limit": _NO_LIMIT if limit is None else limit,
        }
        return [_usage.unpack(one) for (one,) in self._attic.database.execute(_FIND_USAGE, asked)]

    def images(self, job_id: UUID) -> list[Image]:
        """Return the pictures that a job made."""
        return [_image.unpack(one) for one in self._found("image", job_id)]

    def _found(self, kind: str, owner: UUID) -> Iterator[bytes]:
        if not self._attic.is_open:
            return
        for (contents,) in self._attic.database.execute(_FIND, (kind, owner.bytes)):
            yield contents


def _row_of(record: Record) -> _Row:
    """Return the row of a record; usage alone is looked up by its time, and by its id."""
    match record:
        case Document():
            return "document", record.id.bytes, None, None, _document.pack(record)
        case LineageEvent():
            return "lineage", record.document_id.bytes, None, None, _lineage.pack(record)
        case UsageRow():
            return (
                "usage",
                record.tenant_id.bytes,
                microseconds(record.created_at),
                record.id.bytes,
                _usage.pack(record),
            )
        case Image():
            return "image", record.job_id.bytes, None, None, _image.pack(record)
        case _:
            assert_never(record)
