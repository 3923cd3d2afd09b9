"""Files appear complete and together, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.store import scratch_database
from aijobs_sdk.usage.writing import write_files


def ended_early(partial: Path) -> None:
    partial.write_text("half")
    with scratch_database() as database:
        database.execute("SELECT error('No space left on device')")


def test_what_the_database_cannot_write_is_told_like_what_nobody_can(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"cannot be written to .*late\.parquet \(.*No space left on device"):
        write_files({tmp_path / "early.csv": Path.touch, tmp_path / "late.parquet": ended_early})
    assert list(tmp_path.iterdir()) == []


def test_two_who_write_the_same_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "report.html"

    def written_twice(partial: Path) -> None:
        write_files({path: lambda other: other.write_text("theirs")})
        partial.write_text("ours")

    assert write_files({path: written_twice}) == [path]
    assert [one.read_text() for one in tmp_path.iterdir()] == ["ours"]
