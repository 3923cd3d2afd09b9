"""The report in a notebook, in short: the six numbers, the days, and the dearest groups. It needs no extra."""

from __future__ import annotations

from html import escape

from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.chapters.heading import status, title
from aijobs_sdk.usage.showing.chapters.usage_tables import groups_table
from aijobs_sdk.usage.showing.charts import PATTERNS
from aijobs_sdk.usage.showing.daily import daily_stack
from aijobs_sdk.usage.showing.fact_table import Column, FactTable
from aijobs_sdk.usage.showing.pictures import daily_figure, style_sheet, tile_list

_MOST_ROWS = 10


def report_fragment(facts: MonthFacts) -> str:
    """Return a part of a page, with a style of its own that changes nothing around it, and no script."""
    figure = f"{PATTERNS}{daily_figure(daily_stack(facts), facts.month)}" if facts.daily else ""
    return (
        f'<div class="usage"><style>{style_sheet()}</style>'
        f"<p><strong>{escape(title(facts))}</strong>: {escape(status(facts))}</p>"
        f"{tile_list(facts)}{figure}{_table(groups_table(facts).shortened(_MOST_ROWS))}</div>"
    )


def _table(table: FactTable) -> str:
    texts = table.texts()
    head = "".join(f'<th scope="col"{_side(column)}>{escape(column.label)}</th>' for column in table.columns)
    body = "".join(_row(table, row) for row in texts.rows)
    foot = f"<tfoot>{_row(table, texts.total)}</tfoot>" if texts.total else ""
    more = f"<p>{escape(table.more)}</p>" if table.more else ""
    return (
        f'<div class="scroll"><table><caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody>{foot}</table></div>{more}"
    )


def _row(table: FactTable, texts: tuple[str, ...]) -> str:
    cells = (f"<td{_side(column)}>{escape(text)}</td>" for text, column in zip(texts, table.columns, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _side(column: Column) -> str:
    return ' class="gt_right"' if column.kind.is_number else ""
