"""What a person sees in a terminal when it is done: tables and texts. All of it fits 80 columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aijobs_sdk.contract.events import JobEvent, StatusEvent, TextDelta
from aijobs_sdk.contract.results import BlockResult, GenerationResult, ImageResult, JobResult
from aijobs_sdk.contract.showing import counted
from aijobs_sdk.notebook.amounts import duration
from aijobs_sdk.notebook.static import one_line
from aijobs_sdk.providers.prices import today

if TYPE_CHECKING:
    from aijobs_sdk.batch.progress import BatchProgress
    from aijobs_sdk.batch.row import BatchRow
    from aijobs_sdk.contract.error_info import ErrorInfo
    from aijobs_sdk.contract.records import DeadLetter
    from aijobs_sdk.engine.job_type import JobType
    from aijobs_sdk.providers.model import Route
    from aijobs_sdk.providers.models import ModelTable

ROWS_WIDTH = 100
"""Columns of the terminal that the table of rows takes at most: wider lines are hard to follow."""
LETTERS_WIDTH = 120
"""The same for dead letters, whose ids alone take a third of it."""
REPLAYED = "↻"


def totals_line(done: BatchProgress) -> str:
    """Return what a finished batch came to."""
    skipped = f"{done.skipped:,} skipped, " if done.skipped else ""
    return (
        f"{done.completed:,} of {counted(done.total, 'row')} completed, {done.failed:,} failed, {skipped}"
        f"{counted(done.retries, 'retry', 'retries')}, {duration(done.elapsed_seconds)}.\n"
        f"{done.input_tokens:,} tokens in, {done.output_tokens:,} out, {done.credits:f} credits."
    )


def print_rows(rows: Sequence[BatchRow], console: Console) -> None:
    """Print one line a row: what its answer begins with, or the code of its error."""
    table = new_table(["#", "model"], numbers=["tries", "tokens", "credits"], rest="answer")
    for row in rows:
        answer = f"[red]{row.error.code}[/red]" if row.error else escape(_first_line(row.content or ""))
        tokens = "" if row.output_tokens is None else f"{row.output_tokens:,}"
        credit = "" if row.credits is None else format(row.credits, "f")
        table.add_row(str(row.index + 1), escape(row.model), answer, str(row.attempts), tokens, credit)
    console.print(table, width=min(console.width, ROWS_WIDTH))


def print_models(models: ModelTable) -> None:
    """Print the table of models: where each is called and how much it takes, what it costs today, when it ends."""
    console = Console(highlight=False)
    console.print(_limits_table(models))
    console.print("Reads, writes: the most tokens of a prompt with its answer, and of an answer.\n")
    console.print(_prices_table(models))
    console.print(
        "$: US dollars for a million tokens read, read again, and written. cr: credits for a thousand; 1 credit is "
        f"{models.usd_per_credit} US dollars.\nPrices: {_sources(models)}."
    )
    if any(model.fallbacks for model in models):
        console.print("", _fallbacks_table(models), "In an outage, where a job allows it.", sep="\n")
    if any(route.retires_on for model in models for route in model.routes):
        console.print("", _retirements_table(models), sep="\n")


def print_types(types: Iterable[JobType[Any]]) -> None:
    """Print what can be asked for: each type, then its payload's fields with what they hold."""
    console = Console(highlight=False)
    for kind in types:
        schema = kind.payload_model.model_json_schema()
        table = new_table(["field", ""], numbers=(), rest="holds")
        for name, field in schema.get("properties", {}).items():
            table.add_row(name, "required" if name in schema.get("required", ()) else "", _kinds(field))
        console.print(f"[bold]{escape(kind.name)}[/bold]", table, "", sep="\n", width=min(console.width, ROWS_WIDTH))


def print_dead_letters(letters: Sequence[DeadLetter]) -> None:
    """Print one line a dead letter: whose job, when, and what it failed of."""
    console = Console(highlight=False)
    if not letters:
        console.print("No dead letters.")
        return
    table = new_table(["job", "", "failed (UTC)", "type"], numbers=(), rest="error")
    for letter in letters:
        replayed = REPLAYED if letter.replayed_as else ""
        failed_at = f"{letter.failed_at:%m-%d %H:%M}"
        table.add_row(str(letter.job_id), replayed, failed_at, escape(letter.type), escape(_why(letter.error)))
    console.print(table, width=min(console.width, LETTERS_WIDTH))
    legend = f"{REPLAYED} replayed. " if any(letter.replayed_as for letter in letters) else ""
    console.print(f"\n{legend}More: aijobs dlq show JOB. Run again: aijobs dlq replay JOB.")


def dead_letter_line(letter: DeadLetter) -> str:
    """Return a dead letter without its payload, as one line of fields separated by tabs."""
    error = letter.error
    replayed_as = letter.replayed_as or ""
    where = (error.provider or "", error.region or "")
    fields = (letter.job_id, letter.failed_at.isoformat(), letter.type, error.category, error.code, *where, replayed_as)
    return "\t".join(map(str, fields))


def dead_letter_text(letter: DeadLetter) -> str:
    """Return all of a dead letter."""
    facts = {
        "job": letter.job_id,
        "type": letter.type,
        "failed at": f"{letter.failed_at:%Y-%m-%d %H:%M:%S} UTC",
        "user": letter.user_id,
        "priority": letter.priority,
        "attempts": f"{len(letter.errors)} of {letter.max_attempts}",
        "replayed as": letter.replayed_as or "not replayed",
    }
    lines = [f"{name:<12} {value}" for name, value in facts.items()]
    errors = [f"  {error.attempt or '-'}  {_why(error)}: {one_line(error.message)}" for error in letter.errors]
    payload = json.dumps(dict(letter.payload), indent=2, ensure_ascii=False)
    return "\n".join([*lines, "", "errors by attempt", *errors, "", f"payload {payload}"])


def event_line(event: JobEvent) -> str:
    """Return one event on one line."""
    match event:
        case StatusEvent():
            said = f"{event.status:<10} {event.progress:>3}%  {one_line(event.message)}"
        case TextDelta():
            said = f"+ {len(event.text)} characters"
        case _:
            said = event.kind
    return f"{event.seq:>5}  {event.at:%H:%M:%S}  {said}"


def result_text(result: JobResult) -> str:
    """Return a result as a person reads it."""
    match result:
        case GenerationResult() | BlockResult():
            return result.content
        case ImageResult():
            return _pictures_text(result)
        case _:
            return result.model_dump_json(indent=2)


def _pictures_text(result: ImageResult) -> str:
    lines = [f"{_shown(image.url)}  {image.width}x{image.height}" for image in result.images]
    return "\n".join([*lines, f"{counted(len(lines), 'picture')} by {result.model}, {result.credits_used:f} credits."])


def _shown(url: str) -> str:
    """Return a file's path, which every program can open, and any other address as it is."""
    parts = urlsplit(url)
    return url2pathname(parts.path) if parts.scheme == "file" else url


def new_table(texts: Iterable[str], *, numbers: Iterable[str], rest: str | None = None) -> Table:
    """Return a table whose lines never wrap; `rest` names a column that takes the width the others leave."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), expand=rest is not None)
    for name in texts:
        table.add_column(name, no_wrap=True)
    if rest is not None:
        table.add_column(rest, no_wrap=True, ratio=1)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _kinds(field: Mapping[str, Any]) -> str:
    """Return the JSON types a field of a schema may have, as `number or null`."""
    return " or ".join(str(choice.get("type", "anything")) for choice in field.get("anyOf", [field]))


def _why(error: ErrorInfo) -> str:
    place = " ".join(part for part in (error.provider, error.region) if part)
    return f"{error.code} at {place}" if place else error.code


def _limits_table(models: ModelTable) -> Table:
    table = new_table(["model", "kind", "called at"], numbers=["reads", "writes"])
    for model in models:
        limits = map(_thousands, (model.context_window, model.max_output_tokens))
        table.add_row(escape(model.name), model.kind, escape(", ".join(map(_place, model.routes))), *limits)
    return table


def _prices_table(models: ModelTable) -> Table:
    table = new_table(["model", "called at"], numbers=["$ in", "again", "$ out", "cr in", "cr out", "price"])
    for model in models:
        for route in model.routes:
            price = route.price_at(today())
            called = model.replace(routes=(route,))
            credit = [models.credits(called, *tokens).normalize() for tokens in ((1000, 0), (0, 1000))]
            dollars = (price.input, price.input if price.cached_input is None else price.cached_input, price.output)
            since = f"of {price.as_of}" if price.valid_from is None else f"from {price.valid_from}"
            numbers = (f"{one:f}" for one in (*dollars, *credit))
            table.add_row(escape(model.name), escape(route.provider), *numbers, since)
    return table


def _fallbacks_table(models: ModelTable) -> Table:
    table = new_table(["model", "is stood in for by"], numbers=())
    for model in models:
        if model.fallbacks:
            table.add_row(escape(model.name), escape(", ".join(model.fallbacks)))
    return table


def _retirements_table(models: ModelTable) -> Table:
    table = new_table(["model", "retires at", "on", "its vendor advises"], numbers=())
    for model in models:
        for route in model.routes:
            if route.retires_on is not None:
                successor = escape(model.successor or "")
                table.add_row(escape(model.name), escape(route.provider), str(route.retires_on), successor)
    return table


def _place(route: Route) -> str:
    return f"{route.provider} {route.region}" if route.region else route.provider


def _thousands(tokens: int | None) -> str:
    return "" if tokens is None else f"{tokens / 1000:,.0f}k"


def _first_line(text: str) -> str:
    return next((line.lstrip("# ") for line in text.splitlines() if line.strip()), "")


def _sources(models: ModelTable) -> str:
    prices = [route.price_at(today()) for model in models for route in model.routes]
    return "; ".join(sorted({f"{price.source}, read on {price.as_of}" for price in prices}))
