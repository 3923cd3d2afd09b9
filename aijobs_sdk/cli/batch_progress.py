"""How far a batch is while it runs: a bar in a terminal, lines now and then in a log. All of it fits 80 columns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from aijobs_sdk.cli.display import duration
from aijobs_sdk.contract.batches import BatchState

if TYPE_CHECKING:
    from aijobs_sdk.batch.progress import BatchProgress
    from aijobs_sdk.client.batch import Batch

REFRESHES_PER_SECOND = 10
BAR_WIDTH = 20
LINES_SECONDS = 5.0


def watched(batch: Batch, *, name: str | None = None, quiet: bool = False) -> AbstractContextManager[object]:
    """Show on standard error how far a batch is while the block runs."""
    if quiet:
        return nullcontext()
    console = Console(stderr=True)
    return bar(batch, console, name=name) if console.is_terminal else lines(batch)


def bar(batch: Batch, console: Console, *, name: str | None = None) -> Live:
    """Show a bar, which is gone when the block is over."""
    return Live(BatchView(batch, name), console=console, refresh_per_second=REFRESHES_PER_SECOND, transient=True)


@contextmanager
def lines(batch: Batch, *, every_seconds: float = LINES_SECONDS) -> Iterator[None]:
    """Print a line now and then, and one at the end, unless it ended in an error."""
    over = threading.Event()

    def tell() -> None:
        while not over.wait(every_seconds):
            click.echo(progress_line(batch.progress), err=True)

    teller = threading.Thread(target=tell, name="aijobs progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
    click.echo(progress_line(batch.progress), err=True)


def progress_line(now: BatchProgress) -> str:
    """Return where a batch stands, for a log."""
    return _joined(
        f"{now.finished:,} of {now.total:,} rows",
        now.failed and f"{now.failed:,} failed",
        now.skipped and f"{now.skipped:,} skipped",
        credits_text(now),
        _left(now),
    )


def credits_text(now: BatchProgress) -> str:
    """Return what was spent, of what may be."""
    return f"{now.credits:,.2f} credits" if now.budget is None else f"{now.credits:,.2f} of {now.budget:,f} credits"


class BatchView:
    """Draws a batch as it stands whenever it is looked at; no line of it ever wraps, so that it stays in place."""

    def __init__(self, batch: Batch, name: str | None = None) -> None:
        self._batch = batch
        self._name = name

    def __rich__(self) -> RenderableType:
        now = self._batch.progress
        if now.state is BatchState.OPEN:
            return _unwrapped(Text(f"{now.total:,} rows, being made ready"))
        lines = (_sums(now), self._troubles(now), Text(now.reason, style="yellow"))
        return Group(_bar_line(now), *(_unwrapped(line) for line in lines if line))

    def _troubles(self, now: BatchProgress) -> Text:
        parts = (
            Text(self._name or "", style="bold"),
            Text(f"{now.failed:,} failed" if now.failed else "", style="red"),
            Text(f"{now.retries:,} retried" if now.retries else ""),
            Text(f"{now.skipped:,} skipped" if now.skipped else ""),
        )
        return Text(" · ").join(part for part in parts if part)


def _bar_line(now: BatchProgress) -> RenderableType:
    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(no_wrap=True)
    counts = _joined(f"{now.finished:,} of {now.total:,}", f"{now.rows_per_second:.1f} a second", _left(now))
    line.add_row(ProgressBar(total=now.total, completed=now.finished, width=BAR_WIDTH), counts)
    return line


def _sums(now: BatchProgress) -> Text:
    tokens = f"{now.input_tokens + now.output_tokens:,} tokens"
    return Text(_joined(duration(now.elapsed_seconds), f"{now.running:,} running", tokens, credits_text(now)))


def _left(now: BatchProgress) -> str:
    is_going = now.eta_seconds is not None and now.finished < now.total
    return f"{duration(now.eta_seconds or 0.0)} left" if is_going else ""


def _joined(*parts: str | int) -> str:
    return " · ".join(str(part) for part in parts if part)


def _unwrapped(line: Text) -> Text:
    line.no_wrap, line.overflow = True, "ellipsis"
    return line
