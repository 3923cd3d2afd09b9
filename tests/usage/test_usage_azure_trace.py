"""A trace of real requests as usage: a few lines of it always, the whole of it where somebody has the file."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.usage.converters.azure_llm_trace import azure_llm_trace
from aijobs_sdk.usage.exports.export import export_usage
from aijobs_sdk.usage.usage import Usage

FOLDER = os.environ.get("AIJOBS_TEST_DATA", "")
TRACE = Path(FOLDER) / "azure_llm_trace_conv.csv"
PRICE = Decimal("0.001")
SAMPLE = """\
TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-30 23:59:59.9999999,374,44
2023-12-01 00:00:00.0000000,396,109
2023-12-01 00:00:00.0000000,396,109
"""

needs_the_trace = pytest.mark.skipif(
    not (FOLDER and TRACE.is_file()), reason="AIJOBS_TEST_DATA names no folder with azure_llm_trace_conv.csv"
)


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return written(tmp_path, SAMPLE)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    export_usage(azure_llm_trace(TRACE, price=PRICE), folder, format="csv")
    return folder


@pytest.fixture(scope="module")
def usage(exported: Path) -> Iterator[Usage]:
    with Usage(exported) as usage:
        yield usage


def written(folder: Path, text: str) -> Path:
    path = folder / "trace.csv"
    path.write_bytes(text.replace("\n", "\r\n").encode())
    return path


def awk(program: str) -> list[str]:
    """Return the lines awk prints of the trace, whose header it does not see."""
    command = ["awk", "-F", ",", f"NR > 1 {program}", str(TRACE)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def billed(usage: Usage, month: str) -> Mapping[str, object]:
    """Return what the rows of a month add up to."""
    (total,) = usage.monthly(month, by="month_year")
    return total


def test_a_line_is_a_row_with_its_tokens_and_its_instant_in_utc(sample: Path) -> None:
    first = next(azure_llm_trace(sample, price=PRICE))
    assert (first.input_tokens, first.output_tokens) == (374, 44)
    assert first.created_at == datetime(2023, 11, 30, 23, 59, 59, 999_999, tzinfo=UTC)
    assert first.metadata == {"trace": "azure_llm_inference", "trace_line": 2}


def test_a_row_is_billed_in_the_month_of_its_instant(sample: Path) -> None:
    rows = azure_llm_trace(sample, price=PRICE)
    assert [row.month_year for row in rows] == ["2023-11", "2023-12", "2023-12"]


def test_an_offset_that_a_trace_gives_holds(tmp_path: Path) -> None:
    trace = written(tmp_path, "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-12-01 01:30:00+02:00,1,1\n")
    (row,) = azure_llm_trace(trace, price=PRICE)
    assert (row.created_at, row.month_year) == (datetime(2023, 11, 30, 23, 30, tzinfo=UTC), "2023-11")


def test_the_same_trace_gives_the_same_ids_and_equal_lines_give_different_ones(sample: Path) -> None:
    ids = [row.id for row in azure_llm_trace(sample, price=PRICE)]
    assert ids == [row.id for row in azure_llm_trace(sample, price=PRICE)]
    assert len(set(ids)) == 3


def test_what_a_trace_does_not_say_is_marked_as_made_up(sample: Path) -> None:
    first = next(azure_llm_trace(sample, price=PRICE))
    assert (first.model, first.provider) == ("made-up-model", "made-up-provider")


def test_a_price_is_credits_for_each_token_rounded_to_six_places(sample: Path) -> None:
    first = next(azure_llm_trace(sample, price=Decimal("0.00000125")))
    assert first.credits_used == Decimal("0.000523")  # 418 tokens: 0.0005225, its half rounded up


def test_the_table_of_models_can_price_a_trace(sample: Path) -> None:
    table = ModelTable.load()
    first = next(azure_llm_trace(sample, price=table, model="gpt-5.2", provider="openai"))
    assert first.credits_used == table.credits(table.get("gpt-5.2"), 374, 44, at=first.created_at)


def test_another_file_is_refused(tmp_path: Path) -> None:
    trace = written(tmp_path, "TIMESTAMP,tokens\n2023-12-01 00:00:00,1\n")
    with pytest.raises(InvalidRequestError, match="its first line must be TIMESTAMP,ContextTokens,GeneratedTokens"):
        list(azure_llm_trace(trace, price=PRICE))


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        list(azure_llm_trace(tmp_path / "trace.csv", price=PRICE))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("yesterday,1,2", "line 5: `TIMESTAMP` must be an instant .*, got a text of 9 characters"),
        ("2023-12-01 00:00:00,1.5,2", "line 5: `ContextTokens` must be a whole number .*, got a text of 3 characters"),
        ("2023-12-01 00:00:00,1,-2", "line 5: `GeneratedTokens` must be a whole number .*, got a text of 2 characters"),
        ("2023-12-01 00:00:00,1", "line 5: expected 3 fields, got 2"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_with_its_field(tmp_path: Path, line: str, said: str) -> None:
    trace = written(tmp_path, f"{SAMPLE}{line}\n")
    with pytest.raises(InvalidRequestError, match=said):
        list(azure_llm_trace(trace, price=PRICE))


@pytest.mark.parametrize("price", [Decimal("NaN"), Decimal("Infinity"), Decimal(-1)])
def test_a_price_that_is_no_amount_is_refused(sample: Path, price: Decimal) -> None:
    with pytest.raises(InvalidRequestError, match="`price` must be credits for a token, from 0 up, got a Decimal"):
        next(azure_llm_trace(sample, price=price))


@pytest.mark.parametrize("price", [0.001, 1, "0.001", None])
def test_a_price_that_is_not_exact_is_refused(sample: Path, price: Any) -> None:
    with pytest.raises(InvalidRequestError, match="`price` must be a Decimal, or a table of models, got"):
        next(azure_llm_trace(sample, price=price))


def test_a_tenant_that_no_row_can_name_is_refused_by_the_argument(sample: Path) -> None:
    tenant: Any = "acme"
    with pytest.raises(InvalidRequestError, match="`tenant_id`"):
        next(azure_llm_trace(sample, price=PRICE, tenant_id=tenant))


def test_every_row_of_a_sample_is_billed(sample: Path, tmp_path: Path) -> None:
    export_usage(azure_llm_trace(sample, price=PRICE), tmp_path / "exports")
    with Usage(tmp_path / "exports") as usage:
        december = billed(usage, "2023-12")
    assert (december["rows"], december["credits"]) == (2, Decimal("1.010"))


@needs_the_trace
def test_every_request_of_the_trace_is_billed_with_the_tokens_awk_counts(usage: Usage) -> None:
    total = billed(usage, "2023-11")
    (counted,) = awk('{ context += $2; generated += $3 } END { printf "%d %d %d", NR - 1, context, generated }')
    assert f"{total['rows']} {total['input_tokens']} {total['output_tokens']}" == counted
    assert total["rows"] == 19_366


@needs_the_trace
def test_credits_are_those_of_the_tokens_awk_counts(usage: Usage) -> None:
    (tokens,) = awk('{ tokens += $2 + $3 } END { printf "%d", tokens }')
    assert billed(usage, "2023-11")["credits"] == PRICE * int(tokens)


@needs_the_trace
def test_days_hold_as_many_requests_as_awk_counts(usage: Usage) -> None:
    counted = awk("{ days[substr($1, 1, 10)]++ } END { for (day in days) print day, days[day] }")
    days = usage.monthly("2023-11", by="day")
    assert sorted(f"{day['day']} {day['rows']}" for day in days) == sorted(counted)


@needs_the_trace
def test_the_exports_of_the_trace_read_again_change_nothing(exported: Path, usage: Usage) -> None:
    before = billed(usage, "2023-11")
    again = usage.ingest(exported)
    assert (again.kept, billed(usage, "2023-11")) == (0, before)


@needs_the_trace
def test_another_export_of_the_trace_holds_only_duplicates(tmp_path: Path, usage: Usage) -> None:
    export_usage(azure_llm_trace(TRACE, price=PRICE), tmp_path, format="jsonl")
    again = usage.ingest(tmp_path)
    assert (again.kept, again.duplicates, again.quarantined) == (0, 19_366, 0)


@needs_the_trace
def test_rows_need_no_export_to_be_billed(usage: Usage) -> None:
    rows: Iterator[UsageRow] = azure_llm_trace(TRACE, price=PRICE)
    with Usage(rows) as from_memory:
        assert billed(from_memory, "2023-11") == billed(usage, "2023-11")
