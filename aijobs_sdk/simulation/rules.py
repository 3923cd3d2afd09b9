"""Which jobs a script is for, and which of its steps is due."""

from __future__ import annotations

from fnmatch import fnmatchcase
from uuid import UUID

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
        return (
            _fits(self.model, request.model)
            and _fits(self.prompt, request.prompt)
            and _fits(self.tenant, request.tenant_id)
            and _fits(self.job, request.job_id)
        )

    def __str__(self) -> str:
        globs = ", ".join(f"{name}={glob!r}" for name, glob in self if glob is not None)
        return globs or "all jobs"


def _fits(glob: str | None, value: str | UUID) -> bool:
    return glob is None or fnmatchcase(str(value), glob)


class Rule(Fact):
    """A script for some jobs. Each of them goes through all the steps, so that concurrency cannot move a fault."""

    match: Match
    steps: tuple[Step, ...]
    file: str | None = None
    """The scenario file it came from; None for one that a program wrote."""

    def step(self, attempt: int) -> Step | None:
        """Return the step for this attempt (1-based); None after the last, when the world is ordinary again.

        A step that stays is the step of all later attempts as well.
        """
        if attempt <= len(self.steps):
            return self.steps[attempt - 1]
        return self.steps[-1] if self.steps and self.steps[-1].is_forever else None
