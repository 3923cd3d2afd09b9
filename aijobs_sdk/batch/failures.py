"""The rows that failed, and what of: grouped by cause, with examples."""

from __future__ import annotations

from aijobs_sdk.batch.row import BatchRow
from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.showing import counted, heading, short_text
from aijobs_sdk.markup import markup, table

EXAMPLES = 3


class FailureGroup(Fact):
    """Rows that failed of the same."""

    code: str
    category: ErrorCategory
    count: int
    message: str
    """What the first of them said."""
    examples: tuple[int, ...]
    """The indices of the first of them."""


class Failures(list[BatchRow]):
    """The rows that failed, in the order of the input."""

    def by_cause(self) -> list[FailureGroup]:
        """Return them grouped by the code of their error, the most frequent first."""
        groups: dict[str, list[BatchRow]] = {}
        for row in self:
            if row.error is not None:
                groups.setdefault(row.error.code, []).append(row)
        return sorted((_group(code, rows) for code, rows in groups.items()), key=lambda one: -one.count)

    def __repr__(self) -> str:
        lines = [
            f"  {one.count:,} x {one.code} ({one.category}), first in row {one.examples[0] + 1}: {one.message}"
            for one in self.by_cause()
        ]
        return "\n".join([f"{counted(len(self), 'failed row')}{':' if lines else ''}", *lines])

    def _repr_html_(self) -> str:
        causes = [
            [f"{one.count:,}", one.code, one.category, _numbered(one), short_text(one.message)]
            for one in self.by_cause()
        ]
        columns = ["rows", "cause", "category", "such as row", "message of the first"]
        shown = table(columns, causes, numbers={"rows"}) if causes else None
        return markup(heading(counted(len(self), "failed row")), shown)


def _numbered(group: FailureGroup) -> str:
    more = ", …" if group.count > len(group.examples) else ""
    return ", ".join(f"{index + 1:,}" for index in group.examples) + more


def _group(code: str, rows: list[BatchRow]) -> FailureGroup:
    first = rows[0].error
    assert first is not None  # noqa: S101 - only such rows are grouped
    examples = tuple(row.index for row in rows[:EXAMPLES])
    return FailureGroup(code=code, category=first.category, count=len(rows), message=first.message, examples=examples)
