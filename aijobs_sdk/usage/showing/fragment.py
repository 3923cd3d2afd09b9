"""The report in a notebook, in short: the six numbers, the days, and the dearest groups. It needs no extra.

It is made of what a notebook leaves alone that is not trusted, and wears the notebook's own style: no style sheet, no
drawing within the page, and no list of terms, which notebooks lay out in a way of their own.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from decimal import Decimal

from aijobs_sdk.contract.showing import heading
from aijobs_sdk.markup import Markup, details, element, markup, table
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.chapters.heading import status, title
from aijobs_sdk.usage.showing.chapters.usage_tables import groups_table
from aijobs_sdk.usage.showing.charts import MIDDLE_TONES, bare_bars
from aijobs_sdk.usage.showing.daily import DailyStack, daily_stack
from aijobs_sdk.usage.showing.fact_table import FactTable
from aijobs_sdk.usage.showing.figures import rounded, shown
from aijobs_sdk.usage.showing.pictures import elsewhere
from aijobs_sdk.usage.showing.tiles import tiles

_MOST_ROWS = 10


def report_fragment(month: MonthFacts) -> Markup:
    """Return a part of a page that says the most important of a report."""
    return markup(
        heading(title(month), status(month)),
        _six_numbers(month),
        _days(daily_stack(month), month.month) if month.daily else None,
        _captioned(groups_table(month).shortened(_MOST_ROWS)),
    )


def _six_numbers(month: MonthFacts) -> Markup:
    six = tiles(month)
    values = [element("b", tile.value) for tile in six]
    return table([tile.label for tile in six], [values, [tile.detail for tile in six]])


def _days(stack: DailyStack, month: str) -> Markup:
    highest = max(stack.sums)
    day = stack.days[stack.sums.index(highest)]
    picture = element(
        "img",
        src=f"data:image/svg+xml;base64,{b64encode(bare_bars(stack).encode()).decode()}",
        alt=f"A bar for each day, in parts by model. The highest is that of {day}.",
        style="width:100%;max-width:760px",
    )
    in_numbers = stack.table().without(stack.series)
    return markup(
        element("div", element("b", f"Credits of each day in {month}"), f", the highest {rounded(highest)} on {day}"),
        element("div", picture),
        element("div", "From below: ", *_legend(stack)),
        element("div", said) if (said := elsewhere(stack)) else None,
        details("The same in numbers", _table(in_numbers)),
    )


def _legend(stack: DailyStack) -> Iterator[Markup]:
    sums = (sum(amounts, Decimal(0)) for amounts in zip(*stack.credits, strict=True))
    for number, (name, amount) in enumerate(zip(stack.series, sums, strict=True)):
        swatch = element("span", "■", style=f"color:{MIDDLE_TONES[number]}")
        yield markup(
            " · " if number else None, swatch, f"\N{NO-BREAK SPACE}{shown(name)} ", element("b", rounded(amount))
        )


def _captioned(of: FactTable) -> Markup:
    return markup(element("div", element("b", of.caption)), _table(of), element("div", of.more) if of.more else None)


def _table(of: FactTable) -> Markup:
    texts = of.texts()
    rows: Sequence[Sequence[object]] = texts.rows
    total = [[element("b", text) for text in texts.total]] if texts.total else []
    numbers = {column.label for column in of.columns if column.kind.is_number}
    return table([column.label for column in of.columns], [*rows, *total], numbers=numbers)
