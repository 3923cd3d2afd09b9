"""Files appear complete and together, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.exports.export import export_usage
from aijobs_sdk.usage.store import scratch_database
from aijobs_sdk.usage.writing import write_files
from usage.usage_rows import usage_row


def ended_early(partial: Path) -> None:
    partial.write_text("half")
    with scratch_database() as database:
        database.execute("SELECT error('No space left on device')")


def test_what_the_database_cannot_write_is_told_like_what_nobody_can(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"cannot be written to .*late\.parquet \(.*No space left on device"):
        write_files({tmp_path / "early.csv": Path.touch, tmp_path / "late.parquet": ended_early})
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_is_written_as_a_tilde_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    (exported,) = export_usage([usage_row(1)], "~/exports", format="csv")

    assert write_files({Path("~/reports/a.html"): Path.touch}) == [tmp_path / "home" / "reports" / "a.html"]
    assert exported.parent == tmp_path / "home" / "exports"
    assert [one.name for one in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("name", ["x" * 300 + ".html", "x" * 300 + "/a.html"])
def test_a_name_that_is_too_long_is_refused_and_leaves_nothing_behind(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"cannot be written to .*name too long"):
        write_files({tmp_path / name: Path.touch})

    assert list(tmp_path.iterdir()) == []


def test_the_longest_name_there_can_be_is_written(tmp_path: Path) -> None:
    assert write_files({tmp_path / ("x" * 255): Path.touch})[0].is_file()


def test_two_who_write_the_same_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "report.html"

    def written_twice(partial: Path) -> None:
        write_files({path: lambda other: other.write_text("theirs")})
        partial.write_text("ours")

    assert write_files({path: written_twice}) == [path]
    assert [one.read_text() for one in tmp_path.iterdir()] == ["ours"]


def test_what_is_no_file_stays_what_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "stdout"
    os.mkfifo(pipe)

    with pytest.raises(InvalidRequestError, match=r"cannot be written to .*stdout \(it is a device or a pipe"):
        write_files({pipe: Path.touch})

    assert [one.is_fifo() for one in tmp_path.iterdir()] == [True]


def test_a_link_stays_one_and_the_file_it_leads_to_is_written(tmp_path: Path) -> None:
    link = tmp_path / "latest.html"
    link.symlink_to(tmp_path / "archive" / "2026-01.html")

    assert write_files({link: lambda partial: partial.write_text("January")}) == [link]

    assert link.is_symlink()
    assert (tmp_path / "archive" / "2026-01.html").read_text() == "January"
