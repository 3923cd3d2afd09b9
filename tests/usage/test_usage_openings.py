"""To open a store takes as long as to read a small file: it is opened once for all that is asked at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from aijobs_sdk.usage.store import UsageStore
from aijobs_sdk.usage.usage import Usage
from usage.usage_rows import usage_row

READ, WRITE = True, False
Config = dict[str, str | bool | int | float | list[str]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Each opening of DuckDB, in order: whether it was to read only."""
    seen: list[bool] = []
    connect = duckdb.connect

    def counted(path: str | Path, *, read_only: bool, config: Config) -> duckdb.DuckDBPyConnection:
        seen.append(read_only)
        return connect(path, read_only=read_only, config=config)

    monkeypatch.setattr(duckdb, "connect", counted)
    return seen


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """A store with one row."""
    path = tmp_path / "usage.duckdb"
    with Usage([usage_row(1)], store=path):
        yield path


def test_a_new_store_is_opened_to_be_made_and_to_take_rows_in_and_to_note_their_prices(opened: list[bool]) -> None:
    with Usage([usage_row()]):
        assert opened == [WRITE, WRITE, READ, WRITE]


def test_rows_of_a_model_that_is_known_are_taken_in_by_one_writing(path: Path, opened: list[bool]) -> None:
    Usage([usage_row(2)], store=path)

    assert opened == [READ, WRITE, READ]


def test_to_look_into_a_store_opens_it_once(path: Path, opened: list[bool]) -> None:
    UsageStore(path)

    assert opened == [READ]


def test_each_question_opens_a_store_once(path: Path, opened: list[bool]) -> None:
    usage = Usage(store=path)
    opened.clear()

    usage.report("2026-01")
    usage.reconcile_jobs("2026-01")
    assert usage.quality.kept == 1

    assert opened == [READ] * 3
