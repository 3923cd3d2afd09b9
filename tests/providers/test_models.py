from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from anthropic._data import DEPRECATED_MODELS
from anthropic.types.message_create_params import MessageCreateParamsBase
from google.genai.types import GenerateContentConfig
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses.response_create_params import ResponseCreateParamsBase

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.provider import ReasoningEffort
from aijobs_sdk.providers.model import Model, Parameter, Route
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.prices import Price

NEW_YEAR = date(2027, 1, 1)
TEXT_MODELS = [one.name for one in ModelTable.load() if one.kind == "text"]
FIELDS_OF_A_REQUEST = {
    "openai": set(ResponseCreateParamsBase.__annotations__),
    "bedrock": set(MessageCreateParamsBase.__annotations__),
    "vertex": set(GenerateContentConfig.model_fields),
}
IN_THE_EU = {("openai", "eu"), ("bedrock", "eu-west-2")}
"""Bedrock is asked in London, and answers from inside the EU by its `eu.` profiles."""
TOKENS = st.integers(min_value=0, max_value=10**9)


@pytest.fixture
def table() -> ModelTable:
    return ModelTable.load()


def figures(price: str, **others: Any) -> Price:
    return Price(input=Decimal(price), output=Decimal(price), source="our contract", as_of=date(2026, 11, 22), **others)


def model(name: str, *, price: str = "1", **others: Any) -> Model:
    return Model(name=name, routes=(Route(provider="ours", model_id=name, price=figures(price)),), **others)


def rising() -> Model:
    """One that costs twice as much from the new year on, and half of that for what is cached."""
    prices = (figures("1"), figures("2", valid_from=NEW_YEAR, cached_input=Decimal(1)))
    return Model(name="rising", routes=(Route(provider="ours", model_id="x", prices=prices),))


@pytest.mark.parametrize(
    ("name", "provider", "region"),
    [
        ("gpt-5.2", "openai", "eu"),
        ("claude-sonnet-4.5", "bedrock", "eu-west-2"),
        ("claude-opus-4.5", "bedrock", "eu-west-2"),
        ("gemini-3-flash", "vertex", "europe-west2"),
        ("gpt-image-2", "openai", "eu"),
        ("gpt-image-1.5", "openai", "eu"),
    ],
)
def test_every_model_is_called_in_its_region(table: ModelTable, name: str, provider: str, region: str) -> None:
    route = table.get(name).route
    assert (route.provider, route.region) == (provider, region)


def test_every_price_has_a_source_and_a_date(table: ModelTable) -> None:
    prices = [price for entry in table for route in entry.routes for price in route.price_history]
    assert all(price.source and price.as_of >= date(2026, 11, 22) for price in prices)
    assert len(prices) >= len(list(table))


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


@pytest.mark.parametrize(
    ("at", "cost"),
    [
        (date(2026, 12, 31), "2"),
        (NEW_YEAR, "4"),
        (datetime(2026, 12, 31, 23, 59, tzinfo=UTC), "2"),
        (datetime(2027, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2"),
        (datetime(2026, 12, 31, 23, 0, tzinfo=timezone(timedelta(hours=-2))), "4"),
    ],
)
def test_the_price_is_that_of_the_day_in_utc(table: ModelTable, at: date, cost: str) -> None:
    assert rising().cost_usd(1_000_000, 1_000_000, at=at) == Decimal(cost)
    assert table.credits(rising(), 1_000_000, 1_000_000, at=at) == 100 * Decimal(cost)


def test_cached_input_is_credited_at_its_own_price(table: ModelTable) -> None:
    assert table.credits(rising(), 1_000, 0, at=NEW_YEAR, cached_input_tokens=1_000) == Decimal("0.1")
    assert table.credits(rising(), 1_000, 0, at=date(2026, 1, 1), cached_input_tokens=1_000) == Decimal("0.1")


@pytest.mark.parametrize("name", TEXT_MODELS)
@pytest.mark.parametrize(("parameter", "fields"), [("stop", {"stop", "stop_sequences"}), ("seed", {"seed"})])
def test_a_model_takes_what_its_vendors_request_has_a_field_for(
    table: ModelTable, name: str, parameter: str, fields: set[str]
) -> None:
    has_field = not fields.isdisjoint(FIELDS_OF_A_REQUEST[table.get(name).provider])
    assert (Parameter(parameter) in table.get(name).takes) == has_field


@pytest.mark.parametrize("name", TEXT_MODELS)
def test_texts_may_be_asked_for_with_tools_schemas_pictures_and_an_effort(table: ModelTable, name: str) -> None:
    assert {"tools", "output_schema", "images", "reasoning_effort"} <= table.get(name).takes
    assert {ReasoningEffort.LOW, ReasoningEffort.MEDIUM, ReasoningEffort.HIGH} <= {*table.get(name).reasoning_efforts}


@pytest.mark.parametrize("name", ["claude-sonnet-4.5", "claude-opus-4.5", "gpt-5.2"])
def test_who_thinks_takes_no_temperature(table: ModelTable, name: str) -> None:
    assert (Parameter.TEMPERATURE, Parameter.REASONING_EFFORT) in table.get(name).not_together


def test_what_a_model_in_the_eu_falls_back_on_is_in_the_eu(table: ModelTable) -> None:
    places = {(one.provider, one.route.region) for entry in table for one in map(table.get, entry.fallbacks)}
    assert places == IN_THE_EU


def test_a_model_falls_back_on_another_vendor_first(table: ModelTable) -> None:
    assert all(entry.provider != table.get(entry.fallbacks[0]).provider for entry in table if entry.fallbacks)


@pytest.mark.parametrize("name", ["claude-sonnet-4.5", "claude-opus-4.5"])
def test_anthropics_models_retire_when_its_library_says(table: ModelTable, name: str) -> None:
    direct = table.get(name).via("anthropic")
    day = direct.retires_on
    assert day is not None
    assert DEPRECATED_MODELS[direct.route.model_id] in (f"{day:%B} {day.day}{end}, {day.year}" for end in ("th", "nd"))
    assert direct.successor is not None


def test_a_day_of_one_vendor_is_not_anothers(table: ModelTable) -> None:
    assert table.get("claude-sonnet-4.5").retires_on is None
    assert table.get("claude-sonnet-4.5").via("anthropic").retires_on == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("added", "told"),
    [
        ([model("a", fallbacks=("gpt5.2",))], r'"a" names a fallback .* Did you mean \'gpt-5.2\''),
        ([model("a", fallbacks=("a",))], "it cannot stand in for itself"),
        ([model("a", fallbacks=("gpt-image-1.5",))], '"gpt-image-1.5" makes images, and it makes texts'),
        ([model("gpt-5.2", kind="image")], '"claude-sonnet-4.5" names a fallback .* makes images'),
        ([model("a"), model("a")], '2 models are named "a"'),
    ],
)
def test_models_that_do_not_fit_together_are_refused(table: ModelTable, added: list[Model], told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told):
        table.with_models(*added)


def test_a_model_may_fall_back_on_one_that_is_added_with_it(table: ModelTable) -> None:
    ours = table.with_models(model("a", fallbacks=("b",)), model("b", fallbacks=("gpt-5.2",)))
    assert ours.get("a").fallbacks == ("b",)


def test_a_pair_of_what_is_not_even_taken_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="`not_together` names top_p, which `takes` does not"):
        model("a", takes={"temperature"}, not_together=[("temperature", "top_p")])


def test_what_a_model_takes_is_written_in_one_order(table: ModelTable) -> None:
    written = json.loads(table.get("gemini-3-flash").model_dump_json())
    assert written["takes"] == list(Parameter)
    assert Model.model_validate(written) == table.get("gemini-3-flash")


OURS = """
[[models]]
name = "ours-1"
fallbacks = ["gpt-5.2"]

[[models.routes]]
provider = "ours"
model_id = "ours-1-large"
price = { input = "1", output = "2", source = "our contract", as_of = 2026-11-22 }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ours.toml"


def test_a_file_adds_models_to_those_there_are(file: Path) -> None:
    file.write_text(OURS)
    ours = ModelTable.read(file)
    assert ours.get("ours-1").cost_usd(1_000_000, 1_000_000) == Decimal(3)
    assert ours.get("gpt-5.2") == ModelTable.load().get("gpt-5.2")
    assert ours.usd_per_credit == Decimal("0.01")


def test_a_file_may_say_what_a_credit_costs(file: Path) -> None:
    file.write_text(f'[credits]\nusd_per_credit = "0.5"\n{OURS}')
    ours = ModelTable.read(file)
    assert ours.credits(ours.get("ours-1"), 1_000_000, 0) == Decimal(2)


def test_a_file_may_date_prices(file: Path) -> None:
    second = '{ input = "3", output = "4", valid_from = 2027-01-01, source = "our contract", as_of = 2026-11-22 }'
    file.write_text(OURS.replace("price = ", "prices = [").replace("-11-22 }", f"-11-22 }}, {second}]"))
    ours = ModelTable.read(file).get("ours-1")
    assert (ours.cost_usd(1, 0, at=date(2026, 12, 31)), ours.cost_usd(1, 0, at=NEW_YEAR)) == (
        Decimal("0.000001"),
        Decimal("0.000003"),
    )


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("input = 1.5", 'input = "1"', r'model "ours-1", `models\.0\.routes\.0\.price\.input` write money as a string'),
        (
            "fallback = []",
            'fallbacks = ["gpt-5.2"]',
            r"`models\.0\.fallback` is not known\. Did you mean 'fallbacks'\?",
        ),
        ("modelid", "model_id", r"`models\.0\.routes\.0\.modelid` is not known\. Did you mean 'model_id'\?"),
        ("outputs", "output", r"price\.outputs` is not known\. Did you mean 'output'\?"),
        ("[[model]]\n", "[[models]]\n", r"`model` is not known\. Did you mean 'models'\?$"),
        ("", 'source = "our contract", ', r"price\.source` is missing"),
        ("", 'name = "ours-1"', r"ours\.toml: `models\.0\.name` is missing"),
        ('kind = "sound"', "", r"`models\.0\.kind` input should be 'text' or 'image', got a text of 5 characters"),
        ('fallbacks = ["gpt5"]', 'fallbacks = ["gpt-5.2"]', 'ours.toml: Model "ours-1" names a fallback'),
        (OURS * 2, OURS, 'ours.toml: 2 models are named "ours-1"'),
        ('endpoint = "htp:/x"', 'model_id = "ours-1-large"', r"routes\.0\.endpoint` holds no address: write it as"),
        ('endpoint = "https://me:secret@x"', 'model_id = "ours-1-large"', r"endpoint` holds a user or a password"),
        ("context_window = " + "9" * 5_000, "", r"ours\.toml: it holds a whole number of too many digits"),
        ('output = "1000001"', 'output = "2"', r"price\.output` input should be less than or equal to 1000000,"),
        ("[[models]", "[[models]]", r"ours\.toml: it is no TOML file: .* \(at line 2, column"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(file: Path, wrong: str, right: str, told: str) -> None:
    text = OURS.replace(right, wrong, 1) if right else OURS.replace("fallbacks", f"{wrong}\nfallbacks")
    file.write_text(text)
    with pytest.raises(InvalidRequestError, match=told):
        ModelTable.read(file)


@pytest.mark.parametrize(
    ("routes", "told"),
    [
        ("routes = []", r'model "ours-1", `models\.0\.routes` .* at least 1 item'),
        ("", r'model "ours-1", `models\.0\.routes` is missing'),
        ('[[models.routes]]\nprovider = "ours"\nmodel_id = "x"', r'"ours-1" has no price at "ours"'),
    ],
)
def test_a_model_in_a_file_has_a_route_and_a_price(file: Path, routes: str, told: str) -> None:
    file.write_text(f'[[models]]\nname = "ours-1"\n{routes}')
    with pytest.raises(InvalidRequestError, match=told):
        ModelTable.read(file)


def test_each_field_that_is_wrong_is_told_by_itself(file: Path) -> None:
    file.write_text(OURS.replace('"1", output = "2"', '1.5, output = "-2"'))
    with pytest.raises(InvalidRequestError) as caught:
        ModelTable.read(file)
    assert [one.field.rpartition(".")[-1] for one in caught.value.fields] == ["input", "output"]


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"Cannot read .*ours\.toml: No such file"):
        ModelTable.read(file)


def test_a_prompt_in_place_of_a_model_is_not_shown() -> None:
    with pytest.raises(InvalidRequestError, match="Unknown model") as refused:
        ModelTable.load().get("x" * 100 + "secret" * 100_000)
    assert "secret" not in f"{refused.value}{refused.value.fields}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('models = ["ours-1"]', r"ours\.toml: `models\.0` input should be .*, got a text of 6 characters"),
        (f"models = {'[' * 5_000}{']' * 5_000}", r"ours\.toml: it is nested too deeply"),
    ],
)
def test_what_is_no_list_of_models_is_named(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(InvalidRequestError, match=told):
        ModelTable.read(file)


def test_a_file_may_begin_with_the_mark_of_its_encoding(file: Path) -> None:
    file.write_text(OURS, encoding="utf-8-sig")
    assert ModelTable.read(file).get("ours-1").name == "ours-1"
