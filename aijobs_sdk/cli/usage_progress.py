"""How far a reading of exports is: a bar in a terminal, and nothing in a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from aijobs_sdk.contract.showing import counted
from aijobs_sdk.notebook.surfaces.rich_bar import can_draw

if TYPE_CHECKING:
    from aijobs_sdk.usage.reading.outcome import IngestProgress

OnProgress = Callable[["IngestProgress"], None]


@contextmanager
def ingest_bar(console: Console | None = None) -> Iterator[OnProgress | None]:
    """Give what has to be told how far it is while the block runs; on standard error, and gone when it is over."""
    console = Console(stderr=True) if console is None else console
    if not can_draw(console):
        yield None
        return
    columns = TextColumn("Reading"), BarColumn(bar_width=20), TextColumn("{task.description}")
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(now: IngestProgress) -> None:
            bar.update(task, description=progress_text(now), completed=now.bytes_done, total=now.bytes_total)

        yield tell


def progress_text(now: IngestProgress) -> str:
    """Return how far it is, in words."""
    files = now.files_done if now.files_total is None else now.files_total
    of = "" if now.files_total is None else f"{now.files_done:,} of "
    return f"{of}{counted(files, 'file')} · {counted(now.rows, 'row')}"
