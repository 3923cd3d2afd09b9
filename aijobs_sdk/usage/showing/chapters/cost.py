"""The chapter on what the providers charge."""

from __future__ import annotations

from aijobs_sdk.contract.showing import counted
from aijobs_sdk.usage.facts.costs import ProviderCost
from aijobs_sdk.usage.showing.chapters.usage_tables import CREDITS, INPUT_TOKENS, OUTPUT_TOKENS, REQUESTS, key_column
from aijobs_sdk.usage.showing.fact_table import Chapter, Column, FactTable, Kind
from aijobs_sdk.usage.showing.figures import exact, shown


def cost_chapter(cost: ProviderCost) -> Chapter:
    """Return what the providers charge, and which models no price is known of."""
    return Chapter(
        name="cost",
        title="Provider cost",
        sentences=(
            f"By list prices, {exact(cost.usd)} USD; this is no invoice. Prices: {shown(cost.price_version)}.",
            *([_unpriced_sentence(cost)] if cost.unpriced else []),
        ),
        tables=(*([_priced_table(cost)] if cost.priced else []), *([_unpriced_table(cost)] if cost.unpriced else [])),
    )


def _unpriced_sentence(cost: ProviderCost) -> str:
    models = counted(len(cost.unpriced), "model has", "models have")
    return f"{models} no known price: listed below, in no sum, and not taken as free."


def _priced_table(cost: ProviderCost) -> FactTable:
    return FactTable(
        name="priced",
        caption="Cost at the providers, by model",
        columns=(
            key_column("provider"),
            key_column("model"),
            REQUESTS,
            INPUT_TOKENS,
            OUTPUT_TOKENS,
            Column("usd", "USD", Kind.AMOUNT),
            Column("source", "Source of the price", Kind.TEXT),
        ),
        rows=tuple(
            (one.provider, one.model, one.rows, one.input_tokens, one.output_tokens, one.usd, one.source)
            for one in cost.priced
        ),
        total=(
            "Total",
            None,
            sum(one.rows for one in cost.priced),
            sum(one.input_tokens for one in cost.priced),
            sum(one.output_tokens for one in cost.priced),
            cost.usd,
            None,
        ),
    )


def _unpriced_table(cost: ProviderCost) -> FactTable:
    return FactTable(
        name="unpriced",
        caption="Models without a known price",
        columns=(key_column("provider"), key_column("model"), REQUESTS, CREDITS),
        rows=tuple((one.provider, one.model, one.rows, one.credits) for one in cost.unpriced),
        total=("Total", None, sum(one.rows for one in cost.unpriced), sum(one.credits for one in cost.unpriced)),
    )
