"""How many calls a model answers at a time, who waits in line for it, and how much slower it is when it is busy."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from fnmatch import fnmatchcase
from operator import itemgetter

from pydantic import Field

from aijobs_sdk.contract.model import Fact
from aijobs_sdk.contract.refusal import checked
from aijobs_sdk.simulation.faults import Fault, FaultKind, Quirk
from aijobs_sdk.simulation.plan import Plan


class Capacity(Fact):
    """What each of some models can bear, at each of its providers."""

    model: str = "*"
    """A glob over our names of models."""
    max_concurrency: int = Field(strict=True, ge=1)
    """Calls that are answered at the same time; those above wait in line, first come, first served."""
    load_factor: float = Field(default=1.0, strict=True, ge=1, allow_inf_nan=False)
    """How many times slower a call is that finds every place taken; 1: load makes no difference.

    It is linear in the share of places that others take: a call that comes alone takes as long as the profile says.
    """

    def slowdown(self, taken: int) -> float:
        """Return how many times slower a call is that finds so many places taken."""
        return 1 + (self.load_factor - 1) * min(taken, self.max_concurrency) / self.max_concurrency


def capacity(model: str, max_concurrency: int, load_factor: float) -> Capacity:
    """Return the capacity of these models.

    Raises:
        InvalidRequestError: a number cannot be; its name is that of the argument.
    """
    asked = {"model": model, "max_concurrency": max_concurrency, "load_factor": load_factor}
    return checked(Capacity, asked, "No model has such a capacity")


class Capacities:
    """Who is answered and who waits in line, in one simulated world.

    As with rate limits, the order in which calls come matters here, and with it concurrency: it changes when things
    happen, never what is said or whether it fails. Where nobody gave a capacity, nothing hangs on other calls at all.
    """

    def __init__(self, of_profile: Callable[[str], Capacity | None]) -> None:
        self._of_profile = of_profile
        self._given: list[Capacity] = []
        self._by_model: dict[str, Capacity | None] = {}
        self._lines: dict[tuple[str | None, str], _Line] = {}

    def add(self, given: Capacity) -> None:
        """Let a capacity hold from now on, in place of earlier ones for the same models and of the profile's."""
        self._given.append(given)
        self._by_model.clear()

    def follow(self, of_profile: Callable[[str], Capacity | None]) -> None:
        """Let another profile say what holds for models that nobody gave a capacity."""
        self._of_profile = of_profile
        self._by_model.clear()

    def under_load(self, plan: Plan, *, model: str, provider: str | None, at_seconds: float) -> Plan:
        """Return how a call goes that comes at this second: later and slower than planned. Asking changes nothing."""
        capacity = self._capacity(model)
        line = self._lines.get((provider, model))
        if capacity is None or line is None or _is_turned_away(plan):
            return plan
        if plan.quirk is not Quirk.SLOW_LORIS:  # slow on purpose, and always just fast enough
            plan = plan.stretched(capacity.slowdown(line.taken(at_seconds)))
        return plan.delayed(line.free_at(at_seconds, capacity.max_concurrency) - at_seconds)

    def take(self, number: int, plan: Plan, *, model: str, provider: str | None, at_seconds: float) -> None:
        """Give a place, or one in line, to the call of this number, until the model is done with it.

        The plan is what `under_load()` returned. A provider that has fallen silent works on others by then.
        """
        if self._capacity(model) is None or _is_turned_away(plan):
            return
        line = self._lines.setdefault((provider, model), _Line())
        line.enter(number, at_seconds, until=at_seconds + plan.busy_seconds)

    def leave(self, number: int) -> None:
        """Free the place of a call whose caller has left: whoever comes next need not wait for its end.

        Those in line know already when their turn is, and keep it.
        """
        for line in self._lines.values():
            line.leave(number)

    def _capacity(self, model: str) -> Capacity | None:
        if model not in self._by_model:
            given = (one for one in reversed(self._given) if fnmatchcase(model, one.model))
            self._by_model[model] = next(given, None) or self._of_profile(model)
        return self._by_model[model]


class _Line:
    """The calls that one model answers, and after them those that wait.

    A call is known to its end when it comes, so that the next one's turn can be told at once.
    """

    def __init__(self) -> None:
        self._ends: list[tuple[float, int]] = []
        """When each call ends, and its number: the earliest first."""
        self._end_of: dict[int, float] = {}

    def taken(self, at_seconds: float) -> int:
        """Return how many calls are under way or wait."""
        return len(self._ends) - self._ended(at_seconds)

    def free_at(self, at_seconds: float, places: int) -> float:
        """Return when there is a place for one more, after all who came before."""
        if self.taken(at_seconds) < places:
            return at_seconds
        return self._ends[-places][0]

    def enter(self, number: int, at_seconds: float, *, until: float) -> None:
        ended = self._ended(at_seconds)
        for _, gone in self._ends[:ended]:
            del self._end_of[gone]
        del self._ends[:ended]
        insort(self._ends, (until, number))
        self._end_of[number] = until

    def leave(self, number: int) -> None:
        until = self._end_of.pop(number, None)
        if until is not None:
            del self._ends[bisect_left(self._ends, (until, number))]

    def _ended(self, at_seconds: float) -> int:
        return bisect_right(self._ends, at_seconds, key=itemgetter(0))


def _is_turned_away(plan: Plan) -> bool:
    """Whether nobody works on the call: a status or a refused connection comes from the door."""
    if not isinstance(plan.ending, Fault) or plan.pieces:
        return False
    return plan.ending.status is not None or plan.ending.kind is FaultKind.CONNECT_ERROR
