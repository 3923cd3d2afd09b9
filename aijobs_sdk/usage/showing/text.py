"""The report for a terminal: the bill, and in short what stands out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from aijobs_sdk.contract.showing import counted
from aijobs_sdk.usage.facts.month import MonthFacts
from aijobs_sdk.usage.facts.trust import DataQuality, Problem
from aijobs_sdk.usage.showing.chapters.all_chapters import chapters
from aijobs_sdk.usage.showing.chapters.heading import particulars, status, title
from aijobs_sdk.usage.showing.fact_table import Chapter, FactTable, Kind
from aijobs_sdk.usage.showing.figures import shown
from aijobs_sdk.usage.table import text_lines

_LINE = 100
_MOST_ROWS = 20
_NOT_HERE = frozenset({"days", "divided", "spreads", "quality", "definitions"})
"""Chapters that are too long for a screen."""
_TOO_WIDE = frozenset({"source"})
"""Columns that a line has no room for."""
_TOO_WIDE_IN = {"costliest": frozenset({"type"})}
"""The same of one table: with the type, its lines would be longer than the 80 characters of many terminals."""


def report_text(facts: MonthFacts) -> str:
    """Return the report to read in a terminal; control characters in names are made visible."""
    told = [chapter for chapter in chapters(facts) if chapter.name not in _NOT_HERE]
    blocks = [_head(facts), *map(_chapter_block, told), _quality_block(facts.quality)]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _head(facts: MonthFacts) -> list[str]:
    _, *others = particulars(facts)
    return [f"{title(facts)}: {status(facts)}", *(f"{word}: {shown(value)}" for word, value in others)]


def _chapter_block(chapter: Chapter) -> list[str]:
    heading = [] if chapter.name == "bill" else [chapter.title]
    sentences = [line for sentence in chapter.sentences for line in wrap(sentence, _LINE)]
    return [*heading, *sentences, *_tables(chapter.tables)]


def _tables(tables: Sequence[FactTable]) -> Iterator[str]:
    for number, table in enumerate(tables):
        if number:
            yield from ("", f"{table.caption}:")
        narrow = table.without(_TOO_WIDE | _TOO_WIDE_IN.get(table.name, frozenset()))
        yield from _table(narrow if table.name == "groups" else narrow.shortened(_MOST_ROWS))


def _table(table: FactTable) -> list[str]:
    """Return `table` with the names of its columns as a program knows them, numbers to the right."""
    texts = table.texts()
    names = tuple(column.name for column in table.columns)
    footer = () if texts.total is None else (texts.total,)
    columns = zip(*(names, *texts.rows, *footer), strict=True)
    aligned = [_aligned(of, column.kind) for of, column in zip(columns, table.columns, strict=True)]
    head, *rows = zip(*aligned, strict=True)
    body, foot = rows[: len(texts.rows)], rows[len(texts.rows) :]
    return [*text_lines(head, body, footer=foot[0] if foot else None), *([table.more] if table.more else [])]


def _aligned(texts: Sequence[str], kind: Kind) -> list[str]:
    width = max(map(len, texts))
    return [text.rjust(width) if kind.is_number else text for text in texts]


def _quality_block(quality: DataQuality) -> list[str]:
    repeated, aside = counted(quality.duplicates, "duplicate"), counted(quality.quarantined, "row")
    return [f"{repeated} counted once, {aside} set aside.", *map(_problem_line, quality.problems)]


def _problem_line(problem: Problem) -> str:
    return (
        f"  {problem.reason}: {problem.rows:,}, first at {shown(problem.first_file)}:{problem.first_line} "
        f"({shown(problem.first_detail)})"
    )
