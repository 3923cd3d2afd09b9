"""The words in which a pace is asked for turns, and told how they ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from aijobs_sdk.contract.provider import Allowances, TokenNeed


class Amounts(NamedTuple):
    """How much of each kind of limit; the kinds have the names that they have in `Allowances`."""

    requests: float
    tokens: float
    input_tokens: float
    output_tokens: float


ONE_REQUEST = Amounts(1.0, 0.0, 0.0, 0.0)


def amounts_of(need: TokenNeed) -> Amounts:
    """Return what a call takes that needs so many tokens."""
    return Amounts(1.0, need.input + need.output, need.input, need.output)


class Place(NamedTuple):
    """Who is asked: each has a pace of its own."""

    provider: str
    region: str
    model: str


@dataclass(slots=True)
class Asker:
    """Who wants to make calls: an attempt at a job."""

    was_sent_away: bool = False
    """Whether it comes back at its time."""
    has_asked: bool = False
    """Whether it has made a call: it then waits for its turns, however long, as that call would be paid again."""


class Size:
    """How large a call is going to be: worked out when somebody wants to know, and only once."""

    __slots__ = ("_amounts", "_need")

    def __init__(self, need: Callable[[], TokenNeed] | None = None) -> None:
        self._need = need
        self._amounts: Amounts | None = None

    @property
    def amounts(self) -> Amounts:
        """All of it; no tokens where nobody can say."""
        if self._amounts is None:
            self._amounts = ONE_REQUEST if self._need is None else amounts_of(self._need())
        return self._amounts


class Turn(NamedTuple):
    """The right to make one call, to be reported on when it has ended."""

    number: int
    """Calls are counted from 1, in the order in which they begin."""
    began_at: float
    amounts: Amounts
    sent: Amounts
    """What all calls until then have taken, this one too."""


class Wait(NamedTuple):
    """No call now."""

    seconds: float | None
    """When to ask again at the latest; None: when a call has ended."""


UNTIL_A_CALL_ENDS = Wait(None)


class Outcome(StrEnum):
    """What the end of a call says about the pace."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """There were too many in too short a time."""
    OVERLOADED = "overloaded"
    """The provider has more to do than it can."""
    NOTHING = "nothing"
    """It failed for another reason, or nobody stayed for its end."""


class Ending(NamedTuple):
    """How a call ended."""

    outcome: Outcome = Outcome.NOTHING
    allowances: Allowances | None = None
    """What the provider says it has left."""
    tokens: TokenNeed | None = None
    """What the call really took."""
    pause_seconds: float | None = None
    """For how long the provider asks to be left alone."""
