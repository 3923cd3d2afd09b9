"""A closed month stays closed: what was kept of it never changes, and late rows are billed in the next open one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.closing.acts import ClosedMonth, ReopenedMonth, month_acts
from aijobs_sdk.usage.closing.months import close_month, closed_facts, reopen_month, verify_month
from aijobs_sdk.usage.closing.seal import Seal, month_seal
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.monthly_report import MonthlyReport
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.store import UsageStore
from aijobs_sdk.usage.usage import Usage
from usage.books import NOW, billed, close, facts_of, read, reckoning, row_of, totals
from usage.usage_rows import csv_text, many_rows, text_row, write

END_OF_JANUARY = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[UsageStore]:
    opened = UsageStore()
    yield opened
    opened.close()


def test_a_month_is_closed_from_its_last_instant_on_in_utc_and_not_before(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))

    with pytest.raises(InvalidRequestError, match="can be closed from 2026-02-01 00:00 UTC on"):
        close(store, "2026-01", now=END_OF_JANUARY - timedelta(microseconds=1))
    close(store, "2026-01", now=END_OF_JANUARY)

    assert closed_facts(store, "2026-01") is not None


def test_a_zone_ahead_of_utc_does_not_end_a_month_sooner(tmp_path: Path) -> None:
    store = UsageStore(tmp_path / "usage.duckdb", timezone="Pacific/Auckland")

    with pytest.raises(InvalidRequestError, match="is not over"):
        close(store, "2026-01", now=END_OF_JANUARY - timedelta(hours=1))


def test_what_is_kept_of_a_month_says_when_it_was_closed_and_with_what(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))

    closed = close_month(store, "2026-01", reckoning(store, "2026-01"), now=NOW, reason="month end")

    kept = closed_facts(store, "2026-01")
    assert kept is not None
    assert (kept.status, kept.version, kept.as_of, kept.digest) == ("closed", 1, NOW, closed.digest)
    assert (closed.rows, closed.credits, closed.reason) == (1, Decimal("1.5"), "month end")
    assert closed.price_version == "prices of 2026-06"


def test_an_open_month_has_nothing_kept(store: UsageStore) -> None:
    assert closed_facts(store, "2026-01") is None


def test_a_closed_month_cannot_be_closed_once_more(store: UsageStore) -> None:
    close(store, "2026-01")

    with pytest.raises(InvalidRequestError, match="2026-01 is closed already"):
        close(store, "2026-01")


def test_a_row_that_comes_in_while_a_month_is_reckoned_stops_the_closing(store: UsageStore, tmp_path: Path) -> None:
    def reckon() -> MonthFacts:
        facts = facts_of("2026-01", totals(store, "2026-01"))
        read(store, tmp_path, row_of("2026-01", credits_used="0.000000"))
        return facts

    with pytest.raises(InvalidRequestError, match="Rows of 2026-01 came in while it was being closed"):
        close_month(store, "2026-01", reckon, now=NOW)

    assert month_acts(store) == ()


def test_a_report_that_is_not_of_its_entries_is_never_kept(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))

    with pytest.raises(AssertionError, match="This is a bug in aijobs-sdk"):
        close_month(store, "2026-01", reckoning(store, "2026-02"), now=NOW)

    assert month_acts(store) == ()


def test_a_month_nobody_used_can_be_closed(store: UsageStore, tmp_path: Path) -> None:
    close(store, "2026-01")

    read(store, tmp_path, row_of("2026-01"))

    assert verify_month(store, "2026-01").matches
    assert billed(store) == {"2026-02": Decimal("1.5")}


def test_after_10_000_late_rows_a_closed_month_is_the_same_to_the_byte(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01", 20_001), row_of("2026-02", 20_002))
    close(store, "2026-01")
    before = closed_facts(store, "2026-01")

    ingest(store, many_rows(10_000))

    after = closed_facts(store, "2026-01")
    assert before is not None
    assert after is not None
    assert after.model_dump_json() == before.model_dump_json()
    assert verify_month(store, "2026-01").matches
    assert billed(store) == {"2026-01": Decimal("1.5"), "2026-02": Decimal("15001.5")}
    assert store.ask("SELECT count(*) FROM entry WHERE billing_month <> month_year").cells == ((10_000,),)


def test_the_report_on_a_closed_month_is_shown_the_same_for_ever_and_the_next_month_tells_of_what_came_late(
    tmp_path: Path,
) -> None:
    with Usage(write(tmp_path, "january.csv", csv_text([row_of("2026-01", 1), row_of("2026-02", 2)]))) as usage:
        usage.close_month("2026-01", reason="month end")
        before = shown(usage.report("2026-01"), tmp_path / "before.xlsx")

        usage.ingest(write(tmp_path, "late.csv", csv_text([row_of("2026-01", 3), row_of("2025-12", 4)])))

        assert shown(usage.report("2026-01"), tmp_path / "after.xlsx") == before
        assert [(late.month_year, late.kind, late.rows) for late in usage.report("2026-02").corrections] == [
            ("2026-01", "late", 1)
        ]


def test_a_late_row_is_billed_in_the_first_open_month_after_its_own(store: UsageStore, tmp_path: Path) -> None:
    close(store, "2026-01")
    close(store, "2026-02")
    close(store, "2026-04")

    read(store, tmp_path, row_of("2026-01", 1), row_of("2026-02", 2), row_of("2026-04", 3))

    assert billed(store) == {"2026-03": Decimal("3.0"), "2026-05": Decimal("1.5")}


def test_a_month_may_be_closed_before_an_earlier_one_which_keeps_its_late_rows(
    store: UsageStore, tmp_path: Path
) -> None:
    close(store, "2026-02")

    read(store, tmp_path, row_of("2026-01", 1), row_of("2026-02", 2))

    assert billed(store) == {"2026-01": Decimal("1.5"), "2026-03": Decimal("1.5")}
    assert verify_month(store, "2026-02").matches


def test_a_reopened_month_takes_rows_again_and_leaves_what_went_elsewhere(store: UsageStore, tmp_path: Path) -> None:
    close(store, "2026-01")
    read(store, tmp_path, row_of("2026-01", 1))

    reopen_month(store, "2026-01", reason="a tenant's export was missing", now=NOW)
    read(store, tmp_path, row_of("2026-01", 2))

    assert billed(store) == {"2026-01": Decimal("1.5"), "2026-02": Decimal("1.5")}
    assert closed_facts(store, "2026-01") is None


def test_all_that_was_done_to_months_is_on_record_in_its_order(store: UsageStore, tmp_path: Path) -> None:
    close(store, "2026-01", now=NOW)
    reopen_month(store, "2026-01", reason="an export was missing", now=NOW + timedelta(hours=1))
    read(store, tmp_path, row_of("2026-01"))
    close(store, "2026-01", now=NOW + timedelta(hours=2))

    first, second, third = month_acts(store)

    assert isinstance(first, ClosedMonth)
    assert isinstance(third, ClosedMonth)
    assert second == ReopenedMonth(
        month="2026-01", version=1, at=NOW + timedelta(hours=1), reason="an export was missing"
    )
    assert [(act.version, act.rows) for act in (first, third)] == [(1, 0), (2, 1)]


@pytest.mark.parametrize("reason", ["", " \n"])
def test_reopening_needs_a_reason(store: UsageStore, reason: str) -> None:
    close(store, "2026-01")

    with pytest.raises(InvalidRequestError, match="`reason` must say why"):
        reopen_month(store, "2026-01", reason=reason, now=NOW)


def test_an_open_month_can_neither_be_reopened_nor_verified(store: UsageStore) -> None:
    with pytest.raises(InvalidRequestError, match="2026-01 is not closed"):
        reopen_month(store, "2026-01", reason="a doubt", now=NOW)
    with pytest.raises(InvalidRequestError, match="2026-01 is not closed"):
        verify_month(store, "2026-01")


@pytest.mark.parametrize(
    "change",
    [
        "kind = 'replacement'",
        "id = uuid()",
        "tenant_id = 'other'",
        "user_id = 'other'",
        "query_type = 'other'",
        "model = 'other'",
        "provider = 'other'",
        "input_tokens = input_tokens + 1",
        "output_tokens = output_tokens + 1",
        "credits_used = credits_used + 0.000001",
        "month_year = '2025-12'",
        "billing_month = '2026-02'",
        "created_at = created_at + INTERVAL 1 MICROSECOND",
    ],
)
def test_verifying_tells_of_any_billed_value_that_was_changed(store: UsageStore, tmp_path: Path, change: str) -> None:
    read(store, tmp_path, row_of("2026-01", 1), row_of("2026-01", 2))
    close(store, "2026-01")

    with store.writing() as database:
        database.execute(f"UPDATE entry SET {change} WHERE id = $id", {"id": text_row(1)["id"]})

    verification = verify_month(store, "2026-01")
    assert not verification.matches
    assert verification.found.digest != verification.closed.digest


def test_verifying_tells_of_a_report_that_was_changed(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01"))
    close(store, "2026-01")

    with store.writing() as database:
        database.execute("""UPDATE month_act SET report = replace(report, '"credits":"1.5', '"credits":"2.5')""")

    verification = verify_month(store, "2026-01")
    assert not verification.matches
    assert (verification.closed, verification.reported.credits) == (verification.found, Decimal("2.5"))


def test_the_digest_can_be_reckoned_by_anybody(store: UsageStore, tmp_path: Path) -> None:
    read(store, tmp_path, row_of("2026-01", 1), row_of("2026-01", 2, credits_used="2.250000"))
    texts = [
        "usage|00000000-0000-0000-0000-000000000001|acme|u1|text_generation|gpt-5.2|openai|120|45|1.500000|2026-01|2026-01|1769076900000000",
        "usage|00000000-0000-0000-0000-000000000002|acme|u1|text_generation|gpt-5.2|openai|120|45|2.250000|2026-01|2026-01|1769076900000000",
    ]

    hashes = [hashlib.sha256(text.replace("|", "\x1f").encode()).digest() for text in texts]

    first = sum(int.from_bytes(one[:8], "big") for one in hashes) % 2**64
    second = sum(int.from_bytes(one[8:16], "big") for one in hashes) % 2**64
    assert seal(store, "2026-01").digest == f"{first:016x}{second:016x}"


def test_the_seal_does_not_hang_on_how_rows_came_in(tmp_path: Path) -> None:
    at_once, one_by_one = UsageStore(tmp_path / "a.duckdb"), UsageStore(tmp_path / "b.duckdb", timezone="Asia/Tokyo")
    rows = [row_of("2026-01", number) for number in range(1, 5)]

    read(at_once, tmp_path, *rows)
    read(one_by_one, tmp_path, rows[3], rows[1])
    read(one_by_one, tmp_path, rows[1], rows[0])
    read(one_by_one, tmp_path, rows[2])

    assert seal(at_once, "2026-01") == seal(one_by_one, "2026-01")


def shown(report: MonthlyReport, workbook: Path) -> list[str]:
    """Return all that is shown of a report, as text."""
    cells = load_workbook(report.to_excel(workbook)).worksheets
    rows = [str(row) for sheet in cells for row in sheet.iter_rows(values_only=True)]
    return [report.model_dump_json(), str(report.to_json()), report.to_text(), report.to_html(), *rows]


def seal(store: UsageStore, month: str) -> Seal:
    with store.reading() as database:
        return month_seal(database, month)
