"""The same request shows the same to the vendors' own clients, in process and over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.simulation.faults import FaultKind, Quirk
from simulation.compat.examples import MESSAGES, RIVERS
from simulation.compat.hosts import CLAUDE, EMBEDDING, FLASH, GPT, Host, InProcess, OverHttp, over_http
from simulation.compat.shown import Shown, shown
from simulation.compat.surfaces import SURFACES

# The models of our table are on their way out at their vendor, and its library says so.
pytestmark = pytest.mark.filterwarnings("ignore:The model '.*claude-:DeprecationWarning")
PROFILE = "instant"
SILENT: Sequence[str] = (FaultKind.STALL, FaultKind.TIMEOUT, Quirk.SLOW_LORIS)
SPEAKING: Sequence[int | str] = (*(name for name in (*FaultKind, *Quirk) if name not in SILENT), 429, 500)
PATIENCE_SECONDS, BRIEF_PATIENCE_SECONDS = 30.0, 0.5


@pytest.fixture(scope="module")
def new_http_host() -> Iterator[Callable[[], OverHttp]]:
    with over_http(PROFILE) as new_host:
        yield new_host


def play(host: Host, surface: str) -> dict[str, Shown]:
    """Return what every outcome shows at a surface, and a good answer to every way of asking."""
    ask, extras = SURFACES[surface]
    draws = Random(surface)

    def calls(outcomes: Iterable[int | str], patience: float) -> dict[str, Awaitable[Any]]:
        for outcome in outcomes:
            host.world.on(prompt=f"{outcome}:*").do(aijobs.fail(outcome))
        return {
            f"{outcome}": ask(host, f"{outcome}: {RIVERS}", extras[draws.choice(list(extras))], patience)
            for outcome in outcomes
        }

    async def all_of_them() -> dict[str, Shown]:
        # By themselves, so that the work on others does not eat up their patience.
        silent = await _all_shown(calls(SILENT, BRIEF_PATIENCE_SECONDS))
        others = await _all_shown(calls(SPEAKING, PATIENCE_SECONDS))
        host.world.on(prompt="*! *").do(aijobs.ok(tokens=60))
        good = {name: ask(host, f"{name}! {RIVERS}", extra, PATIENCE_SECONDS) for name, extra in extras.items()}
        return silent | others | await _all_shown(good)

    return host.run(all_of_them)


async def _all_shown(calls: Mapping[str, Awaitable[Any]]) -> dict[str, Shown]:
    return dict(zip(calls, await asyncio.gather(*map(shown, calls.values())), strict=True))


@pytest.mark.parametrize("surface", SURFACES)
def test_both_hosts_show_the_same(surface: str, new_http_host: Callable[[], OverHttp]) -> None:
    in_process, over_http = play(InProcess(PROFILE), surface), play(new_http_host(), surface)
    assert over_http == in_process


def test_more_than_two_hundred_requests_are_compared() -> None:
    assert sum(len(SILENT) + len(SPEAKING) + len(extras) for _, extras in SURFACES.values()) > 200


async def batch_results(host: Host) -> Any:
    batches = host.anthropic().messages.batches
    params: Any = {"model": CLAUDE, "max_tokens": 100, "messages": MESSAGES}
    requests: Any = [
        {"custom_id": "good", "params": params},
        {"custom_id": "bad", "params": {**params, "max_tokens": 0}},
    ]
    return await batches.results((await batches.create(requests=requests)).id)


LOOKS: dict[str, Callable[[Host], Awaitable[Any]]] = {
    "OpenAI embeddings": lambda host: host.openai().embeddings.create(model=EMBEDDING, input=[RIVERS, "lakes"]),
    "OpenAI models": lambda host: host.openai().models.list(),
    "OpenAI model": lambda host: host.openai().models.retrieve(GPT),
    "Anthropic count_tokens": lambda host: host.anthropic().messages.count_tokens(model=CLAUDE, messages=MESSAGES),
    "Anthropic batches": batch_results,
    "Anthropic models": lambda host: host.anthropic().models.list(),
    "Anthropic model": lambda host: host.anthropic().models.retrieve(CLAUDE),
    "Gemini count_tokens": lambda host: host.gemini().count_tokens(model=FLASH, contents=RIVERS),
    "Gemini models": lambda host: host.gemini().list(),
    "Gemini model": lambda host: host.gemini().get(model=FLASH),
    "Vertex AI count_tokens": lambda host: host.vertex().count_tokens(model=FLASH, contents=RIVERS),
    "Vertex AI model": lambda host: host.vertex().get(model=FLASH),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_what_needs_no_model_is_the_same_as_well(
    look: Callable[[Host], Awaitable[Any]], new_http_host: Callable[[], OverHttp]
) -> None:
    in_process, over_http = InProcess(PROFILE), new_http_host()
    expected = in_process.run(lambda: shown(look(in_process)))
    assert over_http.run(lambda: shown(look(over_http))) == expected
