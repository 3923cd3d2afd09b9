"""Usage rows to export, and export files written by hand to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.columns import USAGE_COLUMNS

TENANT = UUID(int=7)
AUTHOR = UUID(int=8)

Text = dict[str, str]
"""A row as text by column name: what somebody else's export may say."""


def usage_row(number: int = 1, **changes: object) -> UsageRow:
    """Return a valid row with id `number`."""
    row = {
        "id": UUID(int=number),
        "tenant_id": TENANT,
        "user_id": AUTHOR,
        "query_type": "text_generation",
        "model": "gpt-5.2",
        "provider": "openai",
        "input_tokens": 120,
        "output_tokens": 45,
        "credits_used": Decimal("1.5"),
        "metadata": {"job_id": str(UUID(int=number + 1_000_000)), "metered_credits": "1.234567"},
        "month_year": "2026-01",
        "created_at": datetime(2026, 1, 22, 10, 15, 0, 250_000, tzinfo=UTC),
    }
    return UsageRow.model_validate(row | changes)


def many_rows(count: int) -> Iterator[UsageRow]:
    """Yield `count` rows with ids from 1, quickly."""
    template = usage_row()
    return (template.model_copy(update={"id": UUID(int=number)}) for number in range(1, count + 1))


def text_row(number: int = 1, **changes: str) -> Text:
    """Return a valid row with id `number` as another system would write it."""
    row = {
        "id": str(UUID(int=number)),
        "tenant_id": "acme",
        "user_id": "u1",
        "query_type": "text_generation",
        "model": "gpt-5.2",
        "provider": "openai",
        "input_tokens": "120",
        "output_tokens": "45",
        "credits_used": "1.500000",
        "metadata": '{"job_id": "j1"}',
        "month_year": "2026-01",
        "created_at": "2026-01-22T10:15:00Z",
    }
    return row | changes


def csv_text(rows: Sequence[Text], *, columns: Sequence[str] = USAGE_COLUMNS, line_end: str = "\n") -> str:
    """Return a CSV file with `columns` in that order, every value quoted."""
    lines = [",".join(columns), *(csv_record(row, columns=columns) for row in rows)]
    return "".join(line + line_end for line in lines)


def csv_record(row: Text, *, columns: Sequence[str] = USAGE_COLUMNS) -> str:
    """Return one record of a CSV file without its line end."""
    return ",".join('"' + row[column].replace('"', '""') + '"' for column in columns)


def jsonl_text(rows: Sequence[object]) -> str:
    """Return a JSONL file of `rows`."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(folder: Path, name: str, text: str) -> Path:
    """Write a file exactly as given, and return its path."""
    path = folder / name
    path.write_bytes(text.encode())
    return path
