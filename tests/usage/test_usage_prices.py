"""What the providers charge: prices by day, lists over one another, exact sums, and what nobody has a price for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.contract.records import UsageRow
from aijobs_sdk.providers.models import ModelTable
from aijobs_sdk.providers.prices import Price, price_on, today
from aijobs_sdk.usage.billing.price_table import refresh_prices
from aijobs_sdk.usage.billing.prices import Pair, PriceBook
from aijobs_sdk.usage.billing.provider_cost import provider_cost
from aijobs_sdk.usage.store import UsageStore
from aijobs_sdk.usage.usage import Usage
from usage.usage_entries import entries
from usage.usage_rows import csv_text, text_row, usage_row, write

GPT = Pair("openai", "gpt-5.2")


@pytest.fixture
def store() -> Iterator[UsageStore]:
    store = UsageStore()
    yield store
    store.close()


def price(read: str, written: str, since: str | None = None, *, cached: str | None = None) -> Price:
    return Price(
        input=Decimal(read),
        output=Decimal(written),
        cached_input=None if cached is None else Decimal(cached),
        valid_from=None if since is None else date.fromisoformat(since),
        source="our contract",
        as_of=date(2026, 11, 22),
    )


def row(number: int = 1, *, on: str = "2026-01-22", at: str = "10:15:00", **changes: object) -> UsageRow:
    """Return a row of 1,000 tokens read and 500 written, on that day."""
    told = {"input_tokens": 1_000, "output_tokens": 500, "month_year": on[:7], "metadata": {}}
    return usage_row(number, **told | {"created_at": datetime.fromisoformat(f"{on}T{at}+00:00")} | changes)


def usd(store: UsageStore, month: str = "2026-01", prices: PriceBook | None = None) -> Decimal:
    return provider_cost(store, month, prices or PriceBook.load()).usd


# By day


def test_a_month_costs_what_its_tokens_cost_on_their_days(store: UsageStore) -> None:
    o3 = {"model": "o3", "provider": "openai"}
    entries(store, [row(1, on="2025-05-01", **o3), row(2, on="2025-07-01", **o3)])
    assert usd(store, "2025-05") == Decimal("0.030")
    assert usd(store, "2025-07") == Decimal("0.006")


def test_a_price_dated_today_changes_no_month_of_the_past(store: UsageStore) -> None:
    o3 = {"model": "o3", "provider": "openai"}
    entries(store, [row(1, on="2025-05-01", **o3), row(2, on="2025-07-01", **o3)])
    dearer = PriceBook.load().with_prices("openai", "o3", price("99", "99", str(today())))
    assert usd(store, "2025-05", dearer) == Decimal("0.030")
    assert usd(store, "2025-07", dearer) == Decimal("0.006")


def test_the_day_of_a_price_is_that_of_utc_and_not_of_the_store() -> None:
    store = UsageStore(timezone="Asia/Tokyo")
    entries(
        store, [row(1, on="2026-01-31", at="23:59:59"), row(2, on="2026-02-01", at="00:00:00", month_year="2026-01")]
    )
    rising = PriceBook.load().with_prices("openai", "gpt-5.2", price("1", "0"), price("2", "0", "2026-02-01"))
    assert usd(store, prices=rising) == Decimal("0.003")
    store.close()


def test_before_the_first_day_of_all_prices_the_first_one_holds(store: UsageStore) -> None:
    entries(store, [row(model="mine", provider="us")])
    later = PriceBook.load().with_prices("us", "mine", price("1", "2", "2026-06-01"), price("5", "5", "2026-07-01"))
    assert usd(store, prices=later) == Decimal("0.002")


# What a row costs


def test_cached_input_has_its_own_price_and_is_no_more_than_what_was_read(store: UsageStore) -> None:
    entries(store, [row(1, metadata={"cached_input_tokens": 800}), row(2, metadata={"cached_input_tokens": 9_000})])
    cheap = PriceBook.load().with_prices("openai", "gpt-5.2", price("10", "0", cached="1"))
    assert usd(store, prices=cheap) == Decimal("0.0028") + Decimal("0.001")


def test_cached_input_without_a_price_of_its_own_costs_what_input_costs(store: UsageStore) -> None:
    entries(store, [row(metadata={"cached_input_tokens": 800})])
    assert usd(store, prices=PriceBook.load().with_prices("openai", "gpt-5.2", price("10", "0"))) == Decimal("0.01")


def test_what_went_by_a_batch_of_the_vendors_own_costs_half(store: UsageStore) -> None:
    entries(store, [row(1), row(2, metadata={"economy": True})])
    (found,) = provider_cost(store, "2026-01", PriceBook.load()).priced
    assert found.usd == Decimal("0.00875") * Decimal("1.5")
    assert "batches at 0.5" in found.source


@pytest.mark.parametrize("metadata", [{"economy": False}, {"economy": "yes"}, {"note": '"economy": true'}])
def test_only_rows_that_say_so_are_of_a_batch(store: UsageStore, metadata: dict[str, object]) -> None:
    entries(store, [row(metadata=metadata)])
    assert usd(store) == Decimal("0.00875")


def test_pictures_are_priced_as_pictures(store: UsageStore) -> None:
    drawn = {"model": "gemini-2.5-flash-image", "provider": "google"}
    entries(store, [row(1, query_type="image_generation", **drawn), row(2, on="2026-02-22", **drawn)])
    assert usd(store, "2026-01") > usd(store, "2026-02")


def test_a_reversal_takes_off_what_its_row_had_cost_on_its_day(store: UsageStore) -> None:
    wrong = row(1, metadata={"cached_input_tokens": 800})
    entries(store, [wrong])
    entries(store, [wrong], kind="reversal", cached_input_tokens=-800, billing_month="2026-02")
    rising = PriceBook.load().with_prices(
        "openai", "gpt-5.2", price("10", "1", cached="1"), price("99", "9", "2026-02-01")
    )
    assert usd(store, "2026-01", rising) == -usd(store, "2026-02", rising) != 0


def test_a_row_reversed_in_its_month_costs_nothing(store: UsageStore) -> None:
    entries(store, [row()])
    entries(store, [row()], kind="reversal")
    (found,) = provider_cost(store, "2026-01", PriceBook.load()).priced
    assert (found.rows, found.input_tokens) == (0, 0)
    assert found.usd == 0


TOKENS = st.integers(min_value=0, max_value=10**12)
DOLLARS = st.decimals(min_value=0, max_value=10**4, places=9)


@settings(max_examples=15)  # each makes a file
@given(
    counts=st.lists(st.tuples(TOKENS, TOKENS, TOKENS, st.integers(1, 31)), min_size=1, max_size=6),
    figures=st.tuples(DOLLARS, DOLLARS, DOLLARS),
)
def test_a_month_costs_what_plain_decimals_come_to(
    counts: list[tuple[int, int, int, int]], figures: tuple[Decimal, Decimal, Decimal]
) -> None:
    first, second = price("3", "7"), price(str(figures[0]), str(figures[1]), "2026-01-16", cached=str(figures[2]))
    store = UsageStore()
    entries(
        store,
        (
            row(
                n,
                on=f"2026-01-{day:02}",
                input_tokens=read,
                output_tokens=written,
                metadata={"cached_input_tokens": hit},
            )
            for n, (read, written, hit, day) in enumerate(counts)
        ),
    )
    exact = sum(
        price_on((first, second), date(2026, 1, day)).cost_usd(read, written, cached_input_tokens=hit)
        for read, written, hit, day in counts
    )
    found = usd(store, prices=PriceBook.load().with_prices("openai", "gpt-5.2", first, second))
    assert abs(found - exact) <= Decimal("0.0000005")
    store.close()


# What nobody has a price for


def test_a_model_without_a_price_is_listed_and_costs_nothing_in_the_sum(store: UsageStore) -> None:
    entries(store, [row(1), row(2, model="made-up", provider="nobody", credits_used=Decimal("2.5"))])
    cost = provider_cost(store, "2026-01", PriceBook.load())
    assert cost.usd == Decimal("0.00875")
    assert [(one.provider, one.model, one.rows, one.credits) for one in cost.unpriced] == [
        ("nobody", "made-up", 1, Decimal("2.5"))
    ]


def test_the_sum_is_that_of_the_models_as_they_are_shown(store: UsageStore) -> None:
    odd = price("0.0005", "0")
    entries(store, [row(number, model=f"m{number}", provider="us") for number in range(1, 4)])
    book = PriceBook.load().with_prices("us", "m1", odd).with_prices("us", "m2", odd).with_prices("us", "m3", odd)
    cost = provider_cost(store, "2026-01", book)
    assert cost.usd == sum(one.usd for one in cost.priced)


def test_a_month_without_usage_costs_nothing(store: UsageStore) -> None:
    cost = provider_cost(store, "2026-01", PriceBook.load())
    assert cost.usd == 0
    assert (cost.priced, cost.unpriced) == ((), ())


def test_what_is_no_month_is_refused(store: UsageStore) -> None:
    with pytest.raises(InvalidRequestError, match="`month` must be a month such as 2026-01"):
        provider_cost(store, "January", PriceBook.load())


# Which prices


def test_the_same_prices_are_the_same_word_and_others_another(store: UsageStore) -> None:
    entries(store, [row()])
    ours = provider_cost(store, "2026-01", PriceBook.load()).price_version
    cheaper = PriceBook.load().with_prices("openai", "gpt-5.2", price("1.0", "14"))
    same = PriceBook.load().with_prices("openai", "gpt-5.2", price("1", "14.000"))
    words = [provider_cost(store, "2026-01", book).price_version for book in (PriceBook.load(), cheaper, same)]
    assert words[0] == ours != words[1] == words[2]


def test_the_day_a_source_was_read_changes_no_word(store: UsageStore) -> None:
    entries(store, [row()])
    books = [
        PriceBook.load().with_prices("openai", "gpt-5.2", price("1", "14").replace(as_of=date(2026, 1, day)))
        for day in (1, 2)
    ]
    assert len({provider_cost(store, "2026-01", book).price_version for book in books}) == 1


def test_ours_come_before_those_of_the_library() -> None:
    (ours,) = PriceBook.load().prices_of(Pair("bedrock", "claude-sonnet-4.5"))
    assert (ours.input, ours.source) == (Decimal("3.3"), "genai-prices 0.2.3, aws, regional")


def test_those_of_the_user_lie_over_ours_from_their_day_on() -> None:
    book = PriceBook.load().with_prices("openai", "gpt-5.2", price("1", "9", "2026-06-01"))
    assert [one.input for one in book.prices_of(GPT)] == [Decimal("1.75"), Decimal(1)]


def test_what_is_given_last_lies_on_top() -> None:
    book = (
        PriceBook.load()
        .with_prices("openai", "gpt-5.2", price("1", "9"))
        .with_prices("openai", "gpt-5.2", price("2", "9"))
    )
    assert [one.input for one in book.prices_of(GPT)] == [Decimal(2)]


@pytest.mark.parametrize(
    ("provider", "model", "read"),
    [
        ("openai", "openai/GPT-5.2", "1.75"),
        ("openai", "gpt-5-2", "1.75"),
        ("AWS", "claude-sonnet-4.5", "3.3"),
        ("bedrock_converse", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "3.3"),
        ("vertex_ai-anthropic_models", "claude-sonnet-4-5", "3"),
        ("gemini", "gemini-3-flash", "0.5"),
        ("vertex_ai", "gemini-3-flash-preview", "0.5"),
        ("xai", "grok-4", "3"),
    ],
)
def test_a_model_is_known_by_other_names_too(provider: str, model: str, read: str) -> None:
    assert PriceBook.load().prices_of(Pair(provider, model))[-1].input == Decimal(read)


@pytest.mark.parametrize("model", ["gpt-5.2-of-ours", "gpt", "", "nobody/gpt-5.2"])
def test_a_name_that_is_only_like_one_is_not_known(model: str) -> None:
    assert PriceBook.load().prices_of(Pair("openai", model)) == ()


# Files


def test_a_file_of_models_lies_over_ours(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text("""
[[models]]
name = "gpt-5.2"
routes = [{ provider = "openai", model_id = "gpt-5.2", prices = [
  { input = "1", output = "8", valid_from = 2026-06-01, source = "our contract", as_of = 2026-05-01 },
] }]
""")
    prices = PriceBook.load(path).prices_of(GPT)
    assert [(one.valid_from, one.input) for one in prices] == [(None, Decimal("1.75")), (date(2026, 6, 1), Decimal(1))]


def test_a_file_of_models_keeps_those_it_does_not_name(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text("")
    assert PriceBook.load(path).prices_of(GPT) == PriceBook.load().prices_of(GPT)


def litellm(folder: Path, listed: object, name: str = "prices.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(listed))
    return path


def test_the_list_of_litellm_is_read_to_the_last_digit(tmp_path: Path) -> None:
    entry = {"litellm_provider": "vertex_ai-language-models", "input_cost_per_token": 1.25e-07, "mode": "chat"}
    entry |= {"output_cost_per_token": 2.9999990000000002e-06, "cache_read_input_token_cost": 3e-8}
    path = litellm(tmp_path, {"sample_spec": {}, "vertex_ai/gemini-9": entry})
    (found,) = PriceBook.load(path).prices_of(Pair("vertex", "gemini-9"))
    assert (found.input, found.output, found.cached_input) == (Decimal("0.125"), Decimal("2.999999"), Decimal("0.03"))
    assert found.source == "prices.json"


def test_pictures_in_the_list_of_litellm_are_priced_as_pictures(tmp_path: Path) -> None:
    entry = {"litellm_provider": "openai", "input_cost_per_token": 5e-06, "output_cost_per_token": 1e-05}
    drawing = entry | {"mode": "image_generation", "output_cost_per_image_token": 3.2e-05}
    path = litellm(tmp_path, {"draws": drawing})
    assert PriceBook.load(path).prices_of(Pair("openai", "draws"))[0].output == Decimal(32)


@pytest.mark.parametrize(
    "entry",
    [
        {"input_cost_per_token": 0, "output_cost_per_token": 0.0},
        {"output_cost_per_image": 0.04},
        {"input_cost_per_token": 1e-6},
    ],
)
def test_an_entry_of_litellm_that_says_no_price_by_the_token_is_none(tmp_path: Path, entry: dict[str, object]) -> None:
    path = litellm(tmp_path, {"made-up": {"litellm_provider": "openai", **entry}})
    assert PriceBook.load(path).prices_of(Pair("openai", "made-up")) == ()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("p.json", "[]", "it must be an object, model by model, got a list of 0"),
        ("p.json", '{"m": 1}', r'"m" must be an object, got a number \(int\)'),
        ("p.json", '{"m": {"input_cost_per_token": "1e-6"}}', "`input_cost_per_token` must be a number of dollars"),
        ("p.json", '{"m": {"output_cost_per_token": -1e-6}}', "`output_cost_per_token` must be a number of dollars"),
        ("p.json", '{"m": {"output_cost_per_token": 1e30}}', "from 0 to 1,000 for a token"),
        ("p.json", '{"m": {"input_cost_per_token": NaN}}', "it is no JSON file: NaN is no number"),
        ("p.toml", "models = 3", "`models`"),
        ("p.csv", "", "its name must end in .toml or .json"),
    ],
)
def test_a_file_that_is_no_list_of_prices_is_refused(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidRequestError, match=told):
        PriceBook.load(tmp_path / name)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="No such file"):
        PriceBook.load(tmp_path / "p.json")


# The table


def test_the_table_has_the_prices_of_the_models_in_the_store(store: UsageStore) -> None:
    entries(store, [row(1), row(2, model="o3"), row(3, model="made-up")])
    assert refresh_prices(store, PriceBook.load()) == 3
    found = store.ask("SELECT model, valid_from, input_usd FROM price ORDER BY model, valid_from").cells
    assert found == (
        ("gpt-5.2", date(1, 1, 1), Decimal("1.75")),
        ("o3", date(1, 1, 1), Decimal(10)),
        ("o3", date(2025, 6, 10), Decimal(2)),
    )


def test_the_same_prices_are_not_written_again(store: UsageStore) -> None:
    entries(store, [row()])
    refresh_prices(store, PriceBook.load())
    before = store.path.stat().st_mtime_ns
    assert refresh_prices(store, PriceBook.load()) == 1
    assert store.path.stat().st_mtime_ns == before


def test_who_opens_a_store_to_ask_by_other_prices_writes_nothing(tmp_path: Path) -> None:
    Usage([row()], store=tmp_path / "usage.duckdb").close()
    before = (tmp_path / "usage.duckdb").read_bytes()

    with Usage(
        store=tmp_path / "usage.duckdb", prices=PriceBook.load().with_prices("openai", "gpt-5.2", price("1", "0"))
    ):
        assert (tmp_path / "usage.duckdb").read_bytes() == before


def test_a_price_that_is_taken_back_leaves_the_table(store: UsageStore) -> None:
    entries(store, [row(model="mine")])
    refresh_prices(store, PriceBook.load().with_prices("openai", "mine", price("1", "2")))
    refresh_prices(store, PriceBook.load())
    assert store.ask("FROM price").cells == ()


def test_a_price_that_the_table_would_round_is_refused_and_nothing_is_written(store: UsageStore) -> None:
    entries(store, [row()])
    refresh_prices(store, PriceBook.load())
    with pytest.raises(InvalidRequestError, match=r'"gpt-5\.2" at "openai" has more than 12 digits after its point'):
        refresh_prices(store, PriceBook.load().with_prices("openai", "gpt-5.2", price("0.1234567890123", "1")))
    assert len(store.ask("FROM price")) == 1


def test_in_sql_the_table_says_what_the_report_says(store: UsageStore) -> None:
    entries(store, [row(1, model="o3", on="2026-01-02"), row(2)])
    refresh_prices(store, PriceBook.load())
    told = store.ask(
        "SELECT sum((input_tokens * input_usd + output_tokens * output_usd)) FROM usage ASOF JOIN price "
        "ON usage.provider = price.provider AND usage.model = price.model AND usage.created_at::DATE >= valid_from"
    )
    assert told.cells[0][0].scaleb(-6) == usd(store)  # type: ignore[attr-defined]


def test_a_table_of_models_of_ones_own_is_priced_by_its_own_prices() -> None:
    table = ModelTable.load().with_models(
        ModelTable.load()
        .get("gpt-5.2")
        .replace(routes=(ModelTable.load().get("gpt-5.2").route.replace(price=price("9", "9")),))
    )
    assert PriceBook(table).prices_of(GPT) == (price("9", "9"),)


def test_a_model_that_comes_later_has_its_price_in_the_store_too(tmp_path: Path) -> None:
    first = write(tmp_path, "first.csv", csv_text([text_row(1, model="gpt-5.2")]))
    later = write(tmp_path, "later.csv", csv_text([text_row(2, model="gpt-5-mini")]))
    with Usage(first) as usage:
        before = usage.sql("SELECT DISTINCT model FROM price").cells
        usage.ingest(later)

        assert before == (("gpt-5.2",),)
        assert usage.sql("SELECT DISTINCT model FROM price ORDER BY model").cells == (("gpt-5-mini",), ("gpt-5.2",))


def test_prices_of_your_own_are_in_the_store_after_the_next_file(tmp_path: Path) -> None:
    first, later = (write(tmp_path, f"{n}.csv", csv_text([text_row(n)])) for n in (1, 2))
    Usage(first, store=tmp_path / "u.duckdb").close()
    mine = PriceBook.load().with_prices("openai", "gpt-5.2", price("7", "8"))
    with Usage(later, store=tmp_path / "u.duckdb", prices=mine) as usage:
        assert usage.sql("SELECT input_usd FROM price").cells == ((Decimal(7),),)
