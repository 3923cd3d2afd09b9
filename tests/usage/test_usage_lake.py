"""Closed months as Parquet in a lake: written once, whole, and the same as in the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import duckdb
import fsspec  # type: ignore[import-untyped]
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.usage.store import UsageStore
from aijobs_sdk.usage.warehouse.lake import write_lake
from aijobs_sdk.usage.warehouse.lake_files import added_up, parquet_files
from usage.closed_months import close, reopen
from usage.usage_entries import entries
from usage.usage_rows import many_rows, usage_row


@pytest.fixture
def store(tmp_path: Path) -> Iterator[UsageStore]:
    """January, closed; February, closed with a late row of January and a reversal; March, open."""
    store = UsageStore(tmp_path / "usage.duckdb")
    entries(store, many_rows(3))
    close(store, "2026-01")
    entries(store, [usage_row(4, month_year="2026-02"), usage_row(5, month_year="2026-02")])
    entries(store, [usage_row(6, credits_used=Decimal("0.000001"))], billing_month="2026-02")
    entries(store, [usage_row(1)], kind="reversal", quantity=-1, credits_used="-1.5", billing_month="2026-02")
    close(store, "2026-02")
    entries(store, [usage_row(7, month_year="2026-03")])
    yield store
    store.close()


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "lake"


def asked(lake: Path, question: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as database:
        files = f"read_parquet('{lake}/*/*.parquet', hive_partitioning = true, hive_types_autocast = false)"
        return database.execute(f"SELECT {question} FROM {files} GROUP BY ALL ORDER BY ALL").fetchall()


def contents(lake: Path) -> dict[str, bytes]:
    return {str(path.relative_to(lake)): path.read_bytes() for path in sorted(lake.rglob("*")) if path.is_file()}


def test_closed_months_add_up_in_the_lake_as_in_the_store(store: UsageStore, lake: Path) -> None:
    written = write_lake(store, lake)
    assert asked(lake, "billing_month, sum(quantity), sum(credits_used)") == [
        (month.month, month.rows, month.credits) for month in written
    ]
    assert [(month.rows, month.credits) for month in written] == [(3, Decimal("4.5")), (2, Decimal("1.500001"))]


def test_a_lake_holds_every_column_in_its_type_and_the_month_in_the_folders_name(store: UsageStore, lake: Path) -> None:
    (january,) = write_lake(store, lake, ["2026-01"])
    table = pq.ParquetFile(lake / "billing_month=2026-01" / january.files[0].name).read()
    assert "billing_month" not in table.column_names
    assert table.schema.field("credits_used").type == pa.decimal128(18, 6)
    assert table.schema.field("metered_credits").type == pa.decimal128(38, 18)
    assert table.schema.field("created_at").type == pa.timestamp("us", tz="UTC")
    assert set(table["id"].to_pylist()) == {str(row.id) for row in many_rows(3)}


def test_a_manifest_tells_what_a_month_is_made_of(store: UsageStore, lake: Path) -> None:
    write_lake(store, lake, ["2026-01"])
    folder = lake / "billing_month=2026-01"
    manifest = json.loads((folder / "_manifest.json").read_text("utf-8"))
    (file,) = manifest.pop("files")
    assert file["sha256"] == hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest()
    ((digest,),) = store.ask("SELECT digest FROM month_act WHERE month = '2026-01'").cells
    assert manifest == {"month": "2026-01", "version": 1, "rows": 3, "credits": "4.500000", "digest": digest}


def test_a_month_that_is_there_is_left_alone(store: UsageStore, lake: Path) -> None:
    first = write_lake(store, lake)
    times = [path.stat().st_mtime_ns for path in sorted(lake.rglob("*"))]
    assert write_lake(store, str(lake)) == first
    assert [path.stat().st_mtime_ns for path in sorted(lake.rglob("*"))] == times


def test_an_object_store_holds_the_same_bytes(store: UsageStore, lake: Path) -> None:
    write_lake(store, lake)
    write_lake(store, "memory://usage-lake")
    objects = fsspec.filesystem("memory")
    found = {path.removeprefix("/usage-lake/"): objects.cat_file(path) for path in objects.find("/usage-lake")}
    objects.rm("/usage-lake", recursive=True)
    assert found == contents(lake)


def test_only_closed_months_are_written(store: UsageStore, lake: Path) -> None:
    with pytest.raises(InvalidRequestError, match="2026-03 is not closed"):
        write_lake(store, lake, ["2026-01", "2026-03"])
    assert not lake.exists()


def test_a_month_that_was_closed_with_other_rows_since_is_not_written_over(store: UsageStore, lake: Path) -> None:
    write_lake(store, lake, ["2026-01"])
    before = contents(lake)
    reopen(store, "2026-01")
    entries(store, [usage_row(8)])
    close(store, "2026-01", version=2)
    with pytest.raises(InvalidRequestError, match="version 1 of 2026-01"):
        write_lake(store, lake)
    assert contents(lake) == before


@pytest.mark.parametrize("text", ["{}", "no JSON"])
def test_a_manifest_that_says_nothing_is_told_of_and_left(store: UsageStore, lake: Path, text: str) -> None:
    manifest = lake / "billing_month=2026-01" / "_manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(text)
    with pytest.raises(InvalidRequestError, match=r"billing_month=2026-01/_manifest\.json .* is none of ours"):
        write_lake(store, lake)
    assert contents(lake) == {"billing_month=2026-01/_manifest.json": text.encode()}


def test_rows_that_changed_behind_a_closed_month_are_not_written(store: UsageStore, lake: Path) -> None:
    with store.writing() as database:
        database.execute("UPDATE entry SET credits_used = 0.5 WHERE billing_month = '2026-01' AND row = 1")
    with pytest.raises(InvalidRequestError, match="are not those it was closed with"):
        write_lake(store, lake)
    assert not lake.exists()


@pytest.mark.parametrize("name", ["lake", "lake [1]"])
def test_what_an_attempt_left_that_did_not_end_is_replaced(store: UsageStore, tmp_path: Path, name: str) -> None:
    lake = tmp_path / name
    write_lake(store, lake, ["2026-01"])
    whole = contents(lake)
    folder = lake / "billing_month=2026-01"
    (folder / "_manifest.json").unlink()
    (folder / "usage-0001.parquet").write_bytes(b"half")
    (folder / "usage-0002.parquet").write_bytes(b"of another time")
    write_lake(store, lake, ["2026-01"])
    assert contents(lake) == whole


def test_a_closed_month_without_usage_has_a_file_with_its_columns(store: UsageStore, lake: Path) -> None:
    close(store, "2025-12")
    (december,) = write_lake(store, lake, ["2025-12"])
    assert (december.rows, december.credits) == (0, Decimal(0))
    table = pq.ParquetFile(lake / "billing_month=2025-12" / december.files[0].name).read()
    assert (table.num_rows, table.column_names[0]) == (0, "kind")


def test_a_large_month_is_several_files_which_add_up(tmp_path: Path) -> None:
    credits_used = pa.array([Decimal(number).scaleb(-6) for number in range(25)], pa.decimal128(18, 6))
    table = pa.table({"quantity": pa.array([1] * 25, pa.int8()), "credits_used": credits_used})
    rows = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=5))
    files = parquet_files(rows, tmp_path, rows_per_file=10)
    added = [added_up(BytesIO((tmp_path / file.name).read_bytes())) for file in files]
    assert added == [(10, Decimal("0.000045")), (10, Decimal("0.000145")), (5, Decimal("0.000110"))]
    assert list(tmp_path.iterdir()) == []


class Forgetful(LocalFileSystem):  # type: ignore[misc]
    """A place that loses the last row of what it is given."""

    protocol = "forgetful"

    def put_file(self, lpath: str, rpath: str, **_options: object) -> None:
        table = pq.ParquetFile(lpath).read()
        pq.write_table(table.slice(0, table.num_rows - 1), rpath)


def test_what_the_place_does_not_give_back_does_not_count_as_written(store: UsageStore, lake: Path) -> None:
    fsspec.register_implementation("forgetful", Forgetful, clobber=True)
    with pytest.raises(InvalidRequestError, match=r"gives back 2 rows and 3\.0+ credits, not 3 and 4\.5"):
        write_lake(store, f"forgetful://{lake}", ["2026-01"])
    assert not (lake / "billing_month=2026-01" / "_manifest.json").exists()


def test_a_place_that_cannot_be_written_to_is_told_of_without_its_address(store: UsageStore, tmp_path: Path) -> None:
    (tmp_path / "s3cret").write_text("a file, no folder")
    with pytest.raises(InvalidRequestError, match="cannot keep billing_month=2026-01") as refused:
        write_lake(store, tmp_path / "s3cret" / "lake")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("place", "kind"), [("nowhere://user:s3cret@host/lake", InvalidRequestError), ("abfs://s3cret", ConfigurationError)]
)
def test_a_place_that_is_not_known_is_refused(store: UsageStore, place: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as refused:
        write_lake(store, place)
    assert "s3cret" not in str(refused.value)
