from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.providers.models import Model, ModelTable, Price, Route

TOKENS = st.integers(min_value=0, max_value=10**9)


@pytest.fixture
def table() -> ModelTable:
    return ModelTable.load()


def model(name: str, *, price: str = "1") -> Model:
    figures = Price(input=Decimal(price), output=Decimal(price), source="our contract", as_of=date(2026, 11, 22))
    return Model(name=name, routes=(Route(provider="ours", model_id=name, price=figures),))


@pytest.mark.parametrize(
    ("name", "provider", "region"),
    [
        ("gpt-5.2", "openai", "eu"),
        ("claude-sonnet-4.5", "bedrock", "eu-west-2"),
        ("claude-opus-4.5", "bedrock", "eu-west-2"),
        ("gemini-3-flash", "vertex", "europe-west2"),
        ("gpt-image-1.5", "openai", "eu"),
    ],
)
def test_every_model_is_called_in_its_region(table: ModelTable, name: str, provider: str, region: str) -> None:
    route = table.get(name).route
    assert (route.provider, route.region) == (provider, region)


def test_every_price_has_a_source_and_a_date(table: ModelTable) -> None:
    prices = [route.price for entry in table for route in entry.routes]
    assert all(price.source and price.as_of >= date(2026, 11, 22) for price in prices)


def test_a_model_that_is_like_none_is_answered_with_all_there_are(table: ModelTable) -> None:
    with pytest.raises(InvalidRequestError, match=r"claude-sonnet-4\.5, gemini-3-flash, gpt-5\.2"):
        table.get("zzz")


def test_an_unknown_model_is_answered_with_the_nearest(table: ModelTable) -> None:
    with pytest.raises(InvalidRequestError, match=r"Did you mean 'gpt-5.2'\? `aijobs models`") as caught:
        table.get("gpt5.2")
    assert caught.value.code == "unknown_model"
    assert caught.value.fields[0].field == "model"


def test_a_model_of_the_users_own_is_added_to_a_new_table(table: ModelTable) -> None:
    ours = table.with_models(model("ours-1"))
    assert ours.get("ours-1").provider == "ours"
    assert "ours-1" not in [entry.name for entry in table]


def test_a_model_with_a_known_name_takes_that_ones_place(table: ModelTable) -> None:
    ours = table.with_models(model("gpt-5.2"))
    assert ours.get("gpt-5.2").provider == "ours"
    assert len(list(ours)) == len(list(table))


def test_another_route_brings_its_own_name_and_price(table: ModelTable) -> None:
    direct = table.get("claude-sonnet-4.5").via("anthropic")
    assert direct.route.model_id == "claude-sonnet-4-5-20250929"
    assert direct.cost_usd(1_000_000, 1_000_000) == Decimal(18)


def test_a_route_that_does_not_exist_names_those_that_do(table: ModelTable) -> None:
    with pytest.raises(InvalidRequestError, match="bedrock, anthropic"):
        table.get("claude-sonnet-4.5").via("azure")


def test_cost_is_tokens_times_the_price_of_a_million(table: ModelTable) -> None:
    assert table.get("gpt-5.2").cost_usd(1_000, 2_000) == Decimal("0.02975")


def test_credits_are_us_cents(table: ModelTable) -> None:
    assert table.credits(table.get("gpt-5.2"), 1_000, 2_000) == Decimal("2.975000")


def test_half_of_the_smallest_part_of_a_credit_is_rounded_up(table: ModelTable) -> None:
    assert table.credits(model("cheap", price="0.005"), 1, 0) == Decimal("0.000001")


@given(first=TOKENS, second=TOKENS, output=TOKENS)
def test_the_cost_of_two_calls_is_the_cost_of_their_sum(first: int, second: int, output: int) -> None:
    gpt = ModelTable.load().get("gpt-5.2")
    assert gpt.cost_usd(first, output) + gpt.cost_usd(second, 0) == gpt.cost_usd(first + second, output)


def test_a_price_written_as_a_float_is_refused() -> None:
    with pytest.raises(ValidationError, match="a float is not exact"):
        Price.model_validate({"input": 1.75, "output": "14", "source": "?", "as_of": "2026-11-22"})
