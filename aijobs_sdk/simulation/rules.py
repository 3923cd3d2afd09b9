"""Which jobs a script is for, and which of its steps is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain
from uuid import UUID

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.provider import GenerationRequest
from aijobs_sdk.contract.refusal import bad_argument
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


class Rules:
    """The scripts of a world. Of two for the same job the one added last holds."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._used: set[int] = set()

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def add(self, rule: Rule) -> None:
        """Let a rule hold from now on."""
        self._rules.append(rule)

    def step(self, request: GenerationRequest) -> Step | None:
        """Return what the script of a request's job says of its attempt; None where it says nothing."""
        newest_first = reversed(self._rules)
        rule = next((rule for rule in newest_first if rule.match.accepts(request)), None)
        return None if rule is None else rule.step(request.attempt)

    def note(self, request: GenerationRequest) -> None:
        """Note which of them a call is for."""
        for index, rule in enumerate(self._rules):
            if index not in self._used and rule.match.accepts(request):
                self._used.add(index)

    def unused(self) -> Sequence[Rule]:
        """Return those that no call was for so far."""
        return [rule for index, rule in enumerate(self._rules) if index not in self._used]


class When:
    """Some jobs, and what is to happen to them."""

    def __init__(self, match: Match, add: Callable[[Rule], None]) -> None:
        self._match = match
        self._add = add

    def do(self, *steps: Step | Sequence[Step]) -> None:
        """Let each of these jobs go through the steps, one an attempt; after the last its world is ordinary again.

        Raises:
            InvalidRequestError: there is no step, or one that never happens.
        """
        flat = tuple(chain.from_iterable(one if isinstance(one, Sequence) else (one,) for one in steps))
        if not flat or not all(isinstance(step, Step) for step in flat):
            raise bad_argument("steps", "must be at least one step, made with `ok()` or `fail()`")
        if any(step.is_forever for step in flat[:-1]):
            raise InvalidRequestError("A step that happens forever must be the last: those after it never happen.")
        self._add(Rule(match=self._match, steps=flat))
