"""A row that cannot be billed is set aside with its reason, its line and its text; its neighbours are billed."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.columns import USAGE_COLUMNS
from aijobs_sdk.usage.reading.files import problems, source_files
from usage.usage_reading import bill, read, set_aside
from usage.usage_rows import Text, csv_record, csv_text, jsonl_text, text_row, write

HEADER = ",".join(USAGE_COLUMNS)
GOOD, ALSO_GOOD = csv_record(text_row(1)), csv_record(text_row(2))

BAD_ROWS = [
    ("bad_id", {"id": "17"}),
    ("bad_id", {"id": ""}),
    ("no_tenant", {"tenant_id": " "}),
    ("bad_tokens", {"input_tokens": "-1"}),
    ("bad_tokens", {"output_tokens": "1.5"}),
    ("bad_tokens", {"output_tokens": "1_000"}),
    ("bad_tokens", {"input_tokens": ""}),
    ("bad_credits", {"credits_used": "NaN"}),
    ("bad_credits", {"credits_used": "1e-7"}),
    ("bad_credits", {"credits_used": "-1"}),
    ("bad_credits", {"credits_used": "1,5"}),
    ("bad_credits", {"credits_used": "1234567890123"}),
    ("credits_scale", {"credits_used": "1.1234567"}),
    ("credits_scale", {"credits_used": "1.0000000000001"}),
    ("bad_created_at", {"created_at": "yesterday"}),
    ("bad_created_at", {"created_at": "2026-02-30T00:00:00Z"}),
    ("bad_created_at", {"created_at": "infinity"}),
    ("bad_created_at", {"created_at": "0000-06-01T00:00:00Z"}),
    ("bad_created_at", {"created_at": "0001-12-31T23:59:59Z"}),
    ("bad_created_at", {"created_at": "9999-01-01T00:00:00Z"}),
    ("bad_month", {"month_year": "2026-13"}),
    ("bad_month", {"month_year": "2026-1"}),
    ("bad_month", {"month_year": "9999-01"}),
    ("bad_metadata", {"metadata": '{"job_id": '}),
    ("bad_metadata", {"metadata": "[1]"}),
    ("bad_metered_credits", {"metadata": '{"metered_credits": "a lot"}'}),
    ("bad_metered_credits", {"metadata": '{"metered_credits": 1e12}'}),
    ("bad_text", {"model": "gpt\x1b[31m"}),
    ("bad_text", {"tenant_id": "ac\x00me"}),
    ("bad_text", {"user_id": "u1\nu2"}),
]


@pytest.mark.parametrize(("reason", "changes"), BAD_ROWS)
def test_a_bad_row_is_set_aside_with_reason_line_and_text(tmp_path: Path, reason: str, changes: Text) -> None:
    bad = csv_record(text_row(3, **changes))
    path = write(tmp_path, "dirty.csv", f"{HEADER}\n{GOOD}\n{bad}\n{ALSO_GOOD}\n")

    store = read(path)

    quarantine = store.ask("SELECT file, line, reason, raw FROM quarantine")
    assert quarantine.cells == ((str(path), 3, reason, bad),)
    assert bill(store).rows == 2


@pytest.mark.parametrize(("reason", "changes"), BAD_ROWS)
def test_the_same_row_is_as_bad_in_jsonl(tmp_path: Path, reason: str, changes: Text) -> None:
    path = write(tmp_path, "dirty.jsonl", jsonl_text([text_row(1), text_row(3, **changes), text_row(2)]))

    store = read(path)

    assert store.ask("SELECT line, reason FROM quarantine").cells == ((2, reason),)
    assert bill(store).rows == 2


@pytest.mark.parametrize(
    ("created_at", "timezone"),
    [("0002-01-01T00:00:00Z", "America/New_York"), ("9998-12-31T23:59:59Z", "Asia/Tokyo")],
)
def test_a_day_that_only_the_stores_zone_moves_out_of_time_is_set_aside(
    tmp_path: Path, created_at: str, timezone: str
) -> None:
    path = write(tmp_path, "sentinel.csv", csv_text([text_row(1), text_row(2, created_at=created_at)]))

    assert set_aside(read(path, timezone=timezone)) == [(3, "bad_created_at")]
    assert bill(read(path)).rows == 2


@pytest.mark.parametrize(
    ("broken", "detail"),
    [
        (GOOD.rpartition(",")[0], "the header has 12 fields, the line 11"),
        (GOOD + ',"more"', "the header has 12 fields, the line 13"),
        ("cut off", "the header has 12 fields, the line 1"),
        ('"never closed,' + GOOD.replace('"', ""), "a quote is never closed"),
        ('"closed" too early,' + GOOD, "something follows a closing quote"),
    ],
)
def test_a_line_that_is_no_record_costs_only_itself(tmp_path: Path, broken: str, detail: str) -> None:
    path = write(tmp_path, "broken.csv", f"{HEADER}\n{broken}\n{GOOD}\n{ALSO_GOOD}\n")

    store = read(path)

    assert store.ask("SELECT line, reason, detail, raw FROM quarantine").cells == ((2, "broken_line", detail, broken),)
    assert bill(store).rows == 2


@pytest.mark.parametrize(
    ("last", "cut"),
    [("credits_used", "1"), ("credits_used", "125.2"), ("output_tokens", "4"), ("tenant_id", "ac"), ("model", "gpt-5")],
)
def test_a_last_value_that_may_have_been_cut_is_not_billed(tmp_path: Path, last: str, cut: str) -> None:
    """A part of an amount, a count or a name is one as well: only a line end says that it is whole."""
    columns = [*(column for column in USAGE_COLUMNS if column != last), last]
    whole = csv_text([text_row(1), text_row(2)], columns=columns)
    line = csv_record(text_row(3, **{last: cut}), columns=columns).removesuffix(f'"{cut}"') + cut

    ended = read(write(tmp_path, "ended.csv", f"{whole}{line}\n"))
    store = read(write(tmp_path, "cut.csv", f"{whole}{line}"))

    ((place, reason, detail),) = store.ask("SELECT line, reason, detail FROM quarantine").cells
    assert (place, reason) == (4, "broken_line")
    assert f"so that {last} may be cut" in str(detail)
    assert (bill(store).rows, bill(ended).rows) == (2, 3)


@pytest.mark.parametrize(
    ("last", "value"),
    [
        ("credits_used", "1.500000"),
        ("created_at", "2026-01-22T10:15:00Z"),
        ("created_at", "2026-01-22 10:15:00"),
        ("created_at", "2026-01-22T10:15:00.25+05:30"),
        ("month_year", "2026-01"),
        ("metadata", "{}"),
        ("region", "eu"),
    ],
)
def test_a_last_value_that_nothing_can_follow_needs_no_line_end(tmp_path: Path, last: str, value: str) -> None:
    """Many programs end no last line; what shows by itself that it is whole is billed."""
    columns = [*(column for column in USAGE_COLUMNS if column != last), last]
    row = text_row(1, **{last: value})
    line = csv_record(row, columns=columns).removesuffix(f'"{value}"') + value

    assert bill(read(write(tmp_path, "whole.csv", f"{','.join(columns)}\n{line}"))).rows == 1


def test_an_open_quote_swallows_no_neighbour(tmp_path: Path) -> None:
    swallowing = '"' + text_row(9)["id"] + ",acme"
    lines = [HEADER, GOOD, swallowing, ALSO_GOOD, swallowing, csv_record(text_row(3))]
    path = write(tmp_path, "open.csv", "\n".join(lines))

    store = read(path)

    assert store.ask("SELECT line, raw FROM quarantine ORDER BY line").cells == ((3, swallowing), (5, swallowing))
    assert bill(store).rows == 3


@pytest.mark.parametrize("earlier_user", ["u1", 'u"1'])
def test_an_open_quote_in_one_of_many_files_swallows_no_neighbour(tmp_path: Path, earlier_user: str) -> None:
    first, second, third = (",".join(text_row(number, metadata="{}").values()) for number in (1, 2, 3))
    cut = second.replace("{}", '"{""job_id')
    lines = [HEADER, first.replace("u1", earlier_user), cut, third]
    broken = write(tmp_path, "broken.csv", "\n".join(lines))
    sound = [write(tmp_path, f"{number}.csv", csv_text([text_row(number)])) for number in range(4, 101)]

    store = read([*sound, broken])  # more files than DuckDB divides among its threads

    assert store.ask("SELECT line, reason, raw FROM quarantine").cells == ((3, "broken_line", cut),)
    assert bill(store).rows == 99


def test_a_value_over_several_lines_is_still_one_row(tmp_path: Path) -> None:
    pretty = csv_record(text_row(3, metadata='{\n  "job_id": "j3"\n}'))
    bad = csv_record(text_row(4, credits_used="NaN"))
    path = write(tmp_path, "pretty.csv", f"{HEADER}\n{pretty}\nbroken\n{bad}\n")

    store = read(path)

    assert bill(store).rows == 1
    assert store.ask("SELECT line, reason FROM quarantine ORDER BY line").cells == (
        (5, "broken_line"),
        (6, "bad_credits"),
    )


def test_a_bad_row_far_down_a_large_file_is_shown_from_its_own_line(tmp_path: Path) -> None:
    rows = [text_row(number) for number in range(1, 20_001)]
    rows[17_000] |= {"credits_used": "NaN"}
    store = read([write(tmp_path, "a.csv", csv_text(rows)), write(tmp_path, "b.jsonl", jsonl_text(rows))])

    quarantine = store.ask("SELECT line, contains(raw, 'NaN') FROM quarantine ORDER BY file_id")
    assert quarantine.cells == ((17_002, True), (17_001, True))


def test_a_line_that_is_not_utf_8_is_set_aside_with_its_bytes_shown(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(f"{HEADER}\n{GOOD}\n".encode() + csv_record(text_row(2, user_id="Zoë")).encode("latin-1"))

    store = read(path)

    ((detail, raw),) = store.ask("SELECT detail, raw FROM quarantine").cells
    assert detail == "the line is not UTF-8"
    assert "Zo\\xeb" in str(raw)


@pytest.mark.parametrize("broken", ["{", "[]", "null", "nonsense", '"text"'])
def test_a_line_of_jsonl_that_is_no_object_costs_only_itself(tmp_path: Path, broken: str) -> None:
    path = write(tmp_path, "broken.jsonl", broken + "\n" + jsonl_text([text_row(1)]))

    store = read(path)

    assert store.ask("SELECT line, reason, raw FROM quarantine").cells == ((1, "broken_line", broken),)
    assert bill(store).rows == 1


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_line_longer_than_any_that_duckdb_takes_in_is_set_aside_and_not_passed_over(
    tmp_path: Path, ending: str
) -> None:
    rows = [text_row(1, metadata=json.dumps({"note": '"' * 9_000_000})), text_row(2)]
    text = csv_text(rows) if ending == "csv" else jsonl_text(rows)

    store = read(write(tmp_path, f"a.{ending}", text))

    assert (bill(store).rows, [reason for _, reason in set_aside(store)]) == (1, ["broken_line"])


def test_rows_of_a_file_without_a_column_are_all_set_aside(tmp_path: Path) -> None:
    path = write(tmp_path, "other.csv", csv_text([text_row(1), text_row(2)], columns=USAGE_COLUMNS[:-2]))

    (problem,) = problems(read(path))

    assert (problem.reason, problem.rows, problem.first_line) == ("missing_columns", 2, 2)
    assert problem.first_detail == "the file has no column month_year, created_at"


def test_a_column_named_twice_is_not_guessed_at(tmp_path: Path) -> None:
    path = write(tmp_path, "twice.csv", csv_text([text_row()], columns=(*USAGE_COLUMNS, "credits_used")))

    (problem,) = problems(read(path))

    assert problem.first_detail == "the file has credits_used more than once"


def test_an_object_without_a_column_is_set_aside_by_itself(tmp_path: Path) -> None:
    partial = {name: value for name, value in text_row(1).items() if name not in {"model", "user_id"}}
    path = write(tmp_path, "partial.jsonl", jsonl_text([partial, text_row(2)]))

    store = read(path)

    assert problems(store)[0].first_detail == "the row has no user_id, model"
    assert bill(store).rows == 1


def test_rows_of_a_later_schema_are_not_guessed_at(tmp_path: Path) -> None:
    rows = [text_row(1) | {"schema_version": "2"}, text_row(2) | {"schema_version": "1"}]
    path = write(tmp_path, "later.csv", csv_text(rows, columns=(*USAGE_COLUMNS, "schema_version")))

    assert [problem.reason for problem in problems(read(path))] == ["unknown_version"]


def parquet_of(folder: Path, select: str) -> Path:
    path = folder / "foreign.parquet"
    with duckdb.connect() as writer:
        writer.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path


def parquet_row(**changes: str) -> str:
    literals = {name: f"'{value}'" for name, value in text_row(1).items()} | changes
    return "SELECT " + ", ".join(f"{literal} AS {name}" for name, literal in literals.items())


def test_a_parquet_row_is_set_aside_with_its_place_and_values(tmp_path: Path) -> None:
    path = parquet_of(tmp_path, parquet_row() + " UNION ALL " + parquet_row(credits_used="'NaN'"))

    store = read(path)

    ((line, reason, raw),) = store.ask("SELECT line, reason, raw FROM quarantine").cells
    assert (line, reason) == (2, "bad_credits")
    assert '"credits_used":"NaN"' in str(raw)


def test_parquet_may_have_columns_named_as_duckdb_names_its_own(tmp_path: Path) -> None:
    own = {"file_index": "7", "file_row_number": "7", "filename": "'x'"}

    store = read(parquet_of(tmp_path, parquet_row(**own) + " UNION ALL " + parquet_row(credits_used="'x'", **own)))

    assert store.ask("SELECT line, reason FROM quarantine").cells == ((2, "bad_credits"),)
    assert bill(store).rows == 1


def test_a_parquet_file_of_something_else_is_set_aside_row_by_row(tmp_path: Path) -> None:
    store = read(parquet_of(tmp_path, "SELECT 'x' AS id, 7 AS file_index FROM range(3)"))

    assert [(problem.reason, problem.rows) for problem in problems(store)] == [("missing_columns", 3)]


def test_parquet_may_hold_floats_and_structures_if_they_are_exact(tmp_path: Path) -> None:
    row = parquet_row(
        credits_used="0.1::DOUBLE",
        metadata="{'metered_credits': '0.05'}",
        id="'00000000-0000-0000-0000-000000000009'::UUID",
        input_tokens="7::UINTEGER",
        created_at="'2026-01-22 10:15:00'::TIMESTAMPTZ",
    )
    totals = bill(read(parquet_of(tmp_path, row)))

    assert totals.credits == Decimal("0.1")
    assert totals.metered_credits == Decimal("0.05")


@pytest.mark.parametrize("as_written", [str, str.upper])
def test_amounts_wider_than_can_be_read_exactly_are_refused(tmp_path: Path, as_written: Callable[[str], str]) -> None:
    wide = pa.array([Decimal("123456789012.123457")], pa.decimal256(76, 38))  # BigQuery's BIGNUMERIC
    row = {name: [value] for name, value in text_row(1).items()} | {"credits_used": wide}
    table = pa.table({as_written(name): values for name, values in row.items()})
    pq.write_table(table, tmp_path / "bignumeric.parquet")

    with pytest.raises(InvalidRequestError, match=r"has amounts of more than 38 digits.*: (?i:credits_used)"):
        read(tmp_path / "bignumeric.parquet")


def test_empty_fields_past_the_last_column_are_no_problem(tmp_path: Path) -> None:
    sound = write(tmp_path, "sound.csv", f"{HEADER}\n{GOOD},\n")
    damaged = write(tmp_path, "damaged.csv", f"{HEADER}\n{ALSO_GOOD},,\nbroken\n")

    assert [file.kept for file in source_files(read([sound, damaged]))] == [1, 1]


LINES = [GOOD, ALSO_GOOD, "", "broken", '"open', GOOD + ",more", csv_record(text_row(3, id="x"))]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_every_line_is_kept_counted_or_set_aside(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = write(tmp_path_factory.mktemp("dirty"), "dirty.csv", "\n".join([HEADER, *lines]))

    (file,) = source_files(read(path))

    assert file.rows_read == sum(bool(line) for line in lines)
    assert file.rows_read == file.kept + file.duplicates + file.quarantined
    assert file.kept == len({GOOD, ALSO_GOOD} & set(lines))


SCRAPS = ['"', '""', ",", " ", '" ', ' "', '" "', "\\", "{", "\t", "\n", "9", "-", "\u00a0", "\u2028"]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.sampled_from(SCRAPS)), min_size=1, max_size=3))
def test_what_comes_of_a_row_does_not_depend_on_its_neighbours(
    tmp_path_factory: pytest.TempPathFactory, scraps: list[tuple[int, str]]
) -> None:
    strange = GOOD
    for position, scrap in scraps:
        strange = strange[:position] + scrap + strange[position:]
    folder = tmp_path_factory.mktemp("strange")
    alone = read(write(folder, "alone.csv", f"{HEADER}\n{strange}\n"))
    beside_a_broken_line = read(write(folder, "beside.csv", f"{HEADER}\n{strange}\nbroken\n"))

    query = "SELECT * EXCLUDE (file) FROM quarantine WHERE raw <> 'broken' UNION ALL BY NAME SELECT * FROM usage"
    assert alone.ask(query).cells == beside_a_broken_line.ask(query).cells
