from __future__ import annotations

from functools import partial
from random import Random
from statistics import mean, quantiles

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.engine.chance import Chance
from aijobs_sdk.simulation.profiles import Latency, Profile

DRAWS = 20_000
CHANCE = Chance(7)


def ordinary_latency() -> Latency:
    typical = Profile.load("typical").behaviour("gpt-5.2").latency
    return typical.model_copy(update={"slow_path_probability": 0.0})


@pytest.fixture(scope="module")
def first_tokens() -> list[float]:
    """Return times to the first token, each from the generator of its own job."""
    latency = ordinary_latency()
    return [
        latency.draw_ttft_seconds(partial(CHANCE.draws, f"job-{n}", 1, "ttft"), input_tokens=0) for n in range(DRAWS)
    ]


@pytest.mark.parametrize(("percent", "figure"), [(50, 0.8), (95, 2.2)])
def test_the_first_token_comes_when_the_profile_says(first_tokens: list[float], percent: int, figure: float) -> None:
    assert quantiles(first_tokens, n=100)[percent - 1] == pytest.approx(figure, rel=0.03)


def test_the_first_token_has_a_heavy_tail(first_tokens: list[float]) -> None:
    cuts = quantiles(first_tokens, n=100)
    assert cuts[98] / cuts[49] > 3.5


def test_the_slow_path_is_taken_as_often_as_the_profile_says() -> None:
    slow = ordinary_latency().model_copy(update={"slow_path_probability": 0.01, "slow_path_factor": 1000.0})
    times = [slow.draw_ttft_seconds(partial(CHANCE.draws, n), input_tokens=0) for n in range(DRAWS)]
    assert sum(time > 60 for time in times) / DRAWS == pytest.approx(0.01, rel=0.2)


def test_a_longer_prompt_takes_longer_to_read() -> None:
    latency = ordinary_latency()
    short, long = (latency.draw_ttft_seconds(partial(CHANCE.draws, 0), input_tokens=tokens) for tokens in (0, 100_000))
    assert long - short == pytest.approx(1.5)


def test_tokens_keep_the_pace_of_the_profile() -> None:
    latency, rng = ordinary_latency(), Random(0)
    gaps = [latency.draw_gap_seconds(rng, tokens=1) for _ in range(DRAWS)]
    assert 1 / mean(gaps) == pytest.approx(75, rel=0.02)


def test_half_of_the_answers_are_longer_than_the_median() -> None:
    length = Profile.load("typical").behaviour("gpt-5.2").length
    longer = [length.draw_tokens(CHANCE.draws(n)) > 220 for n in range(DRAWS)]
    assert mean(longer) == pytest.approx(0.5, abs=0.02)


def test_a_model_nobody_described_behaves_by_default() -> None:
    assert Profile.load("typical").behaviour("my-own-model").latency.tokens_per_second == 70


def test_nothing_fails_by_itself_in_the_fast_profile() -> None:
    errors = Profile.load("fast").behaviour("gpt-5.2").errors
    assert errors.rate_limited + errors.unavailable + errors.timeout + errors.reset + errors.truncated == 0


def test_stress_is_as_fast_as_typical_and_fails_more() -> None:
    stress, typical = (Profile.load(name).behaviour("gpt-5.2") for name in ("stress", "typical"))
    assert stress.latency == typical.latency
    assert stress.errors.rate_limited > typical.errors.rate_limited


def test_an_unknown_profile_names_those_that_exist() -> None:
    with pytest.raises(InvalidRequestError, match="fast, typical, stress"):
        Profile.load("slow")
