"""Tables as HTML, made by Great Tables: cells escaped, each one tied to its row and column for a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from aijobs_sdk.contract.errors import ConfigurationError
from aijobs_sdk.usage.showing.fact_table import Cell, FactTable, ShownTable

try:
    import polars as pl
    from great_tables import GT, html
except ModuleNotFoundError as missing:
    raise ConfigurationError(
        "Reports as HTML need Great Tables and polars: pip install 'aijobs-sdk[report]'. "
        "to_text(), to_json() and to_csv() work without them."
    ) from missing


def html_table(table: FactTable, *, pictures: Sequence[str] = ()) -> str:
    """Return `table` with its caption, without a style: the page has one for all.

    `pictures` are the values of a last column, as HTML. A group that the keyboard reaches holds the table, as a wide
    one is scrolled on a narrow screen.
    """
    caption = escape(table.caption)
    laid_out = _laid_out(table, pictures).as_raw_html()
    # Great Tables would put a style of 8 KB beside each table, has no <caption>, and sets attributes for Quarto.
    rows = laid_out[laid_out.index("<thead>") : laid_out.index("</table>")]
    more = f'<p class="more">{escape(table.more)}</p>' if table.more else ""
    return (
        f'<div class="scroll" role="group" aria-label="{caption}" tabindex="0">'
        f'<table class="gt_table"><caption>{caption}</caption>{rows}</table></div>{more}'
    )


def _laid_out(table: FactTable, pictures: Sequence[str]) -> GT:
    texts = table.texts()
    frame = _frame(table, texts, pictures)
    labels = [column.label for column in table.columns] + ["By day"] * bool(pictures)
    numbers = [f"c{place}" for place, column in enumerate(table.columns) if column.kind.is_number]
    stub = None if "c0" in numbers else "c0"
    laid_out = (
        GT(frame, id=f"usage-{table.name}", rowname_col=stub, auto_align=False)
        .cols_label({name: html(_verbatim(label)) for name, label in zip(frame.columns, labels, strict=True)})
        .cols_align("left")
        .cols_align("right", numbers)
        .fmt_passthrough(frame.columns, escape=False)  # what they hold is escaped; by default the first one is left out
    )
    if stub:
        laid_out = laid_out.tab_stubhead(html(_verbatim(labels[0])))
    return laid_out if texts.total is None else _with_total(laid_out, texts.total)


def _with_total(laid_out: GT, total: Sequence[str]) -> GT:
    # Great Tables escapes no cell of a summary.
    sums = [pl.lit(escape(text)).alias(f"c{place}") for place, text in enumerate(total) if place]
    return laid_out.grand_summary_rows(fns={"Total": pl.struct(sums).struct.field("*")}, missing_text="")


def _frame(table: FactTable, texts: ShownTable, pictures: Sequence[str]) -> pl.DataFrame:
    """Return the cells as HTML. Columns are numbered, as one may be named after a user's model."""
    columns = {
        f"c{place}": _cells(table, place, [row[place] for row in texts.rows]) for place in range(len(table.columns))
    }
    if pictures:
        columns["pictures"] = list(pictures)
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _verbatim(text: str) -> str:
    """Return a label as HTML that is taken as it is: braces would be read as a unit of measurement."""
    return escape(text).replace("{", "&#123;")


def _cells(table: FactTable, place: int, texts: Sequence[str]) -> list[str]:
    escaped = [escape(text) for text in texts]
    if table.columns[place].name != table.bar:
        return escaped
    return [f"{_bar(row[place])}{text}" for row, text in zip(table.rows, escaped, strict=True)]


def _bar(share: Cell) -> str:
    """Return a share as a bar for the eye, as its number stands beside it; what is no share has none."""
    if not isinstance(share, Decimal):
        return ""
    width = min(max(share, Decimal(0)), Decimal(1)) * 100
    return f'<span class="bar{" over" if share > 1 else ""}"><span style="width:{width:.1f}%"></span></span>'
