"""Each job that completed is billed once, and each row is of such a job; what is otherwise is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.checking.jobs import add_jobs, reconcile_jobs
from aijobs_sdk.usage.closing.corrections import accept_corrections
from aijobs_sdk.usage.facts.trust import JobDifference, JobReconciliation
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.store import UsageStore
from usage.books import NOW
from usage.ended_jobs import completed, failed
from usage.usage_rows import usage_row


@pytest.fixture
def store() -> Iterator[UsageStore]:
    opened = UsageStore()
    yield opened
    opened.close()


def row_for(job: int | None, number: int | None = None, **changes: object) -> UsageRow:
    """Return the row of the job with id `job`."""
    metadata = {} if job is None else {"job_id": str(UUID(int=job))}
    return usage_row(number or job or 1, metadata=metadata, **changes)


def reconciled(store: UsageStore, month: str = "2026-01") -> JobReconciliation:
    found = reconcile_jobs(store, month)
    assert found is not None
    return found


def test_a_month_with_every_kind_of_difference_is_told_to_the_job(store: UsageStore) -> None:
    jobs = [failed(number) for number in range(1, 51)]
    jobs += [completed(number, attempts=3 if number <= 80 else 1) for number in range(51, 1_001)]
    rows = [row_for(number) for number in range(61, 996)]  # 51 to 60 have none
    rows += [row_for(number, credits_used=Decimal(number)) for number in range(996, 1_001)]
    rows += [row_for(number) for number in range(2_001, 2_021)]
    ingest(store, rows)
    add_jobs(store, jobs)

    found = reconciled(store)

    assert (found.agreed, found.jobs_without_usage, found.usage_without_job) == (935, 10, 20)
    assert (found.amount_differs, found.repeated_usage) == (5, 0)
    assert sum(one.usage_credits or 0 for one in found.differences) == 996 + 997 + 998 + 999 + 1_000 + 20 * Decimal(
        "1.5"
    )
    assert store.ask("SELECT status, count(*), sum(attempts) FROM job GROUP BY ALL ORDER BY ALL").cells == (
        ("completed", 950, 1_010),
        ("failed", 50, 150),
    )


def test_a_batch_of_a_vendors_own_has_a_row_for_each_of_its_requests(store: UsageStore) -> None:
    said = {"job_id": str(UUID(int=1)), "economy": True}
    ingest(store, [usage_row(number, metadata=said) for number in (1, 2, 3)])
    add_jobs(store, [completed(1, type="ai_generation_batch", result={"rows": 3})])

    assert reconciled(store).agreed == 1
    assert reconciled(store).differences == ()


def test_without_jobs_there_is_nothing_to_hold_usage_against(store: UsageStore) -> None:
    ingest(store, [usage_row()])

    assert reconcile_jobs(store, "2026-01") is None


def test_a_job_and_its_row_may_lie_on_both_sides_of_a_month_border(store: UsageStore) -> None:
    ingest(store, [row_for(1, month_year="2026-02", created_at=datetime(2026, 2, 1, 0, 0, 0, 100_000, tzinfo=UTC))])
    add_jobs(store, [completed(1, completed_at=datetime(2026, 1, 31, 23, 59, 59, 900_000, tzinfo=UTC))])

    assert (reconciled(store, "2026-01").agreed, reconciled(store, "2026-01").differences) == (1, ())
    assert (reconciled(store, "2026-02").agreed, reconciled(store, "2026-02").differences) == (1, ())


def test_a_job_of_another_month_is_not_told_of(store: UsageStore) -> None:
    add_jobs(store, [completed(1, completed_at=datetime(2026, 2, 1, tzinfo=UTC))])

    assert reconciled(store, "2026-01").jobs_without_usage == 0
    assert reconciled(store, "2026-02").jobs_without_usage == 1


def test_a_job_that_costs_nothing_needs_no_row(store: UsageStore) -> None:
    add_jobs(store, [completed(1, type="test_job", payload={}, result={"echo": "hello"})])

    assert reconciled(store) == JobReconciliation(
        agreed=0, jobs_without_usage=0, usage_without_job=0, amount_differs=0, repeated_usage=0, differences=()
    )


@pytest.mark.parametrize(
    "job",
    [failed(1), failed(1, ErrorCategory.CANCELLED), failed(1, result={"credits_used": "1.5"}), completed(2)],
)
def test_usage_of_a_job_that_did_not_complete_or_is_not_known_has_no_job(store: UsageStore, job: Job) -> None:
    ingest(store, [row_for(1)])
    add_jobs(store, [job])

    assert reconciled(store).differences[0] == JobDifference(
        job_id=str(UUID(int=1)), verdict="usage_without_job", job_credits=None, usage_credits=Decimal("1.5")
    )


def test_a_row_that_names_no_job_is_told_by_its_own_id(store: UsageStore) -> None:
    ingest(store, [row_for(None, 5), row_for(None, 6)])
    add_jobs(store, [failed(1)])

    found = reconciled(store)

    assert found.usage_without_job == 2
    assert found.differences[0].job_id == f"of none: row {UUID(int=5)}"


def test_a_job_with_two_rows_is_repeated_usage(store: UsageStore) -> None:
    ingest(store, [row_for(1, 11), row_for(1, 12)])
    add_jobs(store, [completed(1)])

    found = reconciled(store)

    assert (found.repeated_usage, found.agreed) == (1, 0)
    assert found.differences[0].usage_credits == Decimal("3.0")


def test_a_corrected_row_is_held_against_its_job_as_it_counts_now(store: UsageStore) -> None:
    ingest(store, [row_for(1, credits_used=Decimal(9))])
    ingest(store, [row_for(1)])
    add_jobs(store, [completed(1)])
    assert reconciled(store).amount_differs == 1

    accept_corrections(store, reason="the job says so", now=NOW)

    assert (reconciled(store).agreed, reconciled(store).differences) == (1, ())


def test_a_row_that_is_corrected_to_be_of_another_job_is_usage_of_the_first_no_more(store: UsageStore) -> None:
    ingest(store, [row_for(1, 7)])
    ingest(store, [row_for(2, 7)])
    add_jobs(store, [completed(1), completed(2)])

    accept_corrections(store, reason="the newer export is right", now=NOW)

    found = reconciled(store)
    assert (found.agreed, found.jobs_without_usage, len(found.differences)) == (1, 1, 1)


def test_of_many_differences_the_hundred_largest_are_shown_and_all_counted(store: UsageStore) -> None:
    ingest(store, [row_for(number, credits_used=Decimal(number)) for number in range(1, 151)])
    add_jobs(store, [failed(999)])

    found = reconciled(store)

    assert (found.usage_without_job, len(found.differences)) == (150, 100)
    assert [one.usage_credits for one in found.differences[:2]] == [Decimal(150), Decimal(149)]
