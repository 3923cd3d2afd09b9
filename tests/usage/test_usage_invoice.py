"""What a provider charges is held against what its prices make of our usage, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from aijobs_sdk.contract.errors import InvalidRequestError
from aijobs_sdk.usage.checking.facts import InvoiceDifference, InvoiceReconciliation
from aijobs_sdk.usage.checking.invoice import reconcile_invoice
from aijobs_sdk.usage.checking.model_names import plain_name
from aijobs_sdk.usage.facts.costs import PricedModel, ProviderCost, UnpricedModel
from usage.usage_rows import write

OPENAI = "start_time_iso,end_time_iso,amount_value,amount_currency,quantity,line_item,project_id\n"
ANTHROPIC = "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd\n"


def cost(unpriced: str | None = None) -> ProviderCost:
    """Return what two models of openai cost and one of bedrock, and that another of openai has no price."""
    models = {"gpt-5.2": "12.50", "o3": "1.25"}
    return ProviderCost(
        usd=sum((Decimal(amount) for amount in models.values()), Decimal(0)),
        priced=(*(priced(name, amount) for name, amount in models.items()), priced("claude-opus-4.5", "99", "bedrock")),
        unpriced=() if unpriced is None else (unpriced_model(unpriced), unpriced_model("titan", "bedrock")),
        price_version="v1",
    )


def priced(model: str, usd: str, provider: str = "openai") -> PricedModel:
    return PricedModel(
        provider=provider, model=model, rows=1, input_tokens=1, output_tokens=1, usd=Decimal(usd), source="ours"
    )


def unpriced_model(model: str, provider: str = "openai") -> UnpricedModel:
    return UnpricedModel(provider=provider, model=model, rows=1, credits=Decimal(1))


def held(path: Path, month_cost: ProviderCost | None = None, **options: object) -> InvoiceReconciliation:
    given = {"month": "2026-01", "provider": "openai", **options}
    return reconcile_invoice(month_cost or cost(), path, **given)  # type: ignore[arg-type]


def openai_line(item: str, amount: str, day: str = "2026-01-05", currency: str = "usd") -> str:
    return f'{day}T00:00:00+00:00,,{amount},{currency},,"{item}",proj\n'


@pytest.mark.parametrize(
    "text",
    [
        "model,amount\ngpt-5.2,12.50\no3,1",
        "amount,model\n12.50,gpt-5.2\n1.25,o",
        "date,note,model,amount\n2026-01-05,,gpt-5.2,12.50\n2026-01-05,",
    ],
    ids=["within-the-amount", "within-the-model", "before-both"],
)
def test_an_invoice_whose_last_line_may_be_cut_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidRequestError, match="may be cut"):
        held(write(tmp_path, "invoice.csv", text))


@pytest.mark.parametrize(
    "text", ["model,amount\no3,1.25\n", 'model,amount\no3,"1.25"', "model,amount,date\no3,1.25,2026-01-05"]
)
def test_an_invoice_needs_no_line_end_where_its_last_amount_is_seen_to_be_whole(tmp_path: Path, text: str) -> None:
    assert held(write(tmp_path, "invoice.csv", text)).invoiced_usd == Decimal("1.25")


def test_an_invoice_that_is_what_we_reckoned_agrees(tmp_path: Path) -> None:
    lines = openai_line("gpt-5.2-2025-12-11, input", "10.00") + openai_line("gpt-5.2-2025-12-11, output", "2.500000")
    file = write(tmp_path, "costs.csv", OPENAI + lines + openai_line("o3-2025-04-16, input", "1.25"))

    found = held(file)

    assert (found.agreed, found.differences, found.gap_usd) == (2, (), Decimal(0))
    assert (found.invoiced_usd, found.reckoned_usd, found.lines) == (Decimal("13.75"), Decimal("13.75"), 3)


def test_a_gap_of_37_cents_is_told_as_that(tmp_path: Path) -> None:
    lines = openai_line("gpt-5.2", "12.87") + openai_line("o3", "1.25")

    found = held(write(tmp_path, "costs.csv", OPENAI + lines))

    assert found.gap_usd == Decimal("0.37")
    assert found.differences == (
        InvoiceDifference(
            model="gpt-5.2",
            verdict="amount_differs",
            invoiced_usd=Decimal("12.87"),
            reckoned_usd=Decimal("12.50"),
            difference_usd=Decimal("0.37"),
        ),
    )


def test_what_only_one_side_knows_is_told_largest_first(tmp_path: Path) -> None:
    lines = openai_line("gpt-image-2, input", "3.00") + openai_line("", "2.00") + openai_line("gpt-5.2", "12.50")

    found = held(write(tmp_path, "costs.csv", OPENAI + lines), cost(unpriced="gpt-5.2-codex"))

    assert [(one.model, one.verdict, one.difference_usd) for one in found.differences] == [
        ("gpt-image-2, input", "not_reckoned", Decimal("3.00")),
        ("", "not_reckoned", Decimal("2.00")),
        ("o3", "not_invoiced", Decimal("-1.25")),
        ("gpt-5.2-codex", "not_priced", Decimal(0)),
    ]


def test_a_model_without_a_price_is_told_with_what_it_was_charged(tmp_path: Path) -> None:
    file = write(tmp_path, "costs.csv", OPENAI + openai_line("gpt-5.2-codex, output", "4.00"))

    found = held(file, cost(unpriced="gpt-5.2-codex"))

    assert (
        InvoiceDifference(
            model="gpt-5.2-codex",
            verdict="not_priced",
            invoiced_usd=Decimal("4.00"),
            reckoned_usd=None,
            difference_usd=Decimal("4.00"),
        )
        in found.differences
    )


def test_a_provider_is_known_by_its_other_names(tmp_path: Path) -> None:
    file = write(tmp_path, "costs.csv", OPENAI + openai_line("gpt-5.2", "12.50") + openai_line("o3", "1.25"))

    found = held(file, provider="OpenAI")

    assert (found.reckoned_usd, found.agreed) == (Decimal("13.75"), 2)


@pytest.mark.parametrize("tolerance", ["NaN", "sNaN", "Infinity", "-0.01"])
def test_a_tolerance_that_tells_nothing_apart_is_refused(tmp_path: Path, tolerance: str) -> None:
    file = write(tmp_path, "costs.csv", OPENAI + openai_line("o3", "1.25"))

    with pytest.raises(InvalidRequestError, match="`tolerance_usd` must be an amount of dollars from 0 on"):
        held(file, tolerance_usd=Decimal(tolerance))


def test_a_small_difference_may_be_tolerated_and_stays_in_the_gap(tmp_path: Path) -> None:
    lines = openai_line("gpt-5.2", "12.51") + openai_line("o3", "1.27")
    file = write(tmp_path, "costs.csv", OPENAI + lines)

    found = held(file, tolerance_usd=Decimal("0.01"))

    assert ([one.model for one in found.differences], found.agreed) == (["o3"], 1)
    assert found.gap_usd == Decimal("0.03")


def test_sums_are_exact_beyond_28_digits(tmp_path: Path) -> None:
    lines = openai_line("o3", "123456789.000000000000000000000000000001") * 3
    file = write(tmp_path, "costs.csv", OPENAI + lines)

    assert held(file).invoiced_usd == Decimal("370370367.000000000000000000000000000003")


def test_lines_of_other_months_and_days_without_costs_are_passed_over(tmp_path: Path) -> None:
    lines = openai_line("gpt-5.2", "9", day="2025-12-31") + openai_line("gpt-5.2", "9", day="2026-02-01")
    file = write(
        tmp_path, "costs.csv", OPENAI + lines + "2026-01-02T00:00:00+00:00,,,,,,\n" + openai_line("o3", "1.25")
    )

    found = held(file)

    assert (found.lines, found.lines_of_other_months, found.invoiced_usd) == (1, 2, Decimal("1.25"))


def test_the_export_of_anthropic_is_known(tmp_path: Path) -> None:
    lines = (
        "2026-01-04,Claude Opus 4.5,Default,key,message,≤ 200k,output,98.50,98.50\n"
        "2026-01-05,Claude Opus 4.5,Default,key,message,≤ 200k,input_no_cache,0.50,0.50\n"
    )
    file = write(tmp_path, "costs.csv", ANTHROPIC + lines)

    assert held(file, provider="bedrock").differences == ()


@pytest.mark.parametrize(
    "header",
    [
        "lineItem/UsageType,lineItem/UnblendedCost,lineItem/CurrencyCode,lineItem/UsageStartDate",
        "line_item_usage_type,line_item_unblended_cost,line_item_currency_code,line_item_usage_start_date",
        "ChargeDescription,BilledCost,BillingCurrency,ChargePeriodStart",
        "Model,Amount,Currency,Date",
    ],
)
def test_other_known_headers_are_found_however_they_are_written(tmp_path: Path, header: str) -> None:
    file = write(tmp_path, "cur.csv", f"{header}\nopus,99.00,USD,2026-01-01T00:00:00Z\n")

    found = held(file, provider="bedrock", aliases={"opus": "claude-opus-4.5"})

    assert (found.agreed, found.gap_usd) == (1, Decimal(0))


def test_a_file_of_another_form_is_read_by_the_columns_that_are_named(tmp_path: Path) -> None:
    file = write(tmp_path, "bill.csv", 'What,Total\ngpt-5.2,"$1,012.50"\no3,1.25\n')

    assert held(file, columns={"model": "what", "amount": "total"}).gap_usd == Decimal(1_000)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (openai_line("o3", '"1,5"'), "line 2: the amount must be one such as 1234.56"),
        (openai_line("o3", "1,500.00"), "line 2: it has more fields than the header"),
        (openai_line("o3", "NaN"), "line 2: the amount must be one such as 1234.56, got a text of 3 characters"),
        (openai_line("o3", "$"), "line 2: the amount must be one such as 1234.56, got a text of 1 characters"),
        (openai_line("o3", "-e5"), "line 2: the amount must be one such as 1234.56, got a text of 3 characters"),
        (openai_line("o3", ""), "line 2: the amount must be one such as 1234.56, got an empty text"),
        (openai_line("o3", "1.5", currency="eur"), "line 2: the amount is not in USD"),
        (openai_line("o3", "1.5", day="01/05/2026"), "line 2: the day must be one such as 2026-01-31"),
        (openai_line("o3", "1.5", day="2026-13-01"), "line 2: the day must be one such as 2026-01-31"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        held(write(tmp_path, "costs.csv", OPENAI + line))


def test_a_file_that_says_an_amount_twice_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "bill.csv", "Model,Amount,amount\ngpt-5.2,12.50,10.33\n")
    with pytest.raises(InvalidRequestError, match="more than one column that is called 'amount'"):
        held(file)


def test_a_file_with_other_columns_is_refused_with_how_to_name_them(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r'Say which they are: columns=\{"model"'):
        held(write(tmp_path, "costs.csv", "what,total\no3,1\n"))


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"model": "what"}, "`columns.amount` is required"),
        ({"model": "what", "amount": "total", "curency": "x"}, "`columns.curency` is not a field"),
        ({"model": "what", "amount": "sum"}, "does not name the columns"),
    ],
)
def test_columns_that_are_named_wrongly_are_refused(tmp_path: Path, columns: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        held(write(tmp_path, "costs.csv", "what,total\no3,1\n"), columns=columns)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="cannot be read as an invoice"):
        held(tmp_path / "costs.csv")


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("gpt-5.2-2025-12-11, cached input", "gpt52"),
        ("GPT-4o mini, output", "gpt4omini"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claudesonnet45"),
        ("Claude Sonnet 4.5", "claudesonnet45"),
        ("claude-sonnet-4-5@20250929", "claudesonnet45"),
        ("Claude 3.5 Sonnet (Amazon Bedrock Edition)", "claude35sonnet"),
        ("models/gemini-3-flash", "gemini3flash"),
        ("gpt-4.1", "gpt41"),
        ("", ""),
    ],
)
def test_a_model_has_one_plain_name(written: str, plain: str) -> None:
    assert plain_name(written) == plain
