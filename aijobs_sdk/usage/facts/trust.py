"""Whether it adds up: usage against jobs, and what became of every row that was read."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from aijobs_sdk.contract.model import Fact


class JobDifference(Fact):
    """One job on which usage and job records do not agree."""

    job_id: str
    verdict: Literal["job_without_usage", "usage_without_job", "amount_differs", "repeated_usage"]
    job_credits: Decimal | None
    usage_credits: Decimal | None


class JobReconciliation(Fact):
    """Usage held against the records of jobs: each completed job has one row, and each row one completed job.

    A job of a vendor's own batches has a row for each of its requests, and agrees as it is: it says no amount.
    """

    agreed: int
    jobs_without_usage: int
    usage_without_job: int
    amount_differs: int
    repeated_usage: int
    """Jobs with more than one row."""
    differences: tuple[JobDifference, ...]
    """The first of them, largest amounts first."""


class Problem(Fact):
    """Rows that were set aside for one reason."""

    reason: str
    rows: int
    first_file: str
    first_line: int
    first_detail: str


class DataQuality(Fact):
    """What came of all files so far: rows_read = kept + duplicates + quarantined.

    A row that was set aside and then read again, by other rules or under another name, counts as what came of it last.
    """

    files: int
    rows_read: int
    kept: int
    duplicates: int
    """Rows seen before: counted once, billed once."""
    quarantined: int
    """Rows set aside: one that cannot be read may belong to any month."""
    accepted: int = 0
    """Of those, the ones that were accepted as corrections since."""
    late: int = 0
    """Rows that arrived when their month was closed."""
    month_mismatches: int = 0
    """Rows whose month_year is not the month of their created_at."""
    problems: tuple[Problem, ...] = ()
