"""The judge of the torture is no fool: whatever is wrong with a job, it sees."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from uuid import UUID

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.job import Job, JobStatus
from aijobs_sdk.stores.sql.database import Database
from benchmarks.torture.evidence import Evidence, read_evidence
from benchmarks.torture.promises import broken_promises

STRANGER = UUID(int=7)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What is left of a test job, a generation and a failure, in this order, to whom nothing was done."""
    url = f"sqlite:///{tmp_path_factory.mktemp('honest')}/jobs.db"
    with aijobs.Client(url) as client:
        echo = client.submit(type="test_job", payload={"echo": 1, "text": ["one ", "two"]})
        generation = client.submit("Describe a river", model="gpt-5.2")
        failure = client.submit(type="test_job", payload={"fail": True})
        answers = {str(job.wait().id): {job.id} for job in (echo, generation, failure)}
    with closing(Database(url)) as database:
        return read_evidence(database, answers)


def with_job(evidence: Evidence, place: int, **changed: object) -> Evidence:
    jobs = list(evidence.jobs)
    jobs[place] = Job.model_validate(jobs[place].model_dump() | changed)
    return evidence._replace(jobs=jobs)


def without_event(evidence: Evidence, place: int, event: int) -> Evidence:
    job_id, log = evidence.jobs[place].id, list(evidence.logs[evidence.jobs[place].id])
    del log[event]
    return evidence._replace(logs={**evidence.logs, job_id: log})


def with_last_event_again(evidence: Evidence, place: int) -> Evidence:
    job_id, log = evidence.jobs[place].id, evidence.logs[evidence.jobs[place].id]
    return evidence._replace(logs={**evidence.logs, job_id: [*log, replace(log[-1], seq=len(log) + 1)]})


WRONG: dict[str, Callable[[Evidence], Evidence]] = {
    "answered with a job that is not there": lambda one: one._replace(answers={**one.answers, "lost": {STRANGER}}),
    "answered with 3 jobs": lambda one: one._replace(answers={**one.answers, "two": {job.id for job in one.jobs}}),
    "3 jobs are there that no answer named": lambda one: one._replace(answers={}),
    "never ended": lambda one: with_job(one, 0, status=JobStatus.PROCESSING),
    "is failed, and its log is": lambda one: with_job(one, 0, status=JobStatus.FAILED),
    "counts 2 attempts of 3: 1 were begun": lambda one: with_job(one, 0, attempts=2),
    "counts 2 attempts of 1": lambda one: with_job(one, 0, max_attempts=1, attempts=2),
    "the result of another attempt": lambda one: with_job(one, 0, result={"echo": 1, "attempt": 2}),
    "failed with attempts to spare": lambda one: with_job(one, 2, payload={}),
    "has a gap in its events": lambda one: without_event(one, 0, 2),
    "is completed, and its log is ['accepted', 'started', 'delta', 'delta']": lambda one: without_event(one, 0, -1),
    "'completed', 'completed']": lambda one: with_last_event_again(one, 0),
    "has another text in its log": lambda one: without_event(one, 1, 4),
    "left document rows": lambda one: one._replace(documents={}),
    "left lineage rows": lambda one: one._replace(lineage={one.jobs[0].id: [STRANGER], **one.lineage}),
    "left usage rows": lambda one: one._replace(usage={key: [*ids, *ids] for key, ids in one.usage.items()}),
    "left 0 dead letters": lambda one: one._replace(dead_letters=[]),
    "left 2 dead letters": lambda one: one._replace(dead_letters=[*one.dead_letters, *one.dead_letters]),
}


def test_of_what_went_well_it_says_nothing(honest: Evidence) -> None:
    assert broken_promises(honest) == []


@pytest.mark.parametrize(("said", "spoil"), WRONG.items(), ids=WRONG)
def test_of_what_went_wrong_it_tells(honest: Evidence, said: str, spoil: Callable[[Evidence], Evidence]) -> None:
    assert any(said in broken for broken in broken_promises(spoil(honest)))
