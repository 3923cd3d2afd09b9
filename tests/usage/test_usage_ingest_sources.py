"""Usage is read from where it lies: behind a URL, packed, or in memory."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import fsspec  # type: ignore[import-untyped]
import pytest

from aijobs_sdk.contract.errors import ConfigurationError, InvalidRequestError
from aijobs_sdk.usage.reading.arrivals import Rules
from aijobs_sdk.usage.reading.batch import read_batch
from aijobs_sdk.usage.reading.exports import local_exports
from aijobs_sdk.usage.reading.files import source_files
from aijobs_sdk.usage.reading.ingest import ingest
from aijobs_sdk.usage.store import UsageStore
from usage.usage_reading import bill, read, set_aside
from usage.usage_rows import csv_text, jsonl_text, many_rows, text_row, usage_row, write


@pytest.fixture
def bucket() -> Iterator[str]:
    """A place behind a URL, with two exports and something else in it."""
    files = fsspec.filesystem("memory")
    files.pipe_file("/bucket/2026/a.csv", csv_text([text_row(1), text_row(2)]).encode())
    files.pipe_file("/bucket/2026/b.jsonl.gz", gzip.compress(jsonl_text([text_row(2), text_row(3)]).encode()))
    files.pipe_file("/bucket/2026/notes.txt", b"no export")
    yield "memory://bucket"
    files.rm("/bucket", recursive=True)


@pytest.mark.parametrize("below", ["", "/2026/*", "/**/*.*"])
def test_folders_and_patterns_behind_a_url_are_read(bucket: str, below: str) -> None:
    store = read(bucket + below)

    assert (bill(store).rows, bill(store).credits) == (3, Decimal("4.5"))
    assert [file.path for file in source_files(store)] == [
        "memory://bucket/2026/a.csv",
        "memory://bucket/2026/b.jsonl.gz",
    ]


@pytest.mark.parametrize("place", ["/books [1]", "/books [1]/january [final].csv"])
def test_a_name_with_brackets_behind_a_url_is_a_name(bucket: str, place: str) -> None:
    fsspec.filesystem("memory").pipe_file("/bucket/books [1]/january [final].csv", csv_text([text_row(1)]).encode())

    assert bill(read(bucket + place)).rows == 1


def test_one_file_behind_a_url_is_read_once(bucket: str) -> None:
    store = read(f"{bucket}/2026/a.csv")

    assert ingest(store, [f"{bucket}/2026/a.csv"]).skipped == (f"{bucket}/2026/a.csv",)


def test_a_file_url_is_a_path(tmp_path: Path) -> None:
    path = write(tmp_path, "a b.csv", csv_text([text_row(1)]))

    assert [file.path for file in source_files(read(path.as_uri()))] == [str(path)]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("memory://bucket/none.csv", "does not exist"),
        ("memory://bucket/*.parquet", "holds no export"),
        ("memory://bucket/2026/notes.txt", "must end in"),
        ("nowhere://user:hunter2@host/a.csv?key=hunter2", "cannot be read"),
        ("ftp://user:hunt/hunter2@host/a.csv", r"ftp://… is no URL\. A password has `/` as `%2F`"),
        ("http://[::1/a.csv", "is no URL"),
    ],
)
def test_a_url_without_an_export_is_refused_without_its_secrets(bucket: str, url: str, message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message) as caught:
        read(url)

    assert "hunter2" not in str(caught.value)


@pytest.fixture
def api() -> Iterator[str]:
    """An address that answers with the export of the month that is asked for."""
    with ThreadingHTTPServer(("127.0.0.1", 0), ByMonth) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/usage.csv"
        server.shutdown()


class ByMonth(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.wfile.write(self.answer())

    def answer(self) -> bytes:
        export = csv_text([text_row(int(self.path[-1]))]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(export)))
        self.end_headers()
        return export

    def log_message(self, *_: object) -> None: ...


def test_an_address_may_say_by_its_query_which_export_is_meant(api: str) -> None:
    store = read([f"{api}?month=1", f"{api}?key=hunter2&month=2", f"{api}?month=1"])

    assert bill(store).rows == 2
    assert [file.path for file in source_files(store)] == [api, api]


def test_a_url_of_a_kind_whose_library_is_missing_says_what_to_install() -> None:
    with pytest.raises(ConfigurationError, match="dropbox"):
        read("dropbox://folder/a.csv")


@pytest.mark.parametrize("name", ["~january.csv", "~/january.csv"])
def test_a_tilde_that_a_pattern_finds_is_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath(name).parent.mkdir(exist_ok=True)
    write(tmp_path, name, csv_text([text_row(1)]))

    assert bill(read("**/*.csv")).rows == 1


def test_packed_files_are_read_and_their_rows_set_aside_from_their_own_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(csv_text([text_row(1), text_row(2, credits_used="x")]).encode()))

    store = read(path)

    assert bill(store).rows == 1
    assert set_aside(store) == [(3, "bad_credits")]


def test_a_file_that_is_gone_before_it_is_read_is_told_as_one_of_ours(tmp_path: Path) -> None:
    (export,) = local_exports(write(tmp_path, "a.csv", csv_text([text_row(1)])))
    store = UsageStore()

    def brought_too_early(folder: Path) -> Path:
        return export.bring(folder).rename(folder / "gone.csv")

    with pytest.raises(InvalidRequestError, match=r"cannot be read to the end.*No such file.*a\.csv.*Nothing of them"):
        read_batch(
            store, [export, replace(export, place="b", bring=brought_too_early)], Rules("UTC", strict_months=False)
        )
    assert source_files(store) == ()


def test_no_room_to_unpack_is_told_as_one_of_ours(tmp_path: Path) -> None:
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(csv_text([text_row(1)]).encode()))
    (export,) = local_exports(packed)

    def brought_where_it_is_full(folder: Path) -> Path:
        folder.joinpath("1.unpacked").symlink_to("/dev/full")
        return export.bring(folder)

    with pytest.raises(InvalidRequestError, match=r"cannot be read to the end.*No space left.*Nothing of them"):
        read_batch(UsageStore(), [replace(export, bring=brought_where_it_is_full)], Rules("UTC", strict_months=False))


def test_rows_in_memory_are_read_like_any_export() -> None:
    store = UsageStore()

    report = ingest(store, iter([usage_row(1), usage_row(2, credits_used=Decimal("0.000001"))]))

    assert (bill(store).rows, bill(store).credits) == (2, Decimal("1.500001"))
    (file,) = report.files
    assert file.path.startswith("rows ")


def test_the_same_rows_in_memory_are_skipped_and_new_ones_read() -> None:
    store = UsageStore()
    ingest(store, many_rows(25_000))

    report = ingest(store, many_rows(25_001))

    assert len(report.skipped) == 2
    assert (report.rows_read, report.kept, bill(store).rows) == (5_001, 1, 25_001)


def test_paths_and_rows_are_not_mixed(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", csv_text([text_row(1)]))

    with pytest.raises(InvalidRequestError, match="Give rows alone"):
        ingest(UsageStore(), [usage_row(1), path])  # type: ignore[arg-type]
    with pytest.raises(InvalidRequestError, match="not a number"):
        ingest(UsageStore(), [path, 7])  # type: ignore[arg-type]
