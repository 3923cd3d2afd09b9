"""The types of our columns in Arrow, and of those of each kind. Imported by those who need it: pyarrow is an extra."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from aijobs_sdk.batch.columns.kinds import NOTHING, Kind, Sort, has_a_place
from aijobs_sdk.batch.writing.layout import ANSWERS, ERROR_FIELDS

_MOST_DIGITS_IN_128_BITS = 38
_MONEY = pa.decimal128(18, 6)
OUR_TYPES: Mapping[str, pa.DataType] = {
    "index": pa.int64(),
    "status": pa.string(),
    "content": pa.string(),
    "error": pa.struct([(name, pa.string()) for name in ERROR_FIELDS]),
    "model": pa.string(),
    "input_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "credits": _MONEY,
    "attempts": pa.int64(),
    "metered_credits": _MONEY,
    "provider": pa.string(),
    "served_model": pa.string(),
    "finish_reason": pa.string(),
    "latency_seconds": pa.float64(),
    "shared_with": pa.int64(),
    "job_id": pa.string(),
    ANSWERS: pa.list_(pa.string()),
}
"""Of the columns that a batch adds."""
_OF_SORTS: Mapping[Sort, pa.DataType] = {
    Sort.NOTHING: pa.null(),
    Sort.BOOLEAN: pa.bool_(),
    Sort.INTEGER: pa.int64(),
    Sort.LONG: pa.int64(),
    Sort.NUMBER: pa.float64(),
    Sort.TEXT: pa.string(),
    Sort.DATE: pa.date32(),
    Sort.TIME: pa.time64("us"),
    Sort.DATETIME: pa.timestamp("us"),
    Sort.INSTANT: pa.timestamp("us", tz="UTC"),
    Sort.DURATION: pa.duration("us"),
    Sort.BYTES: pa.binary(),
}
"""Of those whose values are all of one type."""


def arrow_type(kind: Kind) -> pa.DataType:
    """Return the type of a column of this kind; text for one that has no place in Arrow."""
    if not has_a_place(kind):
        return pa.string()
    match kind.sort:
        case Sort.DECIMAL:
            return _decimal(*kind.digits)
        case Sort.LIST:
            return pa.list_(arrow_type(kind.item or NOTHING))
        case Sort.OBJECT:
            return pa.struct([(name, arrow_type(held)) for name, held in kind.fields.items()])
        case sort:
            return _OF_SORTS[sort]


def _decimal(whole: int, fraction: int) -> pa.DataType:
    digits = max(whole + fraction, 1)
    return pa.decimal128(digits, fraction) if digits <= _MOST_DIGITS_IN_128_BITS else pa.decimal256(digits, fraction)
