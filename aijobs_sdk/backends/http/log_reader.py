"""The events of a job as far as its log goes now, in one answer."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aijobs_sdk.backends.http.answers import read_event, read_fact, read_object
from aijobs_sdk.backends.http.calls import Calls
from aijobs_sdk.backends.http.frames import EVENT_STREAM, Frame, FrameReader
from aijobs_sdk.backends.http.kept_jobs import KeptJobs
from aijobs_sdk.backends.http.question import Question
from aijobs_sdk.backends.http.refusal import of_another_job
from aijobs_sdk.contract.events import JobEvent
from aijobs_sdk.contract.job import Job


class LogReader:
    """Reads logs without following them."""

    def __init__(self, calls: Calls, kept: KeptJobs) -> None:
        self._calls = calls
        self._kept = kept

    async def read(self, job_id: UUID, *, after: int) -> Sequence[JobEvent]:
        """Return the events with `seq` > `after`, each once and in order.

        Raises:
            JobNotFoundError: this tenant has no such job.
        """
        question = Question(
            method="GET",
            path="/api/jobs/{}/events",
            names=(job_id,),
            query={"after": after, "follow": "false"},
            media_type=EVENT_STREAM,
            job_id=job_id,
        )
        return await self._calls.ask(question, lambda body: self._events(body, job_id, after))

    def _events(self, body: bytes, job_id: UUID, after: int) -> Sequence[JobEvent]:
        events: dict[int, JobEvent] = {}
        for frame in FrameReader(most_bytes=len(body)).feed(body):
            event = self._event(frame)
            if event is None:
                continue
            if event.job_id != job_id:
                raise of_another_job()
            if event.seq > after:
                events.setdefault(event.seq, event)
        return [events[seq] for seq in sorted(events)]

    def _event(self, frame: Frame) -> JobEvent | None:
        data = read_object(frame.data)
        if frame.event != "job":
            return read_event(data) if "seq" in data else None
        self._kept.keep(read_fact(Job, data), len(frame.data))
        return None
