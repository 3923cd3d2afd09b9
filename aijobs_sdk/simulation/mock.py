"""`with aijobs.mock() as sim:` the simulated world that clients made inside live in."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal
from uuid import uuid4

from aijobs_sdk.contract.clock import Clock
from aijobs_sdk.contract.refusal import check_choice, checked, path_of
from aijobs_sdk.engine.system_clock import SystemClock
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.offline import offline
from aijobs_sdk.simulation.scenario import Scenario
from aijobs_sdk.simulation.virtual_time import EPOCH, VirtualClock, VirtualLoop
from aijobs_sdk.simulation.worlds import Worlds

if TYPE_CHECKING:
    from aijobs_sdk.simulation.recording.replay import Replay
    from aijobs_sdk.simulation.wire.endpoints import Endpoints


class Mock(Simulation):
    """A simulated world with its time. Scripts go in by `on().do()`; `calls` tells what the providers were asked."""

    def __init__(
        self, seed: int = 0, profile: str = "fast", *, virtual: bool, fidelity: Literal["direct", "wire"] = "direct"
    ) -> None:
        self.clock: Clock = VirtualClock() if virtual else SystemClock()
        super().__init__(seed, profile, began_at=EPOCH if virtual else self.clock.now())
        self.name = uuid4().hex
        """What this world is known by to clients that come back from another process."""
        self.virtual = virtual
        self.fidelity = fidelity
        """Whether jobs are answered in short, or by the real adapters over simulated bytes."""
        self._loops: list[VirtualLoop] = []
        self._endpoints: Endpoints | None = None
        self._replay: Replay | None = None

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

        self._endpoints = self._endpoints or self.endpoints()
        return transport_under(library, self._endpoints, self.clock)

    def endpoints(self, *, keys_required: bool = True) -> Endpoints:
        """Return all vendors as this world simulates them, or plays them back."""
        from aijobs_sdk.simulation.wire.vendors import new_endpoints  # noqa: PLC0415 - few worlds need it

        endpoints = new_endpoints(self, keys_required=keys_required)
        if self._replay is not None:
            endpoints.play(self._replay)
        return endpoints

    def play(self, path: str | Path, *, missing: Literal["error", "simulate"] = "error") -> None:
        """Let vendors answer from a recording, in its time.

        `missing` is what becomes of a request that was never recorded: it is answered with an error (404,
        `no_recording`), or simulated.

        Raises:
            ConfigurationError: the file cannot be read.
            InvalidRequestError: it is no recording, or one of another version.
        """
        from aijobs_sdk.simulation.recording.file import Recording  # noqa: PLC0415 - few worlds need it
        from aijobs_sdk.simulation.recording.replay import Replay  # noqa: PLC0415

        self._replay = Replay(Recording.load(path), self, self._journal, missing=missing)
        if self._endpoints is not None:
            self._endpoints.play(self._replay)

    def unused_recordings(self) -> Sequence[str]:
        """Return the recorded requests that did not come so far, a few of them by name."""
        return () if self._replay is None else self._replay.unused()


class UnusedRuleWarning(UserWarning):
    """A rule said what was to happen to some jobs, a limit how many, or a recording what is answered; nobody came."""


@contextmanager
def mock(
    *,
    seed: int | None = None,
    profile: str | None = None,
    clock: Literal["virtual", "real"] = "virtual",
    fidelity: Literal["direct", "wire"] = "direct",
    scenario: str | Path | None = None,
    strict: bool = False,
    allow_network: bool = False,
    replay: str | Path | None = None,
    replay_missing: Literal["error", "simulate"] = "error",
) -> Iterator[Mock]:
    """Simulate the world for every client made inside; with the virtual clock, minutes pass in milliseconds.

    The same seed gives the same texts, tokens, delays and failures, in whatever order jobs run. What is said here comes
    before what the scenario file says; else the seed is 0 and the profile `fast`.

    A rule that no call has matched when the block ends well is told as an `UnusedRuleWarning`: a slip in a glob lets a
    test pass without what it is about, yet must not break a notebook in which a cell was left out. A rule whose jobs a
    later rule took was matched. Rules of a file are not told: it describes a world for many programs, of which each
    meets a part. `strict` raises for all of them. So is a limit for models of which none was called.

    In `wire` fidelity jobs are run by the real adapters and the vendors' own libraries, over a network of this process
    whose bytes are the simulation's; what a job sees is the same, at about twice the work.

    `replay` is a recording (`aijobs.record()`) from which requests through `transport()` are answered, in its time. One
    that was never recorded is answered with an error, unless `replay_missing` lets it be simulated. Recorded requests
    that did not come are told as unused rules are.

    Inside is whatever runs in this process before the block ends, in every thread and task, and a child that is forked
    meanwhile. Where several worlds are open, a thread or task is in the one that it entered or began in; if that is
    none, in the one that was entered last. So is whoever never heard of `mock()`: rather that than ask for real what a
    test means to simulate.

    Inside, nothing in this process reaches another machine, whichever library tries, unless `allow_network` lets it.

    Raises:
        ConfigurationError: at once; the scenario or the recording cannot be read.
        InvalidRequestError: at once; something in them, or an argument, cannot be used; it is named.
        ConnectionRefusedError: inside, for whoever tries to reach another machine; nothing was sent.
        AssertionError: at the end, when `strict`: a rule or a recording was never used; it is named.
    """
    check_choice("clock", clock, ("virtual", "real"))
    check_choice("fidelity", fidelity, ("direct", "wire"))
    check_choice("strict", strict, (True, False))
    check_choice("allow_network", allow_network, (True, False))
    check_choice("replay_missing", replay_missing, ("error", "simulate"))
    scenario_path = None if scenario is None else path_of("scenario", scenario)
    replay_path = None if replay is None else path_of("replay", replay)
    asked = checked(Scenario, {"seed": seed, "profile": profile}, "Cannot simulate this world")
    world = Mock(virtual=clock == "virtual", fidelity=fidelity)
    if scenario_path is not None:
        world.load(scenario_path)
    world.load(asked)
    if replay_path is not None:
        world.play(replay_path, missing=replay_missing)
    with _worlds.inside(world), nullcontext() if allow_network else offline():
        yield world
    _tell([*_unused_rules(world, strict=strict), *_unused_limits(world), *_unused_recordings(world)], strict=strict)


_worlds: Worlds[Mock] = Worlds()


def current_mock() -> Mock | None:
    """Return the world of the innermost `with mock()` that has not ended; None outside of any. See `mock()`."""
    return _worlds.current()


def known_world(name: str) -> Mock | None:
    """Return the world of this name, ended or not; None where it is another process's."""
    return _worlds.known(name)


def _unused_rules(world: Mock, *, strict: bool) -> Iterator[str]:
    told = [rule for rule in world.unused_rules() if strict or rule.file is None]
    if told:
        rules = "; ".join(str(rule.match) if rule.file is None else f"{rule.match} ({rule.file})" for rule in told)
        yield f"No call matched these rules: {rules}. Is there a slip in a glob?"


def _unused_limits(world: Mock) -> Iterator[str]:
    if globs := world.unused_limits():
        yield f"No model that was called has these limits: {', '.join(map(repr, globs))}. Is there a slip in a glob?"


def _unused_recordings(world: Mock) -> Iterator[str]:
    if left := world.unused_recordings():
        yield f"No request came for these recordings: {'; '.join(left)}. Record the run again?"


def _tell(complaints: Sequence[str], *, strict: bool) -> None:
    if not complaints:
        return
    message = "\n".join(complaints)
    if strict:
        raise AssertionError(message)
    # From the caller's `with` through contextlib and mock().
    warnings.warn(message, UnusedRuleWarning, stacklevel=4)
