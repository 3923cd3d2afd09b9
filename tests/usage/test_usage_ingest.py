"""Any mix of exports is read to the same rows, and each id is billed once."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.usage.columns import USAGE_COLUMNS, export_values
from aijobs_sdk.usage.exports.export import ExportFormat, export_usage
from aijobs_sdk.usage.reading.files import data_quality, problems, source_files
from aijobs_sdk.usage.reading.first_look import needs_care
from aijobs_sdk.usage.store import UsageStore
from usage.usage_reading import bill, read
from usage.usage_rows import csv_text, jsonl_text, text_row, usage_row, write

AWKWARD_ROWS = [
    usage_row(1, credits_used=Decimal("999999999999.999999"), model='a "quoted", model; with all'),
    usage_row(2, credits_used=Decimal("0.000001"), metadata={"note": 'line\nbreak, "quote", é, ✓, \\'}),
    usage_row(3, credits_used=Decimal(0), metadata={}, input_tokens=0, output_tokens=0),
    usage_row(4, metadata={"nested": {"b": [1, 2.5, None], "a": True}}, provider="", model="'; DROP TABLE usage; --"),
]


def stored(store: UsageStore) -> list[tuple[object, ...]]:
    """Return the rows as an export says them, in the order of their ids."""
    rows = store.ask("""
        SELECT
            id::VARCHAR, tenant_id, user_id, query_type, model, provider, input_tokens, output_tokens,
            credits_used::VARCHAR, metadata, month_year, strftime(created_at, '%Y-%m-%dT%H:%M:%S.%fZ')
        FROM usage
        ORDER BY id
    """)
    return list(rows.cells)


def exported(rows: list[UsageRow]) -> list[tuple[object, ...]]:
    return [export_values(row)[:-1] for row in rows]


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_what_was_exported_is_read_back_unchanged(tmp_path: Path, file_format: ExportFormat) -> None:
    paths = export_usage(AWKWARD_ROWS, tmp_path, format=file_format)

    assert stored(read(paths)) == exported(AWKWARD_ROWS)


def test_columns_are_read_by_name_in_any_order_and_case(tmp_path: Path) -> None:
    reordered = csv_text([text_row(1, tenant_id="acme", user_id="eve")], columns=USAGE_COLUMNS[::-1])
    write(tmp_path, "reordered.csv", reordered.replace("tenant_id", " Tenant_ID"))
    write(tmp_path, "usual.csv", csv_text([text_row(2, tenant_id="acme", user_id="eve")]))

    table = read(tmp_path).ask("SELECT DISTINCT tenant_id, user_id, input_tokens, output_tokens FROM usage")

    assert table.cells == (("acme", "eve", 120, 45),)


def test_columns_that_are_no_part_of_an_export_are_passed_over(tmp_path: Path) -> None:
    path = write(tmp_path, "more.csv", csv_text([text_row() | {"region": "eu"}], columns=("region", *USAGE_COLUMNS)))

    assert bill(read(path)).credits == Decimal("1.5")


def test_carriage_returns_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    path = write(tmp_path, "windows.csv", "\ufeff" + csv_text([text_row(1), text_row(2)], line_end="\r\n"))

    store = read(path)

    assert bill(store).rows == 2
    assert problems(store) == ()


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    csv_path = write(tmp_path, "a.csv", "\n\n" + csv_text([text_row(1), text_row(2)]).replace("\n", "\n\n"))
    jsonl_path = write(tmp_path, "b.jsonl", "\n" + jsonl_text([text_row(3)]) + "\n  \n")

    assert [file.rows_read for file in source_files(read([csv_path, jsonl_path]))] == [2, 1]


def test_a_file_with_only_a_header_holds_no_rows(tmp_path: Path) -> None:
    store = read(export_usage([], tmp_path, format="csv") + export_usage([], tmp_path, format="parquet"))

    assert bill(store).rows == 0
    assert [file.rows_read for file in source_files(store)] == [0, 0]


def test_metadata_may_be_an_object_instead_of_text(tmp_path: Path) -> None:
    nested = text_row(1) | {"metadata": {"metered_credits": "0.25"}}
    path = write(tmp_path, "nested.jsonl", jsonl_text([nested, text_row(2)]))

    assert bill(read(path)).metered_credits == Decimal("0.25")


@pytest.mark.parametrize("number", ["123456789012.123456", "0.00001", "7"])
def test_credits_written_as_a_json_number_keep_every_digit(tmp_path: Path, number: str) -> None:
    path = write(tmp_path, "numbers.jsonl", jsonl_text([text_row()]).replace('"1.500000"', number))

    assert bill(read(path)).credits == Decimal(number)


@pytest.mark.parametrize(
    "instant",
    ["2026-02-01T00:30:00+02:00", "2026-01-31 22:30:00", "2026-01-31T22:30:00.000Z", "2026-01-31 20:30:00-0200"],
)
def test_instants_are_read_with_their_offset_and_as_utc_without_one(tmp_path: Path, instant: str) -> None:
    path = write(tmp_path, "zones.csv", csv_text([text_row(created_at=instant)]))

    assert read(path).ask("SELECT created_at, day FROM usage").cells == (
        (datetime(2026, 1, 31, 22, 30), date(2026, 1, 31)),
    )


def test_a_row_belongs_to_the_month_it_says(tmp_path: Path) -> None:
    rows = [
        text_row(1, created_at="2026-01-31T23:59:59.999999Z", month_year="2026-01"),
        text_row(2, created_at="2026-02-01T00:00:00Z", month_year="2026-02"),
        text_row(3, created_at="2026-02-01T00:00:00Z", month_year="2026-01"),  # billed late, on purpose
    ]
    store = read(write(tmp_path, "boundary.csv", csv_text(rows)))

    assert [bill(store, month).rows for month in ("2025-12", "2026-01", "2026-02")] == [0, 2, 1]


def test_a_row_seen_in_several_files_and_formats_counts_once(tmp_path: Path) -> None:
    export_usage([usage_row(1), usage_row(2)], tmp_path / "a", format="parquet")
    export_usage([usage_row(2), usage_row(3)], tmp_path / "b", format="csv")
    export_usage([usage_row(3), usage_row(1)], tmp_path / "c", format="jsonl")

    store = read(tmp_path)

    assert (bill(store).rows, bill(store).credits) == (3, Decimal("4.5"))
    quality = data_quality(store)
    assert (quality.rows_read, quality.kept, quality.duplicates, quality.quarantined) == (6, 3, 3, 0)


def test_spelling_an_amount_or_metadata_another_way_is_still_the_same_row(tmp_path: Path) -> None:
    first = text_row(1, credits_used="1.5", metadata='{"a": 1, "b": {"c": 2, "d": 3}}')
    again = text_row(1, credits_used="1.50000000", metadata='{"b":{"d":3,"c":2},"a":1}')
    store = read(write(tmp_path, "twice.csv", csv_text([first, again])))

    assert (source_files(store)[0].kept, source_files(store)[0].duplicates) == (1, 1)


def test_the_same_id_with_other_content_is_set_aside_and_the_first_stays_billed(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", csv_text([text_row(1, credits_used="1.5")]))
    write(tmp_path, "b.csv", csv_text([text_row(2), text_row(1, credits_used="99", month_year="2026-02")]))

    store = read(tmp_path)

    assert bill(store).credits == Decimal(3)
    assert bill(store, "2026-02").rows == 0
    ((reason, line, detail),) = store.ask("SELECT reason, line, detail FROM quarantine").cells
    assert (reason, line) == ("id_conflict", 3)
    assert str(detail).endswith("a.csv with another credits_used, month_year")


def test_the_first_row_wins_in_the_order_given_even_from_a_damaged_file(tmp_path: Path) -> None:
    damaged = write(tmp_path, "z.csv", csv_text([text_row(1, model="first")]) + "broken\n")
    sound = write(tmp_path, "a.csv", csv_text([text_row(1, model="second")]))

    assert read([damaged, sound]).ask("SELECT model FROM usage").cells == (("first",),)


def test_a_copy_of_a_file_bills_nothing_and_sets_the_same_rows_aside(tmp_path: Path) -> None:
    text = csv_text([text_row(1), text_row(2), text_row(3, input_tokens="-1")])
    write(tmp_path, "one.csv", text)
    write(tmp_path, "two.csv", text)

    store = read(tmp_path)

    counts = [(file.rows_read, file.kept, file.duplicates, file.quarantined) for file in source_files(store)]
    assert counts == [(3, 2, 0, 1), (3, 0, 2, 1)]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", csv_text([text_row()]))

    store = read([path, tmp_path, str(tmp_path / "*.csv"), tmp_path / ".." / tmp_path.name])

    assert [file.duplicates for file in source_files(store)] == [0]


def test_folders_are_searched_to_the_bottom_and_other_files_passed_over(tmp_path: Path) -> None:
    export_usage([usage_row(1)], tmp_path / "2026" / "01", format="csv")
    export_usage([usage_row(2)], tmp_path / "2026" / "02", format="parquet")
    write(tmp_path, "notes.txt", "not an export")
    write(tmp_path, ".query_usage.csv.partial", "half an export")

    assert len(source_files(read(tmp_path))) == 2
    assert len(source_files(read(f"{tmp_path}/**/*.parquet"))) == 1
    assert len(source_files(read(f"{tmp_path}/*"))) == 2


@pytest.mark.parametrize("named", ["{0}", "{0}/*", "{0}/**/*.csv", "file://{0}", "local://{0}", "local://{0}/**/*.csv"])
def test_what_lies_in_a_hidden_folder_is_left_out(tmp_path: Path, named: str) -> None:
    export_usage([usage_row(1)], tmp_path / "exports", format="csv")
    export_usage([usage_row(1), usage_row(2)], tmp_path / "exports" / ".ipynb_checkpoints", format="csv")

    store = read(named.format(tmp_path))

    assert (bill(store).rows, len(source_files(store))) == (1, 1)


def test_a_hidden_folder_that_is_named_is_read(tmp_path: Path) -> None:
    export_usage([usage_row(1)], tmp_path / ".mine" / "2026", format="csv")

    assert bill(read(tmp_path / ".mine")).rows == 1
    assert bill(read(f"local://{tmp_path}/.mine/*/*.csv")).rows == 1


def test_links_to_folders_are_followed_and_each_folder_is_read_once(tmp_path: Path) -> None:
    export_usage([usage_row(1)], tmp_path / "archive", format="csv")
    export_usage([usage_row(2)], tmp_path / "exports", format="csv")
    tmp_path.joinpath("exports", "archive").symlink_to(tmp_path / "archive")
    tmp_path.joinpath("archive", "back").symlink_to(tmp_path / "exports")

    store = read(tmp_path / "exports")

    assert (bill(store).rows, len(source_files(store))) == (2, 2)


def test_a_folder_named_like_a_partition_or_a_pattern_changes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "model=other" / "[1]*"
    export_usage([usage_row(1, model="mine")], folder, format="parquet")
    export_usage([usage_row(2, model="mine")], folder, format="csv")
    export_usage([usage_row(3, model="mine")], folder, format="jsonl")

    assert read(folder).ask("SELECT model, count(*) FROM usage GROUP BY model").cells == (("mine", 3),)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.csv", None, "does not exist"),
        ("*.csv", None, "holds no export"),
        (".", None, "holds no export"),
        ("usage.xlsx", "x", "must end in .csv, .jsonl or .parquet"),
        ("empty.csv", "", "is empty"),
        ("empty.parquet", "", "is empty"),
        ("blank.csv", "\n\n", "has no readable header"),
        ("open.csv", '"id,tenant_id\n', "has no readable header"),
        ("cut.csv", "id,tenant_id,user_id,query_t", "ends in its header: the file has no column query_type, model"),
        ("text.parquet", "id,tenant_id\n", "is not a Parquet file"),
    ],
)
def test_a_path_that_gives_no_rows_is_refused_by_name(
    tmp_path: Path, name: str, content: str | None, message: str
) -> None:
    if content is not None:
        write(tmp_path, name, content)

    with pytest.raises(InvalidRequestError, match=message) as caught:
        read(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("name", ["usage.csv.zst", "usage.jsonl.BZ2", "usage.parquet.gz", "usage.csv.zip"])
@pytest.mark.parametrize("named", ["{0}", "{0}/*", "{0}/{1}", "local://{0}"])
def test_usage_that_is_packed_in_another_way_is_refused_and_not_passed_over(
    tmp_path: Path, name: str, named: str
) -> None:
    """In a folder it would be missing in the bill, and nobody told."""
    export_usage([usage_row(1)], tmp_path, format="csv")
    write(tmp_path, name, "packed")

    with pytest.raises(InvalidRequestError, match=rf"{name} is packed .* Unpack it, or make it a \.csv\.gz"):
        read(named.format(tmp_path, name))


def test_no_paths_at_all_are_refused() -> None:
    with pytest.raises(InvalidRequestError, match="No paths were given"):
        read([])


texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)
usage_rows = st.builds(
    usage_row,
    st.integers(1, 12),
    model=texts,
    credits_used=st.decimals(0, 1000, places=6),
    metadata=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.integers() | texts),
)


@settings(deadline=None, max_examples=15)
@given(st.lists(usage_rows, max_size=12, unique_by=lambda row: row.id))
def test_every_format_tells_the_same_rows(tmp_path_factory: pytest.TempPathFactory, rows: list[UsageRow]) -> None:
    folder = tmp_path_factory.mktemp("formats")
    in_order = exported(sorted(rows, key=lambda row: row.id))
    parquet = read(export_usage(rows, folder, format="parquet"))
    text = read(export_usage(rows, folder, format="csv"))
    everything = read([*export_usage(rows[:1], folder, format="jsonl"), folder])

    assert stored(parquet) == stored(text) == stored(everything) == in_order
    assert everything.ask("SELECT count(*) FROM quarantine").cells == ((0,),)


def test_ids_are_uuids_in_sql(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", csv_text([text_row(5)]))

    assert read(path).ask("SELECT id FROM usage").cells == ((UUID(int=5),),)


@pytest.mark.parametrize("before", range(4))
def test_what_must_be_read_with_care_is_seen_wherever_it_lies(tmp_path: Path, before: int) -> None:
    path = tmp_path / "long.csv"
    path.write_bytes(b"x" * ((1 << 20) - before) + b'"  "\n')

    assert needs_care(path, "csv")
