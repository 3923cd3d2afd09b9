"""How a simulated provider behaves: how fast it writes, how much, how often it fails."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from random import Random
from typing import Annotated, TypeVar

from pydantic import Field

from aijobs_sdk.contract.error_info import FieldProblem
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.model import Fact
from aijobs_sdk.engine.chance import Draws
from aijobs_sdk.simulation.load import Capacity

_Z95 = 1.6448536269514722
"""The 95th percentile of the standard normal distribution."""

Probability = Annotated[float, Field(ge=0, le=1)]


def lognormal(first: float, second: float, *, p50: float, p95: float) -> float:
    """Return what two numbers in [0, 1) draw from the lognormal distribution with this median and 95th percentile."""
    normal = math.sqrt(-2 * math.log(1 - first)) * math.cos(math.tau * second)  # as Box and Muller do
    return p50 * math.exp(normal * math.log(p95 / p50) / _Z95)


class Figures(Fact):
    """Numbers about the world, with where they come from and the day that was looked at."""

    source: str
    as_of: date


class Latency(Figures):
    """How long a model takes."""

    ttft_p50_seconds: float = Field(ge=0)
    """Time to the first token of an ordinary call: lognormal between this and the p95; 0 where it is there at once."""
    ttft_p95_seconds: float = Field(ge=0)
    slow_path_probability: Probability = 0
    slow_path_factor: float = Field(default=1, ge=1)
    """What the time to the first token is multiplied by on the slow path."""
    tokens_per_second: float = Field(gt=0)
    token_cv: float = Field(default=0, ge=0)
    """Standard deviation of the time between two tokens, as a share of its mean."""
    prefill_seconds_per_token: float = Field(default=0, ge=0)
    tokens_per_event: int = Field(default=1, ge=1)

    @property
    def is_steady(self) -> bool:
        """Whether nothing is drawn: each attempt takes as long as any other."""
        return not (self.ttft_p50_seconds or self.token_cv)

    def draw_ttft_seconds(self, draws: Callable[[], Draws], *, input_tokens: int) -> float:
        """Return a time to the first token, of which reading the prompt is a part."""
        if not self.ttft_p50_seconds:
            return input_tokens * self.prefill_seconds_per_token
        one, other, path = draws()
        first = lognormal(one, other, p50=self.ttft_p50_seconds, p95=self.ttft_p95_seconds)
        if path < self.slow_path_probability:
            first *= self.slow_path_factor
        return first + input_tokens * self.prefill_seconds_per_token

    def draw_gap_seconds(self, rng: Random, *, tokens: float) -> float:
        """Return the time between two events of that many tokens each."""
        # Independent noise in each of n tokens grows with the square root of n.
        noise = rng.gauss(0, self.token_cv) * math.sqrt(tokens)
        return max(0.0, tokens + noise) / self.tokens_per_second


class Length(Figures):
    """How much a model writes, in tokens: lognormal."""

    p50_tokens: float = Field(gt=0)
    p95_tokens: float = Field(gt=0)

    def draw_tokens(self, draws: Draws) -> int:
        """Return a length."""
        first, second, _ = draws
        return max(1, round(lognormal(first, second, p50=self.p50_tokens, p95=self.p95_tokens)))


class ErrorRates(Figures):
    """The share of calls that end in each way; the rest succeed."""

    rate_limited: Probability = 0
    retry_after_max_seconds: int = Field(default=1, ge=1)
    """A rate limit asks to wait 1 second to this many, each as likely."""
    unavailable: Probability = 0
    timeout: Probability = 0
    reset: Probability = 0
    truncated: Probability = 0

    @property
    def never(self) -> bool:
        """Whether every call succeeds."""
        return not (self.rate_limited or self.unavailable or self.timeout or self.reset or self.truncated)


class IncidentRates(Figures):
    """How a provider goes from normal to an incident and back: both last for exponentially distributed times."""

    mean_seconds_between: float = Field(gt=0)
    mean_seconds_lasting: float = Field(gt=0)
    error_rate: Probability
    """The share of calls that fail in an incident."""


class Turnaround(Figures):
    """How long a vendor's own batches take: lognormal; 0 where they are over at once."""

    p50_seconds: float = Field(ge=0)
    p95_seconds: float = Field(ge=0)

    def draw_seconds(self, rng: Random) -> float:
        """Return how long a batch takes."""
        if not self.p50_seconds:
            return 0.0
        return lognormal(rng.random(), rng.random(), p50=self.p50_seconds, p95=self.p95_seconds)


class CapacityFigures(Capacity, Figures):
    """How many calls of a model are answered at the same time, and how slow it is then."""


class Behaviour(Fact):
    """Everything a profile says about one model."""

    latency: Latency
    length: Length
    errors: ErrorRates


_F = TypeVar("_F", bound=Figures)


def _for_model(group: Mapping[str, _F], model: str) -> _F:
    return group.get(model, group["default"])


class Profile(Fact):
    """A world to simulate: groups of figures by model, each with a `default` for the models it does not name."""

    latency: Mapping[str, Latency]
    length: Mapping[str, Length]
    errors: Mapping[str, ErrorRates]
    batches: Mapping[str, Turnaround]
    incidents: Mapping[str, IncidentRates] = {}
    """By provider; empty where there are none."""
    capacities: Mapping[str, CapacityFigures] = {}
    """Empty where every model bears any load."""

    @staticmethod
    def names() -> Sequence[str]:
        """Return the names of all packaged profiles."""
        return list(_packaged())

    @staticmethod
    def load(name: str) -> Profile:
        """Return the packaged profile of this name: `instant`, `fast`, `typical` or `stress`.

        Raises:
            InvalidRequestError: there is none of this name.
        """
        profiles = _packaged()
        if name not in profiles:
            known = ", ".join(profiles)
            raise InvalidRequestError(
                f'Unknown profile "{name}". Choose one of: {known}.',
                code="unknown_profile",
                fields=[FieldProblem(field="profile", problem=f"expected one of: {known}")],
            )
        return profiles[name]

    def behaviour(self, model: str) -> Behaviour:
        """Return what this profile says about a model, known or not."""
        return Behaviour(
            latency=_for_model(self.latency, model),
            length=_for_model(self.length, model),
            errors=_for_model(self.errors, model),
        )

    def incident_rates(self, provider: str) -> IncidentRates | None:
        """Return how often this provider, known or not, has incidents; None where it has none."""
        return _for_model(self.incidents, provider) if self.incidents else None

    def turnaround(self, provider: str) -> Turnaround:
        """Return how long batches take at this provider, known or not."""
        return _for_model(self.batches, provider)

    def capacity(self, model: str) -> Capacity | None:
        """Return what load this model, known or not, can bear; None where it can bear any."""
        return _for_model(self.capacities, model) if self.capacities else None


@cache
def _packaged() -> Mapping[str, Profile]:
    data = tomllib.loads(files(__package__).joinpath("profiles.toml").read_text("utf-8"))
    return {
        name: Profile.model_validate({kind: data[kind][group] for kind, group in groups.items()})
        for name, groups in data["profiles"].items()
    }
