"""The report as one page: it needs no network and no script, suits light, dark and paper, and can be heard."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.showing.chapters.all_chapters import chapters
from aijobs_sdk.usage.showing.chapters.heading import particulars, title
from aijobs_sdk.usage.showing.charts import PATTERNS, sparkline
from aijobs_sdk.usage.showing.daily import daily_stack, model_days
from aijobs_sdk.usage.showing.fact_table import Chapter, FactTable
from aijobs_sdk.usage.showing.figures import shown
from aijobs_sdk.usage.showing.html_tables import html_table
from aijobs_sdk.usage.showing.pictures import course_figure, daily_figure, style_sheet, tile_list
from aijobs_sdk.usage.writing import write_files

_MOST_ROWS = 50
"""Of one table: the page stays small enough to be sent."""


def report_page(facts: MonthFacts) -> str:
    """Return the whole report as HTML, below 400 KB: what is longer is cut, and says so."""
    told = chapters(facts)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            f"<head>{_head(facts)}</head>",
            '<body class="usage">',
            '<a class="skip" href="#main">Skip to the report</a>',
            PATTERNS,
            _header(facts),
            _contents(told),
            '<main id="main" tabindex="-1">',
            tile_list(facts),
            *(_section(chapter, facts) for chapter in told),
            "</main>",
            f"<footer><p>{escape(_footer(facts))}</p></footer>",
            "</body>",
            "</html>",
            "",
        ]
    )


def write_page(page: str, path: Path) -> Path:
    """Write a page to `path`, whole or not at all, and return where it is.

    Raises:
        InvalidRequestError: the file cannot be written.
    """
    return write_files({path: lambda partial: partial.write_text(page, encoding="utf-8", newline="\n")})[0]


def _head(facts: MonthFacts) -> str:
    return (
        '<meta charset="utf-8">'
        # Nothing may be loaded or run, whatever a name of a tenant holds.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        'img-src data:">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title(facts))}</title><style>{style_sheet()}</style>"
    )


def _header(facts: MonthFacts) -> str:
    said = "".join(f"<div><dt>{word}</dt><dd>{escape(shown(value))}</dd></div>" for word, value in particulars(facts))
    return f"<header><h1>{escape(title(facts))}</h1><dl>{said}</dl></header>"


def _contents(told: Sequence[Chapter]) -> str:
    links = "".join(f'<li><a href="#{chapter.name}">{escape(chapter.title)}</a></li>' for chapter in told)
    return f'<nav aria-label="Contents"><ul>{links}</ul></nav>'


def _section(chapter: Chapter, facts: MonthFacts) -> str:
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in chapter.sentences)
    heading = f'<h2 id="{chapter.name}">{escape(chapter.title)}</h2>'
    return f'<section aria-labelledby="{chapter.name}">{heading}{sentences}{_body(chapter, facts)}</section>'


def _body(chapter: Chapter, facts: MonthFacts) -> str:
    match chapter.name:
        case "days":
            stack = daily_stack(facts)
            return daily_figure(stack, facts.month) + _folded("The same in numbers", stack.table())
        case "budgets":
            return course_figure(facts) + _tables(chapter.tables)
        case "divided":
            return "".join(_division(table, facts) for table in chapter.tables)
        case _:
            return _tables(chapter.tables)


def _tables(tables: Sequence[FactTable]) -> str:
    return "".join(html_table(table.shortened(_MOST_ROWS)) for table in tables)


def _division(table: FactTable, facts: MonthFacts) -> str:
    match table.name:
        case "by-day":
            return _folded(table.caption, table.shortened(_MOST_ROWS))  # late rows may be of any day
        case "by-model":
            models = [str(row[0]) for row in table.rows]
            return html_table(table, pictures=[_course_of(facts, model) for model in models])
        case _:
            return html_table(table.shortened(_MOST_ROWS))


def _course_of(facts: MonthFacts, model: str) -> str:
    """Return the picture of what one model cost by day; none for the row of those that are not listed."""
    by_day = model_days(facts, model)
    return sparkline(by_day) if any(by_day) else ""


def _folded(summary: str, table: FactTable) -> str:
    return f"<details><summary>{escape(summary)}</summary>{html_table(table)}</details>"


def _footer(facts: MonthFacts) -> str:
    return f"{title(facts)}, made by aijobs-sdk. The same facts give the same page, to the byte."
