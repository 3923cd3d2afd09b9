"""The bill reckoned the slow way: one row after the other, in plain Python, with `Decimal`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from aijobs_sdk.contract.records import UsageRow


class Group(NamedTuple):
    """What the bill is divided by."""

    billing_month: str
    tenant_id: str
    model: str
    day: date


@dataclass
class Sums:
    """What the rows of a group add up to."""

    rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    credits: Decimal = Decimal(0)


@dataclass
class ReferenceBill:
    """Every id is billed once, as it was first told, in the first month from its own on that is not closed."""

    timezone: str
    closed: set[str] = field(default_factory=set)
    first: dict[UUID, UsageRow] = field(default_factory=dict)
    groups: dict[Group, Sums] = field(default_factory=lambda: defaultdict(Sums))

    def read(self, rows: Iterable[UsageRow]) -> None:
        """Bill what is new among `rows`."""
        for row in rows:
            if row.id not in self.first:
                self.first[row.id] = row
                self._bill(row)

    def _bill(self, row: UsageRow) -> None:
        day = row.created_at.astimezone(ZoneInfo(self.timezone)).date()
        sums = self.groups[Group(self._open_month(row.month_year), str(row.tenant_id), row.model, day)]
        sums.rows += 1
        sums.input_tokens += row.input_tokens
        sums.output_tokens += row.output_tokens
        sums.credits += row.credits_used

    def _open_month(self, month: str) -> str:
        while month in self.closed:
            year, number = int(month[:4]), int(month[5:])
            month = f"{year + number // 12}-{number % 12 + 1:02}"
        return month
