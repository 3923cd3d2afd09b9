"""Which jobs a script is for, and which of its steps is due."""

from __future__ import annotations

from fnmatch import fnmatchcase

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.simulation.script import Step


class Match(Fact):
    """Globs (`*contract*`, `claude-*`), upper and lower case apart; a job has to match all that are given."""

    model: str | None = None
    prompt: str | None = None
    tenant: str | None = None
    job: str | None = None

    def accepts(self, request: GenerationRequest) -> bool:
        """Whether the request's job is one of those meant."""
        pairs = [
            (self.model, request.model),
            (self.prompt, request.prompt),
            (self.tenant, str(request.tenant_id)),
            (self.job, str(request.job_id)),
        ]
        return all(glob is None or fnmatchcase(value, glob) for glob, value in pairs)


class Rule(Fact):
    """A script for some jobs. Each of them goes through all the steps, so that concurrency cannot move a fault."""

    match: Match
    steps: tuple[Step, ...]

    def step(self, attempt: int) -> Step | None:
        """Return the step for this attempt (1-based); None after the last, when the world is ordinary again."""
        return self.steps[attempt - 1] if attempt <= len(self.steps) else None
