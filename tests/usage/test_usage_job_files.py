"""How jobs ended leaves in files and comes back from them: all of it or nothing, and never a prompt or a text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aijobs_sdk.contract.error_info import ErrorCategory
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import Job
from aijobs_sdk.usage.checking.jobs import add_jobs
from aijobs_sdk.usage.exports.export import ExportFormat
from aijobs_sdk.usage.exports.job_record import JOB_COLUMNS
from aijobs_sdk.usage.exports.jobs import export_jobs
from aijobs_sdk.usage.store import UsageStore
from usage.ended_jobs import PROMPT, completed, failed
from usage.usage_rows import write

ALL_FORMATS = pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])


@pytest.fixture
def store() -> Iterator[UsageStore]:
    opened = UsageStore()
    yield opened
    opened.close()


@ALL_FORMATS
def test_exported_jobs_are_noted_as_the_jobs_themselves(tmp_path: Path, store: UsageStore, form: ExportFormat) -> None:
    jobs = [
        completed(1),
        failed(2),
        failed(3, ErrorCategory.CANCELLED, started_at=None),
        completed(4, type='a,"type"\nof mine', result={"model": {"any": 1}}),
        completed(5, type="a\rtype", result={"model": 'of\r\n"mine"'}),
    ]
    other = UsageStore()
    add_jobs(other, export_jobs(jobs, tmp_path, format=form))

    assert add_jobs(store, jobs) == 5
    assert other.ask("FROM job ORDER BY job_id") == store.ask("FROM job ORDER BY job_id")


@ALL_FORMATS
def test_neither_prompt_nor_text_leaves_with_a_job(tmp_path: Path, store: UsageStore, form: ExportFormat) -> None:
    [file] = export_jobs([completed(1), failed(2)], tmp_path, format=form)
    add_jobs(store, file)

    assert b"merger" not in file.read_bytes()
    assert PROMPT not in str(store.ask("FROM job").cells)


@ALL_FORMATS
def test_jobs_that_are_not_over_are_left_out(tmp_path: Path, store: UsageStore, form: ExportFormat) -> None:
    jobs = [completed(1), completed(2, status="processing", result=None, completed_at=None)]

    assert add_jobs(store, export_jobs(jobs, tmp_path, format=form)) == 1
    assert add_jobs(store, jobs) == 1


def test_an_export_of_jobs_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    jobs = [completed(1), completed(2, result={"credits_used": "1.1234567"})]

    with pytest.raises(InvalidRequestError, match="00000002 cannot be noted: `credits_used`"):
        export_jobs(jobs, tmp_path, format="jsonl")

    assert list(tmp_path.iterdir()) == []


def test_an_amount_that_was_written_as_a_json_number_is_what_was_written(store: UsageStore) -> None:
    add_jobs(store, [completed(1, result=json.loads('{"credits_used": 123456789.123457}'))])

    assert store.ask("SELECT credits_used FROM job").cells == ((Decimal("123456789.123457"),),)


def test_what_is_told_of_a_job_twice_is_what_it_says_of_the_later_end(store: UsageStore) -> None:
    early, late = datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 1, 4, tzinfo=UTC)
    add_jobs(store, [completed(1, completed_at=late, attempts=2), completed(1, completed_at=early, attempts=1)])
    add_jobs(store, [completed(1, completed_at=early, attempts=3)])

    assert store.ask("SELECT attempts FROM job").cells == ((2,),)


def test_a_job_told_of_again_with_the_same_end_is_as_told_last(store: UsageStore) -> None:
    add_jobs(store, [completed(1, attempts=1)])
    add_jobs(store, [completed(1, attempts=3), completed(1, attempts=2)])

    assert store.ask("SELECT attempts FROM job").cells == ((2,),)


def test_handles_of_jobs_will_do(store: UsageStore) -> None:
    @dataclass
    class Handle:
        job: Job

    assert add_jobs(store, [Handle(completed(1)), completed(2)]) == 2


def test_what_is_no_job_is_refused(store: UsageStore) -> None:
    with pytest.raises(InvalidRequestError, match="one is an object with 1 fields"):
        add_jobs(store, [completed(1), {"id": "secret"}])  # type: ignore[list-item]

    assert store.ask("FROM job").cells == ()


@pytest.mark.parametrize("model", ["m" * 3_000_000, "half a character: \ud800"])
def test_what_a_result_calls_its_model_is_no_name_if_it_cannot_be_one(store: UsageStore, model: str) -> None:
    add_jobs(store, [completed(1, result={"model": model}, payload={"prompt": PROMPT, "model": "mine"})])

    assert store.ask("SELECT model FROM job").cells == (("mine",),)


GOOD = (
    *("j1", "t", "u", "ai_generation", "completed", "gpt-5.2", "openai", "1", "1.500000", "", "", ""),
    *("2026-01-22T10:14:00Z", "", "2026-01-22T10:15:00Z"),
)

GOOD_JSON = json.dumps({name: text or None for name, text in zip(JOB_COLUMNS, GOOD, strict=True)})


@pytest.mark.parametrize(
    ("column", "text", "problem"),
    [
        ("job_id", "", "`job_id`"),
        ("status", "processing", "`status`"),
        ("attempts", "many", "`attempts`"),
        ("attempts", "-1", "`attempts`"),
        ("attempts", "3000000000", "`attempts`"),
        ("credits_used", "1.1234567", "`credits_used`"),
        ("credits_used", "NaN", "`credits_used`"),
        ("credits_used", "-1.5", "`credits_used`"),
        ("completed_at", "yesterday", "`completed_at`"),
        ("created_at", "0001-01-01T00:00:00+01:00", "`created_at`"),
    ],
)
def test_a_bad_line_is_told_by_line_and_field_and_nothing_is_noted(
    tmp_path: Path, store: UsageStore, column: str, text: str, problem: str
) -> None:
    bad = [text if name == column else value for name, value in zip(JOB_COLUMNS, GOOD, strict=True)]
    file = write(tmp_path, "jobs.csv", "\n".join(map(",".join, [JOB_COLUMNS, GOOD, bad])))

    with pytest.raises(InvalidRequestError, match=f"line 3: {problem}") as refused:
        add_jobs(store, file)

    assert store.ask("FROM job").cells == ()
    assert not text or text not in str(refused.value).partition("line 3")[2]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("jobs.jsonl", "{}\n", "line 1: `job_id` is required"),
        ("jobs.jsonl", '\n{"job_id": \n', "line 2: it is not a JSON object"),
        ("jobs.jsonl", "[1]\n", "line 1: it is not a JSON object"),
        ("jobs.jsonl", GOOD_JSON.replace("gpt-5.2", "m" * 3_000_000), "line 1: `model`.* at most 1000"),
        ("jobs.jsonl", GOOD_JSON.replace("gpt-5.2", r"\ud800"), "line 1: `model` must hold no NUL, and no half"),
        ("jobs.csv", "id,tenant_id\n1,2\n", "line 2: `job_id` is required"),
        ("jobs.csv", ",".join(JOB_COLUMNS) + "\n" + ",".join([*GOOD, "x"]), "line 2: it has more fields"),
        ("jobs.csv", ",".join(JOB_COLUMNS) + "\n" + ",".join(GOOD[:-1]), "line 2: it has fewer fields .* may be cut"),
        ("jobs.csv", '"job_id\n', "cannot be read as a file of jobs"),
        ("jobs.parquet", "no parquet", "cannot be read as a file of jobs"),
        ("jobs.txt", "x", "means no file of jobs"),
    ],
)
def test_a_file_that_is_none_of_jobs_is_refused(
    tmp_path: Path, store: UsageStore, name: str, text: str, problem: str
) -> None:
    file = write(tmp_path, name, text)

    with pytest.raises(InvalidRequestError, match=problem):
        add_jobs(store, [completed(1), file])

    assert store.ask("FROM job").cells == ()


def test_amounts_of_jobs_wider_than_can_be_read_exactly_are_refused(tmp_path: Path, store: UsageStore) -> None:
    wide = pa.array([Decimal("123456789012.123457")], pa.decimal256(76, 38))  # BigQuery's BIGNUMERIC
    table = pa.table({name: [value or None] for name, value in zip(JOB_COLUMNS, GOOD, strict=True)})
    place = JOB_COLUMNS.index("credits_used")
    pq.write_table(table.set_column(place, "credits_used", wide), tmp_path / "jobs.parquet")

    with pytest.raises(InvalidRequestError, match=r"jobs.parquet has amounts of more than 38 digits.*credits_used"):
        add_jobs(store, tmp_path / "jobs.parquet")


def test_a_mark_before_the_first_line_is_no_part_of_it(tmp_path: Path, store: UsageStore) -> None:
    (exported,) = export_jobs([completed(1)], tmp_path / "a", format="jsonl")
    marked = tmp_path / "marked.jsonl"
    marked.write_text(exported.read_text("utf-8"), encoding="utf-8-sig")

    assert add_jobs(store, marked) == 1


def test_a_folder_or_a_pattern_means_all_files_of_jobs_in_it(tmp_path: Path, store: UsageStore) -> None:
    export_jobs([completed(1)], tmp_path / "a", format="csv")
    export_jobs([completed(2)], tmp_path / "b", format="parquet")

    assert add_jobs(store, tmp_path) == 2
    assert add_jobs(store, str(tmp_path / "**" / "*.csv")) == 1


@ALL_FORMATS
def test_a_tilde_that_a_pattern_finds_is_no_home(
    tmp_path: Path, store: UsageStore, monkeypatch: pytest.MonkeyPatch, form: ExportFormat
) -> None:
    monkeypatch.chdir(tmp_path)
    export_jobs([completed(1)], tmp_path, format=form, name="~jobs")

    assert add_jobs(store, "*") == 1


def test_of_a_folder_of_jobs_hidden_folders_are_left_out_and_linked_ones_are_not(
    tmp_path: Path, store: UsageStore
) -> None:
    export_jobs([completed(1)], tmp_path / "jobs" / ".old", format="csv")
    export_jobs([completed(2)], tmp_path / "archive", format="csv")
    tmp_path.joinpath("jobs", "archive").symlink_to(tmp_path / "archive")

    assert add_jobs(store, tmp_path / "jobs") == 1
    assert store.ask("SELECT job_id FROM job").cells == ((str(completed(2).id),),)


@pytest.mark.parametrize(
    ("form", "name", "problem"), [("xlsx", "jobs", "Unknown format"), ("csv", "a/b", "cannot begin a file name")]
)
def test_an_export_that_cannot_be_made_is_refused(tmp_path: Path, form: ExportFormat, name: str, problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        export_jobs([completed()], tmp_path, format=form, name=name)


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be used as a folder"):
        export_jobs([completed()], write(tmp_path, "taken", ""))
