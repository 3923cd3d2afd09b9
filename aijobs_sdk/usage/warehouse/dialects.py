"""The monthly questions in the SQL of a warehouse, for usage that has outgrown one machine.

They ask two tables that are yours to fill: `query_usage` with the columns of an export (`credits_used` a decimal with
six places, `metadata` JSON as text, `created_at` UTC), and `job` with job_id, status, attempts, credits_used,
created_at and completed_at. Keep what "once" gives as a table `query_usage_once`: all other questions ask that one, as
telling copies apart costs far more than adding up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from aijobs_sdk.contract.months import month_span
from aijobs_sdk.contract.refusal import bad_argument, members_of
from aijobs_sdk.contract.shapes import nearest
from aijobs_sdk.usage.statement import statement

Question: TypeAlias = Literal["once", "conflicts", "monthly", "waste", "reconcile"]
Dialect: TypeAlias = Literal["duckdb", "postgres", "clickhouse", "bigquery", "spark", "snowflake"]

_COLUMNS = ("tenant_id", "user_id", "model", "provider", "query_type", "day", "month_year")
_OF_ALL_TIME = frozenset({"once", "conflicts"})


@dataclass(frozen=True)
class _Words:
    """What these warehouses do not say alike; all else in the questions is SQL they share."""

    job_id: str
    """The job that `metadata` names."""
    amount: str = "DECIMAL(38, 6)"
    text: str = "VARCHAR"


_WORDS: dict[str, _Words] = {
    "duckdb": _Words(job_id="metadata ->> '$.job_id'"),
    "postgres": _Words(job_id="CAST(metadata AS json) ->> 'job_id'"),
    "clickhouse": _Words(job_id="JSONExtractString(metadata, 'job_id')", text="String"),
    "bigquery": _Words(
        job_id="JSON_VALUE(metadata, '$.job_id')",
        amount="NUMERIC",  # it takes no scale above nine digits, and has nine of its own
        text="STRING",
    ),
    "spark": _Words(job_id="get_json_object(metadata, '$.job_id')", text="STRING"),
    "snowflake": _Words(job_id="json_extract_path_text(metadata, 'job_id')"),
}


def sql_for(
    question: Question,
    dialect: Dialect,
    *,
    month: str | None = None,
    by: str | Iterable[str] = ("tenant_id", "model"),
) -> str:
    """Return one SELECT that answers `question` in the SQL of `dialect`.

    "once" gives each id once, "conflicts" the ids that say several things. The others are of one `month`: "monthly"
    adds up by the columns `by`, with the exact 95th percentile of tokens (by "month_year": the whole month); "waste" is
    what was billed for nothing, "reconcile" lists the jobs on which usage and the records of jobs differ.

    Raises:
        InvalidRequestError: there is no such question, dialect, month or column.
    """
    if question not in get_args(Question):
        raise bad_argument("question", f"is none that is known.{nearest(str(question), get_args(Question))}")
    if dialect not in get_args(Dialect):
        raise bad_argument("dialect", f"is none that is known.{nearest(str(dialect), get_args(Dialect))}")
    text = statement(f"warehouse/{question}")
    if question in _OF_ALL_TIME:
        return text
    words = _WORDS[dialect]
    since, until = month_span(_given(month))
    return text.format(
        month=f"'{month}'",
        since=f"'{since:%Y-%m-%d %H:%M:%S}'",
        until=f"'{until:%Y-%m-%d %H:%M:%S}'",
        by=", ".join(_known_columns(by)),
        job_id=f"coalesce({words.job_id}, '')",
        amount=words.amount,
        text=words.text,
    )


def _given(month: str | None) -> str:
    if month is None:
        raise bad_argument("month", "is needed, such as 2026-01: this question is of one month")
    return month


def _known_columns(by: str | Iterable[str]) -> tuple[str, ...]:
    columns = tuple(dict.fromkeys([by] if isinstance(by, str) else members_of("by", by, str, "names of columns")))
    if not columns:
        raise bad_argument("by", 'names no column. For the month as a whole say by="month_year"')
    for column in columns:
        if column not in _COLUMNS:
            raise bad_argument("by", f"names a column that usage cannot be divided by.{nearest(column, _COLUMNS)}")
    return columns
