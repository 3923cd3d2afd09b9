"""Dirty files: every row of each is in the bill, among the duplicates, or set aside, and the three add up."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.reading.files import data_quality
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.store import UsageStore
from usage.dirty.case import Dirty, Refused, csv_of, record
from usage.dirty.csv_cases import CSV_CASES, CSV_REFUSED
from usage.dirty.jsonl_cases import JSONL_CASES, JSONL_REFUSED
from usage.dirty.parquet_cases import PARQUET_CASES, PARQUET_REFUSED
from usage.usage_reading import read

CLEAN = csv_of(record(901, tenant_id="neighbour"), record(902, tenant_id="neighbour"))
CASES = [*CSV_CASES, *JSONL_CASES, *PARQUET_CASES]
REFUSED = [*CSV_REFUSED, *JSONL_REFUSED, *PARQUET_REFUSED]


def write_all(folder: Path, files: dict[str, bytes]) -> list[Path]:
    """Write the files of a case, and return their paths in order."""
    paths = [folder / name for name in files]
    for path, content in zip(paths, files.values(), strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize("dirty", CASES, ids=lambda dirty: dirty.name)
def test_each_row_of_a_dirty_file_ends_where_it_belongs(tmp_path: Path, dirty: Dirty) -> None:
    store = read(write_all(tmp_path, {"clean.csv": CLEAN, **dirty.files}))

    reasons = store.ask("SELECT reason FROM quarantine ORDER BY file_id, row").cells
    neighbours = store.ask("SELECT count(*), sum(credits_used) FROM usage WHERE tenant_id = 'neighbour'").cells
    quality = data_quality(store)
    assert tuple(reason for (reason,) in reasons) == dirty.reasons
    assert neighbours == ((2, Decimal("3.000000")),)
    assert (quality.kept, quality.duplicates) == (2 + dirty.kept, dirty.duplicates)
    assert quality.rows_read == 2 + dirty.kept + dirty.duplicates + len(dirty.reasons)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_a_file_that_cannot_be_read_is_refused_by_name_and_nothing_of_it_kept(tmp_path: Path, refused: Refused) -> None:
    (path,) = write_all(tmp_path, {refused.file: refused.content})
    store = UsageStore()

    with pytest.raises(InvalidRequestError, match=refused.message) as caught:
        ingest(store, path)

    assert str(path) in str(caught.value)
    assert data_quality(store).files == 0


def test_the_corpus_has_a_name_for_each_kind_of_dirt() -> None:
    names = [case.name for case in CASES] + [case.name for case in REFUSED]

    assert len(set(names)) == len(names) >= 40
