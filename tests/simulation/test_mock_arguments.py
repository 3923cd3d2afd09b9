"""What cannot be simulated is refused at once, by the name of the argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import aijobs_sdk as aijobs
from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.simulation.core import Simulation
from aijobs_sdk.simulation.script import fail, ok
from aijobs_sdk.simulation.timeline import outage

NO_END = 10**5_000
"""A number that Python does not write."""


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("clock", "fast"),
        ("clock", "VIRTUAL"),
        ("fidelity", "x"),
        ("strict", "x"),
        ("allow_network", "no"),
        ("replay_missing", "x"),
        ("seed", "x"),
        pytest.param("seed", NO_END, id="a seed without end"),
        ("profile", 5),
        ("scenario", 5),
        ("scenario", ""),
        ("replay", b"run.jsonl"),
    ],
)
def test_a_world_that_cannot_be_is_refused_by_the_name_of_its_argument(argument: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=argument) as refused, aijobs.mock(**{argument: value}):
        pass

    assert [one.field for one in refused.value.fields] == [argument]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda sim: sim.on().do(), "steps"),
        (lambda sim: sim.on().do(ok() * 0), "steps"),
        (lambda sim: sim.on().do("429"), "steps"),
        (lambda sim: sim.on().do(429), "steps"),
        (lambda sim: sim.on(model=5), "model"),
        (lambda sim: sim.limit(requests_per_minute=0), "requests_per_minute"),
        (lambda sim: sim.limit(model="gtp-5.2", requests_per_minute=5), "model"),
        (lambda sim: sim.capacity(model="gtp-5.2", max_concurrency=5), "model"),
        (lambda _: ok(5), "text"),  # type: ignore[arg-type]
        (lambda _: ok("Slow \ud83d water."), "text"),
        (lambda _: ok(tokens=0), "tokens"),
        (lambda _: fail("truncate", after_tokens=-1), "after_tokens"),
        (lambda _: fail("max_tokens", after_tokens=-1), "after_tokens"),
        (lambda _: ok("Slow water.", tokens=300), "tokens"),
        (lambda _: fail("max_tokens", retry_after=5), "retry_after"),
        (lambda _: fail("batch_expired", retry_after=5), "retry_after"),
        (lambda _: fail("split_utf8", after_tokens=5), "after_tokens"),
        (lambda _: fail("slow_loris", seconds="5m"), "seconds"),
        (lambda _: fail(429, retry_after="soon"), "retry_after"),
        (lambda _: fail("timeout", seconds=-1), "seconds"),
        (lambda _: outage("openai", lasts="long"), "lasts"),
        (lambda _: outage("openai", lasts=5, fault="batch_expired"), "fault"),
        (lambda sim: sim.at("soon", outage("openai", lasts=5)), "start"),
        (lambda sim: sim.at(5), "outages"),
        (lambda sim: sim.limit(requests_per_minute=True), "requests_per_minute"),
        (lambda sim: sim.limit(tokens_per_minute=NO_END), "tokens_per_minute"),
        (lambda _: fail("truncate", after_tokens=NO_END), "after_tokens"),
        (lambda _: fail("max_tokens", after_tokens=NO_END), "after_tokens"),
        (lambda sim: sim.verdict(many_attempts="x"), "many_attempts"),
        (lambda sim: sim.verdict(many_attempts=0), "many_attempts"),
        (lambda sim: sim.verdict().of("retry_strom"), "kind"),
    ],
)
def test_what_cannot_happen_is_refused_by_the_name_of_its_argument(
    call: Callable[[Simulation], object], field: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        call(Simulation())

    assert [one.field for one in refused.value.fields] == [field]
    assert "pydantic" not in str(refused.value)
