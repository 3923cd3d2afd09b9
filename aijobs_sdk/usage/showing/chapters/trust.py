"""The chapters on how far the bill can be trusted: waste, unusual days, jobs held against usage, quality of data."""

from __future__ import annotations

from collections.abc import Sequence

from aijobs_sdk.usage.facts.costs import Waste
from aijobs_sdk.usage.facts.owed import Anomaly
from aijobs_sdk.usage.facts.trust import DataQuality, JobReconciliation
from aijobs_sdk.usage.showing.chapters.usage_tables import CREDITS, key_column
from aijobs_sdk.usage.showing.fact_table import Cell, Chapter, Column, FactTable, Kind


def waste_chapter(waste: Waste) -> Chapter:
    """Return what failures cost."""
    return Chapter(
        name="waste",
        title="Waste",
        sentences=() if waste.jobs_known else ("No records of jobs were given, so failed jobs cannot be seen here.",),
        tables=tuple(
            table for table in (_waste_table(waste), _failures_table(waste), _costliest_table(waste)) if table.rows
        ),
    )


def anomalies_chapter(anomalies: Sequence[Anomaly]) -> Chapter:
    """Return the days that are out of line."""
    table = FactTable(
        name="anomalies",
        caption="Days on which a tenant used far more, or less, of a model than on those before",
        columns=(
            Column("day", "Day", Kind.DAY),
            key_column("tenant_id"),
            key_column("model"),
            CREDITS,
            Column("usual", "Usual", Kind.AMOUNT),
            Column("score", "Robust z", Kind.FIGURE),
        ),
        rows=tuple((odd.day, odd.tenant_id, odd.model, odd.credits, odd.usual, odd.score) for odd in anomalies),
    )
    return Chapter(name="anomalies", title="Anomalies", tables=(table,))


def jobs_chapter(jobs: JobReconciliation) -> Chapter:
    """Return on which jobs usage and the records of jobs do not agree."""
    verdicts = FactTable(
        name="jobs",
        caption="Usage held against the records of jobs",
        columns=(Column("verdict", "Verdict", Kind.TEXT), Column("jobs", "Jobs", Kind.COUNT)),
        rows=(
            ("agreed", jobs.agreed),
            ("job without usage", jobs.jobs_without_usage),
            ("usage without job", jobs.usage_without_job),
            ("amount differs", jobs.amount_differs),
            ("repeated usage", jobs.repeated_usage),
        ),
    )
    differences = FactTable(
        name="differences",
        caption="The largest differences",
        columns=(
            Column("job_id", "Job", Kind.TEXT),
            Column("verdict", "Verdict", Kind.TEXT),
            Column("job_credits", "Credits of the job", Kind.AMOUNT),
            Column("usage_credits", "Credits of usage", Kind.AMOUNT),
        ),
        rows=tuple(
            (found.job_id, found.verdict.replace("_", " "), found.job_credits, found.usage_credits)
            for found in jobs.differences
        ),
    )
    return Chapter(
        name="jobs",
        title="Reconciliation",
        sentences=(
            "Each completed job should have one row of usage with the same credits, and the reverse.",
            "That of a vendor's own batch has one for each of its requests.",
        ),
        tables=(verdicts, *([differences] if differences.rows else [])),
    )


def quality_chapter(quality: DataQuality) -> Chapter:
    """Return what became of all rows that were read, and why some were set aside."""
    rows = FactTable(
        name="quality",
        caption="What became of all rows that were read, of whatever month",
        columns=(Column("rows", "Rows", Kind.TEXT), Column("count", "Count", Kind.COUNT)),
        rows=(
            ("files", quality.files),
            ("rows read", quality.rows_read),
            ("kept", quality.kept),
            ("duplicates, counted once", quality.duplicates),
            ("set aside", quality.quarantined),
            ("of those, accepted since", quality.accepted),
            ("late: their month was closed", quality.late),
            ("month not that of the time", quality.month_mismatches),
        ),
    )
    problems = FactTable(
        name="problems",
        caption="Why rows were set aside, and where the first of each kind is",
        columns=(
            Column("reason", "Reason", Kind.TEXT),
            Column("rows", "Rows", Kind.COUNT),
            Column("first_file", "First in", Kind.TEXT),
            Column("first_line", "Line", Kind.COUNT),
            Column("first_detail", "Detail", Kind.TEXT),
        ),
        rows=tuple(
            (problem.reason, problem.rows, problem.first_file, problem.first_line, problem.first_detail)
            for problem in quality.problems
        ),
    )
    return Chapter(
        name="quality",
        title="Data quality",
        sentences=("Rows read are the sum of those kept, those seen before, and those set aside.",),
        tables=(rows, *([problems] if problems.rows else [])),
    )


def _waste_table(waste: Waste) -> FactTable:
    jobs: tuple[tuple[Cell, ...], ...] = (
        ("failed jobs", waste.failed_jobs, None),
        ("cancelled jobs", waste.cancelled_jobs, None),
        ("billed for failed or cancelled jobs", None, waste.wasted_credits),
    )
    return FactTable(
        name="waste",
        caption="What failures cost",
        columns=(
            Column("what", "What", Kind.TEXT),
            Column("count", "Count", Kind.COUNT),
            CREDITS,
        ),
        rows=(
            ("attempts", waste.attempts, None),
            ("attempts beyond the first", waste.retried_attempts, None),
            *(jobs if waste.jobs_known else ()),
            ("billed for no known job", None, waste.unattributed_credits),
            ("attempts that came to nothing, estimate", None, waste.retry_cost_estimate),
        ),
    )


def _failures_table(waste: Waste) -> FactTable:
    return FactTable(
        name="failures",
        caption="Failed jobs by what they failed of",
        columns=(
            Column("error_code", "Error", Kind.TEXT),
            Column("jobs", "Jobs", Kind.COUNT),
            Column("attempts", "Attempts", Kind.COUNT),
        ),
        rows=tuple((failure.error_code, failure.jobs, failure.attempts) for failure in waste.failures),
    )


def _costliest_table(waste: Waste) -> FactTable:
    return FactTable(
        name="costliest",
        caption="The costliest jobs that failed or took several attempts",
        columns=(
            Column("job_id", "Job", Kind.TEXT),
            Column("type", "Type", Kind.TEXT),
            Column("status", "Status", Kind.TEXT),
            Column("attempts", "Attempts", Kind.COUNT),
            CREDITS,
        ),
        rows=tuple((job.job_id, job.type, job.status, job.attempts, job.credits) for job in waste.costliest),
    )
