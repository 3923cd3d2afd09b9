"""Records of jobs that are over are kept, and no more of them than there is room for."""

from __future__ import annotations

from aijobs_sdk.backends.http.answers import read_fact
from aijobs_sdk.backends.http.kept_jobs import KeptJobs
from aijobs_sdk.contract.job import Job
from backends.http.wire_words import JOB, OTHER, record

OVER = read_fact(Job, record(JOB, "completed"))
ALSO_OVER = read_fact(Job, record(OTHER, "completed"))


def test_only_a_job_that_is_over_is_kept() -> None:
    kept = KeptJobs()
    kept.keep(read_fact(Job, record()), 10)
    assert kept.get(JOB) is None
    kept.keep(OVER, 10)
    assert kept.get(JOB) is OVER


def test_the_one_that_nobody_asked_for_longest_makes_room() -> None:
    kept, third = KeptJobs(most_jobs=2), OVER.replace(id=OVER.tenant_id)
    kept.keep(OVER, 10)
    kept.keep(ALSO_OVER, 10)
    assert kept.get(JOB) is OVER
    kept.keep(third, 10)
    assert (kept.get(JOB), kept.get(OTHER), kept.get(third.id)) == (OVER, None, third)


def test_room_is_counted_in_bytes_and_one_job_counts_once() -> None:
    kept = KeptJobs(most_bytes=100)
    kept.keep(OVER, 60)
    kept.keep(OVER, 60)
    assert kept.get(JOB) is OVER
    kept.keep(ALSO_OVER, 60)
    assert (kept.get(JOB), kept.get(OTHER)) == (None, ALSO_OVER)


def test_a_job_larger_than_all_the_room_is_not_kept() -> None:
    kept = KeptJobs(most_bytes=100)
    kept.keep(OVER, 101)
    assert kept.get(JOB) is None
