"""The parts of a page that no table makes: tiles, charts with their legends, and the style of it all."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from html import escape
from importlib.resources import files

from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.owed import Forecast
from aijobs_sdk.usage.showing.charts import course, stacked_bars, swatch
from aijobs_sdk.usage.showing.daily import DailyStack, daily_stack
from aijobs_sdk.usage.showing.figures import rounded, shown
from aijobs_sdk.usage.showing.tiles import common_budget, tiles


@cache
def style_sheet() -> str:
    """Return the style of a page."""
    return files("aijobs_sdk.usage.showing").joinpath("page.css").read_text(encoding="utf-8")


def tile_list(facts: MonthFacts) -> str:
    """Return the six numbers that are looked at first."""
    items = [
        f'<div class="tile"><dt>{escape(tile.label)}</dt><dd><strong>{escape(tile.value)}</strong> '
        f"<span>{escape(tile.detail)}</span></dd></div>"
        for tile in tiles(facts)
    ]
    return f'<dl class="tiles">{"".join(items)}</dl>'


def daily_figure(stack: DailyStack, month: str) -> str:
    """Return the bars of each day by model, with a legend that gives each model's sum."""
    highest = max(stack.sums)
    chart = stacked_bars(
        stack,
        title=f"Credits of each day in {month}, by model",
        description=(
            f"Stacked bars. The highest is {stack.days[stack.sums.index(highest)]} with {rounded(highest)} credits; "
            f"all days come to {rounded(sum(stack.sums, Decimal(0)))}."
        ),
    )
    sums = (sum(amounts, Decimal(0)) for amounts in zip(*stack.credits, strict=True))
    legend = "".join(
        f"<li>{swatch(number)} {escape(shown(name))} <span>{rounded(amount)}</span></li>"
        for number, (name, amount) in enumerate(zip(stack.series, sums, strict=True))
    )
    more = f"<p>{said}</p>" if (said := elsewhere(stack)) else ""
    return f'<figure>{chart}<figcaption><ul class="legend">{legend}</ul>{more}</figcaption></figure>'


def course_figure(facts: MonthFacts) -> str:
    """Return how the month added up, with forecast and budget; nothing where there is neither for the whole month."""
    budget, forecast = common_budget(facts), facts.forecast
    if forecast is None and budget is None:
        return ""
    stack = daily_stack(facts)
    said = [
        f"A line that reaches {rounded(stack.running[-1])} credits.",
        *([f"The forecast is {rounded(forecast.credits)} at the end of the month."] if forecast else []),
        *([f"The budgets come to {rounded(budget)}."] if budget is not None else []),
    ]
    chart = course(
        stack, forecast, budget, title=f"Credits as they added up in {facts.month}", description=" ".join(said)
    )
    caption = f"Credits as they added up over the month.{_band(forecast)}"
    return f"<figure>{chart}<figcaption><p>{caption}</p></figcaption></figure>"


def _band(forecast: Forecast | None) -> str:
    if forecast is None:
        return ""
    if not forecast.tested_months:
        return " The band is what days like the least and the most known one would make of it."
    return " The band is how far off it was in four of five earlier months."


def elsewhere(stack: DailyStack) -> str:
    """Return what no bar shows, in a sentence; nothing where there is no such thing."""
    if not stack.elsewhere:
        return ""
    return f"{rounded(stack.elsewhere)} credits more are corrections for days outside the month."
