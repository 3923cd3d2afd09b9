"""The words of a scenario file, as they are written; each form returns what it means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self, get_args

from pydantic import AfterValidator, BaseModel, Field, field_validator, model_validator

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.shapes import nearest
from aijobs_sdk.engine.chance import Seed
from aijobs_sdk.simulation.durations import Duration
from aijobs_sdk.simulation.faults import BatchFault, FaultKind, Quirk
from aijobs_sdk.simulation.load import Capacity
from aijobs_sdk.simulation.profiles import Probability, Profile
from aijobs_sdk.simulation.rate_limits import RateLimit
from aijobs_sdk.simulation.rules import Match, Rule
from aijobs_sdk.simulation.script import MOST_TOKENS, Step, fail, ok
from aijobs_sdk.simulation.timeline import (
    MET_BY_BATCHES,
    UNAVAILABLE,
    Incident,
    Outage,
    check_model,
    check_name,
    provider_names,
)

STATUS = "status"
MOST_TIMES = 1_000


def _problem_of(error: InvalidRequestError) -> ValueError:
    return ValueError(error.fields[0].problem)


def _model(glob: str) -> str:
    try:
        return check_model(glob)
    except InvalidRequestError as unknown:
        raise _problem_of(unknown) from None


def _provider(glob: str) -> str:
    try:
        return check_name(glob, provider_names(), "provider")
    except InvalidRequestError as unknown:
        raise _problem_of(unknown) from None


ModelGlob = Annotated[str, AfterValidator(_model)]
ProviderGlob = Annotated[str, AfterValidator(_provider)]
Count = Annotated[int, Field(strict=True, ge=0)]
Number = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]


def _check_step(form: FaultForm | OkForm) -> None:
    try:
        form.step()
    except InvalidRequestError as error:
        raise ValueError(f"cannot be: {error.message.removesuffix('.')}") from None


class FaultForm(Fact):
    """`{kind = "status", status = 429, retry_after = "20s"}`, or another kind."""

    kind: str = STATUS
    status: Annotated[Number | None, Field(ge=400, le=599)] = None
    retry_after: Duration | None = None
    after_tokens: Annotated[Count | None, Field(le=MOST_TOKENS)] = None
    seconds: Duration | None = None

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str) -> str:
        known = [STATUS, *FaultKind, *Quirk, *BatchFault]
        if kind not in known:
            raise ValueError(f"is no fault.{nearest(kind, known)}")
        return kind

    @model_validator(mode="after")
    def _has_a_status_where_it_is_one(self) -> Self:
        if self.kind == STATUS and self.status is None:
            raise ValueError("needs a status, 400 to 599, or another kind")
        if self.kind != STATUS and self.status is not None:
            raise ValueError(f'has a status and another kind: leave one of them out, or say kind = "{STATUS}"')
        return self

    @model_validator(mode="after")
    def _can_happen(self) -> Self:
        _check_step(self)
        return self

    def step(self) -> Step:
        """Return this way to fail."""
        return fail(
            self.kind if self.status is None else self.status,
            retry_after=self.retry_after,
            after_tokens=self.after_tokens,
            seconds=self.seconds,
        )


class OkForm(Fact):
    """`{text = "…"}` or `{tokens = 300}`, or nothing."""

    text: str | None = None
    tokens: Annotated[Count | None, Field(ge=1, le=MOST_TOKENS)] = None

    @model_validator(mode="after")
    def _can_happen(self) -> Self:
        _check_step(self)
        return self

    def step(self) -> Step:
        """Return this answer."""
        return ok(self.text, tokens=self.tokens)


class StepForm(Fact):
    """What happens at one attempt, or at several in a row, or at all from there on."""

    fault: FaultForm | None = None
    ok: OkForm | None = None
    times: Annotated[Number | None, Field(ge=1, le=MOST_TIMES)] = None
    """None: once."""
    forever: Flag = False

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.fault is None) == (self.ok is None):
            raise ValueError("needs either a fault or ok")
        if self.forever and self.times is not None:
            raise ValueError("happens forever, so that times says nothing")
        return self

    def steps(self) -> tuple[Step, ...]:
        """Return these steps of a script."""
        step = (self.fault or self.ok or OkForm()).step()
        return (step.forever(),) if self.forever else step * (self.times or 1)


class MatchForm(Match):
    """The globs of a rule."""

    model: ModelGlob | None = None


class RuleForm(Fact):
    """`{match = {…}, steps = [{…}, …]}`."""

    match: MatchForm = MatchForm()
    steps: tuple[StepForm, ...]

    @field_validator("steps")
    @classmethod
    def _are_all_reached(cls, steps: tuple[StepForm, ...]) -> tuple[StepForm, ...]:
        if not steps:
            raise ValueError("needs at least one step")
        if any(step.forever for step in steps[:-1]):
            raise ValueError("has steps after one that happens forever")
        return steps

    def rule(self, *, file: str | None = None) -> Rule:
        """Return the rule."""
        match = Match.model_validate(self.match.model_dump())
        return Rule(match=match, steps=tuple(step for form in self.steps for step in form.steps()), file=file)


class LimitForm(RateLimit):
    """`{model = "gpt-*", requests_per_minute = 60}`."""

    model: ModelGlob = "*"

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.requests_per_minute is None and self.tokens_per_minute is None:
            raise ValueError("needs requests_per_minute or tokens_per_minute")
        return self

    def limit(self) -> RateLimit:
        """Return the limit."""
        return RateLimit.model_validate(self.model_dump())


class CapacityForm(Capacity):
    """`{model = "gpt-*", max_concurrency = 8, load_factor = 3}`."""

    model: ModelGlob = "*"

    def capacity(self) -> Capacity:
        """Return the capacity."""
        return Capacity.model_validate(self.model_dump())


class PlaceForm(Fact):
    """Where an incident is."""

    provider: ProviderGlob | None = None
    model: ModelGlob | None = None


class IncidentForm(Fact):
    """`{at = "5m", lasts = "90s", match = {provider = "bedrock"}, error_rate = 0.5}`."""

    at: Duration
    lasts: Duration
    match: PlaceForm = PlaceForm()
    error_rate: Probability = 1.0
    fault: FaultForm = FaultForm(status=UNAVAILABLE)

    @field_validator("fault")
    @classmethod
    def _is_met_by_calls(cls, fault: FaultForm) -> FaultForm:
        if fault.kind in list(BatchFault):
            raise ValueError(MET_BY_BATCHES)
        return fault

    def incident(self) -> Incident:
        """Return the incident."""
        outage = Outage(
            provider=self.match.provider,
            model=self.match.model,
            error_rate=self.error_rate,
            lasts_seconds=self.lasts,
            fault=self.fault.step(),
        )
        return Incident(starts_at_seconds=self.at, outage=outage)


class ScenarioForm(Fact):
    """A whole file."""

    seed: Annotated[Seed | None, Field(strict=True)] = None
    profile: str | None = None
    limits: tuple[LimitForm, ...] = ()
    capacities: tuple[CapacityForm, ...] = ()
    rules: tuple[RuleForm, ...] = ()
    timeline: tuple[IncidentForm, ...] = ()

    @field_validator("profile")
    @classmethod
    def _is_a_profile(cls, profile: str | None) -> str | None:
        if profile is not None and profile not in Profile.names():
            raise ValueError(f"is no profile.{nearest(profile, Profile.names())}")
        return profile


def names_at(form: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the names that may stand at this place of a form."""
    for part in path:
        field = form.model_fields.get(str(part))
        form = next(_forms_in(field.annotation), form) if field is not None else form
    return list(form.model_fields)


def _forms_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _forms_in(part)


def field_problem(form: type[BaseModel], path: tuple[str | int, ...], problem: str) -> FieldProblem:
    """Return a problem at a place of a form, whose path reads `rules[0].steps`."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    return FieldProblem(field=name or form.__name__.removesuffix("Form").lower(), problem=problem)
