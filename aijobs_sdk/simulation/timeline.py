"""Incidents: times in which a provider fails often. They come as bursts, not as a coin thrown for every call."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fnmatch import fnmatchcase

from pydantic import Field

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.refusal import bad_argument
from aijobs_sdk.contract.shapes import nearest, shape_of
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.simulation.durations import seconds_of
from aijobs_sdk.simulation.profiles import IncidentRates, Probability, Profile
from aijobs_sdk.simulation.script import FailInBatch, Step, fail

UNAVAILABLE = 503
MET_BY_BATCHES = "is met by a vendor's own batches alone, which no outage concerns: give it to jobs, by a rule"


class Outage(Fact):
    """What goes wrong, where, how often and for how long. Globs that are given have to match, all of them."""

    where: str | None = None
    """A glob that the provider or the model has to match."""
    provider: str | None = None
    model: str | None = None
    error_rate: Probability = 1.0
    """The share of calls that fail."""
    lasts_seconds: float = Field(ge=0)
    fault: Step
    """What happens to those."""

    def concerns(self, provider: str, model: str) -> bool:
        """Whether calls of this model at this provider are among those meant."""
        pairs = [(self.provider, (provider,)), (self.model, (model,)), (self.where, (provider, model))]
        return all(glob is None or any(fnmatchcase(name, glob) for name in names) for glob, names in pairs)


class Incident(Fact):
    """An outage that begins at a known second."""

    starts_at_seconds: float = Field(ge=0)
    """Since the world began."""
    outage: Outage

    def is_on(self, at_seconds: float) -> bool:
        """Whether it lasts at this second."""
        return 0 <= at_seconds - self.starts_at_seconds < self.outage.lasts_seconds


def outage(where: str, *, lasts: float | str, error_rate: float = 1.0, fault: Step | int | str = UNAVAILABLE) -> Outage:
    """Return an outage of a provider or a model (a glob over both); `sim.at()` says when it begins.

    `lasts` is a number of seconds or a text such as "90s"; `fault` what `fail()` takes or returns.

    Raises:
        InvalidRequestError: there is no such provider, model or fault, or a number cannot be.
    """
    check_name(where, [*provider_names(), *model_names()], "provider or model")
    if isinstance(error_rate, bool) or not isinstance(error_rate, int | float) or not 0 <= error_rate <= 1:
        raise bad_argument("error_rate", f"must be a number from 0 to 1, got {shape_of(error_rate)}")
    step = fault if isinstance(fault, Step) else fail(fault)
    if isinstance(step, FailInBatch):
        raise bad_argument("fault", MET_BY_BATCHES)
    return Outage(where=where, error_rate=error_rate, lasts_seconds=seconds_of(lasts, name="lasts"), fault=step)


def model_names() -> Sequence[str]:
    """Return the names of all models that come with the SDK."""
    return [model.name for model in ModelTable.load()]


def provider_names() -> Sequence[str]:
    """Return the names of all their providers."""
    return sorted({route.provider for model in ModelTable.load() for route in model.routes})


def check_model(glob: str) -> str:
    """Return the glob over names of models, if it is one or a known name.

    Raises:
        InvalidRequestError: as of `check_name()`.
    """
    return check_name(glob, model_names(), "model", argument="model")


def check_name(glob: str, known: Sequence[str], kind: str, *, argument: str = "where") -> str:
    """Return the glob, if it is one or a known name; `argument` is what it was given as.

    Raises:
        InvalidRequestError: it is a name that nobody knows, and so mostly a slip.
    """
    if not isinstance(glob, str):
        raise bad_argument(argument, f"must name a {kind}, got {shape_of(glob)}")
    if glob in known or any(sign in glob for sign in "*?["):
        return glob
    problem = f"is no known {kind}.{nearest(glob, known)} One of your own is named by a glob, such as 'mine*'."
    raise InvalidRequestError(
        f"{glob!r} {problem}", code="unknown_name", fields=[FieldProblem(field=argument, problem=problem)]
    )


class Timeline:
    """The incidents of one simulated world: those that were asked for, and those that its profile brings."""

    def __init__(self, chance: Chance, profile: Profile) -> None:
        self._chance = chance
        self._profile = profile
        self._planned: list[Incident] = []
        self._drawn: dict[str, _DrawnIncidents] = {}

    def add(self, incident: Incident) -> None:
        """Let this incident happen."""
        self._planned.append(incident)

    def moved_to(self, chance: Chance, profile: Profile) -> Timeline:
        """Return the same planned incidents, among those of another seed and profile."""
        other = Timeline(chance, profile)
        for incident in self._planned:
            other.add(incident)
        return other

    def outages(self, model: str, provider: str | None, at_seconds: float) -> Sequence[Outage]:
        """Return the outages that concern this model at this provider now, the one added last first.

        Without a provider it is whoever comes first for the model.
        """
        if not self._planned and not self._profile.incidents:
            return ()
        where = provider or _provider_of(model)
        current = [one.outage for one in reversed(self._planned) if one.is_on(at_seconds)]
        return [*(one for one in current if one.concerns(where, model)), *self._of_the_profile(where, at_seconds)]

    def _of_the_profile(self, provider: str, at_seconds: float) -> Sequence[Outage]:
        rates = self._profile.incident_rates(provider)
        if rates is None:
            return ()
        drawn = self._drawn.get(provider)
        if drawn is None:
            drawn = self._drawn[provider] = _DrawnIncidents(self._chance, provider, rates)
        if not drawn.is_on(at_seconds):
            return ()
        return (Outage(error_rate=rates.error_rate, lasts_seconds=0, fault=fail(UNAVAILABLE)),)


class _DrawnIncidents:
    """A provider's life between two states, from a normal start: each lasts for an exponentially distributed time.

    All of it hangs on the seed and the provider alone. It is drawn as far as somebody has asked, and kept.
    """

    def __init__(self, chance: Chance, provider: str, rates: IncidentRates) -> None:
        self._rng = chance.stream("incidents", provider)
        self._rates = rates
        self._changes: list[float] = []
        """Seconds at which an incident begins and ends, in turn."""
        self._drawn_to = 0.0

    def is_on(self, at_seconds: float) -> bool:
        while self._drawn_to <= at_seconds:
            begins = self._drawn_to + self._rng.expovariate(1 / self._rates.mean_seconds_between)
            self._drawn_to = begins + self._rng.expovariate(1 / self._rates.mean_seconds_lasting)
            self._changes += (begins, self._drawn_to)
        return bisect_right(self._changes, at_seconds) % 2 == 1


def _provider_of(model: str) -> str:
    """Return where this model is called unless somebody chose otherwise; nowhere for one that the table has not."""
    return next((one.provider for one in ModelTable.load() if one.name == model), "")
