"""Usage held against the records of jobs: each job that completed has one row, and each row such a job.

A job of a vendor's own batches has a row for each of its requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol, TypeAlias

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.job import Job
from aijobs_sdk.contract.months import month_span
from aijobs_sdk.contract.refusal import check_iterable
from aijobs_sdk.contract.shapes import shape_of
from aijobs_sdk.usage.checking.job_files import job_files, read_job_file
from aijobs_sdk.usage.exports.job_record import JOB_COLUMNS, JobRecord
from aijobs_sdk.usage.exports.jobs import job_records, write_job_texts
from aijobs_sdk.usage.facts.trust import JobReconciliation
from aijobs_sdk.usage.statement import statement
from aijobs_sdk.usage.store import UsageStore, stored_instant

_SHOWN = 100


class HasJob(Protocol):
    """A handle, as `client.list()` yields it."""

    @property
    def job(self) -> Job:
        """The record."""
        ...


JobSource: TypeAlias = str | Path | Job | HasJob
"""A file of `export_jobs`, a folder of them, a pattern; or a job."""


def add_jobs(store: UsageStore, jobs: str | Path | Iterable[JobSource]) -> int:
    """Note how jobs ended, and return how many have. Those not over are passed over.

    Of a job told of twice the later end holds. All are noted or none; neither payload nor text is kept of them.

    Raises:
        InvalidRequestError: a file is none of jobs, a record in it cannot be used, or something is no job.
    """
    if isinstance(jobs, str | Path):
        jobs = [jobs]
    check_iterable("jobs", jobs, "jobs, or files of them")
    with TemporaryDirectory() as scratch:
        texts = Path(scratch, "jobs.csv")
        write_job_texts(chain.from_iterable(map(_records, jobs)), texts)
        columns = dict.fromkeys(JOB_COLUMNS, "VARCHAR")
        with store.writing() as database:
            database.execute(statement("checking/take_in_jobs"), {"texts": str(texts), "columns": columns})
            database.execute(statement("checking/keep_jobs"))
            [(count,)] = database.execute("SELECT count(DISTINCT job_id) FROM told").fetchall()
    return int(count)


def reconcile_jobs(store: UsageStore, month: str) -> JobReconciliation | None:
    """Hold the usage of `month` against the jobs that were noted; None: none were.

    Corrections count: a row that was reversed is none, and its replacement is one, in whatever month they are billed.
    """
    start, end = map(stored_instant, month_span(month))
    with store.reading():  # opened once for both
        if not store.ask("SELECT 1 FROM job LIMIT 1"):
            return None
        [found] = store.ask(
            statement("checking/reconcile_jobs"), {"month": month, "start": start, "end": end, "shown": _SHOWN}
        )
    return JobReconciliation.model_validate(found)


def _records(source: JobSource) -> Iterator[JobRecord]:
    match source:
        case str() | Path():
            return chain.from_iterable(map(read_job_file, job_files(source)))
        case Job():
            return job_records([source])
        case _:
            return job_records([_job_of(source)])


def _job_of(handle: HasJob) -> Job:
    job = getattr(handle, "job", None)
    if not isinstance(job, Job):
        raise InvalidRequestError(
            f"`jobs` must be jobs, or files of them; one is {shape_of(handle)}. Give what `client.list()` yields, or "
            "what `aijobs export jobs` wrote."
        )
    return job
