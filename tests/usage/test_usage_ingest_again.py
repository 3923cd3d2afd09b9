"""A store is read into again and again: what it knows is passed over, what is new is billed, nothing is changed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.columns import EXPORT_COLUMNS, export_values
from aijobs_sdk.usage.reading.files import data_quality, source_files
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.reading.outcome import IngestProgress
from aijobs_sdk.usage.store import UsageStore
from usage.usage_entries import close, entries
from usage.usage_reading import bill, read, set_aside
from usage.usage_rows import csv_text, text_row, usage_row, write


def test_a_file_that_was_read_is_skipped_and_the_report_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", csv_text([text_row(1), text_row(2)]))
    store = read(path)

    report = ingest(store, path)

    assert (report.skipped, report.files, report.rows_read) == ((str(path),), (), 0)
    assert data_quality(store).rows_read == 2


def test_a_file_is_known_by_whatever_name_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = read(write(tmp_path, "a.csv", csv_text([text_row(1)])))
    monkeypatch.chdir(tmp_path)

    assert ingest(store, "a.csv").skipped == ("a.csv",)


def test_a_file_that_has_grown_is_read_again_and_its_old_rows_are_duplicates(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", csv_text([text_row(1)]))
    store = read(path)
    write(tmp_path, "a.csv", csv_text([text_row(1), text_row(2)]))

    report = ingest(store, path)

    assert (report.rows_read, report.kept, report.duplicates) == (2, 1, 1)
    assert bill(store).rows == 2


def test_the_same_bytes_in_another_place_are_duplicates_and_set_aside_as_before(tmp_path: Path) -> None:
    text = csv_text([text_row(1), text_row(2), text_row(3, credits_used="x")])
    store = read(write(tmp_path, "a.csv", text))

    (file,) = ingest(store, write(tmp_path, "b.csv", text)).files

    assert (file.rows_read, file.kept, file.duplicates, file.quarantined) == (3, 0, 2, 1)
    assert bill(store).rows == 2
    assert set_aside(store) == [(4, "bad_credits"), (4, "bad_credits")]


def test_a_file_that_had_the_wrong_ending_is_read_when_it_has_the_right_one(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", csv_text([text_row(1), text_row(2)]))
    store = read(path)

    report = ingest(store, path.rename(tmp_path / "a.csv"))

    assert (report.kept, report.duplicates, set_aside(store)) == (2, 0, [])
    quality = data_quality(store)
    assert (quality.rows_read, quality.kept, quality.quarantined, quality.accepted) == (2, 2, 0, 0)


@pytest.mark.parametrize("names", [("a.csv", "b.jsonl"), ("b.csv", "a.jsonl")])
def test_of_the_same_bytes_under_two_endings_the_right_one_is_read(tmp_path: Path, names: tuple[str, str]) -> None:
    text = csv_text([text_row(1), text_row(2)])

    store = read([write(tmp_path, name, text) for name in sorted(names)])

    assert (bill(store).rows, set_aside(store)) == (2, [])


def test_a_file_that_is_no_json_leaves_what_was_set_aside_of_it_as_csv(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", csv_text([text_row(1), text_row(2, credits_used="x")]))
    store = read(path)

    ingest(store, path.rename(tmp_path / "a.jsonl"))

    assert set_aside(store)[0] == (3, "bad_credits")
    assert bill(store).rows == 1


def test_an_id_is_held_against_all_that_was_read_before(tmp_path: Path) -> None:
    store = read(write(tmp_path, "a.csv", csv_text([text_row(1), text_row(2)])))
    path = write(tmp_path, "b.csv", csv_text([text_row(2), text_row(1, credits_used="99"), text_row(3)]))

    report = ingest(store, path)

    assert (report.kept, report.duplicates, report.quarantined) == (1, 1, 1)
    assert bill(store).credits == Decimal("4.5")
    ((detail,),) = store.ask("SELECT detail FROM quarantine").cells
    assert detail == f"the id was first seen in {tmp_path / 'a.csv'} with another credits_used"


def test_a_row_that_was_set_aside_for_its_id_says_all_that_a_correction_needs(tmp_path: Path) -> None:
    metadata = '{"job_id": "j7", "metered_credits": "0.1"}'
    rows = [text_row(1), text_row(1, credits_used="99", metadata=metadata)]
    store = read(write(tmp_path, "a.csv", csv_text(rows)))

    ((said,),) = store.ask("SELECT said FROM set_aside").cells

    told = json.loads(str(said))
    assert (told["id"], told["credits_used"], told["job_id"]) == (str(UUID(int=1)), "99.000000", "j7")
    assert (told["created_at"], told["day"], told["latency_seconds"]) == ("2026-01-22 10:15:00", "2026-01-22", None)
    assert told["metadata"] == metadata


def test_an_id_that_was_replaced_is_held_against_all_its_statements(tmp_path: Path) -> None:
    store = UsageStore()
    entries(store, [usage_row(1)])
    entries(store, [usage_row(1)], kind="reversal")
    entries(store, [usage_row(1, input_tokens=7)], kind="replacement")
    said = [usage_row(1), usage_row(1, input_tokens=7), usage_row(1, input_tokens=9)]

    report = ingest(store, write(tmp_path, "a.csv", csv_text(list(map(text_of, said)))))

    assert (report.duplicates, report.quarantined) == (2, 1)
    assert set_aside(store) == [(4, "id_conflict")]


def text_of(row: UsageRow) -> dict[str, str]:
    """Return a row as an export says it."""
    return dict(zip(EXPORT_COLUMNS, map(str, export_values(row)), strict=True))


def test_a_row_of_a_closed_month_is_billed_in_the_next_open_one_and_counted_as_late(tmp_path: Path) -> None:
    store = UsageStore()
    close(store, "2026-01")
    close(store, "2026-02")

    report = ingest(store, write(tmp_path, "late.csv", csv_text([text_row(1), text_row(2, month_year="2026-04")])))

    assert (bill(store, "2026-01").rows, bill(store, "2026-03").rows, bill(store, "2026-04").rows) == (0, 1, 1)
    assert (report.late, data_quality(store).late) == (1, 1)


def test_december_that_is_closed_leads_into_january(tmp_path: Path) -> None:
    store = UsageStore()
    close(store, "2025-12")

    ingest(store, write(tmp_path, "late.csv", csv_text([text_row(1, month_year="2025-12")])))

    assert bill(store, "2026-01").rows == 1


def test_days_and_months_are_those_of_the_stores_zone(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", csv_text([text_row(1, created_at="2026-01-31T23:30:00Z")]))
    utc, berlin = read(path), read(path, timezone="Europe/Berlin")

    assert (data_quality(utc).month_mismatches, data_quality(berlin).month_mismatches) == (0, 1)
    assert str(berlin.ask("SELECT day, billing_month FROM usage").cells[0][0]) == "2026-02-01"
    assert bill(berlin, "2026-01").rows == 1


def test_strict_months_set_aside_what_is_said_to_be_of_another_month(tmp_path: Path) -> None:
    rows = [text_row(1), text_row(2, month_year="2026-02")]
    path = write(tmp_path, "a.csv", csv_text(rows))

    assert set_aside(read(path, strict_months=True)) == [(3, "month_mismatch")]


def test_what_strict_months_set_aside_is_read_again_without_them_and_once(tmp_path: Path) -> None:
    rows = [text_row(1), text_row(2, month_year="2026-02"), text_row(3, credits_used="x")]
    path = write(tmp_path, "a.csv", csv_text(rows))
    store = read(path, strict_months=True)

    report = ingest(store, path)

    assert (report.kept, report.duplicates, report.quarantined) == (1, 1, 1)
    assert set_aside(store) == [(4, "bad_credits")]
    assert (data_quality(store).rows_read, data_quality(store).quarantined) == (4, 1)
    assert ingest(store, path).skipped == ingest(store, path, strict_months=True).skipped == (str(path),)


def test_what_metadata_tells_of_the_job_is_kept_and_what_is_strange_in_it_is_not(tmp_path: Path) -> None:
    told = {"job_id": "j", "document_id": "d", "attempts": 2, "cached_input_tokens": "7", "latency_seconds": 1.25}
    strange = {
        "job_id": ["j"],
        "document_id": "",
        "attempts": 1.5,
        "cached_input_tokens": -1,
        "latency_seconds": "soon",
    }
    rows = [text_row(1, metadata=json.dumps(told)), text_row(2, metadata=json.dumps(strange))]

    store = read(write(tmp_path, "a.csv", csv_text(rows)))

    found = store.ask(
        "SELECT job_id, document_id, attempts, cached_input_tokens, latency_seconds FROM usage ORDER BY id"
    )
    assert found.cells == (("j", "d", 2, 7, Decimal("1.250000")), (None, None, None, None, None))


def test_progress_is_told_after_each_batch(tmp_path: Path) -> None:
    for number in range(150):
        write(tmp_path, f"{number:03}.csv", csv_text([text_row(number + 1)]))
    told: list[IngestProgress] = []

    ingest(UsageStore(), tmp_path, on_progress=told.append)

    assert [(one.files_done, one.files_total, one.rows) for one in told] == [(100, 150, 100), (150, 150, 150)]
    assert told[-1].bytes_done == told[-1].bytes_total


def test_a_batch_is_whole_or_absent(tmp_path: Path) -> None:
    for number in range(150):
        write(tmp_path, f"{number:03}.csv", csv_text([text_row(number + 1)]))
    write(tmp_path, "149.csv", '"no header')
    store = UsageStore()

    with pytest.raises(InvalidRequestError, match=r"149\.csv has no readable header"):
        ingest(store, tmp_path)

    assert (len(source_files(store)), bill(store).rows) == (100, 100)


INGEST = """
import sys
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.store import UsageStore
ingest(UsageStore(sys.argv[1]), sys.argv[2], on_progress=lambda told: print(told.files_done, flush=True))
"""


def test_an_ingest_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    for number in range(300):
        write(tmp_path, f"{number:03}.csv", csv_text([text_row(number + 1), text_row(number + 2)]))
    path = tmp_path / "usage.duckdb"
    child = subprocess.Popen([sys.executable, "-c", INGEST, str(path), str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"100\n"  # in the midst of the second batch, or on the way to it
    time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()

    store = UsageStore(path)
    found = len(source_files(store))
    report = ingest(store, tmp_path)

    assert found in {100, 200, 300}
    assert (len(report.skipped), len(report.files)) == (found, 300 - found)
    assert (bill(store).rows, bill(store).credits) == (301, Decimal("451.5"))
