"""What people do to Parquet files."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from usage.dirty.case import Dirty, Refused, csv_of, record, text


def parquet_bytes(*rows: dict[str, object], **types: pa.DataType) -> bytes:
    """Return a Parquet file of `rows`, columns typed as named and else by their values."""
    table = pa.Table.from_pylist(list(rows))
    for column, kind in types.items():
        table = table.set_column(table.schema.get_field_index(column), column, table[column].cast(kind))
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def parquet(
    name: str, *rows: dict[str, object], kept: int, reasons: tuple[str, ...] = (), **types: pa.DataType
) -> Dirty:
    """Return the case of a file with these rows."""
    return Dirty(f"parquet_{name}", {"dirty.parquet": parquet_bytes(*rows, **types)}, kept, 0, reasons)


def row(number: int = 1, **values: object) -> dict[str, object]:
    """Return a valid row with other values, of any type, in some columns."""
    return {**text(number), **values}


NOON = datetime(2026, 1, 22, 12, tzinfo=UTC)
SOUND = parquet_bytes(*(row(number, model=f"model-{number}") for number in range(1, 2000)))

PARQUET_CASES = [
    parquet("all_text", row(1), row(2), kept=2),
    parquet("credits_decimal_of_other_scale", row(1, credits_used=Decimal("1.5")), kept=1),
    parquet(
        "credits_with_nine_places", row(1, credits_used=Decimal("0.123456789")), kept=0, reasons=("credits_scale",)
    ),
    parquet("credits_decimal_without_whole_digits", row(1, credits_used=Decimal("0.123456")), kept=1),
    parquet("credits_double_that_is_exact", row(1, credits_used=1.5), kept=1),
    parquet("credits_double_that_is_not", row(1, credits_used=0.1 + 0.2), kept=0, reasons=("credits_scale",)),
    parquet(
        "credits_double_nan",
        row(1, credits_used=float("nan")),
        row(2, credits_used=1.5),
        kept=1,
        reasons=("bad_credits",),
    ),
    parquet("credits_double_too_small", row(1, credits_used=1e-7), kept=0, reasons=("bad_credits",)),
    parquet("credits_integer", row(1, credits_used=2), kept=1),
    parquet("credits_null", row(1, credits_used=None), row(2), kept=1, reasons=("bad_credits",)),
    parquet("a_column_of_nulls", row(1, user_id=None), row(2, user_id=None), kept=2, user_id=pa.null()),
    parquet("tokens_double", row(1, input_tokens=120.0), kept=0, reasons=("bad_tokens",)),
    parquet("tokens_unsigned", row(1, input_tokens=120), kept=1, input_tokens=pa.uint16()),
    parquet("tokens_negative", row(1, input_tokens=-1), kept=0, reasons=("bad_tokens",)),
    parquet("created_at_in_nanoseconds", row(1, created_at=NOON), kept=1, created_at=pa.timestamp("ns", tz="UTC")),
    parquet(
        "created_at_in_another_zone", row(1, created_at=NOON), kept=1, created_at=pa.timestamp("us", tz="Asia/Tokyo")
    ),
    parquet("created_at_a_date", row(1, created_at=NOON.date()), kept=1),
    parquet("created_at_a_number", row(1, created_at=1_769_076_900), kept=0, reasons=("bad_created_at",)),
    parquet("id_as_bytes", row(1, id=b"\x01" * 16), kept=0, reasons=("bad_id",)),
    parquet("metadata_a_struct", row(1, metadata={"job_id": "j1", "attempts": 2}), kept=1),
    parquet("metadata_a_list", row(1, metadata=[1]), kept=0, reasons=("bad_metadata",)),
    parquet("dictionaries", row(1), row(2), kept=2, model=pa.dictionary(pa.int8(), pa.string())),
    parquet(
        "column_missing",
        {key: value for key, value in row(1).items() if key != "model"},
        kept=0,
        reasons=("missing_columns",),
    ),
    parquet("column_more", row(1, region="eu"), kept=1),
    parquet("columns_in_capitals", {key.upper(): value for key, value in row(1).items()}, kept=1),
    Dirty(
        "conflict_across_formats",
        {"a.csv": csv_of(record(1)), "b.parquet": parquet_bytes(row(1, model="other"), row(2))},
        2,
        0,
        ("id_conflict",),
    ),
    Dirty(
        "the_same_row_in_two_formats",
        {"a.csv": csv_of(record(1)), "b.parquet": parquet_bytes(row(1, credits_used=1.5))},
        1,
        1,
    ),
]

PARQUET_REFUSED = [
    Refused("parquet_cut_at_the_end", "c.parquet", SOUND[:-100], "not a Parquet file, or a cut one"),
    Refused("parquet_cut_to_nothing", "n.parquet", SOUND[:4], "not a Parquet file, or a cut one"),
    Refused("parquet_damaged_inside", "d.parquet", SOUND[:4] + b"\xff" * 4000 + SOUND[4004:], "damaged Parquet file"),
    Refused("parquet_that_is_csv", "t.parquet", csv_of(record(1)), "not a Parquet file, or a cut one"),
]
