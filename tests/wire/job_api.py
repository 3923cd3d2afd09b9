"""The API of docs/http_api.md over scripted jobs, as far as a client needs it to submit, follow and cancel them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from pydantic import JsonValue

from wire.exchange import Answer, Request, Stream, Whole, as_json, problem
from wire.scripted_jobs import ScriptedJob, follow_many, follow_one, read_spelled
from wire.story import Story, takes


@dataclass(kw_only=True)
class JobApi:
    """Jobs by id, and the answers to what is asked about them."""

    key: str
    """The one that it lets in."""
    story: Story = field(default_factory=lambda: takes(0.0))
    """What happens to jobs that are submitted from now on."""
    retry_ms: int = 20
    says_of_streams: Whole | None = None
    """What it answers instead of an event stream, where it has none."""
    jobs: dict[UUID, ScriptedJob] = field(default_factory=dict)
    _by_key: dict[str, list[ScriptedJob]] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer:
        """Do what is asked."""
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return problem(401, "unauthenticated", "This server does not know that key. Set AIJOBS_API_KEY.")
        match request.line.replace("/", " ").split():
            case ["POST", "api", "jobs"]:
                return self._submit(request)
            case ["POST", "api", "jobs", "lookup"]:
                return self._look_up(request)
            case ["POST", "api", "events"]:
                return self._follow_many({UUID(job_id): int(str(seq)) for job_id, seq in _posted(request).items()})
            case ["GET", "api", "events"]:
                return self._follow_many(read_spelled(request.headers.get("last-event-id") or request.query["ids"]))
            case [method, "api", "jobs", job_id, *rest] if UUID(job_id) in self.jobs:
                return self._answer_about(self.jobs[UUID(job_id)], (method, *rest), request)
            case [_, "api", "jobs", job_id, *_]:
                return problem(404, "job_not_found", f"No job {job_id}.")
            case _:
                return problem(404, "not_found", "There is nothing here.")

    def add(self, story: Story, asked: Mapping[str, JsonValue] | None = None) -> ScriptedJob:
        """Store one more job."""
        job = ScriptedJob(story=story) if asked is None else ScriptedJob(story=story, asked=asked)
        self.jobs[job.id] = job
        return job

    def _answer_about(self, job: ScriptedJob, what: tuple[str, ...], request: Request) -> Answer:
        match what:
            case ("GET",):
                return as_json(job.record())
            case ("DELETE",):
                job.cancel()
                return as_json(job.record())
            case ("GET", "events"):
                seen = int(request.headers.get("last-event-id") or request.query.get("after", "0"))
                stream = Stream(follow_one(job, seen, live=request.query.get("follow") != "false"), self.retry_ms)
                return self.says_of_streams or stream
            case _:
                return problem(404, "not_found", "There is nothing here.")

    def _submit(self, request: Request) -> Whole:
        asked = request.json()
        many = asked.get("jobs")
        wanted = many if isinstance(many, list) else [asked]
        key = str(asked.get("idempotency_key") or request.headers.get("idempotency-key") or uuid4())
        if key not in self._by_key:
            self._by_key[key] = [self.add(self.story, one) for one in wanted if isinstance(one, dict)]
        jobs = self._by_key[key]
        records = [job.record() for job in jobs]
        return as_json(dict(records[0]) if many is None else {"jobs": [*records]}, 201)

    def _look_up(self, request: Request) -> Whole:
        ids = request.json()["ids"]
        wanted = [UUID(str(one)) for one in ids] if isinstance(ids, list) else []
        found = [self.jobs[one].record() for one in wanted if one in self.jobs]
        return as_json({"jobs": [*found], "missing": [str(one) for one in wanted if one not in self.jobs]})

    def _follow_many(self, seen: dict[UUID, int]) -> Answer:
        return self.says_of_streams or Stream(follow_many(self.jobs, seen), self.retry_ms)


def _posted(request: Request) -> Mapping[str, JsonValue]:
    jobs = request.json()["jobs"]
    return jobs if isinstance(jobs, dict) else {}
