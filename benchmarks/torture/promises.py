"""What must hold of every job, whatever was done to its workers and to the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from uuid import UUID

from aijobs_sdk.contract.events import JobEvent, JobReleased, JobStarted, TerminalEvent, TextDelta
from aijobs_sdk.contract.job import Job, JobStatus
from benchmarks.torture.evidence import Evidence

GENERATION = "ai_generation"


def broken_promises(evidence: Evidence) -> list[str]:
    """Return a sentence for each promise that was broken, none where all was kept."""
    broken = list(_broken_of_submits(evidence))
    for job in evidence.jobs:
        log = evidence.logs.get(job.id, ())
        for check in (_broken_of_the_end, _broken_of_attempts, _broken_of_the_answer):
            broken += [f"job {job.id} ({job.type}) {problem}" for problem in check(job, log)]
        broken += [f"job {job.id} ({job.type}) {problem}" for problem in _broken_of_what_is_left(job, evidence)]
    return broken


def _broken_of_submits(evidence: Evidence) -> Iterator[str]:
    """Every key that was answered has one job, and there is no other."""
    stored = {job.id for job in evidence.jobs}
    for key, ids in evidence.answers.items():
        if len(ids) != 1:
            yield f"key {key} was answered with {len(ids)} jobs"
        if lost := ids - stored:
            yield f"key {key} was answered with a job that is not there: {lost}"
    if unknown := stored - set().union(*evidence.answers.values()):
        yield f"{len(unknown)} jobs are there that no answer named: {sorted(unknown)[:3]}"
    if strays := evidence.logs.keys() - stored:
        yield f"there are events of {len(strays)} jobs that are not there"


def _broken_of_the_end(job: Job, log: Sequence[JobEvent]) -> Iterator[str]:
    """It has ended once, and nothing came after; its events are numbered without a gap."""
    if not job.is_final:
        yield f"never ended: it is {job.status}"
        return
    if [event.seq for event in log] != list(range(1, len(log) + 1)):
        yield f"has a gap in its events: {[event.seq for event in log]}"
    ends = [event for event in log if isinstance(event, TerminalEvent)]
    if len(ends) != 1 or ends != list(log[-1:]) or ends[0].status is not job.status:
        yield f"is {job.status}, and its log is {[event.kind for event in log]}"


def _broken_of_attempts(job: Job, log: Sequence[JobEvent]) -> Iterator[str]:
    """It was begun as often as it says, and no oftener than it may be; what was given back does not count."""
    started, released = _count(log, JobStarted), _count(log, JobReleased)
    if job.attempts > job.max_attempts or job.attempts != started - released:
        yield f"counts {job.attempts} attempts of {job.max_attempts}: {started} were begun, {released} given back"


def _broken_of_the_answer(job: Job, log: Sequence[JobEvent]) -> Iterator[str]:
    """What it came to is the work of its last attempt alone."""
    result = job.result
    if job.status is not JobStatus.COMPLETED or result is None:
        may_fail = job.payload.get("fail") or job.attempts == job.max_attempts
        if job.status is JobStatus.FAILED and not may_fail:
            yield f"failed with attempts to spare: {job.error}"
        return
    if job.type == GENERATION:
        if _written(log) != result["content"]:
            yield "has another text in its log than in its result"
    elif (result["echo"], result["attempt"]) != (job.payload["echo"], job.attempts):
        yield f"has the result of another attempt than its last, {job.attempts}: {dict(result)}"


def _broken_of_what_is_left(job: Job, evidence: Evidence) -> Iterator[str]:
    """A generation that completed left one of each, any other job none; a dead letter is left by what failed."""
    made = job.status is JobStatus.COMPLETED and job.type == GENERATION and job.result
    expected = [UUID(str(job.result["document_id"]))] if made and job.result else []
    for what, left in (("document", evidence.documents), ("lineage", evidence.lineage), ("usage", evidence.usage)):
        if list(left.get(job.id, ())) != expected:
            yield f"is {job.status} and left {what} rows of documents {left.get(job.id, ())}, not of {expected}"
    letters = Counter(evidence.dead_letters)[job.id]
    if letters != (job.status is JobStatus.FAILED):
        yield f"is {job.status} and left {letters} dead letters"


def _count(log: Sequence[JobEvent], kind: type[JobEvent]) -> int:
    return sum(isinstance(event, kind) for event in log)


def _written(log: Sequence[JobEvent]) -> str:
    """Return the answer as somebody reads it who follows the log."""
    text = ""
    for event in log:
        if isinstance(event, TextDelta):
            text = text[: event.offset] + event.text
    return text
