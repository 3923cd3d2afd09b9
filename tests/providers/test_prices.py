"""Prices by day, and what the library of prices says of ours."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal
from importlib.metadata import version

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.providers.model import Model, Route
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.prices import Price, library_prices, price_on, today
from aijobs_sdk.simulation.offline import offline

TOKENS = st.integers(min_value=0, max_value=10**9)
VENDORS_OWN = {"claude-sonnet-4.5": "anthropic", "claude-opus-4.5": "anthropic"}
"""Who lists the price of a model that others sell, too."""
DEARER_THAN_THE_VENDOR = {
    ("claude-sonnet-4.5", "bedrock"): (Decimal("1.1"), "the `eu.` profile, against 10 % more than the global one"),
    ("claude-opus-4.5", "bedrock"): (Decimal("1.1"), "the `eu.` profile, against 10 % more than the global one"),
}
DEARER_THAN_THE_LIBRARY = {
    ("gpt-image-2", "openai"): Decimal("1.1"),  # the EU endpoint, for models that came after 2026-03-05
}


def price(amount: str, since: str | None = None, *, cached: str | None = None) -> Price:
    return Price(
        input=Decimal(amount),
        output=Decimal(amount),
        cached_input=None if cached is None else Decimal(cached),
        valid_from=None if since is None else date.fromisoformat(since),
        source="our contract",
        as_of=date(2026, 11, 22),
    )


def route(*prices: Price, provider: str = "ours", model_id: str = "x") -> Route:
    return Route(provider=provider, model_id=model_id, prices=prices)


OURS = [
    pytest.param(model, one, each, id=f"{model.name} at {one.provider}")
    for model in ModelTable.load()
    for one in model.routes
    for each in one.price_history
]


@pytest.mark.parametrize(
    ("day", "amount"),
    [("2026-01-01", "1"), ("2026-02-28", "1"), ("2026-03-01", "2"), ("2026-08-31", "2"), ("2026-09-01", "3")],
)
def test_the_price_of_a_day_is_the_last_that_began_by_then(day: str, amount: str) -> None:
    dated = route(price("3", "2026-09-01"), price("1"), price("2", "2026-03-01"))
    assert dated.price_at(date.fromisoformat(day)).input == Decimal(amount)


def test_before_the_first_dated_price_that_first_one_holds() -> None:
    dated = route(price("2", "2026-03-01"), price("3", "2026-09-01"))
    assert dated.price_at(date(2020, 1, 1)).input == Decimal(2)


def test_a_single_price_is_written_without_a_list() -> None:
    single = Route(provider="ours", model_id="x", price=price("1"))
    assert single.price_at(today()) == price("1")
    assert single.price_history == (price("1"),)


@pytest.mark.parametrize(
    ("since", "told"), [(None, "two prices are without `valid_from`"), ("2026-03-01", "valid from 2026-03-01")]
)
def test_two_prices_that_begin_on_one_day_are_refused(since: str | None, told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told):
        route(price("1", since), price("2", since))


def test_a_price_and_prices_are_refused_together() -> None:
    with pytest.raises(InvalidRequestError, match="keep `prices`"):
        Route(provider="ours", model_id="x", price=price("1"), prices=(price("2"),))


def test_a_route_without_a_price_says_so_when_it_is_asked() -> None:
    with pytest.raises(InvalidRequestError, match='route to "x" by "ours" has no price'):
        route().price_at(today())


def test_a_price_written_as_a_float_is_refused() -> None:
    with pytest.raises(ValidationError, match="a float is not exact"):
        Price.model_validate({"input": 1.75, "output": "14", "source": "?", "as_of": "2026-11-22"})


def test_cached_input_has_a_price_of_its_own() -> None:
    assert price("2", cached="0.5").cost_usd(1_000_000, 0, cached_input_tokens=400_000) == Decimal("1.4")


def test_cached_input_without_a_price_costs_what_input_costs() -> None:
    assert price("2").cost_usd(1_000_000, 0, cached_input_tokens=400_000) == Decimal(2)


def test_more_cached_tokens_than_were_read_count_as_all_of_them() -> None:
    assert price("2", cached="0.5").cost_usd(1_000_000, 0, cached_input_tokens=9_000_000) == Decimal("0.5")


@given(read=TOKENS, cached=TOKENS, written=TOKENS)
def test_a_cache_that_costs_less_never_makes_a_call_dearer(read: int, cached: int, written: int) -> None:
    without, with_cache = price("2"), price("2", cached="0.5")
    cost = with_cache.cost_usd(read, written, cached_input_tokens=cached)
    assert 0 <= cost <= without.cost_usd(read, written, cached_input_tokens=cached)


def test_the_library_tells_every_price_with_its_day() -> None:
    first, second = library_prices("openai", "o3", "text")
    assert (first.valid_from, second.valid_from) == (None, date(2025, 6, 10))
    assert (second.input, second.output) == (Decimal(2), Decimal(8))
    assert second.source == f"genai-prices {version('genai-prices')}"


def test_a_change_of_other_figures_makes_no_price_of_its_own() -> None:
    """Gemini's searches became dearer in January 2026, and its tokens did not."""
    assert len(library_prices("vertex", "gemini-3-flash-preview", "text")) == 1


def test_an_image_model_is_priced_by_the_pictures_it_writes() -> None:
    assert library_prices("openai", "gpt-image-1.5", "image")[0].output == Decimal(32)
    assert library_prices("openai", "gpt-image-1.5", "text")[0].output == Decimal(10)


def test_a_price_that_rises_with_the_prompt_says_up_to_where_it_holds() -> None:
    assert library_prices("vertex", "gemini-2.5-pro", "text")[0].source.endswith("for prompts of up to 200,000 tokens")


@pytest.mark.parametrize(
    ("provider", "model_id", "told"),
    [
        ("mars", "gpt-5.2", "does not know it"),
        ("openai", "gpt-0", "does not know it"),
        ("bedrock", "claude-sonnet-4-5", "does not know it"),
        ("deepseek", "deepseek-chat", "it changes with the hour"),
        ("openai", "whisper-1", "does not price it by the tokens"),
    ],
)
def test_what_the_library_cannot_tell_is_no_price(provider: str, model_id: str, told: str) -> None:
    with pytest.raises(LookupError, match=told):
        library_prices(provider, model_id, "text")


def test_a_model_without_a_price_has_the_librarys() -> None:
    o3 = Model(name="o3", routes=(Route(provider="openai", model_id="o3"),))
    assert o3.cost_usd(1_000_000, 0, at=date(2025, 6, 9)) == Decimal(10)
    assert o3.cost_usd(1_000_000, 0, at=date(2025, 6, 10)) == Decimal(2)


def test_our_price_comes_before_the_librarys() -> None:
    o3 = Model(name="o3", routes=(Route(provider="openai", model_id="o3", price=price("7")),))
    assert o3.cost_usd(1_000_000, 0) == Decimal(7)


def test_a_model_that_nobody_prices_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequestError, match=r'"mine" has no price at "mars": give its route a `price`'):
        Model(name="mine", routes=(Route(provider="mars", model_id="x"),))


def test_without_the_library_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(InvalidRequestError, match=r"give its route a `price`; .* pip install 'aijobs-sdk\[prices\]'"):
        Model(name="mine", routes=(Route(provider="openai", model_id="o3"),))


def test_the_library_is_loaded_when_it_is_asked_and_reaches_no_network() -> None:
    code = (
        "import sys\nfrom aijobs_sdk.providers.model import Model, Route\n"
        "from aijobs_sdk.providers.models import ModelTable\n"
        "from aijobs_sdk.simulation.offline import offline\nModelTable.load()\n"
        "assert 'genai_prices' not in sys.modules\n"
        "with offline():\n    Model(name='o3', routes=(Route(provider='openai', model_id='o3'),))\n"
        "assert 'genai_prices' in sys.modules"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(("model", "route", "ours"), OURS)
def test_our_prices_are_those_of_the_library(model: Model, route: Route, ours: Price) -> None:
    """On the day our source was read and ever since: a red run shows a price that changed."""
    with offline():
        listed = library_prices(route.provider, route.model_id, model.kind)
    days = {ours.as_of, *(one.valid_from for one in listed if one.valid_from and one.valid_from > ours.as_of)}
    factor = DEARER_THAN_THE_LIBRARY.get((model.name, route.provider), Decimal(1))
    figures = {(one.input, one.cached_input, one.output) for one in (price_on(listed, day) for day in days)}
    [(read, cached, written)] = figures
    assert (read * factor, cached and cached * factor, written * factor) == (ours.input, ours.cached_input, ours.output)


@pytest.mark.parametrize(("model", "route", "ours"), OURS)
def test_who_is_dearer_than_the_vendor_is_so_for_a_reason(model: Model, route: Route, ours: Price) -> None:
    vendor = model.via(VENDORS_OWN.get(model.name, route.provider)).route.price_at(ours.as_of)
    factor, _reason = DEARER_THAN_THE_VENDOR.get((model.name, route.provider), (Decimal(1), "the vendor's own price"))
    assert (ours.input, ours.output) == (vendor.input * factor, vendor.output * factor)
