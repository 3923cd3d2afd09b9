"""What a month cost, as facts: totals, groups, and what became of rows that could not be billed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from pydantic import JsonValue

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.usage.columns import amount_text
from aijobs_sdk.usage.table import UsageTable, cell_text, text_lines

NUMBER_COLUMNS = ("rows", "input_tokens", "output_tokens", "credits", "metered_credits")
"""What is counted for each group of rows."""


class UsageTotals(Fact):
    """What some rows add up to. A row is one completed job."""

    rows: int
    input_tokens: int
    output_tokens: int
    credits: Decimal
    """Billed: what users were quoted."""
    metered_credits: Decimal | None
    """What the tokens really used cost by the price list, over the rows that say so; None: no row does."""

    @property
    def numbers(self) -> tuple[int | Decimal | None, ...]:
        """The values under NUMBER_COLUMNS."""
        return self.rows, self.input_tokens, self.output_tokens, self.credits, self.metered_credits


class UsageGroup(UsageTotals):
    """What the rows with the same `keys` add up to."""

    keys: Mapping[str, str]
    """Column → value, in the order asked for."""


class Problem(Fact):
    """Rows that were set aside for one reason."""

    reason: str
    rows: int
    first_file: str
    first_line: int
    first_detail: str


class MonthlyReport(Fact):
    """What one month cost. The credits of `groups` add up to the total, to the last digit."""

    month: str
    by: tuple[str, ...]
    totals: UsageTotals
    groups: tuple[UsageGroup, ...]
    """Dearest first, then by key."""
    duplicates: int
    """Rows seen before, over all files and months: counted once, billed once."""
    quarantined: int
    """Rows set aside, over all files: a row that cannot be read may belong to any month."""
    problems: tuple[Problem, ...]

    def to_json(self) -> dict[str, JsonValue]:
        """Return the report as a JSON object; amounts are decimal text."""
        return {
            "month": self.month,
            "totals": {
                "rows": self.totals.rows,
                "credits": amount_text(self.totals.credits),
                "input_tokens": self.totals.input_tokens,
                "output_tokens": self.totals.output_tokens,
            },
            "groups": [_group_object(group) for group in self.groups],
            "duplicates": self.duplicates,
            "quarantined": self.quarantined,
        }

    def to_text(self) -> str:
        """Return the report to read in a terminal."""
        table = group_table(self.by, self.groups)
        label = ["total", *[""] * len(self.by)][: len(self.by)]
        lines = [
            f"Usage in {self.month}",
            "",
            *text_lines(table.columns, table.cells, footer=[*label, *self.totals.numbers]),
            "",
            f"{self.duplicates:,} duplicates counted once, {self.quarantined:,} rows set aside.",
            *map(_problem_line, self.problems),
        ]
        return "\n".join(lines) + "\n"

    def __str__(self) -> str:
        return self.to_text()


def group_table(by: tuple[str, ...], groups: tuple[UsageGroup, ...]) -> UsageTable:
    """Return `groups` as a table: the columns of `by`, then the numbers."""
    cells = tuple((*group.keys.values(), *group.numbers) for group in groups)
    return UsageTable(columns=(*by, *NUMBER_COLUMNS), cells=cells)


def _group_object(group: UsageGroup) -> dict[str, JsonValue]:
    return {
        **group.keys,
        "rows": group.rows,
        "input_tokens": group.input_tokens,
        "output_tokens": group.output_tokens,
        "credits": amount_text(group.credits),
        "metered_credits": None if group.metered_credits is None else amount_text(group.metered_credits),
    }


def _problem_line(problem: Problem) -> str:
    return (
        f"  {problem.reason}: {problem.rows:,}, first at {cell_text(problem.first_file)}:{problem.first_line} "
        f"({cell_text(problem.first_detail)})"
    )
