"""How a batch and its rows are spread over columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic_core import from_json

from aijobs_sdk.contract.batches import BatchItem, BatchRecord, BatchStanding, BatchWish, Holder
from aijobs_sdk.contract.errors import UnreadableRecordError
from aijobs_sdk.contract.model import unchecked
from aijobs_sdk.stores.sql.rows import json_text
from aijobs_sdk.stores.sql.statements import Values
from aijobs_sdk.stores.sql.unreadable import Columns, problem_of

_item = unchecked(BatchItem)
_batch = unchecked(BatchRecord)

ITEM_CHANGES = ("key", "inputs", "request")
ITEM = ("batch_id", "place", "tenant_id", *ITEM_CHANGES)


def item_row(tenant_id: UUID, batch_id: UUID, item: BatchItem) -> Values:
    """Return the values of the columns in ITEM."""
    return [batch_id, item.index, tenant_id, item.key, json_text(item.inputs), json_text(item.request)]


def item_of_row(place: int, key: str, inputs: str, request: str) -> BatchItem:
    """Return one row of a batch."""
    return _item(index=place, key=key, inputs=from_json(inputs), request=from_json(request))


def columns_of_batch(record: BatchRecord) -> Mapping[str, Any]:
    """Return the columns of a batch: they are named like its fields."""
    return dict(record) | {
        "settings": json_text(record.settings),
        "wish": record.wish.value,
        "standing": json_text(record.standing),
        "holder": None if record.holder is None else json_text(record.holder),
    }


def batch_of_row(row: Columns) -> BatchRecord:
    """Return the batch, as it was written.

    Raises:
        UnreadableRecordError: it cannot be read.
    """
    try:
        read = {
            "settings": from_json(row["settings"]),
            "wish": BatchWish(row["wish"]),
            "standing": BatchStanding.model_validate_json(row["standing"]),
            "holder": None if row["holder"] is None else Holder.model_validate_json(row["holder"]),
        }
    except ValueError:
        raise UnreadableRecordError(f"Batch {row['name']!r}", problem_of(row)) from None
    return _batch(**{name: row[name] for name in BatchRecord.model_fields} | read)
