"""How jobs ended, written to files: CSV, JSONL or Parquet, with the same columns and the same exact amounts in each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.refusal import bad_argument, check_iterable, path_of
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.usage.exports.csv_export import csv_line
from aijobs_sdk.usage.exports.export import ExportFormat
from aijobs_sdk.usage.exports.job_record import JOB_COLUMNS, JobRecord, job_record
from aijobs_sdk.usage.exports.staging import Staging
from aijobs_sdk.usage.statement import statement


def export_jobs(
    jobs: Iterable[Job],
    directory: str | Path,
    *,
    format: ExportFormat = "parquet",  # noqa: A002 - the word of `aijobs export jobs --format`
    name: str = "jobs",
) -> list[Path]:
    """Write how `jobs` ended into `directory`, made if missing, and return the new files; those not over are left out.

    The columns are JOB_COLUMNS: who asked, for what type, which model answered, how often it was tried, what it cost,
    and when; never a payload, a prompt or a text. Amounts are decimal text with six places (Parquet: DECIMAL(18,6)),
    instants UTC (Parquet: TIMESTAMP without a zone). A file appears complete; if `jobs` raises, none does.

    Raises:
        InvalidRequestError: an unknown format, a name that is a path, a directory that cannot be written to, something
            that is no job, or a job that says an amount that is none.
        ConfigurationError: Parquet needs the `usage` extra.
    """
    if format not in get_args(ExportFormat):
        raise InvalidRequestError(f"Unknown format {format!r}. Choose csv, jsonl or parquet.")
    check_iterable("jobs", jobs, "jobs")
    with Staging(path_of("directory", directory), name=name, ending=format) as staging:
        records = job_records(map(_job, jobs))
        match format:
            case "csv":
                staging.next_file().writelines(_csv_lines(records))
            case "jsonl":
                staging.next_file().writelines(map(_json_line, records))
            case "parquet":
                _write_parquet(records, staging)
    return staging.published


def _job(value: object) -> Job:
    if not isinstance(value, Job):
        raise bad_argument("jobs", f"must yield jobs, one is {shape_of(value)}; a handle has its job as `handle.job`")
    return value


def job_records(jobs: Iterable[Job]) -> Iterator[JobRecord]:
    """Yield how each of `jobs` ended that has.

    Raises:
        InvalidRequestError: one says an amount that is none.
    """
    return (record for record in map(job_record, jobs) if record is not None)


def write_job_texts(records: Iterable[JobRecord], path: Path) -> None:
    """Write `records` as CSV without a header, from which DuckDB takes them in at once."""
    with path.open("wb") as file:
        file.writelines(_csv_line(record) for record in records)


def _csv_lines(records: Iterable[JobRecord]) -> Iterator[bytes]:
    yield csv_line(JOB_COLUMNS)
    yield from map(_csv_line, records)


def _csv_line(record: JobRecord) -> bytes:
    return csv_line(text or "" for text in record.texts)


def _json_line(record: JobRecord) -> bytes:
    return json.dumps(dict(zip(JOB_COLUMNS, record.texts, strict=True)), ensure_ascii=False).encode() + b"\n"


def _write_parquet(records: Iterable[JobRecord], staging: Staging) -> None:
    from aijobs_sdk.usage.store import DatabaseError, scratch_database  # noqa: PLC0415 - DuckDB is an extra

    with TemporaryDirectory() as scratch, scratch_database() as database:
        texts = Path(scratch, "jobs.csv")  # on disk, so that memory does not grow with the jobs
        write_job_texts(records, texts)
        parameters = {
            "jobs": str(texts),
            "columns": dict.fromkeys(JOB_COLUMNS, "VARCHAR"),
            "target": staging.next_file().name,
        }
        try:
            database.execute(statement("exports/write_jobs_parquet"), parameters)
        except DatabaseError as error:
            raise staging.refused(error) from error
