"""What jobs left behind, in values that no garbage collection walks through: documents, history, usage, pictures."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, assert_never
from uuid import UUID

from aijobs_sdk.contract.records import Document, Image, LineageEvent, UsageRow
from aijobs_sdk.stores.packing import Packing, Plain, microseconds

Record = Document | LineageEvent | UsageRow | Image
Kind = Literal["document", "lineage", "usage", "image"]

PackedRecord = tuple[Kind, bytes, int | None, bytes | None, *Plain]
"""What it is, whose it is, when it was made, its id, and its contents; time and id for usage alone, which is found by
them."""

_document, _lineage, _usage, _image = Packing(Document), Packing(LineageEvent), Packing(UsageRow), Packing(Image)


def packed(record: Record) -> PackedRecord:
    """Return a record in plain values: a document's own and its history by the document, usage by the tenant."""
    match record:
        case Document():
            return "document", record.id.bytes, None, None, *_document.pack(record)
        case LineageEvent():
            return "lineage", record.document_id.bytes, None, None, *_lineage.pack(record)
        case UsageRow():
            at = microseconds(record.created_at)
            return "usage", record.tenant_id.bytes, at, record.id.bytes, *_usage.pack(record)
        case Image():
            return "image", record.job_id.bytes, None, None, *_image.pack(record)
        case _:
            assert_never(record)


def usage_place(since: datetime, after: UUID | None) -> tuple[int, bytes]:
    """Return what stands before all usage from an instant on, or after one row of that instant."""
    return microseconds(since), b"" if after is None else after.bytes


unpack_document = _document.unpack
unpack_lineage = _lineage.unpack
unpack_usage = _usage.unpack
unpack_image = _image.unpack
