"""The seal of a month: what its entries come to, in three values that change with any of them."""

from __future__ import annotations

from decimal import Decimal

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import Database

_64_BITS = 1 << 64


class Seal(Fact):
    """What the entries of a month come to."""

    rows: int
    credits: Decimal
    digest: str
    """Over all that is billed of each entry, in any order: 32 hexadecimal digits.

    Each entry is a text: its kind, id, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens,
    credits_used (six places), month_year, billing_month and created_at (microseconds since 1970), with the character 31
    between them. The digest holds the first and the second 64 bits of their SHA-256, each added up modulo 2^64. It
    tells an accident from what was closed; against somebody who forges usage, keep it where he cannot write.
    """


def month_seal(database: Database, month: str) -> Seal:
    """Return the seal of all that is billed in `month`."""
    [(rows, credits_sum, first_bits, second_bits)] = database.execute(
        statement("closing/seal"), {"month": month}
    ).fetchall()
    digest = f"{first_bits % _64_BITS:016x}{second_bits % _64_BITS:016x}"
    return Seal(rows=rows, credits=credits_sum, digest=digest)
