"""`with aijobs.mock() as sim:` the simulated world that clients made inside live in."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.offline import offline
from aijobs_sdk.simulation.rules import Rule
from aijobs_sdk.simulation.scenario import Scenario
from aijobs_sdk.simulation.virtual_time import EPOCH, VirtualClock, VirtualLoop

if TYPE_CHECKING:
    from aijobs_sdk.simulation.wire.endpoints import Endpoints

_CURRENT: ContextVar[Mock | None] = ContextVar("aijobs_mock", default=None)


class Mock(Simulation):
    """A simulated world with its time. Scripts go in by `on().do()`; `calls` tells what the providers were asked."""

    def __init__(self, seed: int = 0, profile: str = "fast", *, virtual: bool) -> None:
        self.clock: Clock = VirtualClock() if virtual else SystemClock()
        super().__init__(seed, profile, began_at=EPOCH if virtual else self.clock.now())
        self.virtual = virtual
        self._loops: list[VirtualLoop] = []
        self._endpoints: Endpoints | None = None

    @property
    def now(self) -> float:
        """Virtual seconds that have passed, on the clock that has run furthest; 0 on the real clock."""
        return max((loop.time() for loop in self._loops), default=0.0)

    def new_loop(self, *, held: bool = False) -> asyncio.AbstractEventLoop:
        """Return a loop on this world's time: `asyncio.Runner(loop_factory=sim.new_loop)`.

        Time passes whenever the loop has nothing else to do; on a `held` one, only inside its `hold()`.
        """
        if not self.virtual:
            return asyncio.new_event_loop()
        loop = VirtualLoop(always=not held)
        self._loops.append(loop)
        return loop

    def transport(self, library: ModuleType) -> Any:  # noqa: ANN401 - a class of the library's own
        """Return the network of this world for asynchronous clients of `httpx2` or `httpx`, and so for vendors' own.

        `openai.AsyncOpenAI(http_client=httpx2.AsyncClient(transport=sim.transport(httpx2)))`: requests are answered in
        this process and in this world's time, by simulated OpenAI, Anthropic, Bedrock and Google endpoints.
        """
        from aijobs_sdk.simulation.wire.transport import transport_under  # noqa: PLC0415 - few worlds need it
        from aijobs_sdk.simulation.wire.vendors import new_endpoints  # noqa: PLC0415

        self._endpoints = self._endpoints or new_endpoints(self)
        return transport_under(library, self._endpoints, self.clock)


class UnusedRuleWarning(UserWarning):
    """A rule said what was to happen to some jobs, and none of them came: mostly a slip in a glob."""


@contextmanager
def mock(
    *,
    seed: int | None = None,
    profile: str | None = None,
    clock: Literal["virtual", "real"] = "virtual",
    scenario: str | Path | None = None,
    strict: bool = False,
    allow_network: bool = False,
) -> Iterator[Mock]:
    """Simulate the world for every client made inside; with the virtual clock, minutes pass in milliseconds.

    The same seed gives the same texts, tokens, delays and failures, in whatever order jobs run. What is said here comes
    before what the scenario file says; else the seed is 0 and the profile `fast`.

    A rule that no call has matched when the block ends well is told as an `UnusedRuleWarning`: a slip in a glob lets a
    test pass without what it is about, yet must not break a notebook in which a cell was left out. A rule whose jobs a
    later rule took was matched. Rules of a file are not told: it describes a world for many programs, of which each
    meets a part. `strict` raises for all of them.

    Inside, nothing in this process reaches another machine, whichever library tries, unless `allow_network` lets it.

    Raises:
        ConnectionRefusedError: inside, for whoever tries to reach another machine; nothing was sent.
        AssertionError: at the end, when `strict`: a rule was never used; its globs are named.
    """
    world = Mock(virtual=clock == "virtual")
    if scenario is not None:
        world.load(scenario)
    world.load(Scenario(seed=seed, profile=profile))
    token = _CURRENT.set(world)
    try:
        with nullcontext() if allow_network else offline():
            yield world
    finally:
        _CURRENT.reset(token)
    _tell(world.unused_rules(), strict=strict)


def current_mock() -> Mock | None:
    """Return the world of the innermost `with mock()`; None outside of any."""
    return _CURRENT.get()


def _tell(unused: Sequence[Rule], *, strict: bool) -> None:
    told = [rule for rule in unused if strict or rule.file is None]
    if not told:
        return
    rules = "; ".join(str(rule.match) if rule.file is None else f"{rule.match} ({rule.file})" for rule in told)
    message = f"No call matched these rules: {rules}. Is there a slip in a glob?"
    if strict:
        raise AssertionError(message)
    # From the caller's `with` through contextlib and mock().
    warnings.warn(message, UnusedRuleWarning, stacklevel=4)
