"""The columns of a `query_usage` export, in their order, and the text each value of a row has in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.records import UsageRow

USAGE_COLUMNS = (
    "id",
    "tenant_id",
    "user_id",
    "query_type",
    "model",
    "provider",
    "input_tokens",
    "output_tokens",
    "credits_used",
    "metadata",
    "month_year",
    "created_at",
)
"""What a file must hold to be read as an export; its own order and further columns do not matter."""

EXPORT_COLUMNS = (*USAGE_COLUMNS, "schema_version")
"""What our own files hold. A file without `schema_version` is read as version 1."""

SCHEMA_VERSION = "1"

MOST_METADATA = 7_000_000
"""Characters of a row's metadata, as JSON. An export may have a backslash or a quote before each of them, and is read
by lines of up to twice as many."""


def export_values(row: UsageRow) -> tuple[str | int, ...]:
    """Return the values of `row` under EXPORT_COLUMNS; only the token counts are not text."""
    return (
        str(row.id),
        str(row.tenant_id),
        str(row.user_id),
        row.query_type,
        row.model,
        row.provider,
        row.input_tokens,
        row.output_tokens,
        amount_text(row.credits_used),
        _metadata_text(row),
        row.month_year,
        _instant_text(row.created_at),
        SCHEMA_VERSION,
    )


def amount_text(amount: Decimal) -> str:
    """Return `amount` as plain decimal text: all its digits, at least six places, no exponent, no signed zero."""
    whole, _, places = format(amount or abs(amount), "f").partition(".")
    return f"{whole}.{places.rstrip('0').ljust(6, '0')}"


def _metadata_text(row: UsageRow) -> str:
    try:
        text = json.dumps(dict(row.metadata), sort_keys=True, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise InvalidRequestError(
            f"The metadata of usage row {row.id} is not JSON: {error}. JSON has no NaN and no infinity; store null."
        ) from error
    if len(text) > MOST_METADATA:  # no reading of the export would take it in
        raise InvalidRequestError(
            f"The metadata of usage row {row.id} has {len(text):,} characters, of {MOST_METADATA:,} that an export may "
            "have. Keep what is so long elsewhere, and note where."
        )
    return text


def _instant_text(instant: datetime) -> str:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)  # some databases hand UTC back without saying so
    return aware.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
